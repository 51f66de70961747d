"""Reading feeds (``FEEDS``) over HTTP: conditional where possible, page by page where a feed has pages."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from harvesters.fetch.client import NO_VALIDATORS, Client, Fetched
from harvesters.formats.by_kind import PARSERS
from harvesters.formats.records import Origin, one_per_identity
from harvesters.parts import divided
from harvesters.problems import ReadError
from harvesters.reading import ReadOutcome, fingerprint_of, validators_of
from schemas.harvest import AccessKind, Issue, Record, RunResult, Source
from schemas.store.pages import Page

FEEDS: Final = frozenset(
    (AccessKind.ICAL, AccessKind.CSV, AccessKind.JSON, AccessKind.RSS, AccessKind.GEOJSON, AccessKind.PDF)
)
"""Ways of access that are read here; the others need a crawl."""
_ACCEPT: Final = {
    AccessKind.ICAL: "text/calendar, */*;q=0.5",
    AccessKind.CSV: "text/csv, */*;q=0.5",
    AccessKind.JSON: "application/json, */*;q=0.5",
    AccessKind.RSS: "application/atom+xml, application/rss+xml, */*;q=0.5",
    AccessKind.GEOJSON: "application/geo+json, application/json;q=0.9, */*;q=0.5",
    AccessKind.PDF: "application/pdf, */*;q=0.5",
}


def read_feed(
    source: Source, client: Client, *, now: datetime, known: Mapping[str, Page] = MappingProxyType({})
) -> ReadOutcome:
    """Everything that a feed says. A feed of a single page is asked whether it has changed where it is ``known``.

    Raises ``ReadError`` where an address of ``access.start`` cannot be read at all; a later page that fails, or more
    pages than ``access.max_pages``, leave the reading incomplete.
    """
    access = source.access
    conditional = len(access.start) == 1 and access.next is None
    validators = validators_of(known) if conditional else NO_VALIDATORS
    pages = _Pages(source, client, now)
    for start in access.start:
        fetched = client.get(start, source=source.name, accept=_ACCEPT[access.kind], validators=validators)
        if fetched.not_modified:
            return ReadOutcome(RunResult(complete=True, not_modified=True), {fetched.url: known[fetched.url]})
        pages.read(start, fetched)
    records, doubled = one_per_identity(Origin(source, access.start[0], now, access.kind.value), pages.records)
    given = fetched.validators if conditional and pages.alone and pages.complete else None
    kept: dict[str, Page] = {}
    if given is not None:
        page = Page(fetched.url, given.etag, given.last_modified, fingerprint_of(source), now, offers=None)
        kept[fetched.url] = page
    return ReadOutcome(
        RunResult(records=divided(records), issues=(*pages.issues, *doubled), complete=pages.complete), pages=kept
    )


class _Pages:
    """One feed while it is read."""

    def __init__(self, source: Source, client: Client, now: datetime) -> None:
        self._source, self._client, self._now = source, client, now
        self._visited: set[str] = set()
        self.records: list[Record] = []
        self.issues: list[Issue] = []
        self.complete = True

    @property
    def alone(self) -> bool:
        """Whether the feed has no further page: "not modified" of the first says nothing of a second (RFC 5005)."""
        return len(self._visited) == 1

    def read(self, start: str, fetched: Fetched) -> None:
        """Take in ``fetched``, and follow its pages until there is none, one fails or there are too many."""
        access = self._source.access
        asked = start
        while True:
            self._visited.add(asked)
            following = self._take(fetched)
            if following is None or following in self._visited:
                return
            if urlsplit(following).netloc != urlsplit(fetched.url).netloc:
                self._stop(following, "feeds.foreign_page", "Die nächste Seite liegt auf einem anderen Server.")
                return
            if len(self._visited) >= access.max_pages:
                self._stop(
                    following, "feeds.too_many_pages", f"Mehr als {access.max_pages} Seiten; hier wurde beendet."
                )
                return
            asked = following
            try:
                fetched = self._client.get(asked, source=self._source.name, accept=_ACCEPT[access.kind])
            except ReadError as error:
                self._fail(error)
                return

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
