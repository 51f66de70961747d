"""``kitalotse digest``: write and send a week's mails."""

import sys
from dataclasses import asdict
from functools import partial

import click

from schemas import clock
from schemas.clock import local, week_of
from schemas.store.digests import DigestState, counts, ledger
from webapp.commands import common
from webapp.commands.common import database_option, emit, json_option, pass_settings, table
from webapp.commands.database import open_database
from webapp.digest import prepare
from webapp.jobs import issuing, sending
from webapp.mail.sender import WeeklyMails, send_all
from webapp.mail.transports import transport
from webapp.settings import Settings


@click.command()
@click.option("--week", type=common.week, metavar="WEEK", help="ISO week like 2026-W49; default: this week.")
@click.option("--kita", metavar="ID", help="Only this Kita.")
@click.option("--dry-run", is_flag=True, help="Only say who would get what and why; write and send nothing.")
@database_option
@json_option
@pass_settings
def digest(settings: Settings, week: str | None, kita: str | None, dry_run: bool, as_json: bool) -> None:
    """Write the week's mails from what was ranked, and send what is due.

    Running it again sends nothing twice; a mail of which nobody knows whether it was sent is named, not repeated. Mails
    go into the outbox folder unless a relay is set and switched on.
    """
    now = clock.now()
    week = week or week_of(local(now).date())
    with open_database(settings) as database:
        prepared = prepare(database, issuing(settings), week=week, now=now, kita=kita, dry_run=dry_run)
        report = None
        if not dry_run:
            how = sending(settings)
            way = partial(transport, settings)
            report = send_all(database, way, how, clock.now, ledger=WeeklyMails(how, kita))
        with database.read() as session:
            standing = {state.value: number for state, number in counts(session, week=week).items()}
            doubts = [
                {"kita": row.kita, "recipient": row.recipient, "message_id": row.message_id, "error": row.error}
                for row in ledger(session, week=week, kita=kita, states=[DigestState.UNSURE])
            ]
    if as_json:
        emit(
            prepared.model_dump(mode="json")
            | {"sent": asdict(report) if report else None, "ledger": standing, "doubts": doubts}
        )
    else:
        table(
            [(mail.kita, len(mail.offers), mail.subject) for mail in prepared.mails], head=("kita", "offers", "subject")
        )
        click.echo(
            f"{week}: {len(prepared.mails)} mails {'would be ' if dry_run else ''}written, {prepared.already} there "
            f"before, {prepared.nothing_good} Kitas without a good offer, {prepared.stopped} stopped, "
            f"{prepared.without_region} without a Region; "
            f"ledger: {', '.join(f'{number} {state}' for state, number in standing.items())}"
        )
        for doubt in doubts:
            click.echo(f"may or may not have been sent, look it up at the relay: {doubt['kita']} {doubt['message_id']}")
        if report is not None and report.stopped:
            click.echo(report.stopped, err=True)
    sys.exit(1 if report is not None and report.stopped else 0)
