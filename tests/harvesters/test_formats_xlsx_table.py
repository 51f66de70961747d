"""XLSX → Records, and what is refused before anything opens it."""

import time as stopwatch
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.worksheet import Worksheet

from harvesters.formats import table, xlsx_guard
from harvesters.formats.by_kind import PARSERS
from harvesters.formats.grid import Grid
from harvesters.formats.records import Parsed
from harvesters.problems import ReadError
from schemas.harvest import Access, AccessKind, RawOccurrence, Source
from tests.factories import NOW, make_source
from tests.harvesters.parsing import only, rules
from tests.harvesters.workbooks import archive, with_parts, workbook

SHEET = "xl/worksheets/sheet1.xml"
HEAD = ("Nr", "Titel", "Preis", "Datum", "Uhrzeit")


def described(**access: Any) -> Source:
    return make_source("tabelle_13075_angebote", access=Access.model_validate({"kind": AccessKind.TABLE} | access))


def parse(content: bytes, **access: Any) -> Parsed:
    return PARSERS[AccessKind.TABLE](content, source=described(**access), url="angebote.xlsx", fetched_at=NOW)


def read(content: bytes, **access: Any) -> Grid:
    return table.read(content, source=described(**access), url="angebote.xlsx", fetched_at=NOW)


def refused(content: bytes, **access: Any) -> ReadError:
    with pytest.raises(ReadError) as caught:
        parse(content, **access)
    return caught.value


def test_a_row_becomes_a_record() -> None:
    record = only(parse(workbook([HEAD, (7, "Waldtag", 2.5, date(2026, 12, 5), time(9, 30))])))

    assert (record.origin.key, record.title, record.format) == ("7", "Waldtag", "xlsx")
    assert record.words == {"price": "2,5 €"}
    assert record.occurrences == (RawOccurrence(start="2026-12-05T09:30"),)
    assert record.address is None


@pytest.mark.parametrize(
    ("value", "shown_as", "words"),
    [
        (2.5, '#,##0.00 "€"', "2,50 €"),
        (2.5, '#,##0.00\\ "€"', "2,50 €"),
        (1234.5, "#,##0.00 [$€-407]", "1234,50 €"),
        (0.1 + 0.2, "General", "0,3"),
        (0.2, "0%", "20 %"),
        (0.125, "0.0%", "12,5 %"),
        (1067, "00000", "01067"),
        (12, '0" Kinder"', "12 Kinder"),
        (2.7, "0", "2,7"),
        (-3, "0", "-3"),
        (1e15, "General", "1000000000000000"),
        (True, "General", "ja"),
        (date(2026, 12, 5), "dd.mm.yyyy", "05.12.2026"),
        (datetime(2026, 12, 5, 9, 30), "dd.mm.yyyy hh:mm", "05.12.2026 09:30"),  # noqa: DTZ001 - cells know no zone
        (time(9, 30), "hh:mm", "09:30 Uhr"),
        (timedelta(minutes=90), "[h]:mm", "90 Minuten"),
        ("  Wald\n und Wiese ", "General", "Wald\n und Wiese"),
    ],
)
def test_cells_become_the_words_that_people_see(value: object, shown_as: str, words: str) -> None:
    def change(sheet: Worksheet) -> None:
        sheet["B2"].number_format = shown_as

    (line,) = read(workbook([("Titel", "Notiz"), ("Wald", value)], change=change)).lines

    assert line.cells == ("Wald", words)


def test_a_formula_counts_with_its_saved_result() -> None:
    saved = with_parts(
        workbook([("Titel", "Preis"), ("Wald", "=1+1")]), {SHEET: lambda xml: xml.replace(b"<v></v>", b"<v>2</v>")}
    )

    assert only(parse(saved)).words == {"price": "2 €"}


def test_a_formula_without_a_saved_result_is_said_and_empty() -> None:
    parsed = parse(workbook([("Titel", "Preis"), ("Wald", "=1+1"), ("See", 3)]))

    assert [record.words for record in parsed.records] == [{}, {"price": "3 €"}]
    assert rules(parsed) == ["xlsx.uncalculated"]
    assert parsed.issues[0].wording == "B2"


