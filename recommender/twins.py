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


def twins_of(index: OfferIndex, row: int) -> Bools:
    """The offer itself and every offer that is the same: linked by an address, or alike in words, place and age."""
    titles = index.titles.tfidf @ index.titles.tfidf[[row]].T
    texts = index.texts.tfidf @ index.texts.tfidf[[row]].T
    alike = (titles.toarray().ravel() >= SAME_TITLE) | (texts.toarray().ravel() >= SAME_TEXT)
    candidates = np.flatnonzero(alike)
    twins = np.zeros(len(index), dtype=np.bool_)
    if len(candidates):
        twins[candidates] = _same_place(index, row, candidates) & _same_age(index, row, candidates)
    for other in _linked(index, row):
        twins[other] = True
    twins[row] = True
    return twins


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
