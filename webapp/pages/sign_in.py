"""Signing in at the desk: a coordinator asks for a link by mail, opens it, and presses the button. No passwords.

What the page answers does not say whether an address is known, and neither does the time it takes: the letter to an
unknown address is written as well, and taken back before it is committed.
"""

from datetime import timedelta
from typing import Final

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from schemas.region import Coordinator
from schemas.store.rates import count, counted
from webapp.access import Who, who
from webapp.db import current_region, now, public_url, reading, state, writing
from webapp.limits import allow, keyed_hash, too_many
from webapp.links import DESK_MINUTES, DeskLink, Links
from webapp.mail.letters import post, render_letter
from webapp.mail.message import AddressError, address

pages = Blueprint("sign_in", __name__, url_prefix="/desk/anmelden")

MOST_A_VISITOR: Final = 10
"""Links that one visitor may ask for in an hour, for whichever address."""
MOST_AN_ADDRESS: Final = 3
"""Links that go to one address in an hour; the answer is the same for more."""
_HOUR: Final = timedelta(hours=1)
_USED: Final = "desk_link"


@pages.get("")
@who(Who.EVERYBODY)
def ask() -> ResponseReturnValue:
    """Asks for the mail address."""
    return render_template("pages/sign_in_ask.html", sent=False, entered="", problem=None, most=MOST_AN_ADDRESS)


@pages.post("")
@who(Who.EVERYBODY)
def send() -> ResponseReturnValue:
    """Sends a link where a coordinator of this Region has that address; says the same in any case."""
    entered = request.form.get("mail", "").strip()
    moment = now()
    with writing() as change:
        visitor_may = allow(change, "sign_in", most=MOST_A_VISITOR, per=_HOUR, now=moment)
    if not visitor_may:
        too_many(_HOUR)
    try:
        address(entered)
    except AddressError:
        problem = _("Das ist keine Mailadresse. Bitte schreiben Sie sie so: name@kreis.de")
        page = render_template(
            "pages/sign_in_ask.html", sent=False, entered=entered[:254], problem=problem, most=MOST_AN_ADDRESS
        )
        return page, 400
    region = current_region()
    with writing() as change:
        key = f"{region.key} {entered.casefold()}"
        wanted = allow(change, "sign_in_address", most=MOST_AN_ADDRESS, per=_HOUR, now=moment, key=key)
        known = [person for person in region.coordinators if person.mail.casefold() == entered.casefold()]
        draft = change.begin_nested()
        _write(change, known or [Coordinator(name="?", mail=region.sender_mail)])
        if known and wanted:
            draft.commit()
        else:
            draft.rollback()
    return render_template("pages/sign_in_ask.html", sent=True, entered="", problem=None, most=MOST_AN_ADDRESS)


@pages.get("/<token>")
@who(Who.SIGN_IN)
def show(token: str) -> ResponseReturnValue:
    """Shows who would be signed in; signing in itself needs the button, since mail scanners follow links."""
    link = _invited(token)
    spent = link is None or counted(reading(), _USED, _hash(token), window=link.ends or now()) > 0
    name = None if link is None or spent else link.name
    return render_template("pages/desk_sign_in.html", name=name, token=token), 200 if name else 403


@pages.post("/<token>")
@who(Who.SIGN_IN)
def enter(token: str) -> ResponseReturnValue:
    """Signs in with the link, once, in a new session."""
    link = _invited(token)
    first = False
    if link is not None:
        with writing() as change:
            first = count(change, _USED, _hash(token), window=link.ends or now()) == 1
    if link is None or not first:
        abort(403, _("Dieser Anmelde-Link gilt nicht mehr. Bitte fordern Sie einen neuen an."))
    session.clear()
    session.update(region=current_region().key, name=link.name)
    return redirect(url_for("desk.home"), 303)


def _write(change: Session, people: list[Coordinator]) -> None:
    """One letter with a link for each of ``people``, who share an address."""
    region, moment = current_region(), now()
    signed = Links(state().settings.secret())
    tokens = [signed.desk(DeskLink(region.key, person.name), now=moment) for person in people]
    mail = render_letter(
        "sign_in",
        {
            "region": region,
            "portal": public_url(),
            "example": state().settings.demo or region.example,
            "links": [
                (person.name, f"{public_url()}/desk/anmelden/{token}")
                for person, token in zip(people, tokens, strict=True)
            ],
            "minutes": DESK_MINUTES,
        },
    )
    post(
        change,
        region,
        kind="sign_in",
        dedupe=f"sign_in:{_hash(tokens[0])}",
        to=people[0].mail,
        mail=mail,
        now=moment,
        send_before=moment + timedelta(minutes=DESK_MINUTES),
    )


def _hash(token: str) -> str:
    return keyed_hash(state().settings.secret(), _USED, token)


def _invited(token: str) -> DeskLink | None:
    """The link of ``token`` where it is for a coordinator of this Region, used or not."""
    link = Links(state().settings.secret()).read_desk(token, now=now())
    region = current_region()
    if link is None or link.region != region.key:
        return None
    return link if link.name in {person.name for person in region.coordinators} else None
