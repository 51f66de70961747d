"""When an offer takes place, as its text says: by arrangement, recurring, or on fixed days."""

import re
from datetime import date, time, timedelta
from typing import Final

from harvesters.normalise.date_roles import Parts, ScheduleReading, sort_dates, times_of
from harvesters.normalise.dates import DateFound, TimesFound, read_dates, read_times
from harvesters.normalise.evidence import Found
from harvesters.normalise.holidays import NO_PUBLIC, names_all_holidays
from harvesters.normalise.numbers import NUMBER, whole
from harvesters.normalise.text import Prose, all_matches, prose, search
from harvesters.normalise.weekdays import (
    DAYS,
    DaysFound,
    MonthlyFound,
    MonthsFound,
    read_monthly,
    read_months,
    read_weekdays,
)
from schemas.offer import Occurrence, Recurrence, Schedule, TimeWindow
from schemas.vocabulary import OccurrenceStatus, ScheduleKind, Weekday

_ARRANGED: Final = re.compile(
    r"nach (?:vorheriger |individueller |telefonischer |terminlicher )?(?:vereinbarung|absprache|"
    r"anfrage|voranmeldung|terminabsprache|terminvereinbarung|rücksprache|verabredung|bedarf)|"
    r"auf anfrage|auf wunsch|terminvereinbarung|terminabsprache|termine? (?:nach|auf|bitte|frei|"
    r"flexibel|individuell|können|machen wir|sprechen wir|stimmen wir|(?:\w{2,14} ){0,4}vergeben wir)|"
    r"\bbuchbar|wunschtermin\w?|\bjederzeit|ganzjährig|individuell\w{0,2} termin|"
    r"termin absprechen|im voraus (?:anfragen|anmelden|buchen)|absprache\b|vereinbaren|"
    r"frei wählbar|flexibel|melden sie sich|anfragen"
)
_ARRANGED_NEAR: Final = re.compile(
    r"nach (?:\w{1,14} )?(?:vereinbarung|absprache|anfrage|voranmeldung|bedarf)|auf anfrage|"
    r"auf wunsch|buchbar|anfragen|vereinbar|sprechen wir|stimmen wir|absprechen|abstimmen|"
    r"am besten|am liebsten|möglich|bevorzugt|gern\b|"
    r"wählbar|wünsch"
)
_BOOKED: Final = re.compile(
    r"\b(?:vor)?an(?:zu)?meld(?:en|ung)\b|\bmeld(?:et euch|en sie sich)\b|\bbuch(?:en|ung|ungen)\b|\bgebucht\b|"
    r"\banfragen?\b|\bfragen sie\b|\breservier(?:en|ung)\b|"
    rf"\b{NUMBER} (?:tage?|wochen?|monate?) (?:vorher|vorab|vorlauf|im voraus)|"
    r"\bausleih(?:e|en|bar)\b|\bauszuleihen\b|\bausgeliehen\b|\bverleih(?:en)?\b|\bleihen\b|"
    r"(?:€|euro) (?:\w{3,30} )?(?:pro|je|für (?:die|eine)) (?:kita-|kinder|schul)?(?:gruppe|klasse|einrichtung|"
    r"einsatz|"
    r"vorstellung|auftritt)\b|\bgruppenpreis|\bgruppenpauschale|\bdazubuchen\b|\b(?:bewerben|bewerbung(?:en)?)\b|"
    r"\bkontakt(?:aufnahme)?\b|\btel(?:\.|efon)|\banruf|\brufen sie\b"
)
"""Words that say a group books, lends or pays for the visit as a group, or whom it asks."""
_GROUPS: Final = re.compile(r"gruppen?\b|\bkitas?\b|\bkindergärten\b|schulklassen\b")
_SPEAKS_OF_DAYS: Final = re.compile(r"\b(?:termin|datum\b|tage? der\b|am \d)")
_SPEAKS_OF_HOURS: Final = re.compile(r"\d ?uhr\b")
_CANCELLED_AFTER: Final = re.compile(
    r"^[^.;]{0,6}(?:entfällt|entfallen|fällt (?:leider )?aus|abgesagt|"
    r"findet (?:leider )?nicht statt|gecancelt)"
)
_SOLD_OUT_AFTER: Final = re.compile(r"^[^.;,]{0,24}(?:ausgebucht|ausverkauft|belegt|keine plätze mehr)")
_OFF: Final = re.compile(
    r"\b(?:entfällt|entfallen|fällt (?:leider )?aus|fallen (?:leider )?aus|kein\w{0,2} termin\w{0,2})\b"
)
_OFF_BEFORE: Final = re.compile(
    r"(?:entfällt|entfallen|fällt aus|kein\w{0,2} termin\w{0,2}) (?:am |an )?(?:\w{2,10},? )?(?:den )?$"
)
_EVERY_TWO: Final = re.compile(
    r"alle (?:zwei|2) wochen|14-?tägig|vierzehntägig|zweiwöchentlich|zweiwöchig|jede zweite woche|"
    r"alle 14 tage|im 14-tage-rhythmus|in (?:un)?geraden (?:kalender)?wochen"
)
_WEEKLY: Final = re.compile(r"\b(?:jede woche|wöchentlich|einmal (?:die|pro|in der) woche|1x wöchentlich)")
_COUNT: Final = re.compile(
    rf"\b({NUMBER})\s?(?:x\b|×|mal\b|termine?n?\b|einheiten\b|abende?n?\b|vormittage?n?\b|"
    rf"nachmittage?n?\b|treffen\b|kursstunden\b|stunden à|kurstage\b|sitzungen\b|kurseinheiten\b|"
    rf"wochen\b)"
)
_OPEN_FOR_ALL: Final = re.compile(
    r"\boffene[rnsm]? (?:\w{0,14}werkstatt|\w{0,10}treff|\w{0,10}angebot|atelier|halle|zeit|stunde|sprechstunde|probe|"
    r"spielzeit|turnhalle)|\boffen für (?:alle|jede)|\bohne (?:vor)?anmeldung\b|\b(?:einfach|gern) vorbei"
)
"""Words that say that people come and go at the hours named, without asking before."""
_DAILY: Final = re.compile(
    r"\b(?:täglich|tgl\.|jeden (?:tag|abend|morgen|vormittag|nachmittag)|an (?:allen|jedem) tag\w{0,2})"
)
_EACH_DAY: Final = re.compile(r"\bjeweils\b|\bje \d")
_MOST_DAYS: Final = 14
"""Longer stretches of days are a rule, not that many dates."""


