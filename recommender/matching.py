"""Are two offers of different sources one and the same? Evidence for and against, added up; pure.

The method is record linkage by Fellegi and Sunter ("A Theory for Record Linkage", JASA 1969): each fact that both
offers state adds the logarithm of how much likelier its agreement, or disagreement, is between two descriptions of one
offer (``m``) than between two offers (``u``). How often two different offers agree by chance is counted among those
compared, value by value: a rare price tells more than *free*. How often two descriptions of one offer agree is not
known from data; ``m`` is a documented prior, fitted to nothing.

Words are compared by character n-grams of their stems, so that compounds ("Puppenbühne", "Puppentheater") and misread
letters of flyers still meet.
"""

import re
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from math import exp, isnan, log
from typing import Final

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize

from recommender.calendar import calendar_of
from recommender.index import Floats, Ints
from recommender.text import stems
from schemas.geography import distances_km
from schemas.identifiers import provider_key
from schemas.offer import AgeRange, Offer
from schemas.vocabulary import PriceModel

SAME_PLACE_KM: Final = 3.0
"""Two sources may place one house at the centres of two postcodes of a town."""
ASK: Final = log(3)
"""Log odds from which a person is asked: 3 to 1. A question costs a minute, a doubled offer a place in every mail."""
WORDS: Final = log(10)
"""Least that the words must add: offers of one house share place, ages and price without being one."""
SURE: Final = log(999)
"""Log odds from which two offers are surely the same: 999 to 1."""
TWINS: Final = 0.06
"""Share of offers that also stand in a second source, as a prior."""

_CHANCE: Final[Mapping[str, tuple[float, float]]] = {
    # m: how often two descriptions of one offer agree where both state it; u: chance agreement before any is counted
    "youngest": (0.85, 0.15),
    "oldest": (0.80, 0.15),
    "amount": (0.90, 0.20),
    "duration": (0.85, 0.20),
    "group": (0.85, 0.15),
    "weekdays": (0.75, 0.15),
    "days": (0.90, 0.05),
    "audience": (0.85, 0.40),
    "modes": (0.75, 0.35),
    "place": (0.95, 0.10),
    "provider": (0.60, 0.05),
    "page": (0.30, 0.001),
}
_WEIGHT_OF_CHANCE: Final = 20
"""As many agreements by chance the prior ``u`` counts for, beside those that are counted."""
_TEXT_M: Final = 0.85
"""How often two descriptions of one offer are likelier in their words than nearly all pairs of others."""
_SAMPLE: Final = 20_000
"""Pairs drawn to see how alike the words of different offers are."""
_WEIGHT_OF_CURVE: Final = 500
"""As many drawn pairs the curve ``_alike_by_chance`` counts for."""
_UNSEEN_TEXTS: Final = 100
"""Texts imagined beside those compared, so that among few offers a common n-gram does not look rare."""
_SERIES: Final = 0.8
"""Share of words that two titles have in common apart from numbers, from which other numbers mean other parts."""
_NUMBER: Final = re.compile(r"\d+")
_PART: Final = re.compile(r"(?:teil|nr\.?|nummer|folge|kurs|modul|stufe|band|termin|runde) *\d", re.IGNORECASE)
_NO_DAY: Final = date.min
_GROWN_UP: Final = 1200
_FALL: Final = 30.0
"""Fall of the curve ``_alike_by_chance``."""
_OVERLAPPING: Final = frozenset({"days", "page"})
"""Facts that agree as soon as both have one in common."""


class Verdict(StrEnum):
    """What the evidence says about two offers."""

    SAME = "same"
    ASK = "ask"
    DIFFERENT = "different"


@dataclass(frozen=True)
class Evidence:
    """What speaks for and against two offers being one."""

    parts: Mapping[str, float]
    """Name of the fact → natural logarithm of the likelihood ratio; what one of them does not state is absent."""
    prior: float
    """Log odds that two of these offers are one, before anything of them is known."""
    contradicted: bool
    """Whether something rules it out, however alike the rest is: other words, children, days, or part of a series."""
    text: float
    """Cosine of their words, from 0 to 1."""

    @property
    def log_odds(self) -> float:
        """Natural logarithm of the odds that they are the same."""
        return self.prior + sum(self.parts.values())

    @property
    def verdict(self) -> Verdict:
        """Surely the same, surely different, or a question for a person."""
        if self.contradicted or self.log_odds < ASK:
            return Verdict.DIFFERENT
        return Verdict.SAME if self.log_odds >= SURE else Verdict.ASK

    @property
    def probability(self) -> float:
        """Probability that they are the same."""
        return 0.0 if self.contradicted else 1 / (1 + exp(-max(self.log_odds, -700.0)))


