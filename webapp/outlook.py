"""What Monday will bring: the ranking of a week for the Kitas of one Region, made in advance, with nothing stored.

It is the ranking that Monday makes (``webapp.ranking``), with what is known today; so it changes nothing of it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from recommender.index import OfferIndex
from schemas.kita import Kita
from schemas.offer import Offer
from schemas.recommendation import Digest, Recommendation
from schemas.region import Region
from schemas.review import ReviewKind
from schemas.store.bulk import chunks, uncollected
from schemas.store.digests import entered
from schemas.store.kitas import digest_of, kitas, recipients_who_want_mail
from schemas.store.offers import offers_by_id
from schemas.store.reviews import waiting_kinds
from schemas.vocabulary import Status
from webapp.ranking import Ranking, gather
from webapp.regions import region_of

FEW: Final = 3
"""A Kita with fewer offers than this is named."""
_AT_ONCE: Final = 5000
"""Held offers that are ranked at a time, so that memory does not grow with how many wait."""
_REASONS_SHOWN: Final = 2
REMOVED_WORDS: Final[Mapping[str, str]] = {
    "unavailable": "abgesagt oder ausgebucht",
    "not_for_groups": "nur für Fachkräfte",
    "past": "Termine vorbei",
    "no_groups": "keine Gruppe im Profil der Kita",
    "audience": "für andere Gruppen gedacht",
    "age": "nicht im Alter der Gruppen",
    "used": "schon genutzt",
    "answered": "schon beantwortet",
    "sent": "schon geschickt",
    "booked": "Anbieter zurzeit belegt",
    "dates": "kein Termin zu passenden Zeiten",
    "booking_closed": "Anmeldung nicht mehr möglich",
    "reach": "zu weit entfernt",
    "budget": "teurer als der Rahmen der Kita",
    "group_size": "mehr Kinder nötig",
    "access": "nicht barrierefrei genug",
    "language": "in anderer Sprache",
}
"""Why a rule takes offers away from a Kita, told to a coordinator, by the rule's name."""
WEAKER: Final = "möglich, passt aber deutlich weniger"
"""What no rule takes away, but better ones leave no room for."""


@dataclass(frozen=True, slots=True)
class KitaOutlook:
    """What one Kita would get."""

    kita: Kita
    recommendations: tuple[Recommendation, ...]
    """What would be recommended, best first; what was ranked already where the week's list is made."""
    titles: tuple[str, ...]
    """The titles of those offers."""
    removed: tuple[tuple[str, int], ...]
    """The main reasons why others are not among them, in German, with how many offers each removes."""
    gets_mail: bool
    """Whether somebody there wants the weekly mail."""
    written: bool
    """Whether its mail of that week is written already."""

    @property
    def is_few(self) -> bool:
        """Whether it has few offers to choose from."""
        return len(self.recommendations) < FEW


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that waits for a decision, and in how many Kitas' lists that are mailed it would be."""

    offer: Offer
    kinds: tuple[ReviewKind, ...]
    """Why it waits."""
    kitas: int
    """Kitas of the Region that get the weekly mail and among whose recommendations it would be if it were accepted."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """One Region's week."""

    week: str
    """ISO week."""
    kitas: tuple[KitaOutlook, ...]
    """Its Kitas, by name."""

    @property
    def mails(self) -> int:
        """Kitas that would get a mail."""
        return sum(each.gets_mail and bool(each.recommendations) for each in self.kitas)

    @property
    def few(self) -> tuple[KitaOutlook, ...]:
        """Kitas with few offers: those that get the mail first, then the fewest first."""
        short = [each for each in self.kitas if each.is_few]
        return tuple(sorted(short, key=lambda each: (not each.gets_mail, len(each.recommendations))))


def own_kitas(session: Session, region: Region, regions: Mapping[str, Region]) -> list[Kita]:
    """The Kitas that ``region`` looks after, and no Region inside it, by name."""
    found = [kita for kita in kitas(session, region=region.key) if region_of(kita.region, regions) == region]
    return sorted(found, key=lambda kita: (kita.name.casefold(), kita.id))


