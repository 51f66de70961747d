"""Reading feeds over HTTP: conditional where possible, page by page where a feed has pages."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from harvesters.fetch.client import NO_VALIDATORS, Client, Fetched, Validators
from harvesters.formats.by_kind import PARSERS
from harvesters.formats.records import Origin, one_per_identity
from harvesters.parts import divided
from harvesters.problems import ReadError
from harvesters.reading import ReadOutcome, fingerprint_of, validators_of
from schemas.harvest import AccessKind, Issue, Record, RunResult, Source
from schemas.store.pages import Page

_FEEDS: Final = frozenset(
    (AccessKind.ICAL, AccessKind.CSV, AccessKind.JSON, AccessKind.RSS, AccessKind.GEOJSON, AccessKind.PDF)
)
"""Ways of access of feeds; the others need a crawl."""
_ACCEPT: Final = {
    AccessKind.ICAL: "text/calendar, */*;q=0.5",
    AccessKind.CSV: "text/csv, */*;q=0.5",
    AccessKind.JSON: "application/json, */*;q=0.5",
    AccessKind.RSS: "application/atom+xml, application/rss+xml, */*;q=0.5",
    AccessKind.GEOJSON: "application/geo+json, application/json;q=0.9, */*;q=0.5",
    AccessKind.PDF: "application/pdf, */*;q=0.5",
}


def is_feed(source: Source) -> bool:
    """Whether ``source`` is read here. Leaflets behind the links of a page need a crawl, as web pages do."""
    access = source.access
    return access.kind in _FEEDS and access.follow is None and access.sitemap is None


def read_feed(
    source: Source, client: Client, *, now: datetime, known: Mapping[str, Page] = MappingProxyType({})
) -> ReadOutcome:
    """Everything that a feed says. Where its pages are ``known``, it is asked whether one of them has changed.

    Raises ``ReadError`` where an address of ``access.start`` cannot be read at all; a later page that fails, or more
    pages than ``access.max_pages``, leave the reading incomplete.
    """
    pages = _Pages(source, client, now)
    if known and (unchanged := pages.unchanged(known)):
        return ReadOutcome(RunResult(complete=True, not_modified=True), unchanged)
    access = source.access
    for start in access.start:
        pages.read(start)
    records, doubled = one_per_identity(Origin(source, access.start[0], now, access.kind.value), pages.records)
    result = RunResult(records=divided(records), issues=(*pages.issues, *doubled), complete=pages.complete)
    return ReadOutcome(result, pages.to_remember() if pages.complete else {})


class _Pages:
    """One feed while it is read."""

    def __init__(self, source: Source, client: Client, now: datetime) -> None:
        self._source, self._client, self._now = source, client, now
        self._answers: dict[str, Fetched | ReadError] = {}
        self._visited: set[str] = set()
        self._read: list[tuple[Fetched, str | None]] = []
        self.records: list[Record] = []
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
        for start in self._source.access.start:
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
            self._visited.add(asked)
            following = self._take(answer)
            if following in self._visited:
                following = None
            self._read.append((answer, following))
            if following is None:
                return
            if urlsplit(following).netloc != urlsplit(answer.url).netloc:
                self._stop(following, "feeds.foreign_page", "Die nächste Seite liegt auf einem anderen Server.")
                return
            if len(self._visited) >= access.max_pages:
                self._stop(
                    following, "feeds.too_many_pages", f"Mehr als {access.max_pages} Seiten; hier wurde beendet."
                )
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

    def _take(self, fetched: Fetched) -> str | None:
        """Parse a page; the address of the next one. The first page must be readable, later ones may fail."""
        parse = PARSERS[self._source.access.kind]
        try:
            parsed = parse(
                fetched.content, source=self._source, url=fetched.url, fetched_at=self._now, charset=fetched.charset
            )
        except ReadError as error:
            if not self.records:
                raise
            self._fail(error)
            return None
        self.records.extend(parsed.records)
        self.issues.extend(parsed.issues)
        self.complete &= parsed.complete
        return parsed.next

    def _fail(self, error: ReadError) -> None:
        self.issues.append(error.issue())
        self.complete = False

    def _stop(self, address: str, rule: str, message: str) -> None:
        origin = Origin(self._source, address, self._now, "feeds")
        self.issues.append(
            origin.problem("run", rule, message=message, remedy="Bitte access.next und max_pages prüfen.")
        )
        self.complete = False
