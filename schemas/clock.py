"""The only place that reads the time; everything else is given ``now`` or ``today``."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

BERLIN = ZoneInfo("Europe/Berlin")
"""The zone in which Kitas, providers and coordinators live; stored times are UTC."""


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The current day in Europe/Berlin."""
    return local(now()).date()


def local(moment: datetime) -> datetime:
    """``moment`` (aware) as seen on a clock in Europe/Berlin."""
    return moment.astimezone(BERLIN)


def week_of(day: date) -> str:
    """The ISO week of ``day``.

    >>> week_of(date(2026, 11, 30))
    '2026-W49'
    """
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def monday_of(week: str) -> date:
    """The Monday of an ISO week written like ``2026-W49``; raises ``ValueError`` for anything else.

    >>> monday_of("2026-W49")
    datetime.date(2026, 11, 30)
    """
    return date.fromisoformat(f"{week}-1")


def next_monday(day: date) -> date:
    """The first Monday strictly after ``day``."""
    return day + timedelta(days=7 - day.weekday())
