"""Providers enter what they offer, and look after it by the links of their mails: no account, no cookie.

GET shows, POST acts. What is not theirs, is gone or was never there looks the same: the link does not work.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from schemas.entry import Entry
from schemas.exceptions import StoreError
from schemas.offer import Offer
from schemas.store.entries import EntryState, StoredEntry, consents_of, entry_by_key, in_question
from schemas.store.offers import offer_by_id
from schemas.vocabulary import Status
from webapp.access import Who, who
from webapp.db import current_region, now, reading, state, today, writing
from webapp.entries import BY_PROVIDER, NotListed, change, confirm, is_correct, pause, remove, resume, send_new_links
from webapp.entries import submit as keep
from webapp.entry_letters import desk_of_request
from webapp.entry_texts import CONTACT_TEXTS, CONTACT_VERSION
from webapp.limits import allow, is_robot, too_many
from webapp.links import EntryDoor, Links
from webapp.pages.entry_form import EntryForm
from webapp.pages.entry_labels import form_words
from webapp.pages.entry_shown import empty_form, form_of

pages = Blueprint("entries", __name__)

PER_HOUR: Final = 10
"""Entries, and letters asked for, that one network may send in an hour."""
PER_ADDRESS: Final = 5
"""Letters that one mail address gets in a day because somebody typed it."""
GROUP_CHOICES: Final = (1, 2, 4)
"""Most groups in a month that one click says."""
_HOUR: Final = timedelta(hours=1)
_DAY: Final = timedelta(days=1)
_NOT_LISTED: Final = _l(
    "Dieser Anbieter hat uns gebeten, nicht gelistet zu werden. Soll das nicht mehr gelten, schreiben Sie bitte der "
    "Koordination (Impressum)."
)
_ENDED: Final = _l("Unter „Angebot eintragen“ können Sie sich neue Links schicken lassen.")
DONE: Final = {
    "geaendert": _l("Gespeichert."),
    "belegt": _l("Gespeichert: Bis dahin empfehlen wir Ihr Angebot nicht."),
    "frei": _l("Gespeichert: Es ist wieder etwas frei."),
    "gruppen": _l("Gespeichert: So viele Gruppen im Monat."),
    "pause": _l("Ihr Angebot wird nicht mehr gezeigt. Sie können es jederzeit wieder zeigen."),
    "zeigen": _l("Ihr Angebot ist wieder dabei."),
    "stimmt": _l("Danke! Wir haben vermerkt, dass alles noch stimmt."),
    "kontakt": _l("Ihr Kontakt wird ab sofort nicht mehr gezeigt."),
    "zustimmung": _l("Danke. Ihr Kontakt wird im Portal und in den Mails an Kitas gezeigt."),
}
"""What was done, by the word in the address of the page shown next."""


@pages.errorhandler(NotListed)
def not_listed(_error: NotListed) -> ResponseReturnValue:
    """Their provider asked not to be listed since the link was sent."""
    page = render_template("pages/error.html", headline=_("Das geht nicht mehr"), text=_NOT_LISTED, sign_in=False)
    return page, 409


@pages.get("/anbieten")
@who(Who.EVERYBODY)
def new() -> ResponseReturnValue:
    """The empty form."""
    return form_page(empty_form())


@pages.post("/anbieten")
@who(Who.EVERYBODY)
def submit() -> ResponseReturnValue:
    """Keep what was typed, and ask by mail; robots see the same answer."""
    form = EntryForm(request.form, region=current_region().key)
    address = form.read_address(required=True)
    entry = form.read()
    if is_robot(request.form):
        return _sent(form.value("address"))
    if entry is None or address is None:
        return form_page(form, status=400)
    if not _allowed("entry"):
        form.errors["address"] = _(
            "Aus Ihrem Netz sind gerade sehr viele Angebote gekommen. Bitte schicken Sie dieses in einer Stunde noch "
            "einmal ab."
        )
        return *form_page(form, status=429), {"Retry-After": str(int(_HOUR.total_seconds()))}
    try:
        with writing() as session:
            asked = allow(session, "entry.address", most=PER_ADDRESS, per=_DAY, now=now(), key=address.casefold())
            if asked:
                keep(session, desk_of_request(), entry, address=address, now=now())
    except NotListed:
        form.errors["name"] = _NOT_LISTED
        return form_page(form, status=400)
    if not asked:
        form.errors["address"] = _(
            "An diese Adresse haben wir heute schon %(n)s Mails geschickt. Bitte tragen Sie dieses Angebot morgen ein.",
            n=PER_ADDRESS,
        )
        return form_page(form, status=429)
    return _sent(address)


@pages.get("/anbieten/link")
@who(Who.EVERYBODY)
def ask_link() -> ResponseReturnValue:
    """Where new links to one's own entries can be asked for."""
    return render_template("pages/entry_link.html", sent=None, error=None, typed="")


