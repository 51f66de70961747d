"""From the best offers to a list worth reading: one per offer, few per provider, spread over areas and topics."""

from typing import Final

import numpy as np

from recommender.index import Floats, Ints, OfferIndex
from recommender.twins import twins_of

PER_PROVIDER: Final = 2
"""Most offers of one provider in one list."""
POOL: Final = 50
"""How many of the best are looked at."""
SPREAD: Final = 0.5
"""Points that an offer loses per offer of its main area that is already in the list."""


def choose(index: OfferIndex, rows: Ints, scores: Floats, limit: int) -> list[int]:
    """Rows in the order of the list: greedily the best score less what the list already has of its area.

    ``rows`` and ``scores`` belong together; ties go by row, that is by id. Twins of a chosen offer and a third offer of
    one provider are passed over.
    """
    order = np.lexsort((rows, -scores))[:POOL]
    pool = [(int(rows[position]), float(scores[position])) for position in order]
    chosen: list[int] = []
    providers: dict[int, int] = {}
    areas: dict[int, int] = {}
    while pool and len(chosen) < limit:
        best = max(pool, key=lambda each: (each[1] - SPREAD * areas.get(int(index.main_area[each[0]]), 0), -each[0]))
        row = best[0]
        chosen.append(row)
        provider, area = int(index.provider[row]), int(index.main_area[row])
        providers[provider] = providers.get(provider, 0) + 1
        if area >= 0:
            areas[area] = areas.get(area, 0) + 1
        twins = twins_of(index, row)
        pool = [
            each
            for each in pool
            if not twins[each[0]] and providers.get(int(index.provider[each[0]]), 0) < PER_PROVIDER
        ]
    return chosen
