"""Who may use a route: every view says so, and what it says is what is enforced.

    @pages.get("/angebote/<offer:offer_id>")
    @who(Who.EVERYBODY)
    def show(offer_id: str) -> ResponseReturnValue: ...

``create_app`` refuses an app with a view that says nothing.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any, Final, TypeVar

from flask import Flask, Response, abort, current_app, g, request, session
from flask_wtf.csrf import CSRFProtect

from webapp.db import current_region

View = TypeVar("View", bound=Callable[..., Any])


class Who(StrEnum):
    """Who may use a route."""

    EVERYBODY = "everybody"
    """Anybody. No cookie takes part, so a form needs no token against forgery; it needs a limit (``webapp.limits``)."""
    LINK = "link"
    """Whoever holds the signed link in the address; never a cookie."""
    SIGN_IN = "sign_in"
    """Anybody with a signed link who becomes a coordinator by it; the form carries a token."""
    COORDINATOR = "coordinator"
    """Coordinators whom this Region's file names today, signed in; forms carry a token. Their name is
    ``g.coordinator``."""


_SAYS: Final = "kitalotse_who"
_PRIVATE: Final = frozenset({Who.LINK, Who.SIGN_IN, Who.COORDINATOR})
_WITHOUT_COOKIE: Final = frozenset({Who.EVERYBODY, Who.LINK})


def who(may: Who) -> Callable[[View], View]:
    """Declare who may use the view; written between the route and the function."""

    def declare(view: View) -> View:
        setattr(view, _SAYS, may)
        return view

    return declare


def who_may(app: Flask, endpoint: str | None) -> Who | None:
    """Who may use ``endpoint``; ``None`` where it says nothing, or does not exist."""
    if endpoint == "static":
        return Who.EVERYBODY
    return getattr(app.view_functions.get(endpoint or ""), _SAYS, None)


def signed_in() -> str | None:
    """The coordinator of this Region who is signed in, if any; the Region's file of today decides."""
    names = {coordinator.name for coordinator in current_region().coordinators}
    name = session.get("name")
    return str(name) if session.get("region") == current_region().key and name in names else None


def init_app(app: Flask, csrf: CSRFProtect) -> None:
    """Enforces what the views of ``app`` declare; to be called when all of them are registered.

    Raises ``RuntimeError`` that names the views which declare nothing, or would lose their token to a namesake.
    """
    silent = sorted(name for name in app.view_functions if who_may(app, name) is None)
    if silent:
        raise RuntimeError(f"{', '.join(silent)}: say who may use it with @who(Who.…), see webapp/access.py")
    free = {name: view for name, view in app.view_functions.items() if who_may(app, name) in _WITHOUT_COOKIE}
    free.pop("static", None)
    for view in free.values():
        csrf.exempt(view)
    exempt = {_known_as(view) for view in free.values()}
    guarded = {name: view for name, view in app.view_functions.items() if who_may(app, name) not in _WITHOUT_COOKIE}
    if clashing := sorted(name for name, view in guarded.items() if _known_as(view) in exempt):
        raise RuntimeError(f"{', '.join(clashing)}: another view of the same name needs no token; rename one of them")
    app.before_request(_let_in)
    app.after_request(_keep_private)


def _known_as(view: Callable[..., Any]) -> str:
    """By which name ``CSRFProtect.exempt`` remembers a view."""
    return f"{view.__module__}.{view.__name__}"


def _let_in() -> None:
    """403 for whoever may not use the route."""
    if who_may(current_app, request.endpoint) is not Who.COORDINATOR:
        return
    name = signed_in()
    if name is None:
        abort(403)
    g.coordinator = name


def _keep_private(response: Response) -> Response:
    """What is not for everybody is kept by no browser or proxy, and listed by no search engine."""
    if who_may(current_app, request.endpoint) in _PRIVATE:
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["X-Robots-Tag"] = "noindex"
    return response
