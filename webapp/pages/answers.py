"""Answering, confirming, leaving by links of a mail: GET shows, POST acts, because mail scanners follow links (law 7).

No cookie takes part: who holds the signed link may do this one thing, and nothing else.
"""

from datetime import date
from typing import Final

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from schemas.kita import Feedback, Kita
from schemas.publish import PublicOffer
from schemas.store.invitations import confirm, invited
from schemas.store.kitas import feedback_of, kita_by_id, recipient_by_id, save_feedback, undo_feedback, unsubscribe
from schemas.store.offers import Tombstone, surviving_offer
from schemas.vocabulary import Answered
from schemas.wording import MONTHS
from webapp.access import Who, who
from webapp.consent import CONSENT_TEXTS, CONSENT_VERSION
from webapp.db import now, reading, state, today, writing
from webapp.links import LINK_DAYS, AnswerLink, ConfirmLink, Links

pages = Blueprint("answers", __name__)

MAX_WHY: Final = 500
_ENDED: Final = _l(
    "Die Links einer Wochenmail gelten %(days)s Tage; dieser ist älter oder unvollständig. Die Links der neuesten "
    "Wochenmail funktionieren. Haben Sie keine, hilft Ihnen die Koordination (Impressum).",
    days=LINK_DAYS,
)
_UNASKED: Final = _l("Bitte lassen Sie sich von der Koordination neu eintragen.")
_CANNOT_LEAVE: Final = _l(
    "Bitte nehmen Sie den Abmelde-Link der neuesten Mail, oder schreiben Sie der Koordination (Impressum)."
)


@pages.get("/antwort/<token>")
@who(Who.LINK)
def show(token: str) -> ResponseReturnValue:
    """What would be answered, with a button that does it."""
    return _answer_page(token, _answer(token))


@pages.post("/antwort/<token>")
@who(Who.LINK)
def give(token: str) -> ResponseReturnValue:
    """Keep the answer."""
    link = _answer(token)
    _known(link)
    feedback = Feedback(
        kita=link.kita,
        offer=link.offer,
        answer=link.answer,
        at=now(),
        week=link.week,
        later_from=_month(request.form.get("later", "")) if link.answer is Answered.LATER else None,
        why=request.form.get("why", "").strip()[:MAX_WHY] or None,
    )
    with writing() as change:
        number = save_feedback(change, feedback)
    return _answer_page(token, link, number=number)


@pages.post("/antwort/<token>/zuruecknehmen")
@who(Who.LINK)
def undo(token: str) -> ResponseReturnValue:
    """Take this answer back."""
    link = _answer(token)
    with writing() as change:
        for given in feedback_of(change, link.kita):
            if (given.feedback.offer, given.feedback.answer) == (link.offer, link.answer):
                undo_feedback(change, given.id, kita_id=link.kita, now=now())
    return _answer_page(token, link, undone=True)


@pages.get("/abmelden/<token>")
@who(Who.LINK)
def leave(token: str) -> ResponseReturnValue:
    """Asks whether mails to this address shall end."""
    return _leave_page(token, done=False)


@pages.post("/abmelden/<token>")
@who(Who.LINK)
def end(token: str) -> ResponseReturnValue:
    """Ends the mails to this address at once; also by a mail program's one click (RFC 8058), and as often as asked."""
    link = _links().read_unsubscribe(token)
    if link is None:
        abort(404, _CANNOT_LEAVE)
    with writing() as change:
        unsubscribe(change, link.recipient, now=now())
    return _leave_page(token, done=True)


@pages.get("/bestaetigen/<token>")
@who(Who.LINK)
def asked(token: str) -> ResponseReturnValue:
    """Asks whether this address shall receive the Kita's mail, and says what one agrees to."""
    return _confirm_page(token, _invitation(token))


@pages.post("/bestaetigen/<token>")
@who(Who.LINK)
def agree(token: str) -> ResponseReturnValue:
    """Completes the double opt-in; the first confirmation stands."""
    link = _invitation(token)
    with writing() as change:
        confirm(change, link.recipient, link.invited_at, consent_text=CONSENT_VERSION, now=now())
    return _confirm_page(token, link)


def _invitation(token: str) -> ConfirmLink:
    link = _links().read_confirm(token, now=now())
    if link is None:
        abort(404, _UNASKED)
    return link


def _confirm_page(token: str, link: ConfirmLink) -> ResponseReturnValue:
    person = invited(reading(), link.recipient, link.invited_at)
    kita = kita_by_id(reading(), person.kita) if person else None
    if person is None or kita is None or person.recipient.unsubscribed_at is not None:
        abort(404, _UNASKED)
    return render_template(
        "pages/confirm.html",
        token=token,
        address=person.recipient.address,
        kita=kita,
        consent=CONSENT_TEXTS[CONSENT_VERSION],
        version=CONSENT_VERSION,
        done=person.recipient.confirmed_at is not None,
    )


def _answer(token: str) -> AnswerLink:
    link = _links().read_answer(token, today=today())
    if link is None:
        abort(404, _ENDED)
    return link


def _known(link: AnswerLink) -> tuple[Kita, PublicOffer | Tombstone]:
    """Who answers, and to what; of an offer that was merged, to the one that it is part of now."""
    kita, offer = kita_by_id(reading(), link.kita), surviving_offer(reading(), link.offer)
    if kita is None or offer is None:
        abort(404, _ENDED)
    return kita, offer


def _answer_page(token: str, link: AnswerLink, *, number: int | None = None, undone: bool = False) -> str:
    kita, offer = _known(link)
    return render_template(
        "pages/answer.html",
        token=token,
        kita=kita,
        offer=offer if isinstance(offer, PublicOffer) else None,
        gone=offer.id,
        answer=link.answer,
        months=_coming_months(today()),
        number=number,
        undone=undone,
    )


def _leave_page(token: str, *, done: bool) -> ResponseReturnValue:
    link = _links().read_unsubscribe(token)
    recipient = recipient_by_id(reading(), link.recipient) if link else None
    if recipient is None:
        abort(404, _CANNOT_LEAVE)
    already = recipient.recipient.unsubscribed_at is not None
    return render_template(
        "pages/unsubscribe.html", token=token, address=recipient.recipient.address, done=done or already
    )


def _coming_months(day: date) -> list[tuple[str, str]]:
    """The next eleven months as (first day in ISO form, name)."""
    found = []
    for step in range(1, 12):
        year, month = divmod(day.year * 12 + day.month - 1 + step, 12)
        found.append((date(year, month + 1, 1).isoformat(), f"{MONTHS[month]} {year}"))
    return found


def _month(text: str) -> date | None:
    return next((date.fromisoformat(first) for first, _name in _coming_months(today()) if first == text), None)


def _links() -> Links:
    return Links(state().settings.secret())
