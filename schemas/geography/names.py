"""Spellings of place names: folding, parts, abbreviations. Pure text, no tables."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "oe", "ł": "l"})

# Between the name proper and what tells namesakes apart: "Frankfurt am Main", "Halle a. d. S.".
_CONNECTING_WORDS = """
    a ad am an auf b bei bzw d dem den der die i im in m nahe o ob u unter v van vom von vor zu zum zur
"""
_CONNECTIVES = frozenset(_CONNECTING_WORDS.split())

# Titles that are put before (or, after a comma, behind) a name and are not part of it.
_TITLE_WORDS = """
    stadt gemeinde markt marktgemeinde flecken dorf hansestadt landeshauptstadt kreisstadt universitaetsstadt
    universitaets hochschulstadt lutherstadt reuterstadt barlachstadt muenchhausenstadt kurort luftkurort
    erholungsort inselgemeinde seebad ostseebad nordseebad seeheilbad ostseeheilbad nordseeheilbad heilbad
    bergstadt welterbestadt klingenstadt freie und kreisfreie grosse hauptstadt bundesstadt wissenschaftsstadt
"""
_TITLES = frozenset(_TITLE_WORDS.split())

_QUALIFIER = re.compile(r"[(/,]")
_WORD = re.compile(r"[a-z0-9]+")
_PART_OF = re.compile(r"[\s,(]+(?:OT|Ortsteil|Stadtteil|Ortschaft)\.?:?\s+", re.IGNORECASE)
_MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class PlaceName:
    """A folded place name: the words of the name proper, and those that tell namesakes apart (may be empty)."""

    head: tuple[str, ...]
    tail: tuple[str, ...]

    def without_title(self) -> "PlaceName":
        """The same without leading titles ("Seebad Lubmin" → "Lubmin"); unchanged where nothing would remain."""
        start = next((i for i, word in enumerate(self.head) if word not in _TITLES), 0)
        return PlaceName(self.head[start:], self.tail)


def fold(text: str) -> str:
    """Lower case, umlauts written out, other accents removed; punctuation is kept.

    >>> fold("Löcknitz, GROẞ Běła")
    'loecknitz, gross bela'
    """
    spelled = unicodedata.normalize("NFC", text).casefold().translate(_UMLAUTS)
    if spelled.isascii():
        return spelled
    return "".join(c for c in unicodedata.normalize("NFKD", spelled) if not unicodedata.combining(c))


@lru_cache(maxsize=65536)
def place_name(text: str) -> PlaceName:
    """Part a place name into name proper and qualifier; longer texts are cut at 200 characters.

    >>> place_name("Stolpe a. d. Peene")
    PlaceName(head=('stolpe',), tail=('peene',))
    >>> place_name("St. Peter-Ording")
    PlaceName(head=('sankt', 'peter', 'ording'), tail=())
    >>> place_name("Seebad Lubmin").without_title().head
    ('lubmin',)
    """
    folded = fold(text[:_MAX_NAME]).strip()
    cut = next((match.start() for match in _QUALIFIER.finditer(folded) if match.start() > 0), len(folded))
    words = [_expand(word) for word in _WORD.findall(folded[:cut])]
    split = next((i for i, word in enumerate(words) if i > 0 and word in _CONNECTIVES), len(words))
    behind = words[split:] + [_expand(word) for word in _WORD.findall(folded[cut:])]
    last = len(behind) - 1  # never a connective: "Frankfurt a. M.", "Frankfurt (O.)"
    tail = tuple(
        word for i, word in enumerate(behind) if (i == last or word not in _CONNECTIVES) and word not in _TITLES
    )
    return PlaceName(tuple(words[:split]), tail)


def split_district(text: str) -> tuple[str, str | None]:
    """Part off a named district.

    >>> split_district("Kröslin OT Freest")
    ('Kröslin', 'Freest')
    >>> split_district("Greifswald")
    ('Greifswald', None)
    """
    match = _PART_OF.search(text[:_MAX_NAME])
    if match is None:
        return text, None
    return text[: match.start()].strip(), text[match.end() :].strip(" ,)") or None


def abbreviates(short: str, full: str) -> bool:
    """Whether one folded word may stand for another: same first letter, and its letters appear in the other in order.

    >>> abbreviates("um", "uckermark"), abbreviates("oldb", "oldenburg"), abbreviates("main", "oder")
    (True, True, False)
    """
    if short[:1] != full[:1]:
        return False
    letters = iter(full)
    return all(letter in letters for letter in short)


def _expand(word: str) -> str:
    return "sankt" if word in ("st", "skt") else word
