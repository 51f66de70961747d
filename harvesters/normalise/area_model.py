"""What areas of learning a text speaks of: how such texts read, learned from texts that were written for it.

A text is its words, each seen whole and as runs of four and six letters ("Benefizkonzert" holds "konzert"), and what
the stems of ``areas.py`` add up to. How often a word comes does not count, nor who offers it; words of the title count
double. ``area_model.json`` holds one number per area and feature; ``train_areas.py`` writes it, ``area_model.md`` is
its card.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from operator import mul
from pathlib import Path
from typing import Final

import orjson

from harvesters.normalise.text import Prose
from schemas.vocabulary import Area

MODEL: Final = Path(__file__).with_name("area_model.json")
AREAS: Final = tuple(Area)
_WORD: Final = re.compile(r"[a-zäöüß]{3,40}")
_RUNS: Final = (4, 6)
_TITLE: Final = 2.0
_MOST_STEMS: Final = 8.0
"""From this sum on more stems say nothing more."""
_STEMS_COUNT: Final = 2.0
"""How much the stems count beside the words while learning."""
_MAX_KNOWN: Final = 50_000
"""Most words that are remembered; then the memory begins anew."""

Share = tuple[float, ...]
"""What one word adds: to the square of the length of the text, and to each area."""
_NOTHING: Final[Share] = (0.0,) * (1 + len(AREAS))


def words_of(page: Prose, title_end: int = 0) -> dict[str, float]:
    """Every word with its weight, in the order of the text.

    >>> words_of(Prose("Waldtag\\nEin Tag im Wald"), 7)
    {'waldtag': 2.0, 'ein': 1.0, 'tag': 1.0, 'wald': 1.0}
    """
    words = dict.fromkeys(_WORD.findall(page.lower), 1.0)
    words.update(dict.fromkeys(_WORD.findall(page.lower, 0, title_end), _TITLE))
    return words


def features(word: str) -> Iterator[str]:
    """A word and the runs of letters in it, each once.

    >>> list(features("waldtag"))
    ['waldtag', '~wald', '~aldt', '~ldta', '~dtag', '~waldta', '~aldtag']
    """
    yield word
    for length in _RUNS:
        yield from dict.fromkeys(f"~{word[i : i + length]}" for i in range(len(word) - length + 1))


def of_stems(scores: Mapping[Area, float]) -> list[float]:
    """What the stems say of each area, as the model sees it."""
    return [min(scores.get(area, 0.0), _MOST_STEMS) / _MOST_STEMS * _STEMS_COUNT for area in AREAS]


@dataclass(frozen=True, slots=True)
class AreaModel:
    """Coefficients as stored."""

    features: Mapping[str, tuple[float, tuple[float, ...]]]
    """Feature → how rare it is, and its coefficient for each area."""
    stems: tuple[tuple[float, ...], ...]
    """For each area the coefficients of what the stems say."""
    intercepts: tuple[float, ...]
    least: float
    """Probability from which an area is told."""
    _known: dict[tuple[str, float], Share] = field(default_factory=dict, repr=False, compare=False)
    """Words with their weights, as far as they came before: words come again."""

    def judge(self, words: Mapping[str, float], stems: Mapping[Area, float]) -> dict[Area, float]:
        """The probability of each area."""
        shares = [share for item in words.items() if (share := self._known.get(item) or self._share(item))]
        square, *sums = map(sum, zip(*shares, strict=True)) if shares else _NOTHING
        norm, said, found = math.sqrt(square) or 1.0, of_stems(stems), {}
        for area, total, row, intercept in zip(AREAS, sums, self.stems, self.intercepts, strict=True):
            log_odds = total / norm + sum(map(mul, row, said)) + intercept
            found[area] = 1 / (1 + math.exp(-log_odds))
        return found

    def loudest(self, words: Mapping[str, float], area: Area) -> str | None:
        """The word that speaks most for an area, of equal ones the first; ``None`` where none does."""
        place = AREAS.index(area) + 1
        worth = {item[0]: self._share(item)[place] for item in words.items()}
        word = max(worth, key=worth.__getitem__, default=None)
        return word if word is not None and worth[word] > 0 else None

    def _share(self, item: tuple[str, float]) -> Share:
        """What a word of some weight adds."""
        share = self._known.get(item)
        if share is None:
            word, weight = item
            known = [found for name in features(word) if (found := self.features.get(name)) is not None]
            share = (
                weight * weight * sum(rare * rare for rare, _ in known),
                *(weight * sum(rare * weights[i] for rare, weights in known) for i in range(len(AREAS))),
            )
            if len(self._known) >= _MAX_KNOWN:
                self._known.clear()
            self._known[item] = share
        return share


@cache
def area_model() -> AreaModel:
    """The model that comes with the project."""
    return load(MODEL.read_bytes())


def load(stored: bytes) -> AreaModel:
    """The model in its stored form."""
    data = orjson.loads(stored)
    return AreaModel(
        features={name: (rare, tuple(weights)) for name, rare, *weights in data["features"]},
        stems=tuple(tuple(row) for row in data["stems"]),
        intercepts=tuple(data["intercepts"]),
        least=data["least"],
    )
