"""What a request works with: settings, database, Regions; one reading session a request, one transaction a change."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from flask import Flask, current_app, g, request
from sqlalchemy.orm import Session

from schemas.db import Database
from schemas.region import Region
from webapp.settings import Settings

NOWHERE: Final = Region(key="00", name="Deutschland", land="DE")
"""Stands in where an installation has no Region yet."""


@dataclass(frozen=True)
class State:
    """What the app was made with."""

    settings: Settings
    database: Database
    regions: dict[str, Region]


def state() -> State:
    """The state of the running app."""
    found: State = current_app.extensions["kitalotse"]
    return found


def reading() -> Session:
    """This request's session for reading; closed when the request ends."""
    if "reading" not in g:
        g.closing = ExitStack()
        g.reading = g.closing.enter_context(state().database.read())
    session: Session = g.reading
    return session


@contextmanager
def writing() -> Iterator[Session]:
    """A session whose changes are committed together when the block ends, or not at all."""
    _close()
    with state().database.begin() as session:
        yield session


def current_region() -> Region:
    """The Region whose public address this request came in on; else the installation's first; else ``NOWHERE``."""
    regions = list(state().regions.values())
    for region in regions:
        if urlsplit(region.base_url).netloc == request.host:
            return region
    return regions[0] if regions else NOWHERE


def public_url() -> str:
    """The public address of ``current_region``, without a slash at the end."""
    region = current_region()
    return region.base_url if region.key in state().regions else state().settings.base_url


def init_app(app: Flask) -> None:
    """Closes the reading session at the end of each request."""
    app.teardown_appcontext(lambda _error: _close())


def _close() -> None:
    g.pop("reading", None)
    closing: ExitStack | None = g.pop("closing", None)
    if closing is not None:
        closing.close()
