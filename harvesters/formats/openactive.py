"""What OpenActive's items mean in the words of schema.org: own names, what is inherited, which session is a date."""

import re
from collections.abc import Mapping
from typing import Any, Final

from harvesters.formats.schema_org import Node, is_offer, types

_PARENTS: Final = ("superEvent", "instanceOfCourse", "facilityUse", "aggregateFacilityUse")
_OWN: Final = frozenset(
    ("@id", "@type", "@context", "identifier", "startDate", "endDate", "startTime", "endTime", "duration", "subEvent",
     "eventSchedule", "eventStatus", "remainingAttendeeCapacity", "individualFacilityUse", *_PARENTS)
)  # fmt: skip
"""What an entry does not take over from its parent."""
_BRINGS_ITS_OWN: Final = ("name", "description", "location", "offers", "ageRange", "organizer")
_OFFERS: Final = frozenset(("SessionSeries", "ScheduledSession", "FacilityUse", "IndividualFacilityUse"))
"""Types of OpenActive's that are offers though their names do not say so."""
_CONTAINERS: Final = frozenset(("EventSeries", "HeadlineEvent", "FacilityUse", "Course"))
AROUND: Final = frozenset(("Place", "Organization", "SportsActivityLocation"))
"""Types that only stand around offers."""
_UNTOLD: Final = frozenset(
    ("identifier", "leader", "coach", "contributor", "remainingAttendeeCapacity", "remainingUses", "maximumUses",
     "startTime", "endTime", "hoursAvailable", "beta:formattedDescription", *_PARENTS)
)  # fmt: skip
"""Persons, counters that change with every booking, hours of opening (no dates of an offer), what is said elsewhere."""
_DAYS: Final = {
    "Monday": "montags", "Tuesday": "dienstags", "Wednesday": "mittwochs", "Thursday": "donnerstags",
    "Friday": "freitags", "Saturday": "samstags", "Sunday": "sonntags",
}  # fmt: skip
_POINT: Final = re.compile(r"\s*-?\d{1,3}\.\d+\s*,\s*-?\d{1,3}\.\d+\s*")
"""A place whose name is where it lies has none."""
_MAX_DEPTH: Final = 20
_MAX_PARENTS: Final = 4
_MAX_PARTS: Final = 40


def plain(value: Any, depth: int = 0) -> Any:
    """``value`` with the names of JSON-LD: older feeds write ``id`` and ``type``, concepts have ``prefLabel``.

    >>> plain({"type": "Event", "id": "e7", "activity": [{"type": "Concept", "prefLabel": "Tanz"}]})
    {'@type': 'Event', '@id': 'e7', 'activity': [{'@type': 'Concept', 'prefLabel': 'Tanz', 'name': 'Tanz'}]}
    """
    if depth > _MAX_DEPTH:
        return None
    if isinstance(value, list):
        return [plain(member, depth + 1) for member in value]
    if not isinstance(value, dict):
        return value
    node = {
        {"type": "@type", "id": "@id"}.get(name, name) if f"@{name}" not in value else name: plain(member, depth + 1)
        for name, member in value.items()
    }
    if "prefLabel" in node:
        node.setdefault("name", node["prefLabel"])
    return node


def is_told(node: Node) -> bool:
    """Whether an entry is something that people can take part in."""
    return is_offer(node) or not _OFFERS.isdisjoint(types(node))


def is_container(node: Node) -> bool:
    """Whether an entry holds others that are offers of their own."""
    return not _CONTAINERS.isdisjoint(types(node))


def parent_of(node: Node, known: Mapping[str, Node]) -> tuple[str, Node | None]:
    """What a node inherits from: its ``@id`` or identifier, and itself where it is embedded or ``known``."""
    for name in _PARENTS:
        members = node[name] if isinstance(node.get(name), list) else [node.get(name)]
        for member in members:
            if isinstance(member, str) and member:
                return member, known.get(member)
            if isinstance(member, dict):
                identity = str(next((member[name] for name in ("@id", "identifier") if _is_name(member.get(name))), ""))
                return identity, known.get(identity, member)
    return "", None


def _is_name(value: object) -> bool:
    return bool(value) and isinstance(value, str | int) and not isinstance(value, bool)


def inherited(node: Node, known: Mapping[str, Node], depth: int = 0) -> Node:
    """``node`` with what it does not say itself from its parents, and the places that it only names."""
    _, parent = parent_of(node, known)
    whole = {name: value for name, value in node.items() if value not in (None, "", [], {})}
    if parent is not None and depth < _MAX_PARENTS:
        above = inherited(parent, known, depth + 1)
        whole = {name: value for name, value in above.items() if name not in _OWN} | whole
    if isinstance(place := whole.get("location"), str) and place in known:
        whole["location"] = known[place]
    return whole


def is_date_of(node: Node, parent: Node) -> bool:
    """Whether a session is one date of its series, for it says nothing that the series does not say."""
    if "ScheduledSession" not in types(node) or "SessionSeries" not in types(parent):
        return False
    return all(node.get(name) in (None, "", [], {}, parent.get(name)) for name in _BRINGS_ITS_OWN)


