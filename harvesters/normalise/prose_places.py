"""Where it happens, as running text says it: "Treffpunkt: Forsthaus, Dorfstr. 3, 17489 Greifswald".

Read only where the source gives no place under a name of its own. A label ("Ort:", "Treffpunkt:") says that the words
behind it are the place. Without one, a whole address (street and number with postcode and town) counts if the text has
one and no other, and nothing before it says that people write, ask or pay there ("Anmeldung: …", "Rechnung an …").
Towns that are merely mentioned are no places: "Künstler aus Anklam".
"""

import re
from bisect import bisect_left
from itertools import islice
from typing import Final

from harvesters.normalise.evidence import Found
from harvesters.normalise.places import PlaceWords, read_place
from harvesters.normalise.text import Prose, matches
from schemas.geography import postcode_known
from schemas.organisation import Place

_LABEL: Final = re.compile(
    r"(?<![\w-])(?:(?:veranstaltungs|lern|kurs|aufführungs|spiel)?ort(?: der (?:veranstaltung|durchführung))?"
    r"|treffpunkt|startpunkt|adresse|wo)(?: (?:ist|für) [\w -]{2,40})?\s?(?::|\?|\n)\s?"
)
_POSTCODE: Final = re.compile(r"(?<![\d.,/-])(?:d[- ]?)?(?P<postcode>\d{5})(?= [a-zäöü])")
_HOUSE: Final = r"\s\d{1,4}\s?[a-z]?(?:\s?[-–/+]\s?\d{1,4}\s?[a-z]?)?"
_STREET: Final = re.compile(rf"[A-ZÄÖÜ][^\d\n,;:]{{2,60}}{_HOUSE}")
_STREET_AT_END: Final = re.compile(
    r"(?:[A-ZÄÖÜ][\w.'’-]*\s){0,3}(?:[A-ZÄÖÜ][\w'’-]*?)?"
    rf"(?:[Ss]traße|[Ss]trasse|[Ss]tr\.|[Ww]eg|[Pp]latz|[Aa]llee|[Gg]asse|[Rr]ing|[Dd]amm|[Uu]fer|[Mm]arkt|[Cc]haussee){_HOUSE}$"
)
_STREET_BEHIND: Final = re.compile(
    rf", ?(?P<street>[A-ZÄÖÜ][\w.'’ -]{{2,50}}?{_HOUSE})(?![\w€%]|[.,:]\d| ?(?:€|Euro|Uhr))"
)
_NOT_HERE: Final = re.compile(
    r"anmeld|kontakt|buchung|buchbar|buchen|reservier|rechnung|anschrift|impressum|\bpost\b|schriftlich|ansprechp|büro|"
    r"\bsitz\b|verwaltung|geschäftsstelle|träger|veranstalter|anbieter|herausgeber|verantwortlich|\binfo|\bfragen\b|"
    r"spende|konto|mail|tel\.|telefon|\bfax|@"
)
"""Words before an address that say what else it is for."""
_PARTED: Final = re.compile(r"\s*[,|·•(\n]\s*|\s[–—]\s")
_TOWN_END: Final = re.compile(
    r"[,;|·•\n()!?:]|\.(?:\s|$)|\s[–—]\s|\s(?!(?:am|an|auf|bei|in|im|ob|der|dem|vor|unter)\b)(?=[a-zäöü]|\d)"
)
_IN_NAMES: Final = re.compile(r"de[rs]|die|das|und|für|am|i[mn]|an|zu[mr]|vo[mn]|bei|&")
"""What is written small within names."""
_NO_NAMES: Final = re.compile(r"(?i)wir|sie|ihr|er|es|hier|dort")
"""What sentences begin with."""
_MAX_LABELLED: Final = 200
_MOST: Final = 30
"""Most labels and most postcodes of a text that are looked at."""
_LINES_ABOVE: Final = 3
_HEADING_WORDS: Final = 4
_BEFORE: Final = 160
"""How far back words are looked at that an address belongs to."""
_MAX_NAME_WORDS: Final = 8


