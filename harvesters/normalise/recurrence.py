"""RFC 5545 rules as days: a strict, bounded reading of RRULE text without times.

Our own, since a rule from the web may say ``FREQ=SECONDLY``, or the 30th of February for ever: every expansion here
walks over at most ``MAX_DAYS`` days and gives at most ``limit`` of them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

MAX_DAYS: Final = 366 * 12
"""Most days that one expansion looks at."""
DAY_CODES: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_BYDAY: Final = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL: Final = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:T\d{6}Z?)?")
_IGNORED: Final = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})


class RuleError(ValueError):
    """Raised for a rule that is malformed, or says something that this reading does not know."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One RRULE, taken apart."""

    frequency: str
    interval: int = 1
    by_day: tuple[tuple[int | None, int], ...] = ()
    """Ordinal (or ``None``) and weekday, Monday = 0."""
    by_month: frozenset[int] = frozenset()
    by_month_day: frozenset[int] = frozenset()
    by_set_pos: frozenset[int] = frozenset()
    count: int | None = None
    until: date | None = None
    week_start: int = 0

    @property
    def weekdays(self) -> tuple[int, ...]:
        """Weekdays named, Monday = 0."""
        return tuple(sorted({day for _, day in self.by_day}))


def parse_rule(text: str) -> Rule:
    """Take RRULE text apart; raises ``RuleError`` with what is wrong.

    >>> parse_rule("FREQ=MONTHLY;BYDAY=-1FR").by_day
    ((-1, 4),)
    """
    parts: dict[str, str] = {}
    for part in text.strip().removeprefix("RRULE:").rstrip(";").split(";"):
        name, sign, value = part.partition("=")
        name = name.strip().upper()
        if not sign or name in parts:
            raise RuleError(f"rule part {part!r} is not NAME=VALUE, or stands twice")
        parts[name] = value.strip().upper()
    frequency = parts.pop("FREQ", "")
    if frequency not in _FREQUENCIES:
        raise RuleError(f"FREQ={frequency or '?'} is none of {', '.join(_FREQUENCIES)}")
    if "COUNT" in parts and "UNTIL" in parts:
        raise RuleError("COUNT and UNTIL exclude each other")
    rule = Rule(
        frequency,
        interval=_number(parts.pop("INTERVAL", "1"), 1, 1000),
        by_day=_by_day(parts.pop("BYDAY", ""), frequency),
        by_month=frozenset(_numbers(parts.pop("BYMONTH", ""), 1, 12)),
        by_month_day=frozenset(_numbers(parts.pop("BYMONTHDAY", ""), -31, 31)),
        by_set_pos=frozenset(_numbers(parts.pop("BYSETPOS", ""), -366, 366)),
        count=_number(parts.pop("COUNT"), 1, 100_000) if "COUNT" in parts else None,
        until=_until(parts.pop("UNTIL")) if "UNTIL" in parts else None,
        week_start=_week_start(parts.pop("WKST", "MO")),
    )
    unknown = [name for name in parts if name not in _IGNORED]
    if unknown:
        raise RuleError(f"{', '.join(unknown)} is not understood")
    return rule


def _number(text: str, least: int, most: int) -> int:
    try:
        value = int(text)
    except ValueError:
        raise RuleError(f"{text!r} is not a number") from None
    if not least <= value <= most:
        raise RuleError(f"{value} is not between {least} and {most}")
    return value


def _numbers(text: str, least: int, most: int) -> list[int]:
    return [_number(part, least, most) for part in text.split(",")] if text else []


def _by_day(text: str, frequency: str) -> tuple[tuple[int | None, int], ...]:
    days: list[tuple[int | None, int]] = []
    for part in text.split(",") if text else ():
        match = _BYDAY.fullmatch(part.strip())
        if match is None:
            raise RuleError(f"BYDAY={part!r} is not a weekday")
        ordinal = int(match[1]) if match[1] else None
        if ordinal is not None and frequency not in ("MONTHLY", "YEARLY"):
            raise RuleError(f"BYDAY={part!r} makes no sense with FREQ={frequency}")
        days.append((ordinal, DAY_CODES.index(match[2])))
    return tuple(days)


