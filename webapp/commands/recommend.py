"""``kitalotse recommend`` and ``kitalotse explain``."""

import click

from schemas import clock
from schemas.clock import local, week_of
from schemas.exceptions import StoreError
from schemas.recommendation import Removed
from schemas.store.kitas import digest_of, kita_by_id, kitas
from schemas.store.offers import offers_by_id
from webapp.commands import common
from webapp.commands.common import database_option, emit, json_option, pass_settings, table
from webapp.commands.database import open_database
from webapp.ranking import gather, rank_week
from webapp.settings import Settings


@click.command()
@click.option("--kita", metavar="ID", help="Only this Kita, and show its list.")
@click.option("--week", type=common.week, metavar="WEEK", help="ISO week like 2026-W49; default: this week.")
@database_option
@json_option
@pass_settings
def recommend(settings: Settings, kita: str | None, week: str | None, as_json: bool) -> None:
    """Rank a week for all Kitas, or for one, and keep the lists.

    A Kita whose mail of that week is written already keeps the list that was mailed.
    """
    now = clock.now()
    week = week or week_of(local(now).date())
    with open_database(settings) as database:
        report = rank_week(database, week=week, now=now, kita=kita)
        with database.read() as session:
            wanted = [kita] if kita else [each.id for each in kitas(session)]
            digests = (
                [found for each in wanted if (found := digest_of(session, each, week=week))] if as_json or kita else []
            )
            shown = offers_by_id(session, [r.offer for digest in digests for r in digest.recommendations])
    if as_json:
        emit(report.model_dump(mode="json") | {"lists": digests})
        return
    for digest in digests:
        rows = [
            (
                r.rank,
                round(r.score, 3),
                r.offer,
                shown[r.offer].title[:60],
                "; ".join(reason.text for reason in r.reasons[:2]),
            )
            for r in digest.recommendations
            if r.offer in shown
        ]
        table(rows, head=("rank", "score", "offer", "title", "reasons"))
    click.echo(
        f"{report.week}: {report.offers} offers, {report.kitas} Kitas ranked, {report.with_offers} with offers, "
        f"{report.recommendations} recommendations, {report.kept} lists kept because their mail is written."
    )


@click.command("explain")
@click.argument("kita")
@click.argument("offer")
@click.option("--week", type=common.week, metavar="WEEK", help="ISO week like 2026-W49; default: this week.")
@database_option
@json_option
@pass_settings
def explain(settings: Settings, kita: str, offer: str, week: str | None, as_json: bool) -> None:
    """Say why OFFER is recommended to KITA, part by part, or which rule removes it."""
    now = clock.now()
    with open_database(settings) as database, database.read() as session:
        profile = kita_by_id(session, kita)
        if profile is None:
            raise StoreError(f"Kita {kita!r} is not known; kitalotse recommend --json lists those that are")
        found = gather(session, week=week or week_of(local(now).date()), now=now).explain(profile, offer)
    if as_json:
        emit(found)
    elif isinstance(found, Removed):
        click.echo(f"removed by {found.rule}: {found.words}")
    else:
        rows = [(p.name, round(p.value, 3), p.weight, round(p.contribution, 3), p.words or "") for p in found.parts]
        table(rows, head=("part", "value", "weight", "adds", "words"))
        click.echo(f"score {found.score:.3f}, for {found.group or 'no group in particular'}")
        for reason in found.reasons:
            click.echo(f"{'?' if reason.caution else '+'} {reason.text}")
