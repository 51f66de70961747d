"""Imprint, privacy, accessibility, and the page that explains the open data."""

from flask import Blueprint, Response, abort, render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from schemas.jsonschema import schema_text
from schemas.store.offers import CSV_COLUMNS, latest_change, public_page
from webapp.access import Who, who
from webapp.db import current_region, public_url, reading
from webapp.feeds.buckets import FORMATS, buckets_of, credits_of
from webapp.feeds.conditional import conditional
from webapp.feeds.licences import open_licence
from webapp.region_file import unfinished
from webapp.region_texts import parts

pages = Blueprint("about", __name__)


@pages.get("/impressum")
@who(Who.EVERYBODY)
def imprint() -> ResponseReturnValue:
    """Who is responsible."""
    return _text(_("Impressum"), current_region().imprint)


@pages.get("/datenschutz")
@who(Who.EVERYBODY)
def privacy() -> ResponseReturnValue:
    """What happens with personal data."""
    return _text(_("Datenschutz"), current_region().privacy)


@pages.get("/barrierefreiheit")
@who(Who.EVERYBODY)
def accessibility() -> ResponseReturnValue:
    """Accessibility statement."""
    return _text(_("Erklärung zur Barrierefreiheit"), current_region().accessibility)


@pages.get("/daten")
@who(Who.EVERYBODY)
def data() -> ResponseReturnValue:
    """What can be downloaded, in which form and under which terms."""
    return render_template(
        "pages/data.html",
        columns=[(name, german) for name, german, _english in CSV_COLUMNS],
        change=latest_change(reading()),
        buckets=buckets_of(reading(), current_region()),
        formats=FORMATS,
        credits=[(open_licence(uri), names) for uri, names in credits_of(reading(), current_region()).items()],
        base=public_url(),
        example=next(iter(public_page(reading(), "", 1)), None),
    )


@pages.get("/schema/<name:name>.json")
@who(Who.EVERYBODY)
def schema(name: str) -> ResponseReturnValue:
    """The JSON Schema of one of our models."""
    text = schema_text(name)
    if text is None:
        abort(404)
    response = conditional(lambda: Response(text, content_type="application/schema+json"), "schema")
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


@pages.get("/healthz")
@who(Who.EVERYBODY)
def health() -> ResponseReturnValue:
    """For the operator's monitoring: the database answers."""
    return {"status": "ok", "change": latest_change(reading())}


def _text(title: str, text: str | None) -> ResponseReturnValue:
    return render_template(
        "pages/text.html",
        title=title,
        parts=list(parts(text or "")),
        unfinished=unfinished(text or ""),
    )
