"""Schedules as a few comparable numbers: weekdays, months, hours, how long until the season opens, when it is over."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, time, timedelta

from schemas.offer import Schedule
from schemas.vocabulary import ScheduleKind, Weekday

WEEKDAYS = tuple(Weekday)
WORKDAYS = 0b0011111
"""Bits of Monday to Friday; Monday is bit 0."""
ALL_MONTHS = 0b1111111111110
"""Bits of January (bit 1) to December (bit 12)."""
FAR = 10_000
"""Days that stand for "never" or "no end known"."""

_BYDAY = re.compile(r"^([+-]?\d)?(MO|TU|WE|TH|FR|SA|SU)$")


@dataclass(frozen=True)
class Rule:
    """The parts of an RFC 5545 rule that tell on which days of the calendar something may take place."""

    weekdays: int = 0
    """Bits of the days of the week; 0 where the rule names none."""
    months: int = 0
    """Bits of the months; 0 where the rule names none."""
    ordinals: frozenset[tuple[int, int]] = frozenset()
    """(position in the month, weekday) for rules like "second Thursday"; -1 is the last."""
    until: date | None = None
    """Last day that the rule itself names."""
    every_week: bool = True
    """False where an interval or a count makes the single day depend on a start."""


def read_rule(rule: str) -> Rule:
    """The calendar facts of an RRULE; parts that say nothing about weekday, month or end are passed over.

    >>> read_rule("FREQ=WEEKLY;BYDAY=MO,WE;BYMONTH=5,6").months == 1 << 5 | 1 << 6
    True
    """
    parts = dict(part.split("=", 1) for part in rule.upper().removeprefix("RRULE:").split(";") if "=" in part)
    weekdays, ordinals = 0, set()
    for text in parts.get("BYDAY", "").split(","):
        match = _BYDAY.match(text.strip())
        if match:
            day = WEEKDAYS.index(Weekday(match[2]))
            weekdays |= 1 << day
            position = match[1] or parts.get("BYSETPOS")
            if position and parts.get("FREQ") == "MONTHLY" and re.fullmatch(r"[+-]?\d", position):
                ordinals.add((int(position), day))
    months = sum(
        1 << int(text) for text in parts.get("BYMONTH", "").split(",") if text.isdigit() and 1 <= int(text) <= 12
    )
    until = re.match(r"(\d{4})(\d{2})(\d{2})", parts.get("UNTIL", ""))
    return Rule(
        weekdays=weekdays if weekdays or parts.get("FREQ") != "DAILY" else 0b1111111,
        months=months,
        ordinals=frozenset(ordinals),
        until=_day(until) if until else None,
        every_week=parts.get("INTERVAL", "1") == "1" and bool(weekdays or parts.get("FREQ") == "DAILY"),
    )


def _day(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None


@dataclass(frozen=True)
class Calendar:
    """When an offer may be taken up, as seen from ``today``."""

    weekdays: int = 0
    """Bits of the days of the week; 0 is not stated."""
    months: int = ALL_MONTHS
    """Bits of the months of its season."""
    wait: int = 0
    """Days until its season or period begins; 0 when it runs."""
    left: int = FAR
    """Days until its season or period ends, negative when it is over; ``FAR`` where no end is known."""
    opens_minute: int = -1
    """Earliest start in minutes after midnight; -1 is not stated."""
    closes_minute: int = -1
    """Latest start, or end of the stated hours; -1 is not stated."""


def calendar_of(schedule: Schedule | None, today: date) -> Calendar:
    """The calendar of a schedule; dated instances are not looked at."""
    if schedule is None:
        return Calendar()
    rule = read_rule(schedule.recurrence.rule) if schedule.recurrence else Rule()
    months = sum(1 << month for month in schedule.months if 1 <= month <= 12) or rule.months or ALL_MONTHS
    recurrence = schedule.recurrence
    begins = [day for day in (schedule.bookable_from, recurrence.starts_on if recurrence else None) if day]
    ends = [day for day in (schedule.bookable_until, rule.until, recurrence.ends_on if recurrence else None) if day]
    wait = max([0, *((day - today).days for day in begins)])
    wait = max(wait, _wait_for_month(months, today + timedelta(days=wait)) + wait)
    left = min([FAR, *((day - today).days for day in ends), _left_in_season(months, today, wait)])
    starts = [_minute(window.start) for window in schedule.hours if window.start]
    stops = [_minute(window.end or window.start) for window in schedule.hours if window.end or window.start]
    return Calendar(
        weekdays=sum(1 << WEEKDAYS.index(day) for day in set(schedule.weekdays)) or rule.weekdays,
        months=months,
        wait=wait,
        left=left,
        opens_minute=min(starts, default=-1),
        closes_minute=max(stops, default=-1),
    )


def next_day(schedule: Schedule, today: date, last: date, suits: Callable[[date], bool]) -> date | None:
    """The first day from ``today`` to ``last`` on which a regular offer takes place and that suits; None where the
    schedule does not settle single days (by arrangement, every second week …)."""
    recurrence = schedule.recurrence
    if schedule.kind is not ScheduleKind.RECURRING or recurrence is None:
        return None
    rule = read_rule(recurrence.rule)
    if not rule.every_week:
        return None
    months = sum(1 << month for month in schedule.months) or rule.months or ALL_MONTHS
    first = max(day for day in (today, recurrence.starts_on, schedule.bookable_from) if day)
    last = min(day for day in (last, recurrence.ends_on, rule.until, schedule.bookable_until) if day)
    for offset in range((last - first).days + 1):
        day = first + timedelta(days=offset)
        if not (rule.weekdays >> day.weekday() & 1 and months >> day.month & 1) or day in recurrence.except_days:
            continue
        if rule.ordinals and not _ordinals(day) & rule.ordinals:
            continue
        if suits(day):
            return day
    return None


def minute(moment: time | None) -> int:
    """Minutes after midnight, -1 for a time that is not stated."""
    return _minute(moment) if moment else -1


def _minute(moment: time | None) -> int:
    return moment.hour * 60 + moment.minute if moment else -1


def _ordinals(day: date) -> set[tuple[int, int]]:
    """ "Second Thursday" and, where it is that, "last Thursday" of a day."""
    found = {((day.day - 1) // 7 + 1, day.weekday())}
    if (day + timedelta(days=7)).month != day.month:
        found.add((-1, day.weekday()))
    return found


def _wait_for_month(months: int, today: date) -> int:
    if months >> today.month & 1:
        return 0
    for ahead in range(1, 13):
        month = (today.month - 1 + ahead) % 12 + 1
        if months >> month & 1:
            return (date(today.year + (today.month - 1 + ahead) // 12, month, 1) - today).days
    return 0


def _left_in_season(months: int, today: date, wait: int) -> int:
    """Days until the running (or next) season ends."""
    if months == ALL_MONTHS:
        return FAR
    day = today + timedelta(days=wait)
    for ahead in range(12):
        month = (day.month - 1 + ahead) % 12 + 1
        if not months >> month & 1:
            return (date(day.year + (day.month - 1 + ahead) // 12, month, 1) - today).days - 1
    return FAR
