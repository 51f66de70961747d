"""A part of what is too much for every run: drawn anew each day, the same all day, repeated by a printed seed."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from random import Random
from typing import TypeVar

T = TypeVar("T")
SEED = int(os.environ.get("KITALOTSE_TEST_SEED") or datetime.now(UTC).toordinal())
"""Which part: the number of the day, or what KITALOTSE_TEST_SEED says. All workers of a run know it."""


def sample(cases: Sequence[T], count: int) -> list[T]:
    """``count`` of ``cases``, in their order.

    >>> sample(range(10), 10) == list(range(10)), len(sample(range(10), 3))
    (True, 3)
    """
    chosen = sorted(Random(SEED).sample(range(len(cases)), min(count, len(cases))))
    return [cases[index] for index in chosen]