def test_an_error_value_is_said_and_empty() -> None:
    parsed = parse(workbook([("Titel", "Preis"), ("Wald", "#REF!")]))

    assert parsed.records[0].words == {}
    assert rules(parsed) == ["xlsx.error_value"]
    assert parsed.issues[0].wording == "B2 #REF!"


def test_the_sheet_with_the_header_is_found_and_the_others_are_named() -> None:
    grid = read(workbook([("Angebot", "Kosten"), ("Wald", 3)], Deckblatt=[("Stand: November",)], Leer=[]))

    assert (grid.sheet, grid.other_sheets) == ("Angebote", ("Deckblatt", "Leer"))
    assert grid.names == ("Angebot", "Kosten")


def test_a_sheet_can_be_named() -> None:
    book = workbook([("Titel",), ("Wald",)], Alt=[("Titel",), ("See",)])

    assert only(parse(book, items="Alt")).title == "See"
    assert "Vorhanden: Alt, Angebote" in refused(book, items="Neu").happened


def test_titles_above_the_header_are_passed_over() -> None:
    grid = read(workbook([("Angebote 2026",), (), ("Stand: Mai", "Landkreis"), ("Titel", "Alter"), ("Wald", "ab 4")]))

    assert grid.names == ("Titel", "Alter")
    assert [(line.number, line.cells) for line in grid.lines] == [(5, ("Wald", "ab 4"))]


def test_headings_merged_over_columns_belong_to_each_with_what_stands_below() -> None:
    def change(sheet: Worksheet) -> None:
        sheet.merge_cells("B1:C1")
        sheet.merge_cells("A1:A2")

    grid = read(workbook([("Titel", "Alter", None), (None, "von", "bis"), ("Wald", 3, 6)], change=change))

    assert grid.names == ("Titel", "Alter von", "Alter bis")
    assert grid.lines[0].cells == ("Wald", "3", "6")


def test_cells_merged_downwards_count_for_every_row_and_sections_are_no_offers() -> None:
    def change(sheet: Worksheet) -> None:
        sheet.merge_cells("A2:C2")
        sheet.merge_cells("A3:A4")

    rows = [("Anbieter", "Titel", "Ort"), ("Museen",), ("Museum", "Dinos", "Wolgast"), (None, "Ritter", "Anklam")]
    parsed = parse(workbook(rows, change=change))

    assert [record.words["provider"] for record in parsed.records] == ["Museum", "Museum"]
    assert rules(parsed) == ["xlsx.section"]
    assert "Zeile 2" in parsed.issues[0].where


def test_hidden_rows_and_columns_are_read_and_said() -> None:
    def change(sheet: Worksheet) -> None:
        sheet.row_dimensions[3].hidden = True
        sheet.column_dimensions["B"].hidden = True

    parsed = parse(workbook([("Titel", "Alter"), ("Wald", "ab 4"), ("See", "ab 5")], change=change))

    assert [record.title for record in parsed.records] == ["Wald", "See"]
    assert parsed.issues[0].message == "Ausgeblendet, aber mitgelesen: 1 Zeilen, 1 Spalten."


def test_two_columns_of_one_name_are_kept_apart_and_said() -> None:
    grid = read(workbook([("Titel", "Titel"), ("Wald", "im Winter")]))

    assert grid.names == ("Titel", "Titel (2)")
    assert [issue.rule for issue in grid.issues] == ["xlsx.same_heading"]


def test_units_in_headings_count_for_their_cells() -> None:
    rows = [
        ("Titel", "Alter (Jahre)", "Dauer in Min.", "Preis pro Kind", "Max. Kinder", "PLZ"),
        ("W", 4, 90, 3, 15, 1067),
    ]

    words = only(parse(workbook(rows))).words | only(
        parse(
            workbook(rows),
            fields={
                "title": "Titel", "ages": "Alter (Jahre)", "duration": "Dauer in Min.", "price": "Preis pro Kind",
                "group_size": "Max. Kinder", "postcode": "PLZ",
            },
        )
    ).words  # fmt: skip

    assert words == {
        "ages": "4 Jahre", "duration": "90 Minuten", "price": "3 € pro Kind", "group_size": "max. 15 Kinder",
        "postcode": "01067",
    }  # fmt: skip


