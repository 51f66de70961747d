"""Offers that two sources may both have: found by words, place and facts, and asked about on the desk; never merged
unasked.

Near-linear: offers meet only where they share a rare word of their titles and the town or the provider; only those that
met are read in full and compared as ranking compares them (``recommender.twins``).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import combinations
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from recommender.facts import signature
from recommender.index import OfferIndex
from recommender.twins import SAME_PLACE_KM, SAME_TEXT, SAME_TITLE, twins_of
from schemas.clock import local
from schemas.db import Database
from schemas.geography import distances_km
from schemas.offer import Offer
from schemas.store.offers import offers_by_id
from schemas.store.pairs import Likeness, Sketch, ask, close_moot, settled_pairs, sketches

RARE_WORDS: Final = 4
"""Words of a title by which its offer meets others: those that the fewest offers share."""
MAX_BLOCK: Final = 60
"""Offers that may meet in one place; where more do, a second word must be shared, and where still more do, words tell
nothing apart."""
COMMON_WORDS: Final = 0.5
"""Share of all words of two titles that both must have."""
MAX_QUESTIONS: Final = 200
"""Questions of one night; the likest first, the rest the night after."""

_NUMBER: Final = re.compile(r"\d+")
_FACTS: Final = (
    ((0, 1), "gleiches Alter"),
    ((2,), "gleicher Preis"),
    ((3,), "gleiche Dauer"),
    ((4,), "gleiche Gruppengröße"),
    ((5,), "gleicher Termin"),
    ((6,), "gleiche Wochentage"),
)
"""Places in ``recommender.facts.signature``, and what to say where they agree."""


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
    alike = likenesses(candidates, offers, local(now).date())[:MAX_QUESTIONS]
    with database.begin() as session:
        if guard is not None:
            guard(session)
        moot = close_moot(session, now=now)
        asked = ask(session, alike, now=now)
    return {"offers": len(found), "compared": len(candidates), "asked": asked, "moot": moot}


def meeting(found: Sequence[Sketch]) -> list[tuple[str, str]]:
    """Pairs of offers (ids in order) of different sources that are worth comparing, in order."""
    counts = Counter((each.region, word) for each in found for word in each.words)
    rare = [_rare_words(each, counts) for each in found]
    pairs = {
        (found[left].id, found[right].id)
        for block in _blocks(found, rare)
        for left, right in combinations(block, 2)
        if _may_be_one(found[left], found[right])
    }
    return sorted((min(pair), max(pair)) for pair in pairs)


def likenesses(pairs: Sequence[tuple[str, str]], offers: Mapping[str, Offer], today: date) -> list[Likeness]:
    """Those of ``pairs`` that are the same by words, place and facts, the likest first."""
    index = OfferIndex.build(offers.values(), today)
    found = []
    for left, right in pairs:
        one, other = offers[left], offers[right]
        row, rows = index.rows[left], np.array([index.rows[right]])
        if _contradict(one, other) or not twins_of(index, row, rows)[0]:
            continue
        title, text = float(index.titles.similar(row, rows)[0]), float(index.texts.similar(row, rows)[0])
        found.append(Likeness(left, right, min(1.0, max(title, text)), tuple(_reasons(one, other, title, text))))
    return sorted(found, key=lambda each: (-each.similarity, each.left, each.right))


def _rare_words(each: Sketch, counts: Mapping[tuple[str, str], int]) -> list[str]:
    """Words of a title that others have too, the rarest first, ``RARE_WORDS`` at most."""
    shared = [word for word in each.words if counts[each.region, word] > 1]
    return sorted(shared, key=lambda word: (counts[each.region, word], word))[:RARE_WORDS]


def _blocks(found: Sequence[Sketch], rare: Sequence[Sequence[str]]) -> Iterator[list[int]]:
    """Numbers of offers that share a rare word and the town or provider; where those are many, two rare words."""
    blocks: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
    for number, each in enumerate(found):
        for word in rare[number]:
            if each.locality:
                blocks[each.region, word, "town", each.locality.casefold()].append(number)
            if each.provider:
                blocks[each.region, word, "provider", each.provider].append(number)
    for (_, shared, *_), block in blocks.items():
        if len(block) <= MAX_BLOCK:
            yield block
            continue
        smaller: defaultdict[str, list[int]] = defaultdict(list)
        for number in block:
            for word in rare[number]:
                if word > shared:  # each pair of words once
                    smaller[word].append(number)
        yield from (part for part in smaller.values() if len(part) <= MAX_BLOCK)


def _may_be_one(left: Sketch, right: Sketch) -> bool:
    if not left.sources.isdisjoint(right.sources):
        return False  # a source tells its own offers apart
    return len(left.words & right.words) >= COMMON_WORDS * len(left.words | right.words)


def _contradict(one: Offer, other: Offer) -> bool:
    """Whether what both state speaks against one offer: numbers in the titles, days, or most of the facts."""
    if set(_NUMBER.findall(one.title)) != set(_NUMBER.findall(other.title)):
        return True
    days, other_days = _days(one), _days(other)
    if days and other_days and days.isdisjoint(other_days):
        return True
    known = [(a, b) for a, b in zip(signature(one), signature(other), strict=True) if None not in (a, b)]
    agreeing = sum(a == b for a, b in known)
    return 2 * agreeing < len(known)


def _days(offer: Offer) -> set[date]:
    return {each.day for each in offer.schedule.occurrences} if offer.schedule else set()


def _reasons(one: Offer, other: Offer, title: float, text: float) -> Iterator[str]:
    if one.title.casefold() == other.title.casefold():
        yield "gleicher Titel"
    elif title >= SAME_TITLE:
        yield "fast gleicher Titel"
    if text >= SAME_TEXT:
        yield "ähnlicher Text"
    if one.provider and other.provider and one.provider.name.casefold() == other.provider.name.casefold():
        yield "gleicher Anbieter"
    if _near(one, other):
        yield "gleicher Ort"
    facts, others = signature(one), signature(other)
    for places, words in _FACTS:
        if all(facts[place] is not None and facts[place] == others[place] for place in places):
            yield words
    if {one.url, *one.same_as} & {other.url, *other.same_as} - {None}:
        yield "gleiche Adresse"


def _near(one: Offer, other: Offer) -> bool:
    here, there = _point(one), _point(other)
    if here is None or there is None:
        return False
    return float(distances_km(*here, np.array([there[0]]), np.array([there[1]]))[0]) <= SAME_PLACE_KM


def _point(offer: Offer) -> tuple[float, float] | None:
    place = offer.place
    return None if place is None or place.lat is None or place.lon is None else (place.lat, place.lon)
