"""The example providers as running web sites: one small HTTP server per site on a free port of 127.0.0.1."""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, Final, Literal, Self
from urllib.parse import parse_qs, unquote, urlsplit

from webapp.demo.providers import content, feeds, leaflet, pages
from webapp.demo.providers.content import SITES, SiteContent

Fault = Literal["empty", "maintenance", "truncated", "down", "wrong_encoding"]
"""How a site can be broken: no bytes with status 200; an HTML page with status 200 whatever was asked for; the first
half of the bytes; 503; bytes in another encoding than the header says (a PDF has none, so it stays as it is)."""

FAULTS: Final[tuple[Fault, ...]] = ("empty", "maintenance", "truncated", "down", "wrong_encoding")

_ROBOTS: Final = f"# {content.MARK}\nUser-agent: *\nDisallow: /intern/\n"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a site answers."""

    status: int
    body: bytes
    media_type: str = "text/html; charset=utf-8"


class _Server(ThreadingHTTPServer):
    """A server that asks no name service for its own name, and takes a caller that hangs up for what it is."""

    daemon_threads = True

    def server_bind(self) -> None:
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class DemoSite:
    """One provider's web site while it runs; edits and faults act from the next request on."""

    def __init__(self, slug: str, today: date, port: int) -> None:
        self.slug = slug
        self.requests: list[tuple[str, int]] = []
        """Path with query and status of every request so far, in order."""
        self._today = today
        self._lock = Lock()
        self._edits: dict[str, dict[str, Any]] = {}
        self._hidden: set[str] = set()
        self._revision = 0
        self.content = content.build_site(slug, content.read_raw(slug), today)
        """What the site shows at the moment."""
        self.fault: str | None = self.content.broken
        """How the site is broken at the moment; one of :data:`FAULTS` or ``None``."""
        self._server = _Server(("127.0.0.1", port), _handler(self))
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name=f"demo-{slug}", daemon=True)
        self._thread.start()

    @property
    def base_url(self) -> str:
        """Address without a slash at the end, for instance ``http://127.0.0.1:40123``."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def listing_url(self) -> str:
        """Address of the listing page or feed."""
        return self.base_url + pages.LISTINGS[self.content.make]

    @property
    def modified(self) -> datetime:
        """When the content last changed, in UTC: the start of the day, one minute later per edit."""
        return datetime.combine(self._today, time(), UTC) + timedelta(minutes=self._revision)

    def break_with(self, fault: Fault | None) -> None:
        """Break the site, or repair it with ``None``; raises ``ValueError`` for an unknown fault."""
        if fault is not None and fault not in FAULTS:
            raise ValueError(f"fault {fault!r} is not known; use one of {', '.join(FAULTS)} or None")
        self.fault = fault

    def edit(self, key: str, **fields: str | list[str]) -> None:
        """Change fields of one offer (keys of its TOML file); raises ``KeyError`` for an unknown offer or field."""
        known = self._entry(key)
        unknown = fields.keys() - known.keys()
        if unknown:
            raise KeyError(f"{self.slug}: offer {key!r} has no field {sorted(unknown)}; it has {sorted(known)}")
        with self._lock:
            self._edits.setdefault(key, {}).update(fields)
            self._rebuild()

    def hide(self, key: str) -> None:
        """Take one offer off the site; raises ``KeyError`` when there is no such offer."""
        self._entry(key)
        with self._lock:
            self._hidden.add(key)
            self._rebuild()

    def restore(self, key: str | None = None) -> None:
        """Undo edits and hiding of one offer, or of all."""
        with self._lock:
            for each in list(self._edits) if key is None else [key]:
                self._edits.pop(each, None)
            self._hidden = set() if key is None else self._hidden - {key}
            self._rebuild()

    def reply(self, target: str) -> Reply:
        """What the site answers to a request for ``target`` (path and query)."""
        parts = urlsplit(target)
        path = unquote(parts.path)
        if path == "/robots.txt":
            return Reply(200, _ROBOTS.encode(), "text/plain; charset=utf-8")
        if self.fault == "maintenance":
            return Reply(200, pages.special_page("maintenance").encode())
        if self.fault == "down":
            return Reply(503, pages.special_page("maintenance").encode())
        found = _feed(self.content, path, parts.query, self.base_url) or _page(self.content, path, self.base_url)
        if found is None:
            return Reply(404, pages.special_page("not_found").encode())
        return Reply(200, _damaged(found, self.fault), found.media_type)

    def close(self) -> None:
        """Stop the server and give its port back."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _entry(self, key: str) -> dict[str, Any]:
        for entry in content.read_raw(self.slug)["offers"]:
            if entry["key"] == key:
                return dict(entry)
        raise KeyError(f"{self.slug}: no offer has the key {key!r}; see webapp/demo/providers/data/{self.slug}.toml")

    def _rebuild(self) -> None:
        raw = content.read_raw(self.slug)
        raw["offers"] = [
            entry | self._edits.get(entry["key"], {}) for entry in raw["offers"] if entry["key"] not in self._hidden
        ]
        self.content = content.build_site(self.slug, raw, self._today)
        self._revision += 1


