"""The list of what waits, and what unknown wording means, on SQLite and PostgreSQL."""

import threading
from datetime import timedelta

import pytest

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.harvest import Access, AccessKind, Issue
from schemas.offer import Suitability
from schemas.review import DecisionKind, ReviewKind
from schemas.store import held
from schemas.store.audit import noted
from schemas.store.held import (
    DECIDABLE,
    HeldKind,
    HeldQuery,
    counts_of_source,
    decidable,
    held_counts,
    held_items,
    still_decidable,
)
from schemas.store.lookups import decide_wording
from schemas.store.queue import DUE
from schemas.store.reviews import decide
from schemas.store.runs import source
from schemas.store.suggestions import suggest
from schemas.store.undoing import undo
from schemas.store.wordings import MAX_OPEN, keep_wordings
from schemas.vocabulary import Verdict
from tests.factories import NOW, make_source
from tests.schemas.harvesting import Harvest, counted_statements

REGION = "13075"


@pytest.fixture
def museum(database: Database) -> Harvest:
    harvest = Harvest(database, make_source("mv_neu", trust="hold"))
    harvest.run({"dinos": {"title": "Dinosaurier"}, "wald": {"title": "Waldmorgen"}})
    return harvest


@pytest.fixture
def forms(museum: Harvest) -> Harvest:
    entries = make_source("eintraege_13075", trust="hold", access=Access(kind=AccessKind.FORM))
    harvest = Harvest(museum.database, entries, now=museum.now)
    harvest.run({"lesen": {"title": "Vorlesen"}})
    return harvest


def unknown(words: str, remedy: str = "unter lookups.price der Quelle übersetzen") -> Issue:
    return Issue(field="price", wording=words, rule="price.not_understood", where="x", remedy=remedy)


def test_everything_is_listed_by_age_and_counted_by_kind(museum: Harvest, forms: Harvest) -> None:
    with museum.database.begin() as session:
        keep_wordings(session, "mv_neu", [unknown("fast nix")], now=NOW + timedelta(hours=1))
        suggest(session, museum.id("wald"), field=None, words="zu", now=forms.now)

    with museum.database.read() as session:
        items = held_items(session, REGION)
        counts = held_counts(session, REGION)
        pages = [held_items(session, REGION, limit=2, offset=offset) for offset in (0, 2, 4)]

    kinds = [item.kind for item in items]
    assert kinds == [
        HeldKind.NEW_OFFER,
        HeldKind.NEW_OFFER,
        HeldKind.WORDING,
        HeldKind.SELF_ENTRY,
        HeldKind.SUGGESTION,
    ]
    assert {kind: count for kind, count in counts.items() if count} == {kind: kinds.count(kind) for kind in kinds}
    assert [item for page in pages for item in page] == items
    assert not items[0].is_overdue(NOW + DUE - timedelta(seconds=1))
    assert items[0].is_overdue(NOW + DUE)


def test_filters_by_kind_source_words_and_region(museum: Harvest, forms: Harvest) -> None:
    def titles(region: str = REGION, **query: str) -> list[str]:
        with museum.database.read() as session:
            asked = HeldQuery.model_validate(query)
            found = held_items(session, region, asked)
            counts = held_counts(session, region, asked)
        expected = counts[asked.kind] if asked.kind else sum(counts.values())
        assert expected == len(found)
        return [item.offer.title for item in found if item.offer]

    assert titles(kind="self_entry") == ["Vorlesen"]
    assert titles(kind="new_offer") == ["Dinosaurier", "Waldmorgen"]
    assert titles(kind="unsure") == []
    assert titles(source="mv_neu") == ["Dinosaurier", "Waldmorgen"]
    assert titles(words="wald") == ["Waldmorgen"]
    assert titles(words="--- %") == []
    assert titles("01002") == []
    with museum.database.read() as session:
        assert decidable(session, REGION, "mv_neu", kinds=DECIDABLE, limit=1) == [museum.id("dinos")]


@pytest.mark.parametrize("few", [1, 1_000], ids=["many", "few"])
def test_a_filter_finds_the_same_whether_its_source_brought_few_or_many(
    museum: Harvest, forms: Harvest, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "FEW", few)
    neighbour = Harvest(museum.database, make_source("sh_neu", trust="hold", region="01002"), now=forms.now)
    neighbour.run({"hafen": {"title": "Hafenrundgang"}})

    def waiting(region: str, **query: str) -> tuple[list[str], dict[HeldKind, int]]:
        with museum.database.read() as session:
            asked = HeldQuery.model_validate(query)
            titles = [item.offer.title for item in held_items(session, region, asked) if item.offer]
            return titles, {kind: count for kind, count in held_counts(session, region, asked).items() if count}

    entry, ours = {HeldKind.SELF_ENTRY: 1}, {HeldKind.NEW_OFFER: 2}
    assert waiting(REGION) == (["Dinosaurier", "Waldmorgen", "Vorlesen"], ours | entry)
    assert waiting(REGION, source="mv_neu") == (["Dinosaurier", "Waldmorgen"], ours)
    assert waiting(REGION, source="eintraege_13075") == (["Vorlesen"], entry)
    assert waiting(REGION, source="sh_neu") == ([], {})
    assert waiting(REGION, kind="new_offer") == (["Dinosaurier", "Waldmorgen"], ours | entry)
    assert waiting(REGION, kind="self_entry") == (["Vorlesen"], ours | entry)
    assert waiting("01002") == (["Hafenrundgang"], {HeldKind.NEW_OFFER: 1})
    assert waiting("01") == ([], {})


