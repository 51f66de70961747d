"""Offers that two sources may both have: found by words, weighed by facts, and asked about on the desk; never merged
unasked.

Near-linear: offers meet only where they share rare words; only those that met are read in full and compared
(``recommender.matching``).
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from scipy import sparse
from sqlalchemy.orm import Session

from recommender.matching import Evidence, Pool, Verdict
from schemas.db import Database
from schemas.offer import Offer
from schemas.store.offers import offers_by_id
from schemas.store.pairs import Likeness, Sketch, ask, close_moot, settled_pairs, sketches

MAX_QUESTIONS: Final = 200
"""Questions of one night; the likest first, the rest the night after."""

_ROWS_AT_ONCE: Final = 5_000
"""Offers whose shared words are counted at the same time."""
_WORTH_SAYING: Final = 0.5
"""From which logarithm of a likelihood ratio a fact is named as a reason: common values do not say much."""
_REASONS: Final[Mapping[str, str]] = {
    "text": "ähnlicher Text",
    "provider": "gleicher Anbieter",
    "place": "gleicher Ort",
    "youngest": "gleiches Alter",
    "amount": "gleicher Preis",
    "duration": "gleiche Dauer",
    "group": "gleiche Gruppengröße",
    "days": "gleicher Termin",
    "weekdays": "gleiche Wochentage",
    "page": "gleiche Adresse",
}
"""Name of the fact in ``recommender.matching`` → what the desk says."""


def ask_about_duplicates(
    database: Database, now: datetime, *, guard: Callable[[Session], None] | None = None
) -> dict[str, int]:
    """Compare all offers, lay new pairs on the desk, and close questions that are moot; counts.

    ``guard`` is called in the transaction that writes, and raises where somebody else does this by now.
    """
    with database.read() as session:
        found = sketches(session)
        settled = settled_pairs(session)
        candidates = [pair for pair in meeting(found) if pair not in settled]
        offers = offers_by_id(session, sorted({offer_id for pair in candidates for offer_id in pair}))
    alike = likenesses(candidates, offers)[:MAX_QUESTIONS]
    with database.begin() as session:
        if guard is not None:
            guard(session)
        moot = close_moot(session, now=now)
        asked = ask(session, alike, now=now)
    return {"offers": len(found), "compared": len(candidates), "asked": asked, "moot": moot}


def meeting(found: Sequence[Sketch]) -> list[tuple[str, str]]:
    """Pairs of offers (ids in order) of different sources that are worth comparing, in order."""
    by_region: defaultdict[str, list[Sketch]] = defaultdict(list)
    for each in found:
        by_region[each.region].append(each)
    return sorted(
        (min(one.id, other.id), max(one.id, other.id))
        for sketches_of_region in by_region.values()
        for one, other in _sharing(sketches_of_region)
        if _may_be_one(one, other)
    )


def likenesses(pairs: Sequence[tuple[str, str]], offers: Mapping[str, Offer]) -> list[Likeness]:
    """Those of ``pairs`` that may be the same by words, place and facts, the likest first."""
    found = [
        Likeness(left, right, evidence.probability, tuple(_reasons(offers[left], offers[right], evidence)))
        for (left, right), evidence in zip(pairs, Pool(offers.values()).compare(pairs), strict=True)
        if evidence.verdict is not Verdict.DIFFERENT
    ]
    return sorted(found, key=lambda each: (-each.probability, each.left, each.right))


def _sharing(found: Sequence[Sketch]) -> Iterator[tuple[Sketch, Sketch]]:
    """Pairs that share two of their rare words, or the only one that one of them has."""
    numbers = {word: number for number, word in enumerate(sorted({word for each in found for word in each.words}))}
    sizes = np.array([len(each.words) for each in found], dtype=np.int64)
    columns = np.array([numbers[word] for each in found for word in each.words], dtype=np.int64)
    rows = np.repeat(np.arange(len(found)), sizes)
    has = sparse.csr_matrix((np.ones(len(rows), np.int64), (rows, columns)), shape=(len(found), len(numbers)))
    for start in range(0, len(found), _ROWS_AT_ONCE):
        shared = sparse.coo_matrix(has[start : start + _ROWS_AT_ONCE] @ has.T)
        row, other = shared.row + start, shared.col
        enough = shared.data >= np.minimum(2, np.minimum(sizes[row], sizes[other]))
        chosen = np.flatnonzero((row < other) & enough)
        for one, another in zip(row[chosen].tolist(), other[chosen].tolist(), strict=True):
            yield found[one], found[another]


def _may_be_one(one: Sketch, other: Sketch) -> bool:
    """Whether two sources may mean one offer: a source tells its own apart, and one house does not lie in two towns."""
    if not one.sources.isdisjoint(other.sources):
        return False
    towns = {sketch.locality.casefold() for sketch in (one, other) if sketch.locality}
    return len(towns) < 2 or (one.provider is not None and one.provider == other.provider)


def _reasons(one: Offer, other: Offer, evidence: Evidence) -> Iterator[str]:
    if one.title.casefold() == other.title.casefold():
        yield "gleicher Titel"
    for name, words in _REASONS.items():
        if evidence.parts.get(name, 0.0) > _WORTH_SAYING:
            yield words
