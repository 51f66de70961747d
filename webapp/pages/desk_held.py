"""The held list: everything that waits anywhere, with evidence, to be decided one by one or many at once, and undone.

All by plain forms: POST → what was done, with a button that takes it back → the page one came from.
"""

import re
from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from harvesters.normalise.record import MEANINGS, is_understood
from schemas.exceptions import StoreError
from schemas.harvest import Source
from schemas.review import DecisionKind, JudgementKind, Review, ReviewKind
from schemas.store.audit import action_by_id, noted
from schemas.store.held import (
    DECIDABLE,
    HeldKind,
    HeldQuery,
    counts_of_source,
    decidable,
    held_counts,
    held_items,
    looks,
    settleable,
    still_decidable,
)
from schemas.store.lookups import MAX_MEANING, decide_wording
from schemas.store.merging import resolve_duplicate
from schemas.store.offers import offers_by_id
from schemas.store.resolving import resolve_conflict, resolve_withdrawal, review_by_id
from schemas.store.reviews import decide_all
from schemas.store.runs import STEER, source, sources, steer_source
from schemas.store.suggestions import close_suggestion
from schemas.store.undoing import (
    BULK,
    Undone,
    can_undo,
    decided_alike,
    latest_trust,
    note_bulk,
    region_of_action,
    undo,
)
from schemas.store.wordings import wording_by_id
from schemas.store.work import add_work
from webapp.access import Who, who
from webapp.db import current_region, now, reading, state, today, writing
from webapp.pages.desk_words import field_name
from webapp.pages.paging import page_number
from webapp.regions import region_of
from webapp.template_filters import moment

pages = Blueprint("held", __name__, url_prefix="/desk/offen")

PER_PAGE: Final = 25
MOST_AT_ONCE: Final = 500
"""Offers that one click accepts or rejects at most."""
FILTERS: Final = ("art", "quelle", "worte")
"""Names of the filters in the address; everything else there is ignored."""
DECISIVE: Final = ("ages", "price", "schedule", "place", "modes", "group_size", "audience")
"""Fields that decide whether an offer suits a Kita: shown with the words they were read from."""
COMPARED: Final = ("ages", "price", "duration_minutes", "schedule", "place", "modes")
"""Fields by which people tell whether two offers are one."""

TRUSTED: Final[Mapping[str, Any]] = {
    "publish": _l("Dieser Quelle wird vertraut: Klare Angebote erscheinen ohne Klick, unklare warten weiter auf Sie."),
    "hold": _l("Neue Angebote dieser Quelle warten auf einen Blick."),
}
"""What is said of a source that is trusted, and of one that is not."""

_BACK: Final = re.compile(r"/desk/(?:offen/?|angebote/o[a-z2-7]{15}|quellen/[a-z0-9_]{1,80})(?:\?[\w=&%.+~-]{0,600})?")


@pages.get("")
@who(Who.COORDINATOR)
def home() -> ResponseReturnValue:
    """Everything that waits, the longest first, filtered by what stands in the address."""
    asked, query = _asked()
    region = current_region().key
    known = {each.name: each for each in sources(reading(), region)}
    chosen = known.get(query.source or "")
    if chosen:
        counts, waiting = counts_of_source(reading(), region, query)
    else:
        counts, waiting = held_counts(reading(), region, query), {}
    total = sum(counts.values()) if query.kind is None else counts[query.kind]
    last_page = max(1, ceil(total / PER_PAGE))
    page = min(page_number(request.args), last_page)
    return render_template(
        "pages/desk_held.html",
        items=held_items(reading(), region, query, limit=PER_PAGE, offset=(page - 1) * PER_PAGE),
        counts=counts,
        total=total,
        page=page,
        last_page=last_page,
        asked=asked,
        kinds=tuple(HeldKind),
        known=known,
        chosen=chosen,
        trust_by=latest_trust(reading(), chosen.name) if chosen else None,
        waiting=waiting,
        decisive=DECISIVE,
        compared=COMPARED,
        now=now(),
        today=today(),
        most=MOST_AT_ONCE,
        max_meaning=MAX_MEANING,
        meanings=MEANINGS,
        url=lambda **changed: url_for("held.home", **_without_empty(asked | changed)),
    )


