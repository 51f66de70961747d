"""What coordinators decide outlives every harvest (law 1), on SQLite and PostgreSQL."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.offer import AgeRange, Suitability
from schemas.review import DecisionKind, ReviewKind
from schemas.store.harvest import save_readings, start_run
from schemas.store.offers import latest_change, public_offer
from schemas.store.publishing import rebuild
from schemas.store.queue import DUE
from schemas.store.reviews import (
    apply_due,
    correct,
    decide,
    detail,
    held,
    hold_withdrawals,
    resolve_conflict,
    resolve_withdrawal,
    undo_correction,
    undo_decision,
)
from schemas.tables.work import audit
from schemas.vocabulary import Status, Verdict
from tests.factories import NOW, make_source
from tests.schemas.harvesting import Harvest

CORRECTED = AgeRange(min_months=36, max_months=71)
VALUE = CORRECTED.model_dump(mode="json")
THIRD = AgeRange(min_months=60, max_months=83)


@pytest.fixture
def harvest(database: Database) -> Harvest:
    """A trusted source with one offer."""
    harvest = Harvest(database)
    harvest.run({"dinos": {}})
    return harvest


@pytest.fixture
def corrected(harvest: Harvest) -> Harvest:
    """The same, after a coordinator corrected the ages."""
    with harvest.database.begin() as session:
        correct(session, harvest.id("dinos"), "ages", VALUE, by="koordination", now=NOW)
    return harvest


def open_reviews(harvest: Harvest) -> list[tuple[str, str | None]]:
    with harvest.database.read() as session:
        return [(review.kind, review.field) for item in held(session) for review in item.reviews]


# -- corrections ------------------------------------------------------------------------------------------------------


def test_a_correction_outlives_an_unchanged_harvest(corrected: Harvest) -> None:
    corrected.run({"dinos": {}})
    corrected.run(seen=["dinos"])

    assert corrected.offer("dinos").ages == CORRECTED
    assert open_reviews(corrected) == []


def test_another_field_flows_past_a_correction(corrected: Harvest) -> None:
    corrected.run({"dinos": {"duration_minutes": 90}})

    assert (corrected.offer("dinos").ages, corrected.offer("dinos").duration_minutes) == (CORRECTED, 90)
    assert open_reviews(corrected) == []


def test_the_same_field_opens_a_conflict_with_all_three_values(corrected: Harvest) -> None:
    corrected.run({"dinos": {"ages": THIRD}})

    assert corrected.offer("dinos").ages == CORRECTED
    with corrected.database.read() as session:
        [item] = held(session, region="13075")
        [review] = item.reviews
        assert len(held(session, region="13075")) == 1
        assert held(session, region="01002") == []
    assert (review.kind, review.field) == (ReviewKind.CONFLICT, "ages")
    assert (review.harvested["min_months"], review.corrected, review.replaced["min_months"]) == (60, VALUE, 48)
    assert (review.default, review.due_at) == ("keep_correction", review.opened_at + DUE)


def test_a_conflict_follows_the_source(corrected: Harvest) -> None:
    corrected.run({"dinos": {"ages": THIRD}})

    corrected.run({"dinos": {"ages": AgeRange(min_months=24)}})

    with corrected.database.read() as session:
        [item] = held(session)
    assert [review.harvested["min_months"] for review in item.reviews] == [24]


@pytest.mark.parametrize("back", [AgeRange(min_months=48, max_months=83), CORRECTED])
def test_a_conflict_closes_itself_when_the_source_comes_round(corrected: Harvest, back: AgeRange) -> None:
    corrected.run({"dinos": {"ages": THIRD}})

    corrected.run({"dinos": {"ages": back}})

    assert open_reviews(corrected) == []
    with corrected.database.read() as session:
        found = detail(session, corrected.id("dinos"))
    assert found is not None
    assert found.reviews[0].closed_by == "harvest"


def test_keeping_the_correction_makes_the_new_value_the_replaced_one(corrected: Harvest) -> None:
    corrected.run({"dinos": {"ages": THIRD}})
    with corrected.database.begin() as session:
        number = held(session)[0].reviews[0].id
        assert number is not None

        resolve_conflict(session, number, "correction", by="koordination", now=corrected.now)

    corrected.run({"dinos": {"ages": THIRD, "duration_minutes": 30}})
    assert corrected.offer("dinos").ages == CORRECTED
    assert open_reviews(corrected) == []


def test_taking_the_source_takes_the_correction_back(corrected: Harvest) -> None:
    corrected.run({"dinos": {"ages": THIRD}})
    with corrected.database.begin() as session:
        number = held(session)[0].reviews[0].id
        assert number is not None

        resolve_conflict(session, number, "source", by="koordination", now=corrected.now)

    assert corrected.offer("dinos").ages == THIRD
    with pytest.raises(StoreError, match="no open conflict"), corrected.database.begin() as session:
        resolve_conflict(session, number, "source", by="koordination", now=corrected.now)


def test_a_conflict_that_nobody_decides_keeps_the_correction(corrected: Harvest) -> None:
    corrected.run({"dinos": {"ages": THIRD}})

    with corrected.database.begin() as session:
        assert apply_due(session, corrected.now) == 0
        assert apply_due(session, corrected.now + DUE) == 1
        assert apply_due(session, corrected.now + DUE) == 0
        found = detail(session, corrected.id("dinos"))

    assert found is not None
    assert found.reviews[0].closed_by == "default"
    assert corrected.offer("dinos").ages == CORRECTED


def test_undoing_brings_back_what_the_source_says_now(corrected: Harvest) -> None:
    corrected.run({"dinos": {"ages": THIRD}})
    with corrected.database.begin() as session:
        found = detail(session, corrected.id("dinos"))
        assert found is not None
        number = found.corrections[0].id
        assert number is not None

        undo_correction(session, number, by="koordination", now=corrected.now)

    assert corrected.offer("dinos").ages == THIRD
    assert open_reviews(corrected) == []
    with pytest.raises(StoreError, match="undone before"), corrected.database.begin() as session:
        undo_correction(session, number, by="koordination", now=corrected.now)


def test_undoing_the_latest_correction_brings_back_the_one_before(corrected: Harvest) -> None:
    with corrected.database.begin() as session:
        second = correct(session, corrected.id("dinos"), "ages", None, by="koordination", now=corrected.now)
    assert corrected.offer("dinos").ages is None
    assert second.id is not None

    with corrected.database.begin() as session:
        undo_correction(session, second.id, by="koordination", now=corrected.now)

    assert corrected.offer("dinos").ages == CORRECTED


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("status", "published", "cannot be corrected"),
        ("ages", {"min_months": 90, "max_months": 10}, "does not fit"),
        ("title", None, "does not fit"),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused_and_leaves_nothing(
    harvest: Harvest, field: str, value: object, message: str
) -> None:
    with pytest.raises(StoreError, match=message), harvest.database.begin() as session:
        correct(session, harvest.id("dinos"), field, value, by="koordination", now=NOW)

    with harvest.database.read() as session:
        assert session.execute(select(audit)).all() == []


def test_an_unknown_offer_is_refused(harvest: Harvest) -> None:
    with pytest.raises(StoreError, match="not known"), harvest.database.begin() as session:
        correct(session, "onobody", "ages", VALUE, by="koordination", now=NOW)
    with harvest.database.read() as session:
        assert detail(session, "onobody") is None


@pytest.mark.parametrize("first", ["harvest", "coordinator"])
def test_a_harvest_and_a_coordinator_at_the_same_moment_both_count(harvest: Harvest, first: str) -> None:
    harvest.run({f"other{n}": {} for n in range(3)})
    database, offer_id = harvest.database, harvest.id("dinos")
    moment = harvest.now

    def coordinator(session: Session) -> None:
        correct(session, offer_id, "ages", VALUE, by="koordination", now=moment)

    def machine(session: Session) -> None:
        run_id = start_run(session, harvest.source.name, moment)
        read = harvest.reading("dinos", duration_minutes=90)
        save_readings(session, harvest.source, run_id, readings=[read], now=moment)

    def second() -> None:
        with database.begin() as session:
            (coordinator if first == "harvest" else machine)(session)

    other = threading.Thread(target=second)
    with database.begin() as session:
        (machine if first == "harvest" else coordinator)(session)
        other.start()
        other.join(0.3)  # it has to wait for this transaction
        assert other.is_alive()
    other.join()

    offer = harvest.offer("dinos")
    assert (offer.ages, offer.duration_minutes) == (CORRECTED, 90)
    with database.begin() as session:
        assert rebuild(session, moment) == 0


# -- decisions --------------------------------------------------------------------------------------------------------


def test_a_new_source_waits_for_its_first_look(database: Database) -> None:
    harvest = Harvest(database, make_source(trust="hold"))
    harvest.run({"dinos": {}})
    assert open_reviews(harvest) == [("new_offer", None)]

    with database.begin() as session:
        decision = decide(session, harvest.id("dinos"), DecisionKind.ACCEPT, by="koordination", now=NOW)

    assert harvest.offer("dinos").status is Status.PUBLISHED
    assert harvest.offer("dinos").last_confirmed == NOW
    assert open_reviews(harvest) == []
    assert decision.id is not None
    with database.begin() as session:
        undo_decision(session, decision.id, by="koordination", now=NOW)
    assert open_reviews(harvest) == [("new_offer", None)]


def test_what_becomes_unsure_waits_and_what_becomes_clear_does_not(harvest: Harvest) -> None:
    harvest.run({"dinos": {"kita_suitability": Suitability(verdict=Verdict.UNSURE, probability=0.5)}})
    assert open_reviews(harvest) == [("unsure", None)]

    harvest.run({"dinos": {}})

    assert open_reviews(harvest) == []
    assert harvest.offer("dinos").status is Status.PUBLISHED


def test_a_rejected_offer_stays_rejected_whatever_the_source_does(harvest: Harvest) -> None:
    with harvest.database.begin() as session:
        decide(session, harvest.id("dinos"), DecisionKind.REJECT, by="koordination", now=NOW, why="doppelt")

    harvest.run({"dinos": {"title": "Neuer Titel"}})
    harvest.run(withdrawn=["dinos"])
    harvest.run(seen=["dinos"])

    assert harvest.offer("dinos").status is Status.REJECTED
    with harvest.database.read() as session:
        tombstone = public_offer(session, harvest.id("dinos"))
        assert (tombstone and tombstone.status, latest_change(session)) == (Status.REJECTED, 2)


# -- withdrawals ------------------------------------------------------------------------------------------------------


@pytest.fixture
def vanished(harvest: Harvest) -> Harvest:
    """The offer was not shown, and withdrawing it is not plausible enough."""
    harvest.run(absent=["dinos"])
    with harvest.database.begin() as session:
        assert hold_withdrawals(session, [harvest.id("dinos")], now=harvest.now) == 1
        assert hold_withdrawals(session, [harvest.id("dinos")], now=harvest.now) == 0
    return harvest


def test_a_held_withdrawal_withdraws_nothing_until_its_day(vanished: Harvest) -> None:
    assert vanished.offer("dinos").status is Status.PUBLISHED

    with vanished.database.begin() as session:
        assert apply_due(session, vanished.now + DUE - timedelta(hours=1)) == 0
        assert apply_due(session, vanished.now + DUE) == 1

    assert vanished.offer("dinos").status is Status.GONE


def test_a_held_withdrawal_closes_when_the_offer_is_back(vanished: Harvest) -> None:
    vanished.run(seen=["dinos"])

    assert open_reviews(vanished) == []


@pytest.mark.parametrize(("withdraw", "status"), [(True, Status.GONE), (False, Status.PUBLISHED)])
def test_a_coordinator_decides_a_held_withdrawal(vanished: Harvest, withdraw: bool, status: Status) -> None:
    with vanished.database.begin() as session:
        number = held(session)[0].reviews[0].id
        assert number is not None
        resolve_withdrawal(session, number, withdraw=withdraw, by="koordination", now=vanished.now)

    assert vanished.offer("dinos").status is status
    assert open_reviews(vanished) == []


# -- the desk ---------------------------------------------------------------------------------------------------------


def test_the_longest_waiting_comes_first_page_by_page(database: Database) -> None:
    harvest = Harvest(database, make_source(trust="hold"))
    for key in ("c", "a", "b"):
        harvest.run({key: {}})

    with database.read() as session:
        order = [held(session, limit=1, offset=n)[0].offer.id for n in range(3)]
        assert held(session, limit=1, offset=3) == []
        assert len(held(session)) == 3

    assert order == [harvest.id(key) for key in ("c", "a", "b")]


def test_the_desk_sees_what_each_source_said_and_what_people_did(corrected: Harvest) -> None:
    corrected.run({"dinos": {"duration_minutes": 90}})

    with corrected.database.read() as session:
        found = detail(session, corrected.id("dinos"))

    assert found is not None
    assert found.offer.provenance["price"].evidence == "Wortlaut zu price"
    assert [offer.fields.duration_minutes for offer in found.source_offers] == [90]
    assert [offer.fields.ages for offer in found.source_offers] == [AgeRange(min_months=48, max_months=83)]
    assert ["90" in record.text for record in found.records] == [True, False]
    assert [(c.field, c.value, c.by) for c in found.corrections] == [("ages", VALUE, "koordination")]


def test_every_action_leaves_an_audit_entry(corrected: Harvest) -> None:
    with corrected.database.begin() as session:
        decide(session, corrected.id("dinos"), DecisionKind.REJECT, by="zweite", now=NOW, why="doppelt")

    with corrected.database.read() as session:
        entries = session.execute(select(audit).order_by(audit.c.id)).all()
    assert [(entry.action, entry.by, entry.subject) for entry in entries] == [
        ("correct", "koordination", corrected.id("dinos")),
        ("reject", "zweite", corrected.id("dinos")),
    ]
    assert entries[0].data == {"correction": 1, "field": "ages", "value": VALUE}
