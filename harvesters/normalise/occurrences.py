"""Dates that a source gives as data: ISO starts and ends, rules, exceptions.

Read strictly; what makes no sense is an Issue.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from harvesters.normalise.reading import Reading
from harvesters.normalise.recurrence import DAY_CODES, RuleError, days_of, parse_rule
from schemas.harvest import RawOccurrence
from schemas.offer import MAX_OCCURRENCES, Occurrence, Recurrence
from schemas.vocabulary import OccurrenceStatus, Weekday

HORIZON: Final = timedelta(days=400)
"""How far ahead of ``today`` rules are expanded."""
_LOOK_BACK: Final = timedelta(days=60)
_BERLIN: Final = ZoneInfo("Europe/Berlin")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}|\d{8}")
_EARLIEST, _LATEST = date(1990, 1, 1), date(2200, 1, 1)
_CANCELLED: Final = re.compile(r"cancel|abgesagt|entfällt|fällt aus|postponed|verschoben", re.I)
_SOLD_OUT: Final = re.compile(r"sold.?out|ausgebucht|ausverkauft|belegt", re.I)


@dataclass(frozen=True, slots=True)
class Moment:
    """A local day, and a time where one is given."""

    day: date
    clock: time | None


def parse_moment(text: str, zone: ZoneInfo = _BERLIN) -> Moment:
    """An ISO date or date-time in ``zone``; raises ``ValueError`` with the German reason where it cannot be.

    A date-time without offset is local; one that a clock change skips (02:30 on the last Sunday of March) does not
    exist.
    """
    raw = text.strip()
    if _DATE.fullmatch(raw):
        try:
            day = date.fromisoformat(raw)
        except ValueError:
            raise ValueError("Diesen Tag gibt es im Kalender nicht.") from None
        return Moment(_plausible(day), None)
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        raise ValueError("Das ist kein Zeitpunkt in der Form JJJJ-MM-TT oder JJJJ-MM-TTThh:mm.") from None
    _plausible(moment.date())
    if moment.tzinfo is not None:
        local = moment.astimezone(zone)
        return Moment(local.date(), local.time().replace(second=0, microsecond=0))
    aware = moment.replace(tzinfo=zone)
    if aware.astimezone(ZoneInfo("UTC")).astimezone(zone).replace(tzinfo=None) != moment:
        raise ValueError("Diese Uhrzeit gibt es wegen der Zeitumstellung nicht.")
    return Moment(moment.date(), moment.time().replace(second=0, microsecond=0))


def _plausible(day: date) -> date:
    if not _EARLIEST <= day < _LATEST:
        raise ValueError("Das Jahr ist nicht plausibel.")
    return day


def zone_of(reading: Reading) -> ZoneInfo:
    """The zone of the source's times without offset."""
    name = reading.source.access.zone if reading.source else "Europe/Berlin"
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        reading.issue(
            "schedule",
            name,
            "schedule.zone_unknown",
            f"Die Zeitzone „{name}“ ist unbekannt; gelesen wird Europe/Berlin.",
            "access.zone der Quelle berichtigen.",
        )
        return _BERLIN


def _bad(reading: Reading, wording: str, rule: str, reason: str) -> None:
    reading.issue(
        "schedule",
        wording,
        rule,
        f"Termin „{wording[:80]}“: {reason}",
        "Termin beim Anbieter klären oder von Hand eintragen.",
    )


def read_occurrences(reading: Reading) -> tuple[Occurrence, ...]:
    """The Record's occurrences and its expanded rule, in order and without doubles; nonsense becomes Issues."""
    record, zone = reading.record, zone_of(reading)
    raws = record.occurrences
    if not raws and (start := reading.words("start")):
        raws = (
            RawOccurrence(
                start=start[:80],
                end=(reading.words("end") or "")[:80] or None,
                status=(reading.words("status") or "")[:80] or None,
            ),
        )
    own = [(raw, occurrence) for raw in raws if (occurrence := _one(reading, raw, zone)) is not None]
    kept = {(o.day, o.start): o for _, o in own}
    if record.rrule and own:
        for occurrence in _expanded(reading, own, zone):
            kept.setdefault((occurrence.day, occurrence.start), occurrence)
    ordered = sorted(kept.values(), key=lambda o: (o.day, o.start or time.min))
    if len(ordered) > MAX_OCCURRENCES:
        reading.issue(
            "schedule",
            f"{len(ordered)} Termine",
            "schedule.too_many",
            f"Von {len(ordered)} Terminen werden die nächsten {MAX_OCCURRENCES} übernommen.",
            "Nichts, wenn die späteren noch nicht gebraucht werden.",
        )
        coming = [o for o in ordered if o.last_day >= reading.today]
        ordered = (coming or ordered)[:MAX_OCCURRENCES]
    return tuple(ordered)