@pages.post("/angebote")
@who(Who.COORDINATOR)
def decide_offers() -> ResponseReturnValue:
    """Accept or reject the offers that were chosen."""
    kind = _decision()
    ticked = request.form.getlist("offer")[:MOST_AT_ONCE]
    seen = {offer_id: look for offer_id, _colon, look in (value.partition(":") for value in ticked)}
    chosen = list(seen)
    if not chosen:
        flash(_("Es war kein Angebot ausgewählt. Bitte setzen Sie zuerst einen Haken."))
        return _back()
    with writing() as change:
        found = offers_by_id(change, chosen)
        if len(found) < len(chosen) or any(offer.region != current_region().key for offer in found.values()):
            abort(404)
        _decide(change, chosen, kind, seen)
    return _back()


@pages.post("/quelle/<name:name>/alle")
@who(Who.COORDINATOR)
def decide_source(name: str) -> ResponseReturnValue:
    """Reject everything of one source that waits, or accept what is clear of it, at most ``MOST_AT_ONCE`` at a time.

    What is unsure is accepted by nobody who may not have seen it.
    """
    kind = _decision()
    kinds = (ReviewKind.NEW_OFFER,) if kind is DecisionKind.ACCEPT else DECIDABLE
    with writing() as change:
        _own_source(change, name)
        found = decidable(change, current_region().key, name, kinds=kinds, limit=MOST_AT_ONCE)
        chosen = still_decidable(change, found, kinds=kinds)  # a harvest may make one unsure in this moment
        if chosen:
            _decide(change, chosen, kind)
    if not chosen:
        if kind is DecisionKind.ACCEPT:
            flash(_("Von dieser Quelle wartet kein klares Angebot mehr. Unklare nehmen Sie einzeln oder mit Haken an."))
        else:
            flash(_("Von dieser Quelle wartet kein Angebot mehr."))
    return _back()


@pages.post("/quelle/<name:name>/vertrauen")
@who(Who.COORDINATOR)
def trust(name: str) -> ResponseReturnValue:
    """Whether clear offers of a source need a click from now on. Unsure ones always do."""
    wanted = request.form.get("trust", "")
    if wanted not in TRUSTED:
        abort(400)
    with writing() as change:
        found = _own_source(change, name, lock=True)
        latest = latest_trust(change, name)
        if found.trust == wanted:
            words = _("Das war schon so entschieden; es bleibt dabei.")
            number = latest.id if latest and latest.by == g.coordinator else None
        elif request.form.get("seen") != str(latest.id if latest else 0):
            words = _("Darüber wurde entschieden, seit Sie es sahen: %(what)s", what=TRUSTED[found.trust])
            if latest and latest.data["is"]["trust"] == found.trust:
                words += " " + _("So entschieden von %(who)s am %(day)s.", who=latest.by, day=moment(latest.at))
            number = None
        else:
            steer_source(change, name, {"trust": wanted}, by=g.coordinator, now=now())
            words, number = str(TRUSTED[wanted]), noted(change)[-1]
    if number is None:
        flash(words)
    else:
        _done(words, number)
    return _back()


@pages.post("/<int(max=2147483647):review_id>")
@who(Who.COORDINATOR)
def settle(review_id: int) -> ResponseReturnValue:
    """Decide about one item that is not about a whole offer: conflict, withdrawal, possible duplicate, suggestion."""
    with writing() as change:
        review = review_by_id(change, review_id)
        if review is None:
            abort(404)
        _must_be_own(change, review.offer)
        if review.kind in (ReviewKind.NEW_OFFER, ReviewKind.UNSURE):
            abort(400)
        item = settleable(change, review, current_region().key)
        if item is None:
            flash(_("Das wartete nicht mehr auf eine Entscheidung und blieb, wie es ist. "
                    "Was geschah, steht im Verlauf auf der Seite des Angebots am Schreibtisch."))  # fmt: skip
            return _back()
        if request.form.get("seen") != item.seen:
            flash(_("Das hat sich geändert, seit Sie es sahen; bitte sehen Sie es sich noch einmal an."))
            return _back()
        words = _settle(change, review, request.form.get("take", ""))
        number = noted(change)[-1]
    _done(words, number)
    return _back()


