"""The API of kulturdaten.berlin → Records: events, with the attractions, locations and tags that they refer to.

An event is one date of one attraction at one location. Events of one attraction at one location are one offer with
several dates; one with a title of its own, or with several attractions, is an offer by itself. What attractions and
locations say, beyond the label that an event repeats, stands in lists of their own; each that is to be read is an
address of ``access.start`` (``/api/events?pageSize=500``, ``/api/attractions?…``, ``/api/locations?…``, ``/api/tags``).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from pydantic import JsonValue

from harvesters.formats.json_api import document_of
from harvesters.formats.listing import Item, Listing, Page, deleted_keys, latest, packed, unread
from harvesters.formats.records import Origin, Parsed, build, finish
from harvesters.formats.rows import occurrence_of
from harvesters.formats.text import in_german
from harvesters.problems import ReadError
from schemas.harvest import Issue, RawOccurrence, Record, RecordField, Source

FORMAT: Final = "kulturdaten"
Node = dict[str, Any]
_LISTS: Final = ("events", "attractions", "locations", "organizations", "tags")
_TYPES: Final = (b'"type.Event"', b'"type.Attraction"', b'"type.Location"', b'"type.Organization"', b'"type.Tag"')
_READ: Final = frozenset(
    ("type", "identifier", "metadata", "status", "scheduleStatus", "schedule", "title", "description", "pleaseNote",
     "website", "inLanguages", "tags", "locations", "attractions", "organizer", "admission", "displayName")
)  # fmt: skip
_MIDNIGHT: Final = ("00:00", "00:00:00")
"""How the API writes that it knows no time."""


def is_answer(content: bytes) -> bool:
    """Whether ``content`` is a list of kulturdaten.berlin, by its beginning."""
    head = content[:20_000]
    return head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[") and any(name in head for name in _TYPES)


def read_page(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Page:
    """One page: items by identifier; the next page by its number, as long as ``totalCount`` promises more.

    What is no longer published is deleted. Raises ``ReadError`` for a web page, broken JSON, an answer that reports a
    failure, and anything that is no list.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    issues: list[Issue] = []
    document = document_of(content, origin, charset, issues)
    data = document.get("data") if isinstance(document, dict) else None
    told = data if isinstance(data, dict) else {}
    found = document if isinstance(document, list) else next(
        (told[name] for name in _LISTS if isinstance(told.get(name), list)), None
    )  # fmt: skip
    if not isinstance(found, list):
        raise ReadError(
            source.name, url, "kulturdaten.no_list",
            "Das ist keine Liste von kulturdaten.berlin (data.events, data.attractions, data.locations).",
            "Bitte die Adresse einer Liste eintragen, zum Beispiel https://api-v2.kulturdaten.berlin/api/events.",
        )  # fmt: skip
    items = list(filter(None, map(_item, found)))
    if len(items) < len(found):
        issues.append(
            origin.problem(
                "record", "kulturdaten.no_identifier",
                message=f"Ausgelassen, weil sie keine Kennung (identifier) haben: {len(found) - len(items)}.",
                remedy="Bitte die Betreiber darauf hinweisen.",
            )
        )  # fmt: skip
    total = _number(told.get("totalCount"))
    return Page(
        items=tuple(items),
        issues=tuple(issues),
        next=_next(url, told, len(found), total),
        complete=len(items) == len(found),
        shown=len(found),
        total=total,
    )


def _item(entry: JsonValue) -> Item | None:
    said = entry if isinstance(entry, dict) else {}
    identity, status = said.get("identifier"), said.get("status")
    if not isinstance(identity, str) or not identity:
        return None
    gone = isinstance(status, str) and status.endswith((".unpublished", ".archived"))
    return Item(identity, None if gone else packed(said))


def _next(url: str, told: Node, shown: int, total: int | None) -> str | None:
    """The next page by its number; where nobody counts, after every page that is full."""
    page, size = _number(told.get("page")), _number(told.get("pageSize"))
    if not page or not size or not shown or (page * size >= total if total is not None else shown < size):
        return None
    parts = urlsplit(url)
    others = [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if pair[0] not in ("page", "pageSize")]
    return parts._replace(query=urlencode([*others, ("page", page + 1), ("pageSize", size)])).geturl()


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def make_records(items: Sequence[Item], origin: Origin) -> Parsed:
    """One Record for each attraction at a location, or event by itself; lists without an event are an Issue."""
    standing = latest(items)
    nodes: dict[str, Node] = {
        key: orjson.loads(item.content) for key, item in standing.items() if item.content is not None
    }
    events = {key: node for key, node in nodes.items() if node.get("type") == "type.Event"}
    issues: list[Issue] = []
    records = list(_records(events, nodes, origin, issues))
    if nodes and not events:
        issues.append(
            origin.problem(
                "run", "kulturdaten.no_events", str(next(iter(nodes.values())).get("type"))[:80],
                message="Die Liste enthält keine Veranstaltungen (type.Event), nur das, worauf sie verweisen.",
                remedy="Bitte …/api/events in access.start eintragen, und diese Liste daneben.",
            )
        )  # fmt: skip
    return replace(finish(origin, records, issues), deleted=deleted_keys(standing.values()))


