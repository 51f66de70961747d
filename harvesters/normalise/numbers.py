"""German numbers: digits with decimal comma, fractions, and number words up to a hundred."""

import re
from typing import Final

_UNITS: Final = [
    "null",
    "ein",
    "zwei",
    "drei",
    "vier",
    "fünf",
    "sechs",
    "sieben",
    "acht",
    "neun",
    "zehn",
    "elf",
    "zwölf",
    "dreizehn",
    "vierzehn",
    "fünfzehn",
    "sechzehn",
    "siebzehn",
    "achtzehn",
    "neunzehn",
    "zwanzig",
]
WORDS: Final[dict[str, float]] = {
    **{word: float(value) for value, word in enumerate(_UNITS) if value},
    **{f"{word}einhalb": value + 0.5 for value, word in enumerate(_UNITS) if 1 <= value <= 12},
    **dict.fromkeys(("eine", "einen", "einem", "einer", "eines", "eins"), 1.0),
    **{"anderthalb": 1.5, "anderthalbe": 1.5, "zwo": 2.0, "zweier": 2.0, "fünfundzwanzig": 25.0, "dreißig": 30.0},
    **{
        "vierzig": 40.0,
        "fünfzig": 50.0,
        "sechzig": 60.0,
        "siebzig": 70.0,
        "achtzig": 80.0,
        "neunzig": 90.0,
        "hundert": 100.0,
    },
}
"""Number words in lower case."""
_FRACTIONS: Final = {"½": 0.5, "¼": 0.25, "¾": 0.75, "1/2": 0.5, "1/4": 0.25, "3/4": 0.75}

_ALTERNATIVES: Final = "|".join(sorted(WORDS, key=len, reverse=True))
NUMBER: Final = rf"(?:\d{{1,4}}(?:,\d{{1,2}})?(?: ?[½¼¾]| 1/2| 3/4)?|[½¼¾]|(?:{_ALTERNATIVES})(?![\wäöüß]))"
"""Pattern of a number in lower-case text; ``parse`` understands what it matches."""
START: Final = r"(?<![\wäöüß.,:/+–-])"
"""What may not stand before a number."""
_MIXED: Final = re.compile(r"(\d{1,4}) ?([½¼¾]|1/2|3/4)")


def parse(text: str) -> float:
    """The value of what ``NUMBER`` matched; raises ``ValueError`` for anything else.

    >>> parse("1 ¾"), parse("2,50"), parse("fünfeinhalb")
    (1.75, 2.5, 5.5)
    """
    if text in WORDS:
        return WORDS[text]
    if text in _FRACTIONS:
        return _FRACTIONS[text]
    mixed = _MIXED.fullmatch(text)
    if mixed:
        return int(mixed[1]) + _FRACTIONS[mixed[2]]
    return float(text.replace(",", "."))


def whole(text: str) -> int | None:
    """The value of what ``NUMBER`` matched where it is a whole number."""
    value = parse(text)
    return int(value) if value == int(value) else None
