"""A value with the words it was read from. Readers give all they find; ``best`` chooses."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T")
MAX_EVIDENCE = 400


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """One value that a reader understood."""

    value: T
    """What it means."""
    evidence: str
    """The exact words, as they stand in the text that was read."""
    rule: str
    """Code of the rule, for instance ``ages.range``."""
    confidence: float
    """0 to 1: how sure the rule is, before its surroundings are weighed."""
    span: tuple[int, int] = (0, 0)
    """Where the words stand in that text."""

    def weighed(self, factor: float) -> "Found[T]":
        """The same with its confidence multiplied by ``factor`` (at most 1)."""
        return replace(self, confidence=min(1.0, self.confidence * factor))


def best(found: Iterable[Found[T]], least: float = 0.0) -> Found[T] | None:
    """The surest value of at least that confidence; of equally sure ones the first in the text."""
    return min(
        (one for one in found if one.confidence >= least),
        key=lambda one: (-round(one.confidence, 4), one.span),
        default=None,
    )


def outermost(found: Iterable[Found[T]]) -> list[Found[T]]:
    """``found`` without readings of words that lie inside the words of one at least as sure."""
    kept: list[Found[T]] = []
    for one in sorted(found, key=lambda f: (f.span[0] - f.span[1], -f.confidence)):
        start, end = one.span
        if not any(k.span[0] <= start and end <= k.span[1] and k.confidence >= one.confidence for k in kept):
            kept.append(one)
    return sorted(kept, key=lambda f: f.span)
