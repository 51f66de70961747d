"""Merging, splitting and judging keep addresses, decisions and the change counter right, on SQLite and PostgreSQL."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.offer import AgeRange
from schemas.review import DecisionKind, JudgementKind, ReviewKind
from schemas.store.audit import action_by_id, noted
from schemas.store.harvest import offer_ids, save_source
from schemas.store.held import HeldKind, held_counts
from schemas.store.merging import judge, judged_pairs, merge, split, unmerge
from schemas.store.offers import Tombstone, latest_change, public_offer, stream_ndjson
from schemas.store.publishing import rebuild
from schemas.store.queue import DUE, Cause, open_reviews
from schemas.store.reviews import (
    apply_due,
    correct,
    decide,
    detail,
    hold_withdrawals,
    undo_correction,
    undo_decision,
)
from schemas.store.suggestions import close_suggestion, suggest
from schemas.store.undoing import note_bulk, region_of_action, undo
from schemas.tables.offers import memberships
from schemas.vocabulary import RightsKind, Status
from tests.factories import NOW, OPEN, make_key, make_source
from tests.schemas.harvesting import Harvest

AGES = AgeRange(min_months=36, max_months=71).model_dump(mode="json")
BY = "koordination"


@pytest.fixture
def museum(database: Database) -> Harvest:
    """The source that was first."""
    harvest = Harvest(database)
    harvest.run({"dinos": {"price": None}, "ritter": {"title": "Ritter"}})
    return harvest


@pytest.fixture
def calendar(museum: Harvest) -> Harvest:
    """A calendar of the town that lists the same tour, a day later."""
    other = Harvest(museum.database, make_source("mv_kalender", rights=OPEN), now=museum.now)
    other.run({"dino-tour": {"title": "Dinos entdecken", "url": "https://kalender.example/7"}})
    museum.now = other.now
    return other


@pytest.fixture
def merged(museum: Harvest, calendar: Harvest) -> Harvest:
    """Both, after a coordinator said that they are the same; the museum's id is the older."""
    act(museum, lambda session: merge(session, calendar.id("dino-tour"), museum.id("dinos"), by=BY, now=museum.now))
    return museum


def act(harvest: Harvest, what: Callable[[Session], object]) -> int:
    """Do something in a transaction of its own; the number of the last thing that was noted."""
    with harvest.database.begin() as session:
        what(session)
        return noted(session)[-1]


def take_back(harvest: Harvest, number: int) -> None:
    with harvest.database.begin() as session:
        undo(session, number, by=BY, now=harvest.now)


def shown(harvest: Harvest, offer_id: str) -> object:
    with harvest.database.read() as session:
        return public_offer(session, offer_id)


def is_rebuilt_as_it_stands(harvest: Harvest) -> bool:
    with harvest.database.begin() as session:
        return rebuild(session, harvest.now) == 0


def waiting(harvest: Harvest, key: str) -> list[str]:
    with harvest.database.read() as session:
        found = detail(session, harvest.id(key))
    assert found is not None
    return sorted(review.kind.value for review in found.reviews if not review.closed_at)


# -- merging ----------------------------------------------------------------------------------------------------------


def test_the_oldest_id_stays_and_the_other_leads_there(merged: Harvest, calendar: Harvest) -> None:
    offer = merged.offer("dinos")
    gone = shown(merged, calendar.id("dino-tour"))

    assert [key.source for key in offer.sources] == ["mv_beispielmuseum", "mv_kalender"]
    assert offer.price is not None, "the calendar fills what the museum leaves open"
    assert "https://kalender.example/7" in offer.same_as
    assert isinstance(gone, Tombstone)
    assert (gone.status, gone.replaced_by) == (Status.GONE, merged.id("dinos"))
    assert is_rebuilt_as_it_stands(merged)


