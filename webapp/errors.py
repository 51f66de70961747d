"""What people see when something cannot be shown: kind, German, with the next step."""

from flask import Flask, current_app, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from schemas.exceptions import StoreError, Superseded
from webapp.access import Who, who_may


def init_app(app: Flask) -> None:
    """Registers the error pages."""
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(StoreError, _store)
    app.register_error_handler(Superseded, _superseded)


def _page(status: int, headline: str, text: str) -> ResponseReturnValue:
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return {"status": status, "title": headline, "detail": text}, status
    at_the_desk = status == 403 and who_may(current_app, request.endpoint) in (Who.COORDINATOR, Who.SIGN_IN)
    return render_template("pages/error.html", headline=headline, text=text, sign_in=at_the_desk), status


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
    headline, text = texts.get(status, wrong)
    if status in texts and error.description != type(error).description:
        text = str(error.description)
        if status in (403, 404) and who_may(current_app, request.endpoint) is Who.LINK:
            headline = _("Dieser Link gilt nicht mehr")
    response = make_response(_page(status, headline, text))
    for name, value in error.get_headers():
        if name != "Content-Type":  # a 405 says what is allowed
            response.headers.setdefault(name, value)
    return response


def _csrf(_error: CSRFError) -> ResponseReturnValue:
    return _page(400, _("Das Formular ist abgelaufen"), _("Bitte laden Sie die Seite neu und senden Sie noch einmal."))


def _store(error: StoreError) -> ResponseReturnValue:
    """Something changed between showing a page and acting on it; ``error`` says what, for the developer's eyes."""
    return _page(
        409,
        _("Das hat sich inzwischen geändert"),
        _("Bitte laden Sie die Seite neu und versuchen Sie es noch einmal. (%(detail)s)", detail=str(error)),
    )


def _superseded(_error: Superseded) -> ResponseReturnValue:
    return _page(
        409,
        _("Danach wurde schon etwas anderes entschieden"),
        _("Es bleibt alles, wie es ist. Wenn Sie dies zurücknehmen wollen, nehmen Sie bitte zuerst das Spätere zurück; "
          "der Verlauf auf der Seite des Angebots am Schreibtisch zeigt beides."),
    )  # fmt: skip
