"""Whole runs over lists that have pages, tombstones and references: OAI-PMH, RPDE and the APIs, over real HTTP."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from harvesters.feeds import read_feed
from harvesters.fetch.client import Client
from harvesters.formats.oai_pmh import list_address
from harvesters.run import read
from schemas.db import Database
from schemas.harvest import HarvestRun, RunResult, RunStatus, Source
from schemas.store.offers import published_offers
from tests.factories import NOW, make_source
from tests.harvesters.feed_site import harvested, titles
from tests.harvesters.loopback import QUICK, Answer, Site, running_site

TEXT = "Für Kita-Gruppen ab 4 Jahren, 2 € pro Kind."
SPACES = 'xmlns="http://www.openarchives.org/OAI/2.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"'


def source_of(kind: str, *start: str, max_pages: int = 50, least: int = 2) -> Source:
    offers = {"min": least, "max": 50, "max_vanished": 0.5}
    return make_source(access={"kind": kind, "start": start, "max_pages": max_pages}, expect={"offers": offers})


@dataclass
class Feed:
    """A list of one of the protocols on our server; an entry is its key, with a minus where it is deleted."""

    site: Site
    kind: str

    def page(self, number: int) -> str:
        """The path of a page, counted from 0."""
        if self.kind == "rpde":
            return "/feed" + (f"?after={number}" if number else "")
        more = f"resumptionToken={number}" if number else "metadataPrefix=oai_dc"
        return f"/oai?verb=ListRecords&{more}"

    def body(self, entries: str, following: str | None, *, title: str = "Waldtag", change: int = 1) -> str:
        """A page with ``entries``, separated by spaces."""
        keys = entries.split()
        if self.kind == "rpde":
            items: list[dict[str, Any]] = [
                {"state": "deleted", "kind": "Event", "id": key[1:], "modified": change}
                if key[0] == "-"
                else {
                    "state": "updated", "kind": "Event", "id": key, "modified": change,
                    "data": {"@type": "Event", "name": f"{title} {key}", "description": TEXT},
                }
                for key in keys
            ]  # fmt: skip
            return json.dumps({"items": items, "next": following})
        records = "".join(
            f'<record><header status="deleted"><identifier>{key[1:]}</identifier></header></record>'
            if key[0] == "-"
            else f"<record><header><identifier>{key}</identifier><datestamp>2026-11-{change:02}</datestamp></header>"
            f"<metadata><dc:title>{title} {key}</dc:title><dc:description>{TEXT}</dc:description></metadata></record>"
            for key in keys
        )
        token = parse_qs(urlsplit(following or "").query).get("resumptionToken", [""])[0]
        more = f"<resumptionToken>{token}</resumptionToken>"
        return f"<OAI-PMH {SPACES}><ListRecords>{records}{more}</ListRecords></OAI-PMH>"

    def serve(self, *pages: str, **changes: Any) -> None:
        """These pages, the last one as the protocol ends."""
        ended = (*pages, "") if self.kind == "rpde" else pages
        for number, entries in enumerate(ended):
            last = number + 1 == len(ended)
            following = self.page(number) if last and self.kind == "rpde" else None if last else self.page(number + 1)
            self.site.put(self.page(number), self.body(entries, following, **changes))

    def source(self, **changes: Any) -> Source:
        return source_of(self.kind, self.site.base + self.page(0), **changes)

    def harvest(self, database: Database, hours: int = 0, **changes: Any) -> HarvestRun:
        return harvested(database, self.source(**changes), hours)


@pytest.fixture(params=["oai", "rpde"])
def feed(site: Site, request: pytest.FixtureRequest) -> Feed:
    return Feed(site, request.param)


@pytest.fixture
def stored(sqlite_database: Database, feed: Feed) -> Database:
    """Six offers on three pages, stored."""
    feed.serve("a b", "c d", "e f")
    assert feed.harvest(sqlite_database).status is RunStatus.COMPLETE
    return sqlite_database


def named(*keys: str) -> list[str]:
    return [f"Waldtag {key}" for key in keys]


def rules(run: HarvestRun) -> set[str]:
    return {issue.rule for issue in run.issues}


def test_all_pages_are_read_in_every_run(stored: Database, feed: Feed) -> None:
    asked = len(feed.site.paths())

    run = feed.harvest(stored, 1)

    assert (run.records, run.unchanged, run.new) == (6, 6, 0)
    assert len(feed.site.paths()) == 2 * asked
    assert titles(stored) == named("a", "b", "c", "d", "e", "f")


def test_what_only_moves_the_clock_changes_nothing(stored: Database, feed: Feed) -> None:
    feed.serve("a b", "c d", "e f", change=29)

    run = feed.harvest(stored, 1)

    assert (run.unchanged, run.changed) == (6, 0)


def test_what_the_source_lists_as_deleted_is_withdrawn_at_once(database: Database, feed: Feed) -> None:
    feed.serve("a b c", "d -x")
    feed.harvest(database)
    feed.serve("a -b", "d")

    run = feed.harvest(database, 1)

    assert (run.status, run.missing, run.withdrawn) == (RunStatus.COMPLETE, 2, 1)
    assert titles(database) == named("a", "c", "d")  # c is only missing


def test_what_is_deleted_comes_back_as_the_same_offer(stored: Database, feed: Feed) -> None:
    with stored.read() as session:
        before = {offer.title: offer.id for offer in published_offers(session)}
    feed.serve("-a b", "c d", "e f")
    feed.harvest(stored, 1)
    feed.serve("a b", "c d", "e f")

    run = feed.harvest(stored, 2)

    with stored.read() as session:
        assert (run.returned, {offer.title: offer.id for offer in published_offers(session)}) == (1, before)


def test_a_tombstone_counts_though_a_later_page_fails(stored: Database, feed: Feed) -> None:
    feed.serve("a -b", "c d", "e f")
    feed.site.put(feed.page(2), status=500)

    run = feed.harvest(stored, 1)

    assert (run.status, run.withdrawn) == (RunStatus.INCOMPLETE, 1)
    assert titles(stored) == named("a", "c", "d", "e", "f")


def test_a_source_that_deletes_everything_is_not_believed_unless_it_may_be_empty(stored: Database, feed: Feed) -> None:
    feed.serve("-a -b -c -d -e -f")

    broken, empty = feed.harvest(stored, 1), feed.harvest(stored, 2, least=0)

    assert (broken.status, broken.withdrawn) == (RunStatus.FAILED, 0)
    assert (empty.withdrawn, titles(stored)) == (6, [])


def test_an_entry_that_moves_to_a_later_page_meanwhile_is_one_offer(stored: Database, feed: Feed) -> None:
    feed.serve("a b", "c d", "e f a -b")

    run = feed.harvest(stored, 1)

    assert (run.status, run.records, run.withdrawn, rules(run)) == (RunStatus.COMPLETE, 5, 1, set())


@pytest.mark.parametrize("leads_to", [0, 1], ids=["the first page", "itself"])
def test_pages_that_lead_in_a_circle_end_and_withdraw_nothing(stored: Database, feed: Feed, leads_to: int) -> None:
    feed.site.put(feed.page(0), feed.body("a", feed.page(1)))
    feed.site.put(feed.page(1), feed.body("b", feed.page(1 if feed.kind == "oai" else leads_to)))

    runs = [feed.harvest(stored, hours) for hours in (1, 2)]

    assert [(run.status, run.withdrawn) for run in runs] == [(RunStatus.INCOMPLETE, 0)] * 2
    assert "feeds.loop" in rules(runs[0])
    assert len(titles(stored)) == 6


def test_pages_without_end_end(stored: Database, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(path: str) -> Answer:
        number = int(path.rpartition("=")[2]) if path[-1].isdecimal() else 0
        return Answer(feed.body(f"n{number}", feed.page(number + 1)).encode())

    monkeypatch.setattr(feed.site, "answer", lambda path: Answer(status=404) if "robots" in path else endless(path))
    before = len(feed.site.paths())

    run = feed.harvest(stored, 1, max_pages=7)

    assert (run.status, run.records, run.withdrawn) == (RunStatus.INCOMPLETE, 7, 0)
    assert len(feed.site.paths()) - before == 7
    assert "feeds.too_many_pages" in rules(run)


def test_a_long_list_keeps_its_run_alive_and_ends_in_time(feed: Feed) -> None:
    feed.serve("a", "b", "c", "d")
    beats: list[None] = []

    def reading(**limits: float) -> RunResult:
        client = Client(QUICK)
        return read_feed(feed.source(), client, now=NOW, heartbeat=lambda: beats.append(None), **limits).result

    whole = reading(beat_seconds=0)
    cut = reading(max_seconds=0)

    assert (whole.complete, len(whole.records), len(beats)) == (True, 4, 4 if feed.kind == "rpde" else 3)
    assert (cut.complete, len(cut.records), [issue.rule for issue in cut.issues]) == (False, 1, ["feeds.too_slow"])


BROKEN: dict[str, tuple[Callable[[Feed], Answer], str, str]] = {
    "a web page": (
        lambda feed: Answer(b"<!doctype html><html><body>Anmelden</body></html>"), "oai_pmh.page", "json_api.page",
    ),
    "half a page": (
        lambda feed: Answer(feed.body("c d", feed.page(2))[:-25].encode()), "oai_pmh.truncated", "json_api.broken",
    ),
    "nothing": (lambda feed: Answer(b""), "oai_pmh.no_answer", "json_api.broken"),
    "entities": (
        lambda feed: Answer(b'<!DOCTYPE a [<!ENTITY a "b"><!ENTITY c "&a;&a;">]><OAI-PMH>&c;</OAI-PMH>'),
        "oai_pmh.entities", "json_api.broken",
    ),
    "an expired token": (
        lambda feed: Answer(f'<OAI-PMH {SPACES}><error code="badResumptionToken">expired</error></OAI-PMH>'.encode()),
        "oai_pmh.error", "json_api.broken",
    ),
    "no next page": (
        lambda feed: Answer(b'{"items": []}' if feed.kind == "rpde" else b"<OAI-PMH><Identify/></OAI-PMH>"),
        "oai_pmh.no_records", "rpde.no_next",
    ),
    "404": (lambda feed: Answer(status=404), "fetch.not_found", "fetch.not_found"),
    "503": (lambda feed: Answer(status=503), "fetch.status", "fetch.status"),
    "503 for an hour": (
        lambda feed: Answer(status=503, headers={"Retry-After": "3600"}), "fetch.status", "fetch.status",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_later_page_that_cannot_be_read_withdraws_nothing(stored: Database, feed: Feed, name: str) -> None:
    answer, of_oai, of_rpde = BROKEN[name]
    feed.site.answers[feed.page(1)] = answer(feed)

    runs = [feed.harvest(stored, hours) for hours in (1, 2)]

    assert [(run.status, run.withdrawn) for run in runs] == [(RunStatus.INCOMPLETE, 0)] * 2
    assert (of_oai if feed.kind == "oai" else of_rpde) in rules(runs[0])
    assert len(titles(stored)) == 6


@pytest.mark.parametrize("name", [name for name in BROKEN if name not in ("half a page", "no next page")])
def test_a_first_page_that_cannot_be_read_fails_the_run(stored: Database, feed: Feed, name: str) -> None:
    feed.site.answers[feed.page(0)] = BROKEN[name][0](feed)

    run = feed.harvest(stored, 1)

    assert (run.status, run.withdrawn, len(titles(stored))) == (RunStatus.FAILED, 0, 6)


def test_a_busy_server_is_waited_for_as_it_asks(stored: Database, feed: Feed) -> None:
    good = feed.site.answer(feed.page(1))
    feed.site.answers[feed.page(1)] = [Answer(status=503, headers={"Retry-After": "0"}), good]

    assert feed.harvest(stored, 1).status is RunStatus.COMPLETE


def test_an_hour_is_not_waited_for(stored: Database, feed: Feed) -> None:
    feed.site.answers[feed.page(1)] = Answer(status=503, headers={"Retry-After": "3600"})
    before = feed.site.paths().count(feed.page(1))

    run = feed.harvest(stored, 1)

    assert feed.site.paths().count(feed.page(1)) - before == 1
    assert "60 Minuten" in " ".join(issue.message or "" for issue in run.issues)


def test_a_list_of_one_page_is_asked_whether_it_has_changed(sqlite_database: Database, site: Site) -> None:
    feed = Feed(site, "oai")
    site.put(feed.page(0), feed.body("a b", None), ETag='"1"')
    feed.harvest(sqlite_database)

    run = feed.harvest(sqlite_database, 1)

    assert (run.status, run.unchanged) == (RunStatus.UNCHANGED, 2)
    assert site.conditional() == [feed.page(0)]


def test_a_next_page_elsewhere_is_not_asked_for(stored: Database, site: Site) -> None:
    feed = Feed(site, "rpde")
    with running_site() as other:
        site.put("/feed", feed.body("a b", f"{other.base}/feed?after=1"))

        run = read(feed.source(), settings=QUICK, now=NOW)

        assert (run.complete, [issue.rule for issue in run.issues]) == (False, ["feeds.foreign_page"])
        assert other.asked == []


def test_the_last_page_may_answer_from_another_address(site: Site) -> None:
    feed = Feed(site, "rpde")
    site.put("/feed", feed.body("a b", "/feed?after=1"))
    site.put("/feed?after=1", status=302, Location="/seite/2")
    site.put("/seite/2", feed.body("", f"{site.base}/seite/2"))

    result = read(feed.source(), settings=QUICK, now=NOW)

    assert (result.complete, len(result.records), result.issues) == (True, 2, ())


def test_a_page_without_items_is_not_the_last_unless_it_names_itself(site: Site) -> None:
    feed = Feed(site, "rpde")
    feed.serve("a", "", "b")

    result = read(feed.source(), settings=QUICK, now=NOW)

    assert ([record.title for record in result.records], result.complete) == (named("a", "b"), True)


def test_sessions_find_their_series_in_another_feed(site: Site) -> None:
    def put(path: str, kind: str, *data: dict[str, Any]) -> str:
        items = [
            {"state": "updated", "kind": kind, "id": number, "modified": number, "data": {"@type": kind} | each}
            for number, each in enumerate(data, 1)
        ]
        site.put(f"{path}?after=1", json.dumps({"items": [], "next": f"{path}?after=1"}))
        return site.put(path, json.dumps({"items": items, "next": f"{path}?after=1"}))

    times = ({"startDate": f"2026-12-0{day}T09:00", "superEvent": "urn:reihe"} for day in (1, 2))
    sessions = put("/sessions", "ScheduledSession", *times)
    series = put("/series", "SessionSeries", {"@id": "urn:reihe", "name": "Turnen", "description": TEXT})

    for start in ((sessions, series), (series, sessions)):
        result = read(source_of("rpde", *start), settings=QUICK, now=NOW)
        assert [(record.title, len(record.occurrences)) for record in result.records] == [("Turnen", 2)]
        assert (result.complete, result.issues) == (True, ())


@pytest.mark.parametrize(("total", "complete"), [(3, False), (2, True), (1, True)])
def test_a_list_that_promises_more_than_it_shows_is_not_complete(site: Site, total: int, complete: bool) -> None:
    feed = Feed(site, "oai")
    site.put(feed.page(0), feed.body("a", feed.page(1)).replace("Token>1", f'Token completeListSize="{total}">1'))
    site.put(feed.page(1), feed.body("-b", None))

    result = read(feed.source(), settings=QUICK, now=NOW)

    assert result.complete is complete
    assert [issue.rule for issue in result.issues] == ([] if complete else ["feeds.fewer"])


def test_a_deleted_record_takes_all_offers_in_its_text_with_it(sqlite_database: Database, site: Site) -> None:
    feed = Feed(site, "oai")
    two = (
        "1. Waldspaziergang\nFür Kita-Gruppen geht es in den Wald. Ab 3 Jahren, 2 € pro Kind, 60 Minuten.\n"
        "2. Moorexpedition\nFür Kita-Gruppen geht es ins Moor. Ab 5 Jahren, 4 € pro Kind, 120 Minuten."
    )
    site.put(feed.page(0), feed.body("a b c", None).replace(TEXT, two, 1))
    feed.harvest(sqlite_database)
    assert len(titles(sqlite_database)) == 4
    site.put(feed.page(0), feed.body("-a b c", None))

    run = feed.harvest(sqlite_database, 1)

    assert (run.withdrawn, titles(sqlite_database)) == (2, named("b", "c"))


def test_linked_events_are_read_page_by_page_with_their_deletions(database: Database, site: Site) -> None:
    def put(path: str, following: str | None, *events: dict[str, Any]) -> None:
        told = [{"name": {"de": f"Waldtag {each['id']}"}, "description": {"de": TEXT}} | each for each in events]
        site.put(path, json.dumps({"meta": {"count": 3, "next": following}, "data": told}))

    source = source_of("linked_events", f"{site.base}/v1/event/?include=location")
    put("/v1/event/?include=location", f"{site.base}/v1/event/?page=2", {"id": "a"}, {"id": "b"})
    put("/v1/event/?page=2", None, {"id": "c"})
    first = harvested(database, source)
    put("/v1/event/?page=2", None, {"id": "c", "deleted": True})

    second = harvested(database, source, 1)

    assert (first.status, first.new) == (RunStatus.COMPLETE, 3)
    assert (second.withdrawn, titles(database)) == (1, named("a", "b"))


def test_kulturdaten_are_joined_over_their_lists(site: Site) -> None:
    def put(name: str, *entries: dict[str, Any], page: int = 1) -> str:
        asked = f"/api/{name}?pageSize=2" if page == 1 else f"/api/{name}?page={page}&pageSize=2"
        data = {"page": page, "pageSize": 2, "totalCount": 3 if name == "events" else len(entries), name: entries}
        return site.put(asked, json.dumps({"success": True, "data": data}))

    def event(number: int) -> dict[str, Any]:
        return {
            "type": "type.Event", "identifier": f"E_{number}", "status": "event.published",
            "schedule": {"startDate": f"2026-12-0{number}", "startTime": "10:00:00"},
            "attractions": [{"referenceId": "A_1", "referenceLabel": {"de": "Puppenspiel"}}],
            "locations": [{"referenceId": "L_1", "referenceLabel": {"de": "Bühne"}}],
        }  # fmt: skip

    events = put("events", event(1), event(2))
    put("events", event(3), page=2)
    attraction = {"type": "type.Attraction", "identifier": "A_1", "description": {"de": TEXT}}
    location = {"type": "type.Location", "identifier": "L_1", "address": {"postalCode": "10178"}}
    source = source_of("kulturdaten", events, put("attractions", attraction), put("locations", location))

    result = read(source, settings=QUICK, now=NOW)
    (record,) = result.records

    assert (result.complete, result.issues) == (True, ())
    assert (record.title, record.text, record.words["postcode"]) == ("Puppenspiel", TEXT, "10178")
    assert len(record.occurrences) == 3


def test_only_the_address_of_a_whole_list_is_asked(site: Site) -> None:
    feed = Feed(site, "oai")

    assert list_address(f"{site.base}/oai") == site.base + feed.page(0)