def test_one_transaction_tells_everybody_once_and_in_order(museum: Harvest, calendar: Harvest) -> None:
    with museum.database.read() as session:
        before = latest_change(session)

    act(museum, lambda session: merge(session, museum.id("dinos"), calendar.id("dino-tour"), by=BY, now=museum.now))

    with museum.database.read() as session:
        lines = [json.loads(line) for line in b"".join(stream_ndjson(session, since=before)).splitlines()]
    by_id = {line["id"]: line for line in lines}
    assert sorted(line["version"] for line in lines) == [before + 1, before + 2]
    assert by_id[calendar.id("dino-tour")]["replaced_by"] == museum.id("dinos")
    assert by_id[museum.id("dinos")]["sources"] == ["mv_beispielmuseum", "mv_kalender"]


def test_what_was_merged_keeps_nothing_but_its_address(merged: Harvest, calendar: Harvest) -> None:
    gone = calendar.offer("dino-tour")

    assert (gone.title, gone.description, gone.provider) == ("(zusammengeführt)", None, None)
    assert gone.rights.kind is RightsKind.FACTS_ONLY


def test_later_harvests_of_either_source_keep_the_merge(merged: Harvest, calendar: Harvest) -> None:
    merged.run({"dinos": {"price": None, "duration_minutes": 90}})
    calendar.run({"dino-tour": {"title": "Dino-Tour", "duration_minutes": 45}})
    merged.now = calendar.now

    with merged.database.read() as session:
        assert offer_ids(session, "mv_kalender", [make_key("dino-tour", source="mv_kalender")]) == [merged.id("dinos")]
    assert merged.offer("dinos").duration_minutes == 90
    assert calendar.offer("dino-tour").replaced_by == merged.id("dinos")
    assert is_rebuilt_as_it_stands(merged)


def test_a_vanished_first_source_leaves_the_second_to_speak(merged: Harvest, calendar: Harvest) -> None:
    merged.run(withdrawn=["dinos"])

    assert (merged.offer("dinos").status, merged.offer("dinos").title) == (Status.PUBLISHED, "Dinos entdecken")


def test_corrections_of_both_count_for_the_one(museum: Harvest, calendar: Harvest) -> None:
    act(museum, lambda s: correct(s, calendar.id("dino-tour"), "ages", AGES, by=BY, now=museum.now))
    act(museum, lambda s: correct(s, museum.id("dinos"), "title", "Dinos", by=BY, now=museum.now))

    act(museum, lambda s: merge(s, museum.id("dinos"), calendar.id("dino-tour"), by=BY, now=museum.now))
    offer = museum.offer("dinos")

    assert (offer.title, offer.ages) == ("Dinos", AgeRange.model_validate(AGES))
    with museum.database.begin() as session:
        found = detail(session, museum.id("dinos"))
        assert found is not None
        assert {correction.field for correction in found.corrections} == {"ages", "title"}
        of_other = next(c.id for c in found.corrections if c.field == "ages")
        assert of_other is not None
        undo_correction(session, of_other, by=BY, now=museum.now)
    assert museum.offer("dinos").ages == AgeRange(min_months=48, max_months=83)
    assert is_rebuilt_as_it_stands(museum)


def test_what_was_said_about_the_replaced_one_later_is_said_about_its_successor(
    merged: Harvest, calendar: Harvest
) -> None:
    act(merged, lambda s: correct(s, calendar.id("dino-tour"), "ages", AGES, by=BY, now=merged.now))
    number = act(merged, lambda s: decide(s, calendar.id("dino-tour"), DecisionKind.CONFIRM, by=BY, now=merged.now))

    assert merged.offer("dinos").ages == AgeRange.model_validate(AGES)
    assert merged.offer("dinos").last_confirmed == merged.now
    take_back(merged, number)
    assert merged.offer("dinos").last_confirmed is None


