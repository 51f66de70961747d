"""The place of an offer in running text: behind a label, or the one whole address; a town that is named is none."""

from __future__ import annotations

import pytest

from harvesters.normalise.prose_places import read_address, read_labelled_place
from harvesters.normalise.record import normalise
from harvesters.normalise.text import Prose
from schemas.harvest import RecordField
from tests.factories import TODAY, make_record

REGION = "13075"


@pytest.mark.parametrize(
    ("text", "name", "street", "locality"),
    [
        ("Treffpunkt: Waldparkplatz, Dorfstr. 3, 17489 Greifswald.", "Waldparkplatz", "Dorfstr. 3", "Greifswald"),
        (
            "Dauer 60 Min.\nOrt: Knopfstraße 18-20, 17489 Greifswald\nKosten: 2 €",
            None,
            "Knopfstraße 18-20",
            "Greifswald",
        ),
        ("Wo? Alte Schmiede Lassan", "Alte Schmiede Lassan", None, "Lassan"),
        ("Veranstaltungsort\nKulturhaus, Hafenweg 2, 17438 Wolgast", "Kulturhaus", "Hafenweg 2", "Wolgast"),
        ("Treffpunkt ist immer: Am Markt 7, 17438 Wolgast. Bitte pünktlich.", None, "Am Markt 7", "Wolgast"),
        ("Ort der Veranstaltung: Gutshaus in 17390 Murchin", "Gutshaus", None, "Murchin"),
    ],
)
def test_a_label_says_that_the_words_behind_it_are_the_place(text, name, street, locality):
    found = read_labelled_place(Prose(text), REGION)

    assert found is not None
    assert (found.value.name, found.value.street, found.value.locality) == (name, street, locality)
    assert found.evidence in text
    assert found.rule == "place.labelled"


@pytest.mark.parametrize(
    "text",
    [
        "Treffpunkt: am Eingang.",
        "Ort: nach Vereinbarung",
        "Ort: in Ihrer Kita",
        "Wo kommt der Regen her? Wir fragen in Greifswald.",
        "Ort: Hafenweg 2, 17438 Wolgast\nOrt: Domstr. 1, 17489 Greifswald",
        "Vorort: Greifswald",
        "Wort: Anklam",
        "Adresse:",
    ],
)
def test_a_label_without_a_town_or_with_two_places_gives_none(text):
    assert read_labelled_place(Prose(text), REGION) is None


@pytest.mark.parametrize(
    ("text", "name", "street", "locality"),
    [
        ("Für Kitas. Naturwerkstatt, Dorfstr. 5, 17489 Greifswald", "Naturwerkstatt", "Dorfstr. 5", "Greifswald"),
        (
            "Naturzentrum\nHauptstraße 12 b\n17509 Lubmin\nGeöffnet ab 9 Uhr",
            "Naturzentrum",
            "Hauptstraße 12 b",
            "Lubmin",
        ),
        (
            "Wir laufen am Forsthaus in der Langen Straße 5, 17489 Greifswald los.",
            None,
            "Langen Straße 5",
            "Greifswald",
        ),
        ("Wir sehen uns in 17489 Greifswald, Dorfstraße 3.", None, "Dorfstraße 3", "Greifswald"),
        ("Anmeldung drei Wochen vorher. Hofladen, Weg 5, 17438 Wolgast", "Hofladen", "Weg 5", "Wolgast"),
        ("Bitte melden Sie sich zwei Wochen vorher an\nHof, Weg 5, 17438 Wolgast", "Hof", "Weg 5", "Wolgast"),
        ("Haus der Natur | Am Markt 7 | D-17438 Wolgast", "Haus der Natur", "Am Markt 7", "Wolgast"),
        (
            "Zweimal: Hafenweg 2, 17438 Wolgast, und noch einmal: Hafenweg 2, 17438 Wolgast",
            None,
            "Hafenweg 2",
            "Wolgast",
        ),
    ],
)
def test_one_whole_address_is_the_place(text, name, street, locality):
    found = read_address(Prose(text), REGION)

    assert found is not None
    assert (found.value.name, found.value.street, found.value.locality) == (name, street, locality)
    assert found.evidence in text
    assert found.confidence < 0.8


@pytest.mark.parametrize(
    "text",
    [
        "Anmeldung: Museum, Hafenstr. 3, 17389 Anklam.",
        "Fragen beantwortet das Büro der Stiftung, Hafenstr. 3, 17389 Anklam",
        "Anmeldung und Kontakt\nMuseum\nHafenstr. 3\n17389 Anklam",
        "Ansprechpartnerin:\nTel. 03971 0000\nMuseum, Hafenstr. 3, 17389 Anklam",
        "Rechnungen bitte an: Stadt Wolgast, Burgstr. 6, 17438 Wolgast",
        "Greifswald, Domstr. 1, 17489 Greifswald oder Wolgast, Hafenweg 2, 17438 Wolgast",
        "Künstler aus Anklam arbeiten mit Kindern aus Wolgast.",
        "17489 Greifswald",
        "Bestellnummer 17489 Greifswald-Karte, 12 Stück",
        "Hauptstraße 5, 00000 Nirgendwo",
    ],
)
def test_other_addresses_are_no_place(text):
    assert read_address(Prose(text), REGION) is None


def test_what_the_source_says_under_its_own_name_stands(record_of):
    offer = record_of("Treffpunkt: Hafenweg 2, 17438 Wolgast", {"place": "Museum, 17489 Greifswald"})

    assert offer.place is not None
    assert offer.place.locality == "Greifswald"


def test_an_offer_that_comes_to_the_kita_is_not_placed_at_its_providers_seat(record_of):
    offer = record_of("Wir kommen mit dem Bücherbus in Ihre Kita.\nBuchwerkstatt, Dorfstr. 5, 17489 Greifswald", {})

    assert offer.place is None


@pytest.fixture
def record_of():
    def fields(text: str, words: dict[RecordField, str]):
        record = make_record(title="Vormittag für Kita-Gruppen", text=text, words=words)
        return normalise(record, None, today=TODAY).offer.fields

    return fields
