"""The coordinators' desk: how harvesting went, what is held and why, and plain forms to decide, correct and undo."""

from collections.abc import Callable
from functools import wraps
from math import ceil
from typing import Any, Final

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from schemas.clock import now
from schemas.region import Coordinator
from schemas.review import DecisionKind
from schemas.store.harvest import runs, sources
from schemas.store.reviews import (
    correct,
    decide,
    detail,
    held,
    held_count,
    resolve_conflict,
    undo_correction,
    undo_decision,
)
from webapp.db import current_region, reading, state, writing
from webapp.links import Links
from webapp.pages.correcting import FORMS

pages = Blueprint("desk", __name__, url_prefix="/desk")

PER_PAGE: Final = 25


def signed_in(view: Callable[..., ResponseReturnValue]) -> Callable[..., ResponseReturnValue]:
    """Lets a view be seen by a coordinator of this Region only; everybody else gets 403."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if session.get("region") != current_region().key or not session.get("name"):
            abort(403)
        g.coordinator = Coordinator(name=session["name"], mail="")
        return view(*args, **kwargs)

    return guarded


@pages.after_request
def private(response: Any) -> Any:
    """Nothing of the desk is kept by a browser or a proxy."""
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.get("/anmelden/<token>")
def sign_in(token: str) -> ResponseReturnValue:
    """Shows who would be signed in; signing in itself needs the button, since mail scanners follow links."""
    link = _links().read_desk(token, now=now())
    return render_template("pages/desk_sign_in.html", link=link, token=token), 200 if link else 403


@pages.post("/anmelden/<token>")
def enter(token: str) -> ResponseReturnValue:
    """Signs in with the link."""
    link = _links().read_desk(token, now=now())
    if link is None:
        abort(403)
    session.clear()
    session.update(region=link.region, name=link.name)
    return redirect(url_for("desk.home"))


@pages.post("/abmelden")
def leave() -> ResponseReturnValue:
    """Signs out."""
    session.clear()
    return redirect(url_for("offers.search"))


@pages.get("/")
@signed_in
def home() -> ResponseReturnValue:
    """Last runs, what was not understood, everything held."""
    region = current_region().key
    page = max(request.args.get("seite", 1, type=int), 1)
    latest = {}
    for run in runs(reading(), region=region, limit=500):
        latest.setdefault(run.source, run)
    return render_template(
        "pages/desk.html",
        sources=sources(reading(), region=region),
        latest=latest,
        held=held(reading(), region=region, limit=PER_PAGE, offset=(page - 1) * PER_PAGE),
        total=(total := held_count(reading(), region=region)),
        page=page,
        last_page=max(1, ceil(total / PER_PAGE)),
    )


@pages.get("/abrufe/<source>")
@signed_in
def source_runs(source: str) -> ResponseReturnValue:
    """The last runs of one source with their Issues."""
    found = runs(reading(), source=source, region=current_region().key, limit=20)
    if not found:
        abort(404)
    return render_template("pages/desk_runs.html", source=source, runs=found)


@pages.get("/angebote/<offer_id>")
@signed_in
def offer(offer_id: str) -> ResponseReturnValue:
    """One offer with the source's words, evidence per field, corrections and decisions."""
    return _offer_page(offer_id)


@pages.post("/angebote/<offer_id>/entscheiden")
@signed_in
def decide_offer(offer_id: str) -> ResponseReturnValue:
    """Accept or reject."""
    kind = request.form.get("kind", "")
    if kind not in DecisionKind:
        abort(400)
    with writing() as change:
        _own(change, offer_id)
        decide(
            change,
            offer_id,
            DecisionKind(kind),
            by=g.coordinator.name,
            now=now(),
            why=request.form.get("why", "").strip()[:500] or None,
        )
    accepted = kind == DecisionKind.ACCEPT
    flash(_("Angenommen: Das Angebot wird veröffentlicht.") if accepted else _("Abgelehnt."))
    return _back(offer_id)


@pages.post("/angebote/<offer_id>/korrigieren/<field>")
@signed_in
def correct_field(offer_id: str, field: str) -> ResponseReturnValue:
    """Set one field by hand."""
    form = FORMS.get(field)
    if form is None:
        abort(404)
    with writing() as change:
        found = _own(change, offer_id)
        old = found.offer.model_dump(mode="json")[field]
        try:
            value = form.read(request.form, old)
        except ValueError as error:
            return _offer_page(offer_id, problem=str(error), problem_field=field), 400
        correct(change, offer_id, field, value, by=g.coordinator.name, now=now())
    flash(_("Korrigiert: %(field)s. Die Korrektur gilt, auch wenn die Quelle neu gelesen wird.", field=form.label))
    return _back(offer_id)


@pages.post("/angebote/<offer_id>/zuruecknehmen/<kind>/<int:number>")
@signed_in
def undo(offer_id: str, kind: str, number: int) -> ResponseReturnValue:
    """Take a correction or decision back."""
    actions = {"korrektur": undo_correction, "entscheidung": undo_decision}
    if kind not in actions:
        abort(404)
    with writing() as change:
        found = _own(change, offer_id)
        own = found.corrections if kind == "korrektur" else found.decisions
        if number not in {item.id for item in own}:
            abort(404)
        actions[kind](change, number, by=g.coordinator.name, now=now())
    flash(_("Zurückgenommen."))
    return _back(offer_id)


@pages.post("/angebote/<offer_id>/konflikt/<int:review_id>")
@signed_in
def resolve(offer_id: str, review_id: int) -> ResponseReturnValue:
    """Decide between a correction and what the source says now."""
    take = request.form.get("take", "")
    if take not in ("correction", "source"):
        abort(400)
    with writing() as change:
        found = _own(change, offer_id)
        if review_id not in {review.id for review in found.reviews}:
            abort(404)
        resolve_conflict(change, review_id, take=take, by=g.coordinator.name, now=now())
    flash(_("Die Korrektur bleibt.") if take == "correction" else _("Der Wert der Quelle gilt wieder."))
    return _back(offer_id)


def _own(change: Any, offer_id: str) -> Any:
    """The offer if it belongs to this Region; 404 otherwise, so that no Region sees another's desk."""
    found = detail(change, offer_id)
    if found is None or found.offer.region != current_region().key:
        abort(404)
    return found


def _offer_page(offer_id: str, problem: str | None = None, problem_field: str | None = None) -> str:
    found = _own(reading(), offer_id)
    corrected = {c.field: c for c in found.corrections if c.undone_at is None}
    return render_template(
        "pages/desk_offer.html",
        found=found,
        values=found.offer.model_dump(mode="json"),
        forms=FORMS,
        corrected=corrected,
        problem=problem,
        problem_field=problem_field,
    )


def _back(offer_id: str) -> ResponseReturnValue:
    return redirect(url_for("desk.offer", offer_id=offer_id), 303)


def _links() -> Links:
    return Links(state().settings.secret())
