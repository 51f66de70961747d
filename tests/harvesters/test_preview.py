"""What does this file or address offer?"""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from harvesters.preview import Preview, preview
from harvesters.problems import ReadError
from schemas.harvest import Access, Source
from schemas.identifiers import offer_id
from schemas.offer import Offer
from tests.factories import NOW, make_source
from tests.harvesters.loopback import QUICK, Site
from webapp.cli import main

EVENT = "BEGIN:VEVENT\r\nUID:7\r\nSUMMARY:Waldtag\r\nDTSTART:20261205T093000\r\nEND:VEVENT\r\n"
ICAL = f"BEGIN:VCALENDAR\r\n{EVENT}END:VCALENDAR\r\n"
NODE = {"@type": "Event", "name": "Waldtag", "url": "/wald", "startDate": "2026-12-05T09:30"}
FORMS = {
    "ical": ICAL,
    "json_api": json.dumps({"events": [{"id": 7, "titel": "Waldtag", "datum": "2026-12-05", "uhrzeit": "9:30"}]}),
    "csv": "Nr;Titel;Datum;Uhrzeit\n7;Waldtag;5.12.2026;9.30 Uhr\n",
    "jsonld": f'<html><script type="application/ld+json">{json.dumps(NODE)}</script></html>',
    "microdata": '<p itemscope itemtype="https://schema.org/Event"><b itemprop="name">Waldtag</b>'
    '<meta itemprop="startDate" content="2026-12-05T09:30"></p>',
}


def seen(path: Path | str, source: Source | None = None, base_url: str | None = None) -> Preview:
    return preview(str(path), source=source, base_url=base_url, settings=QUICK, now=NOW)


@pytest.mark.parametrize("form", FORMS)
def test_every_format_is_tried(tmp_path: Path, form: str) -> None:
    path = tmp_path / "datei"
    path.write_text(FORMS[form], encoding="utf-8")

    found = seen(path)

    (offer,) = found.offers
    assert (found.format, offer.title, offer.region) == (form, "Waldtag", "00")
    assert offer.schedule is not None
    assert [o.day.isoformat() for o in offer.schedule.occurrences] == ["2026-12-05"]


def test_a_file_needs_no_network_and_tells_its_offers_as_a_first_harvest_would(tmp_path: Path) -> None:
    path = tmp_path / "termine.ics"
    path.write_text(ICAL)
    source = make_source(access=Access(kind="ical", start=("https://museum.example/termine.ics",)))

    (offer,) = seen(path, source).offers

    assert offer.id == offer_id(source.name, "7")
    assert (offer.region, offer.rights) == (source.region, source.rights)
    assert offer.provenance["title"].address == "https://museum.example/termine.ics"


def test_an_address_is_read_once_through_the_gate(site: Site) -> None:
    found = seen(site.put("/kita", FORMS["jsonld"], Content_Type="text/html"))

    assert found.offers[0].url == f"{site.base}/wald"
    assert [path for path, _ in site.asked] == ["/robots.txt", "/kita"]


def test_links_of_a_file_are_completed_with_its_address(tmp_path: Path) -> None:
    path = tmp_path / "seite.html"
    path.write_text(FORMS["jsonld"])

    assert seen(path, base_url="https://museum.example/kita/").offers[0].url == "https://museum.example/wald"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<html><h1>Willkommen</h1></html>", "kein Angebot"),
        ("{", "JSON ist nicht lesbar"),
        ("nur ein Wort", "Format ist unbekannt"),
    ],
)
def test_what_holds_no_offer_is_said_with_what_was_tried(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "datei"
    path.write_text(content)

    with pytest.raises(ReadError, match=words) as caught:
        seen(path)

    assert "--source" in caught.value.remedy


@pytest.mark.parametrize("content", [b"", b" \r\n", b"\xef\xbb\xbf\n"])
def test_an_empty_file_is_said_with_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "leer.ics"
    path.write_bytes(content)

    with pytest.raises(ReadError, match="Die Datei ist leer") as caught:
        seen(path)

    assert str(path) in str(caught.value)


def test_a_feed_without_events_is_readable_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "leer.ics"
    path.write_text("BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n")

    found = seen(path)

    assert (found.format, found.offers) == ("ical", [])
    assert [(issue.rule, issue.where) for issue in found.issues] == [("preview.no_offers", str(path))]


def test_dates_at_the_ends_of_the_calendar_cost_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "termine.ics"
    never = EVENT.replace("UID:7", "UID:8").replace("20261205T093000", "99991231T235959Z")
    path.write_text(ICAL.replace("END:VCALENDAR", f"{never}END:VCALENDAR"))

    assert len(seen(path).offers) == 2


def test_a_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="nicht lesbar"):
        seen(tmp_path / "nichts")