def _until(text: str) -> date:
    match = _UNTIL.fullmatch(text)
    if match is None:
        raise RuleError(f"UNTIL={text!r} is not a date")
    try:
        return date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        raise RuleError(f"UNTIL={text!r} is not a date of the calendar") from None


def _week_start(text: str) -> int:
    if text not in DAY_CODES:
        raise RuleError(f"WKST={text!r} is not a weekday")
    return DAY_CODES.index(text)


def days_of(rule: Rule, start: date, until: date, *, limit: int = 1_000) -> Iterator[date]:
    """Days of ``rule`` from ``start`` (its DTSTART) up to ``until``, both inclusive, in order, at most ``limit``.

    As in RFC 5545, what the rule does not name comes from the start: ``FREQ=WEEKLY`` alone repeats its weekday.
    """
    last = min(until, rule.until or until, start + timedelta(days=MAX_DAYS))
    given = 0
    most = limit if rule.count is None else min(limit, rule.count)
    for period in _periods(rule, start, last):
        days = [day for day in period if _fits(rule, day, start)]
        if rule.by_set_pos:
            days = [d for i, d in enumerate(days) if i + 1 in rule.by_set_pos or i - len(days) in rule.by_set_pos]
        for day in days:
            if day < start:
                continue
            if day > last or given >= most:
                return
            given += 1
            yield day


def _periods(rule: Rule, start: date, last: date) -> Iterator[list[date]]:
    """The days of every period (day, week, month, year) in which the rule is active."""
    if rule.frequency == "DAILY":
        for offset in range(0, (last - start).days + 1, rule.interval):
            yield [start + timedelta(days=offset)]
    elif rule.frequency == "WEEKLY":
        monday = start - timedelta(days=(start.weekday() - rule.week_start) % 7)
        for offset in range(0, (last - monday).days + 1, 7 * rule.interval):
            yield [monday + timedelta(days=offset + n) for n in range(7)]
    elif rule.frequency == "MONTHLY":
        for number in range(start.year * 12 + start.month - 1, last.year * 12 + last.month, rule.interval):
            yield _month(number // 12, number % 12 + 1)
    else:
        for year in range(start.year, last.year + 1, rule.interval):
            yield [day for month in range(1, 13) for day in _month(year, month)]


def _month(year: int, month: int) -> list[date]:
    first = date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1) if (year, month) != (9999, 12) else date(9999, 12, 31)
    return [first + timedelta(days=n) for n in range((following - first).days)]


def _fits(rule: Rule, day: date, start: date) -> bool:
    if rule.by_month and day.month not in rule.by_month:
        return False
    if rule.by_month_day:
        length = len(_month(day.year, day.month))
        if day.day not in rule.by_month_day and day.day - length - 1 not in rule.by_month_day:
            return False
    if rule.by_day:
        return any(weekday == day.weekday() and _is_ordinal(ordinal, day, rule) for ordinal, weekday in rule.by_day)
    if rule.by_month_day or rule.frequency == "DAILY":
        return True
    if rule.frequency == "WEEKLY":
        return day.weekday() == start.weekday()
    if rule.frequency == "MONTHLY":
        return day.day == start.day
    return day.day == start.day and (bool(rule.by_month) or day.month == start.month)


def _is_ordinal(ordinal: int | None, day: date, rule: Rule) -> bool:
    """Whether ``day`` is the n-th of its weekday, counted in its month (in its year for a YEARLY rule without
    months)."""
    if ordinal is None:
        return True
    if rule.frequency == "YEARLY" and not rule.by_month:
        first, last = date(day.year, 1, 1), date(day.year, 12, 31)
    else:
        month = _month(day.year, day.month)
        first, last = month[0], month[-1]
    return (day - first).days // 7 + 1 == ordinal if ordinal > 0 else (last - day).days // 7 + 1 == -ordinal
