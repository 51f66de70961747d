"""``kitalotse backup`` and ``kitalotse restore``."""

from pathlib import Path

import click

from schemas import clock
from schemas.clock import local
from schemas.db import Database
from webapp.backup import back_up
from webapp.commands.common import database_option, emit, json_option, pass_settings
from webapp.commands.database import open_database
from webapp.restore import check
from webapp.restore import restore as bring_back
from webapp.settings import Settings


@click.command()
@click.argument("out", type=click.Path(path_type=Path))
@database_option
@json_option
@pass_settings
def backup(settings: Settings, out: Path, as_json: bool) -> None:
    """Write everything into one archive OUT, or into the folder OUT under a name with the time.

    Database, Regions' files and the key for signed links, as of one moment, while everything goes on running. The file
    holds mail addresses and that key: only its owner can read it, keep it so. Passwords of mail relays and the outbox
    are not in it.
    """
    with open_database(settings) as database:
        path, manifest = back_up(database, settings, out, now=clock.now())
    size = path.stat().st_size
    if as_json:
        emit({"file": str(path), "bytes": size, **manifest.model_dump(mode="json", exclude={"columns"})})
        return
    regions = sum(name.startswith("regions/") for name in manifest.members)
    click.echo(
        f"{path}: {sum(manifest.rows.values()):,} rows, {regions} Regions, {size / 1e6:,.1f} MB, checked by SHA-256"
    )
    click.echo(
        "It holds personal data and the key that signs links and sessions: keep it where nobody else can read it, and "
        "not only on this machine.",
        err=True,
    )


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Give up what the database holds; files that differ are kept beside.")
@click.option("--check", "only_check", is_flag=True, help="Only check the archive, byte by byte; change nothing.")
@database_option
@json_option
@pass_settings
def restore(settings: Settings, file: Path, replace: bool, only_check: bool, as_json: bool) -> None:
    """Bring back what `backup` wrote, into an empty installation; SQLite and PostgreSQL read each other's.

    Every byte is checked before anything is touched, and everything changes or nothing. Stop `serve` and `schedule`
    first. Mails that may have gone out since the backup are shown as unsure and not sent again. With --replace,
    exclusions, unsubscriptions, deleted entries and revoked consents of what was there go on to hold.
    """
    archive = check(file)
    moment = f"{local(archive.manifest.created_at):%Y-%m-%d %H:%M}"
    if only_check:
        rows = sum(archive.manifest.rows.values())
        if as_json:
            emit({"file": str(file), "good": True, **archive.manifest.model_dump(mode="json", exclude={"columns"})})
        else:
            click.echo(f"{file}: good; {rows:,} rows and {len(archive.regions)} Regions as of {moment}")
        return
    database = Database(settings.database)
    try:
        done = bring_back(database, settings, archive, now=clock.now(), replace=replace)
    finally:
        database.dispose()
    if as_json:
        emit(done)
        return
    click.echo(f"{database}: {sum(done.rows.values()):,} rows and {len(done.regions)} Regions as of {moment}")
    for path in done.kept:
        click.echo(f"kept: {path}")
    if done.doubtful_mails:
        click.echo(f"{done.doubtful_mails} mails were on their way then; they count as unsure and are not sent again.")
    if done.stopped_week:
        click.echo(f"Mails of {done.stopped_week} may have gone out since: the week is stopped; the desk can undo it.")
    if replace:
        said = done.said_again
        click.echo(
            f"Said since and kept: {said.exclusions} exclusions, {said.unsubscriptions} unsubscriptions, "
            f"{said.deleted} deleted entries, {said.revoked} revoked consents. "
            "All else that happened after that moment is lost."
        )
    else:
        click.echo("What happened after that moment is lost, unsubscriptions too: compare with your mail relay's log.")
    if settings.secret_key is not None:
        click.echo("The key for signed links is that of KITALOTSE_SECRET_KEY; links of older mails need the old one.")
    click.echo("Next: kitalotse doctor")
