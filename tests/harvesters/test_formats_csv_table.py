"""CSV → Records."""

import tracemalloc
from functools import partial

import pytest

from harvesters.formats import csv_table
from harvesters.problems import ReadError
from schemas.harvest import RawOccurrence
from tests.harvesters.parsing import only, parse, rules

FIELDS = {"title": "Angebot", "price": "Preis", "start_date": "Datum", "start_time": "Zeit", "status": "Status"}
read = partial(parse, csv_table.parse, kind="csv", key="Nr", fields=FIELDS)
HEAD = "Nr;Angebot;Preis;Datum;Zeit;Status\n"


def test_a_row_becomes_a_record() -> None:
    record = only(read(HEAD + "7;Waldtag;2,50 €;5.12.2026;9.30 Uhr;\n"))

    assert (record.origin.key, record.title, record.format) == ("7", "Waldtag", "csv")
    assert record.words == {"price": "2,50 €"}
    assert record.occurrences == (RawOccurrence(start="2026-12-05T09:30"),)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("sign", [";", ",", "\t"])
def test_encoding_and_separator_are_found_out(encoding: str, sign: str) -> None:
    table = (HEAD + "7;Führung für Größere;3;;;\n").replace(";", sign)

    record = only(read(table.encode(encoding)))

    assert record.title == "Führung für Größere"
    assert record.words["price"] == "3 €"


def test_rows_with_one_key_are_one_record_with_several_dates() -> None:
    record = only(read(HEAD + "7;Waldtag;2 €;12.12.2026;10:00;\n7;Waldtag;2 €;5.12.2026;ab 14 Uhr;entfällt\n"))

    assert record.occurrences == (
        RawOccurrence(start="2026-12-05", words="ab 14 Uhr", status="entfällt"),
        RawOccurrence(start="2026-12-12T10:00"),
    )
    assert "status" not in record.words


def test_rows_of_one_key_that_contradict_each_other_are_said() -> None:
    parsed = read(HEAD + "7;Waldtag;2 €;5.12.2026;;\n7;Waldtag;3 €;6.12.2026;;\n7;Zirkus;2 €;7.12.2026;;\n")

    assert [o.start for o in parsed.records[0].occurrences] == ["2026-12-05", "2026-12-06"]
    assert parsed.records[0].words == {"price": "2 €"}
    assert rules(parsed) == ["csv.rows_differ", "csv.rows_differ"]
    assert "price" in (parsed.issues[0].message or "")


def test_dates_in_words_stay_words() -> None:
    record = only(read(HEAD + "7;Waldtag;;jeden ersten Dienstag;10 Uhr;\n"))

    assert record.occurrences == ()
    assert record.words["dates"] == "jeden ersten Dienstag 10 Uhr"


def test_columns_can_be_joined_and_set_into_addresses() -> None:
    fields = {"title": "Titel", "place": "Straße + Ort", "url": "https://x.example/{Nr}", "ages": "{von}–{bis} Jahre"}
    table = "Nr;Titel;Straße;Ort;von;bis\n7;Wald;Weg 1;Greifswald;3;6\n8;See;;Lubmin;3;\n"

    wald, see = parse(csv_table.parse, table, kind="csv", key="Nr", fields=fields).records

    assert wald.words == {"place": "Weg 1, Greifswald", "ages": "3–6 Jahre"}
    assert wald.url == "https://x.example/7"
    assert see.words == {"place": "Lubmin"}


def test_a_table_without_description_is_read_by_its_headings() -> None:
    record = only(parse(csv_table.parse, "Nr,Titel,Alter,PLZ,Lieblingsfarbe\n7,Wald,ab 4,17489,grün\n", kind="csv"))

    assert (record.origin.key, record.title) == ("7", "Wald")
    assert record.words == {"ages": "ab 4", "postcode": "17489"}
    assert record.unread == {"Lieblingsfarbe": "grün"}


def test_cells_may_hold_line_breaks_and_separators() -> None:
    record = only(read(HEAD + '7;"Wald; ""nass""\n und schön";;;;\n'))

    assert record.title == 'Wald; "nass" und schön'


def test_a_row_with_too_many_cells_is_left_out_and_said() -> None:
    parsed = read(HEAD + "7;Wald;2 €;;;;zu viel\n8;See;;;;\n")

    assert [record.title for record in parsed.records] == ["See"]
    assert rules(parsed) == ["csv.too_many_cells"]
    assert "Zeile 2" in parsed.issues[0].where


def test_short_rows_and_empty_rows_do_no_harm() -> None:
    parsed = read(HEAD + "\n7;Wald\n;;;;;\n")

    assert [record.title for record in parsed.records] == ["Wald"]


def test_a_row_without_a_title_is_left_out_and_said() -> None:
    assert rules(read(HEAD + "7;;2 €;;;\n")) == ["csv.no_title"]


def test_formulas_are_only_text() -> None:
    assert only(read(HEAD + "7;=HYPERLINK(A1);;;;\n")).title == "=HYPERLINK(A1)"


@pytest.mark.parametrize("content", ["", "\n\n", HEAD])
def test_an_empty_table_has_no_records(content: str) -> None:
    assert read(content).records == ()


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<html><body>Bitte anmelden</body></html>", "csv.page"),
        (HEAD + '7;"Wald;2 €', "csv.broken"),
        ("Name;Kosten\nWald;2 €\n", "csv.columns"),
    ],
)
def test_what_is_no_such_table_is_said(content: str, rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(content)

    assert caught.value.rule == rule


def test_missing_columns_are_named_with_those_that_exist() -> None:
    with pytest.raises(ReadError, match=r"Spalten fehlen: Angebot, Preis.*Vorhanden: Nr, Titel"):
        read("Nr;Titel;Datum;Zeit;Status\n")


def test_a_wrongly_declared_encoding_is_said() -> None:
    parsed = read((HEAD + "7;Führung;;;;\n").encode("cp1252"), encoding="utf-8")

    assert "encoding.broken" in rules(parsed)


def test_garbled_umlauts_are_said() -> None:
    assert rules(read(HEAD + "7;FÃ¼hrung;;;;\n")) == ["encoding.garbled"]


def test_a_long_table_is_not_held_twice() -> None:
    rows = "".join(f"{n};Waldtag {n};2,50 €;5.12.2026;9.30 Uhr;ausgebucht\n" for n in range(2_000))
    read(HEAD + rows)  # whatever is built once and kept
    peaks = []
    for _ in range(3):  # what other tests left running in this process may be counted too, but hardly three times
        tracemalloc.start()
        try:
            found = read(HEAD + rows)
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()

    assert len(found.records) == 2_000
    assert min(peaks) / 2_000 < 2_500, "bytes a row"