IMPLIED: Final = frozenset(["schedule.comes_to_groups", "schedule.booked_by_groups", "schedule.season"])
"""Rules that take a visit for one by arrangement without a word about its days."""


def read_schedule(
    text: str | Prose, today: date, *, bookable: bool = True, comes: str | None = None
) -> ScheduleReading:
    """When an offer takes place. ``bookable`` says that it is for groups: where they book it, or where it comes to
    them (in the words ``comes``), and nothing speaks of days, it is by arrangement.

    >>> read_schedule("dienstags 9:30 Uhr (außer in den Ferien)", date(2026, 11, 23)).schedule.value.recurrence.rule
    'FREQ=WEEKLY;BYDAY=TU'
    """
    page = prose(text)
    reading = ScheduleReading()
    dates, reading.impossible = read_dates(page, today)
    reading.misfits = [one for one in dates if not one.weekday_fits]
    parts = sort_dates(page, dates, reading)
    weekdays = read_weekdays(page)
    monthly = read_monthly(page)
    months = read_months(page)
    weekdays = [w for w in weekdays if not any(m.start <= w.start < m.end for m in monthly)]
    recurrence = _recurrence(page, weekdays, monthly, months, parts, bookable=bookable)
    if recurrence is None:
        recurrence = _daily(page, parts)
    if recurrence is not None:
        reading.schedule = recurrence
        return reading
    if parts.events or parts.starts:
        reading.schedule = _dated(page, parts, dates)
        return reading
    booked = bookable and not dates and not reading.impossible and not search(_SPEAKS_OF_DAYS, page)
    reading.schedule = _on_request(page, weekdays, months, parts) or (_booked(page, months, comes) if booked else None)
    return reading


def _status(page: Prose, one: DateFound) -> OccurrenceStatus:
    after = page.lower[one.end : min(page.around(one.start)[1], one.end + 50)]
    if _CANCELLED_AFTER.search(after):
        return OccurrenceStatus.CANCELLED
    if _SOLD_OUT_AFTER.search(after):
        return OccurrenceStatus.SOLD_OUT
    return OccurrenceStatus.SCHEDULED


