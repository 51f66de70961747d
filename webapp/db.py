"""What a request works with: settings, clock, database, Regions; one reading session a request, one transaction a
change."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from flask import Flask, Response, current_app, g, request
from sqlalchemy.orm import Session

from schemas.clock import local
from schemas.db import Database
from schemas.region import Region
from webapp.regions import base_url
from webapp.settings import Settings

NOWHERE: Final = Region(key="00", name="Deutschland", land="DE")
"""Stands in where an installation has no Region yet."""


REGION: Final = "kitalotse.region"
"""Where ``webapp.proxy`` writes the key of a request's Region in the WSGI environment."""


@dataclass(frozen=True)
class State:
    """What the app was made with."""

    settings: Settings
    database: Database
    regions: dict[str, Region]
    clock: Callable[[], datetime]
    """Gives the current time, aware."""


def state() -> State:
    """The state of the running app."""
    found: State = current_app.extensions["kitalotse"]
    return found


def now() -> datetime:
    """The current time of this request, aware."""
    return state().clock()


def today() -> date:
    """The current day of this request in Europe/Berlin."""
    return local(now()).date()


def reading() -> Session:
    """This request's session for reading, one snapshot; closed when the request ends."""
    if "reading" not in g:
        g.closing = ExitStack()
        g.reading = g.closing.enter_context(state().database.read())
    session: Session = g.reading
    return session


def read_until_sent(response: Response) -> Response:
    """Keeps this request's reading session open until ``response`` is sent or given up, for a body that is streamed."""
    closing: ExitStack | None = g.pop("closing", None)
    g.pop("reading", None)
    if closing is not None:
        response.call_on_close(closing.close)
    return response


@contextmanager
def writing() -> Iterator[Session]:
    """A session whose changes are committed together when the block ends, or not at all."""
    _close()
    with state().database.begin() as session:
        yield session


def current_region() -> Region:
    """The Region whose public address this request came in on (``webapp.proxy``); else the installation's first; else
    ``NOWHERE``.
    """
    if "region" not in g:
        regions = state().regions
        found = regions.get(request.environ.get(REGION, ""))
        g.region = found or next(iter(regions.values()), NOWHERE)
    region: Region = g.region
    return region


def public_url() -> str:
    """The public address of ``current_region``, without a slash at the end; never taken from the request."""
    return base_url(current_region(), state().settings.base_url)


def init_app(app: Flask) -> None:
    """Closes the reading session at the end of each request."""
    app.teardown_appcontext(lambda _error: _close())


def _close() -> None:
    g.pop("reading", None)
    closing: ExitStack | None = g.pop("closing", None)
    if closing is not None:
        closing.close()
