"""Typing an offer at the desk while its provider is on the phone, and looking after all entries of the Region.

Typed → preview (what Kitas would see, what is not stated, what looks alike, what would change) → published or held.
"""

from collections.abc import Callable
from math import ceil
from typing import Any, Final

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from rapidfuzz import fuzz
from sqlalchemy.orm import Session

from harvesters.entering import entry_source, read_entry
from schemas.entry import Entry
from schemas.freshness import is_unconfirmed
from schemas.offer import Offer, OfferFields
from schemas.publish import Member, PublicOffer, public, publish
from schemas.store.entries import EntryState, StoredEntry, consents_of, entries_in, entry_by_key, entry_count
from schemas.store.offers import OfferQuery, offer_by_id, offers_by_id, search_offers
from webapp.access import Who, who
from webapp.db import current_region, now, reading, today, writing
from webapp.entries import NotListed, change, is_correct, pause, remove, resume, type_for
from webapp.entry_letters import desk_of_request
from webapp.pages.entry_form import EntryForm
from webapp.pages.entry_labels import form_words
from webapp.pages.entry_shown import empty_form, form_of
from webapp.pages.paging import page_number

pages = Blueprint("phone", __name__, url_prefix="/desk/eintragen")

PER_PAGE: Final = 25
ALIKE: Final = 80
"""Likeness of two titles, in per cent, from which the desk is asked whether they are the same offer."""
_WORTH_ASKING: Final = {
    "ages": _l("Alter"),
    "price": _l("Kosten"),
    "schedule": _l("Wann"),
    "modes": _l("Wo es stattfinden kann"),
    "place": _l("Ort"),
    "duration_minutes": _l("Dauer"),
    "group_size": _l("Gruppengröße"),
    "areas": _l("Bildungsbereiche"),
}
"""Fields worth asking for while somebody is on the phone."""


@pages.get("/")
@who(Who.COORDINATOR)
def new() -> ResponseReturnValue:
    """The empty form."""
    return _page(empty_form())


@pages.post("/")
@who(Who.COORDINATOR)
def typed() -> ResponseReturnValue:
    """Preview, publish or hold what was typed."""
    form = EntryForm(request.form, region=current_region().key)
    address, entry = form.read_address(required=False), form.read()
    if entry is None or form.errors:
        return _page(form, status=400)
    accept = {"publish": True, "hold": False}.get(request.form.get("do", ""))
    if accept is None:
        return _page(form, entry=entry)
    try:
        with writing() as session:
            desk = desk_of_request()
            offer = type_for(session, desk, entry, address=address, accept=accept, by=g.coordinator, now=now())
    except NotListed:
        form.errors["name"] = _not_listed()
        return _page(form, status=400)
    flash(_("Eingetragen und veröffentlicht.") if accept else _("Eingetragen und zurückgehalten."))
    return redirect(url_for("desk.offer", offer_id=offer), 303)


@pages.get("/liste")
@who(Who.COORDINATOR)
def entries() -> ResponseReturnValue:
    """All entries of the Region, newest first."""
    region, page = current_region().key, page_number(request.args)
    total = entry_count(reading(), region)
    found = entries_in(reading(), region, limit=PER_PAGE, offset=(page - 1) * PER_PAGE)
    offers = offers_by_id(reading(), [stored.offer for stored in found if stored.offer])
    rows = [(stored, offer := offers.get(stored.offer or ""), _is_old(offer)) for stored in found]
    last = max(1, ceil(total / PER_PAGE))
    return render_template("pages/desk_entries.html", rows=rows, total=total, page=page, last_page=last)


@pages.get("/<key>")
@who(Who.COORDINATOR)
def show(key: str) -> ResponseReturnValue:
    """One entry with what can be done with it."""
    return _entry_page(_own(key))


@pages.get("/<key>/aendern")
@who(Who.COORDINATOR)
def edit(key: str) -> ResponseReturnValue:
    """The form as it was filled in."""
    stored = _own(key)
    return _page(form_of(stored.entry) if stored.entry else empty_form(), stored=stored)


@pages.post("/<key>/aendern")
@who(Who.COORDINATOR)
def save(key: str) -> ResponseReturnValue:
    """Preview or save a new version."""
    stored = _own(key)
    form = EntryForm(request.form, region=stored.region)
    entry = form.read()
    if entry is None:
        return _page(form, stored=stored, status=400)
    if request.form.get("do") != "save":
        return _page(form, stored=stored, entry=entry)
    try:
        with writing() as session:
            change(session, desk_of_request(), stored, entry, by=g.coordinator, now=now())
    except NotListed:
        form.errors["name"] = _not_listed()
        return _page(form, stored=stored, status=400)
    flash(_("Gespeichert."))
    return redirect(url_for("phone.show", key=key), 303)


