"""The only door to the network: every request of feeds, of Scrapy, for robots.txt and after a redirect passes here."""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from importlib.metadata import version
from types import MappingProxyType
from typing import Final
from urllib.parse import urljoin, urlsplit

import httpcore
import httpx
import stamina
from protego import Protego

from harvesters.fetch.addresses import GuardedBackend, RefusedAddress, Resolve, UnknownHost, plain_url, resolve
from harvesters.fetch.ledger import Ledger, MemoryLedger, Robots
from harvesters.fetch.limits import BrokenEncoding, Deadline, TooLarge, bounded_body
from harvesters.fetch.trouble import (
    CHECK_ADDRESS,
    LATER,
    NOT_LISTED,
    REASONS,
    STATUSES,
    TELL_SOURCE,
    is_certificate_problem,
    transport_problem,
)
from harvesters.problems import ReadError
from schemas import clock
from schemas.exclusion import NOBODY, Exclusions

ROBOT: Final = "Kitalotse"
"""Our name in robots.txt."""
_ROBOTS_KEPT: Final = timedelta(hours=24)
_ROBOTS_BYTES: Final = 512_000
_AGAIN: Final = frozenset((408, 425, 429, 500, 502, 503, 504))
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_MAX_PACE_S: Final = 60.0
_MAX_VALIDATOR: Final = 500


@dataclass(frozen=True, slots=True)
class FetchSettings:
    """Manners and limits of all requests. ``allow_loopback`` is for the demo's and the tests' own servers only."""

    contact: str
    """Page or mail address in the user agent, for whoever wonders who reads their site."""
    allow_loopback: bool = False
    """Whether loopback addresses, on any port, may be read."""
    timeout_s: float = 20.0
    """Longest wait for a connection or for the next bytes, in seconds."""
    total_s: float = 120.0
    """Longest time for one request with its whole answer, in seconds."""
    max_wire_bytes: int = 30_000_000
    """Largest answer as transferred."""
    max_decoded_bytes: int = 100_000_000
    """Largest answer after decompression."""
    pace_s: float = 1.0
    """Seconds between two requests to a host; robots.txt may ask for more."""
    attempts: int = 3
    """How often a request is tried when the server is busy or the line breaks."""
    wait_s: float = 1.0
    """Wait before the second try in seconds; it doubles from try to try."""
    max_wait_s: float = 60.0
    """Longest wait that ``Retry-After`` may ask for; beyond it the source is read another day."""
    max_redirects: int = 5
    """Most redirects of one request."""
    excluded: Exclusions = NOBODY
    """Whom nothing is asked of, not even robots.txt, because they do not want to be listed."""

    @property
    def user_agent(self) -> str:
        """The one user agent."""
        name = f"{ROBOT}/{_version()}"
        return f"{name} (+{self.contact})" if self.contact else name


@dataclass(frozen=True, slots=True)
class Validators:
    """What a conditional request for one address needs."""

    etag: str | None
    """``ETag`` of the last good answer."""
    last_modified: str | None
    """``Last-Modified`` of the last good answer."""


NO_VALIDATORS: Final[Mapping[str, Validators]] = MappingProxyType({})
"""Nothing is remembered; every request is unconditional."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer."""

    url: str
    """Address that answered, after redirects."""
    status: int
    """200, or 304 for a conditional request."""
    content: bytes = b""
    """Decoded body."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Headers with lower-case names."""
    validators: Validators | None = None
    """What a later conditional request for ``url`` needs, where the server gave something."""

    @property
    def not_modified(self) -> bool:
        """Whether the server says that nothing has changed."""
        return self.status == 304

    @property
    def charset(self) -> str | None:
        """The charset of ``Content-Type``, where stated."""
        _, _, parameters = self.headers.get("content-type", "").partition(";")
        for parameter in parameters.split(";"):
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "charset":
                return value.strip().strip("\"'") or None
        return None


class _Again(Exception):
    """A status that is worth another try."""

    def __init__(self, status: int, wait_s: float | None) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status
        self.wait_s = wait_s


