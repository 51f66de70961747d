"""The portal: search list and offer page, for everybody."""

import re
from collections.abc import Iterable
from math import ceil
from typing import Any, Final

from flask import Blueprint, Response, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from schemas.geography import locate
from schemas.publish import PublicOffer
from schemas.store.offers import OfferQuery, Tombstone, latest_change, public_offer, search_offers
from schemas.vocabulary import Area, Weekday
from webapp.access import Who, who
from webapp.db import current_region, public_url, reading, state, today
from webapp.feeds.conditional import conditional
from webapp.feeds.jsonld import jsonld_script
from webapp.pages.paging import page_number

pages = Blueprint("offers", __name__)

PER_PAGE: Final = 20
RADII_KM: Final = (5, 10, 20, 35, 50)
DEFAULT_KM: Final = 20
AGES: Final = tuple(range(0, 11))
WEEKDAYS: Final = tuple(Weekday)[:5]
FILTERS: Final = ("q", "alter", "ort", "umkreis", "tag", "bereich", "mobil", "kostenfrei")
"""Names of the form's inputs; everything else in an address is ignored."""

_POSTCODE: Final = re.compile(r"[0-9]{5}")


@pages.get("/")
@who(Who.EVERYBODY)
def search() -> ResponseReturnValue:
    """Published offers, filtered by what stands in the address."""
    asked = {name: words for name in FILTERS if (words := request.args.get(name, "").strip()[:200])}
    return conditional(lambda: _list(asked, page_number(request.args)), "search", latest_change(reading()), today())


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
        return render_template("pages/gone.html", offer=offer), 410
    return conditional(lambda: _offer(offer), "offer", offer.version, offer.last_seen, today())


def _list(asked: dict[str, str], page: int) -> Response:
    query, problems = _query(asked)
    found = search_offers(reading(), query, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    return make_response(
        render_template(
            "pages/search.html",
            cards=list(zip(found.offers, found.unknown, strict=True)),
            total=found.total,
            page=page,
            last_page=max(1, ceil(found.total / PER_PAGE)),
            page_url=lambda number: _page_url(asked, number),
            problems=problems,
            asked=asked,
            areas=tuple(Area),
            weekdays=WEEKDAYS,
            radii=RADII_KM,
            radius=_choice(asked.get("umkreis"), RADII_KM) or DEFAULT_KM,
            ages=AGES,
            today=today(),
        )
    )


def _offer(offer: PublicOffer) -> Response:
    jsonld = jsonld_script(offer, base_url=public_url())
    return make_response(render_template("pages/offer.html", offer=offer, today=today(), jsonld=jsonld))


def _query(asked: dict[str, str]) -> tuple[OfferQuery, list[str]]:
    """The query for the words of the form, and German sentences on what in them could not be understood."""
    problems: list[str] = []
    wanted: dict[str, Any] = {}
    if "q" in asked:
        wanted["words"] = asked["q"]
    if (years := _choice(asked.get("alter"), AGES)) is not None:
        wanted["age_months"] = years * 12
    if town := asked.get("ort"):
        postcode = town if _POSTCODE.fullmatch(town) else None
        there = locate(postcode, None if postcode else town, near=current_region().key)
        if there is None:
            problems.append(
                _("Den Ort „%(town)s“ kennen wir nicht. Bitte geben Sie Postleitzahl oder Gemeinde an.", town=town)
            )
        else:
            wanted["near"] = (there.point.lat, there.point.lon)
            wanted["radius_km"] = _choice(asked.get("umkreis"), RADII_KM) or DEFAULT_KM
    if asked.get("tag") in WEEKDAYS:
        wanted["weekday"] = asked["tag"]
    if asked.get("bereich") in tuple(Area):
        wanted["areas"] = (asked["bereich"],)
    if "mobil" in asked:
        wanted["in_kita"] = True
    if "kostenfrei" in asked:
        wanted["max_cost_eur"] = 0.0
    if len(state().regions) > 1:
        wanted["region"] = current_region().key
    return OfferQuery.model_validate(wanted), problems


def _choice(text: str | None, numbers: Iterable[int]) -> int | None:
    return next((number for number in numbers if str(number) == text), None)


def _page_url(asked: dict[str, str], number: int) -> str:
    values: dict[str, Any] = asked | ({"seite": str(number)} if number > 1 else {})
    return url_for("offers.search", **values)
