"""What tests share: frozen time, shared data, databases, a browser, and a guard against the network.

What a machine lacks is skipped with a counted reason; under CI=true the same lack is a failure, so that no
continuous run is green for having tested nothing.

Databases come migrated and empty, a fresh one per test: `database_url` runs a test twice, on SQLite and PostgreSQL;
`sqlite_url` and `postgres_url` are the two alone; `empty_database_url` is not migrated. `database` and
`sqlite_database` are the same as open `schemas.db.Database`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from playwright.sync_api import Browser, sync_playwright
from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from schemas.db import Database
from schemas.migrate import upgrade
from tests.network_guard import NetworkGuard
from tests.postgres_server import find_binaries, postgres_server
from tests.sampling import SEED

ON_CI = os.environ.get("CI") == "true"
SHARED = Path(__file__).resolve().parents[2] / "shared"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",  # containers run as root, where Chromium's own sandbox cannot start
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# A test that uses one of these fixtures needs something a machine may lack; the marker lets `-m` choose.
MARKED_BY_FIXTURE = {"shared": "corpus", "browser": "browser", "postgres_server_url": "postgres"}
MUST_RUN_ON_CI = set(MARKED_BY_FIXTURE.values())


def pytest_report_header() -> str:
    """How to draw the same part again of what is too much for every run."""
    return f"parts drawn by KITALOTSE_TEST_SEED={SEED}"


# -- the machine's lacks ----------------------------------------------------------------------------------------------


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they need; keep browser tests in one worker, for a browser costs more than it gains there."""
    for item in items:
        for fixture, marker in MARKED_BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(marker)
        if item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """On CI, a skipped test of the browser, the database or a corpus is a failure."""
    report = yield
    if ON_CI and report.skipped and not hasattr(report, "wasxfail"):
        needed = MUST_RUN_ON_CI & {marker.name for marker in item.iter_markers()}
        if needed:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            report.outcome = "failed"
            report.longrepr = f"{item.nodeid} needs {', '.join(sorted(needed))} and must run under CI=true. {reason}"
    return report


# -- time, data, network ----------------------------------------------------------------------------------------------


@pytest.fixture
def frozen_now() -> datetime:
    """Monday, 23 November 2026, 8 in the morning in Berlin: the `now` that tests pass."""
    return datetime(2026, 11, 23, 8, 0, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder `../shared` beside the repository, with the corpora and the stored bytes of real sources."""
    if not SHARED.is_dir():
        pytest.skip(f"no shared data at {SHARED}; tests over corpora need that folder beside the repository")
    return SHARED


@pytest.fixture(scope="session")
def _network() -> Iterator[NetworkGuard]:
    guard = NetworkGuard()
    with pytest.MonkeyPatch.context() as patch:
        guard.install(patch)
        yield guard


@pytest.fixture(autouse=True)
def network_guard(_network: NetworkGuard) -> Iterator[NetworkGuard]:
    """Fail every test that tries to leave this machine, even where the code under test swallowed the error."""
    _network.attempts.clear()
    yield _network
    if _network.attempts:
        pytest.fail("this test tried to " + "; ".join(_network.attempts), pytrace=False)


# -- databases --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server_url() -> Iterator[str]:
    """URL of a running PostgreSQL's maintenance database: KITALOTSE_TEST_POSTGRES, else a server started here."""
    given = os.environ.get("KITALOTSE_TEST_POSTGRES")
    if given:
        yield given
        return
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server found: install Debian's postgresql, or set KITALOTSE_TEST_POSTGRES to a URL")
    with postgres_server(binaries) as url:
        yield url


class PostgresDatabases:
    """Makes and drops databases on one server; names carry the process, so that workers may share a server."""

    def __init__(self, server_url: str) -> None:
        self._url = make_url(server_url)
        self._numbers = count()

    def create(self, template: str | None = None) -> str:
        """The URL of a new database, empty or a copy of the database at the URL `template` (which nobody may use)."""
        name = f"kitalotse_test_{os.getpid()}_{next(self._numbers)}"
        copied = f' TEMPLATE "{make_url(template).database}"' if template else ""
        self._run(f'CREATE DATABASE "{name}"{copied}')
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        self._run(f'DROP DATABASE "{make_url(url).database}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        plain = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement.encode())


@pytest.fixture(scope="session")
def postgres_databases(postgres_server_url: str) -> PostgresDatabases:
    return PostgresDatabases(postgres_server_url)


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest version and close every connection to it."""
    database = Database(url)
    upgrade(database)
    database.dispose()


@pytest.fixture(scope="session")
def postgres_template(postgres_databases: PostgresDatabases) -> Iterator[str]:
    url = postgres_databases.create()
    migrate(url)
    yield url
    postgres_databases.drop(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "template.sqlite"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """URL of a migrated, empty SQLite database of this test."""
    path = tmp_path / "kitalotse.sqlite"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def postgres_url(postgres_databases: PostgresDatabases, postgres_template: str) -> Iterator[str]:
    """URL of a migrated, empty PostgreSQL database of this test."""
    url = postgres_databases.create(template=postgres_template)
    yield url
    postgres_databases.drop(url)


BOTH = [pytest.param("sqlite", id="sqlite"), pytest.param("postgres", id="postgres", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a migrated, empty database of this test; the test runs on SQLite and on PostgreSQL."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture(params=BOTH)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a database without any table, for tests of the migrations; on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    url = databases.create()
    yield url
    databases.drop(url)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An open, migrated, empty database; the test runs on SQLite and on PostgreSQL."""
    yield from _opened(database_url)


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    """An open, migrated, empty SQLite database, for tests that are not about the database."""
    yield from _opened(sqlite_url)


def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    database.dispose()


@pytest.fixture
def engine(database: Database) -> Engine:
    return database.engine


# -- browser ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, driven by Playwright.

    One per module, not per session: while Playwright runs, its event loop occupies this thread, and an `asyncio.run`
    in a test of another module would fail.
    """
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no Chromium found: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield running
        running.close()
