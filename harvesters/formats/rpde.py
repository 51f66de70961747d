"""RPDE 1.0, the feeds of OpenActive: pages of items with a state → Records, from the first page to the last.

Every run reads a feed from its beginning. A feed may forget its tombstones after a week, and a cursor that was stored
before a crash would skip what came with it; a whole pass loses nothing, at the price of every page in every run.

Items inherit: what a session does not say is said by its series, which stands inside it, elsewhere in the feed, or in
another feed of ``access.start``. Sessions that differ from their series by nothing but their time are its dates.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final
from urllib.parse import urljoin

import orjson
from pydantic import JsonValue

from harvesters.formats.json_api import document_of
from harvesters.formats.listing import Item, Listing, Page, deleted_keys, latest, packed
from harvesters.formats.openactive import (
    AROUND,
    date_of,
    described,
    inherited,
    is_container,
    is_date_of,
    is_told,
    parent_of,
    plain,
)
from harvesters.formats.records import Origin, Parsed, finish
from harvesters.formats.schema_org import Node, record_of, types
from harvesters.problems import ReadError
from schemas.harvest import Issue, Record, Source

FORMAT: Final = "rpde"
_STATES: Final = ("updated", "deleted")
_STATED: Final = re.compile(rb'"state"\s*:\s*"(?:updated|deleted)"')
_MAX_DATES: Final = 2_000
"""Dates that a Record holds; of more, the last ones."""
_CC: Final = re.compile(r"(?:creativecommons\.org/licenses/|def/licenses/cc-)(by(?:-[a-z]{2})*)/(\d\.\d)")


def is_answer(content: bytes) -> bool:
    """Whether ``content`` is a page of RPDE, or OpenActive's data, by its beginning."""
    head = content[:4_000]
    json = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    return json and (b"openactive.io" in head or (_STATED.search(head) is not None and b'"modified"' in head))


