"""Reading feeds over HTTP: conditional where possible, page by page where a feed has pages."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from harvesters.catalogues import current
from harvesters.crawl_job import CRAWL_SECONDS
from harvesters.fetch.client import NO_VALIDATORS, Client, Fetched, Validators
from harvesters.formats.by_kind import CATALOGUES, LISTINGS
from harvesters.formats.listing import MAX_BYTES, MAX_ITEMS, Item
from harvesters.formats.records import Origin, Parsed, finish
from harvesters.parse_apart import Reader
from harvesters.parts import divided
from harvesters.problems import ReadError
from harvesters.reading import ReadOutcome, fingerprint_of, validators_of
from schemas.harvest import AccessKind, Issue, Record, RunResult, Source
from schemas.store.pages import Page

_FEEDS: Final = frozenset(
    (AccessKind.ICAL, AccessKind.CSV, AccessKind.JSON, AccessKind.RSS, AccessKind.GEOJSON, AccessKind.PDF)
).union(LISTINGS, CATALOGUES)
"""Ways of access of feeds; the others need a crawl."""
_ACCEPT: Final = {
    AccessKind.ICAL: "text/calendar, */*;q=0.5",
    AccessKind.CSV: "text/csv, */*;q=0.5",
    AccessKind.JSON: "application/json, */*;q=0.5",
    AccessKind.RSS: "application/atom+xml, application/rss+xml, */*;q=0.5",
    AccessKind.GEOJSON: "application/geo+json, application/json;q=0.9, */*;q=0.5",
    AccessKind.PDF: "application/pdf, */*;q=0.5",
    AccessKind.OAI: "text/xml, application/xml;q=0.9, */*;q=0.5",
    AccessKind.RPDE: "application/vnd.openactive.rpde+json; version=1, application/json;q=0.9, */*;q=0.5",
    AccessKind.LINKED_EVENTS: "application/json, */*;q=0.5",
    AccessKind.KULTURDATEN: "application/json, */*;q=0.5",
    AccessKind.CKAN: "*/*",
    AccessKind.DCAT: "*/*",
}
_BEAT_SECONDS: Final = 60.0
_TELL: Final = "Es wird beim nächsten Abruf wieder versucht; bleibt es dabei, bitte die Betreiber darauf hinweisen."


def is_feed(source: Source) -> bool:
    """Whether ``source`` is read here. Leaflets behind the links of a page need a crawl, as web pages do."""
    access = source.access
    return access.kind in _FEEDS and access.follow is None and access.sitemap is None


def read_feed(
    source: Source,
    client: Client,
    *,
    now: datetime,
    known: Mapping[str, Page] = MappingProxyType({}),
    max_seconds: float = CRAWL_SECONDS,
    beat_seconds: float = _BEAT_SECONDS,
    heartbeat: Callable[[], None] = lambda: None,
    apart: bool = True,
) -> ReadOutcome:
    """Everything that a feed says. Where its pages are ``known``, it is asked whether one of them has changed.

    Of a dataset (``CATALOGUES``) it is the file that its portal names today; the portal itself is asked anew each time.
    Large pages are read ``apart``, in a child, unless this process is one with limits of its own. ``heartbeat`` is
    called between pages, every ``beat_seconds``, and while a child works. Raises ``ReadError`` where an address of
    ``access.start`` cannot be read at all; a later page that fails, more pages than ``access.max_pages``, or more than
    ``max_seconds`` leave the reading incomplete.
    """
    pages = _kind_of(source)(
        source,
        client,
        now,
        _Pulse(max_seconds, beat_seconds, heartbeat),
        Reader(source, now, apart=apart, heartbeat=heartbeat),
    )
    if known and (unchanged := pages.unchanged(known)):
        result = RunResult(issues=tuple(pages.issues), complete=True, not_modified=True)
        return ReadOutcome(result, unchanged)
    for start in pages.starts:
        pages.read(start)
    parsed = pages.parsed()
    complete = pages.complete and parsed.complete
    result = RunResult(
        records=divided(parsed.records),
        issues=(*pages.issues, *parsed.issues),
        complete=complete,
        deleted=parsed.deleted,
    )
    return ReadOutcome(result, pages.to_remember() if complete else {})


class _Pulse:
    """Says from time to time that a reading goes on, and when it has lasted too long."""

    def __init__(self, longest: float, every: float, heartbeat: Callable[[], None]) -> None:
        self._every, self._heartbeat = every, heartbeat
        self._last = time.monotonic()
        self._end = self._last + longest

    def beat(self) -> bool:
        """Whether there is time left."""
        moment = time.monotonic()
        if moment - self._last >= self._every:
            self._last = moment
            self._heartbeat()
        return moment < self._end


class _Pages(ABC):
    """One feed while it is read."""

    def __init__(self, source: Source, client: Client, now: datetime, pulse: _Pulse, reader: Reader) -> None:
        self._source, self._client, self._now, self._pulse, self._reader = source, client, now, pulse, reader
        self.starts = source.access.start
        self._answers: dict[str, Fetched | ReadError] = {}
        self._visited: set[str] = set()
        self._read: list[tuple[Fetched, str | None]] = []
        self._bytes = 0
        self.issues: list[Issue] = []
        self.complete = True

    def unchanged(self, known: Mapping[str, Page]) -> dict[str, Page]:
        """All pages of the feed, where every one of them is ``known`` and has not changed; else nothing.

        One that has changed leaves nothing to be said of the others. Many servers take ``Last-Modified`` from the
        newest entry of a page; an entry that moves to another page because one was deleted may change neither, and
        would be on none of them.
        """
        validators = validators_of(known)
        found: dict[str, Page] = {}
        for start in self.starts:
            asked: str | None = start
            while asked is not None:
                answer = self._answers[asked] = self._ask(asked, validators)
                if isinstance(answer, ReadError) or not answer.not_modified:
                    return {}
                del self._answers[asked]
                if answer.url in found:
                    return {}
                found[answer.url] = known[answer.url]
                asked = known[answer.url].next
                self._pulse.beat()
        return found

    def read(self, start: str) -> None:
        """Take in the page at ``start``, and follow its pages until there is none, one fails or there are too many."""
        access = self._source.access
        asked = start
        while True:
            answer = self._answers.pop(asked, None) or self._ask(asked)
            if isinstance(answer, ReadError):
                if asked == start:
                    raise answer
                self._fail(answer)
                return
            first = not self._visited
            self._visited.add(asked)
            try:
                following = self._take(answer, asked)
            except ReadError as error:
                if first:
                    raise
                self._fail(error)
                return
            self._read.append((answer, following))
            if following is None:
                return
            if urlsplit(following).netloc != urlsplit(answer.url).netloc:
                self._stop(following, "feeds.foreign_page", "Die nächste Seite liegt auf einem anderen Server.")
                return
            if self._count() > MAX_ITEMS or self._bytes > MAX_BYTES:
                told = f"Mehr als {MAX_ITEMS} Einträge oder {MAX_BYTES // 1_000_000} MB; hier wurde beendet."
                self._stop(following, "feeds.too_many", told, "Bitte einen Auszug lesen (access.start).")
                return
            if len(self._visited) >= access.max_pages:
                self._stop(
                    following, "feeds.too_many_pages", f"Mehr als {access.max_pages} Seiten; hier wurde beendet."
                )
                return
            if not self._pulse.beat():
                self._stop(following, "feeds.too_slow", "Das Lesen dauerte zu lange; hier wurde beendet.", _TELL)
                return
            asked = following

    def to_remember(self) -> dict[str, Page]:
        """Its pages, where all of them may be asked whether they have changed."""
        reading = fingerprint_of(self._source)
        kept: dict[str, Page] = {}
        for page, following in self._read:
            given = page.validators
            if given is None or page.url in kept:
                return {}
            kept[page.url] = Page(
                page.url, given.etag, given.last_modified, reading, self._now, next=following, offers=None
            )
        return kept

    def _ask(self, address: str, validators: Mapping[str, Validators] = NO_VALIDATORS) -> Fetched | ReadError:
        accept = _ACCEPT[self._source.access.kind]
        try:
            return self._client.get(address, source=self._source.name, accept=accept, validators=validators)
        except ReadError as error:
            return error

    @abstractmethod
    def _take(self, fetched: Fetched, asked: str) -> str | None:
        """Take in one page; the address of the next one. Raises ``ReadError`` where the page cannot be read."""

    @abstractmethod
    def _count(self) -> int:
        """How many entries were taken in."""

    @abstractmethod
    def parsed(self) -> Parsed:
        """What all pages held."""

    def _fail(self, error: ReadError) -> None:
        self.issues.append(error.issue())
        self.complete = False

    def _stop(
        self, address: str, rule: str, message: str, remedy: str = "Bitte access.next und max_pages prüfen."
    ) -> None:
        origin = Origin(self._source, address, self._now, "feeds")
        self.issues.append(origin.problem("run", rule, message=message, remedy=remedy))
        self.complete = False


class _Feed(_Pages):
    """A feed whose pages stand on their own."""

    def __init__(self, source: Source, client: Client, now: datetime, pulse: _Pulse, reader: Reader) -> None:
        super().__init__(source, client, now, pulse, reader)
        self._records: list[Record] = []

    def _take(self, fetched: Fetched, asked: str) -> str | None:
        parsed = self._reader.parsed(fetched)
        self._bytes += len(fetched.content)
        self._records.extend(parsed.records)
        self.issues.extend(parsed.issues)
        self.complete &= parsed.complete
        return None if parsed.next in self._visited else parsed.next

    def _count(self) -> int:
        return len(self._records)

    def parsed(self) -> Parsed:
        access = self._source.access
        origin = Origin(self._source, access.start[0], self._now, access.kind.value)
        return finish(origin, self._records, ())


class _Dataset(_Feed):
    """The file that a dataset of an open-data portal offers today."""

    def __init__(self, source: Source, client: Client, now: datetime, pulse: _Pulse, reader: Reader) -> None:
        super().__init__(source, client, now, pulse, reader)
        self._current = current(source, client, now, pulse.beat)
        self.starts = (self._current.file.url,)
        self.issues.extend(self._current.issues)

    def _ask(self, address: str, validators: Mapping[str, Validators] = NO_VALIDATORS) -> Fetched | ReadError:
        answer = super()._ask(address, validators)
        return self._current.trouble(answer) if isinstance(answer, ReadError) else answer


class _List(_Pages):
    """A list of entries that come again or refer to each other, over pages and over addresses of ``access.start``."""

    def __init__(self, source: Source, client: Client, now: datetime, pulse: _Pulse, reader: Reader) -> None:
        super().__init__(source, client, now, pulse, reader)
        self._listing = LISTINGS[source.access.kind]
        self._items: list[Item] = []
        self._said: set[tuple[str, str]] = set()
        self._shown = self._total = 0

    def read(self, start: str) -> None:
        self._shown = self._total = 0
        super().read(start)
        if self._shown < self._total and self.complete:
            told = f"Die Liste nennt {self._total} Einträge, zeigt aber nur {self._shown}."
            self._stop(start, "feeds.fewer", told, _TELL)

    def _take(self, fetched: Fetched, asked: str) -> str | None:
        page = self._reader.page(fetched)
        for issue in page.issues:  # what is wrong with one page is mostly wrong with all
            if (issue.rule, issue.wording) not in self._said:
                self._said.add((issue.rule, issue.wording))
                self.issues.append(issue)
        self.complete &= page.complete
        self._total = self._total or page.total or 0
        self._shown += page.shown
        self._items.extend(page.items)
        self._bytes += sum(len(item.content or b"") for item in page.items)
        if page.next is None or (page.may_be_next and page.next in (asked, fetched.url)):
            return None
        if page.next in self._visited or page.next == fetched.url:
            self._stop(page.next, "feeds.loop", "Die Seiten führen im Kreis; hier wurde beendet.", _TELL)
            return None
        return page.next

    def _count(self) -> int:
        return len(self._items)

    def parsed(self) -> Parsed:
        return self._listing.records(
            self._items, Origin(self._source, self._source.access.start[0], self._now, self._listing.format)
        )


def _kind_of(source: Source) -> type[_Feed | _List]:
    if source.access.kind in CATALOGUES:
        return _Dataset
    return _List if source.access.kind in LISTINGS else _Feed