def _is_off(page: Prose, one: DateFound, rule_clause: tuple[int, int]) -> bool:
    """Whether a date is one on which what recurs does not take place: "24.12. entfällt"."""
    if _status(page, one) is OccurrenceStatus.CANCELLED:
        return True
    begin, stop = page.around(one.start)
    if (begin, stop) == rule_clause:
        return _OFF_BEFORE.search(page.lower, begin, one.start) is not None
    return _OFF.search(page.lower, begin, stop) is not None


def _dated(page: Prose, parts: Parts, dates: list[DateFound]) -> Found[Schedule]:
    events = sorted([*parts.events, *parts.starts], key=lambda one: one.start)
    times = times_of(page, events)
    occurrences: list[Occurrence] = []
    for one, clock in zip(events, times, strict=True):
        status = _status(page, one)
        each_day = _is_each_day(page, one, clock)
        end_day = one.last if one.last != one.first and not each_day else None
        for day in _days_of(one) if each_day else (one.first,):
            for start in clock.starts if clock else (None,):
                ending = clock.ending if clock and len(clock.starts) == 1 else None
                occurrences.append(
                    Occurrence(
                        day=day,
                        start=start,
                        end_day=end_day,
                        end=ending if start and not end_day else None,
                        status=status,
                    )
                )
    unique = {(o.day, o.start): o for o in reversed(occurrences)}
    timed = {o.day for o in unique.values() if o.start}
    kept = sorted(
        (o for o in unique.values() if o.start or o.day not in timed), key=lambda o: (o.day, o.start or time.min)
    )
    span = (events[0].start, events[-1].end)
    words = page.text[span[0] : span[1]]
    schedule = Schedule(kind=ScheduleKind.DATED, occurrences=tuple(kept[:1000]), words=words[:400])
    confidence = 0.9 if events[0].year_written else 0.8
    return Found(schedule, words, "schedule.dates", confidence, span)


def _is_each_day(page: Prose, one: DateFound, clock: TimesFound | None) -> bool:
    """Whether a stretch of days has the same time on every day: "9. bis 11. Februar, täglich 9–12 Uhr"."""
    if one.first == one.last or clock is None or (one.last - one.first).days >= _MOST_DAYS:
        return False
    words = page.lower[slice(*page.around(one.start))]
    return _DAILY.search(words) is not None or _EACH_DAY.search(words) is not None


def _days_of(one: DateFound) -> list[date]:
    return [one.first + timedelta(days=n) for n in range((one.last - one.first).days + 1)]


def _daily(page: Prose, parts: Parts) -> Found[Schedule] | None:
    """ "Vom 1. bis 23. Dezember jeden Abend um halb sechs" is a rule for every day; where visits are arranged it is
    none."""
    for one in parts.spans:
        begin, stop = page.around(one.start)
        clause = page.lower[begin:stop]
        word = _DAILY.search(clause)
        clock = next(iter(read_times(page, begin, stop)), None)
        if one.first == one.last or word is None or clock is None or _ARRANGED.search(clause):
            continue
        recurrence = Recurrence(rule=f"FREQ=DAILY;UNTIL={one.last:%Y%m%d}", starts_on=one.first, ends_on=one.last)
        schedule = Schedule(
            kind=ScheduleKind.RECURRING,
            occurrences=(Occurrence(day=one.first, start=clock.starts[0], end=clock.ending),),
            recurrence=recurrence,
            weekdays=tuple(Weekday),
            hours=_hours(clock),
            words=page.text[begin:stop].strip()[:400],
        )
        span = (one.start, one.end)
        return Found(schedule, page.text[slice(*span)], "schedule.daily", 0.75, span)
    return None


def _byday(days: tuple[Weekday, ...]) -> str:
    return ",".join(day.value for day in days)