class Client:
    """Fetches addresses with the manners of ``settings``; threads may share it."""

    def __init__(
        self,
        settings: FetchSettings,
        ledger: Ledger | None = None,
        *,
        now: Callable[[], datetime] = clock.now,
        sleep: Callable[[float], None] = time.sleep,
        resolve: Resolve = resolve,
    ) -> None:
        self.settings = settings
        self.ledger: Ledger = ledger if ledger is not None else MemoryLedger()
        self._now = now
        self._sleep = sleep
        self._resolve = resolve
        self._tls = _tls()
        self._parsed: dict[str, tuple[Robots, Protego]] = {}

    def get(
        self, url: str, *, source: str, accept: str = "*/*", validators: Mapping[str, Validators] = NO_VALIDATORS
    ) -> Fetched:
        """The answer from ``url``, through at most five redirects, each of them checked like the first address.

        An address in ``validators``, be it ``url`` or one on the way, is asked conditionally, and its answer may be
        ``not_modified``. Raises ``ReadError`` with a rule (``fetch.refused``, ``fetch.excluded``, ``fetch.robots``,
        ``fetch.unreachable``, ``fetch.status`` …) for everything else.
        """
        asked = url
        for _ in range(self.settings.max_redirects + 1):
            try:
                fetched = self._hop(url, source, accept, validators.get(url))
            except ReadError as error:
                if url == asked:
                    raise
                detour = f"{error.happened} Dorthin wurde weitergeleitet: {url}."
                raise ReadError(source, asked, error.rule, detour, error.remedy) from error
            if fetched.status not in _REDIRECTS:
                return fetched
            url = urljoin(url, fetched.headers["location"])
        raise ReadError(
            source,
            asked,
            "fetch.redirects",
            f"Die Adresse leitet mehr als {self.settings.max_redirects}-mal weiter.",
            "Bitte die Adresse im Browser öffnen und das Ziel in access.start eintragen.",
        )

    def sitemaps(self, url: str, *, source: str) -> tuple[str, ...]:
        """Addresses of sitemaps that the robots.txt of the host of ``url`` names. Raises ``ReadError`` as ``get``."""
        return tuple(self._robots(url, source).sitemaps)

    def _hop(self, url: str, source: str, accept: str, validators: Validators | None) -> Fetched:
        """A good answer from ``url`` itself, or a redirect that says where."""
        self._wait(url, self._permission(url, source))
        fetched = self._tried(url, source, accept, validators)
        if fetched.status not in _REDIRECTS:
            return self._judged(fetched, source, conditional=validators is not None)
        if not fetched.headers.get("location"):
            happened = "Die Seite leitet weiter, sagt aber nicht wohin."
            raise ReadError(source, url, "fetch.redirect", happened, TELL_SOURCE)
        return fetched

    # -- manners ---------------------------------------------------------------------------------------------------

    def _permission(self, url: str, source: str) -> float:
        """The pace for ``url`` in seconds; raises ``ReadError`` for what may not be asked at all."""
        if (reason := plain_url(url)) is not None:
            raise ReadError(source, url, "fetch.refused", REASONS[reason], CHECK_ADDRESS)
        if self.settings.excluded.forbids(url):
            raise ReadError(source, url, "fetch.excluded", *NOT_LISTED)
        rules = self._robots(url, source)
        if not rules.can_fetch(url, ROBOT):
            raise ReadError(
                source,
                url,
                "fetch.robots",
                "Die robots.txt des Servers erlaubt uns diese Adresse nicht.",
                "Bitte bei den Betreibern um Erlaubnis fragen oder eine andere Adresse eintragen.",
            )
        return min(max(self.settings.pace_s, float(rules.crawl_delay(ROBOT) or 0.0)), _MAX_PACE_S)

    def _robots(self, url: str, source: str) -> Protego:
        parts = urlsplit(url)
        host = f"{parts.scheme.lower()}://{parts.netloc.lower()}"
        known = self.ledger.robots(host)
        if known is None or self._now() - known.fetched_at > _ROBOTS_KEPT or known.status >= 500 or known.status == 0:
            known = self._fetch_robots(host, url, source)
            self.ledger.keep_robots(host, known)
        if known.status == 0 or known.status >= 500:
            raise ReadError(
                source,
                url,
                "fetch.unreachable" if known.status == 0 else "fetch.status",
                "Der Server ist nicht erreichbar (schon die robots.txt kam nicht)."
                if known.status == 0
                else f"Der Server meldet einen Fehler ({known.status}), schon bei der robots.txt.",
                LATER,
            )
        cached = self._parsed.get(host)
        if cached is None or cached[0] != known:
            self._parsed[host] = cached = (known, Protego.parse(known.text))
        return cached[1]

    def _fetch_robots(self, host: str, asked: str, source: str) -> Robots:
        """RFC 9309: missing (4xx) allows all, a server error forbids all for now. Errors name the address ``asked``."""
        url = f"{host}/robots.txt"
        for _ in range(self.settings.max_redirects + 1):
            if plain_url(url) is not None or self.settings.excluded.forbids(url):
                return Robots(404, "", self._now())
            self._wait(url, self.settings.pace_s)
            fetched = self._tried(
                url, source, "text/plain", None, named=asked, retry_status=False, max_bytes=_ROBOTS_BYTES
            )
            if fetched.status not in _REDIRECTS or not fetched.headers.get("location"):
                text = fetched.content.decode("utf-8", "replace") if fetched.status == 200 else ""
                return Robots(fetched.status, text, self._now())
            url = urljoin(url, fetched.headers["location"])
        return Robots(404, "", self._now())

    def _wait(self, url: str, pace_s: float) -> None:
        if pace_s > 0 and (seconds := self.ledger.reserve(urlsplit(url).netloc.lower(), pace_s)) > 0:
            self._sleep(seconds)

    # -- one address -----------------------------------------------------------------------------------------------

    def _tried(
        self,
        url: str,
        source: str,
        accept: str,
        validators: Validators | None,
        *,
        named: str | None = None,
        retry_status: bool = True,
        max_bytes: int | None = None,
    ) -> Fetched:
        """The answer of the first try that is not worth another one; transport errors become ``ReadError``."""
        shown = named or url
        try:
            for attempt in stamina.retry_context(
                on=self._worth_retrying,
                attempts=self.settings.attempts,
                timeout=None,
                wait_initial=self.settings.wait_s,
                wait_jitter=self.settings.wait_s / 2,
                wait_max=max(self.settings.max_wait_s, self.settings.wait_s),
            ):
                with attempt:
                    fetched = self._once(url, accept, validators, max_bytes)
                    if retry_status and fetched.status in _AGAIN:
                        raise _Again(fetched.status, self._retry_after(fetched))
                    return fetched
        except _Again as busy:
            when = f" Er bittet um {round(busy.wait_s / 60) or 1} Minuten Pause." if busy.wait_s else ""
            raise ReadError(
                source,
                shown,
                "fetch.status",
                f"Der Server ist überlastet oder gestört ({busy.status}).{when}",
                LATER,
            ) from busy
        except RefusedAddress as error:
            raise ReadError(
                source,
                shown,
                "fetch.refused",
                f"Die Adresse führt nicht ins öffentliche Internet ({error}) und wird nicht gelesen.",
                CHECK_ADDRESS,
            ) from error
        except UnknownHost as error:
            raise ReadError(
                source,
                shown,
                "fetch.unknown_host",
                "Der Name des Servers ist nicht zu finden (umgezogen, oder kein Netz).",
                CHECK_ADDRESS,
            ) from error
        except TooLarge as error:
            raise ReadError(
                source,
                shown,
                "fetch.too_large",
                f"Die Antwort ist größer als erlaubt ({error}).",
                "Bitte eine kleinere oder seitenweise Ausgabe der Quelle suchen.",
            ) from error
        except BrokenEncoding as error:
            raise ReadError(
                source, shown, "fetch.encoding", f"Die Antwort ist falsch komprimiert ({error}).", TELL_SOURCE
            ) from error
        except httpx.InvalidURL as error:
            raise ReadError(source, shown, "fetch.refused", REASONS["url"], CHECK_ADDRESS) from error
        except httpx.TransportError as error:
            raise transport_problem(error, source, shown) from error
        raise AssertionError("stamina ends with a value or an exception")

    def _worth_retrying(self, error: Exception) -> bool | float:
        if isinstance(error, _Again):
            if error.wait_s is None:
                return True
            return error.wait_s if error.wait_s <= self.settings.max_wait_s else False
        return isinstance(error, httpx.TransportError) and not is_certificate_problem(error)

    def _once(self, url: str, accept: str, validators: Validators | None, max_bytes: int | None) -> Fetched:
        settings = self.settings
        headers = {
            "User-Agent": settings.user_agent,
            "Accept": accept,
            "Accept-Encoding": "gzip",
            "Accept-Language": "de",
            "Connection": "close",
        }
        if validators and validators.etag:
            headers["If-None-Match"] = validators.etag
        if validators and validators.last_modified:
            headers["If-Modified-Since"] = validators.last_modified
        backend = GuardedBackend(
            Deadline(settings.total_s), allow_loopback=settings.allow_loopback, resolve=self._resolve
        )
        with (
            httpx.Client(
                transport=_Transport(self._tls, backend), trust_env=False, timeout=settings.timeout_s
            ) as client,
            client.stream("GET", url, headers=headers, follow_redirects=False) as response,
        ):
            wanted = response.status_code == 200
            body = b""
            if wanted:
                body = bounded_body(
                    response.iter_raw(),
                    response.headers.get("content-encoding", ""),
                    max_wire=max_bytes or settings.max_wire_bytes,
                    max_decoded=max_bytes or settings.max_decoded_bytes,
                )
            return Fetched(
                url=url,
                status=response.status_code,
                content=body,
                headers={name.lower(): value for name, value in response.headers.items()},
                validators=_validators(response.headers) if wanted else None,
            )

    def _judged(self, fetched: Fetched, source: str, *, conditional: bool) -> Fetched:
        """``fetched`` where it is an answer, else a ``ReadError`` that says what the status means."""
        if fetched.status == 200 or (fetched.not_modified and conditional):
            return fetched
        rule, happened, remedy = STATUSES.get(
            fetched.status, ("fetch.status", f"Der Server antwortet mit {fetched.status}.", CHECK_ADDRESS)
        )
        raise ReadError(source, fetched.url, rule, happened, remedy)

    def _retry_after(self, fetched: Fetched) -> float | None:
        """Seconds that the server asks us to wait (a number or a date), ``None`` where it does not say."""
        text = fetched.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdecimal():
            return float(text[:9])
        try:
            moment = parsedate_to_datetime(text)
        except (TypeError, ValueError, IndexError):
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - self._now()).total_seconds())


