"""Runs and excluded providers: what is not asked, not stored, not brought back by a replay."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from harvesters.registry import bundled_sources
from harvesters.run import harvest, replay
from schemas.db import Database
from schemas.exclusion import ExclusionKind, Wish
from schemas.harvest import Access, RunStatus, Source
from schemas.organisation import Provider
from schemas.store.exclusions import exclude, exclusions_by_age, undo_exclusion
from schemas.store.offers import published_offers
from schemas.store.reviews import correct
from schemas.store.runs import runs
from schemas.tables.harvest import records
from tests.factories import NOW, make_source
from tests.harvesters.loopback import QUICK, Site, running_site

FOR_KITAS = "Eine Führung für Kita-Gruppen ab 4 Jahren."
TABLE = f"Titel;Anbieter;Wann;Text\nDinos;{{provider}};5.12.2026;{FOR_KITAS}\nTheater;Theater;6.12.2026;{FOR_KITAS}\n"
DESCRIPTION = """
name = "mv_museum"
title = "Museum"
provider = "Beispielmuseum e. V."
region = "13075"
trust = "publish"
active = true
[access]
kind = "csv"
start = ["{start}"]
fields = {{ title = "Titel", dates = "Wann", text = "Text" }}
"""
FIELDS = {"title": "Titel", "provider": "Anbieter", "dates": "Wann", "text": "Text"}


@pytest.fixture
def calendar(site: Site) -> Source:
    """An aggregator with offers of two providers."""
    site.put("/kalender.csv", TABLE.format(provider="Beispielmuseum e. V."), ETag='"1"')
    access = Access.model_validate({"kind": "csv", "start": (f"{site.base}/kalender.csv",), "fields": FIELDS})
    return make_source("mv_kalender", provider=None, access=access)


@pytest.fixture
def other_site() -> Iterator[Site]:
    """A second server, known by name."""
    with running_site() as site:
        site.base = site.base.replace("127.0.0.1", "localhost")
        yield site


def exclude_now(database: Database, kind: ExclusionKind, value: str) -> None:
    with database.begin() as session:
        exclude(session, [Wish(kind=kind, value=value)], region="13075", by="Anna", now=NOW)


def titles(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(offer.title for offer in published_offers(session))


def stored_records(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(records)) or 0


def test_an_excluded_providers_records_of_an_aggregator_are_read_but_not_stored(
    sqlite_database: Database, site: Site, calendar: Source
) -> None:
    exclude_now(sqlite_database, ExclusionKind.PROVIDER, "Beispielmuseum")

    run = harvest(sqlite_database, calendar, settings=QUICK, now=NOW)

    assert titles(sqlite_database) == ["Theater"]
    assert stored_records(sqlite_database) == 1
    assert run.status is RunStatus.COMPLETE and run.records == 2
    assert run.message is not None and "1 Angebot auf Wunsch des Anbieters nicht gelistet" in run.message


@pytest.mark.parametrize("column", ["Seite", "Buchen"])
@pytest.mark.parametrize("address", ["https://www.museum.example/kita ", "http://museum\u3002example./kita"])
def test_what_leads_to_an_excluded_site_is_not_stored_whatever_its_provider_is_called(
    sqlite_database: Database, site: Site, column: str, address: str
) -> None:
    site.put("/kalender.csv", f"Titel;{column};Text\nDinos;{address};{FOR_KITAS}\nTheater;;{FOR_KITAS}\n")
    fields = {"title": "Titel", "text": "Text"} | ({"url": "Seite"} if column == "Seite" else {"booking_url": "Buchen"})
    access = Access.model_validate({"kind": "csv", "start": (f"{site.base}/kalender.csv",), "fields": fields})
    exclude_now(sqlite_database, ExclusionKind.HOST, "museum.example")

    harvest(sqlite_database, make_source("mv_kalender", provider=None, access=access), settings=QUICK, now=NOW)

    assert titles(sqlite_database) == ["Theater"]
    assert stored_records(sqlite_database) == 1


def test_an_excluded_source_ends_at_once_asks_nothing_and_is_not_ill(
    sqlite_database: Database, site: Site, calendar: Source
) -> None:
    harvest(sqlite_database, calendar, settings=QUICK, now=NOW)
    exclude_now(sqlite_database, ExclusionKind.HOST, "127.0.0.1")
    site.asked.clear()

    for run in (
        harvest(sqlite_database, calendar, settings=QUICK, now=NOW),
        replay(sqlite_database, calendar, now=NOW),
        harvest(sqlite_database, calendar, settings=QUICK, now=NOW, dry_run=True),
    ):
        assert run.status is RunStatus.EXCLUDED and run.finished_at is not None
        assert run.message is not None and run.message.startswith("Diese Seite wird auf Wunsch des Anbieters")
    assert site.asked == []
    assert titles(sqlite_database) == [] and stored_records(sqlite_database) == 0
    with sqlite_database.read() as session:
        assert [run.status for run in runs(session)][:2] == [RunStatus.EXCLUDED] * 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/kalender.csv", "/neu.csv"),
        ("127.0.0.1", "localhost"),
        ('title = "Museum"', 'title = "Haus am Hafen"\nrhythm = "hourly"'),
        ("Beispielmuseum e. V.", "Haus am Hafen"),
    ],
    ids=["another page", "another host", "another title", "another provider"],
)
def test_a_file_that_is_changed_afterwards_does_not_bring_an_excluded_site_back(
    sqlite_database: Database, site: Site, tmp_path: Path, old: str, new: str
) -> None:
    for path in ("/kalender.csv", "/neu.csv"):
        site.put(path, TABLE.format(provider="Beispielmuseum"))
    file = tmp_path / "mv_museum.toml"
    file.write_text(DESCRIPTION.format(start=f"{site.base}/kalender.csv"), encoding="utf-8")
    harvest(sqlite_database, *bundled_sources(tmp_path), settings=QUICK, now=NOW)
    before = titles(sqlite_database)
    exclude_now(sqlite_database, ExclusionKind.HOST, "127.0.0.1")
    exclude_now(sqlite_database, ExclusionKind.PROVIDER, "Beispielmuseum")
    site.asked.clear()

    file.write_text(file.read_text("utf-8").replace(old, new), encoding="utf-8")
    run = harvest(sqlite_database, *bundled_sources(tmp_path), settings=QUICK, now=NOW + timedelta(days=1))

    assert before == ["Dinos", "Theater"]
    assert run.status is RunStatus.EXCLUDED
    assert site.asked == []
    assert titles(sqlite_database) == [] and stored_records(sqlite_database) == 0


def test_of_two_addresses_only_the_excluded_one_is_left_out(
    sqlite_database: Database, site: Site, other_site: Site, calendar: Source
) -> None:
    other_site.put("/mehr.csv", f"Titel;Anbieter;Wann;Text\nWaldtag;Forst;7.12.2026;{FOR_KITAS}\n")
    both = (*calendar.access.start, f"{other_site.base}/mehr.csv")
    source = calendar.model_copy(update={"access": calendar.access.model_copy(update={"start": both})})
    exclude_now(sqlite_database, ExclusionKind.HOST, "localhost")

    run = harvest(sqlite_database, source, settings=QUICK, now=NOW)

    assert run.status is RunStatus.COMPLETE
    assert other_site.asked == [] and len(titles(sqlite_database)) == 2


def test_a_corrected_provider_keeps_the_offer_out_as_well(
    sqlite_database: Database, site: Site, calendar: Source
) -> None:
    site.put("/kalender.csv", TABLE.format(provider="Museum im Hof"))
    harvest(sqlite_database, calendar, settings=QUICK, now=NOW)
    with sqlite_database.begin() as session:
        [dinos] = [offer.id for offer in published_offers(session) if offer.title == "Dinos"]
        correct(session, dinos, "provider", Provider(name="Beispielmuseum"), by="Anna", now=NOW)
    exclude_now(sqlite_database, ExclusionKind.PROVIDER, "Beispielmuseum")
    assert titles(sqlite_database) == ["Theater"]

    harvest(sqlite_database, calendar, settings=QUICK, now=NOW)
    replay(sqlite_database, calendar, now=NOW)

    assert titles(sqlite_database) == ["Theater"]
    assert stored_records(sqlite_database) == 1


def test_taken_back_everything_returns_although_the_server_says_not_modified(
    sqlite_database: Database, site: Site, calendar: Source
) -> None:
    harvest(sqlite_database, calendar, settings=QUICK, now=NOW)
    exclude_now(sqlite_database, ExclusionKind.PROVIDER, "Beispielmuseum")
    assert harvest(sqlite_database, calendar, settings=QUICK, now=NOW).status is RunStatus.UNCHANGED
    with sqlite_database.begin() as session:
        [wish] = exclusions_by_age(session)
        undo_exclusion(session, wish.id, region="13075", by="Anna", now=NOW)

    harvest(sqlite_database, calendar, settings=QUICK, now=NOW)

    assert titles(sqlite_database) == ["Dinos", "Theater"]
