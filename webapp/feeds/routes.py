"""Addresses of the open data as files: each answers 304 while nothing has changed, each names the rights of every
record."""

from collections.abc import Callable, Iterable
from typing import Final

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue

from schemas.publish import CC_ZERO
from schemas.store.offers import changes, latest_change, stream_csv, stream_ndjson
from webapp.access import Who, who
from webapp.db import current_region, public_url, read_until_sent, reading, today
from webapp.feeds.atom import FEED_LENGTH
from webapp.feeds.atom import atom as atom_feed
from webapp.feeds.buckets import Bucket, bucket_of, buckets_of, credits_of
from webapp.feeds.catalog import SERIALISATIONS, Holdings, catalog
from webapp.feeds.conditional import conditional
from webapp.feeds.ical import calendar
from webapp.feeds.licences import open_licence
from webapp.feeds.offers import all_offers, last_moment, newest
from webapp.feeds.open_data import as_open_data, changed_since, facts_licence, made_of
from webapp.plain import one_line

pages = Blueprint("feeds", __name__)

_CATALOGUE_TYPES: Final = {
    "ttl": "text/turtle; charset=utf-8",
    "rdf": "application/rdf+xml; charset=utf-8",
    "jsonld": "application/ld+json; charset=utf-8",
}


@pages.get("/offers.ndjson")
@who(Who.EVERYBODY)
def ndjson() -> ResponseReturnValue:
    """Every shown offer, one JSON document a line; with ``?changed_since=NUMBER`` what changed after that change,
    tombstones included."""
    since = changed_since()
    return _stream(
        lambda: stream_ndjson(reading(), since=since, licence=facts_licence()), "application/x-ndjson", "offers.ndjson"
    )


@pages.get("/offers.csv")
@who(Who.EVERYBODY)
def csv() -> ResponseReturnValue:
    """Every shown offer as a table."""
    licence = facts_licence()
    return _stream(lambda: stream_csv(reading(), licence=licence), "text/csv; charset=utf-8", "offers.csv")


@pages.get("/offers-<slug>.ndjson")
@who(Who.EVERYBODY)
def bucket_ndjson(slug: str) -> ResponseReturnValue:
    """The offers of one bucket of rights, one JSON document a line."""
    bucket = _bucket(slug)
    return _stream(
        lambda: stream_ndjson(reading(), cut=bucket.cut, licence=facts_licence()),
        "application/x-ndjson",
        f"offers-{slug}.ndjson",
        licence=bucket.licence.text,
    )


@pages.get("/offers-<slug>.csv")
@who(Who.EVERYBODY)
def bucket_csv(slug: str) -> ResponseReturnValue:
    """The offers of one bucket of rights as a table."""
    bucket = _bucket(slug)
    return _stream(
        lambda: stream_csv(reading(), cut=bucket.cut, licence=facts_licence()),
        "text/csv; charset=utf-8",
        f"offers-{slug}.csv",
        licence=bucket.licence.text,
    )


@pages.get("/offers.ics")
@who(Who.EVERYBODY)
def ics() -> ResponseReturnValue:
    """Every date that is still to come, as a calendar."""
    return _stream(_calendar, "text/calendar; charset=utf-8", "offers.ics", today())


@pages.get("/offers.atom")
@who(Who.EVERYBODY)
def atom() -> ResponseReturnValue:
    """The latest changes, newest first, with tombstones."""
    return as_open_data(conditional(_atom, *made_of(latest_change(reading()))))


@pages.get("/catalog.<any(ttl, rdf, jsonld):form>")
@who(Who.EVERYBODY)
def catalogue(form: str) -> ResponseReturnValue:
    """What can be downloaded here, as a catalogue for other portals: DCAT-AP.de 3.0."""
    response = conditional(lambda: _catalogue(form), *made_of(latest_change(reading()), _whom_to_name()))
    return as_open_data(response, licence=open_licence(CC_ZERO).text)


def _catalogue(form: str) -> Response:
    session, region = reading(), current_region()
    first = changes(session, after=0, limit=1)
    holdings = Holdings(
        buckets=buckets_of(session, region),
        credits=credits_of(session, region),
        since=first[0].at if first else None,
        changed=last_moment(session),
    )
    body = catalog(region, public_url(), holdings).serialize(format=SERIALISATIONS[form], encoding="utf-8")
    return Response(body, content_type=_CATALOGUE_TYPES[form])


def _whom_to_name() -> object:
    """Whom the catalogue names."""
    return sorted(credits_of(reading(), current_region()).items())


def _calendar() -> Iterable[bytes]:
    stamp = last_moment(reading())
    offers = all_offers(reading(), facts_licence())
    return calendar(offers, name=_title(), base_url=public_url(), stamp=stamp, since=today())


def _atom() -> Response:
    query = f"?{request.query_string.decode('ascii', 'ignore')}" if request.query_string else ""
    body = atom_feed(
        newest(reading(), FEED_LENGTH, facts_licence()),
        title=_title(),
        self_url=f"{public_url()}{request.path}{query}",
        base_url=public_url(),
        updated=last_moment(reading()),
    )
    return Response(body, content_type="application/atom+xml; charset=utf-8")


def _title() -> str:
    return one_line(f"{current_region().service_name} {current_region().name}")


def _bucket(slug: str) -> Bucket:
    found = bucket_of(reading(), current_region(), slug)
    if found is None:
        abort(404)
    return found


def _stream(
    pieces: Callable[[], Iterable[bytes]],
    content_type: str,
    filename: str,
    *made_from: object,
    licence: str | None = None,
) -> Response:
    def make() -> Response:
        response = Response(pieces(), content_type=content_type)
        response.headers["Content-Disposition"] = f'inline; filename="{filename}"'
        return read_until_sent(response)

    return as_open_data(conditional(make, *made_of(latest_change(reading())), *made_from), licence=licence)