def test_a_decision_about_the_replaced_one_counts_where_nobody_decided_about_the_successor(
    database: Database,
) -> None:
    new = Harvest(database, make_source("mv_neu", trust="hold"))
    new.run({"alt": {}, "neu": {}})
    accepted = act(new, lambda s: decide(s, new.id("neu"), DecisionKind.ACCEPT, by=BY, now=new.now))

    act(new, lambda s: merge(s, new.id("alt"), new.id("neu"), by=BY, now=new.now))
    assert new.offer("alt").status is Status.PUBLISHED

    rejected = act(new, lambda s: decide(s, new.id("alt"), DecisionKind.REJECT, by=BY, now=new.now))
    assert new.offer("alt").status is Status.REJECTED
    take_back(new, rejected)
    take_back(new, accepted)
    assert new.offer("alt").status is Status.HELD
    assert is_rebuilt_as_it_stands(new)


def test_an_offer_that_was_never_shown_leaves_no_tombstone(database: Database) -> None:
    museum = Harvest(database)
    museum.run({"dinos": {}})
    new = Harvest(database, make_source("mv_neu", trust="hold"), now=museum.now)
    new.run({"neu": {}})

    act(new, lambda s: merge(s, museum.id("dinos"), new.id("neu"), by=BY, now=new.now))

    assert shown(new, new.id("neu")) is None
    assert waiting(new, "neu") == []


@pytest.mark.parametrize("state", ["itself", "unknown", "rejected", "merged"])
def test_what_cannot_be_merged_is_refused_and_nothing_changes(merged: Harvest, calendar: Harvest, state: str) -> None:
    act(merged, lambda s: decide(s, merged.id("ritter"), DecisionKind.REJECT, by=BY, now=merged.now))
    other = {
        "itself": merged.id("dinos"),
        "unknown": "o" + "x" * 15,
        "rejected": merged.id("ritter"),
        "merged": calendar.id("dino-tour"),
    }[state]

    with pytest.raises(StoreError, match=r"itself|not known|only offers that are shown"):
        act(merged, lambda s: merge(s, merged.id("dinos"), other, by=BY, now=merged.now))

    assert is_rebuilt_as_it_stands(merged)


def test_offers_of_two_regions_are_never_merged(museum: Harvest) -> None:
    kiel = Harvest(museum.database, make_source("sh_kieler_museum", region="01002"), now=museum.now)
    kiel.run({"dinos": {}})

    with pytest.raises(StoreError, match="two Regions"):
        act(kiel, lambda s: merge(s, museum.id("dinos"), kiel.id("dinos"), by=BY, now=kiel.now))


# -- taking it back ---------------------------------------------------------------------------------------------------


def test_taking_a_merge_back_brings_the_old_id_to_life(merged: Harvest, calendar: Harvest) -> None:
    with merged.database.begin() as session:
        unmerge(session, calendar.id("dino-tour"), by=BY, now=merged.now)

    assert [key.source for key in merged.offer("dinos").sources] == ["mv_beispielmuseum"]
    back = calendar.offer("dino-tour")
    assert (back.status, back.title, back.replaced_by) == (Status.PUBLISHED, "Dinos entdecken", None)
    assert is_rebuilt_as_it_stands(merged)
    calendar.run(withdrawn=["dino-tour"])
    assert calendar.offer("dino-tour").status is Status.GONE
    assert merged.offer("dinos").status is Status.PUBLISHED


@pytest.mark.parametrize("mover", ["museum", "calendar"])
def test_what_lives_again_stands_in_the_region_of_its_source_that_moved_meanwhile(
    museum: Harvest, calendar: Harvest, mover: str
) -> None:
    done = act(museum, lambda s: merge(s, museum.id("dinos"), calendar.id("dino-tour"), by=BY, now=museum.now))
    moving = {"museum": museum, "calendar": calendar}[mover].source.model_copy(update={"region": "13071"})
    with museum.database.begin() as session:
        save_source(session, moving, origin="file", now=museum.now)
    assert museum.offer("dinos").region == "13071"

    take_back(museum, done)

    found = {"museum": museum.offer("dinos").region, "calendar": calendar.offer("dino-tour").region}
    assert found == {"museum": "13075", "calendar": "13075"} | {mover: "13071"}
    assert is_rebuilt_as_it_stands(museum)


