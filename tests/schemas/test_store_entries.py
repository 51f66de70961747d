"""Where entries stand, what was agreed to, and what is left of them; on both databases."""

from datetime import date, timedelta
from typing import Any

import pytest

from harvesters.entering import enter, entry_source
from schemas.db import Database
from schemas.entry import Entry
from schemas.exceptions import StoreError
from schemas.review import DecisionKind
from schemas.store.entries import (
    ASK_AFTER,
    UNCONFIRMED_FOR,
    EntryState,
    StoredEntry,
    add_entry,
    asked,
    change_entry,
    consents_of,
    decided_entries,
    due_for_question,
    end_links,
    entries_in,
    entries_of,
    entry_by_key,
    entry_count,
    entry_of_offer,
    forget_entry,
    in_question,
    make_live,
    purge_entries,
    silent_since,
    still_correct,
    take_back,
    unconfirmed_count,
)
from schemas.store.publishing import expire
from schemas.store.reviews import decide, undo_decision
from schemas.store.runs import runs, save_source
from schemas.tables.providers import entries
from tests.factories import NOW, TODAY, make_dated_schedule
from tests.webapp.typed import ERNA, make_entry

SOURCE = entry_source("13075", "Vorpommern-Greifswald", now=NOW)
DAY = timedelta(days=1)


def add(database: Database, key: str = "k1", entry: Entry | None = None, **changes: Any) -> StoredEntry:
    values: dict[str, Any] = {"region": "13075", "source": SOURCE.name, "address": ERNA, "now": NOW} | changes
    with database.begin() as session:
        return add_entry(session, entry or make_entry(), key=key, consent_text="v1", **values)


def live(database: Database, key: str = "k1", entry: Entry | None = None, **changes: Any) -> StoredEntry:
    stored = add(database, key, entry, **changes)
    with database.begin() as session:
        save_source(session, SOURCE, origin="desk", now=NOW)
        offer = enter(session, SOURCE, entry or make_entry(), key=key, now=NOW)
        return make_live(session, stored.id, offer=offer, now=NOW)


def test_an_entry_comes_back_as_it_was_typed(database):
    entry = make_entry(booked_until=date(2026, 12, 31), groups_per_month=3)

    add(database, entry=entry)

    with database.read() as session:
        found = entry_by_key(session, "k1")
    assert found is not None
    assert (found.entry, found.state, found.address, found.person) == (entry, EntryState.UNCONFIRMED, ERNA, True)


def test_consent_is_logged_when_given_when_revoked_and_when_given_again(database):
    number = add(database).id
    moments = [NOW + step * DAY for step in range(3)]

    with database.begin() as session:
        change_entry(session, number, make_entry(consent=False), consent_text="v1", now=moments[1])
        change_entry(session, number, make_entry(consent=False), consent_text="v1", now=moments[2])
        change_entry(session, number, make_entry(), consent_text="v2", now=moments[2])

    with database.read() as session:
        assert consents_of(session, number) == [("v1", moments[0], moments[1]), ("v2", moments[2], None)]


def test_an_organisation_needs_no_consent(database):
    number = add(database, entry=make_entry(person=False)).id

    with database.read() as session:
        assert consents_of(session, number) == []


def test_a_deleted_entry_keeps_its_key_and_nothing_else(database):
    stored = live(database)

    with database.begin() as session:
        forget_entry(session, stored.id, now=NOW + DAY)

    with database.read() as session:
        found = entry_by_key(session, "k1")
        assert found is not None
        assert (found.state, found.entry, found.address, found.person) == (EntryState.DELETED, None, None, False)
        assert found.token_version == stored.token_version + 1
        assert [revoked for *_, revoked in consents_of(session, stored.id)] == [NOW + DAY]
        assert entry_of_offer(session, stored.offer or "") is None
        assert entries_of(session, "13075", ERNA) == []


def test_nothing_can_be_done_with_a_deleted_entry(database):
    number = live(database).id
    with database.begin() as session:
        forget_entry(session, number, now=NOW)

    with database.begin() as session, pytest.raises(StoreError, match="deleted meanwhile"):
        take_back(session, number)


def test_unconfirmed_entries_go_after_two_weeks_and_only_they(database):
    add(database, "old")
    live(database, "live")
    add(database, "young", now=NOW + DAY)

    with database.begin() as session:
        gone = purge_entries(session, NOW + UNCONFIRMED_FOR + timedelta(minutes=1))

    with database.read() as session:
        kept = [key for key in ("old", "live", "young") if entry_by_key(session, key)]
    assert (gone, kept) == (1, ["live", "young"])


def test_new_links_end_the_old_ones_of_that_address_in_that_region_only(database):
    add(database, "mine")
    add(database, "theirs", address="andere@post.example")
    add(database, "kiel", region="01002")

    with database.begin() as session:
        end_links(session, "13075", ERNA)

    with database.read() as session:
        found = {key: entry_by_key(session, key) for key in ("mine", "theirs", "kiel")}
    assert {key: one.token_version for key, one in found.items() if one} == {"mine": 1, "theirs": 0, "kiel": 0}


