"""GeoJSON (RFC 7946) → Records: each feature's properties by the mapping of JSON, its geometry as the place."""

from datetime import datetime
from typing import Final

from pydantic import JsonValue

from harvesters.formats.guess import guess_fields
from harvesters.formats.json_api import document_of, mapped
from harvesters.formats.records import MAX_RECORDS, Origin, Parsed
from harvesters.formats.rows import records_of
from harvesters.problems import ReadError
from schemas.harvest import Issue, RecordField, Source

FORMAT: Final = "geojson"
_LAT, _LON = "geometry.lat", "geometry.lon"
_ID: Final = "feature.id"
_MAX_POSITIONS: Final = 100_000


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The features of a collection, keyed by ``access.key``, else by their ``id``.

    ``access.fields`` maps Record fields to paths within ``properties``. A point is the place; of a line or an area it
    is the middle of its bounding box. Raises ``ReadError`` for a web page, broken JSON, and for anything that is no
    feature or collection of features.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    issues: list[Issue] = []
    document = document_of(content, origin, charset, issues)
    features = _features(document)
    if features is None:
        raise ReadError(
            source.name, url, "geojson.no_features", "Das ist kein GeoJSON mit einer Liste von Orten (features).",
            "Bitte die Adresse prüfen, oder die Quelle mit kind = „json“ beschreiben.",
        )  # fmt: skip
    if len(features) > MAX_RECORDS:
        raise ReadError(
            source.name, url, "geojson.too_many", f"Mehr als {MAX_RECORDS} Einträge.", "Bitte einen Auszug abrufen."
        )
    items: list[dict[str, JsonValue]] = []
    for feature in features:
        properties = feature.get("properties")
        item = dict(properties) if isinstance(properties, dict) else {}
        if (point := _middle(feature.get("geometry"))) is not None:
            item["geometry"] = {"lat": point[0], "lon": point[1]}
        if isinstance(identity := feature.get("id"), str | int):
            item["feature"] = {"id": identity}
        items.append(item)
    fields, key = dict(source.access.fields), source.access.key
    if not fields:
        fields, guessed = guess_fields(dict.fromkeys(name for item in items[:100] for name in item))
        key = key or guessed
    placed: dict[RecordField, str] = {"lat": _LAT, "lon": _LON}
    named = any("feature" in item for item in items)
    return records_of(origin, mapped(items, placed | fields, key or (_ID if named else None)), issues)


def _features(document: JsonValue) -> list[dict[str, JsonValue]] | None:
    if not isinstance(document, dict):
        return None
    if document.get("type") == "Feature":
        return [document]
    features = document.get("features")
    if document.get("type") != "FeatureCollection" or not isinstance(features, list):
        return None
    return [feature for feature in features if isinstance(feature, dict)]


def _middle(geometry: JsonValue) -> tuple[float, float] | None:
    """Latitude and longitude of the middle of a geometry's bounding box; ``None`` where it has no valid position.

    >>> _middle({"type": "Point", "coordinates": [13.38, 54.09]})
    (54.09, 13.38)
    >>> _middle({"type": "LineString", "coordinates": [[13.0, 54.0], [13.5, 54.5, 7.0]]})
    (54.25, 13.25)
    >>> _middle({"type": "Point", "coordinates": [33396000, 6000000]})
    """
    stack = [geometry.get("coordinates")] if isinstance(geometry, dict) else []
    lons: list[float] = []
    lats: list[float] = []
    met = 0
    while stack and met < _MAX_POSITIONS:
        met += 1
        value = stack.pop()
        if not isinstance(value, list):
            continue
        match value[:2]:
            case [int() | float() as lon, int() | float() as lat]:
                lons.append(float(lon))
                lats.append(float(lat))
            case _:
                stack.extend(value)
    if not lons:
        return None
    west, east, south, north = min(lons), max(lons), min(lats), max(lats)
    if west < -180 or east > 180 or south < -90 or north > 90:  # metres of some projection
        return None
    return round((south + north) / 2, 6), round((west + east) / 2, 6)
