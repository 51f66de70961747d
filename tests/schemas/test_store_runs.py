"""Sources: what the desk decided about them outlives every file and every harvest (law 1); deleted ones stay away."""

import pytest
from sqlalchemy import func, select

from schemas.exceptions import StoreError
from schemas.harvest import Access, AccessKind, ExpectOffers
from schemas.store.harvest import known, stored_records
from schemas.store.runs import (
    delete_source,
    mark_previewed,
    renew_run,
    runs,
    save_source,
    source,
    source_state,
    sources,
    start_run,
    steer_source,
)
from schemas.tables.work import audit
from schemas.vocabulary import Status
from tests.factories import NOW, make_source
from tests.schemas.harvesting import Harvest

NAME = make_source().name


def steer(harvest: Harvest, **changes: object):
    with harvest.database.begin() as session:
        return steer_source(session, NAME, changes, by="Uta", now=NOW)


def save(harvest: Harvest, **changes: object):
    with harvest.database.begin() as session:
        return save_source(session, make_source(**changes), origin="file", now=NOW)


def test_what_the_desk_decided_outlives_every_later_file(database):
    harvest = Harvest(database)
    steer(harvest, active=False, trust="hold", status="verified", rhythm="monthly")

    later = save(harvest, title="Neuer Titel", rhythm="daily", active=True)

    assert (later.active, later.trust, later.status, later.rhythm) == (False, "hold", "verified", "monthly")
    assert later.title == "Neuer Titel"
    with database.read() as session:
        assert source(session, NAME) == later
        assert source_state(session, NAME).overlay.keys() == {"active", "trust", "status", "rhythm"}


def test_deciding_about_trust_shows_at_once(database):
    harvest = Harvest(database, make_source(trust="hold"))
    harvest.run({"dinos": {}})
    assert harvest.offer("dinos").status is Status.HELD

    steer(harvest, trust="publish")
    assert harvest.offer("dinos").status is Status.PUBLISHED

    steer(harvest, trust="hold")
    assert harvest.offer("dinos").status is Status.HELD


def test_what_no_offer_depends_on_makes_nobody_read_again(database):
    harvest = Harvest(database)
    harvest.run({"dinos": {}})

    steer(harvest, active=False, contact="x@museum.example", rhythm="hourly")
    with database.read() as session:
        assert [offer.reading for offer in known(session, NAME).values()] == ["1"]

    steer(harvest, lookups={"ages": {"Minis": "ab 3 Jahren"}})
    with database.read() as session:
        assert [offer.reading for offer in known(session, NAME).values()] == [""]


def test_lookups_are_laid_in_wording_by_wording_and_can_be_taken_out(database):
    harvest = Harvest(database)
    save(harvest, lookups={"ages": {"Maxis": "ab 5 Jahren"}})

    steer(harvest, lookups={"ages": {"Minis": "ab 3 Jahren"}})
    both = steer(harvest, lookups={"price": {"umsonst": "kostenlos"}})
    after_file = save(harvest, lookups={"ages": {"Maxis": "ab 5 Jahren", "Midis": "ab 4 Jahren"}})
    taken_out = steer(harvest, lookups={"ages": {"Minis": None}, "price": {"umsonst": None}})

    assert both.lookups == {"ages": {"Maxis": "ab 5 Jahren", "Minis": "ab 3 Jahren"}, "price": {"umsonst": "kostenlos"}}
    assert after_file.lookups["ages"].keys() == {"Maxis", "Midis", "Minis"}
    assert taken_out.lookups == {"ages": {"Maxis": "ab 5 Jahren", "Midis": "ab 4 Jahren"}}


def test_a_source_of_the_desk_is_steered_itself_and_no_file_takes_it_over(database):
    mine = make_source("mv_eigene")
    with database.begin() as session:
        save_source(session, mine, origin="desk", now=NOW)
        steer_source(session, mine.name, {"title": "Eigene"}, by="Uta", now=NOW)
        kept = save_source(session, mine.model_copy(update={"title": "Aus der Datei"}), origin="file", now=NOW)
        state = source_state(session, mine.name)

    assert kept.title == "Eigene"
    assert (state.origin, state.overlay) == ("desk", {})


