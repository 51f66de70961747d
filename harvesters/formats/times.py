"""Dates and times as tables and feeds write them, in ISO form; anything freer stays wording for the normaliser."""

import re
from contextlib import suppress
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from schemas.harvest import RawOccurrence

_GERMAN_DAY = re.compile(r"(?:[A-Za-z]{2,10}\.?,?\s*)?(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4}|\d{2})(?=\D|$)(.*)", re.DOTALL)
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_CLOCK = re.compile(r"(\d{1,2})(?:[:.](\d{2}))?(?::\d{2}(?:\.\d+)?)?\s*(?:Uhr|h)?", re.IGNORECASE)
_BASIC = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2})?(Z)?)?")


def iso_day(text: str) -> str | None:
    """A lone day in ISO form, or ``None``.

    >>> iso_day("2026-12-05"), iso_day("Sa, 5.12.2026"), iso_day("05.12."), iso_day("31.02.2027")
    ('2026-12-05', '2026-12-05', None, None)
    """
    day, rest = _split_day(text)
    return day if day and not rest else None


def iso_clock(text: str) -> str | None:
    """A lone time of day as HH:MM, or ``None``.

    >>> iso_clock("9.30 Uhr"), iso_clock("15:00:00"), iso_clock("11 Uhr"), iso_clock("ab 19.30 Uhr"), iso_clock("25:00")
    ('09:30', '15:00', '11:00', None, None)
    """
    match = _CLOCK.fullmatch(text.strip())
    if match is None or (match[2] is None and not re.search(r"uhr|h", text, re.IGNORECASE)):
        return None
    return _clock(int(match[1]), int(match[2] or 0))


def iso_moment(text: str, zone: str = "Europe/Berlin") -> str | None:
    """A day, or a day with a time, in ISO form on the clock of ``zone``; ``None`` for anything else.

    >>> iso_moment("2026-12-05T09:30:00Z"), iso_moment("2026-12-05 10:30"), iso_moment("5.12.2026, 10.30 Uhr")
    ('2026-12-05T10:30', '2026-12-05T10:30', '2026-12-05T10:30')
    """
    text = text.strip()
    if match := _BASIC.fullmatch(text):
        text = f"{match[1]}-{match[2]}-{match[3]}" + (f"T{match[4]}:{match[5]}{match[7] or ''}" if match[4] else "")
    if (moment := _moment(text)) is not None:
        return local_iso(moment, zone)
    day, rest = _split_day(text)
    if day is None or not rest:
        return day
    clock = iso_clock(rest.strip(" ,;–-").removeprefix("um ").removeprefix("T"))
    return f"{day}T{clock}" if clock else None


def local_iso(moment: datetime, zone: str) -> str:
    """``moment`` to the minute on the clock of ``zone``; one without an offset already is on it.

    On the first and last day of the calendar the clock of ``zone`` may not exist: the moment then stays as written.

    >>> local_iso(datetime.fromisoformat("9999-12-31T23:59:59Z"), "Europe/Berlin")
    '9999-12-31T23:59'
    """
    if moment.tzinfo is not None:
        with suppress(OverflowError):
            moment = moment.astimezone(ZoneInfo(zone))
    return moment.replace(tzinfo=None).isoformat(timespec="minutes")


def occurrence(
    start: str,
    end: str | None = None,
    *,
    zone: str = "Europe/Berlin",
    words: str | None = None,
    status: str | None = None,
    replaces: str | None = None,
) -> RawOccurrence | None:
    """An instance from wordings of start and end; ``None`` where the start is not a plain day or moment.

    An end that cannot be read, or that is the start again, is *not stated*: programs that must fill the field repeat
    the start. An end before the start is kept as it is, so that the normaliser can report it.
    """
    first = iso_moment(start, zone)
    if first is None:
        return None
    last = iso_moment(end, zone) if end else None
    if last is None and end and (clock := iso_clock(end)):
        last = f"{first[:10]}T{clock}"
    return RawOccurrence(
        start=first,
        end=last if last != first else None,
        words=words[:400] if words else None,
        status=status[:80] if status else None,
        replaces=replaces,
    )


def _moment(text: str) -> datetime | None:
    if len(text) <= 10:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _split_day(text: str) -> tuple[str | None, str]:
    text = text.strip()
    try:
        if match := _ISO_DAY.match(text):
            return date(int(match[1]), int(match[2]), int(match[3])).isoformat(), text[match.end() :].strip()
        if match := _GERMAN_DAY.fullmatch(text):
            year = int(match[3]) + (2000 if len(match[3]) == 2 else 0)
            return date(year, int(match[2]), int(match[1])).isoformat(), match[4].strip()
    except ValueError:
        return None, text
    return None, text


def _clock(hour: int, minute: int) -> str | None:
    if hour == 24 and minute == 0:
        hour, minute = 23, 59
    try:
        return time(hour, minute).isoformat(timespec="minutes")
    except ValueError:
        return None