@pages.post("/wortlaut/<int(max=2147483647):number>")
@who(Who.COORDINATOR)
def explain(number: int) -> ResponseReturnValue:
    """Ignore a wording, or say what it means; its source is then read again from what is stored."""
    take, meaning = request.form.get("take", ""), request.form.get("meaning", "").strip()
    if take not in ("ignore", "mean"):
        abort(400)
    if take == "mean" and not meaning:
        flash(_("Bitte schreiben Sie dazu, was die Worte bedeuten."))
        return _back()
    with writing() as change:
        found = wording_by_id(change, number)
        if found is None:
            abort(404)
        _own_source(change, found.source)
        if found.decided is not None:
            flash(_("Über „%(words)s“ ist schon entschieden; es bleibt dabei.", words=found.wording[:80]))
            return _back()
        if take == "mean" and not is_understood(found.field, meaning, today=today()):
            flash(_not_understood(found.field, meaning))
            return _back()
        decide_wording(change, number, meaning if take == "mean" else None, by=g.coordinator, now=now())
        if take == "mean":
            add_work(change, f"replay:{found.source}", now())
        action = noted(change)[-1]
    if take == "mean":
        _done(_("„%(words)s“ heißt jetzt „%(meaning)s“. Die Quelle wird gleich neu gelesen.",
                words=found.wording[:80], meaning=meaning[:80]), action)  # fmt: skip
    else:
        _done(_("„%(words)s“ wird nicht mehr gezeigt.", words=found.wording[:80]), action)
    return _back()


@pages.post("/zuruecknehmen/<int(max=2147483647):number>")
@who(Who.COORDINATOR)
def take_back(number: int) -> ResponseReturnValue:
    """Take back what was done, by its number in the audit trail."""
    with writing() as change:
        action = action_by_id(change, number)
        region = region_of_action(change, action) if action else None
        if action is None or region is None or region_of(region, state().regions) != current_region():
            abort(404)
        if not can_undo(action):
            raise StoreError(f"action {number} was taken back already, or cannot be")
        done = undo(change, number, by=g.coordinator, now=now())
        if action.action in ("decide_wording", STEER):
            name = action.subject.partition(":")[2]
            found = wording_by_id(change, action.data["wording"]) if action.action == "decide_wording" else None
            add_work(change, f"replay:{found.source if found else name}", now())
    flash(_undone_words(done))
    return _back()


def _undone_words(done: Undone) -> str:
    if done.action.action != BULK:
        return str(_("Zurückgenommen."))
    words: list[str] = [
        ngettext("%(num)s Entscheidung zurückgenommen.", "%(num)s Entscheidungen zurückgenommen.", done.count)
    ]
    if done.already:
        words.append(
            ngettext(
                "%(num)s war schon vorher zurückgenommen.", "%(num)s waren schon vorher zurückgenommen.", done.already
            )
        )
    if done.overruled:
        words.append(
            ngettext(
                "%(num)s blieb, weil danach anders entschieden wurde; die Seite des Angebots sagt, von wem.",
                "%(num)s blieben, weil danach anders entschieden wurde; die Seiten der Angebote sagen, von wem.",
                done.overruled,
            )
        )
    return " ".join(words)


def _not_understood(field: str, meaning: str) -> str:
    words: str = _("„%(words)s“ verstehen wir bei „%(field)s“ auch nicht.",
              words=meaning[:MAX_MEANING], field=field_name(field))  # fmt: skip
    if field in MEANINGS:
        words += " " + _("Bitte schreiben Sie es anders, zum Beispiel „%(words)s“.", words=MEANINGS[field])
    else:
        words += " " + _("Bitte schreiben Sie es anders.")
    return words


def _settle(change: Session, review: Review, take: str) -> str:
    """Decides about ``review`` as ``take`` says; what to tell the coordinator."""
    number, by, at = review.id or 0, g.coordinator, now()
    words: str
    match review.kind, take:
        case ReviewKind.CONFLICT, "correction":
            resolve_conflict(change, number, "correction", by=by, now=at)
            words = _("Die Korrektur bleibt.")
        case ReviewKind.CONFLICT, "source":
            resolve_conflict(change, number, "source", by=by, now=at)
            words = _("Der Wert der Quelle gilt wieder.")
        case ReviewKind.WITHDRAWAL, "keep":
            resolve_withdrawal(change, number, withdraw=False, by=by, now=at)
            words = _("Das Angebot bleibt stehen.")
        case ReviewKind.WITHDRAWAL, "withdraw":
            resolve_withdrawal(change, number, withdraw=True, by=by, now=at)
            words = _("Das Angebot ist zurückgezogen.")
        case ReviewKind.DUPLICATE, "same":
            resolve_duplicate(change, number, JudgementKind.SAME, by=by, now=at)
            words = _("Die beiden sind jetzt ein Angebot. Die ältere Adresse bleibt, die andere führt dorthin.")
        case ReviewKind.DUPLICATE, "different":
            resolve_duplicate(change, number, JudgementKind.DIFFERENT, by=by, now=at)
            words = _("Die beiden bleiben zwei Angebote; wir fragen nicht noch einmal.")
        case ReviewKind.SUGGESTION, "done":
            close_suggestion(change, int(review.field or 0), by=by, now=at)
            words = _("Der Hinweis ist erledigt.")
        case _:
            abort(400)
    return words


