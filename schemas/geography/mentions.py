"""Names of places inside German text. Work grows with the length of the text only."""

import re
from collections.abc import Iterator

from schemas.geography.names import PlaceName, fold, place_name
from schemas.geography.places import Candidate, find_place, resolve, within
from schemas.geography.tables import Municipality

_MAX_WORDS = 6

# Names of municipalities that are words of everyday German: they are a place only beside a postcode or after "in".
_EVERYDAY_WORDS = """
    au aue bach backen bad berg brand bruch bruecken buch buchen burg damm dorf ecke eichen ernst essen feld
    fischen forst fuessen garten gold grund haar hafen hagel hain halle halt hammer hard haus heide heim hof
    holz horn horst hude husten insel jade kamp kessel kirche kirchen koerner kranz kreuz kuchen kugel lachen
    land laufen leben leer leiter linde linden mark markt mauer moor muehle nebel nest neu nieden norden nuss
    osten ostern paar park perl pfahl post quelle rand rat rauch reiher roth ruhe sand schnee schule see
    sieben singen speicher spiegel spiele stadt stein stelle stelzen strand tal tann tanne viereck wald waren
    wasser weg weide weiden weiler welt werder westen wiese wiesen winter wurst zange zelt zoo
"""
_EVERYDAY = frozenset(_EVERYDAY_WORDS.split())
_AREA_PARTS = frozenset(("land", "nord", "sued", "ost", "west", "umland", "mitte"))
_HOUSE_WORDS = """
    info information tourismus touristinformation marketing zentrum treff haus halle arena museum theater kirche bahnhof
    hafen strand zoo bad kita schule bibliothek
"""
_HOUSES = frozenset(_HOUSE_WORDS.split())
_LEADS_TO_PLACE = re.compile(r"(?:^|\s)(?:in|aus|nach|bei|Stadt|Gemeinde|OT|Ortsteil|Standort)\s+$")
_NOT_THE_PLACE = re.compile(
    r"(?:^|\s)(?:auf|Auf|Insel|Amt|Amtsbereich|Landkreis|Kreis|Altkreis|Samtgemeinde|Verbandsgemeinde|Familie|Frau|Herr|Dr\.)\s+$"
)
_POSTCODE_BEFORE = re.compile(r"(?<!\d)(\d{5})\s+$")
_WORD = re.compile(r"\S+")
_BREAK = re.compile(r"[,;|•·\n]")
_PART_BEFORE = re.compile(r"(?:^|[,;|•·\n]) *$")
_PART_BEHIND = re.compile(r" *(?:[,;|•·\n]|$)")
_OPENING = "(„“\"'»‚["
_CLOSING = ".,;:!?“”\"'«’]"
_LOOK_BACK = 24
_MAX_NAME = 80
_MAX_ADDRESS_LINE = 160


def find_places(text: str, near: str | None = None) -> list[tuple[int, int, Municipality]]:
    """Names of municipalities in a text, as (start, end, municipality), in order and without overlap.

    The longest name wins ("Stolpe an der Peene"). A capitalised word is taken for a place if a postcode stands before
    it, if it lies in `near` (official key of the Region), or if it fills a part of the text between commas and has
    one bearer only. Everyday words ("Wald", "Essen") need the postcode, or `near` together with "in", "aus", "nach"
    or "bei"; names of areas ("Amt Usedom-Süd", "auf Usedom") are no municipalities.
    """
    return [
        (start, end, candidate.municipality)
        for start, end, candidate in mentions(text, near)
        if candidate.municipality is not None
    ]


def mentions(text: str, near: str | None = None) -> Iterator[tuple[int, int, Candidate]]:
    """As `find_places`, with places that are no municipality of their own."""
    words = list(_WORD.finditer(text))
    i = 0
    while i < len(words):
        longest = next(_from_word(text, words, i, near), None)
        if longest is None:
            i += 1
            continue
        start, end, candidate = longest
        yield start, end, candidate
        while i < len(words) and words[i].start() < end:
            i += 1


def whole_name(text: str, near: str | None = None) -> Candidate | None:
    """The place of which a text is the name and nothing else; everyday words are none, unless they lie in `near`."""
    candidate = find_place(text, near=near, strict=True)
    if candidate is None or not names_district(text):
        return None
    if near and within(candidate.key, near):
        return candidate
    return None if _is_everyday(text) else candidate


def _from_word(text: str, words: list[re.Match[str]], i: int, near: str | None) -> Iterator[tuple[int, int, Candidate]]:
    first = words[i].group()
    start = words[i].start() + len(first) - len(first.lstrip(_OPENING))
    if not text[start : start + 1].isupper():
        return
    before = text[max(0, start - _LOOK_BACK) : start]
    for last in range(min(i + _MAX_WORDS, len(words)) - 1, i - 1, -1):
        if last > i and not words[last].group().lstrip(_OPENING)[:1].isupper():
            continue
        raw = text[start : words[last].end()].rstrip(_CLOSING)
        name = raw[:-1] if raw.endswith(")") and "(" not in raw else raw
        if 0 < len(name) <= _MAX_NAME and not _BREAK.search(name):
            candidate = _accepted(text, start, start + len(name), before, near)
            if candidate is not None:
                yield start, start + len(name), candidate


def _accepted(text: str, start: int, end: int, before: str, near: str | None) -> Candidate | None:
    written = text[start:end]
    if _NOT_THE_PLACE.search(before) or _last_part(written) in _AREA_PARTS:
        return None
    postcode = _POSTCODE_BEFORE.search(before)
    name = place_name(written)
    candidate = resolve(name, near=near, postcode=postcode.group(1) if postcode else None, strict=True)
    if candidate is None and "-" in written and " " not in written:
        candidate = find_place(written, near=near)
    if candidate is None or postcode:
        return candidate
    everyday = _is_everyday(written)
    if near and within(candidate.key, near):
        return candidate if not everyday or _LEADS_TO_PLACE.search(before) else None
    if len(text) > _MAX_ADDRESS_LINE:
        return None
    alone = _PART_BEFORE.search(before) is not None and _PART_BEHIND.match(text, end) is not None
    return candidate if alone and not everyday else None


def _is_everyday(written: str) -> bool:
    name = place_name(written)
    return bool(name.head) and name.head[0] in _EVERYDAY and (name == PlaceName(name.head[:1], ()) or "-" in written)


def names_district(written: str) -> bool:
    """Whether what follows a hyphen may be a district: not in "Greifswald-Land", nor in "Greifswald-Information"."""
    return _last_part(written) not in _AREA_PARTS | _HOUSES


def _last_part(written: str) -> str:
    """The folded word behind the last hyphen, or an empty one."""
    return fold(written.rpartition("-")[2]).strip(_CLOSING) if "-" in written else ""