@pages.post("/<key>/pause")
@who(Who.COORDINATOR)
def withdraw(key: str) -> ResponseReturnValue:
    """Take it out of what is shown."""
    return _act(key, lambda session, stored: pause(session, stored, by=g.coordinator, now=now()), _("Herausgenommen."))


@pages.post("/<key>/zeigen")
@who(Who.COORDINATOR)
def put_back(key: str) -> ResponseReturnValue:
    """Put it back."""
    return _act(key, lambda session, stored: resume(session, stored, by=g.coordinator, now=now()), _("Wieder dabei."))


@pages.post("/<key>/stimmt")
@who(Who.COORDINATOR)
def still(key: str) -> ResponseReturnValue:
    """The provider said on the phone that it is still correct."""
    done = _("Vermerkt: Es stimmt noch.")
    return _act(key, lambda session, stored: is_correct(session, stored, by=g.coordinator, now=now()), done)


@pages.post("/<key>/loeschen")
@who(Who.COORDINATOR)
def delete(key: str) -> ResponseReturnValue:
    """Delete it for good, where that was ticked."""
    stored = _own(key)
    if request.form.get("sure") != "1":
        return _entry_page(stored, unsure=True), 400
    with writing() as session:
        remove(session, stored, by=g.coordinator, now=now())
    flash(_("Gelöscht. Die Adresse des Angebots sagt nur noch, dass es das nicht mehr gibt."))
    return redirect(url_for("phone.entries"), 303)


def _page(
    form: EntryForm, *, stored: StoredEntry | None = None, entry: Entry | None = None, status: int = 200
) -> ResponseReturnValue:
    preview = _preview(entry, stored) if entry is not None else None
    page = render_template(
        "pages/desk_phone.html",
        form=form,
        words=form_words(current_region()),
        stored=stored,
        preview=preview,
        today=today(),
    )
    return page, status


def _entry_page(stored: StoredEntry, *, unsure: bool = False) -> str:
    offer = offer_by_id(reading(), stored.offer) if stored.offer else None
    return render_template(
        "pages/desk_entry.html",
        stored=stored,
        offer=offer,
        old=_is_old(offer),
        consents=consents_of(reading(), stored.id),
        unsure=unsure,
    )


def _preview(entry: Entry, stored: StoredEntry | None) -> dict[str, Any]:
    """What Kitas would see; what is not stated, what looks alike, and what would change."""
    region = current_region()
    source = entry_source(region.key, region.name, now=now())
    read = read_entry(source, entry, key="vorschau", now=now())
    member = Member(read.offer, "publish", present=True, first_seen=now(), last_seen=now())
    offer = publish("vorschau", region.key, [member], [], [], today=today())
    return {
        "offer": public(offer),
        "contact": offer.booking.contact,
        "status": offer.status,
        "reasons": offer.kita_suitability.reasons if offer.kita_suitability else (),
        "issues": read.issues,
        "missing": [label for name, label in _WORTH_ASKING.items() if not getattr(offer, name)],
        "alike": _alike(entry, stored),
        "changes": _changes(offer, stored),
    }


def _alike(entry: Entry, stored: StoredEntry | None) -> list[PublicOffer]:
    """Shown offers of the Region with nearly the same title."""
    query = OfferQuery.model_validate({"words": entry.title, "region": current_region().key})
    found = search_offers(reading(), query, limit=20, offset=0).offers
    others = [offer for offer in found if stored is None or offer.id != stored.offer]
    return [offer for offer in others if fuzz.token_sort_ratio(offer.title, entry.title) >= ALIKE][:3]


def _changes(offer: Offer, stored: StoredEntry | None) -> list[tuple[str, Any, Any]]:
    """Field, value now, value then, where an entry is changed."""
    current = offer_by_id(reading(), stored.offer) if stored and stored.offer else None
    if current is None:
        return []
    before, after = (one.model_dump(mode="json", include=set(OfferFields.model_fields)) for one in (current, offer))
    return [
        (name, before[name], after[name])
        for name in OfferFields.model_fields
        if before[name] != after[name] and name != "kita_suitability"
    ]


def _is_old(offer: Offer | None) -> bool:
    return offer is not None and is_unconfirmed(offer, today())


def _own(key: str) -> StoredEntry:
    """An entry of this Region that somebody confirmed; 404 otherwise."""
    stored = entry_by_key(reading(), key)
    standing = (EntryState.LIVE, EntryState.WITHDRAWN)
    if stored is None or stored.region != current_region().key or stored.state not in standing:
        abort(404)
    return stored


def _act(key: str, action: Callable[[Session, StoredEntry], object], done: str) -> ResponseReturnValue:
    stored = _own(key)
    with writing() as session:
        action(session, stored)
    flash(done)
    return redirect(url_for("phone.show", key=key), 303)


def _not_listed() -> str:
    return str(_("Dieser Anbieter möchte nicht gelistet werden. Unter „Nicht listen“ können Sie das aufheben."))
