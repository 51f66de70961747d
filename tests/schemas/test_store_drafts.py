"""Drafts: what was pasted waits for its preview, is kept with what was found, and is never taken twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from schemas.exceptions import StoreError
from schemas.store.drafts import (
    DraftKind,
    DraftState,
    NewDraft,
    add_draft,
    add_drafts,
    ask_again,
    change_draft,
    comparable,
    draft,
    drafts,
    drafts_by_state,
    drop_draft,
    finish_draft,
    purge_drafts,
    save_failure,
    save_preview,
)
from schemas.store.runs import save_source
from schemas.store.work import due_work
from schemas.tables.work import audit, work
from tests.factories import NOW, make_source

HERE = "13075"


def add(session, *addresses: str, region: str = HERE):
    return add_drafts(session, region, [NewDraft(address) for address in addresses], by="Uta", now=NOW)


def test_a_pasted_address_waits_for_its_preview(database):
    with database.begin() as session:
        (added,) = add(session, "https://museum.example/kita")

    with database.read() as session:
        found = draft(session, added.draft)
        jobs = session.scalars(select(work.c.job)).all()
    assert (found.state, found.kind, found.region, found.by) == (DraftState.WAITING, DraftKind.ADDRESS, HERE, "Uta")
    assert jobs == [f"preview:{added.draft}"]


def test_an_address_that_is_known_makes_no_second_draft(database):
    with database.begin() as session:
        save_source(session, make_source(), origin="file", now=NOW)
        first, twice = add(session, "https://zoo.example/kita", "http://www.zoo.example/kita/#oben")
        (again,) = add(session, "https://zoo.example/kita")
        (known,) = add(session, "https://museum.example/kita/")
        (elsewhere,) = add(session, "https://zoo.example/kita", region="01002")

    assert first.new
    assert (twice.new, twice.draft) == (False, first.draft)
    assert (again.new, again.draft) == (False, first.draft)
    assert (known.known, known.draft) == ("mv_beispielmuseum", None)
    assert elsewhere.new


def test_what_a_preview_found_is_kept_until_the_draft_becomes_a_source(database):
    with database.begin() as session:
        (added,) = add(session, "https://zoo.example/kita")
        source = make_source("mv_zoo")
        assert save_preview(session, added.draft, source=source, result={"offers": 3}, now=NOW)

    with database.begin() as session:
        ready = draft(session, added.draft)
        finish_draft(session, added.draft, source=source, by="Uta", now=NOW)
        done = draft(session, added.draft)

    assert (ready.state, ready.result, ready.source["name"]) == (DraftState.READY, {"offers": 3}, "mv_zoo")
    assert (done.state, done.result) == (DraftState.DONE, None)


def test_a_failed_preview_says_why_and_may_be_tried_again(database):
    with database.begin() as session:
        (added,) = add(session, "https://zoo.example/kita")
        save_failure(session, added.draft, "Die Seite gibt es nicht.\0", now=NOW)
        failed = draft(session, added.draft)
        ask_again(session, added.draft, now=NOW + timedelta(hours=1))
        waiting = draft(session, added.draft)
        due = due_work(session, now=NOW + timedelta(hours=1))

    assert failed.state is DraftState.FAILED
    assert failed.error.startswith("Die Seite gibt es nicht.")
    assert (waiting.state, waiting.error) == (DraftState.WAITING, None)
    assert len(due) == 2


def test_a_dropped_draft_is_gone_and_a_late_preview_writes_nothing(database):
    with database.begin() as session:
        (added,) = add(session, "https://zoo.example/kita")
        drop_draft(session, added.draft, by="Uta", now=NOW)

        assert draft(session, added.draft) is None
        assert not save_preview(session, added.draft, source=make_source(), result={}, now=NOW)
        assert not save_failure(session, added.draft, "zu spät", now=NOW)
        assert session.scalars(select(audit.c.action).order_by(audit.c.id)).all() == ["draft.add", "draft.drop"]
        for refused in (drop_draft, finish_draft):
            more = {"source": make_source()} if refused is finish_draft else {}
            with pytest.raises(StoreError):
                refused(session, added.draft, by="Uta", now=NOW, **more)
        with pytest.raises(StoreError):
            ask_again(session, added.draft, now=NOW)


def test_drafts_are_listed_by_region_kind_and_state(database):
    with database.begin() as session:
        one, two = add(session, "https://a.example/", "https://b.example/")
        add(session, "https://c.example/", region="01002")
        table = add_draft(session, HERE, DraftKind.TABLE, "angebote.xlsx", by="Uta", now=NOW)
        change_draft(session, table, source={"title": "Tabelle"}, state=DraftState.READY, now=NOW)

        assert [found.id for found in drafts(session, HERE)] == [table, two.draft, one.draft]
        assert [found.id for found in drafts(session, HERE, kinds=[DraftKind.TABLE])] == [table]
        assert [found.id for found in drafts(session, HERE, states=[DraftState.WAITING])] == [two.draft, one.draft]
        assert drafts_by_state(session, HERE) == {DraftState.WAITING: 2, DraftState.READY: 1}


def test_old_drafts_are_forgotten(database):
    with database.begin() as session:
        add(session, "https://a.example/")

        assert purge_drafts(session, before=NOW) == 0
        assert purge_drafts(session, before=NOW + timedelta(days=1)) == 1
        assert drafts(session, HERE) == []


@pytest.mark.parametrize("address", ["http://[", "http://a:b/c", "", "x", "https://a.example?b=1", "http://ü.example/"])
def test_comparing_takes_any_text(address):
    assert comparable(address) == comparable(address + "#teil")