@pages.post("/anbieten/link")
@who(Who.EVERYBODY)
def send_link() -> ResponseReturnValue:
    """Send them; the answer says nothing about whether there are any, nor whether the limit of the address applies."""
    form = EntryForm(request.form)
    address = form.read_address(required=True)
    if address is None or form.errors:
        error = form.errors["address"]
        return render_template("pages/entry_link.html", sent=None, error=error, typed=form.value("address")), 400
    if not is_robot(request.form):
        if not _allowed("entry.link"):
            too_many(_HOUR)
        with writing() as session:
            if allow(session, "entry.address", most=PER_ADDRESS, per=_DAY, now=now(), key=address.casefold()):
                send_new_links(session, desk_of_request(), address, now=now())
    return render_template("pages/entry_link.html", sent=address, most=PER_ADDRESS)


@pages.get("/anbieten/bestaetigen/<token>")
@who(Who.LINK)
def asked(token: str) -> ResponseReturnValue:
    """Shows what would be confirmed."""
    return _confirm_page(token, _own(token, "entry_confirm"))


@pages.post("/anbieten/bestaetigen/<token>")
@who(Who.LINK)
def agree(token: str) -> ResponseReturnValue:
    """It is theirs: from now on it waits for the coordinator."""
    stored = _own(token, "entry_confirm")
    with writing() as session:
        confirm(session, desk_of_request(), stored, now=now())
    return _confirm_page(token, _own(token, "entry_confirm"))


@pages.get("/eintrag/<token>")
@who(Who.LINK)
def own(token: str) -> ResponseReturnValue:
    """Everything that can be done with one's entry."""
    return _own_page(token, _own(token))


@pages.get("/eintrag/<token>/aendern")
@who(Who.LINK)
def edit(token: str) -> ResponseReturnValue:
    """The form as it was filled in."""
    stored = _own(token)
    form = form_of(stored.entry) if stored.entry else empty_form()
    return form_page(form, action=url_for("entries.save", token=token), edits=True)


@pages.post("/eintrag/<token>/aendern")
@who(Who.LINK)
def save(token: str) -> ResponseReturnValue:
    """A new version; it goes live at once where the entry was accepted."""
    stored = _own(token)
    form = EntryForm(request.form, region=stored.region)
    entry = form.read()
    if entry is None:
        return form_page(form, action=url_for("entries.save", token=token), edits=True, status=400)
    try:
        return _changed(token, stored, entry, "geaendert")
    except NotListed:
        form.errors["name"] = _NOT_LISTED
        return form_page(form, action=url_for("entries.save", token=token), edits=True, status=409)


@pages.post("/eintrag/<token>/belegt")
@who(Who.LINK)
def booked(token: str) -> ResponseReturnValue:
    """Nothing is free until a day; without a day something is free again."""
    form = EntryForm(request.form)
    day = form.read_booked_until()
    return _with(token, form, {"booked_until": day}, "belegt" if day else "frei")