def test_the_desk_cannot_take_the_name_of_a_file_or_of_a_deleted_source(database):
    harvest = Harvest(database)
    with database.begin() as session, pytest.raises(StoreError, match="described by a file"):
        save_source(session, make_source(), origin="desk", now=NOW)

    with database.begin() as session:
        delete_source(session, NAME, by="Uta", now=NOW)
    with harvest.database.begin() as session, pytest.raises(StoreError, match="deleted"):
        save_source(session, make_source(), origin="desk", now=NOW)


@pytest.mark.parametrize(
    "changes",
    [{"name": "x"}, {"access": {}}, {"rhythm": "nie"}, {"trust": None}, {"lookups": {"gibtsnicht": {"a": "b"}}}],
)
def test_what_does_not_fit_is_refused_and_changes_nothing(database, changes):
    harvest = Harvest(database)

    with pytest.raises(StoreError):
        steer(harvest, **changes)

    with database.read() as session:
        assert source(session, NAME) == harvest.source
        assert source_state(session, NAME).overlay == {}


def test_a_deleted_source_leaves_tombstones_and_is_never_read_again(database):
    harvest = Harvest(database)
    harvest.run({"dinos": {}, "mammut": {}})

    with database.begin() as session:
        assert delete_source(session, NAME, by="Uta", now=harvest.now) == 2

    assert harvest.offer("dinos").status is Status.GONE
    with database.begin() as session:
        assert save_source(session, make_source(title="Wieder da"), origin="file", now=NOW).active is False
        assert source(session, NAME) is None
        assert sources(session) == []
        assert list(stored_records(session, NAME)) == []
        assert source_state(session, NAME).deleted_at == harvest.now
        for again in (delete_source, lambda *a, **k: steer_source(*a, {"active": True}, **k)):
            with pytest.raises(StoreError):
                again(session, NAME, by="Uta", now=NOW)
        with pytest.raises(StoreError):
            start_run(session, NAME, NOW)


def test_a_run_that_goes_on_while_its_source_is_deleted_writes_nothing_more(database):
    harvest = Harvest(database)
    with database.begin() as session:
        number = start_run(session, NAME, NOW)
        delete_source(session, NAME, by="Uta", now=NOW)

    with database.begin() as session:
        assert "gelöscht" in runs(session, source=NAME)[0].message
        with pytest.raises(StoreError):
            renew_run(session, number, NOW)
    assert harvest.database


def test_every_decision_is_written_down(database):
    harvest = Harvest(database)

    steer(harvest, active=False)
    with database.begin() as session:
        mark_previewed(session, NAME, now=NOW)
        delete_source(session, NAME, by="Uta", now=NOW)

    with database.read() as session:
        rows = session.execute(select(audit.c.action, audit.c.by, audit.c.data).order_by(audit.c.id)).all()
        assert source_state(session, NAME).previewed_at == NOW
        assert session.scalar(select(func.count()).select_from(audit)) == 2
    assert [(row.action, row.by) for row in rows] == [("source.steer", "Uta"), ("source.delete", "Uta")]
    assert rows[0].data == {"was": {"active": True}, "is": {"active": False}}


def test_sources_without_an_address_can_be_stored(database):
    table = make_source("mv_tabelle", access=Access(kind=AccessKind.TABLE))
    with database.begin() as session:
        save_source(session, table, origin="desk", now=NOW)
        expected = steer_source(
            session, "mv_tabelle", {"expect": {"offers": {"min": 0}}}, by="Uta", now=NOW
        ).expect.offers

        assert source(session, "mv_tabelle").access.start == ()
    assert expected == ExpectOffers(min=0)
