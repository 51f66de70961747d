"""Which patterns can match in a text at all: looked up word by word, and each word only once.

Most patterns begin at the beginning of a word, with letters that are certain, and most need some word to be there
(``cues``). Both are kept here by those letters. What a word means for all patterns together is remembered, and words
come again; so a text is gone through once, instead of once for every pattern.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from harvesters.normalise.cues import anchors_of, cues_of, first_letters

_WORD: Final = re.compile(r"\w+")
_MAX_KNOWN: Final = 50_000
"""Most words that are remembered; then the memory begins anew."""
_LONGEST: Final = 64
"""Longer "words" are no German; they are not remembered."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a text must hold for a pattern to match."""

    pattern: re.Pattern[str]
    quick: re.Pattern[str]
    """The same, which looks first at the letter at which a match would begin."""
    number: int
    """Its place among the patterns, and its bit."""
    beginnings: frozenset[str]
    """Letters with one of which a word begins at every match; empty where a match may begin elsewhere."""
    parts: frozenset[str]
    """Cues that lie within words."""
    phrases: tuple[str, ...]
    """Cues that do not."""

    @property
    def has_cues(self) -> bool:
        """Whether anything must be there."""
        return bool(self.parts or self.phrases)


@dataclass(frozen=True, slots=True)
class Entry:
    """A pattern of a table, tried where a word begins with certain letters."""

    owner: int
    """Number of the table."""
    index: int
    """Number of the phrase in its table."""
    pattern: re.Pattern[str]


Begun = dict[int, list[tuple[int, Entry | None]]]
"""Number of a pattern or table → where words begin at which it may match; of tables with the entry."""


class Index:
    """All that was learned up to some moment, by letters."""

    def __init__(self, needs: Sequence[Needs], entries: Sequence[tuple[str, Entry]]) -> None:
        self.needs = {id(one.pattern): one for one in needs}
        """By the identity of the pattern, which is kept alive in the value (hashing a pattern reads all of it)."""
        beginnings: dict[str, list[tuple[int, Entry | None]]] = {}
        for beginning, entry in entries:
            beginnings.setdefault(beginning, []).append((entry.owner, entry))
        self._parts: dict[str, int] = {}
        for one in needs:
            for beginning in one.beginnings:
                beginnings.setdefault(beginning, []).append((one.number, None))
            for part in one.parts:
                self._parts[part] = self._parts.get(part, 0) | 1 << one.number
        self._beginnings = {letters: tuple(found) for letters, found in beginnings.items()}
        self._lengths = sorted({len(letters) for letters in beginnings})
        self._part_lengths = sorted({len(part) for part in self._parts})
        self._known: dict[str, tuple[int, tuple[tuple[int, Entry | None], ...]]] = {}

    def look_up(self, lower: str) -> tuple[int, Begun]:
        """The bits of patterns whose cues lie within words of a text, and what may begin at its words."""
        known, bits = self._known, 0
        begun: Begun = {}
        for match in _WORD.finditer(lower):
            word = match[0]
            meaning = known.get(word) or self._meaning(word)
            bits |= meaning[0]
            if meaning[1]:
                start = match.start()
                for number, entry in meaning[1]:
                    if number in begun:
                        begun[number].append((start, entry))
                    else:
                        begun[number] = [(start, entry)]
        return bits, begun

    def _meaning(self, word: str) -> tuple[int, tuple[tuple[int, Entry | None], ...]]:
        begins = [one for n in self._lengths for one in self._beginnings.get(word[:n], ()) if n <= len(word)]
        bits = 0
        if len(word) > _LONGEST:
            for part, mask in self._parts.items():
                if part in word:
                    bits |= mask
            return bits, tuple(begins)
        for length in self._part_lengths:
            for start in range(len(word) - length + 1):
                bits |= self._parts.get(word[start : start + length], 0)
        if len(self._known) >= _MAX_KNOWN:
            self._known.clear()
        meaning = self._known[word] = bits, tuple(begins)
        return meaning


class Lexicon:
    """Learns patterns when they are first asked for; texts that are already being read do without them."""

    def __init__(self) -> None:
        self._needs: dict[int, Needs] = {}
        self._entries: list[tuple[str, Entry]] = []
        self._count = 0
        self._index: Index | None = None

    def index(self) -> Index:
        """What is known now."""
        if self._index is None:
            self._index = Index(tuple(self._needs.values()), tuple(self._entries))
        return self._index

    def learn(self, pattern: re.Pattern[str]) -> None:
        """Know a pattern from the next text on."""
        if id(pattern) not in self._needs:
            cased = bool(pattern.flags & re.IGNORECASE)
            cues = frozenset() if cased else cues_of(pattern.pattern)
            parts = frozenset(cue for cue in cues if _WORD.fullmatch(cue))
            beginnings = frozenset() if cased else anchors_of(pattern.pattern)
            self._needs[id(pattern)] = Needs(
                pattern,
                pattern if cased or beginnings else quick(pattern),
                self._number(),
                beginnings,
                parts,
                tuple(sorted(cues - parts, key=len)),
            )
            self._index = None

    def learn_table(self, entries: Sequence[tuple[str, int, re.Pattern[str]]]) -> int:
        """Know the patterns of a table, each with letters and the number of its phrase; the number of the table."""
        owner = self._number()
        self._entries += [(letters, Entry(owner, index, pattern)) for letters, index, pattern in entries]
        self._index = None
        return owner

    def _number(self) -> int:
        self._count += 1
        return self._count


def quick(pattern: re.Pattern[str]) -> re.Pattern[str]:
    """The same pattern, which looks first at the letter at which a match would begin."""
    letters = "".join(map(re.escape, sorted(first_letters(pattern.pattern))))
    return re.compile(f"(?=[{letters}])(?:{pattern.pattern})", pattern.flags) if letters else pattern


LEXICON: Final = Lexicon()
"""That of all readers of this process."""
