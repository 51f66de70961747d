"""microformats h-event (and the older vevent) in web pages → Records, through the same mapping as JSON-LD."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import lxml.html

from harvesters.formats.pages import canonical, page_of
from harvesters.formats.records import Origin, Parsed, finish
from harvesters.formats.schema_org import Node, record_of
from schemas.harvest import Issue, Record, Source

FORMAT: Final = "microformats"
_EVENT = re.compile(r"(?:^|\s)(?:h-event|vevent)(?:\s|$)")
_MAX_ITEMS: Final = 5_000
_MAX_DEPTH: Final = 20
_NAMES: Final = {
    "name": "name", "start": "startDate", "end": "endDate", "url": "url", "uid": "@id", "photo": "image",
    "duration": "duration", "category": "keywords",
}  # fmt: skip
"""Property of an h-event → property of schema.org."""
_PERSONAL: Final = (
    "given-name", "family-name", "additional-name", "honorific-prefix", "honorific-suffix", "job-title", "role", "bday",
    "sex", "gender-identity",
)  # fmt: skip
"""Properties of an h-card that only a person has."""


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The events that a page marks by class names, keyed by ``u-uid``, ``u-url``, or the page's address and ordinal."""
    origin = Origin(source, url, fetched_at, FORMAT)
    page = page_of(content, source, charset)
    if page is None or not any(_EVENT.search(str(element.get("class", ""))) for element in page.iter()):
        return Parsed()
    from extruct.microformat import MicroformatExtractor  # noqa: PLC0415  (brings RDF readers; few crawls need to wait)

    issues: list[Issue] = []
    try:
        markup = lxml.html.tostring(page, encoding="unicode")
        found = list(MicroformatExtractor().extract_items(markup, base_url=url))
    except (RecursionError, ValueError) as error:  # too deep, or an address that is none
        issues.append(
            origin.problem(
                "source",
                "microformats.unreadable",
                str(error),
                message="Die Mikroformate der Seite sind nicht lesbar.",
                remedy="Bitte die Betreiber der Seite darauf hinweisen.",
            )
        )
        found = []
    records: list[Record] = []
    key = canonical(page, url)
    for ordinal, item in enumerate(_events(found)):
        record, problems = record_of(origin, _node(item.get("properties", {})), key=key, part=ordinal)
        issues.extend(problems)
        if record is not None:
            records.append(record)
    return finish(origin, records, issues)


def _events(items: Any) -> Iterator[dict[str, Any]]:
    """The events among ``items`` in the page's order, also within an ``h-feed``; bounded."""
    stack: list[tuple[Any, int]] = [(item, 0) for item in reversed(items)]
    met = 0
    while stack and met < _MAX_ITEMS:
        item, depth = stack.pop()
        met += 1
        if not isinstance(item, dict):
            continue
        if "h-event" in item.get("type", ()):
            yield item
        elif depth < _MAX_DEPTH:
            stack.extend((child, depth + 1) for child in reversed(item.get("children", ())))


def _node(properties: dict[str, list[Any]]) -> Node:
    """An h-event in the shape of schema.org."""
    node: Node = {"@type": "Event"}
    for name, values in properties.items():
        if name in _NAMES:
            node[_NAMES[name]] = [_plain(value) for value in values]
        elif name not in ("location", "organizer", "summary", "description", "content"):
            node[name] = [_party(value) for value in values]
    prose = (_plain(value) for name in ("summary", "description", "content") for value in properties.get(name, ()))
    node["description"] = list(dict.fromkeys(filter(None, prose)))
    node["location"] = [_place(value) for value in properties.get("location", ())]
    node["organizer"] = [_party(value) for value in properties.get("organizer", ())]
    return node


def _party(value: Any) -> Node:
    """Who is named: of a card its organisation; a person where it says what only persons have; else left open."""
    said = value.get("properties", {}) if isinstance(value, dict) else {}
    if organisation := _first(said, "org"):
        return {"@type": "Organization", "name": organisation}
    return {"name": _plain(value)} | ({"@type": "Person"} if any(name in said for name in _PERSONAL) else {})


def _place(value: Any) -> Node | str:
    if not isinstance(value, dict) or "properties" not in value:
        return _plain(value)
    said = value["properties"]
    address = next((member for member in said.get("adr", ()) if isinstance(member, dict)), None)
    parts = address.get("properties", {}) if address else said
    postal = {
        "streetAddress": _first(parts, "street-address"),
        "postalCode": _first(parts, "postal-code"),
        "addressLocality": _first(parts, "locality"),
    }
    return {
        "name": _first(said, "name"),
        "address": postal if any(postal.values()) else _first(said, "adr"),
        "geo": {"latitude": _first(said, "latitude"), "longitude": _first(said, "longitude")},
    }


def _first(properties: dict[str, list[Any]], name: str) -> str:
    return next(filter(None, map(_plain, properties.get(name, ()))), "")


def _plain(value: Any) -> str:
    """A property's value in words: of embedded markup and nested items the text."""
    if isinstance(value, dict):
        value = value.get("value", "")
    return value if isinstance(value, str) else ""