def test_every_move_is_remembered_with_its_reason(merged: Harvest, calendar: Harvest) -> None:
    with merged.database.begin() as session:
        unmerge(session, calendar.id("dino-tour"), by=BY, now=merged.now)
        c = memberships.c
        moves = session.execute(select(c.offer_id, c.reason).where(c.source == "mv_kalender").order_by(c.id)).all()

    assert [tuple(move) for move in moves] == [
        (calendar.id("dino-tour"), "minted"),
        (merged.id("dinos"), "merged"),
        (calendar.id("dino-tour"), "unmerged"),
    ]


def test_merges_on_merges_are_taken_back_in_reverse(museum: Harvest, calendar: Harvest) -> None:
    later = Harvest(museum.database, make_source("mv_verein"), now=museum.now)
    later.run({"dino": {}})
    now = later.now
    first = act(later, lambda s: merge(s, calendar.id("dino-tour"), later.id("dino"), by=BY, now=now))
    act(later, lambda s: correct(s, later.id("dino"), "ages", AGES, by=BY, now=now))
    second = act(later, lambda s: merge(s, museum.id("dinos"), calendar.id("dino-tour"), by=BY, now=now))
    later.now += timedelta(hours=1)

    assert len(museum.offer("dinos").sources) == 3
    assert museum.offer("dinos").ages == AgeRange.model_validate(AGES)
    with pytest.raises(StoreError, match="take that back first"):
        take_back(later, first)

    later.now += timedelta(hours=1)
    take_back(later, second)
    later.now += timedelta(hours=1)
    take_back(later, first)
    assert [
        len(each.sources) for each in (museum.offer("dinos"), calendar.offer("dino-tour"), later.offer("dino"))
    ] == [
        1,
        1,
        1,
    ]
    assert is_rebuilt_as_it_stands(later)


def test_what_was_merged_twice_comes_back_with_all_its_sources(merged: Harvest, calendar: Harvest) -> None:
    for _ in range(2):
        merged.now += timedelta(hours=1)
        with merged.database.begin() as session:
            unmerge(session, calendar.id("dino-tour"), by=BY, now=merged.now)
        merged.now += timedelta(hours=1)
        act(merged, lambda s: merge(s, merged.id("dinos"), calendar.id("dino-tour"), by=BY, now=merged.now))

    assert len(merged.offer("dinos").sources) == 2
    with merged.database.begin() as session, pytest.raises(StoreError, match="not merged"):
        unmerge(session, merged.id("dinos"), by=BY, now=merged.now)


# -- judging ----------------------------------------------------------------------------------------------------------


def ask(harvest: Harvest, left: str, right: str) -> None:
    with harvest.database.begin() as session:
        why = {"probability": 0.9, "reasons": ["fast gleicher Titel"]}
        left, right = sorted((left, right))
        open_reviews(session, [Cause(left, ReviewKind.DUPLICATE, right, why)], now=harvest.now)


def open_questions(harvest: Harvest, *ids: str) -> int:
    with harvest.database.read() as session:
        found = [detail(session, offer_id) for offer_id in ids]
    items = [review for each in found if each for review in each.reviews if not review.closed_at]
    return sum(review.kind is ReviewKind.DUPLICATE for review in items)


def test_different_is_remembered_and_taken_back(museum: Harvest, calendar: Harvest) -> None:
    pair = (museum.id("dinos"), calendar.id("dino-tour"))
    ask(museum, *pair)

    number = act(museum, lambda s: judge(s, *pair, JudgementKind.DIFFERENT, by=BY, now=museum.now))

    with museum.database.read() as session:
        assert judged_pairs(session) == {tuple(sorted(pair))}
    assert open_questions(museum, *pair) == 0
    take_back(museum, number)
    with museum.database.read() as session:
        assert judged_pairs(session) == set()
    assert open_questions(museum, *pair) == 1