@pages.post("/eintrag/<token>/gruppen")
@who(Who.LINK)
def groups(token: str) -> ResponseReturnValue:
    """Most groups in a month."""
    form = EntryForm(request.form)
    return _with(token, form, {"groups_per_month": form.read_groups_per_month()}, "gruppen")


@pages.post("/eintrag/<token>/kontakt")
@who(Who.LINK)
def contact(token: str) -> ResponseReturnValue:
    """Give or revoke the consent to show a person's contact; each is logged."""
    stored = _own(token)
    entry = _typed(stored)
    given = request.form.get("consent") == "1"
    return _changed(token, stored, entry.model_copy(update={"consent": given}), "zustimmung" if given else "kontakt")


@pages.post("/eintrag/<token>/pause")
@who(Who.LINK)
def withdraw(token: str) -> ResponseReturnValue:
    """Take it out of what is shown."""
    return _act(token, lambda session, stored: pause(session, stored, by=BY_PROVIDER, now=now()), "pause")


@pages.post("/eintrag/<token>/zeigen")
@who(Who.LINK)
def put_back(token: str) -> ResponseReturnValue:
    """Put it back."""
    return _act(token, lambda session, stored: resume(session, stored, by=BY_PROVIDER, now=now()), "zeigen")


@pages.post("/eintrag/<token>/stimmt")
@who(Who.LINK)
def still(token: str) -> ResponseReturnValue:
    """It is still correct."""
    return _act(token, lambda session, stored: is_correct(session, stored, by=BY_PROVIDER, now=now()), "stimmt")


@pages.post("/eintrag/<token>/loeschen")
@who(Who.LINK)
def delete(token: str) -> ResponseReturnValue:
    """Delete it for good, where that was ticked."""
    stored = _own(token)
    if request.form.get("sure") != "1":
        return _own_page(token, stored, unsure=True), 400
    with writing() as session:
        remove(session, stored, by=BY_PROVIDER, now=now())
    return render_template("pages/entry_done.html", deleted=True)


@pages.get("/eintraege/<token>")
@who(Who.LINK)
def all_own(token: str) -> ResponseReturnValue:
    """Everything under the same address, with the question whether it is still correct."""
    return _all_page(token, done=False)


@pages.post("/eintraege/<token>")
@who(Who.LINK)
def all_correct(token: str) -> ResponseReturnValue:
    """What is ticked is still correct."""
    ticked = set(request.form.getlist("entry"))
    found = [stored for stored in _siblings(token) if stored.key in ticked]
    with writing() as session:
        for stored in found:
            is_correct(session, stored, by=BY_PROVIDER, now=now())
    return _all_page(token, done=bool(found))


def form_page(form: EntryForm, *, action: str | None = None, edits: bool = False, status: int = 200) -> tuple[str, int]:
    """The form with what was typed, and errors beside the fields."""
    words = form_words(current_region())
    page = render_template(
        "pages/entry.html", form=form, action=action or url_for("entries.submit"), edits=edits, words=words
    )
    return page, status


def _allowed(name: str) -> bool:
    """Counts one more attempt of this visitor."""
    with writing() as session:
        return allow(session, name, most=PER_HOUR, per=_HOUR, now=now())


def _sent(address: str) -> ResponseReturnValue:
    return render_template("pages/entry_sent.html", address=address[:254])


def _own(token: str, door: EntryDoor = "entry") -> StoredEntry:
    """The entry that a link opens; 404 for one that does not stand, has new links, or belongs to another Region."""
    link = Links(state().settings.secret()).read_entry(token, door)
    stored = entry_by_key(reading(), link.key) if link else None
    if (
        link is None
        or stored is None
        or stored.state is EntryState.DELETED
        or stored.token_version != link.version
        or stored.region != current_region().key
        or (stored.state is EntryState.UNCONFIRMED and door != "entry_confirm")
    ):
        abort(404, _ENDED)
    return stored


def _typed(stored: StoredEntry) -> Entry:
    if stored.entry is None:
        raise StoreError(f"entry {stored.key} cannot be read by this version of the form; type it again")
    return stored.entry


