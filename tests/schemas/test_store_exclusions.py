"""Wishes not to be listed, on both databases: what goes, what stays, what comes back."""

from typing import Any

import pytest
from sqlalchemy import func, select

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.exclusion import ExclusionKind, Exclusions, Wish
from schemas.organisation import Booking, Provider
from schemas.store.exclusions import (
    Effect,
    effect,
    enforce,
    exclude,
    excluded,
    exclusions_by_age,
    undo_exclusion,
)
from schemas.store.offers import Tombstone, public_offer
from schemas.store.pages import Page, keep_pages
from schemas.store.publishing import rebuild
from schemas.store.reviews import correct
from schemas.store.withdrawing import ERASED
from schemas.tables.harvest import issues, pages, records, source_offers
from schemas.tables.offers import memberships
from schemas.tables.reviews import reviews
from schemas.tables.work import audit, hosts
from schemas.vocabulary import Status
from tests.factories import NOW, make_source
from tests.schemas.harvesting import Harvest

HOST = Wish(kind=ExclusionKind.HOST, value="museum.example")
NAME = Wish(kind=ExclusionKind.PROVIDER, value="Beispielmuseum e.V.")
AGGREGATOR = make_source("mv_kalender", provider=None, homepage="https://region.example").model_copy(
    update={"access": make_source().access.model_copy(update={"start": ("https://region.example/kalender",)})}
)
THEATRE = {"provider": Provider(name="Theater"), "url": "https://region.example/kalender/theater"}
MUSEUM_THERE = {"provider": Provider(name="Beispielmuseum"), "url": "https://region.example/kalender/dinos"}


def do(database: Database, *wishes: Wish) -> Effect:
    with database.begin() as session:
        return exclude(session, wishes, region="13075", by="Koordination", now=NOW, why="am Telefon")


def remember(database: Database, source: str, url: str, **held: Any) -> None:
    """A page that was read and may be asked whether it has changed."""
    page = Page(url, '"1"', None, "f", NOW, **held)
    with database.begin() as session:
        keep_pages(session, source, {}, {url: page})


def remembered(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.scalars(select(pages.c.url)))


def merge(database: Database, harvest: Harvest, key: str, into: str) -> None:
    """Another source describes the same offer."""
    with database.begin() as session:
        of = (memberships.c.source == harvest.source.name) & (memberships.c.key == key)
        session.execute(memberships.update().where(of).values(offer_id=into))


def test_a_host_goes_with_all_that_is_stored_of_it_and_leaves_a_tombstone(database: Database) -> None:
    museum = Harvest(database)
    museum.run({"dinos": {}, "fossilien": {}})

    done = do(database, HOST)

    assert done.offers == tuple(sorted((museum.id("dinos"), museum.id("fossilien"))))
    assert [source.name for source in done.sources] == ["mv_beispielmuseum"]
    with database.read() as session:
        gone = public_offer(session, museum.id("dinos"))
        assert isinstance(gone, Tombstone) and gone.status is Status.GONE
        assert session.scalar(select(func.count()).select_from(records)) == 0
        stored = session.scalars(select(source_offers.c.data)).all()
        assert all(b"Dinosaurier" not in said and ERASED.encode() in said for said in stored)
        assert session.execute(select(audit.c.action, audit.c.by)).all() == [("exclude", "Koordination")]


def test_what_would_happen_is_said_before_and_nothing_is_written(database: Database) -> None:
    museum = Harvest(database)
    museum.run({"dinos": {}})

    with database.read() as session:
        foreseen = effect(session, Exclusions.of([HOST]))

    assert foreseen.offers == (museum.id("dinos"),)
    assert museum.offer("dinos").status is Status.PUBLISHED
    assert do(database, HOST) == foreseen


def test_an_aggregator_loses_only_what_is_the_hosts_and_goes_on(database: Database) -> None:
    calendar = Harvest(database, AGGREGATOR)
    calendar.run({"dinos": {"url": "https://museum.example/dinos"}, "theater": THEATRE})

    done = do(database, HOST)

    assert done.sources == () and done.offers == (calendar.id("dinos"),)
    assert calendar.offer("theater").status is Status.PUBLISHED


def test_an_offer_that_is_booked_at_the_host_goes_too_whoever_tells_of_it(database: Database) -> None:
    calendar = Harvest(database, AGGREGATOR)
    calendar.run(
        {"dinos": THEATRE | {"booking": Booking(url="https://kita.museum.example/anmelden")}, "theater": THEATRE}
    )

    assert do(database, HOST).offers == (calendar.id("dinos"),)


def test_an_offer_that_another_source_describes_too_loses_the_hosts_part_only(database: Database) -> None:
    museum, calendar = Harvest(database), Harvest(database, AGGREGATOR)
    museum.run({"dinos": {"duration_minutes": 77}})
    calendar.run({"dinos": MUSEUM_THERE | {"title": "Saurier im Kalender"}})
    merge(database, calendar, "dinos", museum.id("dinos"))

    done = do(database, HOST)

    assert done.parts == (museum.id("dinos"),) and done.offers == ()
    left = museum.offer("dinos")
    assert left.status is Status.PUBLISHED
    assert (left.title, left.duration_minutes) == ("Saurier im Kalender", 60)