def test_same_merges_and_taking_it_back_asks_again(museum: Harvest, calendar: Harvest) -> None:
    pair = (museum.id("dinos"), calendar.id("dino-tour"))
    ask(museum, *pair)

    number = act(museum, lambda s: judge(s, *pair, JudgementKind.SAME, by=BY, now=museum.now))

    assert calendar.offer("dino-tour").replaced_by == museum.id("dinos")
    assert open_questions(museum, *pair) == 0
    take_back(museum, number)
    assert calendar.offer("dino-tour").status is Status.PUBLISHED
    assert open_questions(museum, *pair) == 1
    with museum.database.read() as session:
        assert judged_pairs(session) == set()


def test_a_judgement_counts_for_the_successor_too(museum: Harvest, calendar: Harvest) -> None:
    ritter, dinos, tour = museum.id("ritter"), museum.id("dinos"), calendar.id("dino-tour")
    act(museum, lambda s: judge(s, ritter, tour, JudgementKind.DIFFERENT, by=BY, now=museum.now))

    act(museum, lambda s: judge(s, dinos, tour, JudgementKind.SAME, by=BY, now=museum.now))

    with museum.database.read() as session:
        assert judged_pairs(session) == {tuple(sorted((ritter, dinos)))}
    with pytest.raises(StoreError, match="one offer already"):
        act(museum, lambda s: judge(s, dinos, tour, JudgementKind.DIFFERENT, by=BY, now=museum.now))


def test_an_undecided_pair_is_kept_apart_and_never_asked_again(museum: Harvest, calendar: Harvest) -> None:
    pair = (museum.id("dinos"), calendar.id("dino-tour"))
    ask(museum, *pair)

    with museum.database.begin() as session:
        assert apply_due(session, museum.now + DUE) == 1

    assert open_questions(museum, *pair) == 0
    assert calendar.offer("dino-tour").status is Status.PUBLISHED


# -- what waits moves along -------------------------------------------------------------------------------------------


def test_suggestions_move_to_the_successor_and_back(museum: Harvest, calendar: Harvest) -> None:
    with museum.database.begin() as session:
        number = suggest(session, calendar.id("dino-tour"), field=None, words="Preis falsch", now=museum.now)

    done = act(museum, lambda s: merge(s, museum.id("dinos"), calendar.id("dino-tour"), by=BY, now=museum.now))
    assert waiting(museum, "dinos") == ["suggestion"]
    with museum.database.begin() as session:
        close_suggestion(session, number, by=BY, now=museum.now)
        closed = noted(session)[-1]
    assert waiting(museum, "dinos") == []
    take_back(museum, closed)
    assert waiting(museum, "dinos") == ["suggestion"]

    take_back(museum, done)
    assert (waiting(museum, "dinos"), waiting(calendar, "dino-tour")) == ([], ["suggestion"])


def test_a_suggestion_waits_in_the_region_of_the_offer_it_is_about(museum: Harvest, calendar: Harvest) -> None:
    def suggested() -> dict[str, int]:
        with museum.database.read() as session:
            return {key: held_counts(session, key)[HeldKind.SUGGESTION] for key in ("13071", "13075")}

    with museum.database.begin() as session:
        suggest(session, calendar.id("dino-tour"), field=None, words="Preis falsch", now=museum.now)
    done = act(museum, lambda s: merge(s, museum.id("dinos"), calendar.id("dino-tour"), by=BY, now=museum.now))

    with museum.database.begin() as session:
        save_source(session, make_source(region="13071"), origin="file", now=museum.now)
    assert suggested() == {"13071": 1, "13075": 0}

    take_back(museum, done)
    assert suggested() == {"13071": 0, "13075": 1}


