"""The API of LinkedEvents (Helsinki's, also run elsewhere) → Records.

A recurring event is listed beside its instances: it is one offer, and those that say nothing else than it does are its
dates. Texts come in several languages; German counts, else English, else the first.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import urljoin

import orjson

from harvesters.formats.json_api import document_of
from harvesters.formats.listing import Item, Listing, Page, deleted_keys, latest, packed, unread
from harvesters.formats.records import Origin, Parsed, build, finish
from harvesters.formats.text import in_german, lines
from harvesters.formats.times import iso_moment, occurrence
from harvesters.problems import ReadError
from schemas.harvest import Issue, RawOccurrence, Record, RecordField, Source

FORMAT: Final = "linked_events"
Node = dict[str, Any]
_SIGNS: Final = (b'"super_event"', b"Event/LinkedEvent", b'"event_status"')
_SAYS: Final = (
    "name",
    "description",
    "short_description",
    "location",
    "offers",
    "audience_min_age",
    "audience_max_age",
)
"""What an instance would have to say otherwise to be an offer of its own."""
_READ: Final = frozenset(
    (*_SAYS, "id", "@id", "@type", "@context", "super_event", "super_event_type", "sub_events", "start_time",
     "end_time", "has_start_time", "has_end_time", "event_status", "provider", "audience", "keywords", "in_language",
     "images", "location_extra_info", "maximum_attendee_capacity", "remaining_attendee_capacity", "info_url", "deleted",
     "last_modified_time", "created_time", "date_published", "publication_status", "type_id", "data_source",
     "publisher")
)  # fmt: skip
"""What is read, or is nothing about the offer, or changes with every booking."""
_CHILD: Final = ("super_event", "super_event_type", "sub_events", "start_time", "end_time", "id", "@id", "event_status")
"""What an instance does not take over from its event."""


def is_answer(content: bytes) -> bool:
    """Whether ``content`` is a page of LinkedEvents, by its beginning."""
    head = content[:20_000]
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{" and b'"meta"' in head and any(s in head for s in _SIGNS)


def read_page(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Page:
    """One page of ``/event/``: items by id, the next page by ``meta.next``; ``deleted`` events are deleted.

    Raises ``ReadError`` for a web page, broken JSON, and anything without ``meta`` and ``data``.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    issues: list[Issue] = []
    document = document_of(content, origin, charset, issues)
    said = document if isinstance(document, dict) else {}
    meta, data = said.get("meta"), said.get("data")
    if not isinstance(meta, dict) or not isinstance(data, list):
        raise ReadError(
            source.name, url, "linked_events.no_page", "Das ist keine Liste von LinkedEvents („meta“ und „data“).",
            "Bitte die Adresse der Liste eintragen, zum Beispiel …/v1/event/?include=location,keywords.",
        )  # fmt: skip
    items: list[Item] = []
    for entry in data:
        identity = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and isinstance(identity, str) and identity:
            items.append(Item(identity, None if entry.get("deleted") is True else packed(entry)))
    if len(items) < len(data):
        issues.append(
            origin.problem(
                "record", "linked_events.no_id",
                message=f"Ausgelassen, weil sie keine Kennung (id) haben: {len(data) - len(items)}.",
                remedy="Bitte die Betreiber darauf hinweisen.",
            )
        )  # fmt: skip
    following, count = meta.get("next"), meta.get("count")
    return Page(
        items=tuple(items),
        issues=tuple(issues),
        next=urljoin(url, following) if isinstance(following, str) and following else None,
        complete=len(items) == len(data),
        shown=len(data),
        total=count if isinstance(count, int) and not isinstance(count, bool) else None,
    )


@dataclass(slots=True)
class _Told:
    """An event that becomes a Record."""

    node: Node
    dates: list[Node] = field(default_factory=list)


def make_records(items: Sequence[Item], origin: Origin) -> Parsed:
    """One Record for each event, a recurring one with the dates of its instances."""
    standing = latest(items)
    nodes: dict[str, Node] = {
        key: orjson.loads(item.content) for key, item in standing.items() if item.content is not None
    }
    issues: list[Issue] = []
    records = list(_records(_together(nodes), origin, issues))
    if any(_is_reference(node.get("location")) for node in nodes.values()):
        issues.append(
            origin.problem(
                "place", "linked_events.not_included",
                message="Orte stehen nur als Verweis da und wurden nicht gelesen.",
                remedy="Bitte „include=location,keywords,audience“ an access.start anhängen.",
            )
        )  # fmt: skip
    return replace(finish(origin, records, issues), deleted=deleted_keys(standing.values()))


def _together(nodes: dict[str, Node]) -> dict[str, _Told]:
    told: dict[str, _Told] = {}
    for key, node in nodes.items():
        name, parent = _parent(node, nodes)
        if parent is None or parent.get("super_event_type") != "recurring":
            told.setdefault(key, _Told(node))
            continue
        above = {field: value for field, value in parent.items() if field not in _CHILD}
        said = {field: value for field, value in node.items() if value not in (None, "", [], {})}
        if all(said.get(field) in (None, parent.get(field)) for field in _SAYS):
            told.setdefault(name, _Told(parent)).dates.append(node)
        else:
            told.setdefault(key, _Told(above | said))
    return told


