"""What ranking must know besides the Kita and the offers: the day, answers, what was sent, holidays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from schemas.kita import Feedback, Interval

WINDOW_DAYS = 183
"""How far ahead dates are looked at, in days: half a year, longer than any Kita of the studies plans a visit."""


@dataclass(frozen=True)
class Context:
    """The circumstances of one ranking; everything is a value, so that a list can be made again byte for byte."""

    today: date
    """The day for which the list is made."""
    feedback: tuple[Feedback, ...] = ()
    """Answers of any Kita; those of others are not looked at."""
    sent: frozenset[str] = frozenset()
    """Ids of offers that this Kita was sent before and that are not to come again."""
    public_holidays: Mapping[str, frozenset[date]] = field(default_factory=dict)
    """Public holidays by code of the Land ("MV"); a Land that is absent has none that we know of."""
    school_holidays: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    """School holidays by code of the Land."""
    window_days: int = WINDOW_DAYS
    """Days from ``today`` in which a date counts as upcoming."""
    seed: int = 0
    """For what is drawn by lot; nothing is yet, and ties go by id."""