def _records(events: dict[str, Node], nodes: dict[str, Node], origin: Origin, issues: list[Issue]) -> Iterator[Record]:
    groups: dict[str, list[Node]] = {}
    for key, event in events.items():
        groups.setdefault(_key(key, event), []).append(event)
    for key, group in groups.items():
        record, problems = _record(key, group, nodes, origin)
        issues.extend(problems)
        if record is not None:
            yield record


def _key(identity: str, event: Node) -> str:
    """What an event is a date of: its one attraction at its location, where it has no title of its own."""
    attractions, locations = _references(event, "attractions"), _references(event, "locations")
    title = in_german(event.get("title"))
    if len(attractions) != 1 or (title and title != in_german(attractions[0].get("referenceLabel"))):
        return identity
    return " ".join(str(reference.get("referenceId", "")) for reference in (attractions[0], *locations))


def _record(key: str, events: list[Node], nodes: dict[str, Node], origin: Origin) -> tuple[Record | None, list[Issue]]:
    event, zone = events[0], origin.source.access.zone
    reference = next(iter(_references(event, "attractions")), {})
    attraction = nodes.get(str(reference.get("referenceId")), {})
    place = next(iter(_references(event, "locations")), {})
    location = nodes.get(str(place.get("referenceId")), {})
    tags = [*_list(event.get("tags")), *_list(attraction.get("tags"))]
    words: dict[RecordField, str] = {
        "provider": in_german(_node(event.get("organizer")).get("referenceLabel")),
        "place_name": in_german(location.get("title")) or in_german(place.get("referenceLabel")),
        "topics": ", ".join(dict.fromkeys(_label(tag, nodes) for tag in tags)),
        "languages": ", ".join(map(str, _list(event.get("inLanguages")))),
        "accessibility": ", ".join(_label(tag, nodes) for tag in _list(location.get("accessibility"))),
        "updated": max(str(_node(each.get("metadata")).get("updated", "")) for each in events),
    }
    address, point = _node(location.get("address")), _node(location.get("coordinates"))
    words["street"] = str(address.get("streetAddress") or "")
    words["postcode"] = str(address.get("postalCode") or "")
    words["locality"] = str(address.get("addressLocality") or "")
    words["lat"], words["lon"] = str(point.get("latitude") or ""), str(point.get("longitude") or "")
    _admission(_node(event.get("admission")), words)
    said = [in_german(node.get(name)) for name in ("description", "pleaseNote") for node in (event, attraction)]
    said.append(in_german(_node(event.get("admission")).get("note")))
    links = [each.get("url") for each in map(_node, _list(attraction.get("externalLinks")))]
    pages = [event.get("website"), attraction.get("website"), *links]
    return build(
        origin,
        key=key,
        title=in_german(event.get("title")) or in_german(attraction.get("title"))
        or in_german(reference.get("referenceLabel")),
        text="\n".join(dict.fromkeys(filter(None, said))),
        url=next((page for page in pages if isinstance(page, str) and page.startswith(("https://", "http://"))), None),
        words=words,
        occurrences=sorted(filter(None, (_date(each, zone) for each in events)), key=lambda instance: instance.start),
        unread=unread(event, _READ),
    )  # fmt: skip


def _admission(admission: Node, words: dict[RecordField, str]) -> None:
    kind, registration = str(admission.get("ticketType")), str(admission.get("registrationType"))
    words["price"] = "kostenlos" if kind.endswith("freeOfCharge") else ""
    words["booking"] = (
        "Anmeldung erforderlich" if registration.endswith(".registrationRequired")
        else "Anmeldung erwünscht" if registration.endswith(".registrationDesired") else ""
    )  # fmt: skip
    link = admission.get("admissionLink")
    words["booking_url"] = link if isinstance(link, str) else ""


def _date(event: Node, zone: str) -> RawOccurrence | None:
    schedule = _node(event.get("schedule"))
    names: tuple[tuple[RecordField, str], ...] = (
        ("start_date", "startDate"),
        ("start_time", "startTime"),
        ("end_date", "endDate"),
        ("end_time", "endTime"),
    )
    said: dict[RecordField, str] = {
        field: text
        for field, name in names
        if (text := str(schedule.get(name) or "")) and text not in _MIDNIGHT
    }  # fmt: skip
    status = str(event.get("scheduleStatus") or "").rpartition(".")[2]
    if status and status != "scheduled":
        said["status"] = status
    return occurrence_of(said, zone)


def _label(tag: object, nodes: dict[str, Node]) -> str:
    """A tag's German label where the list of tags was read, else the end of its code, else the tag as it is.

    >>> _label("attraction.category.Exhibitions", {}), _label("Musik", {})
    ('Exhibitions', 'Musik')
    """
    return in_german(nodes.get(str(tag), {}).get("title")) or str(tag).rpartition(".")[2]


def _references(event: Node, name: str) -> list[Node]:
    return [member for member in _list(event.get(name)) if isinstance(member, dict)]


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _node(value: object) -> Node:
    return value if isinstance(value, dict) else {}


LISTING: Final = Listing(read_page, make_records, FORMAT)
"""How kulturdaten.berlin is read."""
