"""What people see when something cannot be shown: kind, German, with the next step."""

from typing import Final

import structlog
from flask import Flask, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, default_exceptions

from schemas.exceptions import StoreError, Superseded
from webapp.access import Who, signed_in, who_may
from webapp.limits import HONEYPOT

_HIDDEN: Final = frozenset({"csrf_token", "seen", "nach", "offer", HONEYPOT})
"""Inputs that nobody writes into."""

log = structlog.get_logger()


def init_app(app: Flask) -> None:
    """Registers the error pages."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(StoreError, _store)
    app.register_error_handler(Superseded, _superseded)


def _page(status: int, headline: str, text: str, *, sign_in: bool = False) -> ResponseReturnValue:
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return {"status": status, "title": headline, "detail": text}, status
    page = render_template(
        "pages/error.html", headline=headline, text=text, sign_in=sign_in, desk=_signed_in_at_desk(), written=_written()
    )
    return page, status


def _written() -> str:
    """The texts in the form of this request, to be copied; those that are so short that they are quickly written again,
    and codes, are left out.

    Only what a page of ours sent: another site could have its own words shown as ours.
    """
    if request.headers.get("Sec-Fetch-Site") != "same-origin":
        return ""
    try:
        values = [value.strip() for name, value in request.form.items(multi=True) if name not in _HIDDEN]
    except HTTPException:
        return ""  # too large to be read at all
    return "\n\n".join(value for value in values if len(value.split()) > 1)


def _http(error: HTTPException) -> ResponseReturnValue:
    """The page for ``error``; a view's own words (``abort(403, "…")``) stand in place of the general ones.

    Where a signed link is all that it takes, refusing in own words is refusing the link.
    """
    if error.response is not None:
        return error.response
    texts = {
        400: (_("Das haben wir nicht verstanden"), _("Bitte prüfen Sie die Angaben und versuchen Sie es noch einmal.")),
        403: (
            _("Dafür fehlt die Anmeldung"),
            _("Bitte öffnen Sie den Anmelde-Link aus Ihrer Mail, oder fordern Sie einen neuen an."),
        ),
        404: (_("Diese Seite gibt es nicht"), _("Vielleicht hilft die Suche auf der Startseite weiter.")),
        405: (_("So geht es nicht"), _("Bitte benutzen Sie den Knopf auf der vorigen Seite.")),
        413: (_("Das ist zu groß"), _("Bitte kürzen Sie die Eingabe.")),
        421: (
            _("Hier ist nicht die richtige Adresse"),
            _("Bitte öffnen Sie den Schreibtisch unter der Adresse Ihrer Region, wie sie in Ihren Mails steht."),
        ),
        429: (
            _("Das war sehr oft in kurzer Zeit"),
            _("Bitte warten Sie eine Stunde und versuchen Sie es dann noch einmal."),
        ),
    }
    wrong = (
        _("Da ist etwas schiefgegangen"),
        _("Wir sehen es im Protokoll. Bitte versuchen Sie es später noch einmal."),
    )
    status = error.code or 500
    headline, text = texts.get(status, wrong if status >= 500 else texts[400])
    # Kinds of its own that Werkzeug makes of these (a missing input, a strange host) have words for developers.
    ours = type(error) is default_exceptions.get(status) and error.description != type(error).description
    if status in texts and ours:
        text = str(error.description)
        if status in (403, 404) and who_may(current_app, request.endpoint) is Who.LINK:
            headline = _("Dieser Link gilt nicht mehr")
    response = make_response(_page(status, headline, text, sign_in=status == 403 and _at_desk()))
    for name, value in error.get_headers():
        if name != "Content-Type":  # a 405 says what is allowed
            response.headers.setdefault(name, value)
    return response


def _csrf(_error: CSRFError) -> ResponseReturnValue:
    """Whoever was signed out while a page of the desk lay open is not helped by loading it anew."""
    if who_may(current_app, request.endpoint) is Who.COORDINATOR and signed_in() is None:
        return _page(
            400,
            _("Sie sind nicht mehr angemeldet"),
            _("Gespeichert ist nichts. Bitte melden Sie sich neu an und senden Sie das Formular dann noch einmal."),
            sign_in=True,
        )
    return _page(
        400,
        _("Das Formular ist abgelaufen"),
        _("Gespeichert ist nichts. Bitte laden Sie die vorige Seite neu und senden Sie noch einmal."),
    )


def _signed_in_at_desk() -> bool:
    return who_may(current_app, request.endpoint) is Who.COORDINATOR and signed_in() is not None


def _at_desk() -> bool:
    return who_may(current_app, request.endpoint) in (Who.COORDINATOR, Who.SIGN_IN)


def _store(error: StoreError) -> ResponseReturnValue:
    """Something changed between showing a page and acting on it; ``error`` says what, for whoever reads the log."""
    log.warning("store.refused", path=request.path, error=str(error))
    return _page(
        409,
        _("Das hat sich inzwischen geändert"),
        _("Gespeichert ist nichts. Bitte laden Sie die vorige Seite neu; sie zeigt, was jetzt gilt."),
    )


def _superseded(_error: Superseded) -> ResponseReturnValue:
    return _page(
        409,
        _("Danach wurde schon etwas anderes entschieden"),
        _("Es bleibt alles, wie es ist. Wenn Sie dies zurücknehmen wollen, nehmen Sie bitte zuerst das Spätere zurück; "
          "bei Angeboten zeigt der Verlauf auf ihrer Seite am Schreibtisch beides."),
    )  # fmt: skip
