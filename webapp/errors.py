"""What people see when something cannot be shown: kind, German, with the next step."""

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from schemas.exceptions import StoreError


def init_app(app: Flask) -> None:
    """Registers the error pages."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(StoreError, _store)


def _page(status: int, headline: str, text: str) -> ResponseReturnValue:
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return {"status": status, "title": headline, "detail": text}, status
    return render_template("pages/error.html", headline=headline, text=text), status


def _http(error: HTTPException) -> ResponseReturnValue:
    status = error.code or 500
    texts = {
        400: (_("Das haben wir nicht verstanden"), _("Bitte prüfen Sie die Angaben und versuchen Sie es noch einmal.")),
        403: (_("Dafür fehlt die Anmeldung"), _("Bitte öffnen Sie den Anmelde-Link aus Ihrer Mail.")),
        404: (_("Diese Seite gibt es nicht"), _("Vielleicht hilft die Suche auf der Startseite weiter.")),
        405: (_("So geht es nicht"), _("Bitte benutzen Sie den Knopf auf der vorigen Seite.")),
        410: (_("Dieses Angebot gibt es nicht mehr"), _("Auf der Startseite finden Sie die aktuellen Angebote.")),
        413: (_("Das ist zu groß"), _("Bitte kürzen Sie die Eingabe.")),
        429: (_("Zu viele Anfragen"), _("Bitte warten Sie einen Moment.")),
    }
    wrong = (
        _("Da ist etwas schiefgegangen"),
        _("Wir sehen es im Protokoll. Bitte versuchen Sie es später noch einmal."),
    )
    response = _page(status, *texts.get(status, wrong))
    if error.response is not None:
        return error.response
    return response


def _csrf(_error: CSRFError) -> ResponseReturnValue:
    return _page(400, _("Das Formular ist abgelaufen"), _("Bitte laden Sie die Seite neu und senden Sie noch einmal."))


def _store(error: StoreError) -> ResponseReturnValue:
    return _page(409, _("Das konnte nicht gespeichert werden"), str(error))