def read_labelled_place(page: Prose, near: str | None, provider: str = "") -> Found[Place] | None:
    """The place behind a label, where all labels of a text lead to one. ``near`` is the Region's official key."""
    found = []
    for label in islice(matches(_LABEL, page), _MOST):
        start = label.end()
        end = min(page.around(start)[1], start + _MAX_LABELLED) if start < len(page.text) else start
        place = _place(page, start, end, near, provider)
        if place is not None and (place.value.postcode or place.value.kreis):
            found.append(Found(place.value, place.evidence, "place.labelled", 0.95 * place.confidence, (start, end)))
    return _only(found)


def read_address(page: Prose, near: str | None) -> Found[Place] | None:
    """The one whole address of a text, of which nothing says that it is for letters, questions or payment."""
    found = []
    for match in islice(matches(_POSTCODE, page), _MOST):
        span = _extent(page, match) if postcode_known(match["postcode"]) else None
        if span is None or _is_elsewhere(page, span[0]):
            continue
        place = _place(page, *span, near)
        if place is not None and place.value.street and place.value.locality:
            found.append(Found(place.value, place.evidence, "place.address_in_text", 0.75, span))
    return _only(found)


def _is_elsewhere(page: Prose, start: int) -> bool:
    """Whether the sentence of an address, or a heading at most three lines above it, says that it is for letters."""
    begin = page.around(start)[0]
    if _NOT_HERE.search(page.lower, begin, start):
        return True
    above = page.lower[max(0, begin - _BEFORE) : begin].split("\n")[-_LINES_ABOVE - 1 : -1]
    return any(_NOT_HERE.search(line) for line in above if line.endswith(":") or line.count(" ") < _HEADING_WORDS)


def _place(page: Prose, start: int, end: int, near: str | None, provider: str = "") -> Found[Place] | None:
    words = page.text[start:end].strip(" \n.;|·•")
    found = read_place(PlaceWords(whole=words.replace("\n", ", ")), near, provider) if words else None
    return Found(found.value, words, found.rule, found.confidence, (start, end)) if found else None


def _only(found: list[Found[Place]]) -> Found[Place] | None:
    """The first, where all are in the same street of the same town."""
    places = {(one.value.postcode, one.value.locality, one.value.street) for one in found}
    return found[0] if len(places) == 1 else None


def _extent(page: Prose, match: re.Match[str]) -> tuple[int, int] | None:
    """Start and end of the address with this postcode, with the house's name before it; ``None`` without a street."""
    text = page.text
    end = _TOWN_END.search(text, match.end() + 1, match.end() + 60)
    town_end = end.start() if end else min(len(text), match.end() + 60)
    if behind := _STREET_BEHIND.match(text, town_end):
        return match.start(), behind.end("street")
    parts = _parts_before(page, match.start())
    if not parts:
        return None
    start, stop = parts[0]
    if not (_STREET.fullmatch(text, start, stop) and _is_name(text[start:stop])):
        street = _STREET_AT_END.search(text, start, stop)
        return (street.start(), town_end) if street else None
    if len(parts) > 1 and _is_name(text[slice(*parts[1])]):
        start = parts[1][0]
    return start, town_end


def _parts_before(page: Prose, position: int) -> list[tuple[int, int]]:
    """The two parts before a position, the nearer first; commas, lines, bars and sentences part, a colon ends."""
    low = max(0, position - _BEFORE, page.text.rfind(":", 0, position) + 1)
    starts = page.starts
    cuts = {low, *(match.end() for match in _PARTED.finditer(page.text, low, position))}
    cuts.update(starts[bisect_left(starts, low) : bisect_left(starts, position)])
    parts: list[tuple[int, int]] = []
    stop = position
    for cut in sorted(cuts, reverse=True):
        words = page.text[cut:stop].rstrip(" ,|·•–—\n(:")
        if words:
            parts.append((cut, cut + len(words)))
            stop = cut
    return parts[:2]


def _is_name(words: str) -> bool:
    """Whether words are a house's name rather than a sentence."""
    written = words.split()
    return (
        0 < len(written) <= _MAX_NAME_WORDS
        and words[0].isupper() | (words[0] in '„"»')
        and not _NO_NAMES.fullmatch(written[0])
        and all(_IN_NAMES.fullmatch(word) or not word[0].islower() or len(word) == 1 for word in written)
    )