def _one(reading: Reading, raw: RawOccurrence, zone: ZoneInfo) -> Occurrence | None:
    try:
        start = parse_moment(raw.start, zone)
    except ValueError as error:
        _bad(reading, raw.start, "schedule.bad_start", str(error))
        return None
    end: Moment | None = None
    if raw.end:
        try:
            end = parse_moment(raw.end, zone)
        except ValueError as error:
            _bad(reading, raw.end, "schedule.bad_end", str(error))
    if end and (end.day, end.clock or time.max) < (start.day, start.clock or time.min):
        _bad(
            reading,
            f"{raw.start} – {raw.end}",
            "schedule.ends_before_start",
            "Das Ende liegt vor dem Anfang; das Ende wird nicht übernommen.",
        )
        end = None
    clock = end.clock if end and start.clock else None
    if end and end.day == start.day and clock is not None and start.clock is not None and clock <= start.clock:
        clock = None
    return Occurrence(
        day=start.day,
        start=start.clock,
        end_day=end.day if end and end.day != start.day else None,
        end=clock,
        zone=zone.key,
        status=_status(raw),
    )


def _status(raw: RawOccurrence) -> OccurrenceStatus:
    words = f"{raw.status or ''} {raw.words or ''}"
    if _CANCELLED.search(words):
        return OccurrenceStatus.CANCELLED
    if _SOLD_OUT.search(words):
        return OccurrenceStatus.SOLD_OUT
    return OccurrenceStatus.SCHEDULED


def _expanded(reading: Reading, own: list[tuple[RawOccurrence, Occurrence]], zone: ZoneInfo) -> list[Occurrence]:
    """The instances of the Record's rule near ``today``, without exceptions and moved ones."""
    text = reading.record.rrule or ""
    try:
        rule = parse_rule(text)
    except RuleError as error:
        _bad(reading, text, "schedule.rule_not_understood", f"Die Wiederholungsregel wurde nicht verstanden ({error}).")
        return []
    first = own[0][1]
    gone: set[tuple[date, time | None]] = set()
    for wording in (*reading.record.exdates, *(raw.replaces for raw, _ in own if raw.replaces)):
        try:
            moment = parse_moment(wording, zone)
        except ValueError as error:
            _bad(reading, wording, "schedule.bad_exception", str(error))
            continue
        gone.add((moment.day, moment.clock))
    earliest = reading.today - _LOOK_BACK
    length = first.end_day - first.day if first.end_day else None
    found = []
    for day in islice(days_of(rule, first.day, reading.today + HORIZON, limit=100_000), 10_000):
        if day < earliest or (day, first.start) in gone or (day, None) in gone:
            continue
        found.append(
            Occurrence(
                day=day,
                start=first.start,
                end_day=day + length if length else None,
                end=first.end,
                zone=first.zone,
                status=first.status,
            )
        )
        if len(found) >= MAX_OCCURRENCES:
            break
    return found


def recurrence_of(reading: Reading, first: Occurrence | None) -> Recurrence | None:
    """The Record's rule as a ``Recurrence``, where it is understood."""
    text = (reading.record.rrule or "").strip().removeprefix("RRULE:")
    if not text or len(text) > 400:
        return None
    try:
        rule = parse_rule(text)
    except RuleError:
        return None
    return Recurrence(rule=text.upper(), starts_on=first.day if first else None, ends_on=rule.until)


def weekdays_of(rule_text: str, first: Occurrence | None) -> tuple[Weekday, ...]:
    """The weekdays of a rule; of one that names none, that of its first day."""
    rule = parse_rule(rule_text)
    numbers = rule.weekdays or ((first.day.weekday(),) if first and rule.frequency == "WEEKLY" else ())
    return tuple(Weekday(DAY_CODES[number]) for number in numbers)
