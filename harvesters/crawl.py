"""The Scrapy half, in a process of its own: ``python -m harvesters.crawl`` reads a job and writes Records into a spool.

The job comes as one JSON document on standard input (``Job``); the spool holds one JSON object a line: ``record`` with
the ``order`` of its page, ``page`` that was read whole and may be asked conditionally the next time, ``unchanged``
page, ``issue``, ``gone``, ``failed``, and at last ``end``. A spool without ``end`` is incomplete, whatever happened.
"""

import json
import os
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler, CrawlerProcess
from scrapy.http import Response
from twisted.python.failure import Failure

from harvesters.child import end_without, limit_self
from harvesters.crawl_job import JOB
from harvesters.fetch.client import Client
from harvesters.fetch.ledger import Ledger, MemoryLedger
from harvesters.formats import sitemap
from harvesters.formats.html_selectors import links
from harvesters.formats.page_kinds import PAGE_PARSERS
from harvesters.formats.pages import is_cut_off, site_of
from harvesters.formats.records import Origin
from harvesters.ledger import DatabaseLedger
from harvesters.problems import ReadError
from harvesters.reading import validators_of
from schemas.db import Database
from schemas.harvest import AccessKind, Issue, Source
from schemas.store.pages import Page

SCRAPY: Final[dict[str, Any]] = {
    # The only way to the network is our client; every other scheme is off.
    "DOWNLOAD_HANDLERS": {
        "http": "harvesters.fetch.scrapy_handler.GateHandler",
        "https": "harvesters.fetch.scrapy_handler.GateHandler",
        "data": None,
        "file": None,
        "ftp": None,
        "s3": None,
    },
    # The client does these, for feeds and crawls alike.
    "ROBOTSTXT_OBEY": False,
    "REDIRECT_ENABLED": False,
    "RETRY_ENABLED": False,
    "COMPRESSION_ENABLED": False,
    "DOWNLOAD_DELAY": 0,
    "CONCURRENT_REQUESTS": 4,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 2,
    # Nothing is remembered about us, nothing listens.
    "COOKIES_ENABLED": False,
    "REFERER_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "LOG_LEVEL": "WARNING",
    "STATS_DUMP": False,
}
_NOTHING_TO_READ: Final = frozenset(("fetch.not_found", "fetch.gone", "fetch.excluded"))
_MAX_SITEMAPS: Final = 100
_MAX_NESTED: Final = 3
"""A robots.txt, an index and its sitemaps; an index of indexes is not foreseen by the protocol, but read."""

Order = tuple[int, int, int]
"""Where a page stands in the site: start page, listing page, link; none of two pages is the same."""
Links = tuple[tuple[str, ...], str | None]
"""Where a listing leads: to pages of offers, and to the next listing."""


