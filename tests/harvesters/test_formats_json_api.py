"""JSON over HTTP → Records."""

import json
from functools import partial
from typing import Any

import pytest

from harvesters.formats import json_api
from harvesters.problems import ReadError
from schemas.harvest import RawOccurrence
from tests.harvesters.parsing import only, parse, rules

read = partial(parse, json_api.parse, kind="json")
FIELDS = {
    "title": "titel",
    "postcode": "ort.plz",
    "topics": "schlagworte.name",
    "price": "preis",
    "start": "beginn",
    "end": "ende",
}


def document(*items: Any, **more: Any) -> str:
    return json.dumps({"daten": {"angebote": list(items)}} | more)


def test_paths_lead_into_objects_and_lists() -> None:
    item = {
        "id": 7,
        "titel": "Wald &amp; <b>Wiese</b>",
        "ort": {"plz": "17489", "stadt": "Greifswald"},
        "preis": 2.5,
        "schlagworte": [{"name": "Natur"}, {"name": "Tiere"}],
        "beginn": "2026-12-05T09:30:00+01:00",
        "ende": "2026-12-05T11:00:00+01:00",
    }

    record = only(read(document(item), items="daten.angebote", key="id", fields=FIELDS))

    assert (record.origin.key, record.title) == ("7", "Wald & Wiese")
    assert record.words == {"postcode": "17489", "topics": "Natur, Tiere", "price": "2.5 €"}
    assert record.occurrences == (RawOccurrence(start="2026-12-05T09:30", end="2026-12-05T11:00"),)
    assert record.unread == {"ort.stadt": "Greifswald"}


def test_rows_with_one_key_are_one_record_with_several_dates() -> None:
    rows = [{"id": 7, "titel": "Wald", "beginn": day} for day in ("2026-12-12", "2026-12-05")]

    record = only(read(document(*rows), items="daten.angebote", key="id", fields=FIELDS))

    assert [o.start for o in record.occurrences] == ["2026-12-05", "2026-12-12"]


def test_times_apart_from_days_and_in_ranges_are_put_together() -> None:
    fields = {"title": "t", "start_date": "tag", "start_time": "zeit", "end_date": "bis"}
    rows = [
        {"t": "a", "tag": "2026-12-05", "zeit": "10–12 Uhr"},
        {"t": "b", "tag": "05.12.26", "zeit": "9:15 bis 11:30"},
        {"t": "c", "tag": "2026-12-05", "bis": "2026-12-07"},
        {"t": "d", "tag": "2026-12-05", "zeit": "ab 19.30 Uhr"},
        {"t": "e", "tag": "2026-12-05", "zeit": "", "bis": "2026-12-05"},
    ]

    found = [r.occurrences[0] for r in read(json.dumps(rows), fields=fields).records]

    assert [(o.start, o.end, o.words) for o in found] == [
        ("2026-12-05T10:00", "2026-12-05T12:00", None),
        ("2026-12-05T09:15", "2026-12-05T11:30", None),
        ("2026-12-05", "2026-12-07", None),
        ("2026-12-05", None, "ab 19.30 Uhr"),
        ("2026-12-05", None, None),
    ]


def test_the_only_list_of_a_document_is_found() -> None:
    assert [r.title for r in read(json.dumps({"seite": 1, "events": [{"name": "Wald"}]})).records] == ["Wald"]


def test_the_next_page_is_named() -> None:
    parsed = read(
        document({"titel": "Wald"}, links={"weiter": "?seite=2"}), items="daten.angebote", next="links.weiter"
    )

    assert parsed.next == "https://museum.example/kita?seite=2"


def test_the_last_page_has_no_next() -> None:
    assert read(document(links={"weiter": None}), items="daten.angebote", next="links.weiter").next is None


def test_truth_values_are_told_in_german() -> None:
    record = only(read(json.dumps([{"titel": "Wald", "mobil": True}]), fields={"title": "titel", "modes": "mobil"}))

    assert record.words == {"modes": "ja"}


def test_members_that_are_no_objects_are_said() -> None:
    parsed = read(json.dumps([{"titel": "Wald"}, "Zirkus"]), fields={"title": "titel"})

    assert (len(parsed.records), rules(parsed)) == (1, ["json_api.not_an_object"])


def test_an_object_without_key_and_title_is_said() -> None:
    assert rules(read(json.dumps([{"ort": {"plz": "1"}}]), fields=FIELDS)) == ["json_api.no_key"]


def test_windows_umlauts_are_read() -> None:
    content = json.dumps([{"titel": "Führung"}], ensure_ascii=False).encode("cp1252")

    assert only(read(content, fields={"title": "titel"})).title == "Führung"


def test_very_long_keys_stay_apart() -> None:
    rows = [{"id": "x" * 3000 + end, "titel": end} for end in "ab"]

    records = read(json.dumps(rows), key="id", fields={"title": "titel"}).records

    assert [record.title for record in records] == ["a", "b"]


@pytest.mark.parametrize("content", ["[]", '{"events": []}'])
def test_an_empty_list_has_no_records(content: str) -> None:
    parsed = read(content)

    assert (parsed.records, parsed.issues, parsed.complete) == ((), (), True)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("<!doctype html><title>Anmeldung</title>", "json_api.page"),
        ('[{"titel": "Wald"}, {"tit', "json_api.broken"),
        ("", "json_api.broken"),
        ('{"fehler": "unbekannt"}', "json_api.no_list"),
        ('"text"', "json_api.no_list"),
        ("[" * 5000, "json_api.broken"),
        ('[{"n": NaN}', "json_api.broken"),
        ('[{"n": NaN}, ' + "[" * 900 + "]" * 900 + "]", "json_api.broken"),
    ],
)
def test_what_is_no_such_document_is_said(content: str, rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        read(content)

    assert caught.value.rule == rule
    assert caught.value.address == "https://museum.example/kita"


def test_a_missing_path_is_named() -> None:
    with pytest.raises(ReadError, match=r"unter „daten\.termine“"):
        read(document(), items="daten.termine")


@pytest.mark.parametrize("wrong", ["NaN", "-Infinity", "1e999", "9" * 6_000])
def test_a_number_that_json_does_not_know_costs_only_itself(wrong: str) -> None:
    content = f'[{{"id": 1, "titel": "Wald", "preis": {wrong}}}, {{"id": 2, "titel": "Moor", "preis": 3}}]'

    parsed = read(content, key="id", fields={"title": "titel", "price": "preis"})

    assert [(r.title, r.words) for r in parsed.records] == [("Wald", {}), ("Moor", {"price": "3 €"})]
    assert [(issue.rule, issue.wording) for issue in parsed.issues] == [("json_api.repaired", wrong[:80])]
    assert parsed.complete


def test_half_an_emoji_costs_only_itself() -> None:
    content = r'[{"titel": "Wald \ud83c", "te\udf32xt": "x"}, {"titel": "F\u00fchrung \ud83c\udf32"}]'

    parsed = read(content, fields={"title": "titel"})

    assert [r.title for r in parsed.records] == ["Wald \ufffd", "Führung \N{EVERGREEN TREE}"]
    assert [(issue.rule, issue.wording) for issue in parsed.issues] == [("json_api.repaired", r"\ud83c, \udf32")]
    assert all(r.model_dump_json() for r in parsed.records)


def test_a_truth_value_is_no_title() -> None:
    parsed = read(json.dumps([{"id": 1, "titel": True}, {"id": 2, "titel": 7}]), key="id", fields={"title": "titel"})

    assert ([r.title for r in parsed.records], rules(parsed)) == (["7"], ["json_api.no_title"])
