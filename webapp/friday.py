"""The Friday mail to coordinators: what needs them before Monday, and nothing else.

One letter per coordinator and week. An illness of a source is told once: to whom is not kept, only that it was told in
that Region (``data`` of the letters).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlencode

import structlog
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.clock import local, monday_of, week_of
from schemas.db import Database
from schemas.harvest import RunStatus
from schemas.identifiers import digest
from schemas.region import Coordinator, Region
from schemas.review import ReviewKind
from schemas.store.held import HeldKind, held_counts
from schemas.store.illness import Illness, ill_sources
from schemas.store.ledger import MailState
from schemas.store.letters import letters_of
from schemas.store.weeks import WeekStop, stopped
from schemas.wording import day_words
from webapp.digest import Issuing
from webapp.links import WeekLink
from webapp.mail.cards import one_line
from webapp.mail.letters import post, render_letter
from webapp.mail.message import AddressError
from webapp.mail.render import Rendered
from webapp.outlook import FEW, Outlook, Pending, outlook, pending
from webapp.ranking import Ranking, gather
from webapp.regions import base_url
from webapp.unexplained import Unexplained, unexplained
from webapp.weeks import mailed_at, week_ahead

KIND: Final = "friday"
MOST_DECISIONS: Final = 10
MOST_KITAS: Final = 15
_REMEMBERED: Final = 1000
"""Friday letters of a Region that are looked through for illnesses already told."""
_TOLD: Final = (MailState.NEW, MailState.SENDING, MailState.SENT, MailState.UNSURE)
WHY: Final[Mapping[ReviewKind, str]] = {
    ReviewKind.NEW_OFFER: "neu, noch nicht angesehen",
    ReviewKind.UNSURE: "Eignung für Kitas unklar",
    ReviewKind.CONFLICT: "Quelle und Korrektur widersprechen sich",
    ReviewKind.WITHDRAWAL: "steht nicht mehr in der Quelle",
    ReviewKind.DUPLICATE: "vielleicht doppelt",
    ReviewKind.SUGGESTION: "Jemand hat einen Fehler gemeldet",
}
"""Why something waits, in German."""
_NOT_UNDERSTOOD: Final = "diese Worte verstehen wir nicht"
_REMEDY: Final[Mapping[RunStatus, str]] = {
    RunStatus.FAILED: (
        "Öffnen Sie die Adresse der Quelle im Browser. Ist sie umgezogen, tragen Sie am Schreibtisch die neue ein."
    ),
    RunStatus.INCOMPLETE: "Sehen Sie am Schreibtisch nach, was fehlte. Oft ist es beim nächsten Abruf wieder da.",
}

log = structlog.get_logger()


class FridayReport(Value):
    """What writing the Friday mails did."""

    written: int = 0
    """Letters written."""
    already: int = 0
    """Coordinators who had theirs of this week before."""
    wrong_address: int = 0
    """Coordinators whose address no mail server takes."""


@dataclass(frozen=True, slots=True)
class News:
    """What there is to tell in one Region."""

    region: Region
    week: str
    """The week whose mails come next."""
    ahead: Outlook
    ill: tuple[Illness, ...]
    """Illnesses not told before."""
    still_ill: int
    """Sources whose illness was told before."""
    decisions: tuple[Pending | Unexplained, ...]
    """What would change most mails, offers and wording, the most first."""
    waiting: int
    """Offers about which anything waits."""
    stopped: WeekStop | None


def write_friday(
    database: Database,
    issuing: Issuing,
    *,
    friday: datetime,
    now: datetime,
    guard: Callable[[Session], None] | None = None,
) -> FridayReport:
    """Write the letters of the week of ``friday`` to all coordinators who do not have theirs.

    What ranking needs is read once for all Regions; the letters of each are then written together. ``guard`` is called
    in every writing transaction and may raise, so that a job which was taken over writes nothing.
    """
    this, week = week_of(local(friday).date()), week_ahead(now)
    with database.read() as session:
        ranking = gather(session, week=week, now=now)
    report = FridayReport()
    for region in issuing.regions.values():
        if not region.coordinators:
            continue
        with database.read() as session:
            news = gather_news(session, region, issuing, ranking, this=this, week=week)
        counted = {"written": 0, "already": 0, "wrong_address": 0}
        with database.begin() as session:
            if guard is not None:
                guard(session)
            for person in region.coordinators:
                counted[_post(session, news, person, issuing, this=this, now=now)] += 1
        report = FridayReport(**{name: getattr(report, name) + number for name, number in counted.items()})
    log.info("friday.written", week=this, **report.model_dump())
    return report


def gather_news(session: Session, region: Region, issuing: Issuing, ranking: Ranking, *, this: str, week: str) -> News:
    """Everything the letter of the week ``this`` has to say in ``region`` about ``week``, with its ``ranking``."""
    told = _told(session, region, before=this)
    ill = ill_sources(session, region.key)
    ahead = outlook(session, region, issuing.regions, ranking, week=week)
    waiting: list[Pending | Unexplained] = [
        *pending(session, region, issuing.regions, ranking, week=week, most=MOST_DECISIONS),
        *unexplained(session, region, ahead, most=MOST_DECISIONS),
    ]
    return News(
        region=region,
        week=week,
        ahead=ahead,
        ill=tuple(each for each in ill if each.id not in told),
        still_ill=sum(each.id in told for each in ill),
        decisions=tuple(sorted(waiting, key=lambda each: -each.kitas)[:MOST_DECISIONS]),
        waiting=sum(held_counts(session, region.key).values()),
        stopped=stopped(session, region.key, week),
    )


def _told(session: Session, region: Region, *, before: str) -> frozenset[str]:
    """Illnesses told in earlier weeks by letters that went out, or may have."""
    letters = letters_of(session, region=region.key, kind=KIND, states=_TOLD, limit=_REMEMBERED)
    return frozenset(each for letter in letters if letter.data["week"] < before for each in letter.data["ill"])


def _post(session: Session, news: News, person: Coordinator, issuing: Issuing, *, this: str, now: datetime) -> str:
    region = news.region
    try:
        number = post(
            session,
            region,
            kind=KIND,
            dedupe=f"{KIND}:{region.key}:{this}:{digest(person.mail.casefold(), person.name)[:20]}",
            to=person.mail,
            mail=render_friday(news, person, issuing),
            now=now,
            send_before=mailed_at(news.week),
            data={"week": this, "ill": [each.id for each in news.ill]},
        )
    except AddressError as error:
        log.error("friday.wrong_address", region=region.key, error=str(error))
        return "wrong_address"
    return "already" if number is None else "written"


def render_friday(news: News, person: Coordinator, issuing: Issuing) -> Rendered:
    """The letter to one coordinator; pure."""
    region, portal = news.region, base_url(news.region, issuing.default_base_url)
    few, monday = news.ahead.few, monday_of(news.week)
    return render_letter(
        KIND,
        {
            "region": region,
            "portal": portal,
            "example": issuing.demo or region.example,
            "name": person.name,
            "monday": day_words(monday, weekday="long"),
            "short_monday": f"Montag, {monday.day}.{monday.month}.",
            "mails": news.ahead.mails,
            "kitas": len(news.ahead.kitas),
            "stopped": news.stopped,
            "preview": f"{portal}/desk/woche?woche={news.week}",
            "stop": f"{portal}/anhalten/{issuing.links.week(WeekLink(region.key, person.name, news.week))}",
            "ill": [_ill_words(each, portal) for each in news.ill],
            "still_ill": news.still_ill,
            "sources": f"{portal}/desk/quellen",
            "decisions": [_decision_words(each, portal) for each in news.decisions],
            "waiting": news.waiting,
            "desk": f"{portal}/desk/offen",
            "few": [
                {
                    "name": one_line(each.kita.name),
                    "offers": len(each.recommendations),
                    "gets_mail": each.gets_mail,
                    "why": ", ".join(f"{words} ({number})" for words, number in each.removed),
                }
                for each in few[:MOST_KITAS]
            ],
            "more_few": max(0, len(few) - MOST_KITAS),
            "few_is": FEW,
        },
    )


def _decision_words(each: Pending | Unexplained, portal: str) -> dict[str, Any]:
    if isinstance(each, Pending):
        title, why = each.offer.title, ", ".join(WHY[kind] for kind in each.kinds)
        url = f"{portal}/desk/angebote/{each.offer.id}"
    else:
        wording = each.wording
        title, why = f"„{wording.wording}“", _NOT_UNDERSTOOD
        asked = {"art": HeldKind.WORDING, "quelle": wording.source, "worte": wording.wording[:200]}
        url = f"{portal}/desk/offen?{urlencode(asked)}"
    return {
        "title": one_line(title),
        "kitas": each.kitas,
        "shown": isinstance(each, Unexplained),
        "why": why,
        "url": url,
    }


def _ill_words(each: Illness, portal: str) -> dict[str, str]:
    source = each.source
    return {
        "title": one_line(source.title or source.provider or source.name),
        "since": day_words(local(each.since).date(), weekday="long"),
        "happened": one_line(each.message or "Es konnte nichts gelesen werden."),
        "remedy": one_line(each.remedy or _REMEDY[each.status]),
        "url": f"{portal}/desk/abrufe/{source.name}",
    }
