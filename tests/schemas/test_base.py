"""What all values share."""

import pickle
import tracemalloc
from collections.abc import Callable

import pytest
from pydantic import ValidationError

from schemas.base import slim
from schemas.harvest import RawOccurrence, Record
from tests.factories import make_record


def test_a_slim_value_is_the_same_value() -> None:
    record = make_record(words={"ages": "ab 4"}, occurrences=(RawOccurrence(start="2026-12-01"),))

    lean = slim(record)

    assert lean == record
    assert hash(RawOccurrence(start="x")) == hash(slim(RawOccurrence(start="x")))
    assert lean.model_dump_json(exclude_unset=True) == record.model_dump_json(exclude_unset=True)
    assert Record.model_validate_json(lean.model_dump_json()) == record
    assert pickle.loads(pickle.dumps(lean)) == record
    changed = lean.model_copy(update={"title": "Anders"})
    assert (changed.title, lean.title) == ("Anders", record.title)
    assert changed.model_fields_set >= record.model_fields_set
    with pytest.raises(ValidationError):
        lean.title = "Anders"  # type: ignore[misc]  # that is what is refused


def test_a_slim_value_weighs_less_than_half() -> None:
    def weight(make: Callable[[str], RawOccurrence]) -> int:
        days = [f"2026-12-{number}" for number in range(2_000)]
        tracemalloc.start()
        kept = [make(day) for day in days]
        size, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert len(kept) == 2_000
        return size

    whole = weight(lambda day: RawOccurrence(start=day))
    lean = weight(lambda day: slim(RawOccurrence(start=day)))

    assert lean < whole / 2