def date_of(node: Node) -> Node:
    """A session as an instance of its series."""
    return {"startDate": node.get("startDate"), "endDate": node.get("endDate"), "eventStatus": _status(node)}


def described(node: Node) -> Node:
    """``node`` in the words of schema.org."""
    said = dict(node)
    parts = _nodes(said.get("subEvent"))
    names = dict.fromkeys(str(part["name"]) for part in parts if part.get("name") not in (None, said.get("name")))
    dates = [date_of(part) for part in parts if part.get("startDate")]
    said["subEvent"] = dates
    said["eventStatus"] = _status(said)
    schedules = [_schedule(part, said) for part in _nodes(said.pop("eventSchedule", None))]
    further = ""
    if schedules and not dates:  # what is dated is certain, a schedule may be partial
        said.pop("startDate", None)
        said.pop("endDate", None)
        said["eventSchedule"] = schedules[:1]  # a Record holds one rule
        further = "; ".join(filter(None, map(_words, schedules[1:])))
    said["duration"] = _duration(said, schedules)
    said["typicalAgeRange"] = said.get("typicalAgeRange") or _ages(said.pop("ageRange", None))
    said["about"] = [
        *_list(said.get("about")),
        *_list(said.pop("activity", None)),
        *_list(said.pop("facilityType", None)),
    ]
    said["accessibilitySummary"] = [
        *_list(said.pop("accessibilityInformation", None)),
        *_list(said.pop("accessibilitySupport", None)),
    ]
    said["description"] = [
        *_list(said.get("description")),
        *(f"Treffpunkt: {words}" for words in _list(said.pop("meetingPoint", None)) if isinstance(words, str)),
        *_list(said.pop("attendeeInstructions", None)),
        *([f"Weitere Termine: {further}"] if further else []),
        *([f"Mit: {', '.join(list(names)[:_MAX_PARTS])}"] if names else []),
    ]
    if "OnDemandEvent" in types(said):
        said.setdefault("eventAttendanceMode", "OnlineEventAttendanceMode")
    place = said.get("location")
    if isinstance(place, str):  # it stands in a feed that was not read
        said["beta:location"] = said.pop("location")
    elif isinstance(place, dict) and _POINT.fullmatch(str(place.get("name") or "")):
        said["location"] = {name: value for name, value in place.items() if name != "name"}
    return {name: value for name, value in said.items() if name not in _UNTOLD}


def _status(node: Node) -> str:
    status = str(node.get("eventStatus") or "")
    called_off = "ancel" in status or "ostpon" in status
    full = str(node.get("remainingAttendeeCapacity")) == "0"
    return "SoldOut" if full and not called_off else status


def _schedule(schedule: Node, node: Node) -> Node:
    """A schedule that names only weekdays repeats every week; one without a first day begins with ``node``."""
    weekly = {"repeatFrequency": "P1W"} if schedule.get("byDay") else {}
    first = {"startDate": node["startDate"]} if node.get("startDate") else {}
    return first | weekly | {name: value for name, value in schedule.items() if value}


def _duration(node: Node, schedules: list[Node]) -> str:
    """How long one session takes; a course of months states that as well, which is no duration of a visit."""
    given = [str(part.get("duration") or "") for part in (node, *schedules)]
    return next((text for text in given if re.match(r"P0?D?T", text)), "")


def _ages(value: object) -> str:
    """
    >>> _ages({"minValue": 3, "maxValue": 6}), _ages({"minValue": 3}), _ages({"maxValue": 6}), _ages("3-6"), _ages(None)
    ('3–6 Jahre', 'ab 3 Jahren', 'bis 6 Jahre', '3-6', '')
    """
    if not isinstance(value, dict):
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    low, high = (
        value[name] if isinstance(value.get(name), int) and not isinstance(value[name], bool) else None
        for name in ("minValue", "maxValue")
    )
    if low is not None and high is not None:
        return f"{low}–{high} Jahre"
    return f"ab {low} Jahren" if low is not None else f"bis {high} Jahre" if high is not None else ""


def _words(schedule: Node) -> str:
    """A schedule in German words.

    >>> _words({"byDay": ["schema:Friday"], "startTime": "14:30", "startDate": "2026-05-01", "endDate": "2026-09-04"})
    'freitags 14:30 Uhr, 01.05.2026 bis 04.09.2026'
    """
    days = " und ".join(
        filter(None, (_DAYS.get(re.split(r"[/#:]", str(day))[-1]) for day in _list(schedule.get("byDay"))))
    )
    times = "–".join(str(schedule[name])[:5] for name in ("startTime", "endTime") if schedule.get(name))
    span = " bis ".join(_day(str(schedule[name])) for name in ("startDate", "endDate") if schedule.get(name))
    return ", ".join(filter(None, (" ".join(filter(None, (days, f"{times} Uhr" if times else ""))), span)))


def _day(text: str) -> str:
    return re.sub(r"^(\d{4})-(\d{2})-(\d{2}).*$", r"\3.\2.\1", text)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "") else [value]


def _nodes(value: object) -> list[Node]:
    return [member for member in _list(value) if isinstance(member, dict)]
