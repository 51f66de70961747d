"""*Please do not list us*: a coordinator notes the wish, sees what will follow from it, and may take it back.

The wish counts in the whole installation, for offers cross the borders of Regions; only the Region that noted it takes
it back.
"""

from typing import Any, Final

from flask import Blueprint, abort, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from schemas.entry import PRIVATE_PERSON
from schemas.exclusion import MAX_VALUE, ExclusionKind, Exclusions, Wish, as_address, as_host, provider_key
from schemas.harvest import Source
from schemas.store.entries import entry_of_offer
from schemas.store.exclusions import Effect, effect, exclude, excluded, exclusions_by_age, undo_exclusion
from schemas.store.offers import offer_by_id, offers_by_id
from schemas.store.runs import source
from webapp.access import Who, who
from webapp.db import current_region, now, reading, state, writing

pages = Blueprint("exclusions", __name__, url_prefix="/desk/nicht-listen")

MAX_WHY: Final = 500
MAX_TITLES: Final = 20
"""Most titles of offers that the page names before they go."""
KINDS: Final[dict[ExclusionKind, Any]] = {
    ExclusionKind.PROVIDER: _l("Anbieter"),
    ExclusionKind.HOST: _l("Website"),
    ExclusionKind.ADDRESS: _l("Adresse"),
}
FIELDS: Final = ("anbieter", "website", "adresse", "warum")


@pages.get("")
@who(Who.COORDINATOR)
def home() -> ResponseReturnValue:
    """The form, filled in from an offer (``?angebot=``) or a source (``?quelle=``), and everything that is noted."""
    return _home(_known() | {name: value for name in FIELDS if (value := request.args.get(name))})


@pages.post("/pruefen")
@who(Who.COORDINATOR)
def check() -> ResponseReturnValue:
    """What will follow from the wish; nothing is written yet."""
    typed = _typed()
    wishes, problems = _understood(typed)
    if problems:
        return _home(typed, problems), 400
    asked = Exclusions.of(wishes)
    due = effect(reading(), asked)
    standing = excluded(reading())
    titles = offers_by_id(reading(), due.offers[:MAX_TITLES])
    return render_template(
        "pages/desk_exclusion_check.html",
        typed=typed,
        kept={name: typed[name] for name in FIELDS if name != "warum" and typed[name]},
        wishes=wishes,
        kinds=KINDS,
        due=due,
        sources=[(each, _is_foreign(each)) for each in due.sources if not standing.stops(each)],
        titles=sorted(offer.title for offer in titles.values()),
        more=max(0, len(due.offers) - MAX_TITLES),
    )


@pages.post("")
@who(Who.COORDINATOR)
def note() -> ResponseReturnValue:
    """Notes the wish and does what follows from it, together or not at all."""
    typed = _typed()
    wishes, problems = _understood(typed)
    if problems:
        return _home(typed, problems), 400
    with writing() as change:
        done = exclude(
            change, wishes, region=current_region().key, by=g.coordinator, now=now(), why=typed.get("warum") or None
        )
    flash(_done(done))
    return redirect(url_for("exclusions.home"), 303)


@pages.post("/<int(max=2147483647):number>/zuruecknehmen")
@who(Who.COORDINATOR)
def take_back(number: int) -> ResponseReturnValue:
    """Allows reading and listing again."""
    with writing() as change:
        if not any(wish.id == number and wish.region == current_region().key for wish in exclusions_by_age(change)):
            abort(404)
        undo_exclusion(change, number, region=current_region().key, by=g.coordinator, now=now())
    flash(_("Zurückgenommen. Was gelöscht wurde, kommt mit dem nächsten Abruf wieder, soweit es noch angeboten wird."))
    return redirect(url_for("exclusions.home"), 303)


def _home(typed: dict[str, str], problems: dict[str, str] | None = None) -> str:
    region = current_region().key
    return render_template(
        "pages/desk_exclusions.html",
        typed=typed,
        problems=problems or {},
        kinds=KINDS,
        noted=[(wish, wish.region == region, _region_name(wish.region)) for wish in exclusions_by_age(reading())],
    )


def _typed() -> dict[str, str]:
    return {name: request.form.get(name, "").replace("\x00", "").strip() for name in FIELDS}


def _understood(typed: dict[str, str]) -> tuple[list[Wish], dict[str, str]]:
    """The wishes that were typed, and what is wrong with them by field."""
    wishes: list[Wish] = []
    problems: dict[str, str] = {}
    for name in ("anbieter", "website", "adresse"):
        text = typed[name]
        if not text:
            continue
        wish = _wish(name, text)
        if isinstance(wish, Wish):
            wishes.append(wish)
        else:
            problems[name] = wish
    if not wishes and not problems:
        problems["anbieter"] = _("Bitte geben Sie einen Namen, eine Website oder eine Adresse an.")
    if len(typed["warum"]) > MAX_WHY:
        problems["warum"] = _("Bitte höchstens %(n)s Zeichen.", n=MAX_WHY)
    return wishes, problems


def _wish(name: str, text: str) -> Wish | str:
    """The wish that ``text`` in the field ``name`` says, or what is wrong with it."""
    if name == "anbieter":
        if len(text) > MAX_VALUE or not provider_key(text):
            return str(_("Bitte geben Sie den Namen so an, wie er bei den Angeboten steht, mit höchstens 500 Zeichen."))
        if provider_key(text).split()[0] == provider_key(PRIVATE_PERSON):
            return str(_("So heißen alle Privatpersonen. Bitte geben Sie den Namen der Person an."))
        return Wish(kind=ExclusionKind.PROVIDER, value=text)
    host, address = as_host(text), as_address(text)
    if host is None or address is None:
        return str(_("Das ist keine Adresse einer Website. Ein Beispiel: www.museum-beispiel.de"))
    if name == "adresse" and address != host:
        return Wish(kind=ExclusionKind.ADDRESS, value=address)
    return Wish(kind=ExclusionKind.HOST, value=host)


def _known() -> dict[str, str]:
    """What an offer or a source of this Region says about its provider."""
    region = current_region().key
    if (offer := offer_by_id(reading(), request.args.get("angebot", "")[:16])) is not None and offer.region == region:
        if (entry := entry_of_offer(reading(), offer.id)) is not None and entry.person and entry.entry is not None:
            return _filled(entry.entry.name, entry.entry.homepage)  # "Privatperson (town)" is every person's there
        provider, page = offer.provider, (offer.provider and offer.provider.url) or offer.url
        return _filled(provider.name if provider else None, page)
    found = source(reading(), request.args.get("quelle", "")[:80])
    if found is not None and found.region == region:
        return _filled(found.provider, next(iter(found.access.start), found.homepage))
    return {}


def _filled(provider: str | None, page: str | None) -> dict[str, str]:
    known = {"anbieter": provider, "website": as_host(page) if page else None}
    return {name: value for name, value in known.items() if value}


def _done(done: Effect) -> str:
    gone = ngettext("%(num)s Angebot ist entfernt.", "%(num)s Angebote sind entfernt.", len(done.offers))
    return f"{_('Eingetragen.')} {gone}"


def _is_foreign(of: Source) -> bool:
    return of.region != current_region().key


def _region_name(key: str) -> str:
    region = state().regions.get(key)
    return region.name if region else key
