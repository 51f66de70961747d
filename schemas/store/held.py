"""Everything that waits for a coordinator, in one list: offers, fields, pairs, wording, what visitors say.

Reviews and unknown wordings of one Region, the longest waiting first; how many of each kind; filtered by kind, source
and words. Nothing here decides anything.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from json import dumps
from typing import Any, Final

from pydantic import AwareDatetime, Field
from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    exists,
    func,
    literal,
    or_,
    select,
    type_coerce,
    union_all,
)
from sqlalchemy.orm import Session

from schemas.base import Value
from schemas.harvest import AccessKind
from schemas.identifiers import digest
from schemas.offer import Offer
from schemas.review import Decision, DecisionKind, Review, ReviewKind
from schemas.search import tokens
from schemas.store.bulk import chunks
from schemas.store.filters import word_filter
from schemas.store.offers import offers_by_id
from schemas.store.publishing import decision_of, lock_offers
from schemas.store.queue import DUE
from schemas.store.resolving import review_of
from schemas.store.wordings import UnknownWording, waiting_in, wording_of
from schemas.tables.harvest import sources as source_table
from schemas.tables.harvest import wordings
from schemas.tables.offers import memberships, published
from schemas.tables.reviews import decisions, reviews

LEAVE_EMPTY: Final = "leave_empty"
"""What happens to wording that nobody explains: the field stays *not stated*."""
MAX_WORDS: Final = 12
"""Words of a filter that are used."""
FEW: Final = 1_000
"""A source that brought fewer offers is asked for them, rather than each item that waits for its sources."""

DECIDABLE: Final = (ReviewKind.NEW_OFFER, ReviewKind.UNSURE)
"""What is settled by accepting or rejecting an offer."""
_REVIEW, _WORDING = "review", "wording"


class HeldKind(StrEnum):
    """Why something waits."""

    NEW_OFFER = "new_offer"
    """A new source's offer waits for its first look."""
    SELF_ENTRY = "self_entry"
    """Somebody entered it by hand, on the portal or by telephone."""
    UNSURE = "unsure"
    """Suitability is not sure."""
    CONFLICT = "conflict"
    """The source changed a field that a person had corrected."""
    WITHDRAWAL = "withdrawal"
    """Offers vanished, and withdrawing them is not plausible enough."""
    DUPLICATE = "duplicate"
    """Two offers may be the same."""
    SUGGESTION = "suggestion"
    """A visitor says that something is wrong."""
    WORDING = "wording"
    """Words of a source that were not understood."""


class HeldQuery(Value):
    """Which items are meant; everything absent is no filter."""

    kind: HeldKind | None = None
    """Only this kind."""
    source: str | None = Field(None, max_length=80)
    """Only what this source brought."""
    words: str | None = Field(None, max_length=200)
    """Only offers and wordings with all these words."""


class HeldItem(Value):
    """One thing that waits, with everything that a decision needs."""

    kind: HeldKind
    """Why it waits."""
    id: int
    """Number of the review; for wording: of the wording."""
    opened_at: AwareDatetime
    """Since when."""
    due_at: AwareDatetime
    """When its default applies."""
    default: str
    """What then happens, as a code: those of ``Review.default``, and ``leave_empty``."""
    offer: Offer | None = None
    """The offer, with evidence; ``None`` for wording."""
    other: Offer | None = None
    """For a possible duplicate: the other offer."""
    review: Review | None = None
    """What was asked; ``None`` for wording."""
    wording: UnknownWording | None = None
    """The words that were not understood."""
    seen: str = ""
    """A few characters that differ once what was asked does: see ``looks``."""
    rejected: Decision | None = None
    """For what waits to be accepted or rejected: its latest rejection, which was taken back since."""

    def is_overdue(self, now: datetime) -> bool:
        """Whether nobody decided in time, so that the default is what counts."""
        return self.due_at <= now


