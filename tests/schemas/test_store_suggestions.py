"""What visitors say is wrong lies on the desk until somebody has looked, on SQLite and PostgreSQL."""

import pytest

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.review import ReviewKind
from schemas.store.reviews import detail
from schemas.store.suggestions import (
    MAX_OPEN,
    MAX_WORDS,
    close_suggestion,
    reopen_suggestion,
    suggest,
    suggestions_of,
)
from tests.factories import NOW
from tests.schemas.harvesting import Harvest


@pytest.fixture
def harvest(database: Database) -> Harvest:
    harvest = Harvest(database)
    harvest.run({"dinos": {}})
    return harvest


def waiting(harvest: Harvest) -> list[tuple[object, object, str | None]]:
    with harvest.database.read() as session:
        found = detail(session, harvest.id("dinos"))
    assert found is not None
    return [
        (review.harvested, review.corrected, review.default)
        for review in found.reviews
        if review.kind is ReviewKind.SUGGESTION and not review.closed_at
    ]


def test_a_suggestion_lies_on_the_desk_and_changes_nothing(harvest: Harvest) -> None:
    before = harvest.offer("dinos")

    with harvest.database.begin() as session:
        suggest(session, harvest.id("dinos"), field="price", words=" kostet jetzt 3 € \0", now=NOW)

    assert waiting(harvest) == [("kostet jetzt 3 €", "price", "keep_value")]
    assert harvest.offer("dinos") == before


def test_the_same_words_are_kept_once_and_long_ones_are_cut(harvest: Harvest) -> None:
    with harvest.database.begin() as session:
        first = suggest(session, harvest.id("dinos"), field=None, words="Preis falsch", now=NOW)
        second = suggest(session, harvest.id("dinos"), field=None, words="Preis falsch", now=NOW)
        suggest(session, harvest.id("dinos"), field=None, words="x" * 9_999, now=NOW)
        kept = suggestions_of(session, [harvest.id("dinos")])

    assert first == second
    assert [len(each.words) for each in kept] == [12, MAX_WORDS]


def test_a_closed_suggestion_can_be_laid_on_the_desk_again(harvest: Harvest) -> None:
    with harvest.database.begin() as session:
        number = suggest(session, harvest.id("dinos"), field=None, words="Preis falsch", now=NOW)
        close_suggestion(session, number, by="koordination", now=NOW)
    assert waiting(harvest) == []

    with harvest.database.begin() as session:
        reopen_suggestion(session, number, now=NOW)

    assert len(waiting(harvest)) == 1
    with pytest.raises(StoreError, match="is not closed"), harvest.database.begin() as session:
        reopen_suggestion(session, number, now=NOW)


@pytest.mark.parametrize("words", ["", " \n\0 "])
def test_no_words_are_no_suggestion(harvest: Harvest, words: str) -> None:
    with pytest.raises(StoreError, match="needs words"), harvest.database.begin() as session:
        suggest(session, harvest.id("dinos"), field=None, words=words, now=NOW)


def test_nobody_can_flood_one_offer(harvest: Harvest) -> None:
    with harvest.database.begin() as session:
        for number in range(MAX_OPEN):
            suggest(session, harvest.id("dinos"), field=None, words=f"Hinweis {number}", now=NOW)

    with pytest.raises(StoreError, match="waiting"), harvest.database.begin() as session:
        suggest(session, harvest.id("dinos"), field=None, words="noch einer", now=NOW)


def test_an_unknown_offer_or_suggestion_is_refused(harvest: Harvest) -> None:
    with pytest.raises(StoreError, match="not known"), harvest.database.begin() as session:
        suggest(session, "o" + "x" * 15, field=None, words="Preis falsch", now=NOW)
    with pytest.raises(StoreError, match="not open"), harvest.database.begin() as session:
        close_suggestion(session, 4711, by="koordination", now=NOW)
