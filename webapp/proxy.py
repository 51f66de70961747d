"""Which Region a request is for, by host and path: several Regions may share a host, each below a path of its own.

What a Region's ``base_url`` says decides; links, mails and feeds are built from it, never from what a request claims.
A proxy may pass the whole path (``/vg/angebote/…``) or take the sub-path away and say so in ``X-Forwarded-Prefix``,
which is believed only where the setting ``trusted_proxies`` says that a proxy of ours wrote it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, Response, abort, current_app, request
from flask.sessions import SecureCookieSessionInterface
from werkzeug.middleware.proxy_fix import ProxyFix

from schemas.region import Region
from webapp.access import Who, who_may
from webapp.db import REGION, public_url, state
from webapp.regions import base_url
from webapp.settings import Settings

KNOWN_HOST: Final = "kitalotse.known_host"
"""Whether the request came in on a host that is a Region's public one."""
DESK: Final = "/desk"
"""Below this the session cookie lives."""

_DEFAULT_PORTS: Final = (":80", ":443")
_NOT_HERE: Final = "Hier ist keine Seite. Bitte rufen Sie eine dieser Adressen auf:\n\n"


class Place(NamedTuple):
    """Where a request belongs."""

    region: str
    """Key of the Region."""
    script_name: str
    """The part of the path before our routes."""
    path: str
    """The rest, which our routes match."""
    known_host: bool


@dataclass(frozen=True, slots=True)
class _Home:
    """The public address of one Region."""

    region: str
    host: str
    prefix: str
    address: str


class RegionAddresses:
    """WSGI middleware that finds the Region of each request and parts its path; 404 on a shared host beside all."""

    def __init__(self, wsgi: WSGIApplication, regions: Mapping[str, Region], default: str) -> None:
        """``default`` is the public address of Regions that name none."""
        self._wsgi: Final = wsgi
        homes = [_home(region, default) for region in regions.values()]
        self._homes: Final = sorted(homes, key=lambda home: -len(home.prefix))
        self._first: Final = homes[0].region if homes else None

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """See PEP 3333."""
        if self._first is None:
            return self._wsgi(environ, start_response)
        host = _bare(environ.get("HTTP_HOST") or f"{environ['SERVER_NAME']}:{environ['SERVER_PORT']}")
        place = self.find(host, environ.get("SCRIPT_NAME", ""), environ.get("PATH_INFO", ""))
        if place is None:
            return self._not_here(host, start_response)
        environ["SCRIPT_NAME"], environ["PATH_INFO"] = place.script_name, place.path
        environ[REGION], environ[KNOWN_HOST] = place.region, place.known_host
        return self._wsgi(environ, start_response)

    def find(self, host: str, script_name: str, path: str) -> Place | None:
        """Where a request at ``host`` (lower case, without a usual port) belongs; ``None`` where several Regions share
        the host and the path lies below none of them.

        At a host that is nobody's – an address of this machine, a monitor – a sub-path still finds its Region, and
        everything else is the first Region's.
        """
        whole = script_name.rstrip("/") + path
        here = [home for home in self._homes if home.host == host]
        for home in here or [home for home in self._homes if home.prefix]:
            if whole == home.prefix or whole.startswith(f"{home.prefix}/"):
                return Place(home.region, home.prefix, whole.removeprefix(home.prefix) or "/", bool(here))
        if len(here) == 1:  # the proxy has taken the sub-path away without a word
            return Place(here[0].region, here[0].prefix, path or "/", True)
        if here or self._first is None:
            return None
        return Place(self._first, script_name, path, False)

    def _not_here(self, host: str, start_response: StartResponse) -> Iterable[bytes]:
        body = (_NOT_HERE + "".join(f"{home.address}/\n" for home in self._homes if home.host == host)).encode()
        headers = [
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-cache"),
        ]
        start_response("404 NOT FOUND", headers)
        return [body]


class DeskSessions(SecureCookieSessionInterface):
    """The session cookie lives below the desk of its Region only, and on https where the Region does."""

    def get_cookie_path(self, app: Flask) -> str:
        """``/desk`` below the sub-path of this request."""
        return f"{request.script_root}{DESK}"

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether the public address of the Region is https."""
        return public_url().startswith("https:")


def init_app(app: Flask, settings: Settings, regions: Mapping[str, Region]) -> None:
    """Puts the app behind ``RegionAddresses``, and that behind as many proxies as the settings trust."""
    app.wsgi_app = RegionAddresses(app.wsgi_app, regions, settings.base_url)  # type: ignore[method-assign]
    if trusted := settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted, x_prefix=trusted
        )
    app.session_interface = DeskSessions()
    app.before_request(_desk_is_at_home)
    app.after_request(_stay_here)


def _desk_is_at_home() -> None:
    """421 for the desk at an address that tells of no Region, where there are several."""
    at_desk = who_may(current_app, request.endpoint) in (Who.COORDINATOR, Who.SIGN_IN)
    if at_desk and len(state().regions) > 1 and not request.environ.get(KNOWN_HOST, True):
        abort(421)


def _stay_here(response: Response) -> Response:
    """A redirect to a page of ours names no host: the request's could be anybody's words, and the scheme a proxy's."""
    parts = urlsplit(response.headers.get("Location", ""))
    if parts.netloc and parts.netloc == request.host:
        response.headers["Location"] = parts._replace(scheme="", netloc="", path=_rooted(parts.path)).geturl()
        if response.mimetype == "text/html":
            response.data = b""  # it says the same address again; the tombstone of a merged offer says more
    return response


def _rooted(path: str) -> str:
    """One slash at the front: two would begin a host."""
    return "/" + path.lstrip("/")


def _home(region: Region, default: str) -> _Home:
    address = base_url(region, default)
    parts = urlsplit(address)
    return _Home(region.key, _bare(parts.netloc), parts.path.rstrip("/"), address)


def _bare(host: str) -> str:
    """``host`` as it is compared: lower case, without a usual port or the root's dot.

    >>> _bare("Bildung.Example:443"), _bare("bildung.example."), _bare("localhost:8000")
    ('bildung.example', 'bildung.example', 'localhost:8000')
    """
    host = host.strip().lower()
    for port in _DEFAULT_PORTS:
        host = host.removesuffix(port)
    return host.removesuffix(".")
