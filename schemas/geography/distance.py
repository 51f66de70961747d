"""Points and distances on the globe, in float64 throughout.

In float32 the differences of nearby coordinates lose their last metres to kilometres, and nearest neighbours come out
wrong without any error; the functions below therefore convert what they are given, and a test holds this.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_KM = 6371.0088
"""Mean radius R1 of the GRS 80 ellipsoid (Moritz 2000, Geodetic Reference System 1980)."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the globe in WGS 84 degrees."""

    lat: float
    lon: float


def distance_km(a: Point, b: Point) -> float:
    """Great-circle distance in kilometres by the haversine formula.

    >>> round(distance_km(Point(54.0881, 13.3876), Point(53.8564, 13.6897)), 1)
    32.5
    """
    lat_a, lat_b = math.radians(a.lat), math.radians(b.lat)
    half_lat = math.sin((lat_b - lat_a) / 2)
    half_lon = math.sin(math.radians(b.lon - a.lon) / 2)
    chord = half_lat * half_lat + math.cos(lat_a) * math.cos(lat_b) * half_lon * half_lon
    return 2 * EARTH_RADIUS_KM * math.asin(math.sqrt(min(1.0, chord)))


def distances_km(lat: ArrayLike, lon: ArrayLike, lats: ArrayLike, lons: ArrayLike) -> NDArray[np.float64]:
    """Distances in kilometres from one point to many, or between as many points pair by pair.

    `lats` and `lons` have one shape, which the result keeps; `lat` and `lon` are numbers or have that shape too.

    Unknown coordinates (NaN) give NaN. Values of any float type are computed in float64.
    """
    lat_a = np.radians(np.asarray(lat, dtype=np.float64))
    lat_b = np.radians(np.asarray(lats, dtype=np.float64))
    half_lat = np.sin((lat_b - lat_a) / 2)
    half_lon = np.sin(np.radians(np.asarray(lons, dtype=np.float64) - np.asarray(lon, dtype=np.float64)) / 2)
    chord = half_lat * half_lat + np.cos(lat_a) * np.cos(lat_b) * half_lon * half_lon
    distances: NDArray[np.float64] = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return distances


def centre(points: list[Point]) -> Point:
    """The mean of nearby points, to the fifth decimal (1 m); not meant for points across the date line."""
    return Point(round(sum(p.lat for p in points) / len(points), 5), round(sum(p.lon for p in points) / len(points), 5))
