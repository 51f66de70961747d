"""Service areas given in numbers and in words."""

import pytest

from recommender.service import INSIDE, OUTSIDE, UNKNOWN_AREA, ServiceColumns
from schemas.geography import Point, find_municipality
from schemas.offer import ServiceArea
from tests.factories import make_offer


def status(area: ServiceArea | None, town: str, **changes: object) -> int:
    place = find_municipality(town, near="13075")
    columns = ServiceColumns.build((make_offer(service_area=area, **changes),))
    return int(columns.status(1, place.point, place.ags, place.kreis)[0])


@pytest.mark.parametrize(
    ("sure", "town", "expected"),
    [
        (True, "Wolgast", INSIDE),
        (True, "Kröslin", OUTSIDE),
        (False, "Wolgast", INSIDE),
        (False, "Kröslin", UNKNOWN_AREA),
        (False, "Pasewalk", OUTSIDE),
    ],
)
def test_around_an_unsure_set_the_neighbours_are_asked(sure, town, expected):
    assert status(ServiceArea(words="Wolgast", municipalities=("13075144",), sure=sure), town) == expected


def test_words_alone_leave_the_area_unknown():
    assert status(ServiceArea(words="im ganzen Landkreis"), "Penkun") == UNKNOWN_AREA


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
            make_offer(service_area=ServiceArea(words="im Nordosten")),
        )
    )

    assert columns.status(4, None, None, None).tolist() == [UNKNOWN_AREA] * 4
    assert columns.status(4, Point(54.0, 13.4), None, "13075").tolist() == [UNKNOWN_AREA, INSIDE, INSIDE, UNKNOWN_AREA]


def test_a_municipality_may_be_that_of_a_kita_of_which_only_the_kreis_is_known():
    columns = ServiceColumns.build((make_offer(service_area=ServiceArea(municipalities=("13075039",), sure=True)),))

    assert columns.status(1, None, None, "13075").tolist() == [UNKNOWN_AREA]
    assert columns.status(1, None, None, "13073").tolist() == [OUTSIDE]
