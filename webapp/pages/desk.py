"""The coordinators' desk: how harvesting and mailing went, what is held and why, and plain forms to decide, correct and
undo.
"""

import re
from dataclasses import dataclass
from datetime import timedelta
from json import dumps
from typing import Any, Final, Literal

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from schemas.clock import week_of
from schemas.exceptions import StoreError
from schemas.freshness import UNCONFIRMED_DAYS
from schemas.identifiers import digest
from schemas.review import DecisionKind, JudgementKind, ReviewKind
from schemas.store.audit import Action, noted
from schemas.store.digests import DigestState, LedgerEntry, ledger
from schemas.store.drafts import DraftState, drafts_by_state
from schemas.store.entries import entry_count, unconfirmed_count
from schemas.store.held import held_about, held_counts, looks, still_decidable
from schemas.store.kitas import kita_by_id
from schemas.store.merging import judge, split
from schemas.store.offers import offers_by_id
from schemas.store.publishing import lock_offers, successor
from schemas.store.reviews import (
    OfferDetail,
    correct,
    decide,
    detail,
    in_its_form,
    latest_decision,
)
from schemas.store.runs import latest_runs, runs, source, sources
from schemas.store.undoing import about_the_same, can_undo, decided_alike, refused
from webapp.access import Who, who
from webapp.db import current_region, now, reading, state, today, writing
from webapp.pages.correcting import FORMS, Input
from webapp.pages.run_report import reports
from webapp.pages.value_words import value_words
from webapp.regions import region_of
from webapp.template_filters import moment

pages = Blueprint("desk", __name__, url_prefix="/desk")

PER_PAGE: Final = 25
MAX_WHY: Final = 500
COMPARED: Final = ("ages", "price", "duration_minutes", "schedule", "place", "modes")
"""Fields by which people tell whether two offers are one."""
MAX_MAILS: Final = 100
MAILS_SHOWN: Final = timedelta(days=14)
"""How far back mails are shown that were not, or may not have been, sent."""

_OFFER_ID: Final = re.compile(r"\bo[a-z2-7]{15}\b")


@pages.post("/abmelden")
@who(Who.COORDINATOR)
def leave() -> ResponseReturnValue:
    """Signs out."""
    session.clear()
    return redirect(url_for("offers.search"), 303)


@pages.get("/")
@who(Who.COORDINATOR)
def home() -> ResponseReturnValue:
    """What waits for a coordinator, in figures that lead to the places where it is decided."""
    region, regions = current_region(), state().regions
    own = [each.name for each in sources(reading()) if region_of(each.region, regions) == region]
    ill = [run for run in latest_runs(reading(), own).values() if run.is_ill]
    states = drafts_by_state(reading(), region.key)
    return render_template(
        "pages/desk.html",
        held={kind: count for kind, count in held_counts(reading(), region.key).items() if count},
        sources=len(own),
        ill=len(ill),
        ready=states.get(DraftState.READY, 0),
        drafts=sum(states.get(each, 0) for each in (DraftState.WAITING, DraftState.READY, DraftState.FAILED)),
        mails=_troubled_mails(),
        entries=entry_count(reading(), region.key),
        neglected=unconfirmed_count(reading(), region.key, before=now() - timedelta(days=UNCONFIRMED_DAYS)),
    )


@pages.get("/abrufe/<name:name>")
@who(Who.COORDINATOR)
def source_runs(name: str) -> ResponseReturnValue:
    """The last runs of one source with their Issues."""
    found = source(reading(), name)
    latest = runs(reading(), source=name, limit=20)
    if found is None or region_of(found.region, state().regions) != current_region() or not latest:
        abort(404)
    return render_template("pages/desk_runs.html", source=found, reports=reports(latest, found.expect.filled))


@pages.get("/angebote/<offer:offer_id>")
@who(Who.COORDINATOR)
def offer(offer_id: str) -> ResponseReturnValue:
    """One offer with the source's words, evidence per field, corrections and decisions; a merged one is its
    successor."""
    found = _own(reading(), offer_id)
    if found.offer.replaced_by:
        return redirect(url_for("desk.offer", offer_id=found.offer.replaced_by), 303)
    return _offer_page(found)


@pages.post("/angebote/<offer:offer_id>/entscheiden")
@who(Who.COORDINATOR)
def decide_offer(offer_id: str) -> ResponseReturnValue:
    """Accept or reject."""
    kind = request.form.get("kind", "")
    if kind not in (DecisionKind.ACCEPT, DecisionKind.REJECT):
        abort(400)
    why = request.form.get("why", "").strip()[:MAX_WHY] or None
    with writing() as change:
        _own(change, offer_id)
        waits = still_decidable(change, [offer_id])
        if not waits and latest_decision(change, offer_id) == kind:  # pressed twice: one undo must be enough
            words = _("Das war schon so entschieden; es bleibt dabei.")
            twice = decided_alike(change, [offer_id], DecisionKind(kind), by=g.coordinator)
            if twice is None:
                flash(words)
            else:
                _done(words, twice)
            return _back(offer_id)
        if request.form.get("seen") != looks(change, [offer_id])[offer_id]:
            flash(_("Das Angebot hat sich geändert, seit Sie es sahen; bitte sehen Sie es sich noch einmal an."))
            return _back(offer_id)
        decide(change, offer_id, DecisionKind(kind), by=g.coordinator, now=now(), why=why)
        number = noted(change)[-1]
    _done(_("Angenommen.") if kind == DecisionKind.ACCEPT else _("Abgelehnt."), number)
    return _back(offer_id)


