"""Which offers are one and the same, seen in two sources: only one is shown, and a used one is not offered again."""

from typing import Final

import numpy as np

from recommender.index import Bools, Ints, OfferIndex
from schemas.geography import distances_km

SAME_TITLE: Final = 0.75
"""Cosine of two titles from which they count as near-identical."""
SAME_TEXT: Final = 0.5
"""Cosine of two whole texts from which they count as the same."""
SAME_PLACE_KM: Final = 3.0
"""Two sources may place one house at the centres of two postcodes of a town."""


def twins_of(index: OfferIndex, row: int, among: Ints | None = None) -> Bools:
    """Per row of ``among`` (all rows where absent) whether it is the offer in ``row``, or the same in another source:
    linked by an address, or alike in words, place and age.
    """
    rows = np.arange(len(index)) if among is None else among
    titles = index.titles.similar(row, among) >= SAME_TITLE
    texts = index.texts.similar(row, among) >= SAME_TEXT
    twins = np.zeros(len(rows), dtype=np.bool_)
    alike = np.flatnonzero(titles | texts)
    twins[alike] = _same_place(index, row, rows[alike]) & _same_age(index, row, rows[alike])
    return np.asarray(twins | np.isin(rows, [row, *_linked(index, row)]))


def _same_place(index: OfferIndex, row: int, others: Ints) -> Bools:
    away = distances_km(index.lat[row], index.lon[row], index.lat[others], index.lon[others])
    near = np.isnan(away) | (away <= SAME_PLACE_KM)
    return np.asarray(near | (index.provider[others] == index.provider[row]))


def _same_age(index: OfferIndex, row: int, others: Ints) -> Bools:
    overlap = (index.age_min[others] <= index.age_max[row]) & (index.age_max[others] >= index.age_min[row])
    return np.asarray(overlap | ~index.age_known[others] | ~index.age_known[row])


def _linked(index: OfferIndex, row: int) -> list[int]:
    """Rows that share an address with an offer, by ``same_as`` or their page."""
    found: set[int] = set()
    for address in index.offers[row].same_as:
        found.update(index.addresses.get(address, ()))
    own = index.offers[row].url
    if own:
        found.update(other for other in index.addresses.get(own, ()) if own in index.offers[other].same_as)
    return sorted(found)
