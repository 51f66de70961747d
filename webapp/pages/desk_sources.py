"""Sources in the coordinators' hands: paste an address, look at what was understood, activate, pause, trust, delete.

Nothing is fetched here. A preview is work on the list (``webapp.previews``); these pages show its state and its result.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy.orm import Session

from harvesters.fetch.trouble import NOT_LISTED
from schemas.exceptions import StoreError
from schemas.harvest import FETCHED, AccessKind, Source
from schemas.store.drafts import (
    Draft,
    DraftKind,
    DraftState,
    NewDraft,
    add_draft,
    add_drafts,
    ask_again,
    draft,
    drafts,
    drop_draft,
    finish_draft,
)
from schemas.store.exclusions import excluded
from schemas.store.runs import (
    delete_source,
    latest_runs,
    mark_previewed,
    runs,
    save_source,
    settle_name,
    source,
    source_state,
    sources,
    steer_source,
)
from schemas.store.undoing import latest_trust
from schemas.store.withdrawing import keys_of
from schemas.store.work import WorkState, add_work, latest_work, somebody_works
from webapp.access import Who, who
from webapp.db import current_region, now, reading, state, writing
from webapp.pages.source_form import RHYTHMS, RIGHTS, TRUSTS, WAYS, SourceForm, licences_of
from webapp.pasting import MOST, read_pasted
from webapp.previews import free_name
from webapp.regions import region_of

pages = Blueprint("sources", __name__, url_prefix="/desk/quellen")

PATIENCE: Final = timedelta(seconds=60)
"""After how long a preview that nobody has begun is worth a word."""
_OPEN: Final = (DraftState.WAITING, DraftState.READY, DraftState.FAILED)
_MINE: Final = (DraftKind.ADDRESS, DraftKind.SOURCE)
_NUMBER: Final = "<int(max=2147483647):number>"
_STEPS: Final[Mapping[str, tuple[dict[str, Any], Any]]] = {
    "pause": ({"active": False}, _l("Pausiert. Die Angebote bleiben stehen, neu gelesen wird nicht.")),
    "resume": ({"active": True}, _l("Wieder eingeschaltet.")),
}
"""What the buttons of a source do, and what is said then."""


@pages.get("")
@who(Who.COORDINATOR)
def home() -> ResponseReturnValue:
    """All sources of this Region and the field for addresses."""
    return _home()


@pages.post("")
@who(Who.COORDINATOR)
def paste() -> ResponseReturnValue:
    """Make drafts of the addresses that were pasted; nothing of what was typed is lost where that is not possible."""
    text = request.form.get("addresses", "")
    pasted = read_pasted(text)
    if len(pasted.addresses) > MOST:
        problem = _(
            "Das sind %(n)s Adressen. Bitte fügen Sie höchstens %(most)s auf einmal ein; es wurde noch keine "
            "übernommen, und Ihr Text steht unverändert im Feld.",
            n=len(pasted.addresses),
            most=MOST,
        )
        return _home(text=text, problem=problem), 400
    if not pasted.addresses:
        problem = _("Darin haben wir keine Adresse gefunden, zum Beispiel https://www.museum.de/kita.")
        return _home(text=text, problem=problem, problems=pasted.problems), 400
    with writing() as change:
        unlisted = excluded(change)
        refused = [address for address in pasted.addresses if unlisted.forbids(address)]
        wanted = [NewDraft(address) for address in pasted.addresses if address not in refused]
        added = add_drafts(change, current_region().key, wanted, by=g.coordinator, now=now())
    fresh = [one for one in added if one.new]
    if len(fresh) < len(added) or refused or pasted.doubled or pasted.problems:
        return render_template(
            "pages/desk_pasted.html", pasted=pasted, added=added, new=len(fresh), refused=refused, why=NOT_LISTED
        )
    if len(fresh) == 1:
        return redirect(url_for("sources.show_draft", number=fresh[0].draft), 303)
    return redirect(url_for("sources.show_drafts"), 303)


@pages.get("/entwuerfe")
@who(Who.COORDINATOR)
def show_drafts() -> ResponseReturnValue:
    """All drafts that are not decided; the page asks for itself again while one is waiting."""
    found = drafts(reading(), current_region().key, kinds=_MINE, states=_OPEN)
    waiting = [one for one in found if one.state is DraftState.WAITING]
    nobody = bool(waiting) and _nobody_works(min(waiting, key=lambda one: one.updated_at))
    return render_template("pages/desk_drafts.html", drafts=found, waiting=len(waiting), nobody=nobody)


@pages.get(f"/entwurf/{_NUMBER}")
@who(Who.COORDINATOR)
def show_draft(number: int) -> ResponseReturnValue:
    """One draft: still waiting, what was found, or why nothing was."""
    return _draft_page(_own_draft(reading(), number))


@pages.post(f"/entwurf/{_NUMBER}/aktivieren")
@who(Who.COORDINATOR)
def activate(number: int) -> ResponseReturnValue:
    """Make the draft a source, and put its first reading on the list."""
    found = _own_draft(reading(), number)
    if found.state is not DraftState.READY:
        flash(_("Das geht erst, wenn eine Vorschau Angebote gefunden hat."))
        return redirect(url_for("sources.show_draft", number=number), 303)
    form = SourceForm(request.form, licences_of(Source.model_validate(found.source)))
    changes = form.read()
    if changes is None:
        return _draft_page(found, form=form), 400
    try:
        with writing() as change:
            settle_name(change)
            made = _activated(change, _own_draft(change, number), changes)
    except StoreError:
        flash(_("Diese Quelle hat sich inzwischen geändert. Bitte lesen Sie die Vorschau noch einmal."))
        return redirect(url_for("sources.show_draft", number=number), 303)
    flash(_("„%(title)s“ ist aktiv und wird jetzt zum ersten Mal gelesen.", title=made.title))
    return redirect(url_for("sources.show", name=made.name), 303)


@pages.post(f"/entwurf/{_NUMBER}/nochmal")
@who(Who.COORDINATOR)
def preview_again(number: int) -> ResponseReturnValue:
    """Read the preview once more."""
    with writing() as change:
        if _own_draft(change, number).state is not DraftState.DONE:
            ask_again(change, number, now=now())
    return redirect(url_for("sources.show_draft", number=number), 303)


@pages.post(f"/entwurf/{_NUMBER}/verwerfen")
@who(Who.COORDINATOR)
def drop(number: int) -> ResponseReturnValue:
    """Forget the draft; a source that exists stays as it is."""
    with writing() as change:
        found = _own_draft(change, number)
        drop_draft(change, number, by=g.coordinator, now=now())
    flash(_("Verworfen: %(address)s", address=found.address[:200]))
    return redirect(url_for("sources.home"), 303)


@pages.get("/<name:name>")
@who(Who.COORDINATOR)
def show(name: str) -> ResponseReturnValue:
    """One source and what can be decided about it."""
    found = _own(reading(), name)
    working = latest_work(reading(), f"harvest:{name}")
    at_work = working if working and working.state in (WorkState.DUE, WorkState.RUNNING) else None
    return render_template(
        "pages/desk_source.html",
        source=found,
        known=source_state(reading(), name),
        trust_by=latest_trust(reading(), name),
        runs=runs(reading(), source=name, limit=1),
        waits=at_work is not None and at_work.scheduled_for <= now(),
        fetched=found.access.kind in FETCHED,
        proved=_proved(reading(), found),
        unlisted=excluded(reading()).stops(found),
        rhythms=RHYTHMS,
        trusts=TRUSTS,
        rights=RIGHTS,
        ways=WAYS,
    )


@pages.post("/<name:name>/vorschau")
@who(Who.COORDINATOR)
def preview(name: str) -> ResponseReturnValue:
    """Make a draft of a source that exists, so that a preview says what it brings today."""
    with writing() as change:
        found = _own(change, name)
        if found.access.kind not in FETCHED:
            abort(404)
        waiting = (
            one.id
            for one in drafts(change, current_region().key, kinds=[DraftKind.SOURCE], states=_OPEN)
            if one.source.get("name") == name
        )
        number = next(waiting, None)
        if number is None:
            number = add_draft(
                change,
                current_region().key,
                DraftKind.SOURCE,
                found.access.start[0],
                source=found.model_dump(mode="json"),
                state=DraftState.WAITING,
                by=g.coordinator,
                now=now(),
            )
        else:
            ask_again(change, number, now=now())
    return redirect(url_for("sources.show_draft", number=number), 303)


@pages.post("/<name:name>/stand")
@who(Who.COORDINATOR)
def steer(name: str) -> ResponseReturnValue:
    """Pause or resume, whatever the button says."""
    wanted = _STEPS.get(request.form.get("step", ""))
    if wanted is None:
        abort(400)
    changes, words = wanted
    with writing() as change:
        found = _own(change, name)
        if changes.get("active") and not _proved(change, found):
            words = _("Diese Quelle wurde hier noch nie gelesen. Bitte lesen Sie zuerst die Vorschau.")
        else:
            steer_source(change, name, changes, by=g.coordinator, now=now())
    flash(str(words))
    return redirect(url_for("sources.show", name=name), 303)


@pages.post("/<name:name>/lesen")
@who(Who.COORDINATOR)
def read_now(name: str) -> ResponseReturnValue:
    """Put a reading on the list, whatever its rhythm."""
    with writing() as change:
        if _own(change, name).active:
            add_work(change, f"harvest:{name}", now())
            flash(_("Die Quelle wird gleich gelesen."))
        else:
            flash(_("Die Quelle ist pausiert. Bitte schalten Sie sie zuerst ein."))
    return redirect(url_for("sources.show", name=name), 303)


@pages.get("/<name:name>/loeschen")
@who(Who.COORDINATOR)
def ask_delete(name: str) -> ResponseReturnValue:
    """What deleting would do."""
    found = _deletable(reading(), name)
    return render_template("pages/desk_source_delete.html", source=found, offers=len(keys_of(reading(), name)))


@pages.post("/<name:name>/loeschen")
@who(Who.COORDINATOR)
def delete(name: str) -> ResponseReturnValue:
    """Delete the source and withdraw its offers."""
    with writing() as change:
        found = _deletable(change, name)
        withdrawn = delete_source(change, name, by=g.coordinator, now=now())
    gone = ngettext("1 Angebot wurde zurückgezogen.", "%(num)s Angebote wurden zurückgezogen.", withdrawn)
    flash(_("„%(title)s“ ist gelöscht.", title=found.title or found.name) + (f" {gone}" if withdrawn else ""))
    return redirect(url_for("sources.home"), 303)


def _activated(change: Session, found: Draft, changes: Mapping[str, Any]) -> Source:
    """The source that ``found`` becomes: a new one of the desk, or what the desk decides about an existing one.

    Raises ``StoreError`` where somebody else has just decided about it.
    """
    if found.state is not DraftState.READY:
        raise StoreError(f"draft {found.id} is {found.state}; it cannot become a source")
    proposed = Source.model_validate(found.source)
    moment, by = now(), g.coordinator
    decided = {**changes, "active": True, "status": "verified"}
    if found.kind is DraftKind.SOURCE:
        old = _own(change, proposed.name)
        if proposed.access != old.access:
            decided["access"] = proposed.access.model_dump(mode="json")
        made = steer_source(change, old.name, decided, by=by, now=moment)
    else:
        # Two drafts of one host were proposed one name; the second must not become the next version of the first.
        decided["name"] = free_name(change, proposed.name)
        made = Source.model_validate(proposed.model_dump(mode="json") | decided)
        save_source(change, made, origin="desk", now=moment)
    mark_previewed(change, made.name, now=moment)
    finish_draft(change, found.id, source=made, by=by, now=moment)
    add_work(change, f"harvest:{made.name}", moment)
    return made


def _home(text: str = "", problem: str | None = None, problems: tuple[str, ...] = ()) -> str:
    region, regions = current_region(), state().regions
    own = [each for each in sources(reading()) if region_of(each.region, regions) == region]
    latest = latest_runs(reading(), [each.name for each in own])
    ill = {name for name, run in latest.items() if run.is_ill}
    stopped = excluded(reading())
    return render_template(
        "pages/desk_sources.html",
        sources=sorted(
            own, key=lambda each: (each.name not in ill, not each.active, (each.title or each.name).lower())
        ),
        latest=latest,
        ill=ill,
        unlisted={each.name for each in own if stopped.stops(each)},
        drafts=len(drafts(reading(), region.key, kinds=_MINE, states=_OPEN)),
        text=text,
        problem=problem,
        problems=problems,
        most=MOST,
        trusts=TRUSTS,
    )


def _draft_page(found: Draft, *, form: SourceForm | None = None) -> str:
    work = latest_work(reading(), f"preview:{found.id}")
    broken = found.state is DraftState.WAITING and work is not None and work.broken
    proposed = Source.model_validate(found.source) if found.state is DraftState.READY else None
    return render_template(
        "pages/desk_draft.html",
        draft=found,
        source=proposed,
        result=found.result or {},
        broken=broken,
        reading_now=work is not None and work.state is WorkState.RUNNING,
        nobody=not broken and found.state is DraftState.WAITING and _nobody_works(found),
        form=form or (SourceForm.of(proposed) if proposed else None),
        rhythms=RHYTHMS,
        trusts=TRUSTS,
        rights=RIGHTS,
        ways=WAYS,
        licences=licences_of(proposed),
    )


def _nobody_works(waiting: Draft) -> bool:
    return now() - waiting.updated_at > PATIENCE and not somebody_works(reading(), now=now())


def _own_draft(session: Session, number: int) -> Draft:
    """The draft if it belongs to this Region and is looked after here; 404 otherwise."""
    found = draft(session, number)
    if found is None or found.region != current_region().key or found.kind not in _MINE:
        abort(404)
    return found


def _own(session: Session, name: str) -> Source:
    """The source if this Region looks after it; 404 otherwise."""
    found = source(session, name)
    if found is None or region_of(found.region, state().regions) != current_region():
        abort(404)
    return found


def _proved(session: Session, found: Source) -> bool:
    """Whether a preview or a run of this installation has found offers; where nothing is fetched, none is needed."""
    if found.status == "verified" or found.access.kind not in FETCHED:
        return True
    return any(run.records for run in runs(session, source=found.name, limit=20))


def _deletable(session: Session, name: str) -> Source:
    """What providers typed is no source to be deleted as a whole."""
    found = _own(session, name)
    if found.access.kind is AccessKind.FORM:
        abort(404)
    return found
