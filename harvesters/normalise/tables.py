"""Tables of phrases: the common shape of rules that differ in nothing but their words.

A pattern is tried only at beginnings of words, and only where the word begins with two letters that the pattern can
begin with. That makes tables of some thousand stems cheap.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from harvesters.normalise.evidence import Found
from harvesters.normalise.text import Prose

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Phrase(Generic[C]):
    """What a pattern (lower case, at the beginning of a word) says."""

    code: C
    pattern: str
    weight: float


class Table(Generic[C]):
    """Phrases, ready for looking them up in a text."""

    def __init__(self, phrases: Sequence[Phrase[C]]) -> None:
        self.phrases = tuple(phrases)
        found: dict[str, list[tuple[int, re.Pattern[str]]]] = {}
        for index, phrase in enumerate(self.phrases):
            by_prefix: dict[str, list[str]] = {}
            for alternative in split_alternatives(phrase.pattern):
                for prefix in prefixes(alternative):
                    by_prefix.setdefault(prefix, []).append(alternative)
            for prefix, alternatives in by_prefix.items():
                found.setdefault(prefix, []).append((index, re.compile("|".join(alternatives))))
        self._everywhere = tuple(found.get("", ()))
        self._by_letter = {prefix[0]: (*found.get(prefix[0], ()), *self._everywhere) for prefix in found if prefix}
        self._by_two = {p: (*found[p], *self._by_letter[p[0]]) for p in found if len(p) == 2}

    def matches(self, page: Prose) -> Iterator[tuple[Phrase[C], re.Match[str]]]:
        """Every place where a phrase stands, in the order of the text."""
        lower, by_two, by_letter, everywhere = page.lower, self._by_two, self._by_letter, self._everywhere
        for start in page.word_starts:
            patterns = by_two.get(lower[start : start + 2])
            if patterns is None:
                patterns = by_letter.get(lower[start], everywhere)
            for index, pattern in patterns:
                match = pattern.match(lower, start)
                if match is not None:
                    yield self.phrases[index], match


def table(rows: Sequence[tuple[C, float, str]]) -> Table[C]:
    """A table of rows of code, weight and pattern."""
    return Table([Phrase(code, pattern, weight) for code, weight, pattern in rows])


def find_all(page: Prose, phrases: Table[C], rule: str, *, skip: re.Pattern[str] | None = None) -> list[Found[C]]:
    """The first place of each phrase, in the order of the table; a match is passed over where ``skip`` matches
    before it."""
    first: dict[int, Found[C]] = {}
    for phrase, match in phrases.matches(page):
        if id(phrase) in first or (skip and skip.search(page.lower[max(0, match.start() - 40) : match.start()])):
            continue
        words = page.text[match.start() : match.end()]
        first[id(phrase)] = Found(phrase.code, words, rule, phrase.weight, match.span())
    return [first[id(phrase)] for phrase in phrases.phrases if id(phrase) in first]


def split_alternatives(pattern: str) -> list[str]:
    """The alternatives of a pattern that are parted by "|" outside of brackets.

    >>> split_alternatives(r"wald|(?:a|b)c|[|]")
    ['wald', '(?:a|b)c', '[|]']
    """
    parts, depth, in_class, start, i = [], 0, False, 0, 0
    while i < len(pattern):
        char = pattern[i]
        if char == "\\":
            i += 1
        elif in_class:
            in_class = char != "]"
        elif char == "[":
            in_class = True
        elif char in "()":
            depth += 1 if char == "(" else -1
        elif char == "|" and depth == 0:
            parts.append(pattern[start:i])
            start = i + 1
        i += 1
    return [*parts, pattern[start:]]


def prefixes(pattern: str) -> set[str]:
    """The first two letters (one, where the second is not certain; "" where none is) of what one alternative can match.

    >>> sorted(prefixes(r"(?:im |am )?wald")), sorted(prefixes(r"\\d wald")), prefixes(r".ald")
    (['am', 'im', 'wa'], ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'], {''})
    """
    pattern = pattern.removeprefix(r"\b")
    if pattern.startswith("(?:"):
        end = _closing(pattern, 0)
        rest = pattern[end + 1 :]
        optional = rest.startswith(("?", "{0"))
        if optional:
            rest = rest[rest.find("}") + 1 if rest[0] == "{" else 1 :]
        found = {p for alternative in split_alternatives(pattern[3:end]) for p in prefixes(alternative + rest)}
        return found | prefixes(rest) if optional else found
    first, second, third = pattern[:1], pattern[1:2], pattern[2:3]
    if pattern.startswith(r"\d"):
        return set("0123456789")
    if not _is_plain(first):
        return {""}
    if second in ("?", "*") or (second == "{" and third == "0"):
        return {first} | prefixes(pattern[2:] if second != "{" else pattern[pattern.find("}") + 1 :])
    return {first + second} if _is_plain(second) and third not in ("?", "*", "{") else {first}


def _is_plain(char: str) -> bool:
    return char.isalnum()


def _closing(pattern: str, i: int) -> int:
    depth = 0
    while True:
        char = pattern[i]
        if char == "\\":
            i += 1
        elif char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
            if depth == 0:
                return i
        i += 1