# -- on the command line ----------------------------------------------------------------------------------------------


def test_the_command_prints_one_document(tmp_path: Path) -> None:
    path = tmp_path / "termine.ics"
    path.write_text(ICAL)

    result = CliRunner().invoke(main, ["preview", str(path), "--json"])

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document.keys() == {"format", "offers", "issues"}
    assert Offer.model_validate(document["offers"][0]).title == "Waldtag"


def test_the_command_fails_with_a_message(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["preview", str(tmp_path / "nichts"), "--json"])

    assert result.exit_code == 1
    assert "nicht lesbar" in result.stderr
    assert result.stdout == ""


def test_a_wrong_description_is_said_before_anything_is_read(tmp_path: Path) -> None:
    description = tmp_path / "mv_probe.toml"
    description.write_text('name = "mv_probe"\nregion = "13"\nfarbe = "rot"\n')

    result = CliRunner().invoke(main, ["preview", "x", "--source", str(description)])

    assert result.exit_code == 1
    assert "farbe ist unbekannt" in result.stderr and "access fehlt" in result.stderr


def test_sources_are_checked(tmp_path: Path) -> None:
    description = tmp_path / "mv_probe.toml"
    description.write_text('name = "mv_probe"\n')

    good = CliRunner().invoke(main, ["sources", "check", "--json"])
    bad = CliRunner().invoke(main, ["sources", "check", str(description)])

    assert good.exit_code == 0
    assert {entry["error"] for entry in json.loads(good.stdout)["sources"]} == {None}
    assert bad.exit_code == 1
    assert "region fehlt" in bad.stderr


def test_sources_are_listed_and_harvested_by_name(sqlite_url: str) -> None:
    listed = CliRunner().invoke(main, ["sources", "list", "--json", "--database", sqlite_url])
    unknown = CliRunner().invoke(main, ["harvest", "mv_gibt_es_nicht", "--database", sqlite_url])

    assert "mv_greifswald_kulturkalender" in {source["name"] for source in json.loads(listed.stdout)["sources"]}
    assert unknown.exit_code == 1
    assert "mv_gibt_es_nicht" in unknown.stderr


@pytest.mark.parametrize("arguments", [[], ["--all", "mv_probe"], ["mv_probe", "--replay", "--dry-run"]])
def test_a_harvest_needs_to_be_told_what(arguments: list[str]) -> None:
    assert CliRunner().invoke(main, ["harvest", *arguments]).exit_code == 2


def test_a_table_that_nobody_described_is_a_guess_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "angebote.csv"
    path.write_text("Titel;Alter\nWaldtag;ab 4 Jahren\n", encoding="utf-8")

    found = preview(str(path), settings=QUICK, now=NOW)

    assert len(found.offers) == 1
    assert [issue.rule for issue in found.issues][:1] == ["preview.undescribed"]
    assert "Ohne Quellenbeschreibung gelesen" in (found.issues[0].message or "")


@pytest.mark.parametrize(
    "table",
    [
        "Titel;Link\nStadt Aachen;https://offen.example/\nStadt Kiel;https://daten.example/\n",
        "Name;Beginn;Wert\nMessstelle Nord;2019-10-19T00:00;17\nMessstelle Süd;2019-10-19T00:00;21\n",
        "Bezeichnung;Ort\n" + "Spielplatz;Nordpark\n" * 3,
    ],
    ids=["portals", "figures", "places"],
)
def test_a_list_of_other_things_is_no_list_of_offers(tmp_path: Path, table: str) -> None:
    path = tmp_path / "liste.csv"
    path.write_text(table, encoding="utf-8")

    with pytest.raises(ReadError) as error:
        seen(path)

    assert error.value.rule == "preview.other_list"


@pytest.mark.parametrize("cell", ["ab 4 Jahren", "3 € pro Kind", "Führung für Kita-Gruppen"])
def test_one_row_in_ten_that_states_what_offers_state_is_enough(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "liste.csv"
    heading = {"a": "Alter", "3": "Preis", "F": "Beschreibung"}[cell[0]]
    path.write_text(f"Titel;{heading}\nWaldtag;{cell}\n" + "".join(f"Haus {n};\n" for n in range(9)), "utf-8")

    assert len(seen(path).offers) == 10


def test_a_list_of_events_is_no_portal_because_it_reports_success(tmp_path: Path) -> None:
    path = tmp_path / "events.json"
    path.write_text(json.dumps({"success": True, "result": [{"id": 7, "titel": "Waldtag", "alter": "ab 4 Jahren"}]}))

    assert [offer.title for offer in seen(path).offers] == ["Waldtag"]