def test_what_waits_of_a_source_is_counted_whatever_else_the_list_is_filtered_by(museum: Harvest) -> None:
    unsure = Suitability(verdict=Verdict.UNSURE, probability=0.5)
    museum.run({"dinos": {}, "wald": {"title": "Waldmorgen"}, "film": {"title": "Film", "kita_suitability": unsure}})
    everything = {ReviewKind.NEW_OFFER: 2, ReviewKind.UNSURE: 1}

    for asked in ({}, {"kind": "unsure"}, {"words": "wald"}, {"words": "--- %"}):
        query = HeldQuery.model_validate({"source": "mv_neu"} | asked)
        with museum.database.read() as session:
            counts, decidables = counts_of_source(session, REGION, query)
            assert counts == held_counts(session, REGION, query)
            assert len(decidable(session, REGION, "mv_neu", kinds=DECIDABLE, limit=10)) == 3
        assert decidables == everything, asked


def test_to_count_what_waits_of_a_source_neither_reviews_nor_memberships_are_read(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "FEW", 1)
    Harvest(sqlite_database, make_source("mv_neu", trust="hold")).run({"dinos": {}, "wald": {}})

    with sqlite_database.read() as session, counted_statements(sqlite_database) as sent:
        counts_of_source(session, REGION, HeldQuery(source="mv_neu"))
        counting = next(statement for statement in sent if "count(*)" in statement and "FROM reviews" in statement)
        asked = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {counting}", (REGION, "mv_neu"))
        steps = [row.detail for row in asked]

    searched = [step for step in steps if step.startswith(("SEARCH", "SCAN"))]
    assert [step.split()[1] for step in searched] == ["reviews", "memberships"]
    assert all("USING COVERING INDEX" in step for step in searched), steps


def test_a_meaning_is_a_lookup_until_it_is_taken_back(museum: Harvest) -> None:
    with museum.database.begin() as session:
        keep_wordings(session, "mv_neu", [unknown("fast nix"), unknown("fast nix")], now=NOW)
        (item,) = held_items(session, REGION, HeldQuery(kind=HeldKind.WORDING))
        assert item.wording is not None
        assert item.wording.count == 2
        decide_wording(session, item.id, "  kostenlos\0 ", by="koordination", now=NOW)
        number = noted(session)[-1]
        kept = source(session, "mv_neu")
    assert kept is not None
    assert kept.lookups == {"price": {"fast nix": "kostenlos"}}

    with museum.database.begin() as session:
        keep_wordings(session, "mv_neu", [unknown("fast nix")], now=NOW)
        assert held_counts(session, REGION)[HeldKind.WORDING] == 0
        with pytest.raises(StoreError, match="not open"):
            decide_wording(session, item.id, None, by="koordination", now=NOW)
        undo(session, number, by="koordination", now=NOW)
        kept = source(session, "mv_neu")
        assert held_counts(session, REGION)[HeldKind.WORDING] == 1
    assert kept is not None
    assert kept.lookups == {}


def test_only_what_a_lookup_would_help_is_kept_and_no_source_floods_the_list(museum: Harvest) -> None:
    with museum.database.begin() as session:
        keep_wordings(
            session, "mv_neu", [unknown("x", "Bitte die Seite ansehen."), unknown("y", "lookups.nichts")], now=NOW
        )
        assert held_counts(session, REGION)[HeldKind.WORDING] == 0

        keep_wordings(session, "mv_neu", [unknown(f"Wort {n}\0") for n in range(MAX_OPEN + 50)], now=NOW)

        assert held_counts(session, REGION)[HeldKind.WORDING] == MAX_OPEN


def test_of_two_who_decide_at_once_the_second_sees_what_the_first_did(museum: Harvest) -> None:
    database, dinos, wald = museum.database, museum.id("dinos"), museum.id("wald")
    left: list[str] = []

    def second() -> None:
        with database.begin() as session:
            left.extend(still_decidable(session, [wald, dinos]))

    other = threading.Thread(target=second)
    with database.begin() as session:
        assert still_decidable(session, [dinos]) == [dinos]
        decide(session, dinos, DecisionKind.REJECT, by="ada", now=museum.now)
        other.start()
        other.join(0.3)  # it has to wait for this transaction
        assert other.is_alive()
    other.join()

    assert left == [wald]
