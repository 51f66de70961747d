"""Where a mobile offer goes, as keys and discs, from the facts of its service area; words are the normaliser's work.

What a set that is marked unsure leaves open is asked, not removed: a rim lies around it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from schemas.geography import Point, distances_km, municipalities_in
from schemas.offer import Offer, ServiceArea
from schemas.organisation import Place

OUTSIDE, UNKNOWN_AREA, INSIDE = range(3)
RIM_KM: Final = 12.0
"""Around each municipality of an unsure set: about the next neighbours."""
RIM_OF_UNSURE: Final = 1.25
"""A rim of unsureness reaches to this multiple of a radius that does not say all that the words say."""
_AGS: Final = 8


@dataclass(frozen=True)
class Reach:
    """Where a mobile offer goes; nothing at all means that it is not known."""

    keys: tuple[str, ...] = ()
    """Official keys or their prefixes."""
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
    """The reach of one offer: its municipalities and its circle, softened where they do not say all."""
    area = offer.service_area
    if area is None:
        return Reach()
    keys = tuple(sorted(set(area.municipalities)))
    return Reach(keys, (*_circle(area, offer.place), *(() if area.sure else _rims(keys))))


def _circle(area: ServiceArea, place: Place | None) -> Iterator[tuple[float, float, float, float]]:
    """The stated circle; a radius alone is drawn around the provider."""
    if area.radius_km is None:
        return
    if area.lat is not None and area.lon is not None:
        yield area.lat, area.lon, area.radius_km, area.radius_km * (1.0 if area.sure else RIM_OF_UNSURE)
    elif place is not None and place.lat is not None and place.lon is not None and not area.municipalities:
        yield place.lat, place.lon, area.radius_km, area.radius_km * RIM_OF_UNSURE


def _rims(keys: tuple[str, ...]) -> Iterator[tuple[float, float, float, float]]:
    """Around every municipality of an unsure set lies a rim in which the offer may come."""
    for key in keys:
        for municipality in municipalities_in(key) if len(key) == _AGS else ():
            yield municipality.point.lat, municipality.point.lon, 0.0, RIM_KM


def _lies_in(own: str | None, key: str) -> int:
    """Whether a municipality or Kreis lies in a key; a municipality of a Kita's own Kreis may be its own."""
    if own is None:
        return UNKNOWN_AREA
    if own.startswith(key):
        return INSIDE
    return UNKNOWN_AREA if key.startswith(own) else OUTSIDE
