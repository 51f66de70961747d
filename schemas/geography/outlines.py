"""In which Kreis does a point lie? Coarse outlines (1:5,000,000), fine for "which Kreis", not for borders."""

from collections.abc import Iterable
from functools import cache

import numpy as np
from numpy.typing import NDArray

from schemas.geography.distance import Point
from schemas.geography.tables import rows

_COAST_KM = 2.0
_KM_PER_DEGREE = 111.195


def kreis_of(point: Point) -> str | None:
    """Key of the Kreis in which a point lies; None outside Germany.

    A point in no outline but less than 2 km from one (piers, beaches, cut off by the outlines) belongs to the nearest.
    """
    return _outlines().find(point)


@cache
def _outlines() -> "Outlines":
    return Outlines((key, rings) for key, rings in rows("geo/kreis_outlines.csv"))


class Outlines:
    """Outlines by key, in the form of `geo/kreis_outlines.csv`: rings parted by "|", each a start point and steps."""

    def __init__(self, lines: Iterable[tuple[str, str]]) -> None:
        self._keys: list[str] = []
        self._edges: list[
            tuple[NDArray[np.float64], NDArray[np.float64]]
        ] = []  # starts and ends, each (n, 2) as lon, lat
        for key, text in lines:
            rings = [_ring(ring) for ring in text.split("|")]
            self._keys.append(key)
            self._edges.append((np.concatenate([r[:-1] for r in rings]), np.concatenate([r[1:] for r in rings])))
        self._boxes = np.array([[*starts.min(axis=0), *starts.max(axis=0)] for starts, _ in self._edges])

    def find(self, point: Point) -> str | None:
        """As `kreis_of`."""
        margin = 2 * _COAST_KM / _KM_PER_DEGREE
        west, south, east, north = self._boxes.T
        lons = (west - margin <= point.lon) & (point.lon <= east + margin)
        close = np.flatnonzero(lons & (south - margin <= point.lat) & (point.lat <= north + margin))
        for i in close:
            if _contains(self._edges[i], point):
                return self._keys[i]
        nearest = min(((_border_km(self._edges[i], point), self._keys[i]) for i in close), default=None)
        return nearest[1] if nearest and nearest[0] <= _COAST_KM else None

    def border_km(self, key: str, point: Point) -> float:
        """Kilometres from a point to the border of one Kreis. Raises ValueError for an unknown key."""
        return _border_km(self._edges[self._keys.index(key)], point)


def _contains(edges: tuple[NDArray[np.float64], NDArray[np.float64]], point: Point) -> bool:
    """Even-odd rule over all rings, so that islands count and holes do not."""
    (x1, y1), (x2, y2) = edges[0].T, edges[1].T
    spans = (y1 > point.lat) != (y2 > point.lat)
    crossing = x1[spans] + (point.lat - y1[spans]) / (y2[spans] - y1[spans]) * (x2[spans] - x1[spans])
    return bool(np.count_nonzero(crossing > point.lon) % 2)


def _border_km(edges: tuple[NDArray[np.float64], NDArray[np.float64]], point: Point) -> float:
    """Distance to the nearest edge, on a plane touching the globe at the point (exact enough below 100 km)."""
    scale = np.array([np.cos(np.radians(point.lat)), 1.0]) * _KM_PER_DEGREE
    here = np.array([point.lon, point.lat])
    start, end = (edges[0] - here) * scale, (edges[1] - here) * scale
    edge = end - start
    length = np.maximum((edge * edge).sum(axis=1), 1e-12)
    along = np.clip(-(start * edge).sum(axis=1) / length, 0.0, 1.0)
    nearest = start + edge * along[:, None]
    return float(np.sqrt((nearest * nearest).sum(axis=1).min()))


def _ring(text: str) -> NDArray[np.float64]:
    """Undo the steps in thousandths of a degree: first the start point, then differences; (n, 2) as lon, lat."""
    steps = np.array(text.split(), dtype=np.float64).reshape(-1, 2)
    ring: NDArray[np.float64] = steps.cumsum(axis=0) / 1000
    return ring
