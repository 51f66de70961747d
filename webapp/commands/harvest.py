"""``kitalotse harvest``, ``kitalotse sources`` and ``kitalotse preview``."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path

import click
from sqlalchemy import make_url

from harvesters.fetch.client import FetchSettings
from harvesters.look import look
from harvesters.preview import preview as preview_of
from harvesters.registry import FOLDER
from harvesters.rereading import Difference, reread
from harvesters.run import harvest, harvest_all, replay
from harvesters.source import load_source
from schemas import clock
from schemas.clock import local
from schemas.db import Database, sqlite_file
from schemas.exceptions import SourceError
from schemas.harvest import FETCHED, HarvestRun, RunStatus, Source
from schemas.migrate import current, head
from schemas.region import Region
from schemas.store.exclusions import excluded
from schemas.store.runs import runs as runs_of
from schemas.wording import price_words
from webapp.commands.common import database_option, emit, json_option, pass_settings, table
from webapp.commands.database import open_database
from webapp.harvesting import belongs, chosen_sources, fetch_settings, known_sources
from webapp.regions import load_regions
from webapp.settings import Settings


@click.command("harvest")
@click.argument("names", metavar="[SOURCE]…", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Harvest every active source.")
@click.option("--replay", "again", is_flag=True, help="Read stored Records again, without a network.")
@click.option("--dry-run", is_flag=True, help="Read and count, write nothing.")
@click.option("--diff", is_flag=True, help="With --replay: say per field what it would change, write nothing.")
@database_option
@json_option
@pass_settings
def harvest_sources(
    settings: Settings, names: tuple[str, ...], everything: bool, again: bool, dry_run: bool, diff: bool, as_json: bool
) -> None:
    """Read sources and store what they offer. Exit status 1 when one of them failed.

    With --replay --diff --all whatever is stored of any source is read again and compared, offline: for looking at a
    change of the normaliser before its VERSION is raised.
    """
    if everything == bool(names):
        raise click.UsageError("name sources, or use --all")
    if again and dry_run:
        raise click.UsageError("--replay and --dry-run exclude each other")
    if diff and not again:
        raise click.UsageError("--diff goes with --replay")
    if diff:
        _say_difference(settings, names, as_json)
        return
    with open_database(settings) as database:
        sources = chosen_sources(database, names, load_regions(settings.region_dir))
        if not sources:
            click.echo("No source is on: activate one at the desk, or name sources.", err=True)
        now = clock.now()
        if again:
            runs = [replay(database, source, now=now) for source in sources]
        elif dry_run:
            runs = [harvest(database, s, settings=fetch_settings(settings), now=now, dry_run=True) for s in sources]
        else:
            runs = harvest_all(database, sources, settings=fetch_settings(settings), now=now)
    if as_json:
        emit({"runs": runs})
    else:
        table([_row(run) for run in runs], head=("source", "status", "records", "new", "changed", "issues", "message"))
    sys.exit(any(run.status is RunStatus.FAILED for run in runs))


@click.group()
def sources() -> None:
    """Sources: the project's own files and those made at the desk."""


@sources.command("list")
@database_option
@json_option
@pass_settings
def list_sources(settings: Settings, as_json: bool) -> None:
    """All sources with their way of access, rhythm, rights, and whether this installation has ever read them."""
    with open_database(settings) as database:
        found = list(known_sources(database).values())
        regions = load_regions(settings.region_dir)
        lines = [(*_line(source), _state(source, regions), _last(database, source)) for source in found]
    if as_json:
        emit({"sources": found})
    else:
        table(lines, head=("source", "access", "region", "rhythm", "rights", "trust", "status", "", "last read"))


@sources.command("check")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--online", is_flag=True, help="Also read a few pages of each source; nothing is stored.")
@database_option
@json_option
@pass_settings
def check_sources(settings: Settings, files: tuple[Path, ...], online: bool, as_json: bool) -> None:
    """Check source descriptions (without FILES the project's own), and say which of them work.

    Without --online nothing is asked of any server: what is said comes from this installation's own runs. Whoever asked
    not to be listed is never asked anything. Exit status 1 when a description is wrong, or with --online when a source
    could not be read.
    """
    results: list[dict[str, str | None]] = []
    with _database_if_any(settings) as database:
        manners = _manners(settings, database)
        for path in files or sorted(FOLDER.glob("*.toml")):
            error = works = wrong = None
            try:
                source = load_source(path)
            except SourceError as broken:
                error = str(broken)
            else:
                if manners.excluded.stops(source):
                    works = "not read: whoever offers this asked not to be listed"
                elif online:
                    works, wrong = _looked_at(manners, database, source)
                else:
                    works = _last(database, source)
            results.append({"file": str(path), "error": error, "works": works, "wrong": wrong})
    if as_json:
        emit({"sources": results})
    else:
        for found in results:
            said = found["error"] or f"{found['file']}: ok; {found['wrong'] or found['works']}"
            click.echo(said, err=found["error"] is not None)
    sys.exit(any(found["error"] or found["wrong"] for found in results))


