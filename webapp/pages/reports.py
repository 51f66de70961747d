""" "Fehler melden": a visitor says what is wrong with an offer; the words lie on the desk until somebody has looked.

Nothing about the visitor is stored.
"""

from datetime import timedelta
from typing import Any, Final

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from schemas.exceptions import StoreError
from schemas.publish import PublicOffer
from schemas.store.offers import Tombstone, public_offer
from schemas.store.suggestions import MAX_WORDS, suggest
from webapp.access import Who, who
from webapp.db import now, reading, writing
from webapp.limits import allow, is_robot

pages = Blueprint("reports", __name__)

MOST: Final = 10
"""Reports that one visitor may send in ``SPAN``."""
SPAN: Final = timedelta(hours=1)
GONE: Final = "gone"
FIELDS: Final[dict[str, Any]] = {
    "schedule": _l("Termin oder Zeiten"),
    "price": _l("Preis"),
    "ages": _l("Alter der Kinder"),
    "place": _l("Ort"),
    "booking": _l("Kontakt oder Anmeldung"),
    "group_size": _l("Größe der Gruppe"),
    "accessibility": _l("Zugang und Barrierefreiheit"),
    "title": _l("Titel oder Beschreibung"),
    GONE: _l("Das Angebot gibt es nicht mehr"),
}
"""What can be wrong: fields of the offer, and that it is gone."""


@pages.get("/angebote/<offer:offer_id>/melden")
@who(Who.EVERYBODY)
def form(offer_id: str) -> ResponseReturnValue:
    """The form."""
    return _form(_shown(offer_id), {}, {})


@pages.post("/angebote/<offer:offer_id>/melden")
@who(Who.EVERYBODY)
def send(offer_id: str) -> ResponseReturnValue:
    """Lay what was said on the desk; what is missing is asked for, with everything typed still there."""
    offer = _shown(offer_id)
    typed = {name: request.form.get(name, "").strip()[: MAX_WORDS + 1] for name in ("feld", "text")}
    problems = {}
    if typed["feld"] and typed["feld"] not in FIELDS:
        problems["feld"] = _("Bitte wählen Sie aus der Liste, was nicht stimmt.")
    if len(typed["text"]) < 3:
        problems["text"] = _("Bitte schreiben Sie kurz, was nicht stimmt.")
    elif len(typed["text"]) > MAX_WORDS:
        problems["text"] = _("Das ist zu lang; bitte höchstens %(n)s Zeichen.", n=MAX_WORDS)
    if problems:
        return _form(offer, typed, problems), 400
    if is_robot(request.form):
        return redirect(url_for("reports.thanks", offer_id=offer_id), 303)
    with writing() as change:
        allowed = allow(change, "report", most=MOST, per=SPAN, now=now())
    if not allowed:
        often = _("Das waren sehr viele Hinweise. Bitte schicken Sie diesen in einer Stunde noch einmal ab.")
        return _form(offer, typed, {"text": often}), 429, {"Retry-After": str(int(SPAN.total_seconds()))}
    gone = typed["feld"] == GONE
    words = f"{FIELDS[GONE]}: {typed['text']}" if gone else typed["text"]
    try:
        with writing() as change:
            suggest(change, offer_id, field=None if gone else typed["feld"] or None, words=words, now=now())
    except StoreError:
        full = _("Zu diesem Angebot liegen schon viele Hinweise vor. Wir sehen es uns an; danke!")
        return _form(offer, typed, {"text": full}), 409
    return redirect(url_for("reports.thanks", offer_id=offer_id), 303)


@pages.get("/angebote/<offer:offer_id>/melden/danke")
@who(Who.EVERYBODY)
def thanks(offer_id: str) -> ResponseReturnValue:
    """What happens now."""
    return render_template("pages/report_thanks.html", offer=_shown(offer_id))


def _shown(offer_id: str) -> PublicOffer:
    """The offer, if it is shown; else the pages for what is gone or unknown."""
    offer = public_offer(reading(), offer_id)
    if offer is None:
        abort(404)
    if isinstance(offer, Tombstone):
        abort(redirect(url_for("offers.show", offer_id=offer_id), 303))
    return offer


def _form(offer: PublicOffer, typed: dict[str, str], problems: dict[str, str]) -> str:
    return render_template("pages/report.html", offer=offer, typed=typed, problems=problems, fields=FIELDS)
