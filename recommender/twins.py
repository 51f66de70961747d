"""Which offers are one and the same, seen in two sources: only one is shown, and a used one is not offered again."""

from typing import Final

import numpy as np

from recommender.index import Bools, Ints, OfferIndex
from schemas.geography import distances_km

SAME_TITLE: Final = 0.75
"""Cosine of two titles from which they count as near-identical."""
SAME_TEXT: Final = 0.5
"""Cosine of two whole texts from which they count as the same."""
LIKE_TITLE: Final = 0.6
LIKE_TEXT: Final = 0.2
"""Cosines from which offers of different providers are the same where their facts agree too."""
AGREEING: Final = 2
"""By how many facts agreement must outweigh contradiction (age, price, duration, group, dates, weekdays)."""
HARDLY_LIKE_TEXT: Final = 0.1
NEARLY_ALL: Final = 5
"""Cosine and agreeing facts of one offer that two sources tell in quite different words."""
SAME_PLACE_KM: Final = 3.0
"""Two sources may place one house at the centres of two postcodes of a town."""


def twins_of(index: OfferIndex, row: int, among: Ints | None = None, like_text: float = LIKE_TEXT) -> Bools:
    """Per row of ``among`` (all rows where absent) whether it is the offer in ``row``, or the same in another source:
    linked by an address, or alike in words, place and age; ``like_text`` is the cosine that needs facts beside it.
    """
    rows = np.arange(len(index)) if among is None else among
    titles = index.titles.similar(row, among)
    texts = index.texts.similar(row, among)
    like = ((titles >= LIKE_TITLE) | (texts >= HARDLY_LIKE_TEXT)) & (index.provider[rows] != index.provider[row])
    told_alike = (titles[like] >= LIKE_TITLE) | (texts[like] >= like_text)
    like[like] = _agreement(index, row, rows[like]) >= np.where(told_alike, AGREEING, NEARLY_ALL)
    twins = np.zeros(len(rows), dtype=np.bool_)
    alike = np.flatnonzero((titles >= SAME_TITLE) | (texts >= SAME_TEXT) | like)
    twins[alike] = _same_place(index, row, rows[alike]) & _same_children(index, row, rows[alike])
    return np.asarray(twins | np.isin(rows, [row, *_linked(index, row)]))


def _agreement(index: OfferIndex, row: int, others: Ints) -> Ints:
    """Facts known of both that agree, less those that contradict."""
    own = index.signature[row]
    known = ~np.isnan(index.signature[others]) & ~np.isnan(own)
    equal = known & (index.signature[others] == own)
    return np.asarray(equal.sum(axis=1) - (known & ~equal).sum(axis=1))


def _same_place(index: OfferIndex, row: int, others: Ints) -> Bools:
    away = distances_km(index.lat[row], index.lon[row], index.lat[others], index.lon[others])
    near = np.isnan(away) | (away <= SAME_PLACE_KM)
    return np.asarray(near | (index.provider[others] == index.provider[row]))


def _same_children(index: OfferIndex, row: int, others: Ints) -> Bools:
    """Whether both may be for the same children: said audiences are equal, ages overlap or are not stated."""
    overlap = (index.age_min[others] <= index.age_max[row]) & (index.age_max[others] >= index.age_min[row])
    ages = overlap | ~index.age_known[others] | ~index.age_known[row]
    said, own = index.audience[others], index.audience[row]
    return np.asarray(ages & ((said == own) | (said == 0) | (own == 0)))


def _linked(index: OfferIndex, row: int) -> list[int]:
    """Rows that share an address with an offer, by ``same_as`` or their page."""
    found: set[int] = set()
    for address in index.offers[row].same_as:
        found.update(index.addresses.get(address, ()))
    own = index.offers[row].url
    if own:
        found.update(other for other in index.addresses.get(own, ()) if own in index.offers[other].same_as)
    return sorted(found)