class _Transport(httpx.HTTPTransport):
    """httpx on a pool of ours: httpx itself offers no way to hand in a network backend."""

    def __init__(self, tls: ssl.SSLContext, backend: httpcore.NetworkBackend) -> None:
        self._pool = httpcore.ConnectionPool(ssl_context=tls, max_connections=1, network_backend=backend)


def fetch(
    url: str, *, source: str = "preview", settings: FetchSettings, ledger: Ledger | None = None, accept: str = "*/*"
) -> Fetched:
    """One answer with a client of its own; see ``Client.get``."""
    return Client(settings, ledger).get(url, source=source, accept=accept)


def _validators(headers: httpx.Headers) -> Validators | None:
    """What ``headers`` give for the next time; what could not be sent back as it came is left out."""
    given = (headers.get("etag", ""), headers.get("last-modified", ""))
    etag, modified = (
        text if 0 < len(text) <= _MAX_VALIDATOR and text.isascii() and text.isprintable() else None for text in given
    )
    return Validators(etag, modified) if etag or modified else None


@cache
def _version() -> str:
    return version("kitalotse")


@cache
def _tls() -> ssl.SSLContext:
    """Certificates are verified, always; there is no switch. Reading the roots takes longer than a whole 304."""
    return httpx.create_ssl_context(verify=True, trust_env=False)
