"""Fixtures of the portal's tests."""

from pathlib import Path

import pytest

from schemas.db import Database
from tests.webapp.site import Site


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path) -> Site:
    """The portal on an empty SQLite database."""
    return Site(sqlite_database, tmp_path / "installation")


@pytest.fixture
def both_sites(database: Database, tmp_path: Path) -> Site:
    """The portal on an empty database; the test runs on SQLite and on PostgreSQL."""
    return Site(database, tmp_path / "installation")
