"""Who offers what in the Region, and how to get it: actors, their offers, the conditions of access."""

from math import ceil
from typing import Any, Final

from flask import Blueprint, Response, abort, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from schemas.store.offers import OfferQuery, latest_change, search_offers
from schemas.store.providers import CHILDREN, Actor, actors, search_actors
from schemas.vocabulary import Area
from schemas.wording import euro_words
from webapp.access import Who, who
from webapp.db import current_region, reading, state, today
from webapp.feeds.conditional import conditional
from webapp.pages.paging import page_number

pages = Blueprint("providers", __name__)

PER_PAGE: Final = 20
MAX_TYPED: Final = 200


@pages.get("/anbieter")
@who(Who.EVERYBODY)
def home() -> ResponseReturnValue:
    """Providers of the Region in the order of their names, filtered by what stands in the address."""
    return conditional(lambda: _list(page_number(request.args)), "providers", latest_change(reading()))


@pages.get("/anbieter/<provider:key>")
@who(Who.EVERYBODY)
def show(key: str) -> ResponseReturnValue:
    """One provider with all its offers, those in other Regions too."""
    found = actors(reading(), [key]).get(key)
    if found is None:
        abort(404, _("Diesen Anbieter gibt es hier nicht, oder er bietet zurzeit nichts an."))
    return conditional(
        lambda: _provider(found, page_number(request.args)), "provider", latest_change(reading()), today()
    )


def cost_words(actor: Actor) -> str | None:
    """What a child pays at this provider; ``None`` where no offer says so."""
    words = []
    if actor.free:
        words.append(_("kostenfrei") if actor.cost_from is None else _("teils kostenfrei"))
    if actor.cost_from is not None and actor.cost_to is not None:
        low, high = euro_words(actor.cost_from), euro_words(actor.cost_to)
        span = low if low == high else _("%(low)s bis %(high)s", low=low, high=high)
        words.append(_("%(span)s pro Kind (bei %(n)s Kindern)", span=span, n=CHILDREN))
    if words and actor.cost_unknown:
        words.append(_("teils nicht angegeben"))
    return ", ".join(words) or None


def _list(page: int) -> Response:
    typed = {name: words for name in ("q", "bereich") if (words := request.args.get(name, "").strip()[:MAX_TYPED])}
    area = next((area for area in Area if area == typed.get("bereich")), None)
    region = current_region().key if len(state().regions) > 1 else None
    found = search_actors(
        reading(), region=region, words=typed.get("q"), area=area, limit=PER_PAGE, offset=(page - 1) * PER_PAGE
    )
    return make_response(
        render_template(
            "pages/providers.html",
            actors=found.actors,
            cost_words=cost_words,
            total=found.total,
            page=page,
            last_page=max(1, ceil(found.total / PER_PAGE)),
            page_url=lambda number: _address("providers.home", typed, number),
            typed=typed,
            not_understood="bereich" in typed and area is None,
            areas=tuple(Area),
        )
    )


def _provider(actor: Actor, page: int) -> Response:
    query = OfferQuery(provider_key=actor.key)
    found = search_offers(reading(), query, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    links = [offer.provider.url for offer in found.offers if offer.provider and offer.provider.url]
    return make_response(
        render_template(
            "pages/provider.html",
            actor=actor,
            cost=cost_words(actor),
            link=next(iter(links), None),
            offers=found.offers,
            total=found.total,
            page=page,
            last_page=max(1, ceil(found.total / PER_PAGE)),
            page_url=lambda number: _address("providers.show", {"key": actor.key}, number),
            today=today(),
        )
    )


def _address(endpoint: str, values: dict[str, str], number: int) -> str:
    given: dict[str, Any] = values | ({"seite": str(number)} if number > 1 else {})
    return url_for(endpoint, **given)
