"""The Flask app: ``create_app(settings)``."""

from typing import Any

from flask import Flask, g, request
from flask_babel import Babel, gettext
from flask_wtf.csrf import CSRFProtect

from schemas.db import Database
from webapp import db, errors, security, template_filters
from webapp.feeds import routes as feeds
from webapp.pages import about, answers, desk, desk_words, kita, offers, outbox
from webapp.regions import load_regions
from webapp.settings import Settings

csrf = CSRFProtect()


def create_app(settings: Settings, database: Database | None = None) -> Flask:
    """The app for ``settings``; ``database`` replaces the one that the settings name (tests share theirs).

    Raises ``SettingsError`` for a Region file that cannot be read.
    """
    app = Flask("webapp")
    app.config.update(
        SECRET_KEY=settings.secret(),
        BABEL_DEFAULT_LOCALE="de",
        BABEL_DEFAULT_TIMEZONE="Europe/Berlin",
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        SESSION_COOKIE_NAME="kitalotse_desk",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.base_url.startswith("https:"),
        WTF_CSRF_TIME_LIMIT=8 * 3600,
    )
    app.extensions["kitalotse"] = db.State(
        settings=settings,
        database=database or Database(settings.database),
        regions=load_regions(settings.region_dir),
    )
    Babel(app, locale_selector=_language)
    csrf.init_app(app)
    for part in (db, security, template_filters, desk_words, errors):
        part.init_app(app)
    for blueprint in (offers.pages, kita.pages, answers.pages, desk.pages, about.pages, feeds.pages):
        app.register_blueprint(blueprint)
    for blueprint in (kita.pages, answers.pages):
        csrf.exempt(blueprint)  # these act on an unguessable signed link, never on a cookie; RFC 8058 demands it
    if settings.demo:
        app.register_blueprint(outbox.pages)
    app.context_processor(_shared)
    return app


def _language() -> str:
    region = db.current_region()
    return request.accept_languages.best_match(region.languages) or region.languages[0]


def _shared() -> dict[str, Any]:
    menu = [("offers.search", gettext("Angebote")), ("about.data", gettext("Offene Daten"))]
    if "coordinator" in g:
        menu.append(("desk.home", gettext("Schreibtisch")))
    if db.state().settings.demo:
        menu.append(("outbox.mails", gettext("Postausgang (Vorführung)")))
    return {"region": db.current_region(), "language": _language(), "menu": menu, "demo": db.state().settings.demo}