def _confirm_page(token: str, stored: StoredEntry) -> ResponseReturnValue:
    waits = stored.state is EntryState.UNCONFIRMED
    url = None if waits else desk_of_request().url(stored)
    return render_template(
        "pages/entry_confirm.html",
        token=token,
        stored=stored,
        waits=waits,
        own_url=url,
        contact_text=CONTACT_TEXTS[CONTACT_VERSION],
    )


def _own_page(token: str, stored: StoredEntry, *, unsure: bool = False, typed: EntryForm | None = None) -> str:
    """The page; ``typed`` is a small form that says something wrong."""
    offer = offer_by_id(reading(), stored.offer) if stored.offer else None
    return render_template(
        "pages/entry_own.html",
        token=token,
        stored=stored,
        entry=stored.entry,
        offer=offer,
        standing=_standing(stored, offer),
        consents=consents_of(reading(), stored.id),
        done=DONE.get(request.args.get("getan", "")),
        busy_choices=_busy_choices(today()),
        group_choices=GROUP_CHOICES,
        today=today(),
        unsure=unsure,
        typed=typed,
        contact_text=CONTACT_TEXTS[CONTACT_VERSION],
    )


def _standing(stored: StoredEntry, offer: Offer | None) -> Any:
    """Where it stands, in a sentence."""
    if stored.state is EntryState.WITHDRAWN:
        return _("Ihr Angebot wird gerade nicht gezeigt.")
    if offer is not None and offer.status in (Status.PUBLISHED, Status.CANCELLED):
        return _("Ihr Angebot steht im Portal.")
    if offer is not None and offer.status is Status.REJECTED:
        return _("Die Koordination hat Ihr Angebot nicht veröffentlicht.")
    if offer is not None and offer.status is Status.EXPIRED:
        return _("Alle Termine sind vorbei. Tragen Sie neue ein, dann geht es weiter.")
    return _("Ihr Angebot wartet darauf, dass die Koordination es ansieht.")


def _busy_choices(day: date) -> list[date]:
    """Last days of the next three months that end after ``day``.

    >>> _busy_choices(date(2026, 11, 30))[0], _busy_choices(date(2026, 11, 29))[0]
    (datetime.date(2026, 12, 31), datetime.date(2026, 11, 30))
    """
    day += timedelta(days=1)
    firsts = [date(day.year + (day.month + step - 1) // 12, (day.month + step - 1) % 12 + 1, 1) for step in (1, 2, 3)]
    return [first - timedelta(days=1) for first in firsts]


def _with(token: str, form: EntryForm, update: dict[str, Any], word: str) -> ResponseReturnValue:
    """Change one thing that a small form says, and nothing else."""
    stored = _own(token)
    if form.errors:
        return _own_page(token, stored, typed=form), 400
    return _changed(token, stored, _typed(stored).model_copy(update=update), word)


def _changed(token: str, stored: StoredEntry, entry: Entry, word: str) -> ResponseReturnValue:
    return _act(
        token,
        lambda session, found: change(session, desk_of_request(), found, entry, by=BY_PROVIDER, now=now()),
        word,
    )


def _act(token: str, action: Callable[[Session, StoredEntry], object], word: str) -> ResponseReturnValue:
    stored = _own(token)
    with writing() as session:
        action(session, stored)
    return redirect(url_for("entries.own", token=token, getan=word), 303)


def _siblings(token: str) -> list[StoredEntry]:
    """What is in question under the address of the entry that a link of the question names."""
    stored = _own(token, "entries")
    return [] if stored.address is None else in_question(reading(), stored.region, stored.address)


def _all_page(token: str, *, done: bool) -> ResponseReturnValue:
    found = _siblings(token)
    desk = desk_of_request()
    return render_template(
        "pages/entries_all.html",
        token=token,
        found=[(stored, desk.url(stored)) for stored in found],
        done=done,
    )
