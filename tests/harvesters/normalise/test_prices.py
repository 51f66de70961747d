"""Prices in wordings of providers, all invented."""

import pytest

from harvesters.normalise.evidence import best
from harvesters.normalise.own_words import own_price
from harvesters.normalise.prices import read_price
from harvesters.normalise.text import Prose
from schemas.vocabulary import PriceModel

WORDINGS = [
    ("3 € pro Kind", "per_child", 3, None),
    ("2,50 €/Kind", "per_child", 2.5, None),
    ("1,50 EUR je Kind, Betreuer zahlen nichts", "per_child", 1.5, None),
    ("50 Cent pro Kind", "per_child", 0.5, None),
    ("2,- € p. P.", "per_child", 2, None),
    ("4 Euro pro Person, Begleitpersonen frei", "per_child", 4, None),
    ("Kosten: zwei Euro pro Kind", "per_child", 2, None),
    ("€ 3,50 pro Teilnehmer", "per_child", 3.5, None),
    ("Eintritt: 3 EUR", "per_child", 3, None),
    ("für Kinder ab 3 Jahren 4 €", "per_child", 4, None),
    ("2 € / erm. 1 €", "per_child", 2, None),
    ("Pro Kind 2,80 €", "per_child", 2.8, None),
    ("Kinder in Gruppen 1,50 €, Erwachsene 4 €", "per_child", 1.5, None),
    ("Kita-Gruppen zahlen 2 € pro Kind statt 5 €", "per_child", 2, None),
    ("Erwachsene 7 €, Kinder 4 €, Familienkarte 18 €", "per_child", 4, None),
    ("45 € pro Gruppe", "per_group", 45, None),
    ("Gruppenpreis 60,00 €", "per_group", 60, None),
    ("pauschal 25 Euro für Gruppen bis 12 Kinder", "per_group", 25, None),
    ("Festpreis 280 Euro zzgl. Fahrtkosten", "per_group", 280, None),
    ("Honorar: 190 EUR pro Vorstellung", "per_group", 190, None),
    ("1.200 € je Einrichtung", "per_group", 1200, None),
    ("Pauschale 75 €, Anfahrt 0,40 € je km", "per_group", 75, None),
    ("80 € für die erste, 40 € für jede weitere Gruppe", "per_group", 80, None),
    ("150 € für die ganze Reihe je Gruppe", "per_group", 150, None),
    ("3 € pro Kind zzgl. 1,50 € Material", "per_child", 3, 1.5),
    ("4,50 € pro Kind + 2 € für den Bausatz", "per_child", 4.5, 2),
    ("20 € pro Gruppe, Materialkosten 2 € je Kind", "per_group", 20, 2),
    ("3 € je Kind plus 50 Cent Bastelmaterial", "per_child", 3, 0.5),
    ("kostenlos", "free", 0, None),
    ("Di 14 Uhr, ab 6 J., frei, max. 12 Kinder", "free", 0, None),
    ("14 Uhr, frei (bitte anmelden)", "free", 0, None),
    ("Keine Kursgebühr", "free", 0, None),
    ("Die Teilnahme ist für Kitas kostenlos, Schulen zahlen 50 €", "free", 0, None),
    ("Karten 18–32 €", "per_child", 18, None),
    ("zwischen 3 und 5 €", "per_child", 3, None),
    ("Kinder (4–14) 7 €", "per_child", 7, None),
    ("Erwachsene 8 €, ermäßigt 5 €", "per_child", 8, None),
    ("Das kostet die Kita 120 €", "per_group", 120, None),
    ("Pro Gruppe fallen 25 € an", "per_group", 25, None),
    ("Die Stiftung übernimmt alle Kosten", "free", 0, None),
    ("45 € Aufwandsentschädigung je Einsatz", "per_group", 45, None),
    ("180 € Gage pro Auftritt", "per_group", 180, None),
    ("bis 12 Kinder, 2 Std., 75 Euro", "per_group", 75, None),
    ("Ferienkurs, bis 12 Kinder, 75 Euro", "per_child", 75, None),
    ("8 € je Stunde", "per_child", 8, None),
    ("45 € je Stunde", "per_group", 45, None),
    ("30 € je Besuch, für Partnerkitas kostenlos", "per_group", 30, None),
    ("9 € für alle zwei Tage, Essen extra (3 € pro Tag)", "per_child", 9, 3),
    ("Das Angebot ist kostenfrei.", "free", 0, None),
    ("Eintritt frei", "free", 0, None),
    ("Der Besuch kostet nichts", "free", 0, None),
    ("Kosten: keine", "free", 0, None),
    ("Es entstehen keine Kosten", "free", 0, None),
    ("gebührenfrei, Begleitpersonen frei", "free", 0, None),
    ("Teilnahme gratis", "free", 0, None),
    ("Wir kommen unentgeltlich", "free", 0, None),
    ("Die Kosten übernimmt der Förderverein.", "free", 0, None),
    ("auf Spendenbasis", "donation", None, None),
    ("Wir freuen uns über eine Spende", "donation", None, None),
    ("Um eine Spende wird gebeten (Richtwert 2 € pro Kind)", "donation", 2, None),
    ("Preis auf Anfrage", "unknown", None, None),
    ("für Kitas frei", "free", 0, None),
    ("ohne Entgelt", "free", 0, None),
    ("Preis: 4,50", "per_child", 4.5, None),
    ("Kinder zahlen 1,50", "per_child", 1.5, None),
    ("die Gruppe zahlt 30 €", "per_group", 30, None),
    ("30 € (Gruppe)", "per_group", 30, None),
    ("Eine Vorstellung kostet 350 €", "per_group", 350, None),
    ("350 € inkl. Anfahrt", "per_group", 350, None),
    ("50 € bis 15 Kinder, jedes weitere 3 €", "per_group", 50, None),
    ("ermäßigt 2 €, regulär 4 €", "per_child", 4, None),
    ("kostenlos, nur Material 2 € pro Kind", "free", 0, 2),
]

