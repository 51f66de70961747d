"""Addresses as providers write them, parted into venue, street, postcode, town and district."""

import re
from dataclasses import dataclass
from typing import NamedTuple

from schemas.geography.mentions import mentions, names_district, whole_name
from schemas.geography.names import place_name, split_district
from schemas.geography.places import Candidate, bearers, resolve, within

_MAX_ADDRESS = 500
_MAX_WORDS = 6
_MAX_UNKNOWN_WORDS = 4
_CLEARLY_LARGER = 5

_POSTCODE = re.compile(r"(?<![\d.,/-])(?:D[- ]?)?(\d{5})(?=\s+[A-ZÄÖÜ]|\s*$)")
_SEGMENT = re.compile(r"\s*[,;|•·\n]\s*|\s+[–—/]\s+")
_LEAD = re.compile(r"(?:in|bei|nach|nahe|Ort:|Standort:?)\s+")
_LINK_AT_END = re.compile(r"(?:^|\s)(?:in|bei|nahe|an|im|am)$")
_TITLE = re.compile(
    r"(?:(?:Universitäts-\s+und\s+)?(?:Hansestadt|Stadt|Gemeinde|(?:Ost|Nord)?see(?:heil)?bad|Seebad|Landeshauptstadt|Kurort)\s+)+",
    re.IGNORECASE,
)

