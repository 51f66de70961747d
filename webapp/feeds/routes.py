"""Addresses of the open data: each answers 304 while nothing has changed, each names the rights of every record."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Final

from flask import Blueprint, Response, request, stream_with_context
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from schemas.publish import PublicOffer
from schemas.store.offers import (
    Change,
    Tombstone,
    changes,
    latest_change,
    public_offer,
    public_page,
    stream_csv,
    stream_ndjson,
)
from webapp.db import current_region, public_url, reading
from webapp.feeds.atom import FEED_LENGTH
from webapp.feeds.atom import atom as atom_feed
from webapp.feeds.conditional import conditional
from webapp.feeds.ical import calendar

pages = Blueprint("feeds", __name__)

BATCH: Final = 500
"""Offers read at once."""
_BEGINNING: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""Moment of an installation in which nothing has been published yet."""


@pages.get("/offers.ndjson")
def ndjson() -> ResponseReturnValue:
    """Every published offer, one JSON document a line."""
    return _stream(stream_ndjson(reading()), "application/x-ndjson", "offers.ndjson")


@pages.get("/offers.csv")
def csv() -> ResponseReturnValue:
    """Every published offer as a table."""
    return _stream(stream_csv(reading()), "text/csv; charset=utf-8", "offers.csv")


@pages.get("/offers.ics")
def ics() -> ResponseReturnValue:
    """Every dated offer as a calendar."""
    name = f"{current_region().service_name} {current_region().name}"
    body = calendar(all_offers(reading()), name=name, base_url=public_url(), stamp=last_moment(reading()))
    return _stream(body, "text/calendar; charset=utf-8", "offers.ics")


@pages.get("/offers.atom")
def atom() -> ResponseReturnValue:
    """The latest changes, newest first, with tombstones."""
    session = reading()
    entries: list[tuple[PublicOffer | Tombstone, datetime]] = []
    for change in newest_changes(session, FEED_LENGTH):
        offer = public_offer(session, change.offer)
        if offer is not None:
            entries.append((offer, change.at))
    body = atom_feed(
        entries,
        title=f"{current_region().service_name} {current_region().name}",
        self_url=request.url,
        base_url=public_url(),
        updated=last_moment(session),
    )
    response = Response(body, content_type="application/atom+xml; charset=utf-8")
    return _shared(conditional(response, latest_change(session)))


def all_offers(session: Session) -> Iterator[PublicOffer]:
    """Every published offer in order of id, read in batches."""
    after = ""
    while batch := public_page(session, after_id=after, limit=BATCH):
        yield from batch
        after = batch[-1].id


def newest_changes(session: Session, limit: int) -> list[Change]:
    """The last change of each of the ``limit`` offers changed last, newest first."""
    found: dict[str, Change] = {}
    upper = latest_change(session)
    while upper > 0 and len(found) < limit:
        lower = max(0, upper - BATCH)
        for change in reversed(changes(session, after=lower, limit=upper - lower)):
            if change.offer not in found and len(found) < limit:
                found[change.offer] = change
        upper = lower
    return list(found.values())


def last_moment(session: Session) -> datetime:
    """When anything was last published."""
    number = latest_change(session)
    last = changes(session, after=number - 1, limit=1) if number else []
    return last[0].at if last else _BEGINNING


def _stream(pieces: Iterable[bytes], content_type: str, filename: str) -> Response:
    response = Response(stream_with_context(pieces), content_type=content_type)
    response.headers["Content-Disposition"] = f'inline; filename="{filename}"'
    return _shared(conditional(response, latest_change(reading())))


def _shared(response: Response) -> Response:
    """Open data may be read from any site; its catalogue says under which licence."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = "ETag, Link, Last-Modified"
    response.headers["Link"] = (
        '<http://dcat-ap.de/def/licenses/cc-zero>; rel="license"; title="Fakten; Texte je Datensatz"'
    )
    return response
