"""From the best offers to a list worth reading: one per offer, few per provider, spread over areas and topics."""

from typing import Final

import numpy as np

from recommender.index import Floats, Ints, OfferIndex
from recommender.twins import twins_of

PER_PROVIDER: Final = 2
"""Most offers of one provider in one list."""
POOL: Final = 50
"""How many of the best are looked at."""
SIMILAR_TEXT: Final = 0.15
"""Cosine from which two offers of agreeing facts are too similar for one list, be they the same or not."""
SPREAD: Final = 0.5
"""Points that an offer loses per offer of its main area that is already in the list."""


def choose(index: OfferIndex, rows: Ints, scores: Floats, limit: int) -> list[int]:
    """Rows in the order of the list: greedily the best score less what the list already has of its area.

    ``rows`` and ``scores`` belong together; ties go by score, then by row, that is by id. Twins of a chosen offer
    and a third offer of one provider are passed over.
    """
    best = np.lexsort((rows, -scores))[:POOL]
    pool, points = rows[best], scores[best].copy()
    chosen: list[int] = []
    open_ = np.ones(len(pool), dtype=np.bool_)
    while open_.any() and len(chosen) < limit:
        row = int(pool[int(np.argmax(np.where(open_, points, -np.inf)))])
        chosen.append(row)
        open_ &= ~twins_of(index, row, pool, SIMILAR_TEXT)
        same_provider = index.provider[pool] == index.provider[row]
        if np.isin(pool[same_provider], chosen).sum() >= PER_PROVIDER:
            open_ &= ~same_provider
        if index.main_area[row] >= 0:
            points[index.main_area[pool] == index.main_area[row]] -= SPREAD
    return chosen
