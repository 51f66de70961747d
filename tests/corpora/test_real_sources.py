"""The sources that come with the project, over the bytes that they once served, through real HTTP on loopback."""

import csv
import html
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from harvesters.preview import preview
from harvesters.registry import find
from harvesters.run import harvest, read
from schemas.db import Database
from schemas.harvest import Record, RunStatus, Source
from schemas.offer import Offer
from schemas.review import DecisionKind
from schemas.store import harvest as store
from schemas.store.offers import published_offers, stream_csv, stream_ndjson
from schemas.store.reviews import decide
from schemas.vocabulary import RightsKind, Status
from tests.harvesters.loopback import QUICK, Site, at, running_site
from webapp.app import create_app
from webapp.settings import read_settings

SEEN = datetime(2026, 4, 26, 10, 0, tzinfo=UTC)
"""When the Greifswald calendar was exported."""
COERDE = {"json": "events.json", "csv": "events.csv", "ical": "events.ics"}
COERDE_SEEN = datetime(2026, 8, 21, 16, 0, tzinfo=UTC)
GREIFSWALD = "data/events/greifswald-kulturkalender/a869cfebea250bbfe04a1b623baaf338.json"


@pytest.fixture(scope="module")
def server() -> Iterator[Site]:
    with running_site() as site:
        yield site


def served(server: Site, source: Source, path: Path) -> Source:
    """``source`` read from our server, which serves the stored bytes."""
    return at(source, server.put(f"/{source.name}/{path.name}", path.read_bytes(), ETag=f'"{path.name}"'))


# -- the Greifswald culture calendar ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def calendar_rows(shared: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads((shared / GREIFSWALD).read_text("utf-8"))
    return rows


@pytest.fixture(scope="module")
def calendar(shared: Path, server: Site) -> Source:
    return served(server, find("mv_greifswald_kulturkalender"), shared / GREIFSWALD)


def test_eight_hundred_rows_are_sixty_nine_series(calendar: Source, calendar_rows: list[dict[str, Any]]) -> None:
    result = read(calendar, settings=QUICK, now=SEEN)

    dates = Counter(str(row["kumo_id"]) for row in calendar_rows)
    assert (len(calendar_rows), len(result.records)) == (800, 69)
    assert {record.origin.key: len(record.occurrences) for record in result.records} == dates
    assert result.issues == ()
    assert result.complete


def test_the_calendar_can_be_previewed_from_a_file(shared: Path) -> None:
    found = preview(str(shared / GREIFSWALD), source=find("mv_greifswald_kulturkalender"), settings=QUICK, now=SEEN)

    assert len(found.offers) == 69
    assert all(offer.schedule and offer.schedule.occurrences for offer in found.offers)
    assert sum(len(offer.schedule.occurrences) for offer in found.offers if offer.schedule) == 800
    assert {offer.rights.kind for offer in found.offers} == {RightsKind.FACTS_ONLY}


def test_the_day_of_a_series_does_not_change_its_address(calendar: Source) -> None:
    records = read(calendar, settings=QUICK, now=SEEN).records

    assert {record.url for record in records} == {
        f"https://www.kulturkalender.greifswald.de/events/{record.origin.key}" for record in records
    }


def sentences(row: dict[str, Any]) -> Iterator[str]:
    """Sentences of at least five words in the prose of a row, as plain as exports could show them."""
    for prose in (row["content"], row["subtitle"]):
        for sentence in re.split(r"(?<=[.!?])\s|[\r\n]+|\s[–|]\s", prose or ""):
            if len(sentence.split()) >= 5:
                yield " ".join(re.findall(r"\w+", sentence)).casefold()


def plain(text: str) -> str:
    """The words of an export: without markup, escapes and the line folding of iCalendar."""
    unfolded = re.sub(r"\r\n[ \t]", "", text)
    unescaped = html.unescape(html.unescape(unfolded)).replace("\\n", " ").replace("\\,", ",").replace("\\;", ";")
    return " ".join(re.findall(r"\w+", re.sub(r"<[^>]*>", " ", unescaped))).casefold()


