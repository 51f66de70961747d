"""Tables of phrases: the common shape of rules that differ in nothing but their words.

A pattern is tried only at beginnings of words, and only where the word begins with letters that the pattern can
begin with (``lexicon``). That makes tables of some thousand stems cheap.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Generic, TypeVar

from harvesters.normalise.cues import prefixes, shortest, split_alternatives
from harvesters.normalise.evidence import Found
from harvesters.normalise.lexicon import LEXICON
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
        anywhere: list[tuple[int, re.Pattern[str]]] = []
        entries: list[tuple[str, int, re.Pattern[str]]] = []
        for index, phrase in enumerate(self.phrases):
            together: dict[str, dict[str, set[str]]] = {}
            for alternative in split_alternatives(phrase.pattern):
                for prefix in prefixes(alternative):
                    together.setdefault(prefix[:2], {}).setdefault(alternative, set()).add(prefix)
            for alternatives in together.values():
                pattern = re.compile("|".join(alternatives))
                beginnings = shortest(set().union(*alternatives.values()))
                if "" in beginnings:
                    anywhere.append((index, pattern))
                else:
                    entries += [(beginning, index, pattern) for beginning in beginnings]
        self._anywhere = tuple(anywhere)
        self._owner = LEXICON.learn_table(entries)

    def matches(self, page: Prose) -> list[tuple[Phrase[C], re.Match[str]]]:
        """Every place where a phrase stands, in the order of the text."""
        lower = page.lower
        hits: list[tuple[int, int, re.Match[str]]] = []
        for start, entry in page.begun.get(self._owner, ()):
            if entry is not None and (hit := entry.pattern.match(lower, start)) is not None:
                hits.append((start, entry.index, hit))
        hits.sort(key=itemgetter(0, 1))
        for index, pattern in self._anywhere:
            if page.may_match(pattern):
                hits += [
                    (start, index, hit)
                    for start in page.word_starts
                    if (hit := pattern.match(lower, start)) is not None
                ]
        if self._anywhere:
            hits.sort(key=itemgetter(0))
        return [(self.phrases[index], hit) for _, index, hit in hits]


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
