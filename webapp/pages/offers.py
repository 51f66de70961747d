"""The portal: search list and offer page, for everybody."""

from math import ceil
from typing import Any, Final

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from schemas.clock import today
from schemas.geography import locate
from schemas.store.offers import OfferQuery, Tombstone, latest_change, public_offer, search_offers
from schemas.vocabulary import Area, Status, Weekday
from webapp.db import current_region, public_url, reading
from webapp.feeds.conditional import conditional
from webapp.feeds.jsonld import jsonld_script

pages = Blueprint("offers", __name__)

PER_PAGE: Final = 20
RADII_KM: Final = (5, 10, 20, 35, 50)
AGES: Final = tuple(range(0, 11))


@pages.get("/")
def search() -> ResponseReturnValue:
    """Published offers, filtered by what stands in the address."""
    query, problems = _query(request.args)
    page = min(max(request.args.get("seite", 1, type=int), 1), 5_000)
    found = search_offers(reading(), query, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    response = make_response(
        render_template(
            "pages/search.html",
            found=found,
            page=page,
            last_page=max(1, ceil(found.total / PER_PAGE)),
            page_url=_page_url,
            problems=problems,
            args=request.args,
            areas=tuple(Area),
            weekdays=tuple(Weekday)[:5],
            radii=RADII_KM,
            ages=AGES,
            today=today(),
        )
    )
    return conditional(response, "search", latest_change(reading()), today().isoformat())


@pages.get("/angebote/<offer_id>")
def show(offer_id: str) -> ResponseReturnValue:
    """One offer; merged ones lead to their successor, gone ones say so (law 5: old addresses answer for ever)."""
    offer = public_offer(reading(), offer_id)
    if offer is None:
        abort(404)
    if isinstance(offer, Tombstone):
        if offer.replaced_by:
            return redirect(url_for("offers.show", offer_id=offer.replaced_by), 301)
        gone = Status.GONE if offer.status is Status.GONE else offer.status
        return render_template("pages/gone.html", offer=offer, status=gone), 410
    response = make_response(
        render_template(
            "pages/offer.html",
            offer=offer,
            today=today(),
            jsonld=jsonld_script(offer, base_url=public_url()),
        )
    )
    return conditional(response, "offer", offer.version, today().isoformat())


def _query(args: MultiDict[str, str]) -> tuple[OfferQuery, list[str]]:
    """The query in the address, and German sentences on what in it could not be understood."""
    problems: list[str] = []
    asked: dict[str, Any] = {}
    if words := args.get("q", "").strip()[:200]:
        asked["words"] = words
    if (years := args.get("alter", "")).isdigit() and int(years) in AGES:
        asked["age_months"] = int(years) * 12
    if town := args.get("ort", "").strip()[:120]:
        postcode = town if town.isdigit() else None
        there = locate(postcode, None if postcode else town, near=current_region().key)
        if there is None:
            problems.append(
                _("Den Ort „%(town)s“ kennen wir nicht. Bitte geben Sie Postleitzahl oder Gemeinde an.", town=town)
            )
        else:
            radius = args.get("umkreis", "20")
            asked["near"] = (there.point.lat, there.point.lon)
            asked["radius_km"] = float(radius) if radius.isdigit() and int(radius) in RADII_KM else 20.0
    if (weekday := args.get("tag", "")) in Weekday:
        asked["weekday"] = weekday
    if (area := args.get("bereich", "")) in Area:
        asked["areas"] = (area,)
    if args.get("mobil"):
        asked["in_kita"] = True
    if args.get("kostenfrei"):
        asked["max_cost_eur"] = 0.0
    return OfferQuery.model_validate(asked), problems


def _page_url(number: int) -> str:
    args = request.args.to_dict()
    args.pop("seite", None)
    return url_for("offers.search", **args, **({"seite": str(number)} if number > 1 else {}))
