"""The part that each date of a text plays (event, start, end, deadline, closed), and the times that belong to it."""

import re
from dataclasses import dataclass, field
from datetime import date, time
from typing import Final

from harvesters.normalise.dates import DateFound, Impossible, TimesFound, read_times
from harvesters.normalise.evidence import Found
from harvesters.normalise.text import Prose
from schemas.offer import Schedule

_BARE_TIME: Final = re.compile(
    r",?\s(?:um\s|\|\s|-\s|–\s)?([01]?\d|2[0-3])[.:]([0-5]\d)(?![\d.:€]|\s?(?:€|eur|km|m\b))"
)
_DEADLINE: Final = re.compile(
    r"(?:anmeldeschluss|anmeldung(?:en)?|anmelden|anzumelden|bewerbung\w{0,2}|bewerben|buchbar|"
    r"buchung\w{0,2}|frist|einsendeschluss|rückmeldung|melden|karten|verlängert|spätestens|plätze|"
    r"stand|vorbestellung|reservier\w{0,4})\b[^.;]{0,40}\b(?:bis|schluss|stand|"
    r"spätestens)\b[^.;]{0,14}$|(?:anmeldeschluss|bewerbungsschluss|einsendeschluss|stand|"
    r"redaktionsschluss|meldeschluss|meldefrist|bewerbungsfrist|rückmeldefrist|stichtag|aktualisiert|veröffentlicht|"
    r"erschienen|anmeldefrist|eingestellt)\s?(?:am|"
    r"ist|:|der)?:?\s?(?:der |am )?$"
)
_OPENS: Final = re.compile(
    r"(?:anmeldung|buchung|vorverkauf|karten|anmeldestart|buchungsstart|"
    r"anmelden)\b[^.;]{0,30}\bab\s(?:dem |sofort )?$"
)
_UNTIL: Final = re.compile(r"(?:\bbis(?: zum| einschließlich)?|\bende:?|letzter termin:?|endet am)\s(?:\w{2,10},? )?$")
_STARTS: Final = re.compile(
    r"(?:\bab(?: dem)?|\bstart:?|startet(?: wieder)?(?: am)?|beginn:?|beginnt(?: am)?|"
    r"erster termin:?|erstmals am|los geht(?:'|’)?s am|ab)\s(?:\w{2,10},? )?$"
)
_CLOSED: Final = re.compile(
    r"\b(?:geschlossen|geschlossene|nicht am|außer am|außer|entfällt|entfallen|fällt aus|"
    r"kein termin|keine termine|schließzeit|betriebsferien|nicht statt|zu\b|pausier\w{1,3}|"
    r"ausgebucht vom)\b"
)
_EXCEPT_BEFORE: Final = re.compile(
    r"(?:nicht(?: am| vom)?|außer(?: am| vom)?|kein\w{0,2} \w{1,14} (?:am|vom)|"
    r"ausgenommen)\s(?:\w{2,10},? )?$"
)
_SINCE: Final = re.compile(
    r"(?:seit|gegründet|geboren|wurde am|\bvom\b[^.;]{0,6}stand|stammt vom|gedenken|"
    r"eröffnet(?:e)? am|fassung vom|gültig ab|preise ab)\s(?:dem |am )?$"
)


@dataclass
class ScheduleReading:
    """What a text says about when, with what could not be."""

    schedule: Found[Schedule] | None = None
    impossible: list[Impossible] = field(default_factory=list)
    misfits: list[DateFound] = field(default_factory=list)
    """Dates whose written weekday is another."""
    closes: Found[date] | None = None
    opens: Found[date] | None = None


@dataclass
class Parts:
    """Dates of one text by the part they play."""

    events: list[DateFound] = field(default_factory=list)
    starts: list[DateFound] = field(default_factory=list)
    untils: list[DateFound] = field(default_factory=list)
    spans: list[DateFound] = field(default_factory=list)
    excluded: list[DateFound] = field(default_factory=list)


def sort_dates(page: Prose, dates: list[DateFound], reading: ScheduleReading) -> Parts:
    """Sort ``dates`` by their part; deadlines and starts of booking go into ``reading``."""
    parts = Parts()
    for one in dates:
        begin, stop = page.around(one.start)
        before = page.lower[begin : one.start][-70:]
        after = page.lower[one.end : min(stop, one.end + 60)]
        words = page.text[one.start : one.end]
        if _OPENS.search(before):
            reading.opens = Found(one.first, words, "booking.opens", 0.8, (one.start, one.end))
        elif _DEADLINE.search(before) or _SINCE.search(before):
            if not _SINCE.search(before):
                reading.closes = Found(one.last, words, "booking.closes", 0.8, (one.start, one.end))
        elif _EXCEPT_BEFORE.search(before) or (
            _CLOSED.search(page.lower[begin:stop]) and (one.first != one.last or _EXCEPT_BEFORE.search(before))
        ):
            parts.excluded.append(one)
        elif _UNTIL.search(before) and one.first == one.last:
            parts.untils.append(one)
        elif one.first != one.last and (one.last - one.first).days > 5:
            parts.spans.append(one)
        elif _STARTS.search(before) and not re.match(r",? (?:um )?\d{1,2}", after):
            parts.starts.append(one)
        else:
            parts.events.append(one)
    if parts.untils and not parts.starts and not parts.events:
        parts.spans.extend(parts.untils)
    return parts


def times_of(page: Prose, dates: list[DateFound]) -> list[TimesFound | None]:
    """The clock times that belong to each date: behind it in its clause, else shared along a list, else before it."""
    all_starts = [one.start for one in dates]
    given: list[TimesFound | None] = []
    for one in dates:
        stop = page.around(one.start)[1]
        following = [start for start in all_starts if start > one.start]
        end = min([stop, *following])
        times = read_times(page, one.end, end)
        given.append(times[0] if times else _bare_time(page, one))
        if (
            len(times) > 1
            and times[0].ending is None
            and all(t.ending is None for t in times)
            and not re.search(r"[a-zäöü]{5,}", page.lower[times[0].end : times[1].start])
        ):
            given[-1] = TimesFound(tuple(s for t in times for s in t.starts), None, times[0].start, times[-1].end)
    for index in range(len(dates) - 2, -1, -1):
        if given[index] is None and 0 <= dates[index + 1].start - dates[index].end <= 14:
            given[index] = given[index + 1]
    for index, one in enumerate(dates):
        if given[index] is None:
            given[index] = _time_near(page, one, dates)
    return given


def _bare_time(page: Prose, one: DateFound) -> TimesFound | None:
    """A time right behind a date that needs no "Uhr": "29.1., 9.30"."""
    match = _BARE_TIME.match(page.lower, one.end)
    if match is None or int(match[1]) > 23:
        return None
    return TimesFound((time(int(match[1]), int(match[2])),), None, match.start(1), match.end())


def _time_near(page: Prose, one: DateFound, dates: list[DateFound]) -> TimesFound | None:
    """A time before the date in its clause, or at the head of the next clauses where no date stands."""
    begin, stop = page.around(one.start)
    ahead = [t for t in read_times(page, begin, one.start) if not any(t.start < d.start < one.start for d in dates)]
    if ahead and not any(d.start < one.start and d.start >= begin for d in dates):
        return ahead[-1]
    if any(d.start > one.start and d.start < stop for d in dates):
        return None
    index = page.clause_index(one.start)
    for following in range(index + 1, min(index + 3, len(page.starts))):
        clause = page.clause(following)
        if any(clause[0] <= d.start < clause[1] for d in dates):
            return None
        times = read_times(page, *clause)
        if times and times[0].start - clause[0] <= 30:
            return times[0]
    return None
