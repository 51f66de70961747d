"""Places and service areas; real German place names, invented venues."""

import pytest

from harvesters.normalise.places import PlaceWords, goes_to_kitas, read_place, read_service_area, venue_words


@pytest.mark.parametrize(
    ("words", "postcode", "locality"),
    [
        ("Stadtbücherei, 24103 Kiel", "24103", "Kiel"),
        ("Am Markt 3, 17489 Greifswald", "17489", "Greifswald"),
        ("Erlebnishof, Dorfstraße 12, 23701 Eutin", "23701", "Eutin"),
    ],
)
def test_reads_addresses(words: str, postcode: str, locality: str) -> None:
    found = read_place(PlaceWords(words), None)

    assert found is not None
    assert (found.value.postcode, found.value.locality) == (postcode, locality)
    assert found.value.lat is not None
    assert found.value.precision is not None


def test_a_town_behind_a_venue_counts_within_the_region() -> None:
    found = read_place(PlaceWords("Sporthalle Loitz"), "13075")

    assert found is not None
    assert (found.value.locality, found.rule) == ("Loitz", "place.address")


def test_parts_under_their_own_names_come_first() -> None:
    found = read_place(
        PlaceWords(name="Theater am Wall", street="Wallstraße 1", postcode="24937", locality="Flensburg"), None
    )

    assert found is not None
    place = found.value
    assert (place.name, place.street, place.postcode, place.locality) == (
        "Theater am Wall",
        "Wallstraße 1",
        "24937",
        "Flensburg",
    )
    assert place.kreis == "01001"


@pytest.mark.parametrize(
    "words", ["in Ihrer Kita", "bei Ihnen vor Ort", "online", "Kitas in Wolgast", "Ihre Schule", "n. n.", ""]
)
def test_what_is_no_venue_gives_no_place(words: str) -> None:
    assert venue_words(words) == ""
    assert read_place(PlaceWords(words), None) is None


def test_a_place_can_be_a_venue_and_the_kita() -> None:
    assert venue_words("Feuerwache Heide / in Ihrer Kita") == "Feuerwache Heide"
    assert goes_to_kitas("Feuerwache Heide / in Ihrer Kita")


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
    found = read_service_area("im Altkreis Ostvorpommern einschließlich Insel Usedom")

    assert found is not None
    assert found.value.words is not None
    assert not found.value.municipalities
    assert not found.value.sure


@pytest.mark.parametrize(
    "text", ["Wanderung von 2 km", "0,40 € je gefahrenen Kilometer", "Der Rundweg ist 3 km lang.", "Wir freuen uns."]
)
def test_other_kilometres_are_no_area(text: str) -> None:
    assert read_service_area(text) is None
