"""From the words of a service area to official municipalities or a circle.

What a register or a distance settles is taken exactly: "Amt Am Peenestrom und Stadt Wolgast" is a set. What words draw
only roughly ("Raum", "zwischen A und B", "und Umland") gives the municipalities that are surely meant, marked unsure;
where not even that is honest ("nördlich der Linie …", "Nordosten") nothing but the words is kept.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from itertools import pairwise
from typing import Final

from schemas.geography import (
    Municipality,
    Point,
    association_members,
    associations,
    distance_km,
    find_places,
    former_kreise,
    islands,
    municipalities_in,
    municipalities_within,
)
from schemas.geography.names import fold
from schemas.geography.tables import kreise, laender
from schemas.offer import ServiceArea
from schemas.organisation import Place

_MAX_WORDS: Final = 400
_MAX_NAME_WORDS: Final = 5
_TOWN_KM: Final = 5.0
"""A way between towns reaches the municipalities whose centre is this near to it."""
_AROUND_KM: Final = 12.0
"""What "Raum", "Region", "Umland" of a town surely hold."""
_STEP_KM: Final = 6.0

_DIRECTION: Final = re.compile(
    r"\b(?:nörd|süd|öst|west)(?:öst|west)?lich\b|\b(?:nord|süd)(?:ost|west)?en\b|\b(?:ost|west)en\b", re.I
)
_AROUND: Final = re.compile(r"\b(?:(?:rund )?um|umkreis|umland|umgebung|raum|region|gebiet)\b", re.I)
_CHAIN: Final = re.compile(r"\b(?:von|zwischen|linie)\b|\bbis (?!zu |\d)|\w\s?–\s?[A-ZÄÖÜ]", re.I)
_DISTANCE: Final = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:[.,]\d)?)\s?(?:km|kilometern?)\b", re.I)
_CENTRE: Final = re.compile(
    r"(?:\s(?:im )?(?:umkreis|radius))?\s(?:rund um|um|ab|von)\s(?:(?:die )?(?:hanse)?stadt )?", re.I
)
_EXCEPT: Final = re.compile(r"\b(?:außer|außerhalb|ohne|ausgenommen|mit ausnahme (?:von|der|des)|nicht)\b", re.I)
_OWN_KREIS: Final = re.compile(
    r"\b(?:(?:land)?kreisweit|(?:gan|gesamt|komplett)\w{1,4}\s(?:land)?kreis(?:es|gebiet)?|"
    r"(?:im|unser\w{0,2}|den|des)\s(?:land)?kreis(?:es|gebiet)?)\b(?!\s(?-i:[A-ZÄÖÜ]))",
    re.I,
)
_OWN_LAND: Final = re.compile(r"\b(?:landesweit|im (?:ganzen|gesamten) bundesland|im ganzen land)\b", re.I)
_COUNTRY: Final = re.compile(r"\b(?:bundesweit|deutschlandweit|(?:in )?ganz deutschland)\b", re.I)
_KIND: Final = re.compile(
    r"(?<![\w-])(?:(?P<association>(?:Amts|Ämter|Amtes|Amt)(?:bereichs?|gebiets?)?|Samtgemeinden?|Verbandsgemeinden?|"
    r"Verwaltungsgemeinschaften?|Verwaltungsverband\w{0,2}|Gemeindeverwaltungsverband\w{0,2}|VG|SG)|"
    r"(?P<former>(?:Alt|ehemaligen? (?:Land)?|früheren? (?:Land)?)kreis(?:e[ns]?)?)|"
    r"(?P<kreis>(?:Land)?Kreis(?:e[ns]?)?|Lkr\.|LK)|(?P<island>(?:Halb)?Inseln?|auf(?: ganz)?))\s+",
    re.I,
)
_NAME: Final = re.compile(r"[A-ZÄÖÜ][\w./()-]*(?: [\w./()-]+){0,4}")
_NEXT: Final = re.compile(r"(?:\s?,\s*|\s(?:und|sowie|oder|&)\s)(?=[A-ZÄÖÜ])")
_WORD: Final = re.compile(r"\w+")
_FILLER_WORDS: Final = """
    auch alle allen aller am an auf bei bis ca das dem den der des die dort einschließlich einsatzgebiet einzugsgebiet
    etwa fahren fahrgebiet für ganz ganze ganzen ganzes gebiet gemeinde gemeinden gern gerne gesamt gesamte gesamten
    hansestadt höchstens im in inkl inklusive innerhalb ist kilometer kindergärten kita kitas km kommen max maximal mit
    oder orte orten radius raum region rund sind sowie stadt stadtgebiet städte städten um umfasst umgebung umkreis
    umland und unser unsere unterwegs von wir zu zum zur