@pages.post("/angebote/<offer:offer_id>/korrigieren/<field>")
@who(Who.COORDINATOR)
def correct_field(offer_id: str, field: str) -> ResponseReturnValue:
    """Set one field by hand; what cannot be understood is shown again with a word why, and nothing is changed."""
    form = FORMS.get(field)
    if form is None:
        abort(404)
    status = 400
    with writing() as change:
        found = _locked(change, offer_id)
        changed = _changed_since(found, field)
        try:
            value = in_its_form(found.offer, field, form.read(request.form, _value(found, field)))
        except ValueError as error:
            problem = str(error)
        except StoreError:
            problem = _(
                "Das passt nicht zum Feld: Pflichtangaben fehlen, oder ein Wert ist zu klein, zu groß oder zu lang."
            )
        else:
            twice = _corrected_alike(found, field, value)
            if changed and twice is not None:
                _done(_("Das war schon so korrigiert; es bleibt dabei."), twice)
                return _back(found.offer.id)
            if not changed:
                correct(change, found.offer.id, field, value, by=g.coordinator, now=now())
                words = _("Korrigiert: %(field)s. Die Korrektur gilt, auch wenn die Quelle neu gelesen wird.",
                          field=form.label)  # fmt: skip
                _done(words, noted(change)[-1])
                return _back(found.offer.id)
    if changed:
        status, problem = 409, changed
    return _offer_page(
        _own(reading(), found.offer.id), problem=problem, wrong=field, entered=form.submitted(request.form)
    ), status


@pages.post("/angebote/<offer:offer_id>/zusammenfuehren")
@who(Who.COORDINATOR)
def merge_with(offer_id: str) -> ResponseReturnValue:
    """Say that another offer, given by its number or address, is the same; the older of the two stays."""
    entered = request.form.get("other", "").strip()
    named = _OFFER_ID.search(entered[:2000])
    with writing() as change:
        _own(change, offer_id)
        other = offers_by_id(change, [named[0]]).get(named[0]) if named else None
        if other is None or other.region != current_region().key or other.id == offer_id:
            flash(_("Kein anderes Angebot dieser Region gefunden unter „%(words)s“.", words=entered[:80]))
            return _back(offer_id)
        judge(change, offer_id, other.id, JudgementKind.SAME, by=g.coordinator, now=now())
        number, kept = noted(change)[-1], successor(change, offer_id)
    _done(_("Die beiden sind jetzt ein Angebot. Die ältere Adresse bleibt, die andere führt dorthin."), number)
    return _back(kept)


@pages.post("/angebote/<offer:offer_id>/trennen")
@who(Who.COORDINATOR)
def split_off(offer_id: str) -> ResponseReturnValue:
    """Make what one source says an offer of its own."""
    with writing() as change:
        of_offer = _own(change, offer_id).offer.sources
        chosen = request.form.get("source", "")
        leaving = next((key for place, key in enumerate(of_offer) if str(place) == chosen), None)
        if leaving is None:
            abort(400)
        split(change, offer_id, [leaving], by=g.coordinator, now=now())
        number = noted(change)[-1]
    _done(_("Abgetrennt: Was diese Quelle sagt, ist jetzt ein eigenes Angebot."), number)
    return _back(offer_id)


def _troubled_mails() -> list[tuple[LedgerEntry, str]]:
    """Mails to Kitas of this Region, and of no Region inside it, that were not or may not have been sent of late, each
    with the Kita's name; at most ``MAX_MAILS``."""
    region, regions = current_region(), state().regions
    found = ledger(
        reading(),
        region=region.key,
        since=week_of(today() - MAILS_SHOWN),
        states=[DigestState.UNSURE, DigestState.FAILED],
        limit=MAX_MAILS,
    )
    own = [entry for entry in found if region_of(entry.region, regions) == region]
    names = {kita_id: kita_by_id(reading(), kita_id) for kita_id in {entry.kita for entry in own}}
    return [(entry, kita.name if (kita := names[entry.kita]) else entry.kita) for entry in own]


def _own(change: Session, offer_id: str) -> OfferDetail:
    """The offer if it belongs to this Region; 404 otherwise, so that no Region sees another's desk."""
    found = detail(change, offer_id)
    if found is None or found.offer.region != current_region().key:
        abort(404)
    return found


