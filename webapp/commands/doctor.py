"""``kitalotse doctor``: is this installation well, and if not, what helps?"""

from collections.abc import Iterator
from datetime import datetime

import click

from schemas import clock
from schemas.db import Database
from schemas.exceptions import SettingsError
from schemas.region import Region
from webapp.commands.common import database_option, emit, json_option, pass_settings
from webapp.doctor.findings import Finding, Level, error
from webapp.doctor.installation import (
    examine_addresses,
    examine_files,
    examine_region,
    examine_relays,
    examine_settings,
)
from webapp.doctor.stored import examine_database, examine_stored
from webapp.regions import load_regions
from webapp.settings import Settings

_MARKS = {Level.OK: "  ok   ", Level.WARNING: "  warn ", Level.ERROR: "  ERROR"}


@click.command()
@click.option("--quiet", is_flag=True, help="Only say what is not right.")
@database_option
@json_option
@pass_settings
@click.pass_context
def doctor(context: click.Context, settings: Settings, quiet: bool, as_json: bool) -> None:
    """Examine settings, Regions, database, clock, disk, relay, sources, work, mails and scheduler.

    Each finding says the exact remedy. Nothing is changed, and no mail is sent. Exit status 1 where there are errors.
    """
    findings = list(examine(settings, now=clock.now()))
    shown = [each for each in findings if not quiet or each.level is not Level.OK]
    counts = {level: sum(each.level is level for each in findings) for level in Level}
    if as_json:
        emit({"findings": shown, "counts": counts})
    else:
        for each in shown:
            click.echo(f"{_MARKS[each.level]} {each.about}: {each.says}")
            if each.remedy:
                click.echo(f"          → {each.remedy}")
        click.echo(f"{counts[Level.ERROR]} errors, {counts[Level.WARNING]} warnings, {counts[Level.OK]} ok")
    if counts[Level.ERROR]:
        context.exit(1)


def examine(settings: Settings, *, now: datetime) -> Iterator[Finding]:
    """Everything, in the order in which it is repaired best."""
    regions: dict[str, Region] = {}
    try:
        regions = load_regions(settings.region_dir)
    except SettingsError as fault:
        yield error("regions", f"{fault}.", f"Correct the file in {settings.region_dir}.")
    else:
        if not regions:
            yield error("regions", f"There is none in {settings.region_dir}.", "Run: kitalotse init --region KEY")
    yield from examine_settings(settings, regions)
    yield from examine_files(settings)
    yield from examine_addresses(regions, settings)
    for region in regions.values():
        yield from examine_region(region, settings)
    database = Database(settings.database)
    try:
        found = list(examine_database(database))
        yield from found
        if all(each.level is Level.OK for each in found):
            yield from examine_stored(database, regions, now)
    finally:
        database.dispose()
    yield from examine_relays(regions, settings)
