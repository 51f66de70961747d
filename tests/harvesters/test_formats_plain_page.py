"""Web pages without markup for machines and without selectors → Records."""

from functools import partial
from pathlib import Path

import pytest

from harvesters.formats import plain_page
from harvesters.normalise.record import normalise
from harvesters.problems import ReadError
from schemas.vocabulary import Verdict
from tests.factories import NOW
from tests.harvesters.parsing import URL, only, parse, rules

PAGES = Path(__file__).parent / "pages"
read = partial(parse, plain_page.parse, kind="page")


def page(name: str) -> bytes:
    return (PAGES / f"{name}.html").read_bytes()


def test_a_typo3_page_becomes_its_heading_its_text_and_what_its_table_names() -> None:
    record = only(read(page("typo3_waldtag")))

    assert (record.title, record.format) == ("Waldtag mit dem Förster", "plain_page")
    assert record.origin.key == record.url == "https://museum.example/kita/waldtag"
    assert record.text.split("\n") == [
        "Mit dem Förster suchen Kita-Gruppen nach Spuren, bauen ein Tipi und hören, wer unter der Rinde wohnt.",
        "Bitte wetterfeste Kleidung anziehen.",
        "Alter: 4–6",
        "Dauer: 2 Stunden",
        "Kosten: 2,50 € pro Kind",
        "Gruppengröße: höchstens 18 Kinder",
        "Fragen an das Naturparkbüro. Jetzt anmelden",
    ]
    assert record.words == {
        "ages": "4–6",
        "duration": "2 Stunden",
        "price": "2,50 € pro Kind",
        "group_size": "höchstens 18 Kinder",
        "booking_url": "https://museum.example/anmeldung?angebot=waldtag",
        "mail": "wald@lindenhoehe.example",
    }


def test_of_a_wordpress_post_no_banner_date_comment_or_neighbour_is_text() -> None:
    record = only(read(page("wordpress_puppen")))

    assert record.title == "Puppenspiel in eurer Kita"  # the only h1 is the name of the site
    assert record.text.split("\n") == [
        "Wir kommen mit unserer Koffer-Bühne zu euch in die Kita und spielen „Der kleine Igel“.",
        "Für Kinder von 3 bis 6 Jahren, Dauer: ca. 45 Minuten, Preis: 120 € pro Gruppe.",
        "Termine nach Absprache.",
    ]


def test_of_a_page_laid_out_with_tables_the_menu_and_the_day_it_was_written_are_left_out() -> None:
    record = only(read(page("joomla_brandschutz")))

    assert record.title == "Brandschutzerziehung"
    assert record.text.split("\n") == [
        "Unsere Kameraden besuchen Vorschulgruppen in der Kita und üben das Absetzen eines Notrufs.",
        "Die Teilnahme ist kostenlos. Dauer etwa 90 Minuten, für Kinder ab 5 Jahren.",
    ]


def test_sections_below_headings_are_offers_with_keys_that_last() -> None:
    records = read(page("eine_seite"), items="h3").records

    assert [(r.origin.key, r.title, r.words.get("category")) for r in records] == [
        (f"{URL}#farben-aus-der-kueche", "Farben aus der Küche", "Für Kindertagesstätten"),
        (f"{URL}#drache", "Der Drache im Depot", "Für Kindertagesstätten"),
        (f"{URL}#c77", "Steinzeit zum Anfassen", "Für Schulen"),
    ]
    assert [r.url for r in records] == [URL, f"{URL}#drache", f"{URL}#c77"]
    assert records[1].words["price"] == "40 € pro Gruppe"
    verdicts = [
        normalise(r, None, today=NOW.date()).offer.fields.kita_suitability.verdict  # type: ignore[union-attr]
        for r in records
    ]
    assert verdicts == [Verdict.YES, Verdict.YES, Verdict.NO]


def test_a_section_that_is_inserted_moves_no_key() -> None:
    before = read(page("eine_seite"), items="h3").records
    new = b'<div class="item" id="accordion-item-1"><h3>Neu</h3><p>Ab 3 Jahren.</p></div>'
    marked = page("eine_seite").replace(b'<div class="accordion" id="accordion-1">', b'<div class="accordion">' + new)

    after = read(marked, items="h3").records

    assert [r.origin for r in after[1:]] == [r.origin for r in before]


def test_two_sections_of_one_name_are_two_offers() -> None:
    parsed = read("<main><h2>Kochen</h2><p>Ab 3 Jahren</p><h2>Kochen</h2><p>Ab 5 Jahren</p></main>", items="h2")

    assert [(r.origin.key, r.origin.part, r.text) for r in parsed.records] == [
        (f"{URL}#kochen", 0, "Ab 3 Jahren"),
        (f"{URL}#kochen", 1, "Ab 5 Jahren"),
    ]


def test_of_values_that_contradict_none_is_chosen() -> None:
    rows = "<tr><td>Preis</td><td>3 €</td></tr><tr><td>Preis</td><td>5 €</td></tr>"

    record = only(read(f"<main><h1>Kochen</h1><table>{rows}</table></main>"))

    assert record.words == {}
    assert record.text == "Preis: 3 €\nPreis: 5 €"


def test_what_is_called_like_a_menu_but_holds_the_page_is_kept() -> None:
    body = "<div class='sidebar-wrapper'><h1>Kochen</h1><p>Wir kochen Suppe.</p></div><div class='menu'>Start</div>"

    assert only(read(body)).text == "Wir kochen Suppe."


@pytest.mark.parametrize("content", ["<html><body></body></html>", "<html><head><script>x()</script></head></html>"])
def test_an_empty_page_holds_nothing(content: str) -> None:
    assert read(content) == read("")


def test_a_selector_of_headings_that_is_no_css_is_said() -> None:
    with pytest.raises(ReadError, match=r"access\.items"):
        read("<h2>Kochen</h2>", items="h2[")


def test_a_hostile_page_ends() -> None:
    assert read("<div class=nav><ul>" * 50_000 + "<h1>tief</h1>").complete
    many = "<div>" * 200 + "<h2>Kochen</h2><p>mit <a href=/x>Suppe</a></p>" * 5_000
    parsed = read(many, items="h2")
    assert (len(parsed.records), parsed.complete) == (1_000, False)
    assert set(rules(parsed)) == {"plain_page.too_many"}
