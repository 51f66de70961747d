"""iCalendar → Records: one per UID, with its rule, its exceptions and its moved instances, nothing expanded.

A feed is cut into its components first, so that one broken event costs that event and a feed that ends in the middle is
noticed. Expansion of rules belongs to the normaliser, which bounds it.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from urllib.parse import urljoin

from icalendar import Event
from icalendar.error import GloballyUniqueTZIDGuessed
from icalendar.parser import Parameters
from icalendar.prop import vBroken

from harvesters.formats.records import MAX_RECORDS, Origin, Parsed, build, finish, too_many
from harvesters.formats.rows import take_key
from harvesters.formats.text import decode, line, looks_like_page
from harvesters.formats.times import local_iso
from harvesters.problems import ReadError
from schemas.harvest import Issue, RawOccurrence, Record, RecordField, Source

FORMAT: Final = "ical"
_FOLD = re.compile(r"\r?\n[ \t]")
_MAX_EVENT: Final = 300_000
_VOLATILE: Final = frozenset(
    ("DTSTAMP", "SEQUENCE", "CREATED", "LAST-MODIFIED", "TRANSP", "CLASS", "PRIORITY", "METHOD")
)
_READ: Final = frozenset(
    (
        "UID", "SUMMARY", "DESCRIPTION", "LOCATION", "GEO", "URL", "CATEGORIES", "STATUS", "ORGANIZER", "DTSTART",
        "DTEND", "DURATION", "RRULE", "EXDATE", "RDATE", "RECURRENCE-ID", "ATTACH", "CONTACT",
    )
)  # fmt: skip


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The Records of a feed, keyed by UID (``access.key_pattern`` may take a part of it).

    The end of an all-day event is exclusive by RFC 5545 and inclusive here. A feed that lets an all-day event end on
    the day on which it starts, which the RFC forbids, evidently counts inclusively, and then does so everywhere.
    Raises ``ReadError`` for anything that is no calendar.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    text, _ = decode(content, source.access.encoding, charset)
    if "BEGIN:VCALENDAR" not in text[:10_000].upper():
        page = looks_like_page(text)
        raise ReadError(
            source.name,
            url,
            "ical.page" if page else "ical.no_calendar",
            "Statt eines Kalenders kam eine Internetseite."
            if page
            else "Das ist kein iCalendar (BEGIN:VCALENDAR fehlt).",
            "Bitte die Adresse im Browser öffnen: Vielleicht ist sie umgezogen, gesperrt oder verlangt eine Anmeldung.",
        )
    issues: list[Issue] = []
    blocks, complete = _events(_FOLD.sub("", text))
    if not complete:
        issues.append(
            origin.problem(
                "run",
                "ical.truncated",
                text[-80:],
                message="Der Kalender bricht mitten in der Datei ab.",
                remedy="Bitte erneut abrufen; bleibt es dabei, die Quelle benachrichtigen.",
            )
        )
    if len(blocks) > MAX_RECORDS:
        issues.append(too_many(origin))
        blocks, complete = blocks[:MAX_RECORDS], False
    events: list[Event] = []
    for block in blocks:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", GloballyUniqueTZIDGuessed)  # "/vendor/Europe/Berlin" is Europe/Berlin
                events.append(_event(block))
        except (ValueError, KeyError, IndexError) as error:  # what icalendar raises for values it cannot read
            issues.append(
                origin.problem(
                    "record",
                    "ical.broken_event",
                    block[:300],
                    message=f"Ein Termin ist nicht lesbar ({error}) und wurde ausgelassen.",
                    remedy="Bitte die Quelle auf den fehlerhaften Termin hinweisen.",
                )
            )
    if not complete:
        events = _without_open_series(events)
    inclusive = any(_all_day(event) and _value(event, "DTEND") == _value(event, "DTSTART") for event in events)
    records = _records(origin, events, inclusive, issues)
    return finish(origin, records, issues, complete=complete)


def _events(text: str) -> tuple[list[str], bool]:
    """The text of each VEVENT, and whether the calendar came to its end."""
    blocks: list[str] = []
    current: list[str] | None = None
    depth, size, ended = 0, 0, False
    for raw in text.splitlines():
        name = raw.strip().upper()
        if current is None:
            if name == "BEGIN:VEVENT":
                current, depth, size = [raw], 0, 0
            elif name == "END:VCALENDAR":
                ended = True
            continue
        size += len(raw)
        if size < _MAX_EVENT:
            current.append(raw)
        if name.startswith("BEGIN:"):
            depth += 1
        elif name == "END:VEVENT":
            blocks.append("\r\n".join(current if current[-1] == raw else [*current, raw]))
            current = None
        elif name.startswith("END:"):
            depth -= 1
            if depth < 0:
                break
    return blocks, ended and current is None


def _event(block: str) -> Event:
    event = Event.from_ical(block)
    if not isinstance(event, Event):
        raise ValueError("no VEVENT")
    return event


def _without_open_series(events: Sequence[Event]) -> list[Event]:
    """``events`` of a calendar that breaks off, without the series at its end, whose moved dates may be lost."""
    series = [str(event.get("UID", "")) for event in events[-1:] if "RRULE" in event or "RECURRENCE-ID" in event]
    return [event for event in events if str(event.get("UID", "")) not in series]


def _records(origin: Origin, events: Sequence[Event], inclusive: bool, issues: list[Issue]) -> Iterator[Record]:
    moved: dict[str, list[Event]] = {}
    for event in events:
        if "RECURRENCE-ID" in event:
            moved.setdefault(str(event.get("UID", "")), []).append(event)
    masters = [event for event in events if "RECURRENCE-ID" not in event]
    known = {str(event.get("UID", "")) for event in masters}
    for uid, instances in moved.items():
        if uid not in known:  # instances of a series that the feed does not contain stand for themselves
            masters.append(instances[0])
            moved[uid] = instances[1:]
    for event in masters:
        record, problems = _record(origin, event, moved.get(str(event.get("UID", "")), ()), inclusive)
        issues.extend(problems)
        if record is not None:
            yield record


def _record(origin: Origin, event: Event, moved: Sequence[Event], inclusive: bool) -> tuple[Record | None, list[Issue]]:
    access = origin.source.access
    issues: list[Issue] = []
    uid = _text(event, "UID")
    url = _text(event, "URL")
    occurrences: list[RawOccurrence] = []
    for name, value in event.items():
        if isinstance(value, vBroken):
            issues.append(
                origin.problem(
                    "dates" if name.startswith(("DT", "R", "EX", "DUR")) else "record",
                    "ical.broken_value",
                    f"{name}:{value}",
                    where=uid,
                    message=f"Die Angabe {name} eines Termins ist nicht lesbar.",
                    remedy="Bitte die Quelle auf den fehlerhaften Termin hinweisen.",
                )
            )
    for instance in (event, *moved):
        occurrence = _occurrence(origin, instance, inclusive, issues)
        if occurrence is not None:
            occurrences.append(occurrence)
    if "RRULE" not in event:
        occurrences += [RawOccurrence(start=start) for start in _dates(event, "RDATE", access.zone)]
    words: dict[RecordField, str] = {
        "place": _text(event, "LOCATION"),
        "category": ", ".join(_categories(event)),
        "status": _text(event, "STATUS"),
        "provider": _organizer(event),
        "booking": _text(event, "CONTACT"),
    }
    if geo := _property(event, "GEO"):
        words["lat"], words["lon"] = str(geo.latitude), str(geo.longitude)
    if image := _image(event):
        words["image_url"] = image
    record, problems = build(
        origin,
        key=take_key(uid or url, access.key_pattern) or line(_text(event, "SUMMARY")),
        title=_text(event, "SUMMARY"),
        text=_text(event, "DESCRIPTION"),
        url=urljoin(origin.url, url) if url else None,
        words=words,
        occurrences=occurrences,
        rrule=_rule(event),
        exdates=_dates(event, "EXDATE", access.zone),
        unread={
            name: str(value)
            for name, value in event.items()
            if name not in _READ and name not in _VOLATILE and isinstance(value, str)
        },
    )
    return record, issues + problems


def _occurrence(origin: Origin, event: Event, inclusive: bool, issues: list[Issue]) -> RawOccurrence | None:
    zone = origin.source.access.zone
    start, end = _value(event, "DTSTART"), _value(event, "DTEND")
    where = _text(event, "UID")
    if start is None:
        issues.append(
            origin.problem(
                "dates",
                "ical.no_start",
                _text(event, "SUMMARY"),
                where=where,
                message="Ein Termin hat keinen Beginn.",
                remedy="Bitte die Quelle auf den fehlerhaften Termin hinweisen.",
            )
        )
        return None
    if (unknown := _unknown_zone(event)) is not None:
        issues.append(
            origin.problem(
                "dates",
                "ical.unknown_zone",
                unknown,
                where=where,
                message=f"Die Zeitzone „{unknown}“ ist unbekannt; die Zeiten gelten als {zone}.",
                remedy="Bitte eine Uhrzeit vergleichen; stimmt sie nicht, die Zeitzone unter zone eintragen.",
            )
        )
    if end is None and (duration := _value(event, "DURATION")) is not None and isinstance(duration, timedelta):
        end = start + duration
    if isinstance(start, datetime):
        first = local_iso(start, zone)
        last = local_iso(end, zone) if isinstance(end, datetime) else None
    else:
        first = start.isoformat()
        if isinstance(end, datetime) or end is None:
            last = None
        else:
            last = (end if inclusive or end <= start else end - timedelta(days=1)).isoformat()
    replaces = _value(event, "RECURRENCE-ID")
    return RawOccurrence(
        start=first,
        end=last if last != first else None,
        status=_text(event, "STATUS")[:80] or None,
        replaces=_iso(replaces, zone) if replaces is not None else None,
    )


def _value(event: Event, name: str) -> Any:
    """The Python value of a property; ``None`` where it is absent or broken."""
    found = _property(event, name)
    return getattr(found, "td", None) if name == "DURATION" and hasattr(found, "td") else getattr(found, "dt", None)


def _property(event: Event, name: str) -> Any:
    """A property, of several the first, ``None`` where it is absent or broken."""
    found = event.get(name)
    if isinstance(found, list):
        found = found[0] if found else None
    return None if isinstance(found, vBroken) else found


def _all_day(event: Event) -> bool:
    start = _value(event, "DTSTART")
    return isinstance(start, date) and not isinstance(start, datetime)


def _unknown_zone(event: Event) -> str | None:
    """The TZID of a start that could not be resolved, or ``None``."""
    parameters = getattr(_property(event, "DTSTART"), "params", None)
    value = _value(event, "DTSTART")
    if isinstance(parameters, Parameters) and isinstance(value, datetime) and value.tzinfo is None:
        return str(parameters["TZID"]) if "TZID" in parameters else None
    return None


def _dates(event: Event, name: str, zone: str) -> list[str]:
    found = event.get(name, [])
    return [
        _iso(member.dt, zone)
        for dates in (found if isinstance(found, list) else [found])
        if not isinstance(dates, vBroken)
        for member in getattr(dates, "dts", ())
        if isinstance(member.dt, date)
    ]


def _iso(moment: date, zone: str) -> str:
    return local_iso(moment, zone) if isinstance(moment, datetime) else moment.isoformat()


def _rule(event: Event) -> str | None:
    rule = _property(event, "RRULE")
    return rule.to_ical().decode() if rule is not None else None


def _categories(event: Event) -> list[str]:
    found = event.get("CATEGORIES", [])
    return [str(c) for group in (found if isinstance(found, list) else [found]) for c in getattr(group, "cats", ())]


def _organizer(event: Event) -> str:
    parameters = getattr(_property(event, "ORGANIZER"), "params", None)
    return str(parameters["CN"]) if isinstance(parameters, Parameters) and "CN" in parameters else ""


def _image(event: Event) -> str:
    found = event.get("ATTACH", [])
    for attached in found if isinstance(found, list) else [found]:
        if str(getattr(attached, "params", {}).get("FMTTYPE", "")).startswith("image/"):
            return str(attached)
    return ""


def _text(event: Event, name: str) -> str:
    found = _property(event, name)
    return str(found) if found is not None else ""
