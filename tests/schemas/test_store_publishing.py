"""The change counter, the published rows and their rebuilding, on SQLite and PostgreSQL."""

import threading
from datetime import timedelta
from time import sleep

import pytest
from sqlalchemy import select, update

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.review import DecisionKind
from schemas.store.offers import changes, latest_change, public_offer
from schemas.store.publishing import expire, rebuild, republish
from schemas.store.reviews import decide
from schemas.tables.offers import changes as change_table
from schemas.tables.offers import published, published_bytes, published_days, published_words
from schemas.vocabulary import Status
from tests.factories import NOW, TODAY, make_dated_schedule, make_source
from tests.schemas.harvesting import Harvest


def test_what_is_not_shown_takes_no_number(database: Database) -> None:
    harvest = Harvest(database, make_source(trust="hold"))

    harvest.run({"dinos": {}})

    with database.read() as session:
        assert latest_change(session) == 0
    assert harvest.offer("dinos").version == 0


def test_the_version_of_an_offer_is_the_number_of_its_last_change(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"a": {}, "b": {}})

    harvest.run({"a": {"duration_minutes": 30}})

    with database.read() as session:
        log = changes(session, after=0, limit=9)
        assert [(c.number, c.offer) for c in log] == [(1, harvest.id("a")), (2, harvest.id("b")), (3, harvest.id("a"))]
        assert changes(session, after=2, limit=9) == log[2:]
        assert changes(session, after=0, limit=1) == log[:1]
    assert (harvest.offer("a").version, harvest.offer("b").version) == (3, 2)


def test_publishing_again_what_is_published_changes_nothing(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"dinos": {}})

    with database.begin() as session:
        assert republish(session, [harvest.id("dinos")] * 2, now=harvest.now) == 0
        assert latest_change(session) == 1


def test_an_unknown_offer_cannot_be_published(database: Database) -> None:
    with pytest.raises(StoreError, match="'onobody' is not known"), database.begin() as session:
        republish(session, ["onobody"], now=NOW)


def test_evidence_alone_is_no_change_for_everybody(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"dinos": {"price": None}})
    first = harvest.offer("dinos")
    reading = harvest.reading("dinos", price=None)
    said = reading.normalised.offer
    evidence = {name: p.model_copy(update={"evidence": "andere Worte"}) for name, p in said.provenance.items()}
    offer = said.model_copy(update={"provenance": evidence})

    with database.begin() as session:
        assert republish(session, [first.id], now=harvest.now, fresh={offer.origin: offer}) == 0

    again = harvest.offer("dinos")
    assert (again.version, again.provenance["ages"].evidence) == (first.version, "andere Worte")


def test_the_published_table_is_what_a_rebuild_makes(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"a": {}, "b": {"schedule": make_dated_schedule(TODAY + timedelta(days=3))}, "c": {}})
    harvest.run({"a": {"duration_minutes": 30}}, withdrawn=["c"])
    tables = (published, published_bytes, published_words, published_days)
    with database.read() as session:
        before = [session.execute(select(table).order_by(*table.primary_key)).all() for table in tables]

    with database.begin() as session:
        assert rebuild(session, harvest.now) == 0

    with database.read() as session:
        assert [session.execute(select(table).order_by(*table.primary_key)).all() for table in tables] == before


def test_a_rebuild_repairs_what_differs(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"a": {}, "b": {}})
    with database.begin() as session:
        session.execute(update(published).where(published.c.offer_id == harvest.id("a")).values(digest=b"x"))

    with database.begin() as session:
        assert rebuild(session, harvest.now) == 1
        assert rebuild(session, harvest.now) == 0


def test_an_offer_expires_on_the_day_after_its_last_date(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"dinos": {"schedule": make_dated_schedule(TODAY, TODAY + timedelta(days=1))}})

    with database.begin() as session:
        assert expire(session, NOW + timedelta(days=1)) == 0
        assert expire(session, NOW + timedelta(days=2)) == 1
        assert expire(session, NOW + timedelta(days=3)) == 0
        assert changes(session, after=1, limit=9)[0].kind == "expired"
        tombstone = public_offer(session, harvest.id("dinos"))

    assert tombstone is not None
    assert (tombstone.status, tombstone.version) == (Status.EXPIRED, 2)


def test_numbers_have_no_gaps_and_follow_the_order_of_commits(database: Database) -> None:
    """Four writers at once, each with several transactions; a fifth looks on and must never see a number missing."""
    writers, rounds = 4, 6
    harvests = [Harvest(database, make_source(f"mv_haus_{n}")) for n in range(writers)]
    over = threading.Event()
    problems: list[object] = []

    def write(harvest: Harvest) -> None:
        for number in range(rounds):
            harvest.run({"a": {"duration_minutes": 10 + number}, f"b{number}": {}})

    def look_on() -> None:
        while not over.is_set():
            with database.read() as session:
                latest, seen = latest_change(session), session.scalars(select(change_table.c.number)).all()
            if sorted(seen) != list(range(1, latest + 1)):
                problems.append((latest, sorted(seen)))
            sleep(0.002)

    threads = [threading.Thread(target=write, args=(harvest,)) for harvest in harvests]
    onlooker = threading.Thread(target=look_on)
    for thread in (onlooker, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    over.set()
    onlooker.join()

    assert problems == []
    with database.read() as session:
        assert latest_change(session) == writers * rounds * 2


def test_a_transaction_that_fails_leaves_no_gap(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"dinos": {}})

    with pytest.raises(KeyError), database.begin() as session:
        decide(session, harvest.id("dinos"), DecisionKind.REJECT, by="koordination", now=NOW)
        assert latest_change(session) == 2
        raise KeyError("on purpose")
    harvest.run({"wald": {}})

    with database.read() as session:
        assert [change.number for change in changes(session, after=0, limit=9)] == [1, 2]
