"""A web server of our own for the tests of harvesting, and a source on it."""

from collections.abc import Iterator

import pytest

from schemas.db import Database
from schemas.harvest import RunStatus, Source
from tests.harvesters.feed_site import ROWS, feed, harvested, serve
from tests.harvesters.loopback import Site, running_site


@pytest.fixture
def site() -> Iterator[Site]:
    """A running web server on loopback."""
    with running_site() as running:
        yield running


@pytest.fixture
def source(site: Site) -> Source:
    """A source of ten offers."""
    serve(site, ROWS)
    return feed(site)


@pytest.fixture
def filled(sqlite_database: Database, source: Source) -> Database:
    """A database after a good run."""
    assert harvested(sqlite_database, source).status is RunStatus.COMPLETE
    return sqlite_database
