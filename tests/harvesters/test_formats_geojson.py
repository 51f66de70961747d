"""GeoJSON → Records."""

import json
from functools import partial
from typing import Any

import pytest

from harvesters.formats import geojson
from harvesters.problems import ReadError
from tests.harvesters.parsing import only, parse, rules

read = partial(parse, geojson.parse, kind="geojson")
POINT = {"type": "Point", "coordinates": [13.38, 54.09]}


def feature(geometry: Any = POINT, **more: Any) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": {"titel": "Waldlehrpfad"}} | more


def collection(*features: Any) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


def test_a_feature_becomes_a_record() -> None:
    properties = {"titel": "Waldlehrpfad", "ort": {"plz": "17489"}, "alter": "ab 4", "pflege": "Forst"}

    record = only(read(collection(feature(id=7, properties=properties)), fields={"title": "titel", "ages": "alter",
                                                                                   "postcode": "ort.plz"}))  # fmt: skip

    assert (record.origin.key, record.title, record.format) == ("7", "Waldlehrpfad", "geojson")
    assert record.words == {"ages": "ab 4", "postcode": "17489", "lat": "54.09", "lon": "13.38"}
    assert record.unread == {"pflege": "Forst"}


def test_headings_are_guessed_and_a_title_is_a_key() -> None:
    assert only(read(collection(feature()))).origin.key == "Waldlehrpfad"


@pytest.mark.parametrize(
    "geometry",
    [None, {"type": "Point", "coordinates": []}, {"type": "Point", "coordinates": [33396000.0, 6000000.0]}, "hier"],
)
def test_no_place_is_no_place(geometry: Any) -> None:
    assert "lat" not in only(read(collection(feature(geometry)))).words


def test_members_that_are_no_features_cost_only_themselves() -> None:
    assert [r.title for r in read(collection("x", None, feature())).records] == ["Waldlehrpfad"]


def test_a_feature_without_a_title_is_said() -> None:
    assert rules(read(collection(feature(properties=None)))) == ["geojson.no_key"]


@pytest.mark.parametrize(
    ("content", "rule"),
    [('{"type": "Topology"}', "geojson.no_features"), ("[1]", "geojson.no_features")],
)
def test_what_is_no_geojson_is_said(content: str, rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(content)

    assert caught.value.rule == rule
