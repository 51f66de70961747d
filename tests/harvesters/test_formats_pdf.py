"""Leaflets as PDF: reading order, one Record per offer, and one sentence where there is nothing to read."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser

from harvesters.formats import pdf, pdf_child, pdf_words
from harvesters.formats.by_kind import GUESSES, PARSERS
from harvesters.formats.records import Parsed
from harvesters.problems import ReadError
from schemas.harvest import AccessKind
from tests.factories import NOW
from tests.harvesters.leaflets import At, bomb, column, head, leaflet, picture
from tests.harvesters.parsing import described, parse, rules

LEFT, RIGHT = 57, 310
WOOD = (
    head("Im Wald der Käfer"),
    "Auf einer gemeinsamen Waldwan-",
    "derung suchen wir, was im Laub",
    "wohnt, und bauen Schiffe.",
    "Alter: 4–6 Jahre",
    "Preis: 3 € pro Kind",
)
BREAD = (
    head("Vom Korn zum Brot"),
    "Die Kita-",
    "Gruppe mahlt Mehl, knetet und",
    "backt. Für Krippen- und",
    "Kindergartenkinder.",
    "Termin: 24.11.2026, 9:30 Uhr",
)
SHIP = (
    head("Knoten und Segel"),
    "Auf dem alten Kutter lernen wir",
    "Knoten.",
    "Alter: ab 5 Jahren",
    "Kosten: kostenfrei",
)
NIGHT = (head("Sterne am Morgen"), "Das Planetarium erzählt von", "Sternen.", "Alter: ab 3 Jahren", "Preis: 2 €")
TWO_COLUMNS = [
    At(LEFT, 60, "KitaKulturTage Beispielstadt: alle Angebote auf einen Blick", 16, True),
    *column(LEFT, 110, *WOOD),
    *column(LEFT, 230, *BREAD),
    *column(RIGHT, 110, *SHIP),
    *column(RIGHT, 230, *NIGHT),
]


def read(content: bytes, **access: Any) -> Parsed:
    """What is read in a PDF."""
    return parse(pdf.parse, content, kind="pdf", **access)


def refused(content: bytes) -> str:
    """The rule under which a PDF is refused, with something to do about it."""
    with pytest.raises(ReadError) as error:
        read(content)
    assert error.value.happened and error.value.remedy
    return error.value.rule


def table(*rows: tuple[str, ...], top: float = 100, step: float = 20) -> list[At]:
    """Rows of cells; the first one are headings."""
    return [
        At(57 + 120 * place, top + step * number, cell, 10, number == 0)
        for number, row in enumerate(rows)
        for place, cell in enumerate(row)
    ]


def test_two_columns_are_read_one_after_the_other():
    parsed = read(leaflet(TWO_COLUMNS))

    assert [record.title for record in parsed.records] == [
        "Im Wald der Käfer", "Vom Korn zum Brot", "Knoten und Segel", "Sterne am Morgen",
    ]  # fmt: skip
    assert parsed.complete


def test_words_parted_at_the_end_of_a_line_are_put_together():
    wood, bread, *_ = read(leaflet(TWO_COLUMNS)).records

    assert wood.text.startswith("Auf einer gemeinsamen Waldwanderung suchen wir, was im Laub wohnt, und bauen Schiffe.")
    assert "Kita-Gruppe mahlt" in bread.text
    assert "Krippen- und Kindergartenkinder" in bread.text


def test_labels_are_kept_under_their_names_and_every_record_knows_its_page():
    first, *_, last = read(leaflet([At(57, 300, "Willkommen", 10)], TWO_COLUMNS)).records

    assert (first.words["ages"], first.words["price"]) == ("4–6 Jahre", "3 € pro Kind")
    assert first.url == first.address == "https://museum.example/kita#page=2"
    assert last.origin.key == "sterne-am-morgen"


def test_a_long_line_is_no_column_of_its_own():
    offers = [
        line
        for number in range(3)
        for line in (head(f"Angebot {number} im Wald der Tiere"), "Wir gehen los und suchen im Laub nach Spuren der",
                     "Igel.", "Alter: 4 Jahre", "Preis: 3 €", "Ort: Forst")
    ]  # fmt: skip

    parsed = read(leaflet(column(LEFT, 100, *offers)))

    assert [record.title for record in parsed.records] == [f"Angebot {number} im Wald der Tiere" for number in range(3)]
    assert all("nach Spuren der" in record.text for record in parsed.records)


def test_three_columns_on_a_sheet_that_lies_sideways():
    texts = (WOOD, SHIP, NIGHT)
    page = [line for place, text in enumerate(texts) for line in column(30 + 270 * place, 60, *text)]

    parsed = read(leaflet(page, turned=True))

    assert [record.title for record in parsed.records] == ["Im Wald der Käfer", "Knoten und Segel", "Sterne am Morgen"]


def test_heads_feet_and_numbers_of_pages_are_left_out():
    def page(number: int, *offers: Any) -> list[At]:
        text = column(LEFT, 120, *(line for offer in offers for line in offer))
        return [At(LEFT, 30, "Programm Herbst"), *text, At(LEFT, 810, f"Seite {number} von 2")]

    parsed = read(leaflet(page(1, WOOD, SHIP), page(2, BREAD, NIGHT)))

    assert len(parsed.records) == 4
    assert not any("Seite" in record.text or "Herbst" in record.text for record in parsed.records)


def test_a_day_above_offers_belongs_to_their_text_and_another_heading_is_their_category():
    text = column(
        LEFT, 100, head("Dienstag, 24. November 2026", 18), *WOOD, *SHIP, head("Draußen", 18), *NIGHT, leading=20
    )

    wood, ship, night = read(leaflet(text)).records

    assert wood.text.splitlines()[0] == ship.text.splitlines()[0] == "Dienstag, 24. November 2026"
    assert night.words["category"] == "Draußen"


def test_same_titles_are_numbered_in_their_order():
    parsed = read(leaflet(column(LEFT, 100, *WOOD, *WOOD[:3], "Alter: 3 Jahre", leading=18)))

    assert [record.origin.key for record in parsed.records] == ["im-wald-der-kaefer", "im-wald-der-kaefer-2"]


def test_greeting_and_imprint_are_no_offers_and_that_is_said():
    parsed = read(
        leaflet(column(LEFT, 80, *WOOD, *SHIP, head("Impressum"), "Stadt Beispiel, Anmeldung 9 Uhr", leading=18))
    )

    assert len(parsed.records) == 2
    assert [(issue.rule, issue.wording) for issue in parsed.issues] == [("pdf.left_out", "Impressum")]


def test_a_leaflet_with_one_heading_is_one_offer_and_one_without_says_so():
    one = read(leaflet(column(LEFT, 100, head("Kinderfest am Hafen", 24), "Am 24.11.2026 um 10 Uhr.", leading=30)))
    none = read(leaflet(column(LEFT, 100, "Kinderfest am Hafen", "Am 24.11.2026 um 10 Uhr.")))

    assert [record.title for record in one.records] == ["Kinderfest am Hafen"]
    assert [record.title for record in none.records] == ["Kinderfest am Hafen"]
    assert (rules(one), rules(none)) == ([], ["pdf.no_headings"])


def test_rows_of_a_table_are_offers_and_wrapped_cells_stay_together():
    rows = [
        *table(("Titel", "Datum", "Preis pro Kind"), ("Waldtag mit", "24.11.2026", "3"), step=20),
        At(57, 132, "Käfer Karl"),
        *table(("Moortag", "25.11.2026", "kostenfrei"), top=160),
    ]
    rows = [replace(line, bold=line.y == 100) for line in rows]

    first, second = read(leaflet([At(57, 60, "Angebote für Kitas", 18, True), *rows])).records

    assert (first.title, first.words["price"]) == ("Waldtag mit Käfer Karl", "3 € pro Kind")
    assert [occurrence.start for occurrence in first.occurrences] == ["2026-11-24"]
    assert (second.title, second.words["price"], second.url) == (
        "Moortag", "kostenfrei", "https://museum.example/kita#page=1",
    )  # fmt: skip


def test_a_table_goes_on_over_pages_and_dates_of_one_offer_are_one_record():
    header = ("Titel", "Datum", "Alter")
    parsed = read(
        leaflet(
            table(header, ("Waldtag", "24.11.2026", "4–6 Jahre"), ("Moortag", "25.11.2026", "3 Jahre"), top=40),
            table(header, ("Waldtag", "1.12.2026", "4–6 Jahre"), ("Waldtag", "2.12.2026", "3 Jahre"), top=40),
        )
    )

    assert [record.origin.key for record in parsed.records] == ["Waldtag", "Moortag", "Waldtag (2)"]
    assert [occurrence.start for occurrence in parsed.records[0].occurrences] == ["2026-11-24", "2026-12-01"]


def test_columns_of_a_table_may_be_described():
    page = table(("Nr", "Titel", "Datum", "Für"), ("7", "Waldtag", "24.11.2026", "Vorschulkinder"))

    (record,) = read(leaflet(page), fields={"title": "Titel", "audience": "Für"}, key="Nr").records

    assert (record.origin.key, record.words["audience"]) == ("7", "Vorschulkinder")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (picture(2), "pdf.scanned"),
        (leaflet([]), "pdf.empty"),
        (leaflet(TWO_COLUMNS, password="geheim"), "pdf.password"),
        (leaflet(TWO_COLUMNS)[:-600], "pdf.cut_off"),
        (b"%PDF-1.7\n%\xe2\xe3\n%%EOF", "pdf.broken"),
        (b"%PDF-1.7", "pdf.cut_off"),
    ],
    ids=["scanned", "empty", "password", "cut off", "broken", "only a beginning"],
)
def test_what_cannot_be_read_is_said_in_one_sentence(content, rule):
    assert refused(content) == rule


def test_a_password_that_only_keeps_people_from_printing_keeps_nobody_from_reading():
    assert len(read(leaflet(TWO_COLUMNS, password="")).records) == 4


def test_a_page_that_is_a_picture_among_others_is_named():
    mixed = leaflet([], TWO_COLUMNS)
    pages = pdf_words.Pages((pdf_words.Page(1, 842, (), picture=True),), 1)

    assert len(read(mixed).records) == 4
    (issue,) = pdf._said(pdf.Origin(described("pdf"), "https://x.example/a.pdf", NOW, "pdf"), pages)
    assert (issue.rule, issue.wording) == ("pdf.scanned_pages", "1")


@pytest.mark.parametrize(
    "content",
    [
        leaflet(*[column(20, 20, *[At(0, 0, "Wald " * 55, 4)] * 200, leading=4)] * 30),
        bomb(b"0 0 1 1 re f ", 12_000_000),
    ],
    ids=["words", "boxes"],
)
def test_a_bomb_costs_a_child_process_and_not_us(content):
    assert len(content) < 1_000_000
    assert refused(content) == "pdf.too_large"


def test_more_pages_than_we_read_are_no_complete_reading():
    pages = [TWO_COLUMNS, *[[At(57, 400, "Notizen")]] * pdf_child.MAX_PAGES]

    parsed = read(leaflet(*pages))

    assert not parsed.complete
    assert "pdf.too_many_pages" in rules(parsed)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_damaged_bytes_are_read_or_refused(data):
    content = bytearray(leaflet(TWO_COLUMNS))
    for _ in range(data.draw(st.integers(1, 30))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    try:
        parsed = read(bytes(content))
    except ReadError as error:
        assert error.rule.startswith("pdf.")
    else:
        assert all(record.title for record in parsed.records)


def test_a_pdf_is_known_by_its_first_bytes():
    plausible = [kind for kind, looks in GUESSES if looks(leaflet(TWO_COLUMNS)[:20_000])]

    assert plausible == [AccessKind.PDF]
    assert PARSERS[AccessKind.PDF] is pdf.parse


@pytest.mark.browser
def test_what_a_browser_prints_is_read(browser: Browser):
    offers = "".join(
        f"<h3>Tier {name} und sein Haus</h3><p>Wir öffnen das Fenster zum Wald und finden Schiffe und Flöße.</p>"
        f"<p>Alter: {age} Jahre<br>Preis: {age} € pro Kind</p>"
        for name, age in (("Igel", 3), ("Käfer", 4), ("Dachs", 5), ("Fuchs", 6))
    )
    page = browser.new_page()
    page.set_content(f"<h1>Unser Programm für Kitas</h1><div style='column-count: 2'>{offers}</div>")

    records = read(page.pdf(format="A4")).records
    page.close()

    assert [(record.title, record.words["price"]) for record in records] == [
        ("Tier Igel und sein Haus", "3 € pro Kind"), ("Tier Käfer und sein Haus", "4 € pro Kind"),
        ("Tier Dachs und sein Haus", "5 € pro Kind"), ("Tier Fuchs und sein Haus", "6 € pro Kind"),
    ]  # fmt: skip
    assert "öffnen das Fenster zum Wald und finden Schiffe und Flöße" in records[0].text
