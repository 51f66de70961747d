"""The Flask app: ``create_app(settings)``."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from flask import Flask, current_app, request
from flask_babel import Babel, gettext
from flask_wtf.csrf import CSRFProtect

from schemas import clock
from schemas.db import Database
from webapp import access, addresses, db, errors, proxy, security, template_filters
from webapp.feeds import api
from webapp.feeds import routes as feeds
from webapp.feeds.terms import ATTRIBUTIONS
from webapp.pages import (
    about,
    answers,
    desk,
    desk_held,
    desk_phone,
    desk_sources,
    desk_tables,
    desk_week,
    desk_words,
    entries,
    exclusions,
    kita,
    offers,
    outbox,
    providers,
    reports,
    sign_in,
)
from webapp.regions import load_regions
from webapp.settings import Settings

TRANSLATED: Final = ("de",)
"""Languages that the texts of the pages exist in; a Region may offer those among its own."""
SESSION_HOURS: Final = 12
"""Hours after which a coordinator has to sign in again."""

csrf = CSRFProtect()


def create_app(
    settings: Settings, database: Database | None = None, *, now: Callable[[], datetime] = clock.now
) -> Flask:
    """The app for ``settings``; ``database`` replaces the one that the settings name, ``now`` the clock (for tests).

    Raises ``SettingsError`` for a Region file that cannot be read.
    """
    app = Flask("webapp")
    regions = load_regions(settings.region_dir)
    app.config.update(
        SECRET_KEY=settings.secret(),
        BABEL_DEFAULT_LOCALE=TRANSLATED[0],
        BABEL_DEFAULT_TIMEZONE="Europe/Berlin",
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,  # Flask's 500 kB would lose thousands of pasted addresses
        SESSION_COOKIE_NAME="kitalotse_desk",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=SESSION_HOURS),
        WTF_CSRF_TIME_LIMIT=SESSION_HOURS * 3600,
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which our Referrer-Policy keeps from being sent
    )
    app.extensions["kitalotse"] = db.State(
        settings=settings,
        database=database or Database(settings.database),
        regions=regions,
        clock=now,
    )
    Babel(app, locale_selector=_language)
    csrf.init_app(app)
    for part in (addresses, db, security, template_filters, desk_words, errors):
        part.init_app(app)
    for blueprint in (offers.pages, kita.pages, answers.pages, sign_in.pages, desk.pages, about.pages, feeds.pages):
        app.register_blueprint(blueprint)
    for blueprint in (providers.pages, reports.pages):
        app.register_blueprint(blueprint)
    app.register_blueprint(api.pages)
    app.register_blueprint(desk_held.pages)
    app.register_blueprint(desk_sources.pages)
    app.register_blueprint(desk_tables.pages)
    for blueprint in (desk_week.pages, desk_week.stopping):
        app.register_blueprint(blueprint)
    app.register_blueprint(exclusions.pages)
    for blueprint in (entries.pages, desk_phone.pages):
        app.register_blueprint(blueprint)
    if settings.demo:
        app.register_blueprint(outbox.pages)
    proxy.init_app(app, settings, regions)
    access.init_app(app, csrf)
    app.context_processor(_shared)
    return app


def _language() -> str:
    offered = [language for language in db.current_region().languages if language in TRANSLATED] or [TRANSLATED[0]]
    return request.accept_languages.best_match(offered) or offered[0]


def _shared() -> dict[str, Any]:
    """What every template may use. It is the same for everybody who asks for a page, so that pages can be cached."""
    region, demo = db.current_region(), db.state().settings.demo
    menu = (
        ("offers.search", gettext("Angebote")),
        ("providers.home", gettext("Anbieter")),
        ("entries.new", gettext("Angebot eintragen")),
        ("about.data", gettext("Offene Daten")),
        ("outbox.mails", gettext("Postausgang")),
    )
    desk_menu = (
        ("desk.home", gettext("Übersicht")),
        ("held.home", gettext("Zurückgehalten")),
        ("sources.home", gettext("Quellen")),
        ("tables.home", gettext("Tabelle hochladen")),
        ("phone.new", gettext("Angebot eintragen")),
        ("week.home", gettext("Montagsmail")),
        ("exclusions.home", gettext("Nicht listen")),
    )
    return {
        "region": region,
        "language": _language(),
        "menu": _there(menu),
        "desk_menu": _there(desk_menu),
        "demo": demo,
        "attributions": ATTRIBUTIONS,
    }


def _there(menu: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """What of ``menu`` this app has."""
    return [(endpoint, name) for endpoint, name in menu if endpoint in current_app.view_functions]