def test_of_several_sentences_the_first_that_is_complete_counts() -> None:
    rows = [("Titel", "von", "bis"), ("Wald", 3, 6), ("See", 4, None), ("Feld", None, None)]
    ages = "{von} bis {bis} Jahre | ab {von} Jahren"

    parsed = parse(workbook(rows), fields={"title": "Titel", "ages": ages})

    assert [record.words.get("ages") for record in parsed.records] == ["3 bis 6 Jahre", "ab 4 Jahren", None]


def test_without_a_key_rows_are_told_apart_by_title_place_and_what_else_they_say() -> None:
    rows = [
        ("Titel", "Ort", "Alter", "Datum", "Webseite"),
        ("Vorlesen", "Wolgast", "ab 3", date(2026, 12, 5), "www.buch.example"),
        ("Vorlesen", "Anklam", "ab 3", date(2026, 12, 6), "www.buch.example"),
        ("Vorlesen", "Wolgast", "ab 3", date(2026, 12, 12), "www.buch.example"),
        ("Vorlesen", "Wolgast", "ab 5", date(2026, 12, 5), "www.buch.example"),
    ]

    records = parse(workbook(rows)).records

    assert [record.origin.key for record in records] == [
        "Vorlesen · Wolgast", "Vorlesen · Anklam", "Vorlesen · Wolgast (2)",
    ]  # fmt: skip
    assert [occurrence.start for occurrence in records[0].occurrences] == ["2026-12-05", "2026-12-12"]
    assert records[0].url == "https://www.buch.example"


def test_every_record_knows_its_row() -> None:
    parsed = parse(workbook([("Stand",), (), ("Titel", "Alter"), ("Wald", 1), (), ("See", 2)]))

    assert {key.key: row for key, row in parsed.rows.items()} == {"Wald": 4, "See": 6}


def test_a_table_served_as_xlsx_is_read_too() -> None:
    source = make_source(access=Access(kind=AccessKind.CSV, start=("https://museum.example/a.xlsx",)))

    parsed = PARSERS[AccessKind.CSV](
        workbook([("Titel",), ("Wald",)]), source=source, url=source.access.start[0], fetched_at=NOW
    )

    assert only(parsed).address == "https://museum.example/a.xlsx"


@pytest.mark.parametrize("rows", [[], [()], [("Titel", "Preis")]])
def test_an_empty_table_has_no_records(rows: list[tuple[str, ...]]) -> None:
    assert parse(workbook(rows)).records == ()


# -- what is refused --------------------------------------------------------------------------------------------------