"""
_FILLERS: Final = frozenset(_FILLER_WORDS.split())


@dataclass
class _Named:
    """What words name."""

    keys: list[str] = field(default_factory=list)
    towns: list[tuple[int, Municipality]] = field(default_factory=list)
    """With the place of the name in the words."""
    rest: str = ""
    """The words without these names, every character at its old place."""

    @property
    def sure(self) -> bool:
        """Whether nothing else is said."""
        return all(word in _FILLERS or word.isdigit() for word in _WORD.findall(self.rest.lower()))


@lru_cache(maxsize=4096)
def area_of(
    words: str, *, near: str | None = None, radius_km: float | None = None, place: Place | None = None
) -> ServiceArea:
    """The area that words mean; ``near`` is the key of the Region, ``place`` that of the provider.

    >>> area_of("Amt Am Peenestrom und Stadt Wolgast", near="13075").sure
    True
    >>> area_of("Landkreise Plön und Ostholstein").municipalities
    ('01055', '01057')
    """
    words = words.strip()[:_MAX_WORDS]
    stated = ServiceArea(words=words, radius_km=radius_km)
    if _DIRECTION.search(words):
        return stated
    spaced = words.replace("–", ", ")
    except_at = _EXCEPT.search(spaced)
    excluded = _read(spaced[except_at.end() :], near) if except_at else _Named()
    taken_out = [*excluded.keys, *(town.ags for _, town in excluded.towns)]
    if except_at and not _WORD.search(spaced, except_at.end()):  # "bundesweit nicht": whatever is named is denied
        return stated
    if not taken_out or _DISTANCE.search(excluded.rest):  # "ohne Fahrtkosten bis 40 km ab …" takes nothing out
        except_at, taken_out = None, []
    named = _read(spaced[: except_at.start()] if except_at else spaced, near)
    if radius_km is not None and (centre := _centre(named)) is not None:
        others = _without([*named.keys, *(t.ags for _, t in named.towns if t != centre)], taken_out)
        return stated.model_copy(
            update={
                "municipalities": others,
                "lat": centre.point.lat,
                "lon": centre.point.lon,
                "sure": named.sure and not except_at,
            }
        )
    if not named.keys and not named.towns:
        if radius_km is not None and place is not None and place.lat is not None:
            return stated.model_copy(update={"lat": place.lat, "lon": place.lon})
        return stated
    towns = [town for _, town in named.towns]
    rough = bool(towns) and _is_rough(words, radius_km)
    drawn = _drawn(towns, words, radius_km) if rough else [town.ags for town in towns]
    sure = named.sure and not rough and radius_km is None and ((excluded.sure and bool(taken_out)) or not except_at)
    return stated.model_copy(update={"municipalities": _without([*named.keys, *drawn], taken_out), "sure": sure})


def _is_rough(words: str, radius_km: float | None) -> bool:
    return radius_km is not None or bool(_AROUND.search(words) or _CHAIN.search(words))


def _centre(named: _Named) -> Municipality | None:
    """The town that a distance is measured from: the one behind it, else the only one where no other area is named."""
    for distance in _DISTANCE.finditer(named.rest):
        link = _CENTRE.match(named.rest, distance.end())
        if link is not None and not ("von" in link[0].lower() and " bis " in named.rest[link.end() :].lower()):
            for at, town in named.towns:
                if distance.end() < at <= link.end():
                    return town
    return named.towns[0][1] if len(named.towns) == 1 and not named.keys else None


def _drawn(towns: list[Municipality], words: str, radius_km: float | None) -> list[str]:
    """Municipalities around towns, and on the ways between them where the words say "von … bis"."""
    reach = _AROUND_KM if radius_km or _AROUND.search(words) else _TOWN_KM
    points = [town.point for town in towns]
    if _CHAIN.search(words):
        points = [*points, *_between(points)]
    reach = min(reach, radius_km or reach)
    near = {m.ags for point in points for m in municipalities_within(point, reach)}
    return sorted(near | {town.ags for town in towns})


def _between(points: list[Point]) -> Iterator[Point]:
    """Points every few kilometres on the straight ways between neighbours in the text."""
    for one, other in pairwise(points):
        steps = int(distance_km(one, other) // _STEP_KM) + 1
        for step in range(1, steps):
            share = step / steps
            yield Point(one.lat + (other.lat - one.lat) * share, one.lon + (other.lon - one.lon) * share)


def _without(keys: Iterable[str], taken_out: list[str]) -> tuple[str, ...]:
    """Keys in order and once each; of a Kreis or Land from which something is taken out, its other municipalities."""
    kept: set[str] = set()
    for key in keys:
        if any(out.startswith(key) for out in taken_out):
            kept |= {m.ags for m in municipalities_in(key)}
        else:
            kept.add(key)
    kept = {key for key in kept if not any(key.startswith(out) for out in taken_out)}
    return tuple(sorted(key for key in kept if not any(key != other and key.startswith(other) for other in kept)))


def _read(words: str, near: str | None) -> _Named:
    named = _Named(rest=words)
    _read_kinds(named, near)
    _read_bare(named, near)
    for start, end, town in find_places(named.rest, near):
        named.towns.append((start, town))
        _take(named, start, end)
    return named


def _take(named: _Named, start: int, end: int) -> None:
    named.rest = named.rest[:start] + " " * (end - start) + named.rest[end:]


def _read_kinds(named: _Named, near: str | None) -> None:
    """Names behind their kind: "Amt …", "Landkreise … und …", "Altkreis …", "Insel …"."""
    for kind in _KIND.finditer(named.rest):
        position = kind.end()
        found = _name_of(kind.lastgroup or "", named.rest, position, near)
        while found is not None:
            keys, end = found
            named.keys += keys
            _take(named, kind.start(), end)
            following = _NEXT.match(named.rest, end)
            position = following.end() if following else len(named.rest)
            found = _name_of(kind.lastgroup or "", named.rest, position, near) if following else None


def _name_of(kind: str, text: str, position: int, near: str | None) -> tuple[tuple[str, ...], int] | None:
    """The longest known name at a position, as its keys and its end."""
    match = _NAME.match(text, position)
    if match is None:
        return None
    parts = match[0].split(" ")
    for count in range(min(len(parts), _MAX_NAME_WORDS), 0, -1):
        written = " ".join(parts[:count]).rstrip(".)")
        keys = _KINDS[kind](fold(written), near)
        if keys:
            return keys, position + len(written)
    return None


def _read_bare(named: _Named, near: str | None) -> None:
    """Names that need no kind before them, and the own Kreis, Land and country."""
    own = near or ""
    for pattern, keys in (
        (_COUNTRY, tuple(laender())),
        (_OWN_LAND, (own[:2],) if own else ()),
        (_OWN_KREIS, (own[:5],) if len(own) >= 5 else ()),
    ):
        if keys and (match := pattern.search(named.rest)):
            named.keys += keys
            _take(named, *match.span())
    names = _bare_names(own[:5])
    for match in list(_bare_pattern(own[:5]).finditer(named.rest)):
        named.keys += names[match[0]]
        _take(named, *match.span())


@cache
def _bare_names(kreis: str) -> Mapping[str, tuple[str, ...]]:
    """Länder, Kreise and associations of a Kreis whose names cannot be those of towns."""
    found: dict[str, tuple[str, ...]] = {
        name: (key,) for key, (name, _) in laender().items() if key not in _CITY_STATES
    }
    found |= {each.name: (key,) for key, each in kreise().items() if _is_compound(each.name)}
    if len(kreis) == 5:
        for key, association in associations().items():
            if key.startswith(kreis) and not association.name.isalpha():
                found[association.name] = tuple(m.ags for m in association_members(key))
    return found


_CITY_STATES: Final = ("02", "04", "11")


def _is_compound(name: str) -> bool:
    return re.fullmatch(r"[A-ZÄÖÜ][\wäöüß]+(?:-[A-ZÄÖÜ][\wäöüß]+)+(?:-Kreis)?", name) is not None and not any(
        m.name.startswith(name) for m in municipalities_in("")
    )


@cache
def _bare_pattern(kreis: str) -> re.Pattern[str]:
    names = sorted(_bare_names(kreis), key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, names))})(?![\w-]| an der )")


def _nearest(candidates: tuple[str, ...], near: str | None) -> str | None:
    """The one key, or the one in the Region, or in its Land."""
    for prefix in dict.fromkeys(((near or "")[:5], (near or "")[:2], "")):
        inside = [key for key in candidates if key.startswith(prefix)]
        if len(inside) == 1:
            return inside[0]
    return None


@cache
def _association_names() -> dict[str, tuple[str, ...]]:
    names: dict[str, list[str]] = {}
    for key, association in associations().items():
        names.setdefault(fold(association.name).removeprefix("amt "), []).append(key)
    return {name: tuple(keys) for name, keys in names.items()}


@cache
def _kreis_names() -> dict[str, tuple[str, ...]]:
    names: dict[str, list[str]] = {}
    for key, each in kreise().items():
        names.setdefault(fold(re.sub(r"^(?:Landkreis|Kreis)\s|,.*$", "", each.name)), []).append(key)
    return {name: tuple(keys) for name, keys in names.items()}


def _association(name: str, near: str | None) -> tuple[str, ...]:
    key = _nearest(_association_names().get(name, ()), near)
    return tuple(m.ags for m in association_members(key)) if key else ()


def _kreis(name: str, near: str | None) -> tuple[str, ...]:
    """Behind "Kreis" a Landkreis is meant where a city bears the same name ("Landkreis Rostock")."""
    keys = _kreis_names().get(name, ())
    rural = tuple(key for key in keys if "stadt" not in kreise()[key].kind.lower())
    key = _nearest(rural or keys, near)
    return (key,) if key else ()


_KINDS: Final[Mapping[str, Callable[[str, str | None], tuple[str, ...]]]] = {
    "association": _association,
    "kreis": _kreis,
    "former": lambda name, _: former_kreise().get(name, ()),
    "island": lambda name, _: islands().get(name, ()),
}
