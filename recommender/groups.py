"""A Kita as ranking sees it: groups as arrays, place, limits, and the assumptions where it said nothing."""

from dataclasses import dataclass
from datetime import time

import numpy as np
from numpy.typing import NDArray

from schemas.geography import Point, UnknownKeyError, land_of, locate
from schemas.kita import Group, Kita
from schemas.vocabulary import TravelMeans

SCHOOL_AGE_MONTHS = 72
"""From six years on children may be in a Hort."""
KITA_HOURS = (8 * 60, 12 * 60)
"""Start of a programme for Krippe and Kindergarten, and when the group must be back for lunch (minutes of the day)."""
HORT_HOURS = (12 * 60, 17 * 60)
"""The same for Hort children on school days."""
REACH_KM = {
    TravelMeans.FOOT: 3.0,
    TravelMeans.PUBLIC_TRANSPORT: 15.0,
    TravelMeans.OWN_BUS: 25.0,
    TravelMeans.CHARTER: 30.0,
    None: 15.0,
}
"""How far a Kita goes that did not say it, in road kilometres, by its means of travel."""
WALK_M = 1500.0
"""How far a group walks whose Kita did not say it, in metres."""
HORT_FROM_MAX_MONTHS = 96
"""A group of school age whose oldest children are older than this is a Hort group."""


@dataclass(frozen=True)
class KitaView:
    """One Kita, ready for arithmetic over many offers."""

    kita: Kita
    groups: tuple[Group, ...]
    """Its groups, in their order."""
    hort: tuple[bool, ...]
    """Per group whether it is of school age."""
    span: NDArray[np.float64]
    """Groups × 2: youngest and oldest month."""
    children: NDArray[np.float64]
    """Children per group, NaN where not stated."""
    lat: float
    """NaN where the place is unknown."""
    lon: float
    ags: str | None
    kreis: str | None
    land: str | None
    """Code of the Land, for its holidays; None for a key that is no Land's."""
    reach_km: float
    """How far it goes."""

    @property
    def placed(self) -> bool:
        """Whether we know where it is."""
        return not np.isnan(self.lat)

    @property
    def point(self) -> Point | None:
        """Where it is, where known."""
        return Point(self.lat, self.lon) if self.placed else None

    def walk_km(self, group: int) -> float:
        """How far a group walks, in kilometres."""
        metres = self.groups[group].walking_range_m
        return (WALK_M if metres is None else metres) / 1000

    def hours(self, group: int) -> tuple[int, int]:
        """Earliest start and latest return of a group, in minutes of the day."""
        first, last = HORT_HOURS if self.hort[group] else KITA_HOURS
        earliest, latest = self.groups[group].earliest, self.groups[group].latest
        return _minutes(earliest) if earliest else first, _minutes(latest) if latest else last


def view(kita: Kita) -> KitaView:
    """Read a Kita; what its place lacks is looked up by postcode and name, and stays unknown where not certain."""
    place = kita.place
    located = locate(place.postcode, place.locality, near=kita.region)
    kreis = place.kreis or (located.kreis if located else None)
    point = located.point if located else None
    given = place.lat is not None and place.lon is not None
    return KitaView(
        kita=kita,
        groups=kita.groups,
        hort=tuple(is_hort(group) for group in kita.groups),
        span=np.array([(g.min_months, g.max_months) for g in kita.groups], dtype=np.float64).reshape(-1, 2),
        children=np.array([np.nan if g.children is None else g.children for g in kita.groups], dtype=np.float64),
        lat=float(place.lat) if given and place.lat is not None else (point.lat if point else np.nan),
        lon=float(place.lon) if given and place.lon is not None else (point.lon if point else np.nan),
        ags=place.ags or (located.ags if located else None),
        kreis=kreis,
        land=_land(kreis or kita.region),
        reach_km=kita.max_distance_km if kita.max_distance_km is not None else REACH_KM[kita.travel],
    )


def _land(key: str) -> str | None:
    try:
        return land_of(key)
    except UnknownKeyError:
        return None


def is_hort(group: Group) -> bool:
    """Whether a group is one of school children.

    >>> is_hort(Group(name="Hort", min_months=72, max_months=131))
    True
    >>> is_hort(Group(name="Familiengruppe", min_months=24, max_months=83))
    False
    """
    return group.min_months >= SCHOOL_AGE_MONTHS - 12 and group.max_months >= HORT_FROM_MAX_MONTHS


def _minutes(moment: time) -> int:
    return moment.hour * 60 + moment.minute
