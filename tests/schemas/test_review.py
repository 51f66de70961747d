"""Corrections and conflicts, as pure functions."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.exceptions import StoreError
from schemas.offer import AgeRange
from schemas.review import CORRECTABLE, Correction, apply_corrections, find_conflicts
from tests.factories import NOW, make_fields

HARVESTED = {"min_months": 48, "max_months": 83}
CORRECTED = {"min_months": 36, "max_months": 71}


def make_correction(**changes: Any) -> Correction:
    parts = {"id": 1, "offer": "o1", "field": "ages", "value": CORRECTED, "replaced": HARVESTED, "by": "k", "at": NOW}
    return Correction.model_validate(parts | changes)


def test_without_corrections_the_harvested_fields_stand() -> None:
    fields = make_fields()

    assert apply_corrections(fields, ()) is fields


def test_a_correction_changes_its_field_and_no_other() -> None:
    corrected = apply_corrections(make_fields(), (make_correction(),))

    assert corrected == make_fields(ages=AgeRange(min_months=36, max_months=71))


def test_the_latest_correction_of_a_field_wins() -> None:
    older = make_correction(id=2, value={"min_months": 12}, at=NOW - timedelta(days=1))

    assert apply_corrections(make_fields(), (make_correction(), older)).ages == AgeRange(min_months=36, max_months=71)


def test_an_undone_correction_has_no_part() -> None:
    assert apply_corrections(make_fields(), (make_correction(undone_at=NOW),)) == make_fields()


def test_an_unknown_field_is_refused_with_the_known_ones() -> None:
    with pytest.raises(StoreError, match=r"\['status'\] cannot be corrected; known fields: \['accessibility'"):
        apply_corrections(make_fields(), (make_correction(field="status", value="published"),))
    assert "ages" in CORRECTABLE


@pytest.mark.parametrize(
    ("says_now", "conflicts"),
    [
        (HARVESTED, 0),  # nothing changed
        (CORRECTED, 0),  # the source came round
        ({"min_months": 60, "max_months": None}, 1),  # a third value
        (None, 1),  # the source says nothing any more
    ],
)
def test_a_conflict_is_a_value_that_neither_side_knew(says_now: dict[str, int] | None, conflicts: int) -> None:
    fields = make_fields(ages=AgeRange.model_validate(says_now) if says_now else None)

    found = find_conflicts(fields, (make_correction(),))

    assert [(c.field, c.harvested, c.corrected, c.replaced) for c in found] == [
        ("ages", says_now, CORRECTED, HARVESTED)
    ] * conflicts
