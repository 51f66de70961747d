"""``kitalotse bench harvest``: a whole run over HTTP from loopback, the first time and again with nothing changed.

``rate`` is offers per second of the first crawl of a site with a page for each offer: fetch, parse, understand, gate,
store, publish; without the pace of a second per request that other people's servers are given. ``runs`` has the crawl
and a feed of the same offers, each for the first time and unchanged (304). The baseline reads the same pages one after
the other over one kept connection, without conditions, and keeps their headings; it understands and stores nothing.
"""

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from multiprocessing.connection import Connection
from threading import Event
from time import perf_counter
from typing import Any, Final

import httpx
import lxml.html

from harvesters.fetch.client import FetchSettings
from harvesters.run import harvest
from schemas.db import Database
from schemas.harvest import Access, HarvestRun, RunStatus, Source
from schemas.migrate import upgrade
from tests.bench.corpus import NOW, record
from tests.bench.measure import PeakMemory, machine, working_folder

ON_LISTING: Final = 50
"""Links on one listing page."""
HANGING: Final = "/haengt"
"""Path that is not answered until somebody asks for ``RELEASE``."""
RELEASE: Final = "/weiter"
_FIELDS: Final = ("text", "ages", "price", "duration", "group_size", "place")
_SETTINGS: Final = FetchSettings(contact="bench@kitalotse.example", allow_loopback=True, pace_s=0)


