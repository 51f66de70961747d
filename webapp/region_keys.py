"""Which Region is meant: an official key or a name, looked up in the official lists, offline."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

from rapidfuzz import fuzz, process

from schemas.exceptions import SettingsError
from schemas.geography.names import fold, place_name
from schemas.geography.tables import Kreis, kreise, laender, land_of, municipalities, municipalities_in

SUGGESTIONS: Final = 5
"""How many near keys or names a refusal offers."""
SHOWN: Final = 15
"""How many areas of one name are listed."""
_LIST_OF: Final = "official lists of 31 December 2020"
_DIGITS: Final = (2, 5, 8)
_KREIS: Final = 5
_AGS: Final = 8
_WHOLE_KEY: Final = 12
_NEAR: Final = 70
_MAX_TEXT: Final = 200
_ENOUGH: Final = 3


@dataclass(frozen=True, slots=True)
class OfficialArea:
    """A Land, Kreis or municipality that can be a Region."""

    key: str
    """2, 5 or 8 digits."""
    name: str
    """As people say it: "Landkreis Vorpommern-Greifswald", "Kiel"."""
    short: str
    """Without its kind: "Vorpommern-Greifswald"."""
    land: str
    """Code of its Land."""

    def __str__(self) -> str:
        return f"{self.key} {self.name} ({self.land})"


def find_area(text: str) -> OfficialArea:
    """The one area with this official key or name.

    Raises ``SettingsError`` with what was read, what is expected and what comes near, also where several have the name.
    """
    wanted = text.strip()[:_MAX_TEXT]
    if re.fullmatch(r"[0-9 ]+", wanted):
        return _by_key(wanted.replace(" ", ""))
    found = _by_name(wanted)
    if len(found) == 1:
        return found[0]
    if found:
        raise SettingsError(f"--region {wanted!r}: several areas have this name; give the key of one: {_listed(found)}")
    raise SettingsError(
        f"--region {wanted!r}: no Land, Kreis or municipality has this name ({_LIST_OF}); expected an official key "
        f"(2, 5 or 8 digits, for instance 13075) or a name. {_hint(_similar_names(wanted))}"
    )


def _by_key(key: str) -> OfficialArea:
    known = _areas()
    if key in known:
        return known[key]
    if len(key) not in _DIGITS:
        problem = f"has {len(key)} digits; expected 2 (Land), 5 (Kreis) or 8 (municipality)"
    else:
        kind = {2: "Land", 5: "Kreis", 8: "municipality"}[len(key)]
        problem = f"no {kind} has this key ({_LIST_OF})"
    raise SettingsError(f"--region {key!r}: {problem}. {_hint(_near_keys(key))}")


def _near_keys(key: str) -> list[OfficialArea]:
    """Areas whose key is one slip away, or begins alike."""
    known = _areas()
    if len(key) == _WHOLE_KEY and (short := key[:5] + key[9:]) in known:  # the twelve digits of the Regionalschlüssel
        return [known[short]]
    digits = next((number for number in _DIGITS if number >= len(key)), _DIGITS[-1])
    alike = process.extract(key, [k for k in known if len(k) == digits], scorer=fuzz.ratio, limit=SUGGESTIONS * 3)
    ranked = sorted(alike, key=lambda hit: (-hit[1], not hit[0].startswith(key[:2]), hit[0]))
    return [known[hit[0]] for hit in ranked[:SUGGESTIONS] if hit[1] >= _NEAR]


def _by_name(text: str) -> list[OfficialArea]:
    """All areas of that name: with its kind ("Landkreis Rostock"), without, or in front of "am Main", "(Oder)"."""
    wanted, areas = fold(text), _by_names()
    titled = [area for area in areas if area.name != area.short and fold(area.name) == wanted]
    kreis = re.fullmatch(r"(?:land)?kreis (.+)", wanted)
    if kreis and not titled:
        return [area for area in areas if len(area.key) == _KREIS and fold(area.short) == kreis[1]]
    head = place_name(text).head
    return (
        titled
        or [area for area in areas if wanted and fold(area.short) == wanted]
        or [area for area in areas if head and place_name(area.short).head == head]
    )


def _similar_names(text: str) -> list[OfficialArea]:
    if len(text) < _ENOUGH:
        return []
    areas = _by_names()
    hits = process.extract(
        fold(text), [fold(area.short) for area in areas], scorer=fuzz.ratio, score_cutoff=_NEAR, limit=SUGGESTIONS
    )
    return [areas[index] for _, _, index in hits]


@cache
def _areas() -> dict[str, OfficialArea]:
    """Every Land, Kreis and municipality by key."""
    return {area.key: area for area in _all_areas()}


@cache
def _by_names() -> tuple[OfficialArea, ...]:
    """What a name can mean: all but municipalities that are a whole Kreis, which stands for them."""
    return tuple(area for key, area in _areas().items() if len(key) != _AGS or len(municipalities_in(key[:_KREIS])) > 1)


def _all_areas() -> Iterator[OfficialArea]:
    for key, (name, code) in laender().items():
        yield OfficialArea(key, name, name, code)
    for kreis in kreise().values():
        yield OfficialArea(kreis.key, _said(kreis), kreis.name.removeprefix("Landkreis "), land_of(kreis.key))
    for ags, municipality in municipalities().items():
        name = f"{municipality.designation} {municipality.name}".strip()
        yield OfficialArea(ags, name, municipality.name, land_of(ags))


def _said(kreis: Kreis) -> str:
    """The name with its kind, where the name itself does not say it.

    >>> _said(Kreis("13075", "Vorpommern-Greifswald", "Landkreis")), _said(Kreis("01002", "Kiel", "Kreisfreie Stadt"))
    ('Landkreis Vorpommern-Greifswald', 'Kiel')
    >>> _said(Kreis("05378", "Rheinisch-Bergischer Kreis", "Kreis"))
    'Rheinisch-Bergischer Kreis'
    """
    if kreis.kind not in ("Landkreis", "Kreis", "Regionalverband") or re.search(r"kreis|region", kreis.name.lower()):
        return kreis.name
    return f"{kreis.kind} {kreis.name}"


def _listed(areas: list[OfficialArea]) -> str:
    more = f"; and {len(areas) - SHOWN} more" if len(areas) > SHOWN else ""
    return "; ".join(map(str, areas[:SHOWN])) + more


def _hint(near: list[OfficialArea]) -> str:
    return f"Near: {_listed(near)}" if near else "Nothing comes near; search the name of your Kreis"
