"""Offers that may be the same: what is needed to find them, and the question on the desk."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from schemas.publish import VISIBLE
from schemas.review import ReviewKind
from schemas.store.merging import judged_pairs
from schemas.store.publishing import HARVEST
from schemas.store.queue import Cause, close_reviews, open_reviews
from schemas.tables.offers import memberships, published, published_words
from schemas.tables.reviews import reviews
from schemas.vocabulary import Status

RARE_WORDS: Final = 16
"""Words by which an offer meets others."""
MANY: Final = 100
"""Offers of a Region that may share a word; where more do, it tells nothing apart."""
_ALIVE: Final = sorted({*VISIBLE, Status.HELD})


@dataclass(frozen=True, slots=True)
class Sketch:
    """An offer in so few words that all of them fit in memory."""

    id: str
    """Id of the offer."""
    region: str
    """Official key of its Region; only offers of one are compared."""
    words: frozenset[str]
    """The rarest of its search words that other offers of the Region have too (``RARE_WORDS`` at most)."""
    provider: str | None
    """Its provider in any spelling (``schemas.identifiers.provider_key``)."""
    locality: str | None
    """Its town."""
    sources: frozenset[str]
    """Names of the sources that hold it."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """Why two offers may be the same."""

    left: str
    """Id of the one offer (the smaller id)."""
    right: str
    """Id of the other."""
    probability: float
    """Probability that they are one offer, from 0 to 1."""
    reasons: tuple[str, ...]
    """German phrases for the desk."""


def sketches(session: Session) -> list[Sketch]:
    """Every offer that is shown or held. Reads their words twice: to count them, and to choose."""
    m, p, w = memberships.c, published.c, published_words.c
    sources: defaultdict[str, set[str]] = defaultdict(set)
    for offer_id, source in session.execute(select(m.offer_id, m.source).where(m.until.is_(None))):
        sources[offer_id].add(source)
    query = (
        select(p.offer_id, p.region, w.title, w.words, p.provider_key, p.locality)
        .join(published_words, w.row == p.row)
        .where(p.status.in_(_ALIVE))
        .order_by(p.offer_id)
        .execution_options(yield_per=1_000)
    )
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in session.execute(query):
        counts[row.region].update(_words(row.title, row.words))
    return [
        Sketch(
            row.offer_id,
            row.region,
            rare_words(_words(row.title, row.words), counts[row.region]),
            row.provider_key,
            row.locality,
            frozenset(sources[row.offer_id]),
        )
        for row in session.execute(query)
    ]


def _words(title: str, others: str) -> set[str]:
    return {*title.split(), *others.split()}


def rare_words(words: set[str], counts: Mapping[str, int]) -> frozenset[str]:
    """Those of ``words`` by which an offer meets others; ``counts`` says how many offers of the Region have a word."""
    shared = [word for word in words if 1 < counts[word] <= MANY]
    return frozenset(sorted(shared, key=lambda word: (counts[word], word))[:RARE_WORDS])


def settled_pairs(session: Session) -> set[tuple[str, str]]:
    """Pairs nobody is to be asked about: judged, or asked about before and not closed by a harvest alone."""
    c = reviews.c
    asked = select(c.offer_id, c.field).where(
        c.kind == ReviewKind.DUPLICATE, or_(c.closed_at.is_(None), c.closed_by != HARVEST)
    )
    return judged_pairs(session) | {(left, right) for left, right in session.execute(asked)}


def ask(session: Session, alike: Iterable[Likeness], *, now: datetime) -> int:
    """Lay pairs on the desk, unless they are settled; the number laid."""
    settled = settled_pairs(session)
    found = {(each.left, each.right): _why(each) for each in alike}
    wanted = [
        Cause(left, ReviewKind.DUPLICATE, right, why)
        for (left, right), why in sorted(found.items())
        if (left, right) not in settled
    ]
    open_reviews(session, wanted, now=now)
    return len(wanted)


def close_moot(session: Session, *, now: datetime) -> int:
    """Close questions of which one side is neither shown nor held any more; the number closed."""
    c = reviews.c
    of_kind = select(c.id, c.offer_id, c.field).where(c.kind == ReviewKind.DUPLICATE, c.closed_at.is_(None))
    rows = session.execute(of_kind).all()
    alive = set(session.scalars(select(published.c.offer_id).where(published.c.status.in_(_ALIVE)))) if rows else set()
    moot = [row.id for row in rows if row.offer_id not in alive or row.field not in alive]
    close_reviews(session, moot, now=now, by=HARVEST)
    return len(moot)


def _why(likeness: Likeness) -> Mapping[str, Any]:
    return {"probability": round(likeness.probability, 3), "reasons": list(likeness.reasons)}
