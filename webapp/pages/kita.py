"""A Kita's own page, opened by the signed link of its mail: recommendations with their reasons, and its answers."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from schemas.clock import now, today, week_of
from schemas.kita import Kita
from schemas.publish import PublicOffer
from schemas.store.kitas import digest_of, feedback_of, kita_by_id, recipient_by_id, undo_feedback
from schemas.store.offers import public_offer
from schemas.vocabulary import Answered
from webapp.db import reading, state, writing
from webapp.links import AnswerLink, KitaLink, Links

pages = Blueprint("kita", __name__, url_prefix="/kita")


@pages.after_request
def private(response: Any) -> Any:
    """A Kita's page is nobody else's: no cache keeps it, no search engine lists it."""
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@pages.get("/<token>")
def home(token: str) -> ResponseReturnValue:
    """Recommendations of the latest week with their reasons, and what was answered."""
    link, kita = _opened(token)
    digest = digest_of(reading(), kita.id)
    week = digest.week if digest else week_of(today())
    cards = []
    for recommendation in digest.recommendations if digest else ():
        offer = public_offer(reading(), recommendation.offer)
        if isinstance(offer, PublicOffer):
            cards.append((recommendation, offer, _answer_links(kita.id, offer.id, week)))
    given = [(answer, public_offer(reading(), answer.feedback.offer)) for answer in feedback_of(reading(), kita.id)]
    return render_template(
        "pages/kita.html", token=token, kita=kita, week=week, cards=cards, given=given, today=today(), link=link
    )


@pages.post("/<token>/antwort/<int:number>/zuruecknehmen")
def undo(token: str, number: int) -> ResponseReturnValue:
    """Take an answer back."""
    _link, kita = _opened(token)
    with writing() as change:
        if not undo_feedback(change, number, kita_id=kita.id, now=now()):
            abort(404)
    flash(_("Die Antwort ist zurückgenommen."))
    return redirect(url_for("kita.home", token=token), 303)


def _opened(token: str) -> tuple[KitaLink, Kita]:
    """The Kita that ``token`` opens; 403 for a link that has ended, was withdrawn or is not ours."""
    link = Links(state().settings.secret()).read_kita(token, today=today())
    recipient = recipient_by_id(reading(), link.recipient) if link else None
    if link is None or recipient is None or (recipient.kita, recipient.token_version) != (link.kita, link.version):
        abort(403)
    kita = kita_by_id(reading(), link.kita)
    if kita is None:
        abort(403)
    return link, kita


def _answer_links(kita_id: str, offer_id: str, week: str) -> list[tuple[Answered, str]]:
    links = Links(state().settings.secret())
    return [
        (answer, url_for("answers.show", token=links.answer(AnswerLink(kita_id, offer_id, answer, week))))
        for answer in Answered
    ]