def outlook(session: Session, region: Region, regions: Mapping[str, Region], ranking: Ranking, *, week: str) -> Outlook:
    """What the Kitas of ``region`` would get in ``week``, for which ``ranking`` was gathered, if nothing changed."""
    own = own_kitas(session, region, regions)
    wanting, written = recipients_who_want_mail(session), {kita_id for kita_id, _ in entered(session, week)}
    return Outlook(
        week,
        tuple(_of_kita(session, kita, ranking, week, kita.id in wanting, kita.id in written) for kita in own),
    )


def digest_ahead(session: Session, kita: Kita, *, week: str, now: datetime) -> Digest:
    """What would be recommended to one Kita in ``week``; what was ranked, where that has been done."""
    stored = digest_of(session, kita.id, week=week)
    if stored is not None:
        return stored
    ranking = gather(session, week=week, now=now)
    recommendations = ranking.recommend(kita).recommendations
    return Digest(week=week, kita=kita.id, recommendations=recommendations, ranked_on=ranking.context.today)


def pending(
    session: Session, region: Region, regions: Mapping[str, Region], ranking: Ranking, *, week: str, most: int
) -> list[Pending]:
    """What waits on the desk of ``region`` and would be in most lists of its Kitas, the most first.

    Only Kitas count where somebody wants the weekly mail and where that of ``week`` is not written; ``ranking`` was
    gathered for that week. What would be in no list of theirs is left out. All that waits takes part: ranked some at a
    time as if it were accepted, and then, if it would be in somebody's list, beside the offers of ``ranking``.
    """
    kinds = waiting_kinds(session, region.key)
    if not kinds:
        return []
    wanting, written = recipients_who_want_mail(session), {kita_id for kita_id, _ in entered(session, week)}
    own = [each for each in own_kitas(session, region, regions) if each.id in wanting and each.id not in written]
    today = ranking.context.today
    best: list[Offer] = []
    for some in chunks(kinds, _AT_ONCE):
        with uncollected():
            accepted = _as_if_accepted(session, some)
            if len(kinds) > _AT_ONCE:
                among = _ranked(replace(ranking, index=OfferIndex.build(accepted, today)), own)
                accepted = [offer for offer in accepted if among[offer.id]]
        best += accepted
    counts = _ranked(replace(ranking, index=OfferIndex.build([*ranking.index.offers, *best], today)), own)
    found = sorted(kinds.keys() & counts.keys())
    offers = offers_by_id(session, found)
    return sorted(
        (Pending(offers[each], kinds[each], counts[each]) for each in found),
        key=lambda each: (-each.kitas, each.offer.title.casefold(), each.offer.id),
    )[:most]


def _ranked(ranking: Ranking, own: Sequence[Kita]) -> Counter[str]:
    """In how many of the lists of ``own`` each offer is."""
    return Counter(each.offer for kita in own for each in ranking.recommend(kita).recommendations)


def _as_if_accepted(session: Session, waiting: Collection[str]) -> list[Offer]:
    return [
        offer.model_copy(update={"status": Status.PUBLISHED})
        for offer in offers_by_id(session, waiting).values()
        if offer.status is Status.HELD
    ]


def _of_kita(session: Session, kita: Kita, ranking: Ranking, week: str, gets_mail: bool, written: bool) -> KitaOutlook:
    result = ranking.recommend(kita)
    stored = digest_of(session, kita.id, week=week)
    recommendations = result.recommendations if stored is None else stored.recommendations
    rows = ranking.index.rows
    titles = [ranking.index.offers[rows[each.offer]].title for each in recommendations if each.offer in rows]
    counts = result.removed.counts()
    removed = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:_REASONS_SHOWN]
    reasons = [(REMOVED_WORDS[rule], number) for rule, number in removed]
    weaker = len(ranking.index) - sum(counts.values()) - len(result.recommendations)
    if weaker and len(recommendations) < FEW:
        reasons.append((WEAKER, weaker))
    return KitaOutlook(
        kita,
        recommendations,
        tuple(titles),
        tuple(reasons),
        gets_mail,
        written,
    )
