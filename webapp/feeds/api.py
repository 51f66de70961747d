"""Offers as JSON: page by page, what changed since a number, and each at an address of its own."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from schemas.store.numbers import replaced_since
from schemas.store.offers import Line, Tombstone, changed_lines, latest_change, open_lines, public_offer
from webapp.access import Who, who
from webapp.db import public_url, reading
from webapp.feeds.conditional import conditional
from webapp.feeds.open_data import as_open_data, begin_anew, changed_since, facts_licence, made_of, number, refuse

pages = Blueprint("api", __name__)

PER_PAGE: Final = 500
"""Offers on a page where nobody says how many."""
MOST: Final = 1_000
"""Most offers on a page."""
_JSON: Final = "application/json"


@pages.get("/offers.json")
@who(Who.EVERYBODY)
def offers() -> ResponseReturnValue:
    """A page of offers: ``{"items": […], "next": address or null, "latest": NUMBER}``.

    Without ``changed_since`` all shown offers; with it what changed after that number, tombstones included. Whoever
    follows ``next`` to its end and asks for ``changed_since=<latest>`` afterwards misses nothing, whatever is published
    meanwhile: pages go by the number of each offer's last change, and ``latest`` is the number at the first page. 410
    where a backup was restored since that page: what was passed over then may count again.
    """
    since, after, first_latest = changed_since(), number("after"), number("latest")
    if since is not None and after is not None:
        refuse("after", "changed_since", "entweder after oder changed_since", "either after or changed_since")
    begun = after if first_latest is None else first_latest
    if begun is not None and replaced_since(reading(), begun):
        begin_anew("after" if first_latest is None else "latest", begun)
    limit = number("limit", least=1, most=MOST) or PER_PAGE
    now = latest_change(reading())
    latest = now if first_latest is None else min(first_latest, now)
    begin = since if since is not None else after or 0
    lines = changed_lines(reading(), after=begin, limit=limit, tombstones=since is not None, licence=facts_licence())
    following = None
    if len(lines) == limit and lines[-1].version < now:
        place = "after" if since is None else "changed_since"
        asked = {place: lines[-1].version, "latest": latest, "limit": limit}
        following = f"{public_url()}/offers.json?{urlencode(asked)}"
    return as_open_data(
        conditional(lambda: Response(_page(lines, following, latest), content_type=_JSON), *made_of(now)),
        next_url=following,
    )


@pages.get("/offers/<offer:offer_id>.json")
@who(Who.EVERYBODY)
def offer(offer_id: str) -> ResponseReturnValue:
    """One offer; a merged one leads to its successor (301), a gone one says so (410): addresses answer for ever."""
    found = public_offer(reading(), offer_id)
    if found is None:
        abort(404)
    if isinstance(found, Tombstone):
        response = Response(found.model_dump_json(), 301 if found.replaced_by else 410, content_type=_JSON)
        if found.replaced_by:
            response.headers["Location"] = f"{public_url()}/offers/{found.replaced_by}.json"
        return as_open_data(response)
    body = open_lines(reading(), [offer_id], licence=facts_licence())[offer_id]
    return as_open_data(conditional(lambda: Response(body, content_type=_JSON), *made_of(body)))


def _page(lines: Sequence[Line], following: str | None, latest: int) -> bytes:
    items = b",\n".join(line.body for line in lines)
    return b'{"items":[%b],"next":%b,"latest":%d}' % (items, orjson.dumps(following), latest)