def _decide(change: Session, chosen: list[str], kind: DecisionKind, seen: Mapping[str, str] | None = None) -> None:
    """One decision about those of ``chosen`` that still wait for one, taken back as one.

    The list may be old, and a button pressed twice: what was decided meanwhile stays as it is, and what does not look
    any more as it was ``seen`` waits to be looked at again.
    """
    left = still_decidable(change, chosen)
    if not left and (twice := decided_alike(change, chosen, kind, by=g.coordinator)) is not None:
        _done(_("Das war schon so entschieden; es bleibt dabei."), twice)
        return
    if settled := len(chosen) - len(left):
        flash(
            ngettext(
                "%(num)s Angebot wartete nicht mehr auf eine Entscheidung und blieb, wie es ist. "
                "Was geschah, steht im Verlauf auf seiner Seite am Schreibtisch.",
                "%(num)s Angebote warteten nicht mehr auf eine Entscheidung und blieben, wie sie sind. "
                "Was geschah, steht im Verlauf auf ihren Seiten am Schreibtisch.",
                settled,
            )
        )
    if seen is not None:
        look = looks(change, left)
        changed = [offer_id for offer_id in left if look[offer_id] != seen[offer_id]]
        left = [offer_id for offer_id in left if offer_id not in changed]
        if changed:
            flash(
                ngettext(
                    "%(num)s Angebot hat sich geändert, seit Sie es sahen, und wartet weiter; "
                    "bitte sehen Sie es sich noch einmal an.",
                    "%(num)s Angebote haben sich geändert, seit Sie sie sahen, und warten weiter; "
                    "bitte sehen Sie sie sich noch einmal an.",
                    len(changed),
                )
            )
    if not left:
        return
    why = request.form.get("why", "").strip()[:500] or None
    decide_all(change, left, kind, by=g.coordinator, now=now(), why=why)
    numbers = noted(change)
    number = numbers[0]
    if len(numbers) > 1:
        number = note_bulk(change, numbers, region=current_region().key, by=g.coordinator, now=now())
    if kind is DecisionKind.ACCEPT:
        words = ngettext("%(num)s Angebot angenommen.", "%(num)s Angebote angenommen.", len(left))
    else:
        words = ngettext("%(num)s Angebot abgelehnt.", "%(num)s Angebote abgelehnt.", len(left))
    _done(words, number)


def _decision() -> DecisionKind:
    kind = request.form.get("kind", "")
    if kind not in (DecisionKind.ACCEPT, DecisionKind.REJECT):
        abort(400)
    return DecisionKind(kind)


def _done(words: str, number: int) -> None:
    """Says what was done, with a button that takes it back (``desk_base.html``)."""
    flash(words, f"undo:{number}")


def _back() -> ResponseReturnValue:
    """To the page one came from, if it is one that shows what waits, or a source; else to the list."""
    wanted = request.form.get("nach", "")
    path = request.script_root + wanted if _BACK.fullmatch(wanted) else url_for("held.home")
    return redirect(path, 303)


def _asked() -> tuple[dict[str, str], HeldQuery]:
    """The filters of the address that make sense, as they were asked and as a query."""
    asked = {name: words for name in FILTERS if (words := request.args.get(name, "").strip()[:200])}
    if asked.get("art") not in tuple(HeldKind):
        asked.pop("art", None)
    asked["quelle"] = asked.get("quelle", "")[:80]
    asked = _without_empty(asked)
    kind = HeldKind(asked["art"]) if "art" in asked else None
    return asked, HeldQuery(kind=kind, source=asked.get("quelle"), words=asked.get("worte"))


def _without_empty(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _own_source(change: Session, name: str, *, lock: bool = False) -> Source:
    """The source if it belongs to this Region; 404 otherwise. With ``lock`` it stays as it is until the commit."""
    found = source(change, name, lock=lock)
    if found is None or region_of(found.region, state().regions) != current_region():
        abort(404)
    return found


def _must_be_own(change: Session, offer_id: str) -> None:
    found = offers_by_id(change, [offer_id]).get(offer_id)
    if found is None or found.region != current_region().key:
        abort(404)
