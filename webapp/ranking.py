"""The weekly ranking: everything published, for every Kita, kept as a snapshot of what was ranked.

The index is built once per run; offers of all Regions take part, for children do not mind a border that is near.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final

import structlog
from sqlalchemy.orm import Session

from recommender.context import WINDOW_DAYS, Context
from recommender.index import OfferIndex
from recommender.recommend import Result, explain, recommend
from schemas.base import Value
from schemas.clock import local, monday_of, week_of
from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.geography.tables import laender, land_of
from schemas.holidays import public_holidays, school_holidays
from schemas.kita import Feedback, Interval, Kita
from schemas.recommendation import Digest, Recommendation, Removed
from schemas.store.bulk import uncollected
from schemas.store.digests import entered, sent_offers
from schemas.store.kitas import feedback_by_kita, kita_by_id, kitas, ranked_kitas, save_recommendations
from schemas.store.offers import published_offers
from schemas.store.publishing import successors

SHOWN: Final = 8
"""Offers recommended to a Kita in a week, at most."""
REST_WEEKS: Final = 8
"""Weeks for which an offer that was mailed to a Kita does not come again."""
_BATCH: Final = 200

log = structlog.get_logger()


class RankReport(Value):
    """What ranking a week did."""

    week: str
    """ISO week."""
    offers: int
    """Published offers that took part."""
    kitas: int = 0
    """Kitas that were ranked for."""
    with_offers: int = 0
    """Kitas for which something good was found."""
    recommendations: int = 0
    """Recommendations kept."""
    kept: int = 0
    """Kitas left alone: their mail of that week is written, or only missing lists were asked for."""


@dataclass(frozen=True)
class Ranking:
    """Everything one run needs, read once."""

    index: OfferIndex
    context: Context
    feedback: Mapping[str, tuple[Feedback, ...]]
    sent: Mapping[str, frozenset[str]]

    def context_of(self, kita: Kita) -> Context:
        """The context with this Kita's own answers and what it was sent."""
        return replace(self.context, feedback=self.feedback.get(kita.id, ()), sent=self.sent.get(kita.id, frozenset()))

    def recommend(self, kita: Kita, *, limit: int = SHOWN) -> Result:
        """What to recommend to ``kita``."""
        return recommend(kita, self.index, self.context_of(kita), limit=limit)

    def explain(self, kita: Kita, offer_id: str) -> Recommendation | Removed:
        """The score of one offer part by part, or the rule that removes it; ``StoreError`` for one not published."""
        if offer_id not in self.index.rows:
            raise StoreError(f"offer {offer_id!r} is not published; only published offers are ranked")
        return explain(kita, offer_id, self.index, self.context_of(kita))


def day_of(week: str, now: datetime) -> date:
    """The day for which ``week`` is ranked: its Monday, or today where that has passed."""
    return max(monday_of(week), local(now).date())


def gather(session: Session, *, week: str, now: datetime) -> Ranking:
    """Read everything that ranking ``week`` needs: offers, answers, what was sent, holidays."""
    today = day_of(week, now)
    since = week_of(monday_of(week) - timedelta(weeks=REST_WEEKS))
    into = successors(session)  # what was answered to an offer, or sent, counts for what it was merged into
    sent = sent_offers(session, since=since, before=week)
    with uncollected():
        index = OfferIndex.build(published_offers(session), today)
    return Ranking(
        index=index,
        context=holidays_around(today),
        feedback={
            kita: tuple(
                each.model_copy(update={"offer": into[each.offer]}) if each.offer in into else each for each in answers
            )
            for kita, answers in feedback_by_kita(session).items()
        },
        sent={kita: frozenset(into.get(offer, offer) for offer in seen) for kita, seen in sent.items()},
    )


def holidays_around(today: date) -> Context:
    """A context of ``today`` with the holidays of every Land in the window that ranking looks at."""
    last = today + timedelta(days=WINDOW_DAYS)
    codes = sorted(land_of(key) for key in laender())
    years = range(today.year, last.year + 1)
    return Context(
        today,
        public_holidays={land: frozenset(d for y in years for d in public_holidays(land, y)) for land in codes},
        school_holidays={
            land: tuple(
                Interval(start=span.start, end=span.end)
                for span in school_holidays(land)
                if span.end >= today and span.start <= last
            )
            for land in codes
        },
    )


def rank_week(
    database: Database,
    *,
    week: str,
    now: datetime,
    kita: str | None = None,
    missing_only: bool = False,
    guard: Callable[[Session], None] | None = None,
) -> RankReport:
    """Rank ``week`` for all Kitas, or for one, and keep the lists; Kitas whose mail is already written are left alone.

    ``missing_only`` leaves those alone, too, that have a list: what a ranking that was killed did not reach is made up.
    ``guard`` is called in every writing transaction and may raise, so that a job which was taken over writes nothing.
    Raises ``StoreError`` for an unknown ``kita``.
    """
    with database.read() as session:
        ranking = gather(session, week=week, now=now)
        done = {kita_id for kita_id, _ in entered(session, week)}
        if missing_only:
            done |= ranked_kitas(session, week)
        if kita is None:
            wanted = list(kitas(session))
        else:
            found = kita_by_id(session, kita)
            if found is None:
                raise StoreError(f"Kita {kita!r} is not known; see: kitalotse recommend --json")
            wanted = [found]
    report = RankReport(week=week, offers=len(ranking.index))
    due = [each for each in wanted if each.id not in done]
    for batch in _batches(due):
        digests = [
            Digest(
                week=week,
                kita=each.id,
                recommendations=ranking.recommend(each).recommendations,
                ranked_on=ranking.context.today,
            )
            for each in batch
        ]
        with database.begin() as session:
            if guard is not None:
                guard(session)
            mailed = {kita_id for kita_id, _ in entered(session, week)}  # meanwhile, by another process
            kept = save_recommendations(session, [digest for digest in digests if digest.kita not in mailed])
        report = report.model_copy(
            update={
                "kitas": report.kitas + len(digests),
                "with_offers": report.with_offers + sum(bool(d.recommendations) for d in digests),
                "recommendations": report.recommendations + kept,
            }
        )
    report = report.model_copy(update={"kept": len(wanted) - len(due)})
    log.info("rank.done", **report.model_dump())
    return report


def _batches(all_kitas: Iterable[Kita]) -> Iterator[list[Kita]]:
    remaining = iter(all_kitas)
    while batch := list(islice(remaining, _BATCH)):
        yield batch