PLAIN = workbook([("Titel", "Preis"), ("Wald", 3)])
BOMB = b"<a>" + b" " * 40_000_000 + b"</a>"
LAUGHS = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;">]><a>&c;</a>'
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("content", "rule", "words"),
    [
        (OLE, "xlsx.old", "alten Excel-Format"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "xlsx.password", "Passwort"),
        (b"%PDF-1.7 \xe2\xe3", "table.other", "ein PDF"),
        (b"\x89PNG\r\n\x1a\n", "table.other", "ein Bild"),
        (b"\x00\x01\x02;Titel", "table.binary", "weder eine Excel- noch"),
        (b"<!DOCTYPE html><html>", "csv.page", "Internetseite"),
        (PLAIN[:-200], "xlsx.broken", "beschädigt"),
        (PLAIN[: len(PLAIN) // 2], "xlsx.broken", "beschädigt"),
        (archive(**{"word/document.xml": b"<a/>"}), "xlsx.document", "Textdokument"),
        (archive(**{"xl/workbook.bin": b"x"}), "xlsx.binary", ".xlsb"),
        (archive(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "xlsx.opendocument", "OpenDocument"),
        (archive(**{"angebote.csv": b"Titel"}), "xlsx.archive", "Archiv"),
        (archive(**{"[Content_Types].xml": b"<a/>"}), "xlsx.broken", "nicht lesbar"),
        (with_parts(PLAIN, {SHEET: LAUGHS}), "xlsx.entities", "DTD"),
        (with_parts(PLAIN, {"xl/media/a.png": LAUGHS}), "xlsx.entities", "DTD"),
        (with_parts(PLAIN, {SHEET: LAUGHS.decode().encode("utf-16")}), "xlsx.entities", "DTD"),
        (with_parts(PLAIN, {SHEET: b"<a><b></a>"}), "xlsx.broken", "kein gültiges XML"),
        (with_parts(PLAIN, {SHEET: b"<a>" * 200}), "xlsx.too_deep", "verschachtelt"),
        (with_parts(PLAIN, {"xl/a.xml": BOMB}), "xlsx.too_large", "größer als 64 MB"),
        (with_parts(PLAIN, {f"xl/{n}.bin": BOMB for n in range(2)}), "xlsx.too_large", "größer als 64 MB"),
        (with_parts(PLAIN, {f"xl/{n}.txt": b"" for n in range(1_000)}), "xlsx.too_large", "1000 Teilen"),
    ],
)
def test_what_is_no_such_table_or_dangerous_is_said_and_not_opened(content: bytes, rule: str, words: str) -> None:
    error = refused(content)

    assert error.rule == rule
    assert words in error.happened
    assert error.remedy.startswith("Bitte")


def test_a_size_that_the_archive_lies_about_is_no_way_around() -> None:
    bomb = with_parts(PLAIN, {"xl/a.xml": BOMB})
    real = len(BOMB).to_bytes(4, "little")

    assert refused(bomb.replace(real, (100).to_bytes(4, "little"))).rule in ("xlsx.broken", "xlsx.too_large")


def test_too_many_cells_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx_guard, "MAX_CELLS", 3)

    assert refused(PLAIN).rule == "xlsx.too_large"


@pytest.mark.parametrize(
    "cell",
    [
        b'<c r="XFD1048576" t="inlineStr"><is><t>fern</t></is></c>',
        b'<c r="ZZZZZZ9" t="inlineStr"><is><t>fern</t></is></c>',
        b'<c r="A2" t="s"><v>99999</v></c>',
        b'<c r="A2"><v>' + b"9" * 6_000 + b"</v></c>",
        b'<c r="A2"><v>1e999</v></c>',
        b'<c r="A2" s="77"><v>1</v></c>',
        b'<c r="2A"><v>1</v></c>',
    ],
)
def test_cells_that_lie_cost_neither_memory_nor_time(cell: bytes) -> None:
    hostile = with_parts(
        PLAIN, {SHEET: lambda xml: xml.replace(b"</sheetData>", b'<row r="9">' + cell + b"</row></sheetData>")}
    )
    begun = stopwatch.monotonic()

    try:
        parsed = parse(hostile)
    except ReadError as error:
        assert error.rule == "xlsx.broken"
    else:
        assert "Wald" in {record.title for record in parsed.records}
    assert stopwatch.monotonic() - begun < 5


def test_merged_ranges_that_lie_cost_no_time() -> None:
    merges = b"<mergeCells>" + b'<mergeCell ref="A1:A1048576"/>' * 5_000 + b"</mergeCells>"
    hostile = with_parts(PLAIN, {SHEET: lambda xml: xml.replace(b"</sheetData>", b"</sheetData>" + merges)})
    begun = stopwatch.monotonic()

    parse(hostile)

    assert stopwatch.monotonic() - begun < 5


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(PLAIN) - 1), st.integers(0, 255)), min_size=1, max_size=12))
def test_a_damaged_workbook_is_read_or_refused_but_never_crashes(damage: list[tuple[int, int]]) -> None:
    broken = bytearray(PLAIN)
    for place, value in damage:
        broken[place] = value
    try:
        parse(bytes(broken))
    except ReadError as error:
        assert error.remedy


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2_000), st.binary(max_size=40))
def test_a_damaged_sheet_is_read_or_refused_but_never_crashes(place: int, damage: bytes) -> None:
    hostile = with_parts(PLAIN, {SHEET: lambda xml: xml[: place % len(xml)] + damage + xml[place % len(xml) :]})
    try:
        parse(hostile)
    except ReadError as error:
        assert error.remedy


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from('Titel;,\t|"\n\r=ä€\0 1.{}+'), max_size=80).map(lambda text: text.encode()))
def test_whatever_text_comes_as_csv_is_read_or_refused(content: bytes) -> None:
    try:
        parsed = partial(parse, content)()
    except ReadError as error:
        assert error.remedy
    else:
        assert all(record.title for record in parsed.records)