def _recurrence(
    page: Prose,
    weekdays: list[DaysFound],
    monthly: list[MonthlyFound],
    months: list[MonthsFound],
    parts: Parts,
    *,
    bookable: bool,
) -> Found[Schedule] | None:
    rule: str | None = None
    days: tuple[Weekday, ...] = ()
    span = (0, 0)
    confidence = 0.0
    interval = ";INTERVAL=2" if search(_EVERY_TWO, page) else ""
    if monthly:
        first = monthly[0]
        days = (first.day,)
        rule = "FREQ=MONTHLY;BYDAY=" + ",".join(f"{n}{first.day.value}" for n in first.ordinals)
        span, confidence = (first.start, first.end), 0.92
    else:
        for one in weekdays:
            if not one.every and len(parts.events) > 1 and _are_listed(one, parts):
                continue
            sure = _weekly_confidence(page, one, parts)
            if not sure and not bookable and _is_open_at(page, one):
                sure = 0.62
            if sure > confidence:
                days, span, confidence = one.days, (one.start, one.end), sure
        if confidence >= 0.6:
            rule = f"FREQ=WEEKLY{interval};BYDAY={_byday(days)}"
    if rule is None:
        return None
    clause = page.around(span[0])
    season = _season(page, months, clause)
    if season:
        rule += ";BYMONTH=" + ",".join(str(n) for n in season)
    until = parts.untils[0].last if parts.untils else None
    dates = sorted([*parts.starts, *parts.events], key=lambda one: one.start)
    off = [one for one in dates if _is_off(page, one, clause)]
    starts = [one for one in dates if one not in off]
    if until is None and parts.spans:
        until = parts.spans[0].last
    count = None if until else _count(page, span)
    if until:
        rule += f";UNTIL={until:%Y%m%d}"
    elif count:
        rule += f";COUNT={count}"
    clock = _clock_near(page, span)
    begins = (
        starts[0].first
        if starts
        else parts.spans[0].first
        if parts.spans and parts.spans[0].first != parts.spans[0].last
        else None
    )
    occurrences: list[Occurrence] = []
    for begin in starts[:1]:
        near = times_of(page, [begin])[0] or clock
        start = near.starts[0] if near else None
        occurrences.append(Occurrence(day=begin.first, start=start, end=near.ending if near and start else None))
    recurrence = Recurrence(
        rule=rule,
        starts_on=begins,
        ends_on=until,
        except_days=tuple(sorted({one.first for one in (*parts.excluded, *off) if one.first == one.last})),
        not_in_school_holidays=names_all_holidays(page),
        not_on_public_holidays=search(NO_PUBLIC, page) is not None,
    )
    words = page.text[clause[0] : clause[1]].strip() if clause[1] - clause[0] <= 160 else page.text[span[0] : span[1]]
    schedule = Schedule(
        kind=ScheduleKind.RECURRING,
        occurrences=tuple(occurrences),
        recurrence=recurrence,
        weekdays=days,
        hours=_hours(clock),
        months=season,
        words=words[:400],
    )
    return Found(schedule, page.text[span[0] : span[1]], "schedule.recurring", confidence, span)


def _are_listed(one: DaysFound, parts: Parts) -> bool:
    """Whether each day is named and the weekday only says what they are: "1., 8. und 15.12. (dienstags)"."""
    return (
        not parts.starts
        and not parts.untils
        and {DAYS[event.first.weekday()] for event in parts.events} == set(one.days)
    )


def _is_open_at(page: Prose, one: DaysFound) -> bool:
    """Whether weekdays with a time stand for open hours of something that groups do not book."""
    begin, stop = page.around(one.start)
    clause = page.lower[begin:stop]
    if re.search(r"öffnungszeit|\btel|bürozeit|erreichbar|sprechzeit|geschlossen|anmeldung", clause):
        return False
    if _ARRANGED_NEAR.search(clause):
        return False
    return bool(read_times(page, one.end, min(stop, one.end + 40)))


def _weekly_confidence(page: Prose, one: DaysFound, parts: Parts) -> float:
    """How sure weekdays mean a fixed weekly date rather than days on which a visit can be arranged."""
    begin, stop = page.around(one.start)
    clause = page.lower[begin:stop]
    if _ARRANGED_NEAR.search(clause):
        return 0.0
    between = page.lower[one.start : one.end]
    if re.search(r"\boder\b", between):
        return 0.0
    if not one.every and re.match(r"[,:]?\s?ab\s", page.lower[one.end : one.end + 6]) and "tags" not in between:
        return 0.0
    timed = bool(
        read_times(page, one.end, min(stop, one.end + 60)) or read_times(page, max(begin, one.start - 45), one.start)
    )
    if re.search(
        r"öffnungszeit|geöffnet|\btel|bürozeit|erreichbar|sprechzeit|anmeldung (?:bis|von|mo|di)|"
        r"davor\b",
        clause,
    ):
        return 0.0
    if one.every and (one.adverb or timed or not one.is_range):
        return 0.85 if timed else 0.7
    if search(_WEEKLY, page) and (one.adverb or (timed and not one.is_range)):
        return 0.8
    if _EVERY_TWO.search(clause):
        return 0.8
    if one.is_range:
        if timed and _OPEN_FOR_ALL.search(clause):
            return 0.7
        return (
            0.62
            if timed and one.adverb and len(one.days) <= 3 and "vormittag" not in clause and begin == one.start
            else 0.0
        )
    if timed and one.adverb:
        return 0.82
    if timed and len(one.days) > 1 and _OPEN_FOR_ALL.search(clause):
        return 0.7
    if timed and (parts.untils or parts.starts):
        return 0.7
    return 0.0