def held_items(
    session: Session, region: str, query: HeldQuery | None = None, *, limit: int = 25, offset: int = 0
) -> list[HeldItem]:
    """What waits in ``region``, the longest waiting first."""
    query = query or HeldQuery()
    parts: list[Select[Any]] = []
    reach = offset + limit  # each part is read in its own order, no further than the page goes
    if (of_reviews := _reviews(session, region, query)) is not None:
        c = reviews.c
        first = of_reviews.with_only_columns(literal(_REVIEW).label("part"), c.id, c.opened_at.label("since"))
        parts.append(select(first.order_by(c.opened_at, c.id).limit(reach).subquery()))
    if (of_wordings := _wordings(region, query)) is not None:
        w = wordings.c
        first = of_wordings.with_only_columns(literal(_WORDING).label("part"), w.id, w.first_seen.label("since"))
        parts.append(select(first.order_by(w.first_seen, w.id).limit(reach).subquery()))
    if not parts:
        return []
    everything = union_all(*parts).subquery()
    e = everything.c
    page = select(e.part, e.id).order_by(e.since, e.part, e.id).limit(limit).offset(offset)
    found = [(row.part, row.id) for row in session.execute(page)]
    by_review = _review_items(session, region, [number for part, number in found if part == _REVIEW])
    by_wording = _wording_items(session, [number for part, number in found if part == _WORDING])
    return [(by_review if part == _REVIEW else by_wording)[number] for part, number in found]


def held_counts(session: Session, region: str, query: HeldQuery | None = None) -> dict[HeldKind, int]:
    """How many items of each kind wait in ``region``, whatever kind ``query`` asks for; kinds without any are 0."""
    return _counted(session, region, query or HeldQuery())[0]


def counts_of_source(
    session: Session, region: str, query: HeldQuery
) -> tuple[dict[HeldKind, int], dict[ReviewKind, int]]:
    """``held_counts``, and how many offers of the source that ``query`` names wait to be accepted or rejected, by why.

    The second are all of the source, whatever else ``query`` filters by; counted apart only where words do.
    """
    counts, decidables = _counted(session, region, query)
    if query.words:
        of_source = _reviews(session, region, HeldQuery(source=query.source))
        decidables = {} if of_source is None else _by_kind(session, of_source.where(reviews.c.kind.in_(DECIDABLE)))
    return counts, decidables


def _counted(session: Session, region: str, query: HeldQuery) -> tuple[dict[HeldKind, int], dict[ReviewKind, int]]:
    """What waits by its kind on the list, and by its kind of review what waits to be accepted or rejected."""
    query = query.model_copy(update={"kind": None})
    counts = dict.fromkeys(HeldKind, 0)
    decidables: dict[ReviewKind, int] = {}
    of_reviews = _reviews(session, region, query)
    if of_reviews is not None:
        found = _by_kind(session, of_reviews)
        decidables = {kind: count for kind, count in found.items() if kind in DECIDABLE}
        counts.update((HeldKind(kind), count) for kind, count in found.items())
        if forms := _form_sources(session, region):
            own = of_reviews.where(reviews.c.kind.in_(DECIDABLE), _brought_by(session, forms))
            for kind, count in _by_kind(session, own).items():
                counts[HeldKind(kind)] -= count
                counts[HeldKind.SELF_ENTRY] += count
    of_wordings = _wordings(region, query)
    if of_wordings is not None:
        counts[HeldKind.WORDING] = session.execute(of_wordings.with_only_columns(func.count())).scalar_one()
    return counts, decidables


def _by_kind(session: Session, found: Select[Any]) -> dict[ReviewKind, int]:
    counted = session.execute(found.with_only_columns(reviews.c.kind, func.count()).group_by(reviews.c.kind))
    return {ReviewKind(kind): count for kind, count in counted}


