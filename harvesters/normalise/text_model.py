"""A second opinion on suitability: how texts for groups of a Kita read, learned from texts that were written for it.

A text is the set of its words, pairs of neighbouring words, and beginnings and ends of long words (German hides what
matters in compounds: "Kindergartengruppen", "Familiensonntag"). How often a word comes and how long the text is do not
count, nor who offers it. ``text_model.json`` holds one number per feature; ``train.py`` writes it, ``text_model.md`` is
its card.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import orjson

MODEL: Final = Path(__file__).with_name("text_model.json")
_WORD: Final = re.compile(r"[a-zäöüß]{2,}|(?<!\d)\d{1,2}(?!\d)")
_LONG, _PART = 8, 6
_TOLD: Final = 4
_WORTH_TELLING: Final = 0.02


def features(text: str) -> set[str]:
    """What the model sees of a text in lower case: ``ab`` a word, ``ab 4`` a pair, ``anfang…`` and ``…anfang`` parts.

    >>> sorted(features("kitagruppen ab 4"))
    ['4', 'ab', 'ab 4', 'kitagruppen', 'kitagruppen ab', 'kitagr…', '…ruppen']
    """
    words = _WORD.findall(text)
    found = set(words)
    found.update(map(" ".join, pairwise(words)))
    for word in set(words):
        found.update(_parts(word))
    return found


@lru_cache(maxsize=20_000)
def _parts(word: str) -> tuple[str, ...]:
    return (f"{word[:_PART]}…", f"…{word[-_PART:]}") if len(word) >= _LONG else ()


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the model makes of one text."""

    probability: float
    """How likely the text is for groups of a Kita; calibrated on texts of providers that were not learned from."""
    known: int
    """How many of its features the model knows."""
    words: tuple[str, ...]
    """The words that speak loudest for the side that the probability is on."""


@dataclass(frozen=True, slots=True)
class TextModel:
    """Coefficients as stored."""

    weights: dict[str, tuple[float, float]]
    """Feature → how rare it is, and its coefficient."""
    intercept: float
    slope: float
    """With ``shift``: from the sum to calibrated log odds."""
    shift: float
    yes: float
    """Probability from which it may turn "unsure" into "yes"."""
    no: float
    """Probability up to which it may turn "unsure" into "no"."""
    least_known: int
    """How many known features a text needs for that."""

    def score(self, text: str) -> float:
        """The sum before calibration of a text in lower case."""
        return self._weighed(text)[0]

    def judge(self, text: str) -> Opinion:
        """The opinion on a text in lower case."""
        total, worth = self._weighed(text)
        probability = round(1 / (1 + math.exp(-(self.slope * total + self.shift))), 3)
        side = 1.0 if probability >= 0.5 else -1.0
        return Opinion(probability, len(worth), tuple(_loudest(worth, side, text)))

    def _weighed(self, text: str) -> tuple[float, list[tuple[float, str]]]:
        """The sum, and what each known feature adds to it."""
        weights, found, squares = self.weights, [], []
        for name in features(text):
            if (known := weights.get(name)) is not None:
                rare, weight = known
                squares.append(rare * rare)
                found.append((rare * weight, name))
        if not found:
            return self.intercept, []
        # exact sums: a set has another order in every process, and the last bit must not depend on it
        total, norm = math.fsum(worth for worth, _ in found), math.sqrt(math.fsum(squares))
        return total / norm + self.intercept, found


def _loudest(worth: list[tuple[float, str]], side: float, text: str) -> Iterator[str]:
    """The words of ``text`` that speak loudest for a side; of a beginning or end the whole word, and none twice."""
    told: list[str] = []
    for value, name in sorted(worth, key=lambda one: (-side * one[0], one[1])):
        if side * value <= _WORTH_TELLING or len(told) == _TOLD:
            return
        shown = next(word for word in _WORD.findall(text) if name in _parts(word)) if "…" in name else name
        if not any(shown in other or other in shown for other in told):
            told.append(shown)
            yield shown


@cache
def text_model() -> TextModel:
    """The model that comes with the project."""
    return load(MODEL.read_bytes())


def load(stored: bytes) -> TextModel:
    """The model in its stored form."""
    data = orjson.loads(stored)
    weights = {name: (rare, weight) for name, rare, weight in data.pop("features")}
    return TextModel(weights=weights, **data)
