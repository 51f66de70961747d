"""A page vouches for an offer whenever it is read; what was typed is vouched for by people only."""

from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.entry import TYPED
from schemas.freshness import UNCONFIRMED_DAYS, confirmed_on, is_typed, is_unconfirmed
from schemas.publish import DESK
from tests.factories import NOW, TODAY, make_offer, make_provenance

LONG_AGO = datetime(2026, 1, 10, 12, 0, tzinfo=UTC)


def typed(**changes: object) -> object:
    said = make_provenance("title", rule=TYPED, fetched_at=LONG_AGO)
    corrected = make_provenance("price", rule="correction", source=DESK, fetched_at=NOW)
    return make_offer(provenance={"title": said, "price": corrected}, last_seen=NOW, last_confirmed=None, **changes)


def test_a_run_over_typed_entries_does_not_make_them_fresh():
    assert is_typed(typed())
    assert confirmed_on(typed()) == LONG_AGO.date()
    assert is_unconfirmed(typed(), TODAY)


def test_a_confirmation_does():
    confirmed = typed().model_copy(update={"last_confirmed": NOW})

    assert confirmed_on(confirmed) == TODAY
    assert not is_unconfirmed(confirmed, TODAY)


@pytest.mark.parametrize(("days", "old"), [(UNCONFIRMED_DAYS, False), (UNCONFIRMED_DAYS + 1, True)])
def test_half_a_year_is_the_limit(days, old):
    assert is_unconfirmed(typed(), LONG_AGO.date() + timedelta(days=days)) is old


def test_a_page_that_was_read_vouches_for_its_offer():
    read = make_offer(last_seen=NOW, last_confirmed=None)

    assert confirmed_on(read) == TODAY
    assert not is_unconfirmed(read, date(2030, 1, 1))


def test_an_entry_that_a_page_shows_as_well_is_not_typed_alone():
    both = typed()
    both = both.model_copy(update={"provenance": both.provenance | {"ages": make_provenance("ages")}})

    assert not is_typed(both)
    assert confirmed_on(both) == TODAY
