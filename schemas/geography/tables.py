"""The official lists: Länder, Kreise, associations, municipalities, and the places of each postcode.

Everything here is read from `schemas/data/geo` at first use and then kept (about 15 MB for all of it). None of it comes
from a share-alike table, so whatever these functions return may be published; `share_alike.py` is the exception beside.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from schemas.exceptions import KitalotseError
from schemas.geography.distance import Point, distances_km


class UnknownKeyError(KitalotseError):
    """Raised by the look-ups below for an official key that is not in the list (state of the list: 31 December
    2020).
    """


@dataclass(frozen=True, slots=True)
class Kreis:
    """A Landkreis or kreisfreie Stadt."""

    key: str
    """Five digits."""
    name: str
    """Without the kind: "Vorpommern-Greifswald", "Kiel"."""
    kind: str
    """"Landkreis", "Kreis", "Kreisfreie Stadt", "Stadtkreis" or "Regionalverband"."""


@dataclass(frozen=True, slots=True)
class Association:
    """An Amt, Samtgemeinde, Verbandsgemeinde or Verwaltungsgemeinschaft: municipalities with one administration."""

    key: str
    """Nine digits, the first five are the Kreis."""
    name: str
    """Without the kind: "Am Peenestrom"."""
    kind: str
    """"Amt", "Samtgemeinde", …"""


@dataclass(frozen=True, slots=True)
class Municipality:
    """A Gemeinde (inhabited ones only)."""

    ags: str
    """Eight digits."""
    name: str
    """Official name without the designation: "Anklam", "Strasburg (Uckermark)"."""
    designation: str
    """"Stadt", "Hansestadt", "Flecken", … or empty."""
    association: str
    """Key of its association, or empty."""
    postcode: str
    """Postcode of its administration, which may lie in another municipality."""
    point: Point
    """Its centre."""
    population: int
    area_km2: float

    @property
    def kreis(self) -> str:
        """Key of its Kreis, five digits."""
        return self.ags[:5]


@dataclass(frozen=True, slots=True)
class PostcodePlace:
    """One place that a postcode serves."""

    postcode: str
    place: str
    kreis: str
    point: Point


def rows(table: str) -> Iterator[list[str]]:
    """The lines of one table of `schemas/data`, without its heading."""
    with files("schemas.data").joinpath(table).open("r", encoding="utf-8") as file:
        reader = csv.reader(file)
        next(reader)
        yield from reader


@cache
def laender() -> dict[str, tuple[str, str]]:
    """Key of two digits → name and code: "13" → ("Mecklenburg-Vorpommern", "MV")."""
    return {key: (name, code) for key, name, code in rows("geo/laender.csv")}


@cache
def kreise() -> dict[str, Kreis]:
    """All 401 Kreise by key."""
    return {key: Kreis(key, name, kind) for key, name, kind in rows("geo/kreise.csv")}


@cache
def associations() -> dict[str, Association]:
    """All associations by key."""
    return {key: Association(key, name, kind) for key, name, kind in rows("geo/associations.csv")}


@cache
def municipalities() -> dict[str, Municipality]:
    """All inhabited municipalities by AGS, in order of the key."""
    return {
        ags: Municipality(ags, name, kind, verband, plz, Point(float(lat), float(lon)), int(people), float(area))
        for ags, name, kind, verband, plz, lat, lon, people, area in rows("geo/municipalities.csv")
    }


@cache
def postcodes() -> dict[str, tuple[PostcodePlace, ...]]:
    """Postcode → the places it serves."""
    found: dict[str, list[PostcodePlace]] = {}
    for plz, place, kreis, lat, lon in rows("geo/postcodes.csv"):
        found.setdefault(plz, []).append(PostcodePlace(plz, place, kreis, Point(float(lat), float(lon))))
    return {plz: tuple(places) for plz, places in found.items()}


@cache
def _of_kreis() -> dict[str, tuple[Municipality, ...]]:
    found: dict[str, list[Municipality]] = {}
    for each in municipalities().values():
        found.setdefault(each.kreis, []).append(each)
    return {key: tuple(members) for key, members in found.items()}


@cache
def _of_association() -> dict[str, tuple[Municipality, ...]]:
    found: dict[str, list[Municipality]] = {}
    for each in municipalities().values():
        found.setdefault(each.association, []).append(each)
    return {key: tuple(members) for key, members in found.items()}


def land_of(key: str) -> str:
    """Code of the Land of any official key (Land, Kreis, AGS): "13075" → "MV". Raises UnknownKeyError."""
    try:
        return laender()[key[:2]][1]
    except KeyError:
        raise UnknownKeyError(
            f'official key "{key}": the first two digits are no Land; expected "01" to "16"'
        ) from None


def land_name(key: str) -> str:
    """Name of the Land of any official key: "13075" → "Mecklenburg-Vorpommern". Raises UnknownKeyError."""
    try:
        return laender()[key[:2]][0]
    except KeyError:
        raise UnknownKeyError(
            f'official key "{key}": the first two digits are no Land; expected "01" to "16"'
        ) from None


def kreis(key: str) -> Kreis:
    """The Kreis of a key or AGS. Raises UnknownKeyError."""
    try:
        return kreise()[key[:5]]
    except KeyError:
        raise UnknownKeyError(f'official key "{key}": no such Kreis in geo/kreise.csv; expected five digits') from None


def kreis_name(key: str) -> str:
    """Name of the Kreis of a key or AGS: "13075" → "Vorpommern-Greifswald". Raises UnknownKeyError."""
    return kreis(key).name


def municipality(ags: str) -> Municipality:
    """The municipality of an AGS. Raises UnknownKeyError."""
    try:
        return municipalities()[ags]
    except KeyError:
        raise UnknownKeyError(
            f'AGS "{ags}": no such municipality in geo/municipalities.csv; expected eight digits'
        ) from None


def municipalities_in(key_prefix: str) -> tuple[Municipality, ...]:
    """Municipalities whose AGS starts with the prefix (Land, Kreis, AGS), in order of the key; empty for none."""
    if len(key_prefix) >= 5:
        members = _of_kreis().get(key_prefix[:5], ())
        return members if len(key_prefix) == 5 else tuple(m for m in members if m.ags.startswith(key_prefix))
    return tuple(m for m in municipalities().values() if m.ags.startswith(key_prefix))


def association_members(key: str) -> tuple[Municipality, ...]:
    """Municipalities of an association, in order of the key. Raises UnknownKeyError."""
    if key not in associations():
        raise UnknownKeyError(f'association "{key}": not in geo/associations.csv; expected nine digits')
    return _of_association()[key]


def municipalities_within(point: Point, radius_km: float) -> tuple[Municipality, ...]:
    """Municipalities whose centre lies within the radius, nearest first."""
    lats, lons = _centres()
    distances = distances_km(point.lat, point.lon, lats, lons)
    order = np.argsort(distances, kind="stable")[: np.count_nonzero(distances <= radius_km)]
    members = tuple(municipalities().values())
    return tuple(members[i] for i in order)


def postcode_known(postcode: str) -> bool:
    """Whether the postcode belongs to places (postcodes of single bulk-mail recipients are not in the table)."""
    return postcode in postcodes()


@cache
def _centres() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    points = [m.point for m in municipalities().values()]
    return np.array([p.lat for p in points]), np.array([p.lon for p in points])
