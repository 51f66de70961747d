"""The portal: search list and offer page, for everybody."""

from math import ceil
from typing import Any, Final

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from schemas.freshness import UNCONFIRMED_DAYS, confirmed_on
from schemas.publish import PublicOffer
from schemas.store.offers import (
    OfferQuery,
    Tombstone,
    latest_change,
    offer_by_id,
    public_offer,
    search_offers,
    without_one_filter,
)
from schemas.store.providers import source_titles
from schemas.vocabulary import Area, Topic
from webapp.access import Who, who
from webapp.db import current_region, public_url, reading, state, today
from webapp.feeds.conditional import conditional
from webapp.feeds.jsonld import jsonld_script
from webapp.feeds.open_data import facts_licence
from webapp.pages.asking import (
    AGES,
    LABELS,
    MORE,
    PARAMETERS,
    RADII_KM,
    SORTS,
    WEEKDAYS,
    Asked,
    children_in,
    understand,
)
from webapp.pages.offer_facts import book_by, bookings, earliest_visit, group_costs, origins
from webapp.pages.paging import page_number
from webapp.typed_offers import Behind, behind

pages = Blueprint("offers", __name__)

PER_PAGE: Final = 20
SIMILAR: Final = 4
"""Offers that are shown in place of one that is gone."""
SIMILAR_KM: Final = 30


@pages.get("/")
@who(Who.EVERYBODY)
def search() -> ResponseReturnValue:
    """Published offers, filtered by what stands in the address."""
    return conditional(lambda: _list(page_number(request.args)), "search", latest_change(reading()), today())


@pages.get("/angebote/<offer:offer_id>")
@who(Who.EVERYBODY)
def show(offer_id: str) -> ResponseReturnValue:
    """One offer; merged ones lead to their successor, gone ones say so (law 5: old addresses answer for ever)."""
    offer = public_offer(reading(), offer_id)
    if offer is None:
        abort(404)
    if isinstance(offer, Tombstone):
        if offer.replaced_by:
            return redirect(url_for("offers.show", offer_id=offer.replaced_by), 301)
        return _gone(offer), 410
    stands = behind(reading(), offer, current_region(), today())
    offer = offer.model_copy(update={"data_licence": facts_licence()(offer.region)})
    made_from = (offer.version, offer.last_seen, offer.data_licence, today(), stands)
    return conditional(lambda: _offer(offer, stands), "offer", *made_from)


def _list(page: int) -> Response:
    region = current_region().key
    asked = understand(request.args, region=region, today=today(), only_region=len(state().regions) > 1)
    query = asked.query
    found = search_offers(reading(), query, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    ways_out = {} if found.total or not asked.words else without_one_filter(reading(), query)
    return make_response(
        render_template(
            "pages/search.html",
            cards=list(zip(found.offers, found.unknown, strict=True)),
            total=found.total,
            unstated=found.unstated,
            page=page,
            last_page=max(1, ceil(found.total / PER_PAGE)),
            page_url=lambda number: _address(asked.values | ({"seite": str(number)} if number > 1 else {})),
            chips=_chips(asked),
            ways_out=[
                (asked.values["q"] if name == "q" else asked.words[name], count, _address(asked.without(name)))
                for name, count in ((PARAMETERS[field], count) for field, count in ways_out.items())
                if name in asked.words
            ],
            asked=asked,
            typed=asked.values,
            labels=LABELS,
            more_open=any(name in asked.values for name in MORE),
            choices={
                "alter": [(value, words) for value, (_, words) in AGES.items()],
                "umkreis": [(str(km), f"{km} km") for km in RADII_KM],
                "tag": [(day.value, day.label) for day in WEEKDAYS],
                "bereich": [(area.value, area.label) for area in Area],
                "thema": sorted(((topic.value, topic.label) for topic in Topic), key=lambda topic: topic[1]),
                "sortierung": [(value, words) for value, (_, words) in SORTS.items()],
            },
            today=today(),
        )
    )


def _chips(asked: Asked) -> list[tuple[Any, str, bool]]:
    """For each filter its words, the address without it, and whether it was understood."""
    return [
        (asked.words.get(name, typed), _address(asked.without(name)), name in asked.words)
        for name, typed in asked.values.items()
        if name != "umkreis" and not (name == "sortierung" and name in asked.words)
    ]


def _offer(offer: PublicOffer, stands: Behind) -> Response:
    typed = request.args.get("kinder", "").strip()[:20]
    children = children_in(typed)
    last = confirmed_on(offer)
    return make_response(
        render_template(
            "pages/offer.html",
            offer=offer,
            behind=stands,
            today=today(),
            jsonld=jsonld_script(offer, base_url=public_url()),
            typed=typed,
            children=children,
            costs=group_costs(offer.price, children, offer.group_size.children_max if offer.group_size else None),
            bookings=bookings(offer, today()),
            book_by=book_by(offer, today()),
            earliest=earliest_visit(offer, today()),
            origins=origins(offer, source_titles(reading(), [said.source for said in offer.provenance.values()])),
            neglected_since=last if last and not stands.typed and (today() - last).days > UNCONFIRMED_DAYS else None,
        )
    )


def _gone(tombstone: Tombstone) -> str:
    """The page of an offer that is no longer shown, with others of its areas near its place."""
    was = offer_by_id(reading(), tombstone.id)
    similar: list[PublicOffer] = []
    if was is not None:
        place = was.place
        near = (place.lat, place.lon) if place and place.lat is not None and place.lon is not None else None
        query = OfferQuery(areas=was.areas, near=near, radius_km=SIMILAR_KM if near else None, home=was.region)
        similar = search_offers(reading(), query, limit=SIMILAR).offers
    return render_template("pages/gone.html", offer=tombstone, similar=similar, today=today())


def _address(values: dict[str, str]) -> str:
    given: dict[str, Any] = dict(values)
    return url_for("offers.search", **given)