def held_about(session: Session, offer_id: str, region: str) -> list[HeldItem]:
    """What waits about one offer of ``region``, pairs in which it is the other included, the longest waiting first."""
    c = reviews.c
    other = (c.kind == ReviewKind.DUPLICATE) & (c.field == offer_id)
    numbers = session.scalars(select(c.id).where(c.closed_at.is_(None), or_(c.offer_id == offer_id, other)))
    return [item for _, item in sorted(_review_items(session, region, numbers.all()).items())]


def decidable(session: Session, region: str, source: str, *, kinds: Sequence[ReviewKind], limit: int) -> list[str]:
    """Offers of ``source`` that wait to be accepted or rejected for one of ``kinds``, the longest waiting first."""
    of_source = _reviews(session, region, HeldQuery(source=source))
    if of_source is None:
        return []
    ids = of_source.where(reviews.c.kind.in_(kinds)).with_only_columns(reviews.c.offer_id)
    return list(session.scalars(ids.order_by(reviews.c.opened_at, reviews.c.id).limit(limit)))


def still_decidable(
    session: Session, offer_ids: Sequence[str], *, kinds: Sequence[ReviewKind] = DECIDABLE
) -> list[str]:
    """Those of ``offer_ids`` that still wait to be accepted or rejected for one of ``kinds``, in their order.

    Locks the offers, so that of two coordinators who decide at once the second sees what the first did. Raises
    ``StoreError`` for an unknown offer.
    """
    lock_offers(session, offer_ids)
    waiting: set[str] = set()
    for some in chunks(offer_ids):
        c = reviews.c
        open_ones = select(c.offer_id).where(c.offer_id.in_(some), c.closed_at.is_(None), c.kind.in_(kinds))
        waiting.update(session.scalars(open_ones))
    return [offer_id for offer_id in offer_ids if offer_id in waiting]


def looks(session: Session, offer_ids: Collection[str]) -> dict[str, str]:
    """What the desk knows of each offer, as a few characters that differ once anything of it does.

    A form carries them, so that nobody decides about what they did not see. When an offer was last seen is not in them.
    """
    found: dict[str, str] = {}
    for some in chunks(offer_ids):
        query = select(published.c.offer_id, published.c.digest).where(published.c.offer_id.in_(some))
        found.update((row.offer_id, row.digest[16:24].hex()) for row in session.execute(query))
    return found


def settleable(session: Session, review: Review, region: str) -> HeldItem | None:
    """The item of ``review`` as it is now, ``None`` where it was closed; its offers stay locked until the commit."""
    lock_offers(session, [review.offer, review.field] if _is_pair(review) and review.field else [review.offer])
    item = _review_items(session, region, [review.id or 0])[review.id or 0]
    return None if item.review is None or item.review.closed_at else item


def _is_pair(review: Review) -> bool:
    return review.kind is ReviewKind.DUPLICATE


def _reviews(session: Session, region: str, query: HeldQuery) -> Select[Any] | None:
    """Open reviews of ``region`` that ``query`` means; ``None`` where it can mean none."""
    if query.kind is HeldKind.WORDING:
        return None
    c = reviews.c
    found = select(c.id).where(c.closed_at.is_(None), c.region == region)
    forms = _form_sources(session, region) if query.kind in (HeldKind.SELF_ENTRY, *map(HeldKind, DECIDABLE)) else ()
    if query.kind is HeldKind.SELF_ENTRY:
        if not forms:
            return None
        found = found.where(c.kind.in_(DECIDABLE), _brought_by(session, forms))
    elif query.kind is not None:
        found = found.where(c.kind == query.kind.value)
        if forms:
            found = found.where(~_brought_by(session, forms))
    if query.source is not None:
        found = found.where(_brought_by(session, [query.source]))
    if query.words:
        terms = tokens(query.words)[:MAX_WORDS]
        if not terms:
            return None
        found = found.where(exists().where(published.c.offer_id == c.offer_id, word_filter(session, terms)))
    return found