NO_PRICE = [
    "Begleitpersonen frei",
    "Parken kostenlos",
    "Stornierung bis 7 Tage vorher kostenfrei",
    "0,30 € je gefahrenen Kilometer",
    "Kaution 50 €",
    "Bitte 2 Stunden einplanen",
    "Der Verein sammelt Spenden für das Dach und dankt: Das Projekt wurde aus Spenden finanziert.",
    "Kosten 2026",
    "Dazu gibt es Kinderpunsch für 2 €",
    "Kinder unter 3 frei",
    "Der Weg ist frei zugänglich, der Eingang barrierefrei.",
]


@pytest.mark.parametrize(("wording", "model", "amount", "extra"), WORDINGS)
def test_reads_prices(wording: str, model: str, amount: float | None, extra: float | None) -> None:
    found = best(read_price(wording))

    assert found is not None
    assert (found.value.model.value, found.value.amount_eur, found.value.extra_eur) == (model, amount, extra)
    assert found.evidence in wording


@pytest.mark.parametrize("wording", NO_PRICE)
def test_takes_nothing_else_for_a_price(wording: str) -> None:
    assert best(read_price(wording)) is None


@pytest.mark.parametrize(
    ("wording", "free"),
    [
        ("3 € pro Kind, Erzieherinnen frei", True),
        ("2 € pro Kind, Begleitpersonen haben freien Eintritt", True),
        ("3 € je Kind, zwei Betreuer zahlen nichts", True),
        ("Kinder 3 €, Erwachsene 5 €", False),
        ("3 € pro Kind", None),
    ],
)
def test_says_whether_adults_pay(wording: str, free: bool | None) -> None:
    found = best(read_price(wording))

    assert found is not None
    assert found.value.adults_free is free


@pytest.mark.parametrize(
    ("wording", "model", "amount"),
    [
        ("5", "per_child", 5),
        ("0", "free", 0),
        ("7.50", "per_child", 7.5),
        ("12 €", "per_child", 12),
        ("frei", "free", 0),
        ("Frei, dank der Stiftung Moorland", "free", 0),
        ("ehrenamtlich; Blumen willkommen", "free", 0),
        ("65 €\npro Gruppe", "per_group", 65),
        ("48 €\nje Durchgang mit zwei Gruppen", "per_group", 48),
        ("4 €\npro Kind", "per_child", 4),
        ("Kinder - 3 €", "per_child", 3),
    ],
)
def test_reads_a_bare_number_under_its_own_name(wording: str, model: str, amount: float) -> None:
    found = best(own_price(Prose(wording)))

    assert found is not None
    assert (found.value.model.value, found.value.amount_eur) == (model, amount)


@pytest.mark.parametrize(
    "wording", ["-3 €", "-3", "\u22123 €", "Kind: -2,50 €", "1e309 €", "2e3", "1.5e1 €", "frei für Begleitpersonen"]
)
def test_a_number_with_a_sign_or_an_exponent_is_no_price(wording: str) -> None:
    assert own_price(Prose(wording)) == []


def test_a_free_offer_may_cost_material() -> None:
    found = best(own_price(Prose("frei, Material 1,50 € pro Kind")))

    assert found is not None
    assert (found.value.model, found.value.extra_eur) == (PriceModel.FREE, 1.5)


@pytest.mark.parametrize(
    ("wording", "per_child"),
    [
        ("2 € pro Kind + 9 € Material für das Insektenhotel", False),
        ("2 € pro Kind + 8 € Holz für ein Hochbeet", False),
        ("2 € pro Kind + 1 € Material", True),
        ("2 € pro Kind, zzgl. 10 € pro Gruppe", False),
        ("30 € pro Gruppe zzgl. 15 € Material", False),
        ("25 € pro Gruppe + 10 € Materialpauschale", False),
        ("30 € pro Gruppe zzgl. 2 € Material pro Kind", True),
        ("30 € pro Gruppe + 2 € pro Kind Material", True),
        ("30 € pro Gruppe, Material 1,50 € je Kind", True),
        ("30 € pro Gruppe, pro Kind 1 € Material", True),
    ],
)
def test_says_whether_each_child_pays_an_extra(wording: str, per_child: bool) -> None:
    found = best(own_price(Prose(wording)))

    assert found is not None
    assert found.value.extra_eur is not None
    assert found.value.extra_per_child is per_child
