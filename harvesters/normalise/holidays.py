"""Rules in words that mind holidays ("nicht in den Ferien", "in den Sommerferien dienstags"), in days of the Land.

Laid out is ``HORIZON`` from the day on which the text was seen, no further than the table of school holidays knows.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from itertools import islice
from typing import Final

from harvesters.normalise.evidence import Found
from harvesters.normalise.occurrences import HORIZON
from harvesters.normalise.recurrence import Rule, days_of, parse_rule
from harvesters.normalise.text import Prose, all_matches, search
from schemas.holidays import Interval, is_public_holiday, school_holidays, school_holidays_known_until
from schemas.offer import Occurrence, Recurrence, Schedule
from schemas.vocabulary import ScheduleKind

MAX_DAYS_OFF: Final = 150
"""Most exceptions that a rule is given."""
MAX_DAYS_ON: Final = 100
"""Most dates that a rule of holidays is given."""
MAX_WALKED: Final = 5_000
"""Most days of a rule that are looked at."""
_MAX_EVIDENCE: Final = 240
_NAMES: Final = "sommer|herbst|winter|weihnachts|oster|pfingst"
NO_HOLIDAYS: Final = re.compile(
    rf"(?:außer|nicht|ausgenommen|keine? \w{{1,14}}|außerhalb)(?: auch)?(?: in)?(?: den| der|"
    rf" die)? (?P<a>schul|{_NAMES})?ferien(?:zeit)?|"
    rf"in den (?P<b>schul|{_NAMES})?ferien (?:geschlossen|nicht|keine?|findet|pause|fällt)|ferien ausgenommen|"
    rf"schulferien geschlossen|nur (?:während|in) der schulzeit|"
    rf"während der schulzeit|"
    rf"in den (?P<c>schul|{_NAMES})?ferien (?:ist |haben wir |machen wir )?(?:zu|pause|geschlossen)"
)
"""Words that take school holidays out; those of one season where they are named."""
NO_PUBLIC: Final = re.compile(
    r"(?:außer|nicht|ausgenommen)(?: an| am)?(?: gesetzlichen)? feiertag\w{0,3}|"
    r"feiertags (?:geschlossen|nicht)|außer feiertags|feiertage ausgenommen|nicht an feiertagen"
)
"""Words that take public holidays out."""
_DAY: Final = r"(?:mon|diens|donners|frei|sams|sonn)tags?|mittwochs?|sonnabends?|werktags|täglich"
_CLOCK: Final = r"(?:,? (?:um |von |ab |jeweils )?\d[\d.: –-]{0,12}(?:uhr)?)?"
_ONLY_HOLIDAYS: Final = re.compile(
    rf"(?<!nicht )(?<!außer )\bin den (?P<a>{_NAMES}|schul)?ferien (?:immer |jeweils |jeden |am )?(?:{_DAY})\b|"
    rf"\b(?:{_DAY})(?: und (?:{_DAY}))?{_CLOCK},? (?:nur )?in den (?P<b>{_NAMES}|schul)?ferien\b"
    r"(?! (?:nicht|geschlossen|keine?|findet|pause|fällt|ist|haben|machen|zu\b|nach|auf))"
)
"""Weekdays that are said of holidays alone."""


def names_all_holidays(page: Prose) -> bool:
    """Whether a text takes all school holidays out, not those of a season."""
    return any(_season(match) is None for match in all_matches(NO_HOLIDAYS, page))


def with_holidays(found: Found[Schedule], page: Prose, land: str | None, today: date) -> Found[Schedule]:
    """``found``, read from ``page``, with what its words say about holidays laid out for a Land; unchanged where they
    say nothing or no Land is known."""
    recurrence = found.value.recurrence
    if land is None or recurrence is None:
        return found
    only = search(_ONLY_HOLIDAYS, page)
    if only is not None:
        return _in_holidays(found, only, page, land, today)
    return _without_holidays(found, recurrence, page, land, today)


def _without_holidays(
    found: Found[Schedule], recurrence: Recurrence, page: Prose, land: str, today: date
) -> Found[Schedule]:
    school, public = list(all_matches(NO_HOLIDAYS, page)), search(NO_PUBLIC, page)
    if not school and public is None:
        return found
    seasons = {_season(match) for match in school}
    intervals = [one for one in school_holidays(land) if None in seasons or _is_of(one, seasons)] if school else []
    days = _days(recurrence, today, land)
    off = (
        day
        for day in days
        if (public is not None and is_public_holiday(day, land)) or any(i.start <= day <= i.end for i in intervals)
    )
    except_days = sorted({*recurrence.except_days, *islice(off, MAX_DAYS_OFF)})
    schedule = found.value.model_copy(
        update={"recurrence": recurrence.model_copy(update={"except_days": tuple(except_days)})}
    )
    spans = [match.span() for match in (*school, public) if match is not None]
    return _said(found, schedule, "schedule.without_holidays", page, spans)


def _in_holidays(found: Found[Schedule], only: re.Match[str], page: Prose, land: str, today: date) -> Found[Schedule]:
    """The dates in holidays: those of one season as a rule with first and last day, those of all as dates."""
    recurrence, season = found.value.recurrence, _season(only)
    if recurrence is None or recurrence.starts_on or recurrence.ends_on or "COUNT=" in recurrence.rule:
        return found
    coming = [
        one
        for one in school_holidays(land)
        if one.end >= today and one.start <= today + HORIZON and (season is None or _is_of(one, {season}))
    ]
    if not coming:
        return found
    days = _days(recurrence, today, land)
    off = set(recurrence.except_days)
    inside = [day for day in days if day not in off and any(one.start <= day <= one.end for one in coming)]
    if season is not None:
        first = coming[0]
        rule = f"{recurrence.rule};UNTIL={first.end:%Y%m%d}"
        bounded = recurrence.model_copy(update={"rule": rule, "starts_on": first.start, "ends_on": first.end})
        schedule = found.value.model_copy(update={"recurrence": bounded})
    elif inside:
        start = found.value.hours[0].start if found.value.hours else None
        end = found.value.hours[0].end if found.value.hours and start else None
        dates = tuple(Occurrence(day=day, start=start, end=end) for day in inside[:MAX_DAYS_ON])
        schedule = found.value.model_copy(update={"kind": ScheduleKind.DATED, "recurrence": None, "occurrences": dates})
    else:
        return found
    return _said(found, schedule, "schedule.in_holidays", page, [only.span()])


def _days(recurrence: Recurrence, today: date, land: str) -> Iterator[date]:
    """Days of a rule from ``today`` on, without its exceptions; where its beginning is not known, every week counts."""
    rule: Rule = parse_rule(recurrence.rule)
    if recurrence.starts_on is None:
        rule = replace(rule, interval=1, count=None)
    last = min(filter(None, (today + HORIZON, recurrence.ends_on, school_holidays_known_until(land))))
    start = recurrence.starts_on or today
    if last < start:
        return iter(())
    return (day for day in days_of(rule, start, last, limit=MAX_WALKED) if day >= today)


def _season(match: re.Match[str]) -> str | None:
    """The season whose holidays are named; ``None`` for all."""
    named = next(filter(None, match.groupdict().values()), None)
    return None if named == "schul" else named


def _is_of(interval: Interval, seasons: set[str | None]) -> bool:
    return any(season is not None and interval.name.lower().startswith(season) for season in seasons)


def _said(
    found: Found[Schedule], schedule: Schedule, rule: str, page: Prose, spans: list[tuple[int, int]]
) -> Found[Schedule]:
    """The reading with the words of its holidays in its evidence, where they stand near enough."""
    start = min(found.span[0], *(one[0] for one in spans))
    end = max(found.span[1], *(one[1] for one in spans))
    if end - start > _MAX_EVIDENCE:
        return replace(found, value=schedule, rule=rule)
    return replace(found, value=schedule, rule=rule, evidence=page.text[start:end], span=(start, end))
