"""Benchmarks run, at a small size, and report what DESIGN promises; how fast they are is not a test."""

from time import sleep
from typing import Any

import pytest
from sqlalchemy import make_url

from harvesters.normalise.record import normalise as normalise_record
from schemas.exceptions import StoreError
from tests.bench import desk, export, harvest, night, normalise, portal, upsert
from tests.bench import list as listing
from tests.bench.corpus import SOURCE, TODAY
from tests.bench.measure import INTERVAL_S, PeakMemory

KEYS = {"bench", "sizes", "seconds", "rate", "peak_rss_mb", "machine", "baseline"}


@pytest.fixture(scope="module")
def upserted() -> dict[str, Any]:
    return upsert.run(offers=30)


@pytest.fixture(scope="module")
def listed() -> dict[str, Any]:
    return listing.run(offers=1_500)


def test_both_report_the_agreed_keys(upserted: dict[str, Any], listed: dict[str, Any]) -> None:
    assert upserted.keys() >= KEYS
    assert listed.keys() >= KEYS
    assert (upserted["bench"], listed["bench"]) == ("upsert", "list")


def test_upsert_gives_a_rate_for_new_and_one_for_unchanged(upserted: dict[str, Any]) -> None:
    for rates in (upserted["rate"], upserted["store"]["rate"], upserted["baseline"]["rate"]):
        assert set(rates) == {"new", "unchanged"}
        assert min(rates.values()) > 0


def test_every_list_finds_something_and_less_than_everything(listed: dict[str, Any]) -> None:
    totals = {name: found["total"] for name, found in listed["lists"].items()}

    assert totals.pop("everything") == 1_500
    assert {name: total for name, total in totals.items() if not 0 < total < 1_500} == {}
    assert listed["seconds"] > 0
    assert listed["baseline"]["seconds"] > 0


def test_portal_reports_every_page_with_a_baseline(empty_database_url: str) -> None:
    opened = portal.run(offers=300, database=empty_database_url)

    assert opened["pages"].keys() == {**portal.SEARCHES, **portal.OTHERS}.keys()
    _has_pages_and_a_baseline(opened, empty_database_url)


def test_desk_reports_every_page_with_a_baseline(empty_database_url: str) -> None:
    waiting = desk.run(offers=200, database=empty_database_url)

    assert waiting["pages"].keys() == {**desk.LISTS, **desk.OTHERS}.keys()
    assert waiting["sizes"] == {"offers": 200, "waiting": 200}
    _has_pages_and_a_baseline(waiting, empty_database_url)


def test_a_database_that_is_in_use_is_not_filled(sqlite_url: str) -> None:
    with pytest.raises(StoreError, match="is in use"):
        desk.run(offers=1, database=sqlite_url)


def _has_pages_and_a_baseline(found: dict[str, Any], url: str) -> None:
    assert found.keys() >= KEYS
    assert found["how"].endswith(make_url(url).get_backend_name())
    assert all(0 < page["p50_ms"] <= page["p95_ms"] for page in found["pages"].values())
    assert all(page["processor_ms"] > 0 for page in found["pages"].values())
    assert found["seconds"] > 0
    assert found["baseline"]["seconds"] > 0


def test_export_downloads_every_file_whole_and_says_when_its_first_byte_came() -> None:
    found = export.run(offers=250)

    assert found.keys() >= KEYS
    assert found["files"].keys() == export.FILES.keys()
    assert {file["rows"] for file in found["files"].values()} == {250}
    assert all(file["first_byte_ms"] > 0 for file in found["files"].values())
    assert min(found["rate"], found["baseline"]["rate"]) > 0


def test_harvest_reads_a_site_and_a_feed_twice_and_the_second_time_nothing_is_sent() -> None:
    found = harvest.run(offers=60)

    assert found.keys() >= KEYS
    assert found["sizes"] == {"offers": 60, "pages": 62}
    assert found["runs"].keys() == {"pages, first", "pages, unchanged", "feed, first", "feed, unchanged"}
    assert all(taken["offers_per_s"] > 0 for taken in found["runs"].values())
    assert found["rate"] == found["runs"]["pages, first"]["offers_per_s"]
    assert found["baseline"]["runs"].keys() == {"first", "unchanged"}


def test_a_night_reads_all_sources_while_one_hangs_and_the_next_finds_nothing_new() -> None:
    found = night.run(offers=20)

    assert found.keys() >= KEYS
    assert found["sizes"] == {"offers": 20, "sources": 1, "sites": 0}
    assert found["runs"]["first"]["ended"] == {"complete": 1, "new": 20}
    assert found["runs"]["first"]["one_still_hung"]
    assert found["runs"]["unchanged"]["ended"] == {"unchanged": 1, "new": 0}


def test_normalise_reads_texts_that_say_something() -> None:
    found = normalise.run(offers=40)
    fields = [normalise_record(normalise.text_record(n), SOURCE, today=TODAY).offer.fields for n in range(40)]

    assert found.keys() >= KEYS
    assert (found["bench"], found["sizes"]["offers"]) == ("normalise", 40)
    assert min(found["rate"], found["cold"]["rate"], found["baseline"]["rate"]) > 0
    for name in ("ages", "price", "schedule", "booking", "areas", "audience"):
        assert sum(bool(getattr(one, name)) for one in fields) >= 20, name


def test_peak_memory_sees_what_was_given_back_meanwhile() -> None:
    with PeakMemory() as small:
        pass
    with PeakMemory() as large:
        held = bytearray(b"x" * 80 * 2**20)
        sleep(4 * INTERVAL_S)
        del held

    assert large.mb - small.mb > 50
