"""JSON over HTTP → Records, mapped by dotted paths (``location.address.city``)."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Final
from urllib.parse import urljoin

import orjson
from pydantic import JsonValue

from harvesters.formats.guess import guess_fields
from harvesters.formats.lenient_json import LenientDecoder
from harvesters.formats.records import MAX_RECORDS, Origin, Parsed
from harvesters.formats.rows import MappedRow, compose, names_in, records_of
from harvesters.formats.text import decode, looks_like_page
from harvesters.problems import ReadError
from schemas.harvest import Issue, RecordField, Source

FORMAT: Final = "json_api"
_MAX_VALUES: Final = 100
_PROSE: Final[frozenset[RecordField]] = frozenset(("title", "text", "provider"))


def parse(content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None) -> Parsed:
    """The Records of one page of JSON, and the address of the next page where ``access.next`` leads to one.

    ``access.items`` is the path of the list (without it: the document itself, or its only list of objects);
    ``access.fields`` maps Record fields to paths within an item (see ``rows.compose``); a path through a list collects
    from each member. Raises ``ReadError`` for a web page, broken JSON, or where the list is missing.
    """
    origin = Origin(source, url, fetched_at, FORMAT)
    issues: list[Issue] = []
    document = document_of(content, origin, charset, issues)
    access = source.access
    items = _items(document, access.items, source, url)
    objects = [item for item in items if isinstance(item, dict)]
    if len(objects) < len(items):
        issues.append(
            origin.problem(
                "record",
                "json_api.not_an_object",
                message=f"{len(items) - len(objects)} Einträge der Liste sind keine Objekte und wurden ausgelassen.",
                remedy="Bitte unter items prüfen, ob das die Liste der Angebote ist.",
            )
        )
    if len(objects) > MAX_RECORDS:
        raise ReadError(
            source.name, url, "json_api.too_many", f"Mehr als {MAX_RECORDS} Einträge.", "Bitte seitenweise abrufen."
        )
    fields, key = dict(access.fields), access.key
    if not fields:
        fields, guessed = guess_fields(dict.fromkeys(name for item in objects[:100] for name in item))
        key = key or guessed
    following = _text(_follow(document, access.next.split("."))) if access.next else ""
    return records_of(
        origin,
        mapped(objects, fields, key),
        issues,
        next=urljoin(url, following) if following else None,
    )


def document_of(content: bytes, origin: Origin, charset: str | None, issues: list[Issue]) -> JsonValue:
    """The JSON document in ``content``; what had to be repaired is added to ``issues``. Raises ``ReadError``."""
    source, url = origin.source, origin.url
    try:
        return orjson.loads(content)  # type: ignore[no-any-return]
    except orjson.JSONDecodeError:
        text, _ = decode(content, source.access.encoding, charset)
    if looks_like_page(text):
        raise ReadError(
            source.name,
            url,
            "json_api.page",
            "Statt JSON kam eine Internetseite.",
            "Bitte die Adresse im Browser öffnen: Vielleicht ist sie umgezogen, gesperrt oder verlangt eine Anmeldung.",
        )
    try:
        return orjson.loads(text)  # type: ignore[no-any-return]
    except orjson.JSONDecodeError as error:
        strict = error
    lenient = LenientDecoder()
    try:
        document = lenient.decode(text)
    except ValueError as error:
        raise ReadError(
            source.name,
            url,
            "json_api.broken",
            f"Das JSON ist nicht lesbar ({strict.msg}, Zeile {strict.lineno}).",
            "Die Datei ist wohl abgeschnitten. Bitte erneut abrufen; bleibt es dabei, die Quelle benachrichtigen.",
        ) from error
    issues.append(origin.not_json(lenient.met))
    return document


def _items(document: JsonValue, path: str | None, source: Source, url: str) -> list[JsonValue]:
    found = _follow(document, path.split(".")) if path else document
    if path is None and isinstance(document, dict):
        lists = [
            value for value in document.values() if isinstance(value, list) and any(isinstance(v, dict) for v in value)
        ]
        empty = [value for value in document.values() if value == []]
        found = lists[0] if len(lists) == 1 else empty[0] if not lists and len(empty) == 1 else None
    if isinstance(found, list):
        return found
    expected = f"unter „{path}“" if path else "als Dokument oder als einzige Liste darin"
    raise ReadError(
        source.name,
        url,
        "json_api.no_list",
        f"Erwartet war eine Liste von Angeboten {expected}.",
        "Bitte access.items auf den Pfad der Liste setzen (zum Beispiel „events“ oder „data.items“).",
    )


def _follow(value: JsonValue, path: list[str]) -> JsonValue:
    """The value at ``path``; a step through a list collects from all members, a number picks one."""
    for index, step in enumerate(path):
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and step.isdecimal():
            value = value[int(step)] if int(step) < len(value) else None
        elif isinstance(value, list):
            collected = (_follow(member, path[index:]) for member in value[:_MAX_VALUES])
            return [member for member in collected if member is not None]
        else:
            return None
    return value


def _text(value: JsonValue) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nein"
    if isinstance(value, list):
        return ", ".join(dict.fromkeys(text for member in value[:_MAX_VALUES] if (text := _text(member))))
    if isinstance(value, dict):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def mapped(objects: list[dict[str, JsonValue]], fields: dict[RecordField, str], key: str | None) -> Iterator[MappedRow]:
    """``objects`` as rows by the paths in ``fields`` and ``key``, with what no path reaches."""
    used = {path for value in (*fields.values(), *filter(None, (key,))) for path in names_in(value)}
    for item in objects:
        get, get_prose = partial(_lookup, item), partial(_lookup_prose, item)
        words = {
            name: text
            for name, value in fields.items()
            if (text := compose(value, get_prose if name in _PROSE else get))
        }
        yield MappedRow(words, key=compose(key, get) if key else "", unread=_unread(item, used))


def _lookup(item: dict[str, JsonValue], path: str) -> str:
    return _text(_follow(item, path.split(".")))


def _lookup_prose(item: dict[str, JsonValue], path: str) -> str:
    """As ``_lookup``, but a truth value is no title: ``true`` says nothing about what is offered."""
    value = _follow(item, path.split("."))
    return "" if isinstance(value, bool) else _text(value)


def _unread(item: dict[str, JsonValue], used: set[str], prefix: str = "", depth: int = 0) -> dict[str, str]:
    """Leaves that no path reaches, so that a new field at the source is noticed."""
    left: dict[str, str] = {}
    for name, value in item.items():
        path = f"{prefix}{name}"
        if path in used or value in (None, "", [], {}):
            continue
        if isinstance(value, dict) and depth < 4:
            left |= _unread(value, used, f"{path}.", depth + 1)
        elif not any(reached.startswith(f"{path}.") for reached in used):
            left[path] = _text(value)
    return left
