"""Clean text out of what sources write, and its division into clauses.

The cleaned text is what every reader reads, what ``description`` holds, and where every piece of evidence can be found.
"""

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import Any, Final, TypeVar

import nh3

from harvesters.normalise.addresses import masked
from harvesters.normalise.lexicon import LEXICON, Begun, Index, Needs

T = TypeVar("T")

_BREAKS: Final = re.compile(r"<(?:br|/p|/div|/li|/h[1-6]|/tr|/ul|/ol|/table|/section|/article)\b[^<>]{0,200}>", re.I)
_ITEMS: Final = re.compile(r"<li\b[^<>]{0,200}>", re.I)
_LOOKS_LIKE_HTML: Final = re.compile(r"</?[a-z][a-z0-9]{0,12}(?:\s[^<>]{0,500})?/?>|<!--", re.I)
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.I)
_SPACES: Final = re.compile(r"[ \t\r\f\v\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
_BLANK_LINES: Final = re.compile(r"\s*\n\s*")
_INVISIBLE: Final = re.compile(
    r"[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff\x00-\x08\x0e-\x1f\x7f]"
)
_HYPHENATED: Final = re.compile(r"(?<=[a-zäöüß])-\n(?!(?:und|oder|bzw|bis|sowie)\b)(?=[a-zäöüß])")
_MOJIBAKE: Final = re.compile(
    r"[\u00c2-\u00f4][\u0080-\u00bf\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{1,3}"
)


def clean(text: str, limit: int = 50_000) -> str:
    """``text`` without markup, entities, invisible characters and odd spaces, in NFC, at most ``limit`` characters.

    Paragraphs and line breaks become single newlines. Mojibake (UTF-8 read as Windows-1252) is repaired where the bytes
    leave no doubt.

    >>> clean("F\\u00c3\\u00bcr&nbsp;Kin\\u00adder<br/>ab 4")
    'Für Kinder\\nab 4'
    """
    text = text[: 4 * limit]
    if "<" in text and _LOOKS_LIKE_HTML.search(text):
        text = _ITEMS.sub("\n", _BREAKS.sub("\n", text))
        text = html.unescape(nh3.clean(text, tags=set()))
    for _ in range(2):  # entities of entities ("&amp;nbsp;") are common
        if "&" in text and _ENTITY.search(text):
            text = html.unescape(text)
    text = _repair(text)
    text = unicodedata.normalize("NFC", text)
    text = _INVISIBLE.sub("", text.replace("\u2028", "\n").replace("\u2029", "\n").replace("\r\n", "\n"))
    text = _SPACES.sub(" ", text)
    if "-\n" in text:
        text = _HYPHENATED.sub("", text)
    return _BLANK_LINES.sub("\n", text).strip()[:limit].rstrip()


def clean_line(text: str, limit: int) -> str:
    """``clean`` on one line; longer text is cut at a word and ends with an ellipsis.

    >>> clean_line("Ein  Tag\\nim Wald", 12)
    'Ein Tag im…'
    """
    line = clean(text).replace("\n", " ")
    if len(line) <= limit:
        return line
    cut = line[: limit - 1]
    space = cut.rfind(" ")
    return (cut[:space] if space > limit // 2 else cut).rstrip(" ,;:–-") + "…"


def _repair(text: str) -> str:
    if "Ã" not in text and "Â" not in text and "â€" not in text:
        return text
    return _MOJIBAKE.sub(_decoded, text)


def _decoded(match: re.Match[str]) -> str:
    """The character that these mis-read bytes are, or the text itself where they are no UTF-8."""
    wrong = match[0]
    raw = bytearray()
    for char in wrong:
        if ord(char) < 256:
            raw.append(ord(char))
        else:
            try:
                raw += char.encode("cp1252")
            except UnicodeEncodeError:
                return wrong
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return wrong


def lower(text: str) -> str:
    """``text`` in lower case with every character at its old place (``str.lower`` may lengthen it)."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := char.lower()) == 1 else char for char in text)


_END: Final = re.compile(r"\n|[.!?…][\"“”»«)\]]{0,2}\s+(?=[\"„“»«(\[]?[A-ZÄÖÜ0-9])|;\s|\s[·|•]\s?|\s/{2}\s")
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:ca|max|mind|min|std|stdn|inkl|incl|exkl|zzgl|bzw|tel|st|nr|str|dr|prof|evtl|ggf|jh|"
    r"jhd|vgl|usw|etc|abs|hl|sog|zzt|mon|"
    r"tägl|einschl|geb|erm|pers|teiln|anm|abt|so|mo|di|mi|do|fr|sa|jan|feb|mär|apr|jun|jul|aug|"
    r"sep|sept|okt|nov|dez|[a-zäöü])|str|[½¼¾])\.$"
)
_ORDINAL_FOLLOWS: Final = re.compile(
    r"(?:jan|feb|mär|apr|mai|jun|jul|aug|sep|okt|nov|dez|mon|dien|mitt|donn|frei|sams|sonn|klass|"
    r"advent|weihnacht|jahrg|schul|"
    r"oster|pfingst|stock|og\b|etage|obergeschoss|woche|lebensjahr|termin|tag\b|teil\b|\d)"
)


_WORD: Final = re.compile(r"\w+")
_MAX_CLAUSE: Final = 700


class Prose:
    """Cleaned text ready for reading: the words, their lower-case twin (addresses masked), and where each clause
    begins."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lower = masked(lower(text))
        self._read: dict[object, Any] = {}

    def once(self, reader: "Callable[[Prose], T]") -> T:
        """What ``reader`` makes of this text, read once however often it is asked; nobody may change it."""
        if reader not in self._read:
            self._read[reader] = reader(self)
        found: T = self._read[reader]
        return found

    @cached_property
    def starts(self) -> list[int]:
        """Start of every clause: sentences, lines, and parts between bullets, bars and semicolons."""
        starts = [0]
        for match in _END.finditer(self.text):
            if match[0][0] == "." and self._is_abbreviation(match.start(), match.end()):
                continue
            starts.append(match.end())
        return self._bounded(starts)

    def _bounded(self, starts: list[int]) -> list[int]:
        """``starts`` with more of them in what has no end: no clause is longer than ``_MAX_CLAUSE``."""
        ends = [*starts[1:], len(self.text)]
        if all(end - start <= _MAX_CLAUSE for start, end in zip(starts, ends, strict=True)):
            return starts
        return [
            cut
            for start, end in zip(starts, ends, strict=True)
            for cut in range(start, max(end, start + 1), _MAX_CLAUSE)
        ]

    @cached_property
    def word_starts(self) -> list[int]:
        """Where every word begins."""
        return [match.start() for match in _WORD.finditer(self.lower)]

    @cached_property
    def index(self) -> Index:
        """What is known of patterns for this text."""
        return LEXICON.index()

    @cached_property
    def _looked_up(self) -> tuple[int, Begun]:
        return self.index.look_up(self.lower)

    @property
    def begun(self) -> Begun:
        """Where words begin at which patterns and tables may match, by their numbers."""
        return self._looked_up[1]

    def may_match(self, pattern: re.Pattern[str]) -> bool:
        """Whether the words are there without which a pattern of this package cannot match the lower-case text."""
        needs = self.index.needs.get(id(pattern))
        if needs is None:
            LEXICON.learn(pattern)
            return True
        return not needs.has_cues or self.has_cue_of(needs)

    def has_cue_of(self, needs: Needs) -> bool:
        """Whether one of a pattern's cues stands in the text."""
        return bool(self._looked_up[0] >> needs.number & 1) or any(cue in self.lower for cue in needs.phrases)

    def _is_abbreviation(self, dot: int, following: int) -> bool:
        before = self.lower[max(0, dot - 12) : dot + 1]
        if dot and before[-2].isdigit():
            return _ORDINAL_FOLLOWS.match(self.lower, following + (self.lower[following] in "([")) is not None
        found = _ABBREVIATION.search(before)
        return found is not None and not (
            found[0] == "j." or (found[0] in ("min.", "std.", "so.") and self.text[following].isupper())
        )

    def clause_index(self, position: int) -> int:
        """Number of the clause that holds ``position``."""
        return bisect_right(self.starts, position) - 1

    def clause(self, index: int) -> tuple[int, int]:
        """Start and end of a clause."""
        starts = self.starts
        return starts[index], starts[index + 1] if index + 1 < len(starts) else len(self.text)

    def around(self, position: int) -> tuple[int, int]:
        """Start and end of the clause that holds ``position``."""
        return self.clause(self.clause_index(position))

    @cached_property
    def clauses(self) -> list[str]:
        """All clauses in lower case."""
        return [self.lower[slice(*self.clause(index))] for index in range(len(self.starts))]


MAX_MATCHES: Final = 200
"""Most matches of one rule in one text that are looked at."""


def all_matches(pattern: re.Pattern[str], page: Prose) -> Iterator[re.Match[str]]:
    """All matches of a pattern in the lower-case text, as ``finditer`` gives them, without trying it in vain."""
    needs = page.index.needs.get(id(pattern))
    if needs is None:
        LEXICON.learn(pattern)
    elif needs.beginnings:
        return _at(page.begun.get(needs.number, ()), pattern, page.lower)
    elif needs.has_cues and not page.has_cue_of(needs):
        return iter(())
    else:
        return needs.quick.finditer(page.lower)
    return pattern.finditer(page.lower)


def _at(starts: Iterable[tuple[int, object]], pattern: re.Pattern[str], lower: str) -> Iterator[re.Match[str]]:
    end = 0
    for start, _ in starts:
        if start >= end and (match := pattern.match(lower, start)) is not None:
            end = match.end()
            yield match


def matches(pattern: re.Pattern[str], page: Prose) -> Iterator[re.Match[str]]:
    """The first matches of a pattern in the lower-case text."""
    return islice(all_matches(pattern, page), MAX_MATCHES)


def search(pattern: re.Pattern[str], page: Prose) -> re.Match[str] | None:
    """The first match of a pattern in the lower-case text."""
    return next(all_matches(pattern, page), None)


def prose(text: "str | Prose") -> Prose:
    """``text`` as ``Prose``; what is one already passes through."""
    return text if isinstance(text, Prose) else Prose(text)
