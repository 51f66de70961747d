"""``kitalotse kitas import``: lists of Kitas into the database."""

from pathlib import Path

import click

from schemas import clock
from schemas.exceptions import CorpusError
from schemas.store.kitas import import_kitas
from webapp.commands.common import database_option, emit, json_option, pass_settings, table
from webapp.commands.database import open_database
from webapp.kitas import read_kitas
from webapp.settings import Settings

_SHOWN = 10


@click.group()
def kitas() -> None:
    """Kitas: bring a list into the database."""


@kitas.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--region", metavar="KEY", help="Take only Kitas of this Region (official key, for instance 01002).")
@database_option
@json_option
@pass_settings
def import_(settings: Settings, file: Path, region: str | None, as_json: bool) -> None:
    """Import FILE: the Kita portal's JSON, or one Kita of our own model per line.

    A Kita without coordinates is placed by its postcode, and the counts say how many. Nobody becomes a recipient. A
    Kita that looks after its profile itself is not touched.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CorpusError(f"{file}: cannot be read ({error.strerror})") from error
    found = read_kitas(content, where=str(file), region=region)
    with open_database(settings) as database, database.begin() as session:
        saved = import_kitas(session, found.kitas, now=clock.now())
    if as_json:
        emit(
            {"file": str(file), "region": region, **found.counts.model_dump(), "saved": saved, "skipped": found.skipped}
        )
        return
    counted = found.counts.model_dump() | {"skipped": len(found.skipped)} | saved.model_dump()
    labels = type(found.counts).model_fields | type(saved).model_fields
    rows = [
        (name, number, labels[name].description if name in labels else "Entries that are no Kita.")
        for name, number in counted.items()
        if number or name in ("read", "kitas")
    ]
    table(rows, head=("count", "Kitas", "meaning"))
    for skipped in found.skipped[:_SHOWN]:
        click.echo(f"{skipped.where}: {skipped.why}", err=True)