@pytest.fixture(scope="module")
def accepted(
    tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path, calendar: Source
) -> Iterator[tuple[Database, FlaskClient]]:
    """A database in which a coordinator has accepted every offer of the calendar, and the app over it."""
    folder = tmp_path_factory.mktemp("greifswald")
    path = folder / "kitalotse.sqlite"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    assert harvest(database, calendar, settings=QUICK, now=SEEN).status is RunStatus.COMPLETE
    with database.begin() as session:
        keys = store.known(session, calendar.name)
        for offer_id in store.offer_ids(session, calendar.name, keys):
            decide(session, offer_id, DecisionKind.ACCEPT, by="Koordination", now=SEEN)
    settings = replace(read_settings({"KITALOTSE_DATA_DIR": str(folder)}), demo=True)
    yield database, create_app(settings, database, now=lambda: SEEN).test_client()
    database.dispose()


def test_every_accepted_series_is_published(accepted: tuple[Database, FlaskClient]) -> None:
    database, _ = accepted

    with database.read() as session:
        offers = list(published_offers(session))

    assert len(offers) == 69
    assert {offer.status for offer in offers} == {Status.PUBLISHED}
    assert sum(bool(offer.description) for offer in offers) > 60  # extraction and ranking may use it


def test_no_prose_of_the_calendar_reaches_an_export(
    accepted: tuple[Database, FlaskClient], calendar_rows: list[dict[str, Any]]
) -> None:
    database, client = accepted
    with database.read() as session:
        dumps = {
            "ndjson": b"".join(stream_ndjson(session)).decode(),
            "csv": b"".join(stream_csv(session)).decode(),
        }
        ids = [offer.id for offer in published_offers(session)]
    for address in ("/offers.ndjson", "/offers.csv", "/offers.ics", "/offers.atom", *(f"/angebote/{i}" for i in ids)):
        reply = client.get(address)
        assert reply.status_code == 200, address
        dumps[address] = reply.text
    facts = {plain(row[name] or "") for row in calendar_rows for name in ("title", "venue", "organiser")}
    prose = {s for row in calendar_rows for s in sentences(row) if not any(s in fact for fact in facts)}

    found = [(name, sentence) for name, text in dumps.items() for sentence in prose if sentence in plain_of(name, text)]

    assert len(prose) > 500
    assert found == []


_PLAIN: dict[str, str] = {}


def plain_of(name: str, text: str) -> str:
    """``plain(text)``, worked out once per export."""
    if name not in _PLAIN:
        _PLAIN[name] = plain(text)
    return _PLAIN[name]


def test_facts_of_the_calendar_are_exported(
    accepted: tuple[Database, FlaskClient], calendar_rows: list[dict[str, Any]]
) -> None:
    _, client = accepted

    offers = [json.loads(line) for line in client.get("/offers.ndjson").text.splitlines()]
    table = list(csv.DictReader(io.StringIO(client.get("/offers.csv").text)))

    assert {" ".join(offer["title"].split()) for offer in offers} == {
        " ".join(row["title"].split()) for row in calendar_rows
    }
    assert len(table) == 69
    assert all(offer["url"].startswith("https://www.kulturkalender.greifswald.de/events/") for offer in offers)


# -- Coerde, three times ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def coerde(shared: Path, server: Site) -> dict[str, tuple[Record, ...]]:
    """The Records of the three forms, by key."""
    found = {}
    for form, name in COERDE.items():
        source = served(server, find(f"nw_muenster_coerde_{form}"), shared / "data/events/coerde-muenster" / name)
        result = read(source, settings=QUICK, now=COERDE_SEEN)
        assert (result.issues, result.complete) == ((), True)
        found[form] = tuple(sorted(result.records, key=lambda record: record.origin.key))
    return found


