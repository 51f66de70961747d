"""Addresses of the open data: each answers 304 while nothing has changed, each names the rights of every record."""

from collections.abc import Callable, Iterable

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from schemas.store.offers import latest_change, stream_csv, stream_ndjson
from webapp.access import Who, who
from webapp.db import current_region, public_url, read_until_sent, reading, today
from webapp.feeds.atom import FEED_LENGTH
from webapp.feeds.atom import atom as atom_feed
from webapp.feeds.conditional import conditional
from webapp.feeds.ical import calendar
from webapp.feeds.offers import all_offers, last_moment, newest

pages = Blueprint("feeds", __name__)

_MAX_DIGITS = 15


@pages.get("/offers.ndjson")
@who(Who.EVERYBODY)
def ndjson() -> ResponseReturnValue:
    """Every shown offer, one JSON document a line; with ``?since=NUMBER`` what changed after that change, tombstones
    included."""
    since = _since()
    return _stream(lambda: stream_ndjson(reading(), since=since), "application/x-ndjson", "offers.ndjson")


@pages.get("/offers.csv")
@who(Who.EVERYBODY)
def csv() -> ResponseReturnValue:
    """Every shown offer as a table."""
    return _stream(lambda: stream_csv(reading()), "text/csv; charset=utf-8", "offers.csv")


@pages.get("/offers.ics")
@who(Who.EVERYBODY)
def ics() -> ResponseReturnValue:
    """Every date that is still to come, as a calendar."""
    return _stream(_calendar, "text/calendar; charset=utf-8", "offers.ics", today())


@pages.get("/offers.atom")
@who(Who.EVERYBODY)
def atom() -> ResponseReturnValue:
    """The latest changes, newest first, with tombstones."""
    return _open(conditional(_atom, _change()))


def _calendar() -> Iterable[bytes]:
    stamp = last_moment(reading())
    return calendar(all_offers(reading()), name=_title(), base_url=public_url(), stamp=stamp, since=today())


def _atom() -> Response:
    query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
    body = atom_feed(
        newest(reading(), FEED_LENGTH),
        title=_title(),
        self_url=f"{public_url()}{request.path}{query}",
        base_url=public_url(),
        updated=last_moment(reading()),
    )
    return Response(body, content_type="application/atom+xml; charset=utf-8")


def _title() -> str:
    return f"{current_region().service_name} {current_region().name}"


def _since() -> int | None:
    text = request.args.get("since")
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        abort(400, _("since: erwartet ist die Nummer einer Änderung, zum Beispiel 1200."))
    return int(text)


def _change() -> int:
    return latest_change(reading())


def _stream(pieces: Callable[[], Iterable[bytes]], content_type: str, filename: str, *made_from: object) -> Response:
    def make() -> Response:
        response = Response(pieces(), content_type=content_type)
        response.headers["Content-Disposition"] = f'inline; filename="{filename}"'
        return read_until_sent(response)

    return _open(conditional(make, _change(), *made_from))


def _open(response: Response) -> Response:
    """Open data may be read from any site. A feed mixes rights, so no licence is named for the whole of it: each record
    has its own, and ``/daten`` explains them.
    """
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "ETag, Link"
    response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    response.headers["Link"] = f'<{public_url()}/daten>; rel="describedby"'
    return response