def test_a_provider_by_name_goes_from_every_source(database: Database) -> None:
    museum, calendar = Harvest(database), Harvest(database, AGGREGATOR)
    museum.run({"dinos": {}})
    calendar.run({"dinos": MUSEUM_THERE, "theater": THEATRE})
    merge(database, calendar, "dinos", museum.id("dinos"))

    done = do(database, NAME)

    assert done.offers == (museum.id("dinos"),) and done.parts == ()
    assert calendar.offer("theater").status is Status.PUBLISHED


def test_an_offer_that_a_person_gave_to_the_provider_goes_too_and_asks_no_question(database: Database) -> None:
    calendar = Harvest(database, AGGREGATOR)
    calendar.run({"dinos": {"provider": None, "url": "https://region.example/1"}})
    with database.begin() as session:
        correct(session, calendar.id("dinos"), "provider", Provider(name="Beispielmuseum"), by="Anna", now=NOW)
        correct(session, calendar.id("dinos"), "title", "Saurier", by="Anna", now=NOW)

    assert do(database, NAME).offers == (calendar.id("dinos"),)
    with database.begin() as session:
        assert rebuild(session, NOW) == 0
        assert session.scalars(select(reviews.c.id).where(reviews.c.closed_at.is_(None))).all() == []


def test_what_was_remembered_of_the_server_is_deleted(database: Database) -> None:
    Harvest(database).run({"dinos": {}})
    with database.begin() as session:
        for host in ("https://museum.example", "museum.example", "region.example"):
            session.execute(hosts.insert().values(host=host, robots="Disallow:"))

    do(database, HOST)

    with database.read() as session:
        assert session.scalars(select(hosts.c.host)).all() == ["region.example"]
        assert session.scalar(select(func.count()).select_from(issues)) == 0


@pytest.mark.parametrize("wish", [HOST, NAME])
def test_no_page_is_remembered_that_is_theirs_leads_to_them_or_held_an_offer_of_theirs(
    database: Database, wish: Wish
) -> None:
    museum, calendar = Harvest(database), Harvest(database, AGGREGATOR)
    museum.run({"fossilien": {}})
    there = {"provider": Provider(name="Beispielmuseum"), "url": "https://museum.example/dinos"}
    calendar.run({"dinos": there, "theater": THEATRE})
    remember(database, "mv_beispielmuseum", "https://museum.example/fossilien", offers=(("fossilien", 0, "f"),))
    remember(database, "mv_kalender", "https://region.example/d", offers=(("dinos", 0, "f"),))
    remember(database, "mv_kalender", "https://region.example/t", offers=(("theater", 0, "f"),))
    remember(database, "mv_kalender", "https://region.example/1", links=("https://region.example/t",), listing=True)
    remember(database, "mv_kalender", "https://region.example/2", links=("https://museum.example/x",), listing=True)
    remember(database, "mv_kalender", "https://region.example/3", next="http://museum.example/s", listing=True)

    do(database, wish)

    kept = ["https://region.example/1", "https://region.example/t"]
    others = ["https://region.example/2", "https://region.example/3"] if wish is NAME else []
    assert remembered(database) == sorted(kept + others)


def test_doing_it_twice_changes_nothing_more(database: Database) -> None:
    Harvest(database).run({"dinos": {}})
    do(database, HOST)

    again = do(database, HOST)

    assert again.offers == () and again.keys == ()
    with database.begin() as session:
        assert len(exclusions_by_age(session)) == 1
        assert enforce(session, by="nightly", now=NOW).keys == ()
        assert rebuild(session, NOW) == 0


def test_taken_back_the_next_run_brings_the_offer_back_under_its_id(database: Database) -> None:
    museum = Harvest(database)
    museum.run({"dinos": {}})
    do(database, HOST)
    remember(database, "mv_beispielmuseum", "https://museum.example/kita", offers=None)
    with database.begin() as session:
        [wish] = exclusions_by_age(session)
        undo_exclusion(session, wish.id, region="13075", by="Anna", now=NOW)

    assert museum.offer("dinos").status is Status.GONE
    with database.read() as session:
        assert not excluded(session)
    assert remembered(database) == []
    assert museum.run({"dinos": {}}).returned == 1
    assert museum.offer("dinos").status is Status.PUBLISHED


def test_another_region_cannot_take_it_back_and_nobody_can_twice(database: Database) -> None:
    do(database, HOST)
    with database.begin() as session:
        [wish] = exclusions_by_age(session)
        with pytest.raises(StoreError, match="does not stand in Region 01002"):
            undo_exclusion(session, wish.id, region="01002", by="Kiel", now=NOW)
        undo_exclusion(session, wish.id, region="13075", by="Anna", now=NOW)
        with pytest.raises(StoreError, match="taken back already"):
            undo_exclusion(session, wish.id, region="13075", by="Anna", now=NOW)


def test_nothing_that_people_decided_is_lost(database: Database) -> None:
    museum = Harvest(database)
    museum.run({"dinos": {}})
    with database.begin() as session:
        correct(session, museum.id("dinos"), "duration_minutes", 45, by="Anna", now=NOW)
    do(database, HOST)
    with database.begin() as session:
        [wish] = exclusions_by_age(session)
        undo_exclusion(session, wish.id, region="13075", by="Anna", now=NOW)

    museum.run({"dinos": {}})

    assert museum.offer("dinos").duration_minutes == 45
