"""Tables of phrases: the common shape of rules that differ in nothing but their words.

A pattern is tried only at beginnings of words, and only where the word begins with two letters that the pattern can
begin with. That makes tables of some thousand stems cheap.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, TypeVar

from harvesters.normalise.cues import prefixes, split_alternatives
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
        self._by_letter = {prefix: tuple(found[prefix]) for prefix in found if len(prefix) == 1}
        self._by_two = {prefix: tuple(found[prefix]) for prefix in found if len(prefix) == 2}

    def matches(self, page: Prose) -> list[tuple[Phrase[C], re.Match[str]]]:
        """Every place where a phrase stands, in the order of the text."""
        hits: list[tuple[int, int, re.Match[str]]] = []
        for patterns, starts in self._candidates(page):
            for index, pattern in patterns:
                match = pattern.match
                for start in starts:
                    if (hit := match(page.lower, start)) is not None:
                        hits.append((start, index, hit))
        hits.sort(key=itemgetter(0))
        return [(self.phrases[index], hit) for _, index, hit in hits]

    def _candidates(self, page: Prose) -> Iterator[tuple[Sequence[tuple[int, re.Pattern[str]]], list[int]]]:
        """Patterns with the beginnings of words at which they may match."""
        for prefix in self._by_two.keys() & page.by_prefix.keys():
            yield self._by_two[prefix], page.by_prefix[prefix]
        for letter in self._by_letter.keys() & page.by_letter.keys():
            yield self._by_letter[letter], page.by_letter[letter]
        if self._everywhere:
            yield [one for one in self._everywhere if page.may_match(one[1])], page.word_starts


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
