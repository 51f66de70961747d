"""Runs and what they leave in the database, on SQLite and PostgreSQL."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.harvest import Issue, RunStatus
from schemas.review import DecisionKind
from schemas.store.harvest import (
    KEEP_RECORDS,
    KnownOffer,
    Reading,
    SavedCounts,
    fingerprint,
    finish_run,
    known,
    purge,
    runs,
    save_readings,
    save_source,
    source,
    sources,
    start_run,
    stored_records,
)
from schemas.store.held import HeldKind, held_counts
from schemas.store.offers import changes, latest_change, offer_by_id
from schemas.store.reviews import correct, decide
from schemas.store.runs import LEASE
from schemas.tables.harvest import records, source_offers
from schemas.tables.offers import memberships, offers
from schemas.vocabulary import Status
from tests.factories import NOW, OPEN, make_key, make_record, make_source
from tests.schemas.harvesting import Harvest, counted_statements

AGES = {"min_months": 36, "max_months": 71}


# -- sources ----------------------------------------------------------------------------------------------------------


def test_a_source_is_kept_as_it_was_given(database: Database) -> None:
    given = make_source(rights=OPEN, lookups={"ages": {"ab 4": "ab 4 Jahren"}})

    with database.begin() as session:
        save_source(session, given, origin="file", now=NOW)
        save_source(session, make_source("sh_anderes", region="01002"), origin="desk", now=NOW)

        assert source(session, given.name) == given
        assert source(session, "nobody") is None
        assert [s.name for s in sources(session)] == ["mv_beispielmuseum", "sh_anderes"]
        assert [s.name for s in sources(session, "01002")] == ["sh_anderes"]


def test_trust_that_is_given_or_taken_counts_at_once(database: Database) -> None:
    harvest = Harvest(database, make_source(trust="hold"))
    harvest.run({"dinos": {}})
    assert harvest.offer("dinos").status is Status.HELD

    with database.begin() as session:
        save_source(session, make_source(trust="publish"), origin="file", now=harvest.now)

    assert harvest.offer("dinos").status is Status.PUBLISHED
    with database.read() as session:
        assert known(session, harvest.source.name)[make_key("dinos")].reading == ""  # to be read again


def test_a_source_that_moves_to_another_region_takes_its_offers_along_and_what_waits_about_them(
    database: Database,
) -> None:
    harvest = Harvest(database, make_source(trust="hold"))
    harvest.run({"dinos": {}})

    with database.begin() as session:
        save_source(session, make_source(trust="hold", region="13071"), origin="file", now=harvest.now)

    assert harvest.offer("dinos").region == "13071"
    with database.read() as session:
        assert [held_counts(session, key)[HeldKind.NEW_OFFER] for key in ("13075", "13071")] == [0, 1]


def test_a_licence_that_is_taken_back_hides_the_texts_at_once(database: Database) -> None:
    harvest = Harvest(database, make_source(rights=OPEN))
    harvest.run({"dinos": {}})
    assert harvest.offer("dinos").rights == OPEN

    with database.begin() as session:
        save_source(session, make_source(), origin="file", now=harvest.now)

    assert harvest.offer("dinos").rights.kind == "facts_only"


# -- runs -------------------------------------------------------------------------------------------------------------


def test_a_run_is_kept_with_its_counts_and_grouped_issues(database: Database) -> None:
    harvest = Harvest(database)
    said = Issue(field="price", wording="n. V.\0", rule="price.not_understood", where="a", message="Der Preis …")

    with database.begin() as session:
        number = start_run(session, harvest.source.name, NOW)
        finish_run(
            session, harvest.ended(number, records=3, new=2, issues=(said, said.model_copy(update={"where": "b"})))
        )

    with database.read() as session:
        [run] = runs(session, region="13075")
        assert (run.id, run.records, run.new, run.status) == (number, 3, 2, RunStatus.COMPLETE)
        assert [(i.wording, i.where, i.count) for i in run.issues] == [("n. V.\N{REPLACEMENT CHARACTER}", "a", 2)]
        assert runs(session, source="nobody") == runs(session, region="01") == []


def test_two_runs_of_a_source_at_once_are_refused(database: Database) -> None:
    harvest = Harvest(database)
    with database.begin() as session:
        start_run(session, harvest.source.name, NOW)

    with pytest.raises(StoreError, match="a run is going on"), database.begin() as session:
        start_run(session, harvest.source.name, NOW + LEASE / 2)


def test_a_crashed_run_is_marked_failed_by_the_next_and_can_write_no_more(database: Database) -> None:
    harvest = Harvest(database)
    with database.begin() as session:
        crashed = start_run(session, harvest.source.name, NOW)

    with database.begin() as session:
        started = start_run(session, harvest.source.name, NOW + LEASE)

    assert started != crashed
    with database.read() as session:
        assert [run.status for run in runs(session)] == [RunStatus.RUNNING, RunStatus.FAILED]
    with pytest.raises(StoreError, match="no longer running"), database.begin() as session:
        save_readings(session, harvest.source, crashed, readings=[harvest.reading("dinos")], now=NOW + LEASE)
    with pytest.raises(StoreError, match="no longer running"), database.begin() as session:
        finish_run(session, harvest.ended(crashed))
    with database.read() as session:
        assert known(session, harvest.source.name) == {}


def test_a_run_of_an_unknown_source_is_refused(database: Database) -> None:
    with pytest.raises(StoreError, match="'nobody' is not stored"), database.begin() as session:
        start_run(session, "nobody", NOW)


def test_a_run_without_an_end_is_not_finished(database: Database) -> None:
    harvest = Harvest(database)

    with pytest.raises(StoreError, match="finished with its id, an end"), database.begin() as session:
        finish_run(session, harvest.ended(start_run(session, harvest.source.name, NOW), finished_at=None))


# -- readings ---------------------------------------------------------------------------------------------------------


def test_the_fingerprint_forgets_when_it_was_fetched_and_nothing_else() -> None:
    later = make_record(fetched_at=NOW + timedelta(days=1))

    assert fingerprint(later) == fingerprint(make_record())
    assert fingerprint(make_record(text="anders")) != fingerprint(make_record())


def test_new_offers_are_minted_stored_and_published(database: Database) -> None:
    harvest = Harvest(database)

    counts = harvest.run({"dinos": {}, "wald": {"title": "Wald"}})

    assert counts == SavedCounts(new=2)
    assert harvest.offer("wald").title == "Wald"
    assert harvest.offer("wald").sources == (make_key("wald"),)
    with database.read() as session:
        state = known(session, harvest.source.name)[make_key("dinos")]
        assert state == KnownOffer(harvest.reading("dinos").fingerprint, "1", missed_runs=0, present=True)
        assert [record.origin.key for record in stored_records(session, harvest.source.name)] == ["dinos", "wald"]
        some = stored_records(session, harvest.source.name, [make_key("wald"), make_key("never")])
        assert [record.origin.key for record in some] == ["wald"]


def test_seeing_an_offer_again_changes_nothing_that_is_published(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"dinos": {}})

    counts = harvest.run(seen=["dinos"])

    assert counts == SavedCounts(unchanged=1)
    assert harvest.offer("dinos").last_seen == NOW + timedelta(days=1)
    with database.read() as session:
        assert latest_change(session) == 1


def test_reading_an_unchanged_offer_again_is_no_change(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"dinos": {}})

    assert harvest.run({"dinos": {}}) == SavedCounts(unchanged=1)


def test_a_changed_offer_keeps_its_id_and_flows_through(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"dinos": {}})

    assert harvest.run({"dinos": {"duration_minutes": 90}}) == SavedCounts(changed=1)

    assert harvest.offer("dinos").duration_minutes == 90
    with database.read() as session:
        assert [change.kind for change in changes(session, after=0, limit=9)] == ["created", "updated"]
        assert session.execute(select(func.count()).select_from(records)).scalar_one() == 2


def test_an_absent_offer_stays_published_until_it_is_withdrawn(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"dinos": {}})

    harvest.run(absent=["dinos"])
    harvest.run(absent=["dinos"])
    assert harvest.offer("dinos").status is Status.PUBLISHED
    with database.read() as session:
        assert known(session, harvest.source.name)[make_key("dinos")].missed_runs == 2

    assert harvest.run(withdrawn=["dinos"]) == SavedCounts(withdrawn=1)
    assert harvest.offer("dinos").status is Status.GONE
    assert harvest.run(withdrawn=["dinos"]) == SavedCounts()


@pytest.mark.parametrize("how", ["seen", "read"])
def test_an_offer_that_returns_keeps_its_id_corrections_and_decisions(database: Database, how: str) -> None:
    harvest = Harvest(database, make_source(trust="hold"))
    harvest.run({"dinos": {}})
    with database.begin() as session:
        correct(session, harvest.id("dinos"), "ages", AGES, by="koordination", now=NOW)
        decide(session, harvest.id("dinos"), DecisionKind.ACCEPT, by="koordination", now=NOW)
    harvest.run(withdrawn=["dinos"])
    assert harvest.offer("dinos").status is Status.GONE

    counts = harvest.run(seen=["dinos"]) if how == "seen" else harvest.run({"dinos": {"duration_minutes": 45}})

    assert counts == SavedCounts(returned=1)
    offer = harvest.offer("dinos")
    assert (offer.status, offer.status_reason) == (Status.PUBLISHED, "accepted")
    assert offer.model_dump(mode="json")["ages"] == AGES
    with database.read() as session:
        kinds = [change.kind for change in changes(session, after=0, limit=9)]
    assert kinds == ["created", "withdrawn", "restored"]


def test_an_id_that_was_used_is_never_minted_again(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"dinos": {}})
    with database.begin() as session:  # the source changed its keys, and the offer was re-keyed
        session.execute(update(memberships).values(key="anderswo"))
        session.execute(update(source_offers).values(key="anderswo"))

    harvest.run({"dinos": {}})

    with database.read() as session:
        ids = session.scalars(select(offers.c.id)).all()
    assert len(ids) == 2
    assert harvest.id("dinos") in ids


def test_an_identity_twice_in_a_batch_is_refused(database: Database) -> None:
    harvest = Harvest(database)

    with pytest.raises(StoreError, match="occurs twice"), database.begin() as session:
        number = start_run(session, harvest.source.name, NOW)
        save_readings(session, harvest.source, number, readings=[harvest.reading("dinos")] * 2, now=NOW)


def test_only_what_was_stored_can_be_seen_again(database: Database) -> None:
    with pytest.raises(StoreError, match=r"'dinos', 0.* was never stored"):
        Harvest(database).run(seen=["dinos"])


def test_several_parts_of_one_text_are_several_offers(database: Database) -> None:
    harvest = Harvest(database)
    first = harvest.reading("dinos", title="Vormittags")
    second = harvest.reading("dinos", title="Nachmittags")
    record = second.record.model_copy(update={"origin": make_key("dinos", part=1)})
    second = Reading(
        record,
        second.fingerprint,
        second.normalised.model_copy(
            update={"offer": second.normalised.offer.model_copy(update={"origin": record.origin})}
        ),
        "1",
    )

    with database.begin() as session:
        number = start_run(session, harvest.source.name, NOW)
        counts = save_readings(session, harvest.source, number, readings=[first, second], now=NOW)
        ids = session.scalars(select(memberships.c.offer_id).order_by(memberships.c.part)).all()
        titles = [offer.title for offer_id in ids if (offer := offer_by_id(session, offer_id))]

    assert (counts.new, titles) == (2, ["Vormittags", "Nachmittags"])


def test_a_batch_needs_few_statements_however_large_it_is(sqlite_database: Database) -> None:
    harvest = Harvest(sqlite_database)
    shown = {f"offer{n}": {"title": f"Angebot {n}"} for n in range(400)}

    with counted_statements(sqlite_database) as new:
        harvest.run(shown)
    with counted_statements(sqlite_database) as unchanged:
        harvest.run(seen=list(shown))
    with counted_statements(sqlite_database) as changed:
        harvest.run({key: {"title": "Anders"} for key in shown})

    assert len(new) <= 40
    assert len(unchanged) <= 20
    assert len(changed) <= 40


# -- Records ----------------------------------------------------------------------------------------------------------


def test_old_records_go_but_the_last_three_versions_stay(database: Database) -> None:
    harvest = Harvest(database)
    for minutes in (10, 20, 30, 40, 50):
        harvest.run({"dinos": {"duration_minutes": minutes}})

    with database.begin() as session:
        assert purge(session, harvest.now) == 0
        assert purge(session, harvest.now + KEEP_RECORDS) == 2
        assert purge(session, harvest.now + KEEP_RECORDS) == 0
        [record] = stored_records(session, harvest.source.name)
    assert "50" in record.text


def test_a_replay_leaves_out_what_has_vanished(database: Database) -> None:
    harvest = Harvest(database)
    harvest.run({"dinos": {}, "wald": {}})
    harvest.run(seen=["wald"], absent=["dinos"])

    with database.read() as session:
        assert [record.origin.key for record in stored_records(session, harvest.source.name)] == ["wald"]