def test_a_question_is_due_after_a_quarter_and_once_a_quarter(database):
    stored = live(database)
    live(database, "phone", address=None)
    quarter = NOW + ASK_AFTER

    with database.begin() as session:
        assert due_for_question(session, "13075", quarter - DAY) == []
        assert [one.key for one in due_for_question(session, "13075", quarter)] == ["k1"]
        assert due_for_question(session, "01002", quarter) == []
        asked(session, [stored.id], now=quarter)
        assert due_for_question(session, "13075", quarter + DAY) == []
        assert len(due_for_question(session, "13075", quarter + ASK_AFTER)) == 1
        still_correct(session, [stored.id], now=quarter + DAY)
        assert due_for_question(session, "13075", quarter + ASK_AFTER) == []


def test_nobody_is_asked_about_what_was_rejected_or_is_over(database):
    live(database, "k1")
    rejected = live(database, "rejected")
    live(database, "over", make_entry(schedule=make_dated_schedule(TODAY)))
    quarter = NOW + ASK_AFTER
    with database.begin() as session:
        expire(session, quarter)
        no = decide(session, rejected.offer or "", DecisionKind.REJECT, by="x", now=NOW)

        assert [one.key for one in due_for_question(session, "13075", quarter)] == ["k1"]
        assert [one.key for one in in_question(session, "13075", ERNA)] == ["k1"]
        undo_decision(session, no.id or 0, by="x", now=NOW)
        assert [one.key for one in due_for_question(session, "13075", quarter)] == ["k1", "rejected"]


def test_the_question_is_about_live_entries_of_one_address_in_one_region(database):
    for key in ("a", "withdrawn"):
        live(database, key)
    live(database, "other", address="andere@post.example")
    add(database, "unconfirmed")
    with database.begin() as session:
        take_back(session, entry_by_key(session, "withdrawn").id)

        assert [one.key for one in in_question(session, "13075", ERNA)] == ["a"]
        assert in_question(session, "01002", ERNA) == []


def test_silence_counts_only_where_somebody_was_asked(database):
    stored = live(database)
    year = NOW + timedelta(days=365)

    with database.begin() as session:
        assert silent_since(session, "13075", before=year, asked_before=year) == []
        asked(session, [stored.id], now=year - 20 * DAY)
        assert [one.key for one in silent_since(session, "13075", before=year, asked_before=year)] == ["k1"]
        assert silent_since(session, "13075", before=year, asked_before=year - 30 * DAY) == []


def test_the_desk_counts_what_is_shown_and_old(database):
    stored = live(database)
    with database.begin() as session:
        assert unconfirmed_count(session, "13075", before=NOW) == 0
        decide(session, stored.offer or "", DecisionKind.ACCEPT, by="x", now=NOW)
        assert unconfirmed_count(session, "13075", before=NOW) == 1
        assert unconfirmed_count(session, "13075", before=NOW - DAY) == 0


def test_the_latest_standing_decision_is_told(database):
    offer = live(database).offer or ""
    with database.begin() as session:
        decide(session, offer, DecisionKind.REJECT, by="x", now=NOW, why="doppelt")
        accepted = decide(session, offer, DecisionKind.ACCEPT, by="x", now=NOW + DAY)
        decide(session, offer, DecisionKind.CONFIRM, by="x", now=NOW + DAY)

        assert [(one.accepted, one.why) for one in decided_entries(session, "13075", since=NOW)] == [(True, None)]
        undo_decision(session, accepted.id or 0, by="x", now=NOW + DAY)
        assert [(one.accepted, one.why) for one in decided_entries(session, "13075", since=NOW)] == [(False, "doppelt")]
        assert decided_entries(session, "13075", since=NOW + DAY) == []


def test_the_list_of_the_desk_has_what_stands_newest_first(database):
    for key in ("a", "b", "c"):
        live(database, key)
    add(database, "unconfirmed")
    with database.begin() as session:
        take_back(session, entry_by_key(session, "b").id)
        forget_entry(session, entry_by_key(session, "a").id, now=NOW)

    with database.read() as session:
        assert [one.key for one in entries_in(session, "13075", limit=5)] == ["c", "b"]
        assert entry_count(session, "13075") == 2
        assert [one.key for one in entries_of(session, "13075", ERNA)] == ["b", "c"]


def test_each_version_of_an_entry_is_a_run_of_one_record_and_one_offer(database):
    first = live(database)
    with database.begin() as session:
        second = enter(session, SOURCE, make_entry(title="Töpfern im Hof"), key="k1", now=NOW + DAY)

    with database.read() as session:
        found = runs(session, source=SOURCE.name)
    assert second == first.offer
    assert [(run.status, run.records, run.new, run.changed) for run in found] == [
        ("complete", 1, 0, 1),
        ("complete", 1, 1, 0),
    ]


def test_a_form_that_this_version_cannot_read_is_no_entry(database):
    stored = add(database)
    with database.begin() as session:
        session.execute(entries.update().values(data={"moon": 1}))

    with database.read() as session:
        found = entry_by_key(session, stored.key)
    assert found is not None
    assert found.entry is None