class RunningProviders:
    """All example providers while they run; a context manager that stops them."""

    def __init__(self, sites: dict[str, DemoSite]) -> None:
        self.sites = sites

    @property
    def base_urls(self) -> dict[str, str]:
        """Name of a site → its address without a slash at the end."""
        return {slug: site.base_url for slug, site in self.sites.items()}

    def localise(self, text: str) -> str:
        """``text`` (a Source's TOML, say) with public ``https://….example`` addresses replaced by the running ones."""
        for site in self.sites.values():
            text = text.replace(f"https://{site.content.host}", site.base_url)
        return text

    def break_with(self, slug: str, fault: Fault | None) -> None:
        """See :meth:`DemoSite.break_with`."""
        self.sites[slug].break_with(fault)

    def edit(self, slug: str, key: str, /, **fields: str | list[str]) -> None:
        """See :meth:`DemoSite.edit`."""
        self.sites[slug].edit(key, **fields)

    def hide(self, slug: str, key: str) -> None:
        """See :meth:`DemoSite.hide`."""
        self.sites[slug].hide(key)

    def restore(self, slug: str, key: str | None = None) -> None:
        """See :meth:`DemoSite.restore`."""
        self.sites[slug].restore(key)

    def close(self) -> None:
        """Stop all sites."""
        for site in self.sites.values():
            site.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start(today: date, port: int = 0) -> RunningProviders:
    """Start all example providers with dates around ``today``.

    ``port`` is the port of the first site, the others take the following ones; 0 lets the system choose free ones.
    Raises ``OSError`` when a port is taken; nothing keeps running then.
    """
    sites: dict[str, DemoSite] = {}
    try:
        for number, slug in enumerate(SITES):
            sites[slug] = DemoSite(slug, today, port and port + number)
    except OSError:
        RunningProviders(sites).close()
        raise
    return RunningProviders(sites)


def _page(site: SiteContent, path: str, base_url: str) -> Reply | None:
    page = pages.html_page(site, path, base_url)
    return None if page is None else Reply(200, page.encode())


def _feed(site: SiteContent, path: str, query: str, base_url: str) -> Reply | None:
    if path != pages.LISTINGS[site.make]:
        return None
    match site.make:
        case "ical":
            return Reply(200, feeds.ical(site, base_url), "text/calendar; charset=utf-8")
        case "csv":
            return Reply(200, feeds.table(site, base_url), "text/csv; charset=windows-1252")
        case "json":
            number = parse_qs(query).get("seite", ["1"])[0]
            body = feeds.json_page(site, base_url, int(number)) if number.isdecimal() else None
            return None if body is None else Reply(200, body, "application/json")
        case "geojson":
            return Reply(200, feeds.geojson(site, base_url), "application/geo+json")
        case "rss":
            return Reply(200, feeds.rss(site, base_url), "application/rss+xml; charset=utf-8")
        case "pdf":
            return Reply(200, leaflet.pdf(site), "application/pdf")
    return None


def _damaged(reply: Reply, fault: str | None) -> bytes:
    match fault:
        case "empty":
            return b""
        case "truncated":
            return reply.body[: len(reply.body) // 2]
        case "wrong_encoding" if reply.media_type != "application/pdf":
            said = "cp1252" if "1252" in reply.media_type else "utf-8"
            return reply.body.decode(said).encode("utf-16" if said == "cp1252" else "cp1252", "replace")
    return reply.body


def _handler(site: DemoSite) -> Callable[..., BaseHTTPRequestHandler]:
    """A request handler class that answers for ``site``."""

    class Handler(BaseHTTPRequestHandler):
        server_version = "Beispielanbieter"
        sys_version = ""

        def do_GET(self) -> None:
            reply = site.reply(self.path)
            tag = f'"{hashlib.sha256(reply.body).hexdigest()[:24]}"'
            status = 304 if reply.status == 200 and self._is_known(tag) else reply.status
            site.requests.append((self.path, status))
            self.send_response(status)
            if reply.status == 200:
                self.send_header("ETag", tag)
                self.send_header("Last-Modified", format_datetime(site.modified, usegmt=True))
            if reply.status == 503:
                self.send_header("Retry-After", "3600")
            if status != 304:
                self.send_header("Content-Type", reply.media_type)
                self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            if status != 304 and self.command == "GET":
                self.wfile.write(reply.body)

        do_HEAD = do_GET

        def _is_known(self, tag: str) -> bool:
            """Whether the caller has these bytes already (RFC 9110 §13.1: a tag outweighs a date)."""
            tags = self.headers["If-None-Match"]
            if tags is not None:
                return tag in tags
            since = self.headers["If-Modified-Since"]
            if since is None or site.fault is not None:
                return False
            try:
                return parsedate_to_datetime(since) >= site.modified
            except ValueError:
                return False

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing: the demo prints its own table."""

    return Handler
