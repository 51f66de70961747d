"""Places; real German place names, invented venues."""

import pytest

from harvesters.normalise.places import PlaceWords, goes_to_kitas, read_place, venue_words


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
    ("words", "name", "street"),
    [
        (PlaceWords(name="Energiehaus, 17373 Ueckermünde"), "Energiehaus", None),
        (PlaceWords(name="Energiehaus, Am Umspannwerk 3, 17373 Ueckermünde"), "Energiehaus", "Am Umspannwerk 3"),
        (
            PlaceWords(name="Energiehaus, 17373 Ueckermünde", postcode="17373", locality="Ueckermünde"),
            "Energiehaus",
            None,
        ),
        (PlaceWords(name="17373 Ueckermünde"), None, None),
    ],
)
def test_an_address_within_a_name_is_said_once(words: PlaceWords, name: str | None, street: str | None) -> None:
    found = read_place(words, "13075")

    assert found is not None
    place = found.value
    assert (place.name, place.street, place.postcode, place.locality) == (name, street, "17373", "Ueckermünde")


@pytest.mark.parametrize(
    "words", ["in Ihrer Kita", "bei Ihnen vor Ort", "online", "Kitas in Wolgast", "Ihre Schule", "n. n.", ""]
)
def test_what_is_no_venue_gives_no_place(words: str) -> None:
    assert venue_words(words) == ""
    assert read_place(PlaceWords(words), None) is None


def test_a_place_can_be_a_venue_and_the_kita() -> None:
    assert venue_words("Feuerwache Heide / in Ihrer Kita") == "Feuerwache Heide"
    assert goes_to_kitas("Feuerwache Heide / in Ihrer Kita")
