"""Lists of entries that come again or refer to each other: Records are made of them once all pages are known.

A page gives ``Item`` after ``Item``; of several with one key the latest counts, be it that the entry is deleted. The
content of an item is kept as JSON, so that long lists stay small.
"""

import json
import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from harvesters.formats.page_kinds import Parse
from harvesters.formats.records import MAX_RECORDS, Origin, Parsed, key_of
from harvesters.formats.text import in_german
from schemas.harvest import Issue, Source

_OF_PERSONS: Final = re.compile(r"(?i)contact|user|created_by|modified_by|mail|phone")
MAX_ITEMS: Final = MAX_RECORDS
"""Items that one run holds."""
MAX_BYTES: Final = 200_000_000
"""Content that one run holds."""


@dataclass(frozen=True, slots=True)
class Item:
    """What a page says of one entry."""

    key: str
    """Its identity at the source, as a Record's."""
    content: bytes | None
    """JSON; ``None`` where the source says that the entry is deleted."""
    version: int | None = None
    """Number that grows with every change, where the protocol has one."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    items: tuple[Item, ...] = ()
    """Entries in the order of the page."""
    issues: tuple[Issue, ...] = ()
    """What could not be read."""
    next: str | None = None
    """Address of the next page; ``None`` after the last one."""
    complete: bool = True
    """``False`` where entries were visibly lost."""
    shown: int = 0
    """How many entries the page has, those included that were not read."""
    total: int | None = None
    """How many entries all pages of the list have together, where it says so."""
    may_be_next: bool = False
    """Whether this page ends the list by naming itself as the next one."""


class ReadPage(Protocol):
    """Bytes → one page, nothing else touched."""

    def __call__(
        self, content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None
    ) -> Page:
        """The page at ``url``. Raises ``ReadError`` for anything that is no page of such a list."""


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is read."""

    page: ReadPage
    """Reads one page."""
    records: Callable[[Sequence[Item], Origin], Parsed]
    """Items of all pages, in their order → Records and keys that are deleted."""
    format: str
    """Name of the format."""

    def alone(self) -> Parse:
        """A reader of one page that stands for the whole list."""

        def parse(
            content: bytes, *, source: Source, url: str, fetched_at: datetime, charset: str | None = None
        ) -> Parsed:
            page = self.page(content, source=source, url=url, fetched_at=fetched_at, charset=charset)
            parsed = self.records(page.items, Origin(source, url, fetched_at, self.format))
            issues = (*page.issues, *parsed.issues)
            return replace(parsed, issues=issues, next=page.next, complete=page.complete and parsed.complete)

        return parse


def latest(items: Iterable[Item]) -> dict[str, Item]:
    """The last item of each key, in their order; one whose version is lower than a known one's says nothing new.

    >>> list(latest([Item("a", b"1", 5), Item("b", b"2"), Item("a", None, 7), Item("a", b"3", 6)]).items())
    [('b', Item(key='b', content=b'2', version=None)), ('a', Item(key='a', content=None, version=7))]
    """
    found: dict[str, Item] = {}
    for item in items:
        known = found.get(item.key)
        if known is not None:
            if known.version is not None and item.version is not None and item.version < known.version:
                continue
            del found[item.key]
        found[item.key] = item
    return found


def unread(node: Mapping[str, object], known: Container[str]) -> dict[str, str]:
    """What an entry says under names that nobody reads, so that a new one is noticed; contacts may be persons'.

    >>> unread({"title": "Wald", "neu": {"de": "Ja"}, "zahl": 7, "contact": "E. B.", "teile": [1]}, ["title"])
    {'neu': 'Ja', 'zahl': '7'}
    """
    said = {
        name: in_german(value) or (str(value) if isinstance(value, int | float) else "")
        for name, value in node.items()
        if name not in known and not _OF_PERSONS.search(name)
    }
    return {name: words for name, words in said.items() if words}


def packed(node: object) -> bytes:
    """The content of an item; unlike ``orjson`` with numbers of any length."""
    return json.dumps(node, separators=(",", ":")).encode()


def deleted_keys(items: Iterable[Item]) -> tuple[str, ...]:
    """Keys of the Records of ``items`` that are deleted."""
    return tuple(key_of(item.key) for item in items if item.content is None)