def run(*, offers: int = 1_000, kitas: int = 0) -> dict[str, Any]:
    """Measure with ``offers`` offers; ``kitas`` has no part in it."""
    listings = -(-offers // ON_LISTING)
    with served(offers) as base, working_folder() as folder, PeakMemory() as peak:
        plain = [_plain(base, offers, listings) for _ in range(2)]
        database = Database(f"sqlite:///{folder / 'bench.sqlite'}")
        upgrade(database)
        runs: dict[str, dict[str, float]] = {}
        for source, pages in (
            (site_source(base, offers), offers + listings),
            (feed_source(f"{base}/angebote.json"), 1),
        ):
            for moment in ("first", "unchanged"):
                name = f"{source.title}, {moment}"
                runs[name] = _measured(database, source, offers, pages, first=moment == "first")
        database.dispose()
    return {
        "bench": "harvest",
        "sizes": {"offers": offers, "pages": offers + listings},
        "seconds": round(sum(found["seconds"] for found in runs.values()), 3),
        "rate": runs["pages, first"]["offers_per_s"],
        "runs": runs,
        "peak_rss_mb": round(peak.mb, 1),
        "machine": machine(),
        "baseline": {
            "name": "GET after GET without conditions over one connection, keep the heading; stores nothing",
            "seconds": round(sum(plain), 3),
            "runs": {
                name: {"seconds": round(taken, 3), "pages_per_s": round((offers + listings) / taken, 1)}
                for name, taken in zip(("first", "unchanged"), plain, strict=True)
            },
        },
    }


def _measured(database: Database, source: Source, offers: int, pages: int, *, first: bool) -> dict[str, float]:
    """One run; raises ``AssertionError`` where it did not do what is measured."""
    begun, processor = perf_counter(), _processor()
    ended = harvest(database, source, settings=_SETTINGS, now=NOW)
    seconds, processor = perf_counter() - begun, _processor() - processor
    _check(ended, offers, first=first)
    return {
        "seconds": round(seconds, 3),
        "processor_seconds": round(processor, 3),
        "offers_per_s": round(offers / seconds, 1),
        "pages_per_s": round(pages / seconds, 1),
    }


def _check(ended: HarvestRun, offers: int, *, first: bool) -> None:
    wanted = (RunStatus.COMPLETE, offers, 0) if first else (RunStatus.UNCHANGED, 0, offers)
    if (ended.status, ended.new, ended.unchanged) != wanted:
        raise AssertionError(f"{ended.source}: {ended.status}, {ended.message}")


def _processor() -> float:
    """Seconds of the processor that this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _plain(base: str, offers: int, listings: int) -> float:
    begun = perf_counter()
    with httpx.Client(trust_env=False) as client:
        for page in range(listings):
            client.get(f"{base}/kita?seite={page}").raise_for_status()
        titles = [
            lxml.html.fromstring(client.get(f"{base}/angebot/{number}").raise_for_status().text).findtext(".//h1")
            for number in range(offers)
        ]
    taken = perf_counter() - begun
    if len(set(titles)) != offers:
        raise AssertionError("the pages of the baseline are not what they should be")
    return taken


# -- the site ---------------------------------------------------------------------------------------------------------


def site_source(base: str, offers: int) -> Source:
    """A site with a page for each offer."""
    fields = {"title": "h1"} | {name: f".{name}" for name in _FIELDS}
    access = {
        "kind": "html",
        "start": (f"{base}/kita?seite=0",),
        "follow": "a.angebot",
        "next": "a.weiter",
        "fields": fields,
        "max_pages": 10_000,
    }
    return _source("pages", access)


def feed_source(address: str) -> Source:
    """A feed of all offers."""
    fields = {"title": "title"} | {name: name for name in _FIELDS}
    return _source("feed", {"kind": "json", "start": (address,), "key": "id", "fields": fields})


def _source(title: str, access: dict[str, Any]) -> Source:
    return Source(
        name=f"bench_{title}",
        title=title,
        provider="Beispielhaus",
        region="13075",
        trust="publish",
        access=Access.model_validate(access),
        example=True,
    )


@contextmanager
def served(offers: int, *, address: str = "127.0.0.1") -> Iterator[str]:
    """The address of a server with ``offers`` pages, in a process of its own, until the block ends.

    It listens at ``address``; "0.0.0.0" has a host for each source of a bench, 127.0.0.1, 127.0.0.2 ….
    """
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(offers, address, theirs), daemon=True)
    process.start()
    theirs.close()  # so that a server that does not start is an end of file, not a wait without end
    try:
        yield f"http://127.0.0.1:{ours.recv()}"
    finally:
        process.terminate()
        process.join()


def _serve(offers: int, address: str, told: Connection) -> None:
    pages = _pages(offers)
    released = Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # or a kept connection waits 40 ms for each answer
        wbufsize = -1

        def do_GET(self) -> None:
            if self.path == HANGING:
                released.wait()
            elif self.path == RELEASE:
                released.set()
            body = pages.get(self.path)
            tag = f'"{len(body or b"")}"'
            status = 404 if body is None else 304 if self.headers.get("If-None-Match") == tag else 200
            content = body if body is not None and status == 200 else b""
            self.send_response(status)
            self.send_header("ETag", tag)
            self.send_header("Content-Type", "application/json" if "json" in self.path else "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((address, 0), Handler)
    server.daemon_threads = True
    told.send(server.server_port)
    server.serve_forever()


def _pages(offers: int) -> dict[str, bytes]:
    rows = []
    pages = {}
    for number in range(offers):
        said = record(number)
        row = {"id": number, "title": said.title, "text": said.text} | said.words
        words = "".join(f'<p class="{name}">{row[name]}</p>' for name in _FIELDS)
        menu = "".join(f'<li><a href="/seite/{n}">Seite {n}</a></li>' for n in range(60))
        page = f"<!doctype html><html><nav><ul>{menu}</ul></nav><main><h1>{said.title}</h1>{words}</main></html>"
        pages[f"/angebot/{number}"] = page.encode()
        rows.append(row)
    for start in range(0, offers, ON_LISTING):
        links = "".join(
            f'<a class="angebot" href="/angebot/{number}">x</a>'
            for number in range(start, min(start + ON_LISTING, offers))
        )
        page = start // ON_LISTING
        more = f'<a class="weiter" href="/kita?seite={page + 1}">weiter</a>' if start + ON_LISTING < offers else ""
        pages[f"/kita?seite={page}"] = f"<!doctype html><html><main>{links}{more}</main></html>".encode()
    pages["/angebote.json"] = json.dumps(rows, ensure_ascii=False).encode()
    return pages
