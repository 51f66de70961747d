"""Where a mobile offer goes, as keys and discs: from what is stated in numbers, else from places that words name.

Words are read for ranking only and never become facts of the offer: "zwischen Züssow und Wolgast" is a chain of discs
with a firm core and a soft rim, and what lies in the rim is asked, not removed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.geography import (
    Point,
    UnknownKeyError,
    association_members,
    associations,
    distance_km,
    distances_km,
    find_places,
    kreis_name,
    land_name,
)
from schemas.geography.names import fold
from schemas.offer import Offer, ServiceArea

OUTSIDE, UNKNOWN_AREA, INSIDE = range(3)
TOWN_KM: Final = 5.0
"""Core around a town that is named: its own district."""
AROUND_KM: Final = 12.0
"""Core where the words say "um", "Raum", "Region"."""
RIM: Final = 2.0
"""A rim of unsureness reaches to this multiple of a core that was read from words."""
RIM_OF_UNSURE: Final = 1.25
"""The same for a stated radius that does not say all that the words say."""
_STEP_KM: Final = 6.0

_AROUND = re.compile(r"\b(?:um|umkreis|umland|umgebung|raum|region|gebiet)\b")
_CHAIN = re.compile(r"\b(?:von|zwischen|bis|linie)\b|[–-]\s?[A-ZÄÖÜ]")
_DIRECTION = re.compile(r"\b(?:nordlich|sudlich|ostlich|westlich|noerdlich|suedlich|oestlich)\b")
_WHOLE_KREIS = re.compile(r"\blandkreis(?:weit|es)?\b|\bkreisweit\b")
_WHOLE_LAND = re.compile(r"\blandesweit\b")
_WHOLE_COUNTRY = re.compile(r"\b(?:bundesweit|deutschlandweit)\b")


@dataclass(frozen=True)
class Reach:
    """Where a mobile offer goes; nothing at all means that it is not known."""

    keys: tuple[str, ...] = ()
    """Official keys or their prefixes; the empty key is the whole country."""
    discs: tuple[tuple[float, float, float, float], ...] = ()
    """Latitude, longitude, radius of the core and of the rim in kilometres."""


@dataclass(frozen=True)
class ServiceColumns:
    """The reach of many offers; every key and disc stands beside the row of its offer."""

    key_offer: NDArray[np.int64]
    keys: tuple[str, ...]
    disc_offer: NDArray[np.int64]
    discs: NDArray[np.float64]
    """Discs × 4, as in ``Reach``."""

    @classmethod
    def build(cls, offers: tuple[Offer, ...]) -> "ServiceColumns":
        """The columns of offers, row by row."""
        reaches = [reach_of(offer) for offer in offers]
        named = [(row, key) for row, reach in enumerate(reaches) for key in reach.keys]
        round_ = [(row, disc) for row, reach in enumerate(reaches) for disc in reach.discs]
        return cls(
            key_offer=np.array([row for row, _ in named], dtype=np.int64),
            keys=tuple(key for _, key in named),
            disc_offer=np.array([row for row, _ in round_], dtype=np.int64),
            discs=np.array([disc for _, disc in round_], dtype=np.float64).reshape(-1, 4),
        )

    def status(self, count: int, point: Point | None, ags: str | None, kreis: str | None) -> NDArray[np.int64]:
        """Per offer ``INSIDE``, ``UNKNOWN_AREA`` or ``OUTSIDE`` for a Kita, as far as its place is known."""
        best = np.full(count, -1, dtype=np.int64)
        own = ags or kreis
        by_key = np.array([_lies_in(own, key) for key in self.keys], dtype=np.int64)
        np.maximum.at(best, self.key_offer, by_key)
        if point is None:
            best[self.disc_offer] = np.maximum(best[self.disc_offer], UNKNOWN_AREA)
        else:
            away = distances_km(point.lat, point.lon, self.discs[:, 0], self.discs[:, 1])
            rim = np.where(away <= self.discs[:, 3], UNKNOWN_AREA, OUTSIDE)
            np.maximum.at(best, self.disc_offer, np.where(away <= self.discs[:, 2], INSIDE, rim))
        return np.where(best < 0, UNKNOWN_AREA, best)


def reach_of(offer: Offer) -> Reach:
    """The reach of one offer: stated municipalities and circle first, else what the words name."""
    area = offer.service_area
    if area is None:
        return Reach()
    stated = Reach(tuple(sorted(set(area.municipalities))), tuple(_stated(area)))
    if stated.keys or stated.discs:
        return stated
    if area.words:
        return _from_words(area.words, area.radius_km, offer.region)
    place = offer.place
    if area.radius_km and place and place.lat is not None and place.lon is not None:
        return Reach(discs=((place.lat, place.lon, area.radius_km, area.radius_km * RIM_OF_UNSURE),))
    return Reach()


def _stated(area: ServiceArea) -> Iterator[tuple[float, float, float, float]]:
    if area.radius_km is not None and area.lat is not None and area.lon is not None:
        yield area.lat, area.lon, area.radius_km, area.radius_km * (1.0 if area.sure else RIM_OF_UNSURE)


def _from_words(words: str, radius_km: float | None, region: str) -> Reach:
    folded = fold(words)
    keys = set(_keys(folded, region))
    separate = words.replace("–", ", ")
    points = [municipality.point for _, _, municipality in find_places(separate, region)]
    if _DIRECTION.search(folded):
        return Reach()
    if radius_km is not None and len(points) == 1:
        core, rim = radius_km, radius_km * RIM_OF_UNSURE
    else:  # several towns draw the area, and a radius beside them is its outer limit
        core = min(AROUND_KM if radius_km or _AROUND.search(folded) else TOWN_KM, radius_km or AROUND_KM)
        rim = min(core * RIM, radius_km or core * RIM)
    if _CHAIN.search(words):
        points = list(_chain(points))
    return Reach(tuple(sorted(keys)), tuple((point.lat, point.lon, core, rim) for point in points))


def _keys(folded: str, region: str) -> Iterator[str]:
    """Keys of the Länder, Kreise and associations that a text names, those of the offer's own Region only."""
    if _WHOLE_COUNTRY.search(folded):
        yield ""
    if _WHOLE_LAND.search(folded) or _names(land_name, region, folded):
        yield region[:2]
    if len(region) < 5:
        return
    if (_WHOLE_KREIS.search(folded) and "altkreis" not in folded) or _names(kreis_name, region, folded):
        yield region[:5]
    for name, members in _associations(region[:5]):
        if re.search(rf"\b{re.escape(name)}\b", folded):
            yield from members