def _season(page: Prose, months: list[MonthsFound], clause: tuple[int, int]) -> tuple[int, ...]:
    near = [one for one in months if clause[0] - 90 <= one.start <= clause[1] + 60]
    return near[0].months if near and len(near[0].months) > 1 else ()


def _count(page: Prose, span: tuple[int, int]) -> int | None:
    for match in all_matches(_COUNT, page):
        number = whole(match[1])
        if number is not None and 3 <= number <= 60 and abs(match.start() - span[0]) < 120:
            if re.search(
                r"(?:alle|vor|nach|mindestens|innerhalb von|ausleihe|frühestens|spätestens|etwa|bis zu) $",
                page.lower[max(0, match.start() - 16) : match.start()],
            ):
                continue
            if "wochen" in match[0] and re.match(r"\s(?:vorher|im voraus|vor)", page.lower[match.end() :][:12]):
                continue
            return number
    return None


def _clock_near(page: Prose, span: tuple[int, int]) -> TimesFound | None:
    begin, stop = page.around(span[0])
    after = read_times(page, span[1], stop)
    if after:
        return after[0]
    before = read_times(page, begin, span[0])
    return before[-1] if before else None


def _hours(clock: TimesFound | None) -> tuple[TimeWindow, ...]:
    if clock is None:
        return ()
    if clock.ending:
        return (TimeWindow(start=clock.starts[0], end=clock.ending),)
    return tuple(TimeWindow(start=start) for start in clock.starts[:6])


def _on_request(
    page: Prose, weekdays: list[DaysFound], months: list[MonthsFound], parts: Parts
) -> Found[Schedule] | None:
    arranged = search(_ARRANGED, page)
    days = next(
        (
            one
            for one in weekdays
            if not re.search(
                r"davor|öffnungszeit|geöffnet|\btel|anmeld\w{2,6} bis|erreichbar|bürozeit",
                page.lower[slice(*page.around(one.start))],
            )
        ),
        None,
    )
    season = months[0].months if months else ()
    if days is not None:
        span, confidence, rule = (days.start, days.end), 0.75, "schedule.weekdays"
    elif arranged is not None:
        span, confidence, rule = arranged.span(), 0.88, "schedule.arranged"
    elif parts.spans:
        span, confidence, rule = (parts.spans[0].start, parts.spans[0].end), 0.6, "schedule.period"
    else:
        return None
    clock = _clock_near(page, span) if days is not None else next(iter(read_times(page, 0, len(page.text))), None)
    period = parts.spans[0] if parts.spans else None
    words = page.text[span[0] : span[1]]
    schedule = Schedule(
        kind=ScheduleKind.ON_REQUEST,
        weekdays=days.days if days else (),
        hours=_hours(clock) if clock and clock.ending else (),
        months=season,
        bookable_from=period.first if period and period.first != period.last else None,
        bookable_until=period.last if period else None,
        words=words[:400],
    )
    return Found(schedule, words, rule, confidence, span)


def _booked(page: Prose, months: list[MonthsFound], comes: str | None) -> Found[Schedule] | None:
    """By arrangement, because groups book the visit or it comes to them, and the text knows of no days."""
    timed = search(_SPEAKS_OF_HOURS, page) is not None
    season = next((one for one in months if len(one.months) > 1), None)
    if comes is not None:
        span, words, rule = (0, 0), comes, "schedule.comes_to_groups"
    elif (match := search(_BOOKED, page)) is not None and not timed:
        span, words, rule = match.span(), page.text[match.start() : match.end()], "schedule.booked_by_groups"
    elif season is not None and not timed and search(_GROUPS, page):
        span, words, rule = (season.start, season.end), page.text[season.start : season.end], "schedule.season"
    else:
        return None
    clock = next(iter(read_times(page, 0, len(page.text))), None)
    schedule = Schedule(
        kind=ScheduleKind.ON_REQUEST,
        hours=_hours(clock) if clock and clock.ending else (),
        months=months[0].months if months else (),
        words=words[:400],
    )
    return Found(schedule, words, rule, 0.55, span)
