"""Addresses in a text are no prose; what they are needed for still finds them."""

import pytest

from harvesters.normalise.addresses import masked
from harvesters.normalise.areas import read_areas, read_topics
from harvesters.normalise.booking import read_ways
from harvesters.normalise.modes import read_kind
from harvesters.normalise.persons import without_persons
from harvesters.normalise.text import Prose

ADDRESSES = (
    "https://feuerwehr.example/kurssuche/kurs?wald=1",
    "www.theater-im-wald.de/kurse/trommeln.html",
    "waldmuseum.com/schwimmkurs",
    "schwimmkurs@feuerwehr-museum.example",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_words_in_an_address_say_nothing_about_the_offer(address: str) -> None:
    page = Prose(f"Wir treffen uns. Quelle: {address}")

    assert read_kind(page) is None
    assert read_topics(page) == []
    assert read_areas(page) == []


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_stands_around_an_address_keeps_its_place(address: str) -> None:
    text = f"vorher ({address}), danach."

    lowered = masked(text)

    assert len(lowered) == len(text)
    assert lowered.startswith("vorher (")
    assert lowered.endswith("), danach.")
    assert "kurs" not in lowered


@pytest.mark.parametrize(
    "text", ["9.30 uhr", "kita.denn es ist schön", "mo.-fr. ab 3 j.", "u.a. am 1.12.2026", "@ home"]
)
def test_prose_with_dots_is_no_address(text: str) -> None:
    assert masked(text) == text


def test_an_address_under_which_one_books_is_a_way() -> None:
    assert [found.value.value for found in read_ways("Anmeldung unter www.waldhaus.example/anmeldung")] == ["link"]


def test_a_mail_address_is_still_a_contact() -> None:
    _, contact = without_persons("Fragen an museum@waldhaus.example")

    assert contact.mail is not None
    assert contact.mail.value == "museum@waldhaus.example"