def _names(name_of: Callable[[str], str], key: str, folded: str) -> bool:
    """Whether a text names the Land or Kreis of a key; a key that no list knows has no name."""
    try:
        return fold(name_of(key)) in folded
    except UnknownKeyError:
        return False


@cache
def _associations(kreis: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Folded name of each association of a Kreis that a text may mean by its name alone, and its municipalities."""
    return tuple(
        (fold(association.name), tuple(member.ags for member in association_members(key)))
        for key, association in sorted(associations().items())
        if key.startswith(kreis) and not association.name.isalpha()
    )


def _chain(points: list[Point]) -> Iterator[Point]:
    """The points and, every few kilometres, points on the straight ways between neighbours in the text."""
    yield from points
    for one, other in pairwise(points):
        steps = int(distance_km(one, other) // _STEP_KM) + 1
        for step in range(1, steps):
            share = step / steps
            yield Point(one.lat + (other.lat - one.lat) * share, one.lon + (other.lon - one.lon) * share)


def _lies_in(own: str | None, key: str) -> int:
    """Whether a municipality or Kreis lies in a key; a municipality of a Kita's own Kreis may be its own."""
    if own is None:
        return UNKNOWN_AREA if key else INSIDE
    if own.startswith(key):
        return INSIDE
    return UNKNOWN_AREA if key.startswith(own) else OUTSIDE