def _locked(change: Session, offer_id: str) -> OfferDetail:
    """The offer, or what it was merged into, as it stays until the commit; 404 where it is not this Region's."""
    _own(change, offer_id)
    current = successor(change, offer_id)
    lock_offers(change, [offer_id, current])
    return _own(change, current)


def _value(found: OfferDetail, field: str) -> Any:
    return found.offer.model_dump(mode="json", include={field})[field]


def _look(found: OfferDetail, field: str) -> str:
    """A few characters that differ once anything does that the page shows of a field: its value, who said so, and what
    each source says."""
    said = [each.fields.model_dump(mode="json", include={field})[field] for each in found.source_offers]
    standing = [each.id for each in found.corrections if each.field == field and not each.undone_at]
    return digest(found.offer.id, dumps([_value(found, field), standing, said], sort_keys=True))[:16]


def _changed_since(found: OfferDetail, field: str) -> str | None:
    """What to say where a field, or its offer, is not what the form of this request showed."""
    shown, _colon, look = request.form.get("seen", "").partition(":")
    if look == _look(found, field):
        return None
    words: str
    if shown != found.offer.id:
        words = _(
            "Das Angebot, das Sie sahen, wurde inzwischen mit einem anderen zusammengeführt; dies ist, was blieb."
        )
    else:
        words = _("%(field)s: Das hat sich geändert, seit Sie es sahen.", field=FORMS[field].label)
    by = next((each for each in found.corrections if each.field == field and not each.undone_at), None)
    value = value_words(_value(found, field), field)
    if by is None:
        words += " " + _("Jetzt gilt: %(value)s.", value=value)
    else:
        words += " " + _("Jetzt gilt: %(value)s, korrigiert von %(who)s am %(day)s.",
                         value=value, who=by.by, day=moment(by.at))  # fmt: skip
    for review in found.reviews:
        if review.kind is ReviewKind.CONFLICT and review.field == field and not review.closed_at:
            words += " " + _("Die Quelle sagt jetzt: %(value)s.", value=value_words(review.harvested, field))
    words += " " + _("Ihre Eingabe ist noch da, gespeichert ist sie nicht. Soll sie trotzdem gelten, speichern Sie "
                     "bitte noch einmal.")  # fmt: skip
    return words


def _corrected_alike(found: OfferDetail, field: str, value: Any) -> int | None:
    """The number that takes back the standing correction of a field, where this person made it and said the same."""
    standing = next((each for each in found.corrections if each.field == field and not each.undone_at), None)
    if standing is None or (standing.by, standing.value) != (g.coordinator, value):
        return None
    return next((each.id for each in found.history if each.data.get("correction") == standing.id), None)


@dataclass(frozen=True, slots=True)
class Told:
    """What was done to an offer, as its history tells it."""

    action: Action
    state: Literal["undone", "standing", "overruled", "kept"]
    """``standing`` can be taken back, what was ``overruled`` since cannot, what is ``kept`` never could."""
    later: Action | None = None
    """What overruled it."""


def _history(found: OfferDetail) -> list[Told]:
    """What was done, newest first."""
    standing = {("decision", each.id) for each in found.decisions if not each.undone_at}
    standing |= {("correction", each.id) for each in found.corrections if not each.undone_at}

    def stands(action: Action) -> bool:
        about = {(name, action.data[name]) for name in ("decision", "correction") if name in action.data}
        return not action.undone and (not can_undo(action) or about <= standing)

    told = []
    for action in found.history:
        if not stands(action):
            told.append(Told(action, "undone"))
        elif not can_undo(action):
            told.append(Told(action, "kept"))
        elif refused(reading(), action):
            since = (each for each in found.history if about_the_same(action, each) and stands(each))
            told.append(Told(action, "overruled", next(since, None)))
        else:
            told.append(Told(action, "standing"))
    return told


def _offer_page(
    found: OfferDetail, *, problem: str | None = None, wrong: str | None = None, entered: tuple[Input, ...] = ()
) -> str:
    history = _history(found)
    return render_template(
        "pages/desk_offer.html",
        found=found,
        values=found.offer.model_dump(mode="json"),
        forms=FORMS,
        corrected={
            correction.field: correction for correction in reversed(found.corrections) if not correction.undone_at
        },
        waiting=held_about(reading(), found.offer.id, found.offer.region),
        known={each.name: each for each in sources(reading(), found.offer.region)},
        compared=COMPARED,
        history=history,
        told={
            (name, told.action.data[name]): told
            for told in history
            for name in ("decision", "correction")
            if name in told.action.data and told.state != "kept"
        },
        looks={name: f"{found.offer.id}:{_look(found, name)}" for name in FORMS},
        now=now(),
        problem=problem,
        wrong=wrong,
        entered=entered,
        seen=looks(reading(), [found.offer.id])[found.offer.id],
    )


def _done(words: str, number: int) -> None:
    """Says what was done, with a button that takes it back (``desk_base.html``)."""
    flash(words, f"undo:{number}")


def _back(offer_id: str) -> ResponseReturnValue:
    return redirect(url_for("desk.offer", offer_id=offer_id), 303)