class OfferSpider(Spider):
    """Listing pages or sitemaps → links → detail pages; without them the start pages are read themselves."""

    name = "offers"
    handle_httpstatus_list: Final = (304,)

    def __init__(self, source: Source, client: Client, spool: Path, now: datetime, pages: Sequence[Page] = ()) -> None:
        super().__init__()
        self.source = source
        self.client = client
        self._now = now
        self._spool = spool.open("w", encoding="utf-8")
        self._hosts = {site_of(start) for start in source.access.start}
        # An address may be a listing and an offer's page at once; what is remembered of one says nothing of the other.
        self._known = {role: {page.url: page for page in pages if page.listing is role} for role in (True, False)}
        self._validators = {role: validators_of(known) for role, known in self._known.items()}
        self._pages = 0
        self._sitemaps: set[str] = set()
        self._leads_on = False
        self._complete = True

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> "OfferSpider":
        """Scrapy's constructor; an error in a callback must not pass for a complete crawl."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        crawler.signals.connect(spider.broken, signal=signals.spider_error)
        return spider

    async def start(self) -> AsyncIterator[Request]:
        """The first requests."""
        for number, address in enumerate(self.source.access.start):
            self._pages += 1
            self._sitemaps.add(address)
            yield Request(
                address,
                callback=self.listing if self.source.access.sitemap is None else self.site_map,
                errback=self.unreadable_start,
                cb_kwargs={"order": (number, 0, 0)},
                meta={"validators": self._validators[True]},
                dont_filter=True,
            )

    def listing(self, response: Response, order: Order) -> Iterator[Request]:
        """A start page or a further listing page; of one that has not changed the links are known."""
        self._must_be_here(response, order)
        links_on, following = self._unchanged(response, order, listing=True) or self._listed(response, order)
        for number, address in enumerate(links_on, start=1):
            yield from self._request(address, self.detail, self.unreadable_offer, (order[0], order[1], number))
        if following is not None:
            yield from self._request(following, self.listing, self.unreadable_listing, (order[0], order[1] + 1, 0))

    def site_map(self, response: Response, order: Order, above: tuple[str, ...] = ()) -> Iterator[Request]:
        """A sitemap, an index of sitemaps or a robots.txt; ``above`` are those that led to it.

        What leads to further sitemaps is small, and never asked conditionally.
        """
        self._must_be_here(response, order)
        further: tuple[str, ...] = ()
        if (known := self._unchanged(response, order, listing=True)) is not None:
            pages = known[0]
        else:
            found = sitemap.parse(response.body, source=self.source, url=response.url, fetched_at=self._now)
            pages, further = found.pages, found.sitemaps
            self._tell(found.issues)
            self._complete &= found.complete
            if not further and not found.issues:
                self._remember(response, order, listing=True, found=pages)
        self._leads_on |= bool(pages)
        for number, address in enumerate(pages, start=1):
            yield from self._request(address, self.detail, self.unreadable_offer, (order[0], order[1], number))
        yield from self._further(further, response, order, above)

    def _further(
        self, addresses: tuple[str, ...], response: Response, order: Order, above: tuple[str, ...]
    ) -> Iterator[Request]:
        """Requests for the sitemaps that an index names, each once, unless they bite their tail or have no end."""
        line = (*above, response.request.url)  # type: ignore[union-attr]
        trouble: tuple[str, str] | None = None
        for address in addresses:
            if address in line:
                trouble = ("sitemap.loop", "Eine Sitemap verweist über andere auf sich selbst.")
            elif len(line) > _MAX_NESTED:
                trouble = ("sitemap.nested", f"Mehr als {_MAX_NESTED} Sitemaps verweisen eine auf die andere.")
            elif len(self._sitemaps) >= _MAX_SITEMAPS and address not in self._sitemaps:
                trouble = ("sitemap.too_many_sitemaps", f"Mehr als {_MAX_SITEMAPS} Sitemaps.")
            elif address not in self._sitemaps:
                self._sitemaps.add(address)
                place = (order[0], len(self._sitemaps), 0)
                yield from self._request(address, self.site_map, self.unreadable_listing, place, above=line)
        if trouble is not None:
            rule, happened = trouble
            remedy = "Bitte in access.start die Sitemap eintragen, in der die Angebote stehen."
            self._note(response.url, rule, f"{happened} Dort wurde nicht weitergelesen.", remedy)
            self._complete = False

    def _must_be_here(self, response: Response, order: Order) -> None:
        """Raises ``ReadError`` for a listing that leads to another server: that of whoever bought the name, perhaps."""
        if site_of(response.url) not in self._hosts:
            raise ReadError(
                self.source.name,
                self.source.access.start[order[0]],
                "crawl.moved",
                f"Die Adresse leitet auf einen anderen Server weiter ({response.url[:200]}).",
                "Bitte prüfen, ob die Seite umgezogen ist, und die neue Adresse in access.start eintragen.",
            )

    def detail(self, response: Response, order: Order) -> None:
        """A page with offers; where a link leads back to the listing or to the front page, it has none of its own."""
        if site_of(response.url) not in self._hosts:
            self._note_elsewhere(response, "einen anderen Server")
            self._complete = False
        elif response.url != response.request.url and (  # type: ignore[union-attr]
            response.url in self.source.access.start or urlsplit(response.url).path in ("", "/")
        ):
            self._note_elsewhere(response, "die Start- oder Übersichtsseite")
        elif self._unchanged(response, order, listing=False) is None and self._offers(response, order):
            self._remember(response, order, listing=False)

    def _listed(self, response: Response, order: Order) -> Links:
        """What a listing leads to; where it was read whole, it is remembered."""
        access = self.source.access
        found: tuple[str, ...] = ()
        if access.follow is None:
            whole = self._offers(response, order)
        else:
            found = links(response.body, access.follow, source=self.source, url=response.url)
            whole = self._is_whole(response, found)
        following = None
        if access.next is not None:
            following = next(iter(links(response.body, access.next, source=self.source, url=response.url)), None)
        if whole:
            self._remember(response, order, listing=True, found=found, following=following)
        return found, following

    def _is_whole(self, response: Response, found: tuple[str, ...]) -> bool:
        """Whether a listing with the links ``found`` is what it should be; if not, the crawl is incomplete."""
        cut = is_cut_off(response.body)
        if cut:
            self._note(
                response.url,
                "page.cut_off",
                "Die Übersichtsseite bricht mittendrin ab; was danach käme, wurde nicht gelesen.",
                "Es wird beim nächsten Abruf wieder versucht; bleibt es dabei, bitte die Betreiber ansprechen.",
            )
        if not found:
            self._note(
                response.url,
                "crawl.no_links",
                "Auf der Übersichtsseite wurde kein Link zu einem Angebot gefunden.",
                "Bitte access.follow prüfen: Hat sich die Seite geändert?",
            )
        self._complete &= bool(found) and not cut
        return bool(found) and not cut

    def _offers(self, response: Response, order: Order) -> bool:
        """Spool the offers on a page; whether it gave some and nothing to complain about."""
        kind = self.source.access.kind
        try:
            parsed = PAGE_PARSERS[kind](
                response.body, source=self.source, url=response.url, fetched_at=self._now, charset=_charset(response)
            )
        except ReadError as error:
            if kind is not AccessKind.PDF:  # a selector that is no CSS is one on every page
                raise
            self._tell([error.issue()])
            self._complete = False
            return False
        for record in parsed.records:
            self._write({"record": record.model_dump(mode="json"), "order": order})
        self._tell(parsed.issues)
        self._complete &= parsed.complete
        return parsed.complete and bool(parsed.records) and not parsed.issues

    def _unchanged(self, response: Response, order: Order, *, listing: bool) -> Links | None:
        """Of a page that has not changed, what it leads to; else ``None``."""
        if response.status != 304:
            return None
        page = self._known[listing][response.url]
        self._write({"unchanged": page.url, "order": order})
        return page.links, page.next

    def _remember(
        self,
        response: Response,
        order: Order,
        *,
        listing: bool,
        found: tuple[str, ...] = (),
        following: str | None = None,
    ) -> None:
        etag, modified = (response.headers.get(name) for name in ("ETag", "Last-Modified"))
        if etag or modified:
            page = {
                "url": response.url,
                "etag": etag and etag.decode(),
                "last_modified": modified and modified.decode(),
                "listing": listing,
                "links": found,
                "next": following,
            }
            self._write({"page": page, "order": order})

    def unreadable_start(self, failure: Failure) -> None:
        """A start page that cannot be read fails the source."""
        if isinstance(failure.value, ReadError):
            error = failure.value
            self._write({"failed": [error.source, error.address, error.rule, error.happened, error.remedy]})
        self._complete = False

    def unreadable_offer(self, failure: Failure) -> None:
        """The page of an offer: where the site says that it is gone for good, so is the offer."""
        if isinstance(failure.value, ReadError) and failure.value.rule == "fetch.gone":
            self._write({"gone": failure.value.address})
        self.unreadable(failure)

    def unreadable_listing(self, failure: Failure) -> None:
        """A further listing or sitemap: nobody knows what it would have led to, also where it does not exist."""
        self.unreadable(failure)
        if not isinstance(failure.value, ReadError) or failure.value.rule != "fetch.excluded":
            self._complete = False

    def unreadable(self, failure: Failure) -> None:
        """A page within: one that does not exist, or whose provider does not want it, is nothing to read; anything else
        leaves the crawl incomplete."""
        if isinstance(failure.value, ReadError):
            self._write({"issue": failure.value.issue().model_dump(mode="json")})
            self._complete &= failure.value.rule in _NOTHING_TO_READ
        else:
            self._complete = False

    def broken(self, failure: Failure, response: Response) -> None:
        """A callback raised."""
        if isinstance(failure.value, ReadError):
            error = failure.value
            self._write({"failed": [error.source, error.address, error.rule, error.happened, error.remedy]})
        else:
            self._note(
                response.url,
                "crawl.broken",
                f"Beim Lesen der Seite trat ein Fehler auf ({type(failure.value).__name__}).",
                "Bitte den Entwicklern melden.",
            )
        self._complete = False

    def closed(self, reason: str) -> None:
        """The end marker, and whether it is a good end."""
        if self.source.access.sitemap is not None and self._complete and not self._leads_on:
            self._note(
                self.source.access.start[0],
                "sitemap.no_match",
                "In der Sitemap steht keine Adresse, auf die access.sitemap passt.",
                "Bitte access.sitemap prüfen: Heißen die Seiten mit den Angeboten jetzt anders?",
            )
            self._complete = False
        self._write({"end": {"complete": self._complete and reason == "finished", "pages": self._pages}})
        self._spool.close()

    def _request(
        self, address: str, callback: Any, errback: Callable[[Failure], None], order: Order, **given: Any
    ) -> Iterator[Request]:
        access = self.source.access
        if site_of(address) not in self._hosts:
            self._note(
                address,
                "crawl.foreign_link",
                "Ein Link führt zu einem anderen Server und wurde nicht gelesen.",
                "Bitte für diesen Server eine eigene Quelle anlegen.",
            )
            return
        if self._pages >= access.max_pages:
            if self._pages == access.max_pages:
                self._note(
                    address,
                    "crawl.too_many_pages",
                    f"Mehr als {access.max_pages} Seiten; der Rest wurde nicht gelesen.",
                    "Bitte access.max_pages erhöhen oder access.follow enger fassen.",
                )
                self._pages += 1
            self._complete = False
            return
        self._pages += 1
        meta = {"validators": self._validators[callback != self.detail]}
        yield Request(address, callback=callback, errback=errback, cb_kwargs={"order": order, **given}, meta=meta)

    def _note_elsewhere(self, response: Response, where: str) -> None:
        self._note(
            response.request.url,  # type: ignore[union-attr]
            "crawl.led_elsewhere",
            f"Der Link führt auf {where} statt zu einem Angebot und wurde nicht gelesen.",
            "Gibt es das Angebot noch? Sonst ist nichts zu tun.",
        )

    def _note(self, address: str, rule: str, message: str, remedy: str) -> None:
        self._tell(
            [Origin(self.source, address, self._now, "crawl").problem("run", rule, message=message, remedy=remedy)]
        )

    def _tell(self, issues: Iterable[Issue]) -> None:
        for issue in issues:
            self._write({"issue": issue.model_dump(mode="json")})

    def _write(self, line: dict[str, Any]) -> None:
        self._spool.write(json.dumps(line, ensure_ascii=False) + "\n")


def _charset(response: Response) -> str | None:
    header = (response.headers.get("Content-Type") or b"").decode("latin-1")
    _, found, charset = header.partition("charset=")
    return charset.split(";")[0].strip().strip("\"'") if found else None


def main() -> None:
    """Do the job on standard input within its limits."""
    parent = os.getppid()
    job = JOB.validate_json(sys.stdin.buffer.read())
    end_without(parent, Path(job.spool))
    limit_self(memory_bytes=job.max_memory_bytes, cpu_seconds=job.max_seconds, file_bytes=job.max_spool_bytes)
    ledger: Ledger = DatabaseLedger(Database(job.database)) if job.database else MemoryLedger()
    client = Client(job.settings, ledger)
    process = CrawlerProcess({**SCRAPY, "CLOSESPIDER_TIMEOUT": job.max_seconds}, install_root_handler=True)
    process.crawl(OfferSpider, source=job.source, client=client, spool=Path(job.spool), now=job.now, pages=job.pages)
    process.start(install_signal_handlers=False)


if __name__ == "__main__":
    main()
