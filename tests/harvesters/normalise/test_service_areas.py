"""Service areas found in texts and stated in words of their own; real names of places, invented offers."""

import pytest

from harvesters.normalise.service_areas import read_service_area, read_stated_area
from schemas.geography import find_municipality
from schemas.offer import ServiceArea


def holds(area: ServiceArea, town: str) -> bool:
    municipality = find_municipality(town)
    assert municipality is not None
    return any(municipality.ags.startswith(key) for key in area.municipalities)


@pytest.mark.parametrize(
    ("text", "radius", "centre"),
    [
        ("Wir fahren bis 35 km um Ueckermünde.", 35, True),
        ("im Umkreis von 20 km", 20, False),
        ("Umkreis 25 km um Eutin", 25, True),
        ("Anfahrt bis 30 km ab Plön inklusive", 30, True),
        ("max. 60 km", 60, False),
    ],
)
def test_reads_a_radius(text: str, radius: float, centre: bool) -> None:
    found = read_service_area(text)

    assert found is not None
    assert found.value.radius_km == radius
    assert (found.value.lat is not None) is centre
    assert found.value.sure is centre
    assert found.evidence in text


@pytest.mark.parametrize(
    ("text", "near", "keys"),
    [
        ("Wir kommen in den ganzen Landkreis.", "13075", ("13075",)),
        ("im Landkreis Vorpommern-Greifswald unterwegs", None, ("13075",)),
        ("Kitas im Kreis Plön", None, ("01057",)),
    ],
)
def test_reads_a_kreis(text: str, near: str | None, keys: tuple[str, ...]) -> None:
    found = read_service_area(text, near=near)

    assert found is not None
    assert found.value.municipalities == keys


def test_an_area_that_is_not_certain_is_kept_as_words() -> None:
    found = read_service_area("Wir fahren im Altkreis Grafschaft Hügelland.")

    assert found is not None
    assert found.value.words is not None
    assert not found.value.municipalities
    assert not found.value.sure


@pytest.mark.parametrize(
    "text", ["Wanderung von 2 km", "0,40 € je gefahrenen Kilometer", "Der Rundweg ist 3 km lang.", "Wir freuen uns."]
)
def test_other_kilometres_are_no_area(text: str) -> None:
    assert read_service_area(text) is None


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("Wir kommen gern in der Samtgemeinde Sottrum vorbei.", "Sottrum", "Scheeßel"),
        ("Unsere Märchenkiste ist auf der Insel Rügen unterwegs.", "Binz", "Stralsund"),
        ("Besuche in den Landkreisen Plön und Ostholstein", "Eutin", "Bad Segeberg"),
    ],
)
def test_a_named_area_in_a_text_becomes_a_set(text: str, inside: str, outside: str) -> None:
    found = read_service_area(text)

    assert found is not None
    assert found.evidence in text
    assert (holds(found.value, inside), holds(found.value, outside)) == (True, False)


def test_towns_beside_a_radius_draw_the_area() -> None:
    text = "Wir kommen in den Raum Eutin und Malente, max. 15 km. Der Bus ist rot."

    found = read_service_area(text, near="01055")

    assert found is not None
    assert (found.value.radius_km, found.value.sure, found.rule) == (15, False, "service_area.radius_in_clause")
    assert holds(found.value, "Malente")
    assert "Bus" not in found.evidence


def test_all_words_of_a_stated_area_count() -> None:
    found = read_stated_area("Lütjenburg und Plön", near="01057")

    assert found is not None
    assert (found.value.sure, found.rule) == (True, "service_area.named")
    assert found.value.municipalities == ("01057048", "01057057")


def test_a_stated_area_that_nobody_can_draw_keeps_its_words() -> None:
    found = read_stated_area("im Hügelland", near="01057")

    assert found is not None
    assert (found.value.words, found.value.municipalities, found.value.sure) == ("im Hügelland", (), False)