class Pool:
    """Offers that are compared with each other, and how often their facts agree by chance."""

    def __init__(self, offers: Iterable[Offer]) -> None:
        """Read the offers, whose order decides nothing."""
        self._offers = sorted(offers, key=lambda offer: offer.id)
        self._rows = {offer.id: row for row, offer in enumerate(self._offers)}
        self._facts = [facts_of(offer) for offer in self._offers]
        self._words = _vectors([_text(offer) for offer in self._offers])
        self._points = np.array([_point(offer) for offer in self._offers], dtype=np.float64).reshape(-1, 2)

    def compare(self, pairs: Sequence[tuple[str, str]]) -> list[Evidence]:
        """The evidence about each pair of ids; raises ``KeyError`` for an id that is not in the pool."""
        left = np.array([self._rows[one] for one, _ in pairs], dtype=np.int64)
        right = np.array([self._rows[other] for _, other in pairs], dtype=np.int64)
        found = zip(left, right, self._cosines(left, right), self._away(left, right), strict=True)
        return [self._evidence(int(row), int(other), float(text), float(away)) for row, other, text, away in found]

    def _evidence(self, row: int, other: int, text: float, away: float) -> Evidence:
        parts = {"text": self._text_part(text)}
        for name, value in self._facts[row].items():
            if name in self._facts[other]:
                parts[name] = self._part(name, value, self._facts[other][name])
        if not isnan(away):
            parts["place"] = _ratio("place", away <= SAME_PLACE_KM, self._near_by_chance)
        contradicted = parts["text"] < WORDS or _contradict(self._offers[row], self._offers[other])
        return Evidence(parts, self._prior, contradicted, text)

    @cached_property
    def _prior(self) -> float:
        """Few offers have a twin, and each of those has one: the more offers, the less likely that it is this one."""
        chance = TWINS / max(len(self._offers) - 1, 1)
        return log(chance / (1 - chance))

    def _part(self, name: str, value: Hashable, other: Hashable) -> float:
        if isinstance(value, frozenset) and isinstance(other, frozenset) and name in _OVERLAPPING:
            return _ratio(name, not value.isdisjoint(other), _CHANCE[name][1])
        if value != other:
            return _ratio(name, False, self._agreeing[name])
        counts = self._counts[name]
        share = counts[value] + _WEIGHT_OF_CHANCE * _CHANCE[name][1]
        return _ratio(name, True, share / (counts.total() + _WEIGHT_OF_CHANCE))

    @cached_property
    def _counts(self) -> Mapping[str, Counter[Hashable]]:
        found: dict[str, Counter[Hashable]] = {name: Counter() for name in _CHANCE}
        for facts in self._facts:
            for name, value in facts.items():
                found[name][value] += 1
        return found

    @cached_property
    def _agreeing(self) -> Mapping[str, float]:
        """Per fact how often two offers agree by chance."""
        found = {}
        for name, counts in self._counts.items():
            total = counts.total()
            agreeing = sum(count * count for count in counts.values()) / total if total else 0.0
            found[name] = (agreeing + _WEIGHT_OF_CHANCE * _CHANCE[name][1]) / (total + _WEIGHT_OF_CHANCE)
        return found

    @cached_property
    def _near_by_chance(self) -> float:
        away = self._away(*self._drawn)
        known = away[~np.isnan(away)]
        near = int((known <= SAME_PLACE_KM).sum())
        return (near + _WEIGHT_OF_CHANCE * _CHANCE["place"][1]) / (len(known) + _WEIGHT_OF_CHANCE)

    def _text_part(self, cosine: float) -> float:
        """How much likelier so much likeness in words is in one offer than in two."""
        sample = self._chance_cosines
        above = len(sample) - int(np.searchsorted(sample, cosine, side="left"))
        chance = (above + _WEIGHT_OF_CURVE * _alike_by_chance(cosine)) / (len(sample) + _WEIGHT_OF_CURVE)
        return max(log(_TEXT_M / chance), log((1 - _TEXT_M) / _TEXT_M))

    @cached_property
    def _chance_cosines(self) -> Floats:
        """Likeness of the words of pairs drawn at random, in order; twins among them are too few to matter."""
        return np.sort(self._cosines(*self._drawn))

    @cached_property
    def _drawn(self) -> tuple[Ints, Ints]:
        """Pairs of different rows: all where they are few, else a sample that is always the same."""
        count = len(self._offers)
        if count * (count - 1) // 2 <= _SAMPLE:
            rows = np.triu_indices(count, 1)
            return rows[0].astype(np.int64), rows[1].astype(np.int64)
        draw = np.random.default_rng(0)
        left = draw.integers(0, count, _SAMPLE)
        return left, (left + draw.integers(1, count, _SAMPLE)) % count

    def _cosines(self, left: Ints, right: Ints) -> Floats:
        product = self._words[left].multiply(self._words[right])
        return np.asarray(product.sum(axis=1), dtype=np.float64).ravel()

    def _away(self, left: Ints, right: Ints) -> Floats:
        """Kilometres between two places each; NaN where one of them is not stated."""
        return distances_km(*self._points[left].T, *self._points[right].T)


