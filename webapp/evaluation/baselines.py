"""Rankers that ranking must beat: by lot, nearest, newest, popular elsewhere, and plain TF-IDF. None knows a rule."""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

import numpy as np

from recommender.index import OfferIndex
from schemas.geography import distances_km
from schemas.kita import Kita
from webapp.evaluation.corpus import Corpus

SEED: Final = 20261130
"""Seed of the baseline that draws by lot."""


@dataclass(frozen=True)
class Ranked:
    """Offer ids for one Kita, best first."""

    shown: Sequence[str]
    """What the Kita would see; a ranker that shows fewer than eight is not judged by more."""
    deep: Sequence[str]
    """The same order as far down as it goes."""


Ranker = Callable[[Kita], Ranked]
"""Ranks the offers for one Kita."""


def baselines(corpus: Corpus, index: OfferIndex, depth: int) -> dict[str, Ranker]:
    """The baselines by name; each gives the first ``depth`` offers of its order, ties by id.

    random: by lot with a fixed seed. nearest: beeline to the offer's place, offers without one last. newest: earliest
    next date, offers without one last. popular: how many other Kitas have used the offer or its equal, then nearest.
    tfidf: cosine between wishes and concept and the offer's text.
    """
    used = {kita.id: with_equals(kita.already_used, corpus.same_as) for kita in corpus.kitas}
    ids = [offer.id for offer in index.offers]
    next_days = [o.schedule.nearest(index.today) if o.schedule else None for o in index.offers]

    def ordered(values: Sequence[float] | Sequence[tuple[float, ...]]) -> Ranked:
        return as_is([ids[row] for row in sorted(range(len(ids)), key=lambda row: (values[row], ids[row]))][:depth])

    def as_is(order: list[str]) -> Ranked:
        return Ranked(order, order)

    def away(kita: Kita) -> list[float]:
        lat, lon = kita.place.lat, kita.place.lon
        if lat is None or lon is None:
            return [np.inf] * len(ids)
        return [float(x) for x in np.nan_to_num(distances_km(lat, lon, index.lat, index.lon), nan=np.inf)]

    def drawn(kita: Kita) -> Ranked:
        return as_is(random.Random(f"{SEED} {kita.id}").sample(ids, min(depth, len(ids))))

    def popular(kita: Kita) -> Ranked:
        counts = [sum(offer in users for other, users in used.items() if other != kita.id) for offer in ids]
        return ordered([(-count, km) for count, km in zip(counts, away(kita), strict=True)])

    def worded(kita: Kita) -> Ranked:
        text = " ".join(filter(None, (kita.wishes, kita.concept)))
        return ordered([-float(value) for value in index.texts.cosine(text)])

    newest = ordered([float((day or date.max).toordinal()) for day in next_days])
    return {
        "random": drawn,
        "nearest": lambda kita: ordered(away(kita)),
        "newest": lambda kita: newest,
        "popular": popular,
        "tfidf": worded,
    }


def with_equals(offers: Collection[str], same_as: Mapping[str, str]) -> frozenset[str]:
    """Offers and their equals in other sources."""
    groups = {same_as[offer] for offer in offers if offer in same_as}
    return frozenset(offers) | {offer for offer, group in same_as.items() if group in groups}
