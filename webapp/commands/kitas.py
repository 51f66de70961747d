"""``kitalotse kitas``: lists of Kitas into the database, and who receives their mail."""

from pathlib import Path

import click

from schemas import clock
from schemas.clock import local
from schemas.exceptions import CorpusError
from schemas.store.kitas import import_kitas, kita_by_id
from webapp.commands.common import database_option, emit, json_option, pass_settings, table
from webapp.commands.database import open_database
from webapp.invitations import send_invitation
from webapp.jobs import issuing
from webapp.kitas import read_kitas
from webapp.mail.transports import mails_leave, transport
from webapp.regions import region_of
from webapp.settings import Settings

_SHOWN = 10


@click.group()
def kitas() -> None:
    """Kitas: bring a list into the database, and ask people whether they want the mail."""


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


@kitas.command()
@click.argument("kita")
@click.argument("address")
@database_option
@json_option
@pass_settings
def invite(settings: Settings, kita: str, address: str, as_json: bool) -> None:
    """Ask ADDRESS by one mail whether it wants the weekly mail of KITA.

    Only who confirms on the page that the mail links receives anything more. An address is asked once in 30 days; one
    that does not confirm is deleted then. The mail goes into the outbox folder unless a relay is set and switched on.
    """
    issue = issuing(settings)
    with open_database(settings) as database:
        with database.read() as session:
            found = kita_by_id(session, kita)
        region = region_of(found.region, issue.regions) if found else None
        asked = send_invitation(database, transport(settings, region), issue, kita, address, now=clock.now())
    if as_json:
        emit(asked)
    else:
        way = "was sent" if mails_leave(settings, region) else f"lies in {settings.outbox_dir}"
        click.echo(f"The question for {address} {way}; it can be confirmed until {local(asked.until):%Y-%m-%d %H:%M}.")
