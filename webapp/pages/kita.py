"""A Kita's own page, opened by the signed link of its mail: recommendations with their reasons, and its answers."""

from typing import Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from schemas.clock import week_of
from schemas.kita import Kita
from schemas.publish import PublicOffer
from schemas.store.kitas import digest_of, feedback_of, kita_by_id, recipient_by_id, undo_feedback
from schemas.store.offers import surviving_offer
from schemas.vocabulary import Answered
from webapp.access import Who, who
from webapp.db import now, reading, state, today, writing
from webapp.links import LINK_DAYS, AnswerLink, Links

pages = Blueprint("kita", __name__, url_prefix="/kita")

_ENDED: Final = _l(
    "Die Links einer Wochenmail gelten %(days)s Tage; dieser ist älter, wurde beendet oder ist unvollständig. Der Link "
    "in der neuesten Wochenmail führt auf Ihre Seite. Haben Sie keine, hilft Ihnen die Koordination (Impressum).",
    days=LINK_DAYS,
)


@pages.get("/<token>")
@who(Who.LINK)
def home(token: str) -> ResponseReturnValue:
    """Recommendations of the latest week with their reasons, and what was answered."""
    kita = _opened(token)
    digest = digest_of(reading(), kita.id)
    week = digest.week if digest else week_of(today())
    cards = {}
    for recommendation in digest.recommendations if digest else ():
        offer = surviving_offer(reading(), recommendation.offer)
        if isinstance(offer, PublicOffer) and offer.id not in cards:
            cards[offer.id] = (recommendation, offer, _answer_links(kita.id, offer.id, week))
    given = [(answer, surviving_offer(reading(), answer.feedback.offer)) for answer in feedback_of(reading(), kita.id)]
    return render_template(
        "pages/kita.html",
        token=token,
        kita=kita,
        week=week,
        cards=list(cards.values()),
        recommended=digest is not None,
        given=given,
        today=today(),
        undone="zurueckgenommen" in request.args,
    )


@pages.post("/<token>/antwort/<int(max=2147483647):number>/zuruecknehmen")
@who(Who.LINK)
def undo(token: str, number: int) -> ResponseReturnValue:
    """Take an answer back."""
    kita = _opened(token)
    with writing() as change:
        if not undo_feedback(change, number, kita_id=kita.id, now=now()):
            abort(404)
    return redirect(url_for("kita.home", token=token, zurueckgenommen=1), 303)


def _opened(token: str) -> Kita:
    """The Kita that ``token`` opens; 403 for a link that has ended, was withdrawn or is not ours."""
    link = Links(state().settings.secret()).read_kita(token, today=today())
    recipient = recipient_by_id(reading(), link.recipient) if link else None
    if link is None or recipient is None or (recipient.kita, recipient.token_version) != (link.kita, link.version):
        abort(403, _ENDED)
    kita = kita_by_id(reading(), link.kita)
    if kita is None:
        abort(403, _ENDED)
    return kita


def _answer_links(kita_id: str, offer_id: str, week: str) -> list[tuple[Answered, str]]:
    links = Links(state().settings.secret())
    return [
        (answer, url_for("answers.show", token=links.answer(AnswerLink(kita_id, offer_id, answer, week))))
        for answer in Answered
    ]
