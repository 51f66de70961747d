"""Service areas given in numbers and in words."""

import pytest

from recommender.service import INSIDE, OUTSIDE, UNKNOWN_AREA, ServiceColumns, reach_of
from schemas.geography import Point, find_municipality
from schemas.offer import ServiceArea
from tests.factories import make_offer


def status(area: ServiceArea | None, town: str, **changes: object) -> int:
    place = find_municipality(town, near="13075")
    columns = ServiceColumns.build((make_offer(service_area=area, **changes),))
    return int(columns.status(1, place.point, place.ags, place.kreis)[0])


@pytest.mark.parametrize(
    ("words", "town", "expected"),
    [
        ("im ganzen Landkreis", "Penkun", INSIDE),
        ("Landkreis Vorpommern-Greifswald", "Penkun", INSIDE),
        ("in ganz Mecklenburg-Vorpommern", "Penkun", INSIDE),
        ("bundesweit", "Penkun", INSIDE),
        ("Stadt Wolgast", "Wolgast", INSIDE),
        ("Stadt Wolgast", "Pasewalk", OUTSIDE),
        ("Amt Am Peenestrom und Stadt Wolgast", "Lassan", INSIDE),
        ("Amt Am Peenestrom", "Anklam", OUTSIDE),
        ("zwischen Anklam und Wolgast", "Lassan", UNKNOWN_AREA),
        ("Raum Ueckermünde–Eggesin–Torgelow, max. 18 km", "Eggesin", INSIDE),
        ("Raum Ueckermünde–Eggesin–Torgelow, max. 18 km", "Greifswald", OUTSIDE),
        ("im Nordosten", "Penkun", UNKNOWN_AREA),
        ("Altkreis Uecker-Randow", "Penkun", UNKNOWN_AREA),
        ("Landkreis nördlich der Linie Jarmen–Anklam", "Penkun", UNKNOWN_AREA),
    ],
)
def test_words_are_read_as_far_as_they_name_something(words, town, expected):
    assert status(ServiceArea(words=words), town) == expected


def test_a_stated_circle_is_exact_where_it_says_all_and_soft_where_not():
    anklam = find_municipality("Anklam", near="13075").point
    circle = {"lat": anklam.lat + 0.2, "lon": anklam.lon, "radius_km": 20.0}  # 22.2 km to the north

    assert status(ServiceArea(**circle, sure=True), "Anklam") == OUTSIDE
    assert status(ServiceArea(**circle), "Anklam") == UNKNOWN_AREA
    assert status(ServiceArea(**(circle | {"radius_km": 23.0})), "Anklam") == INSIDE


def test_a_radius_without_a_centre_is_drawn_around_the_provider():
    assert status(ServiceArea(radius_km=10), "Greifswald") == INSIDE
    assert status(ServiceArea(radius_km=10), "Anklam") == OUTSIDE
    assert status(ServiceArea(radius_km=10), "Anklam", place=None) == UNKNOWN_AREA


def test_an_unknown_area_and_an_unknown_kita_are_unknown():
    columns = ServiceColumns.build(
        (
            make_offer(service_area=None),
            make_offer(service_area=ServiceArea(municipalities=("13075",))),
            make_offer(service_area=ServiceArea(lat=54.0, lon=13.4, radius_km=5)),
            make_offer(service_area=ServiceArea(words="bundesweit")),
        )
    )

    assert columns.status(4, None, None, None).tolist() == [UNKNOWN_AREA] * 3 + [INSIDE]
    assert columns.status(4, Point(54.0, 13.4), None, "13075").tolist() == [UNKNOWN_AREA, INSIDE, INSIDE, INSIDE]


def test_a_municipality_may_be_that_of_a_kita_of_which_only_the_kreis_is_known():
    columns = ServiceColumns.build((make_offer(service_area=ServiceArea(municipalities=("13075039",))),))

    assert columns.status(1, None, None, "13075").tolist() == [UNKNOWN_AREA]
    assert columns.status(1, None, None, "13073").tolist() == [OUTSIDE]


def test_stated_facts_come_before_words():
    area = ServiceArea(words="im ganzen Landkreis", municipalities=("13075039",))

    assert reach_of(make_offer(service_area=area)).keys == ("13075039",)