def facts_of(offer: Offer) -> dict[str, Hashable]:
    """Facts by which two descriptions of one offer agree; what is not stated is absent."""
    price, schedule, size = offer.price, offer.schedule, offer.group_size
    free = price is not None and price.model is PriceModel.FREE
    found: dict[str, Hashable | None] = {
        "youngest": offer.ages.min_months if offer.ages else None,
        "oldest": offer.ages.max_months if offer.ages else None,
        "amount": 0.0 if free else (price.amount_eur if price else None),
        "duration": offer.duration_minutes,
        "group": size.children_max if size else None,
        "weekdays": calendar_of(schedule, _NO_DAY).weekdays or None,
        "days": _days(offer) or None,
        "audience": frozenset(offer.audience) or None,
        "modes": frozenset(offer.modes) or None,
        "provider": provider_key(offer.provider.name) if offer.provider else None,
        "page": frozenset(filter(None, (offer.url, *offer.same_as))) or None,
    }
    return {name: value for name, value in found.items() if value is not None}


def _ratio(name: str, agree: bool, chance: float) -> float:
    m = _CHANCE[name][0]
    return log(m / chance) if agree else log((1 - m) / (1 - chance))


def _contradict(one: Offer, other: Offer) -> bool:
    """Whether both say something that cannot be of one offer: other children, other days, another part of a series."""
    if one.ages and other.ages and not _overlap(one.ages, other.ages):
        return True
    days, other_days = _days(one), _days(other)
    if days and other_days and days.isdisjoint(other_days):
        return True
    return _parts_of_series(one.title, other.title)


def _parts_of_series(one: str, other: str) -> bool:
    """Whether two titles name parts of one series: the same words with other numbers ("Teil 1", "Teil 2", none)."""
    numbers, others = set(_NUMBER.findall(one)), set(_NUMBER.findall(other))
    if numbers == others or not ((numbers and others) or _PART.search(f"{one} {other}")):
        return False
    words, other_words = set(stems(one)), set(stems(other))
    return len(words & other_words) >= _SERIES * min(len(words), len(other_words))


def _overlap(one: AgeRange, other: AgeRange) -> bool:
    youngest = max(one.min_months or 0, other.min_months or 0)
    return youngest <= min(one.max_months or _GROWN_UP, other.max_months or _GROWN_UP)


def _days(offer: Offer) -> frozenset[date]:
    return frozenset(each.day for each in offer.schedule.occurrences) if offer.schedule else frozenset()


def _point(offer: Offer) -> tuple[float, float]:
    place = offer.place
    if place is None or place.lat is None or place.lon is None:
        return (np.nan, np.nan)
    return (place.lat, place.lon)


def _text(offer: Offer) -> str:
    """Stems of title (twice) and text, without those of house and town: all offers of a museum say *museum*."""
    house = offer.provider.name if offer.provider else None
    place = (offer.place.name, offer.place.locality) if offer.place else ()
    named = set(stems(" ".join(filter(None, (house, *place)))))
    words = stems("\n".join(filter(None, (offer.title, offer.title, offer.summary, offer.description))))
    return " ".join(word for word in words if word not in named)


def _vectors(texts: Sequence[str]) -> sparse.csr_matrix:
    """Texts × character n-grams, (1 + ln tf) · idf, rows of length 1."""
    grams = CountVectorizer(analyzer="char_wb", ngram_range=(4, 5), lowercase=False, dtype=np.float64)
    try:
        counts = sparse.csr_matrix(grams.fit_transform(texts))
    except ValueError:  # scikit-learn's word for an empty vocabulary: no text has a word of its own
        return sparse.csr_matrix((len(texts), 1), dtype=np.float64)
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    counts.data = 1 + np.log(counts.data)
    weighted = sparse.csr_matrix(counts.multiply(np.log((_UNSEEN_TEXTS + len(texts)) / seen)))
    return sparse.csr_matrix(normalize(weighted))


def _alike_by_chance(cosine: float) -> float:
    """How often the words of two different offers are at least so much alike, where too few offers are there to count.

    A curve above what was measured on the invented offers of the demo (3,741 pairs): 6.5 % have a cosine of 0.05 or
    more, 1.1 % of 0.1, 0.1 % of 0.2, 0.05 % of 0.25.
    """
    return exp(-_FALL * cosine)
