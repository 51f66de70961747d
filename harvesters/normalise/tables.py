"""Tables of phrases: the common shape of rules that differ in nothing but their words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from harvesters.normalise.evidence import Found
from harvesters.normalise.text import Prose

C = TypeVar("C")

_BEGIN: Final = r"(?<![\wäöüß])"


@dataclass(frozen=True, slots=True)
class Phrase(Generic[C]):
    """What a pattern (lower case, at the beginning of a word) says."""

    code: C
    pattern: re.Pattern[str]
    weight: float


def table(rows: Sequence[tuple[C, float, str]]) -> tuple[Phrase[C], ...]:
    """Compile rows of code, weight and pattern."""
    return tuple(Phrase(code, re.compile(f"{_BEGIN}(?:{pattern})"), weight) for code, weight, pattern in rows)


def find_all(
    page: Prose, phrases: Sequence[Phrase[C]], rule: str, *, skip: re.Pattern[str] | None = None
) -> list[Found[C]]:
    """The first place of each phrase; a match is passed over where ``skip`` matches right before it."""
    found = []
    for phrase in phrases:
        for match in phrase.pattern.finditer(page.lower):
            if skip is not None and skip.search(page.lower[max(0, match.start() - 40) : match.start()]):
                continue
            found.append(Found(phrase.code, page.text[match.start() : match.end()], rule, phrase.weight, match.span()))
            break
    return found
