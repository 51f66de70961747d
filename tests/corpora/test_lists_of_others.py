"""Stored answers of OAI-PMH, RPDE and kulturdaten.berlin, put together to whole lists over real HTTP on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harvesters.registry import find
from harvesters.run import read
from schemas.harvest import Source
from tests.factories import NOW, make_source
from tests.harvesters.loopback import QUICK, Site, at, running_site


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with running_site() as site:
        yield site


def source_of(kind: str, *start: str) -> Source:
    return make_source(access={"kind": kind, "start": start})


def test_four_pages_of_a_repository_are_one_list(server: Site, shared: Path) -> None:
    folder = shared / "data/oai/sickle"
    start = server.put("/oai?verb=ListRecords&metadataPrefix=oai_dc", (folder / "ListRecords.xml").read_bytes())
    for number in (2, 3, 4):  # a token of theirs is the name of the next file
        name = f"ListRecords{number}.xml"
        server.put(f"/oai?verb=ListRecords&resumptionToken={name}", (folder / name).read_bytes())

    result = read(source_of("oai", start), settings=QUICK, now=NOW)

    assert len(server.paths()) == 4
    assert [(record.origin.key, record.title) for record in result.records] == [
        ("oai:test.example.com:1585322", "Sample Title")  # the same on every page
    ]
    assert result.deleted == ("oai:test.example.com:1585310",)
    assert ([issue.rule for issue in result.issues], result.complete) == (["oai_pmh.nothing_deleted"], True)
    assert "John Doe" not in result.model_dump_json()


def test_series_and_sessions_of_two_feeds_are_one_offer_with_a_date(server: Site, shared: Path) -> None:
    def put(path: str, name: str) -> str:
        page: dict[str, Any] = json.loads((shared / "data/rpde/openactive-model-examples" / name).read_text("utf-8"))
        server.put(f"{path}?end", json.dumps({"items": [], "next": f"{path}?end", "license": page["license"]}))
        return server.put(path, json.dumps(page | {"next": f"{path}?end"}))

    feeds = (
        put("/sessions", "scheduledsession-split_example_1.json"),
        put("/series", "sessionseries-split_example_1.json"),
    )
    result = read(source_of("rpde", *feeds), settings=QUICK, now=NOW)
    (record,) = result.records

    assert (record.origin.key, record.title) == ("SessionSeries/1402CBP20150217", "Virtual BODYPUMP")
    assert [(one.start, one.end, one.status) for one in record.occurrences] == [
        ("2016-05-09T20:15", "2016-05-09T21:15", "SoldOut")
    ]
    assert record.rrule is None
    assert (record.words["ages"], record.words["postcode"]) == ("ab 16 Jahren", "TS4 3AE")
    assert "Smith" not in record.model_dump_json()
    assert ([issue.rule for issue in result.issues], result.complete) == (["rpde.licence"], True)


def test_events_of_kulturdaten_find_what_they_refer_to(server: Site, shared: Path) -> None:
    folder = shared / "data/events/kulturdaten-berlin"
    names = ("events", "attractions", "locations", "tags")
    source = at(
        find("be_kulturdaten"),
        *(server.put(f"/api/{name}", (folder / f"{name}.json").read_bytes()) for name in names),
    )

    result = read(source, settings=QUICK, now=NOW)

    assert {record.title: record.words["place_name"] for record in result.records} == {
        "Konzert in Berlin": "Berlin Konzerthalle",
        "Filmfestival in Berlin": "Berlin Filmpalast",
        "Technologie Expo in Berlin": "Berlin Messezentrum",
        "Metal Gig 5000": "Blackland",
    }
    assert {record.origin.key for record in result.records} == {
        "E_1234-5678-9101-1121",
        "E_4321-8765-0123-4567",
        "E_7890-1234-5678-9012",
        "A_metal-gig-5000 L_OC-BL123",  # its title is the attraction's
    }
    told = {record.title: record.text for record in result.records}
    assert told["Konzert in Berlin"].count("\n") > 1  # what the attraction says comes after the event's own words
    assert (result.issues, result.complete) == ((), True)
    assert "example.com" not in " ".join(record.words.get("mail", "") for record in result.records)