_NUMBERED = re.compile(r"[A-ZÄÖÜ][^\d]{2,60}\s\d{1,4}\s?[a-zA-Z]?(?:\s?[-–/+]\s?\d{1,4}\s?[a-zA-Z]?)?")
_ROOM = re.compile(
    r"(?:Raum|Halle|Haus|Saal|Gebäude|Zimmer|Gleis|Etage|Tor|Eingang|Gruppe|Hörsaal|Kita|Schule|Bus|Linie)\b"
)
_UNNUMBERED = re.compile(
    r"(?:[Aa]m|[Aa]n de[rnm]|[Aa]uf de[rm]|[Ii]m|[Ii]n de[rn]|[Zz]u[mr]|[Hh]inter de[rm]|[Vv]or de[rm])\s\S+(?:\s\S+)?"
    r"|(?:[A-ZÄÖÜ]\S*er\s)?[A-ZÄÖÜ]\S*(?:straße|strasse|str\.|weg|allee|platz|gasse|damm|chaussee|promenade|markt|twiete)"
    r"|(?:[A-ZÄÖÜ]\S*er\s)?(?:Straße|Str\.|Platz|Weg|Allee|Markt|Chaussee|Damm)"
)


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of an address as written; each may be missing."""

    venue: str | None = None
    """House or meeting point, for instance "Museum am Hansering"."""
    street: str | None = None
    """Street and number, for instance "Dyckburger Str. 224"."""
    postcode: str | None = None
    """Five digits."""
    locality: str | None = None
    """Town or village, without a title before it: "Lubmin" of "Seebad Lubmin"."""
    district: str | None = None
    """Part of the town, for instance "Coerde" of "Münster-Coerde" or "Freest" of "Kröslin OT Freest"."""


class _Named(NamedTuple):
    """A segment that is the name of a place, without a leading "in"."""

    position: int
    written: str
    candidate: Candidate


def parse_address(text: str, near: str | None = None) -> Address:
    """Part an address line. `near` is the official key of the Region; reads 500 characters at most.

    Without a postcode the town is found by name; several towns leave it unknown, unless one is clearly a
    district. A town whose name has several bearers is given as written; `locate` then decides whether it can be placed.

    >>> parse_address("Kita „wert-voll“, Kiesekampweg 8, Münster-Coerde")
    Address(venue='Kita „wert-voll“', street='Kiesekampweg 8', postcode=None, locality='Münster', district='Coerde')
    """
    text = text[:_MAX_ADDRESS].strip()
    segments = [part for part in _SEGMENT.split(text) if part]
    for i, segment in enumerate(segments):
        match = _POSTCODE.search(segment)
        if match:
            return _with_postcode(segments, i, match, near)
    return _without_postcode(text, segments, near)


def _with_postcode(segments: list[str], i: int, match: re.Match[str], near: str | None) -> Address:
    before = _LINK_AT_END.sub("", segments[i][: match.start()].strip()).strip()
    behind, others = segments[i][match.end() :].strip(), [*segments[:i], before, *segments[i + 1 :]]
    if not behind and i + 1 < len(segments):  # "48157, Münster"
        behind, others = segments[i + 1], [*segments[:i], before, *segments[i + 2 :]]
    town, district = split_district(behind)
    locality, candidate = _town_at_start(town, match.group(1), near)
    if candidate is None or locality is None:
        return _address(others, match.group(1), locality, district)
    rest, repeated = _without_town(others, candidate, near)
    district = district or _district(locality, candidate) or repeated
    return _address(rest, match.group(1), _without_title(locality, candidate, district), district)


def _town_at_start(text: str, postcode: str, near: str | None) -> tuple[str | None, Candidate | None]:
    """The longest known name at the start of a text; else the text itself if it is short and without figures."""
    words = list(re.finditer(r"\S+", text))
    for length in range(min(len(words), _MAX_WORDS), 0, -1):
        written = text[: words[length - 1].end()].rstrip(".:!")
        candidate = resolve(place_name(written), near=near, postcode=postcode, strict=True) or (
            whole_name(written, near) if length == 1 else None
        )
        if candidate is not None:
            return written, candidate
    plain = 0 < len(words) <= _MAX_UNKNOWN_WORDS and not any(c.isdigit() for c in text)
    return (text if plain else None), None


def _without_postcode(text: str, segments: list[str], near: str | None) -> Address:
    named: list[_Named] = []
    for i, segment in enumerate(segments):
        written = _LEAD.sub("", segment, count=1)
        candidate = None if _is_street(written) else whole_name(split_district(written)[0], near)
        if candidate is not None:
            named.append(_Named(i, written, candidate))
    if named:
        places = [each for each in named if near and within(each.candidate.key, near)] or named
        town = _town_of(places)
        if town is None or not _only_town(town.candidate, segments, places, near):
            return _address(segments, None, None, None)
        return _with_town(segments, town, places, near)
    unsure = [s for s in segments if near and any(within(c.key, near) for c in bearers(place_name(s)))]
    if len(unsure) == 1:
        return _address([segment for segment in segments if segment != unsure[0]], None, unsure[0], None)
    found = list(mentions(text, near))
    if len({candidate.key for _, _, candidate in found}) != 1:
        return _address(segments, None, None, None)
    start, end, candidate = found[0]
    written = text[start:end]
    rest, repeated = _without_town(segments, candidate, near)
    district = split_district(_SEGMENT.split(text[start:])[0])[1] or _district(written, candidate) or repeated
    return _address(rest, None, _without_title(written, candidate, district), district)


def _with_town(segments: list[str], town: _Named, places: list[_Named], near: str | None) -> Address:
    whole, district = split_district(town.written)
    other = next((each.position for each in places if each.candidate.key != town.candidate.key), None)
    others = [segment for i, segment in enumerate(segments) if i not in (town.position, other)]
    rest, repeated = _without_town(others, town.candidate, near)
    district = district or _district(whole, town.candidate) or repeated
    if other is not None:  # a place inside the town: its district, unless that is known already
        district, rest = (segments[other], rest) if district is None else (district, [segments[other], *rest])
    return _address(rest, None, _without_title(whole, town.candidate, district), district)


def _without_town(segments: list[str], town: Candidate, near: str | None) -> tuple[list[str], str | None]:
    """The segments that do more than name the town again, and the district that such a repetition adds."""
    rest, district = [], None
    for segment in segments:
        whole, part = split_district(_POSTCODE.sub("", segment).strip())
        again = whole_name(whole, near or town.kreis) if whole and not _is_street(whole) else None
        if again is not None and again.key == town.key:
            district = district or part or _district(whole, town)
        else:
            rest.append(segment)
    return rest, district


def _town_of(named: list[_Named]) -> _Named | None:
    """The town among segments that are names of places: the only one, or of two the clearly larger, else the last."""
    if len({each.candidate.key for each in named}) > 2:
        return None
    first, last = named[0], named[-1]
    return first if first.candidate.population >= _CLEARLY_LARGER * last.candidate.population else last


def _only_town(town: Candidate, segments: list[str], places: list[_Named], near: str | None) -> bool:
    """Whether the other segments name no further town ("Kinos in Greifswald, Wolgast"), a district at most."""
    positions, keys = {each.position for each in places}, {each.candidate.key for each in places}
    rest = (segment for i, segment in enumerate(segments) if i not in positions)
    others = {c.key: c for segment in rest for _, _, c in mentions(segment, near) if c.key not in keys}
    larger = all(town.population >= _CLEARLY_LARGER * other.population for other in others.values())
    return larger and len(keys) + len(others) <= 2


def _district(written: str, candidate: Candidate) -> str | None:
    """What follows the town in "Münster-Coerde"."""
    first, hyphen, second = written.partition("-")
    while hyphen:
        if place_name(first).without_title().head == place_name(candidate.name).head:
            return second.strip() or None if names_district(written) else None
        more, hyphen, rest = second.partition("-")
        first, second = f"{first}-{more}", rest
    return None


def _without_title(written: str, candidate: Candidate, district: str | None) -> str:
    """The town as written, without "Seebad" before it, and without its district or house behind a hyphen."""
    if district and written.endswith(f"-{district}"):
        written = written[: -len(district) - 1]
    elif not names_district(written):
        written = written.rpartition("-")[0]
    if place_name(written).head == place_name(candidate.name).head:
        return written
    return _TITLE.sub("", written, count=1) or written


def _address(segments: list[str], postcode: str | None, locality: str | None, district: str | None) -> Address:
    rest = [segment.strip() for segment in segments if segment.strip()]
    street = next((s for s in rest if _NUMBERED.fullmatch(s) and not _ROOM.match(s)), None)
    if street is None:
        street = next((s for s in rest if _is_street(s)), None)
    venue = next((s for s in rest if s != street and any(c.isalpha() for c in s)), None)
    return Address(venue, street, postcode, locality, district)


def _is_street(segment: str) -> bool:
    return bool(_UNNUMBERED.fullmatch(segment)) or bool(_NUMBERED.fullmatch(segment) and not _ROOM.match(segment))