@click.command()
@click.argument("file_or_url")
@click.option("--url", "base_url", metavar="BASE", help="Address that a local file came from, for relative links.")
@click.option("--source", "description", type=click.Path(path_type=Path), help="TOML that describes how to read it.")
@database_option
@json_option
@pass_settings
def preview(
    settings: Settings, file_or_url: str, base_url: str | None, description: Path | None, as_json: bool
) -> None:
    """Show what a file or an address offers. Without --source every format is tried; nothing is stored."""
    with _database_if_any(settings) as database:
        manners = _manners(settings, database)
    found = preview_of(
        file_or_url,
        base_url=base_url,
        source=load_source(description) if description else None,
        settings=manners,
        now=clock.now(),
    )
    if as_json:
        emit({"format": found.format, "offers": found.offers, "issues": found.issues})
        return
    click.echo(f"{found.format}: {len(found.offers)} offers, {len(found.issues)} issues", err=True)
    for offer in found.offers:
        price = price_words(offer.price) if offer.price else None
        click.echo(" · ".join(filter(None, (offer.title, offer.provider.name if offer.provider else None, price))))
    for issue in found.issues:
        click.echo(f"{issue.rule}: {issue.message or ''} {issue.wording!r} ({issue.where})", err=True)


def _say_difference(settings: Settings, names: tuple[str, ...], as_json: bool) -> None:
    """What reading again would change, of the sources of these names or of all."""
    found = Difference()
    with open_database(settings) as database:
        for source in chosen_sources(database, names, {}) if names else known_sources(database).values():
            reread(database, source, found)
    if as_json:
        emit(asdict(found))
        return
    click.echo(f"{found.changed} of {found.offers} offers would change.")
    for name, changes in sorted(found.fields.items(), key=lambda item: -item[1].offers):
        click.echo(f"\n{name}: {changes.offers} offers")
        for one in changes.examples:
            click.echo(f"  {one.source} {one.key}\n    {one.old} → {one.new}")


def _row(run: HarvestRun) -> tuple[object, ...]:
    issues = sum(issue.count for issue in run.issues)
    return run.source, run.status.value, run.records, run.new, run.changed, issues, run.message or ""


@contextmanager
def _database_if_any(settings: Settings) -> Iterator[Database | None]:
    """The installation's database; ``None`` where there is none yet, or one of another version. None is made."""
    file = sqlite_file(make_url(settings.database))
    if file is not None and not file.exists():
        yield None
        return
    database = Database(settings.database)
    try:
        if current(database) == head():
            yield database
        else:
            click.echo(f"{database} is of another version and was not looked at; run: kitalotse migrate", err=True)
            yield None
    finally:
        database.dispose()


def _manners(settings: Settings, database: Database | None) -> FetchSettings:
    """How we behave towards sites; whom the installation was asked not to list is asked nothing."""
    if database is None:
        return fetch_settings(settings)
    with database.read() as session:
        return replace(fetch_settings(settings), excluded=excluded(session))


def _looked_at(manners: FetchSettings, database: Database | None, source: Source) -> tuple[str | None, str | None]:
    """What a look at a few pages of ``source`` found, or why it found nothing."""
    if source.access.kind not in FETCHED:
        return "nothing is fetched", None
    url = database.url.render_as_string(hide_password=False) if database is not None else None
    try:
        trial = look(source, settings=manners, now=clock.now(), database=url)
    except SourceError as error:
        return None, f"failed: {error}"
    return f"works: {len(trial.records)}{'' if trial.whole else ' or more'} offers", None


def _last(database: Database | None, source: Source) -> str:
    """What this installation's own runs say about ``source``."""
    latest = None
    if database is not None:
        with database.read() as session:
            latest = next(iter(runs_of(session, source=source.name, limit=1)), None)
    if latest is None:
        return "never read here"
    day = local(latest.started_at).date().isoformat()
    if latest.status is RunStatus.FAILED:
        return f"last read {day}, failed because: {latest.message}"
    return f"last read {day}, {latest.status.value}, {latest.records} offers"


def _state(source: Source, regions: dict[str, Region]) -> str:
    if not belongs(source, regions):
        return "other Region"
    return "on" if source.active else "off"


def _line(source: Source) -> tuple[object, ...]:
    access, rights = source.access.kind.value, source.rights.kind.value
    return source.name, access, source.region, source.rhythm, rights, source.trust, source.status