def test_a_visitor_who_reports_a_merged_offer_reports_its_successor(merged: Harvest, calendar: Harvest) -> None:
    with merged.database.begin() as session:
        suggest(session, calendar.id("dino-tour"), field=None, words="Preis falsch", now=merged.now)

    assert waiting(merged, "dinos") == ["suggestion"]


def test_a_held_withdrawal_of_the_replaced_one_is_no_question_any_more(museum: Harvest, calendar: Harvest) -> None:
    calendar.run(absent=["dino-tour"])
    with museum.database.begin() as session:
        hold_withdrawals(session, [calendar.id("dino-tour")], now=calendar.now)

    done = act(museum, lambda s: merge(s, museum.id("dinos"), calendar.id("dino-tour"), by=BY, now=calendar.now))

    assert (waiting(museum, "dinos"), waiting(calendar, "dino-tour")) == ([], [])
    museum.now = calendar.now
    take_back(museum, done)
    assert waiting(calendar, "dino-tour") == ["withdrawal"]


# -- splitting --------------------------------------------------------------------------------------------------------


def test_a_split_mints_an_id_and_taking_it_back_leads_home(merged: Harvest, calendar: Harvest) -> None:
    with pytest.raises(StoreError, match="take the merge back"):
        act(
            merged,
            lambda s: split(s, merged.id("dinos"), [make_key("dino-tour", source="mv_kalender")], by=BY, now=NOW),
        )

    number = act(merged, lambda s: split(s, merged.id("dinos"), [make_key("dinos")], by=BY, now=merged.now))

    with merged.database.read() as session:
        action = action_by_id(session, number)
    assert action is not None
    minted = action.data["minted"]
    assert minted not in (merged.id("dinos"), calendar.id("dino-tour"))
    assert getattr(shown(merged, minted), "title", None) == "Dinosaurier entdecken"
    assert [key.source for key in merged.offer("dinos").sources] == ["mv_kalender"]
    assert is_rebuilt_as_it_stands(merged)

    take_back(merged, number)
    gone = shown(merged, minted)
    assert isinstance(gone, Tombstone)
    assert gone.replaced_by == merged.id("dinos")
    assert len(merged.offer("dinos").sources) == 2


def test_an_offer_never_loses_its_last_source(museum: Harvest) -> None:
    with pytest.raises(StoreError, match="some must stay"):
        act(museum, lambda s: split(s, museum.id("dinos"), [make_key("dinos")], by=BY, now=museum.now))


# -- taking back by number --------------------------------------------------------------------------------------------


def test_a_bulk_is_taken_back_as_one_but_for_what_was_taken_back_before(database: Database) -> None:
    new = Harvest(database, make_source("mv_neu", trust="hold"))
    new.run({str(number): {} for number in range(3)})
    with database.begin() as session:
        for key in "012":
            decide(session, new.id(key), DecisionKind.ACCEPT, by=BY, now=new.now)
        bulk = note_bulk(session, noted(session), region="13075", by=BY, now=new.now)
        first = detail(session, new.id("0"))
    assert first is not None
    with database.begin() as session:
        assert first.decisions[0].id is not None
        undo_decision(session, first.decisions[0].id, by=BY, now=new.now)

    take_back(new, bulk)

    assert {new.offer(key).status for key in "012"} == {Status.HELD}
    with pytest.raises(StoreError, match="taken back already"):
        take_back(new, bulk)
    with database.read() as session:
        action = action_by_id(session, bulk)
        assert action is not None
        assert region_of_action(session, action) == "13075"


def test_what_nobody_can_take_back_is_refused(merged: Harvest) -> None:
    number = act(merged, lambda s: correct(s, merged.id("dinos"), "ages", AGES, by=BY, now=merged.now))
    take_back(merged, number)

    with pytest.raises(StoreError, match="taken back already"):
        take_back(merged, number)
    with pytest.raises(StoreError, match="not known"):
        take_back(merged, 4711)