def _parent(node: Node, nodes: dict[str, Node]) -> tuple[str, Node | None]:
    """The id of an event's parent, and the parent where it is listed or embedded."""
    given = node.get("super_event")
    if not isinstance(given, dict):
        return "", None
    name = given.get("id") or str(given.get("@id", "")).partition("?")[0].rstrip("/").rpartition("/")[2]
    if not isinstance(name, str) or not name:
        return "", None
    return name, nodes.get(name, given if "super_event_type" in given else None)


def _is_reference(value: object) -> bool:
    return isinstance(value, dict) and set(value) == {"@id"}


def _records(told: dict[str, _Told], origin: Origin, issues: list[Issue]) -> Iterator[Record]:
    for key, event in told.items():
        record, problems = _record(key, event, origin)
        issues.extend(problems)
        if record is not None:
            yield record


def _record(key: str, event: _Told, origin: Origin) -> tuple[Record | None, list[Issue]]:
    node, zone = event.node, origin.source.access.zone
    instances = event.dates or [node]
    recurring = node.get("super_event_type") == "recurring" and not event.dates
    occurrences = [] if recurring else list(filter(None, (_date(instance, zone) for instance in instances)))
    words: dict[RecordField, str] = {
        "provider": in_german(node.get("provider")),
        "ages": _ages(node.get("audience_min_age"), node.get("audience_max_age")),
        "audience": _names(node.get("audience")),
        "topics": _names(node.get("keywords")),
        "languages": _names(node.get("in_language")),
        "status": str(node.get("event_status") or ""),
        "practicalities": in_german(node.get("location_extra_info")),
        "capacity": str(node.get("maximum_attendee_capacity") or ""),
        "updated": str(node.get("last_modified_time") or ""),
    }
    if recurring:  # its instances are not listed: from the first to the last, not every day
        words["dates"] = " bis ".join(filter(None, (_moment(node, name, zone) for name in ("start", "end"))))
    _place(node.get("location"), words)
    _price(node.get("offers"), words)
    _image(node.get("images"), words)
    short, long = (lines(in_german(node.get(name))) for name in ("short_description", "description"))
    return build(
        origin,
        key=key,
        title=in_german(node.get("name")),
        text="\n".join(filter(None, ("" if short[:200] in long else short, long))) if long else short,
        url=in_german(node.get("info_url")) or None,
        words=words,
        occurrences=sorted(occurrences, key=lambda instance: instance.start),
        unread=unread(node, _READ),
    )


def _date(node: Node, zone: str) -> RawOccurrence | None:
    start = _moment(node, "start", zone)
    status = str(node.get("event_status") or "")
    return occurrence(start, _moment(node, "end", zone), zone=zone, status=status or None) if start else None


def _moment(node: Node, end: str, zone: str) -> str | None:
    """Day and time, or the day alone where the event says that it has no time."""
    given = node.get(f"{end}_time")
    moment = iso_moment(given, zone) if isinstance(given, str) else None
    return moment[:10] if moment and node.get(f"has_{end}_time") is False else moment


def _ages(low: object, high: object) -> str:
    """
    >>> _ages(3, 6), _ages(3, None), _ages(None, 6), _ages(None, None)
    ('3 bis 6 Jahre', 'ab 3 Jahren', 'bis 6 Jahre', '')
    """
    if isinstance(low, int) and isinstance(high, int):
        return f"{low} bis {high} Jahre"
    return f"ab {low} Jahren" if isinstance(low, int) else f"bis {high} Jahre" if isinstance(high, int) else ""


def _names(value: object) -> str:
    members = value if isinstance(value, list) else []
    return ", ".join(filter(None, (in_german(member.get("name")) for member in members if isinstance(member, dict))))


def _place(value: object, words: dict[RecordField, str]) -> None:
    place = value if isinstance(value, dict) else {}
    words["place_name"] = in_german(place.get("name"))
    words["street"] = in_german(place.get("street_address"))
    words["postcode"] = str(place.get("postal_code") or "")
    words["locality"] = in_german(place.get("address_locality"))
    position = place.get("position")
    match position.get("coordinates") if isinstance(position, dict) else None:
        case [int() | float() as lon, int() | float() as lat]:
            words["lat"], words["lon"] = str(lat), str(lon)


def _price(value: object, words: dict[RecordField, str]) -> None:
    said: list[str] = []
    for offer in value if isinstance(value, list) else []:
        if not isinstance(offer, dict):
            continue
        amount = in_german(offer.get("price"))
        said.append("kostenlos" if offer.get("is_free") is True else f"{amount} €" if amount.isdecimal() else amount)
        said.append(in_german(offer.get("description")))
        if link := in_german(offer.get("info_url")):
            words.setdefault("booking_url", link)
    words["price"] = "\n".join(dict.fromkeys(filter(None, said)))


def _image(value: object, words: dict[RecordField, str]) -> None:
    image = next((each for each in value if isinstance(each, dict)), {}) if isinstance(value, list) else {}
    words["image_url"] = in_german(image.get("url"))
    words["image_licence"] = in_german(image.get("license"))
    words["image_credit"] = in_german(image.get("photographer_name"))


LISTING: Final = Listing(read_page, make_records, FORMAT)
"""How LinkedEvents is read."""
