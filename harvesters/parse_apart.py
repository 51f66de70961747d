"""The near side of reading a large feed: what its bytes become is paid by a child with limits.

100 MB of brackets become 5 GB of objects. A small feed cannot become much and is read where it was fetched, for
starting a child costs a second. ``parse_child`` is the far side.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from harvesters.child import last_words, run_child
from harvesters.fetch.client import Fetched
from harvesters.formats.by_kind import LISTINGS, PARSERS
from harvesters.formats.listing import Page
from harvesters.formats.records import Parsed
from harvesters.problems import ReadError
from schemas.harvest import AccessKind, Source

SMALL: Final = 2_000_000
"""Bytes up to which content is read here: they become 100 MB at most."""
SECONDS: Final = 300
"""Longest time for one page of a feed."""
_MODULE: Final = "harvesters.parse_child"


@dataclass(frozen=True, slots=True)
class ParseJob:
    """What the child needs; it travels as JSON."""

    source: Source
    """How to read it."""
    content: str
    """File with the bytes."""
    url: str
    """Address they were read from."""
    fetched_at: datetime
    """When."""
    content_type: str
    """What the server called it."""
    answer: str
    """File to write."""
    max_cpu_seconds: int = 240
    """Longest time of the processor."""
    max_memory_bytes: int = 2_000_000_000
    """Largest address space."""
    max_answer_bytes: int = 300_000_000
    """Largest answer."""


@dataclass(frozen=True, slots=True)
class ParseAnswer:
    """What the child read, or the parts of the ``ReadError`` that says why it could not."""

    parsed: Parsed | None = None
    """Of a feed whose pages stand on their own."""
    page: Page | None = None
    """Of a list (``LISTINGS``)."""
    failed: tuple[str, str, str, str, str] | None = None


JOB: Final = TypeAdapter(ParseJob)
ANSWER: Final = TypeAdapter(ParseAnswer)


class Reader:
    """Reads pages of one feed: large ones ``apart``, in a child, unless this process is one with limits of its own.

    ``heartbeat`` is called every minute while a child works. What is asked for raises ``ReadError`` as the reader of
    the way of access does, and where the child was ended because the content cost too much.
    """

    def __init__(self, source: Source, now: datetime, *, apart: bool, heartbeat: Callable[[], None]) -> None:
        self._source, self._now, self._apart, self._heartbeat = source, now, apart, heartbeat

    def parsed(self, fetched: Fetched) -> Parsed:
        """What a page says that stands on its own."""
        if not self._is_large(fetched):
            read = PARSERS[self._source.access.kind]
            return read(
                fetched.content, source=self._source, url=fetched.url, fetched_at=self._now, charset=fetched.charset
            )
        answer = self._in_child(fetched)
        assert answer.parsed is not None, "the child knows the same ways of access"
        return answer.parsed

    def page(self, fetched: Fetched) -> Page:
        """What a page of a list says."""
        if not self._is_large(fetched):
            read = LISTINGS[self._source.access.kind].page
            return read(
                fetched.content, source=self._source, url=fetched.url, fetched_at=self._now, charset=fetched.charset
            )
        answer = self._in_child(fetched)
        assert answer.page is not None, "the child knows the same ways of access"
        return answer.page

    def _is_large(self, fetched: Fetched) -> bool:
        leaflet = self._source.access.kind is AccessKind.PDF  # has a child of its own
        return self._apart and not leaflet and len(fetched.content) > SMALL

    def _in_child(self, fetched: Fetched) -> ParseAnswer:
        with tempfile.TemporaryDirectory(prefix="parse-") as folder:
            content, file, log = (Path(folder) / name for name in ("content", "answer.json", "log.txt"))
            content.write_bytes(fetched.content)
            kind = fetched.headers.get("content-type", "")
            job = ParseJob(self._source, str(content), fetched.url, self._now, kind, str(file))
            ended = run_child(_MODULE, JOB.dump_json(job), log, seconds=SECONDS, heartbeat=self._heartbeat)
            answer, said = _read(file), last_words(log)
        if answer is None:
            raise ReadError(self._source.name, fetched.url, *_why(ended, said))
        if answer.failed is not None:
            raise ReadError(*answer.failed)
        return answer


def _read(file: Path) -> ParseAnswer | None:
    """The child's answer; ``None`` where it died before or while it wrote."""
    try:
        return ANSWER.validate_json(file.read_bytes())
    except (FileNotFoundError, ValidationError):
        return None


def _why(ended: bool, said: str) -> tuple[str, str, str]:
    """Rule, what happened and remedy for a child without an answer. A signal leaves no last words, a bug does."""
    if ended and said and "memory" not in said.lower():
        return "feeds.broken", f"Beim Lesen trat ein Fehler im Programm auf ({said}).", "Bitte den Entwicklern melden."
    return (
        "feeds.too_costly",
        "Das Lesen wurde abgebrochen: Der Inhalt braucht zu viel Arbeitsspeicher oder Rechenzeit.",
        "Bitte die Betreiber um einen kleineren Auszug bitten, oder um Seiten.",
    )