@pytest.fixture(scope="module")
def understood(shared: Path) -> dict[str, dict[str, Offer]]:
    """The offers of the three forms, by the address and title of their event."""
    found = {}
    for form, name in COERDE.items():
        source = find(f"nw_muenster_coerde_{form}")
        path = shared / "data/events/coerde-muenster" / name
        offers = preview(str(path), source=source, settings=QUICK, now=COERDE_SEEN).offers
        found[form] = {offer.sources[0].key: offer for offer in offers}
    return found


@pytest.mark.parametrize("form", COERDE)
def test_each_form_holds_the_same_events(coerde: dict[str, tuple[Record, ...]], form: str) -> None:
    assert len(coerde[form]) == 143
    assert [record.origin.key for record in coerde[form]] == [record.origin.key for record in coerde["json"]]
    assert not any("@" in record.origin.key for record in coerde[form])


def test_the_calendar_file_alone_is_enough(shared: Path) -> None:
    path = shared / "data/events/coerde-muenster/events.ics"

    assert len(preview(str(path), settings=QUICK, now=COERDE_SEEN).offers) == 143


@pytest.mark.parametrize("form", ["csv", "ical"])
@pytest.mark.parametrize("field", ["title", "schedule", "place", "cancelled", "url"])
def test_each_form_says_the_same_about(understood: dict[str, dict[str, Offer]], form: str, field: str) -> None:
    expected = {key: getattr(offer, field) for key, offer in understood["json"].items()}

    assert {key: getattr(offer, field) for key, offer in understood[form].items()} == expected


@pytest.mark.parametrize("field", ["ages", "price"])
def test_forms_with_descriptions_say_the_same_about(understood: dict[str, dict[str, Offer]], field: str) -> None:
    expected = {key: getattr(offer, field) for key, offer in understood["json"].items()}

    assert sum(value is not None for value in expected.values()) > 0
    assert {key: getattr(offer, field) for key, offer in understood["ical"].items()} == expected


def test_what_a_form_lacks_is_not_stated_there(understood: dict[str, dict[str, Offer]]) -> None:
    with_text = understood["json"]
    without = understood["csv"]

    assert all(offer.description is None for offer in without.values())
    for key, offer in without.items():
        assert offer.ages in (None, with_text[key].ages)
        assert offer.price in (None, with_text[key].price)


def test_starts_ends_and_places_are_those_of_the_file(shared: Path, understood: dict[str, dict[str, Offer]]) -> None:
    events = json.loads((shared / "data/events/coerde-muenster/events.json").read_text("utf-8"))["events"]

    for event in events:
        offer = understood["ical"][event["event_id"]]
        assert offer.schedule is not None
        (instance,) = offer.schedule.occurrences
        assert instance.day.isoformat() == event["start_date"]
        assert (instance.start.isoformat("minutes") if instance.start else None) == (event["start_time"] or None)
        assert (instance.end.isoformat("minutes") if instance.end else None) == (event["end_time"] or None)
        assert (instance.end_day or instance.day).isoformat() == event["end_date"]
        if postcode := re.search(r"\b\d{5}\b", event["address"]):
            assert offer.place is not None and offer.place.postcode == postcode[0]
        if event["location_name"]:
            assert offer.place is not None and event["location_name"].startswith(offer.place.name or "?")


def test_a_second_reading_of_each_form_is_unchanged(shared: Path, server: Site, sqlite_database: Database) -> None:
    for form, name in COERDE.items():
        source = served(server, find(f"nw_muenster_coerde_{form}"), shared / "data/events/coerde-muenster" / name)
        first = harvest(sqlite_database, source, settings=QUICK, now=COERDE_SEEN)
        second = harvest(sqlite_database, source, settings=QUICK, now=COERDE_SEEN + timedelta(days=1))

        assert (first.status, first.new) == (RunStatus.COMPLETE, 143)
        assert (second.status, second.unchanged) == (RunStatus.UNCHANGED, 143)