def read_page(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Page:
    """One page: items by kind and id, the address of the next page, which on the last one is its own.

    A page without ``next`` is not known to be the last, so the reading is incomplete; as is one with an item that
    cannot be read, for it may be an offer that is known. An item that stands by itself, as in a saved file, is read as
    well. Raises ``ReadError`` for a web page, broken JSON, and anything that is no page of RPDE.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    issues: list[Issue] = []
    document = document_of(content, origin, charset, issues)
    entries = document.get("items") if isinstance(document, dict) else None
    alone = not isinstance(entries, list)
    if alone:
        entries = _by_themselves(document)
    if not isinstance(entries, list) or (entries and not any(map(_is_item, entries))):
        raise ReadError(
            source.name, url, "rpde.no_page", "Das ist keine Seite eines RPDE-Feeds (es fehlt die Liste „items“).",
            "Bitte die Adresse der ersten Seite des Feeds eintragen; OpenActive nennt sie im Datensatz.",
        )  # fmt: skip
    items = [_item(entry, origin, issues, alone=alone) for entry in entries]
    known = tuple(filter(None, items))
    complete = len(known) == len(items)
    versions = [item.version for item in known if item.version is not None]
    if versions != sorted(versions):
        issues.append(
            origin.problem(
                "source", "rpde.order",
                message="Die Einträge sind nicht nach „modified“ geordnet; während des Lesens könnte einer entgehen.",
                remedy="Bitte die Betreiber darauf hinweisen (RPDE 1.0, Ordnung nach modified und id).",
            )
        )  # fmt: skip
    following: str | None = None
    if not alone and isinstance(document, dict):
        if entries:
            issues.extend(_licence(document.get("license"), origin))
        following = _address(url, document.get("next"))
        if following is None:
            complete = False
            issues.append(
                origin.problem(
                    "run", "rpde.no_next",
                    message="Die Seite nennt keine nächste (next); ob sie die letzte ist, weiß niemand.",
                    remedy="Bitte die Betreiber darauf hinweisen: Die letzte Seite nennt sich selbst.",
                )
            )  # fmt: skip
    return Page(known, tuple(issues), following, complete, may_be_next=not entries)


def _by_themselves(document: JsonValue) -> list[JsonValue] | None:
    """Items, or the data of some, that stand outside of a page."""
    members: list[JsonValue] = document if isinstance(document, list) else [document]
    if members and all(map(_is_item, members)):
        return members
    if members and all(isinstance(each, dict) and "openactive.io" in str(each.get("@context")) for each in members):
        return [{"kind": "", "data": data} for data in members]
    return None


def _is_item(entry: JsonValue) -> bool:
    return isinstance(entry, dict) and (entry.get("state") in _STATES or isinstance(entry.get("data"), dict))


def _name(data: JsonValue) -> JsonValue:
    said = data if isinstance(data, dict) else {}
    return next((said[name] for name in ("@id", "id", "identifier") if said.get(name)), None)


def _address(url: str, named: JsonValue) -> str | None:
    if not isinstance(named, str) or not named.strip():
        return None
    try:
        return urljoin(url, named.strip())
    except ValueError:  # no address at all
        return None


def _item(entry: JsonValue, origin: Origin, issues: list[Issue], *, alone: bool) -> Item | None:
    """An item, in a page or ``alone``; ``None`` with an Issue where it does not say what it is or what became of it."""
    said = entry if isinstance(entry, dict) else {}
    data = said.get("data")
    state = said.get("state", "updated" if alone else None)
    identity = said.get("id", _name(data) if alone else None)
    if isinstance(identity, bool) or not isinstance(identity, str | int) or identity == "":
        identity = None
    if identity is None or state not in _STATES or (state == "updated" and not isinstance(data, dict)):
        issues.append(
            origin.problem(
                "record", "rpde.item", f"{said.get('kind')} {said.get('id')} {state}"[:200],
                message="Ein Eintrag ist nicht lesbar (id, state oder data fehlt) und wurde ausgelassen.",
                remedy="Bitte die Betreiber darauf hinweisen.",
            )
        )  # fmt: skip
        return None
    key = f"{said.get('kind') or ''}/{identity}".removeprefix("/")
    content = packed(plain(data)) if state == "updated" else None
    return Item(key, content, _version(said.get("modified")))


def _version(value: JsonValue) -> int | None:
    """The number of a change, exactly: a float has lost its last digits, older feeds write a moment."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 20:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _licence(stated: JsonValue, origin: Origin) -> Iterator[Issue]:
    described = origin.source.rights.licence
    if isinstance(stated, str) and stated.strip() and _same(stated) != _same(described or ""):
        yield origin.problem(
            "source",
            "rpde.licence",
            stated.strip()[:200],
            message=f"Der Feed nennt eine Lizenz, die Beschreibung {'eine andere' if described else 'keine'}.",
            remedy="Bitte die Lizenz des Feeds prüfen und unter [rights] eintragen.",
        )


def _same(licence: str) -> str:
    """What is equal for two spellings of one licence.

    >>> _same("https://creativecommons.org/licenses/by/4.0/"), _same("http://dcat-ap.de/def/licenses/cc-by/4.0")
    ('by 4.0', 'by 4.0')
    """
    if found := _CC.search(licence):
        return f"{found[1]} {found[2]}"
    if "publicdomain/zero" in licence or licence.endswith("cc-zero"):
        return "zero"
    return licence.strip().rstrip("/").partition("://")[2].removeprefix("www.")


# -- what the items of all pages are together -------------------------------------------------------------------------


@dataclass(slots=True)
class _Told:
    """An entry that becomes a Record."""

    node: Node
    dates: list[Node] = field(default_factory=list)


def make_records(items: Sequence[Item], origin: Origin) -> Parsed:
    """One Record for each entry that is an offer, a series with the dates of its sessions."""
    standing = latest(items)
    issues: list[Issue] = []
    nodes = {key: orjson.loads(item.content) for key, item in standing.items() if item.content is not None}
    told, missing, others = _together(nodes)
    records = list(_records(told, origin, issues))
    expected = AROUND if records else frozenset[str]()
    issues.extend(_said(missing, {name: others[name] for name in others.keys() - expected}, origin))
    return replace(finish(origin, records, issues), deleted=deleted_keys(standing.values()))


def _together(nodes: dict[str, Node]) -> tuple[dict[str, _Told], list[str], Counter[str]]:
    """Entries by key, references that lead nowhere, and how many entries of other types there are."""
    named = {node["@id"]: node for node in nodes.values() if isinstance(node.get("@id"), str)}
    keys = {node["@id"]: key for key, node in nodes.items() if isinstance(node.get("@id"), str)}
    told: dict[str, _Told] = {}
    missing: list[str] = []
    others: Counter[str] = Counter()
    within: dict[str, list[str]] = {}
    for key, node in nodes.items():
        if not is_told(node):
            others.update(types(node)[:1] or ["ohne @type"])
            continue
        reference, parent = parent_of(node, named)
        if parent is not None and is_date_of(node, parent) and reference:
            series = told.setdefault(keys.get(reference, reference), _Told(inherited(parent, named)))
            series.dates.append(date_of(node))
            continue
        if reference and parent is None:
            missing.append(reference)
            if not node.get("name"):
                continue
        if reference in keys:
            within.setdefault(keys[reference], []).append(key)
        told.setdefault(key, _Told(inherited(node, named)))
    for key, entries in within.items():  # they say all that it says
        said = key in told and any(entry in told for entry in entries if entry != key)
        if said and (is_container(told[key].node) or not _is_dated(told[key])):
            del told[key]
    return told, missing, others


def _is_dated(told: _Told) -> bool:
    return bool(told.dates) or any(told.node.get(name) for name in ("startDate", "subEvent", "eventSchedule"))


def _records(told: dict[str, _Told], origin: Origin, issues: list[Issue]) -> Iterator[Record]:
    for key, entry in told.items():
        parts = entry.node.get("subEvent")
        dates = [*(parts if isinstance(parts, list) else [parts] if parts else []), *entry.dates]
        if len(dates) > _MAX_DATES:  # sessions that are long over may stay in a feed
            dates = sorted(dates, key=lambda date: str(date.get("startDate")))[-_MAX_DATES:]
        node = described(entry.node | {"subEvent": dates})
        record, problems = record_of(origin, node, key=key, entry=True)
        issues.extend(problems)
        if record is not None:
            yield record


def _said(missing: list[str], others: Mapping[str, int], origin: Origin) -> Iterator[Issue]:
    for reference in list(dict.fromkeys(missing))[:20]:
        yield origin.problem(
            "record",
            "rpde.parent_missing",
            reference[:200],
            message="Ein Eintrag verweist auf eine Reihe, die in keinem der gelesenen Feeds steht.",
            remedy="Bitte den Feed der Reihen (SessionSeries) in access.start ergänzen.",
        )
    for name, number in sorted(others.items()):
        yield origin.problem(
            "record",
            "rpde.no_offer",
            name[:80],
            message=f"Ausgelassen, weil sie keine Angebote sind ({name[:80]}): {number}.",
            remedy="Bitte nur Feeds mit Veranstaltungen, Kursen oder Reihen eintragen.",
        )


LISTING: Final = Listing(read_page, make_records, FORMAT)
"""How RPDE is read."""