def _wordings(region: str, query: HeldQuery) -> Select[Any] | None:
    """Open wordings of ``region`` that ``query`` means; ``None`` where it can mean none."""
    if query.kind not in (None, HeldKind.WORDING):
        return None
    c = wordings.c
    found = waiting_in(region)
    if query.source is not None:
        found = found.where(c.source == query.source)
    for word in (query.words or "").split()[:MAX_WORDS]:
        found = found.where(or_(c.wording.icontains(word, autoescape=True), c.field == word))
    return found


def _brought_by(session: Session, names: Sequence[str]) -> ColumnElement[bool]:
    """Whether one of these sources brought a review's offer.

    SQLite cannot know how many offers that are: few are looked up among what waits (``IN``); where they are many, each
    item that waits is looked up among them (``EXISTS``), and a page needs no more than its own items.
    """
    m = memberships.c
    brought = select(m.offer_id).where(m.source.in_(names), m.until.is_(None))
    if len(session.scalars(brought.limit(FEW)).all()) < FEW:
        return reviews.c.offer_id.in_(brought)
    return brought.where(m.offer_id == reviews.c.offer_id).correlate(reviews).exists()


def _form_sources(session: Session, region: str) -> list[str]:
    """Names of the sources whose offers are typed by hand."""
    c = source_table.c
    data = type_coerce(c.data, Text)  # compact JSON, so that the kind of access stands in it like this and nothing else
    typed = data.contains(f'"kind":"{AccessKind.FORM.value}"', autoescape=True)
    return list(session.scalars(select(c.name).where(c.region == region, typed)))


def _review_items(session: Session, region: str, numbers: Sequence[int]) -> Mapping[int, HeldItem]:
    rows = session.execute(select(reviews).where(reviews.c.id.in_(numbers))).all()
    found = [review_of(row) for row in rows]
    pairs = [review.field for review in found if _is_pair(review) and review.field]
    known = offers_by_id(session, {*pairs, *(review.offer for review in found)})
    look = looks(session, known)
    forms = frozenset(_form_sources(session, region))
    rejected = _rejections(session, [review.offer for review in found if review.kind in DECIDABLE])
    items = {}
    for review in found:
        offer = known[review.offer]
        typed = review.kind in DECIDABLE and any(key.source in forms for key in offer.sources)
        number = review.id or 0
        items[number] = HeldItem.model_construct(
            kind=HeldKind.SELF_ENTRY if typed else HeldKind(review.kind),
            id=number,
            opened_at=review.opened_at,
            due_at=review.due_at or review.opened_at + DUE,
            default=review.default or "",
            offer=offer,
            other=known.get(review.field or "") if _is_pair(review) else None,
            review=review,
            wording=None,
            seen=_seen(review, look),
            rejected=rejected.get(review.offer) if review.kind in DECIDABLE else None,
        )
    return items


def _seen(review: Review, look: Mapping[str, str]) -> str:
    """Of an offer, or a pair: what is known of it; of a question about one field: the values that stand in it."""
    if review.kind in DECIDABLE or _is_pair(review):
        return look[review.offer] + look.get(review.field or "", "")
    return digest(*(dumps(value, sort_keys=True) for value in (review.harvested, review.corrected)))[:16]


def _rejections(session: Session, offer_ids: Sequence[str]) -> dict[str, Decision]:
    c = decisions.c
    query = select(decisions).where(c.offer_id.in_(offer_ids), c.kind == DecisionKind.REJECT.value)
    return {row.offer_id: decision_of(row) for row in session.execute(query.order_by(c.id))}  # the latest stays


def _wording_items(session: Session, numbers: Sequence[int]) -> Mapping[int, HeldItem]:
    found = [wording_of(row) for row in session.execute(select(wordings).where(wordings.c.id.in_(numbers)))]
    return {
        each.id: HeldItem.model_construct(
            kind=HeldKind.WORDING,
            id=each.id,
            opened_at=each.first_seen,
            due_at=each.first_seen + DUE,
            default=LEAVE_EMPTY,
            offer=None,
            other=None,
            review=None,
            wording=each,
            rejected=None,
        )
        for each in found
    }
