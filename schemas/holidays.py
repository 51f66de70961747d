"""Public and school holidays of the German Länder. Offline and pure; years outside the tables are an error, not "none".

Public holidays come from the `holidays` package (MIT), school holidays from a table under the ODbL
(`data/holidays/odbl_school_holidays.csv`, origin in `data/README.md`): both serve planning and ranking, neither
becomes a column of what is exported.
"""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import cache, lru_cache

import holidays as _package

from schemas.exceptions import KitalotseError
from schemas.geography.tables import laender, rows


class HolidayError(KitalotseError):
    """Raised here for an unknown Land, or a day for which the table of school holidays says nothing."""


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """School holidays: first and last day, both inclusive, as announced (weekends beside them are not counted in)."""

    start: date
    end: date
    name: str


@lru_cache(maxsize=1024)
def _public(land: str, year: int) -> dict[date, str]:
    _check(land)
    return dict(sorted(_package.country_holidays("DE", subdiv=land, years=year, language="de").items()))


def public_holidays(land: str, year: int) -> dict[date, str]:
    """Public holidays of a Land ("MV", "SH") in a year, in order, with German names; a dict of the caller's own.

    Only those of the whole Land: holidays of single municipalities (Augsburg, Catholic parts of Bavaria) are left out.
    Raises HolidayError for an unknown Land.
    """
    return dict(_public(land, year))


def is_public_holiday(day: date, land: str) -> bool:
    """Whether a day is a public holiday in the whole Land. Raises HolidayError for an unknown Land."""
    return day in _public(land, day.year)


@cache
def school_holidays(land: str) -> tuple[Interval, ...]:
    """School holidays of general schools of a Land from the end of 2023 on, in order. Raises HolidayError for an
    unknown Land.

    Single days off that all schools of a Land share are included ("Zusätzlicher Ferientag"), those that each school
    sets itself and the other dates of the islands of Schleswig-Holstein are not.
    """
    _check(land)
    return _table()[land]


def in_school_holidays(day: date, land: str) -> bool:
    """Whether a day lies in the school holidays of a Land.

    Raises HolidayError for an unknown Land and for days the table does not cover (`school_holidays_known_until`).
    """
    intervals = school_holidays(land)
    if not date(intervals[0].end.year, 1, 1) <= day <= school_holidays_known_until(land):
        raise HolidayError(
            f"school holidays {land}: {day} is not in the table ({intervals[0].end.year} to {intervals[-1].end}); "
            "rebuild schemas/data from newer originals"
        )
    before = bisect_right(intervals, day, key=lambda interval: interval.start)
    return any(interval.end >= day for interval in intervals[max(0, before - 2) : before])


def school_holidays_known_until(land: str) -> date:
    """Last day for which the table speaks: the end of the last holidays in it. Raises HolidayError for an unknown
    Land.
    """
    return max(interval.end for interval in school_holidays(land))


@cache
def _table() -> dict[str, tuple[Interval, ...]]:
    found: dict[str, list[Interval]] = {}
    for land, start, end, name in rows("holidays/odbl_school_holidays.csv"):
        found.setdefault(land, []).append(Interval(date.fromisoformat(start), date.fromisoformat(end), name))
    return {land: tuple(sorted(intervals)) for land, intervals in found.items()}


def _check(land: str) -> None:
    codes = {code for _, code in laender().values()}
    if land not in codes:
        raise HolidayError(f'Land "{land}" unknown; expected one of {", ".join(sorted(codes))}')
