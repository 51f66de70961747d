"""A small installation with real parts: example providers over HTTP, a database, the web app, a clock that we move."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask

from harvesters.fetch.client import FetchSettings
from harvesters.run import harvest
from schemas.db import Database
from schemas.harvest import HarvestRun, Source
from schemas.offer import Offer
from schemas.store.offers import offer_by_id
from schemas.store.reviews import OfferDetail, detail
from schemas.tables.offers import memberships
from tests.factories import NOW, TODAY
from tests.journeys.visitor import Visitor
from webapp.app import create_app
from webapp.demo.examples import example_region, example_sources, region_text
from webapp.demo.providers.server import RunningProviders, start
from webapp.links import DeskLink, Links
from webapp.settings import Settings, read_settings

READING = FetchSettings(
    contact="https://kitalotse.example/bot", allow_loopback=True, pace_s=0, attempts=1, wait_s=0.01, total_s=20
)
SECRET = "a-secret-that-is-only-for-these-tests-0123456789"


class World:
    """One installation; `now` is its clock, which only moves when told to."""

    def __init__(self, database: Database, providers: RunningProviders, folder: Path) -> None:
        self.database = database
        self.providers = providers
        self.now = NOW
        self.settings: Settings = read_settings(
            {
                "KITALOTSE_DATA_DIR": str(folder),
                "KITALOTSE_SECRET_KEY": SECRET,
                "KITALOTSE_BASE_URL": "http://127.0.0.1:8000",
            }
        )
        self.settings.region_dir.mkdir(parents=True)
        (self.settings.region_dir / "demo.toml").write_text(region_text(self.settings.base_url), encoding="utf-8")
        self.sources: dict[str, Source] = {source.name: source for source in example_sources(providers)}
        self.app: Flask = create_app(self.settings, database, now=lambda: self.now)

    def pass_time(self, **span: float) -> datetime:
        """Move the clock on."""
        self.now += timedelta(**span)
        return self.now

    def harvest(self, name: str) -> HarvestRun:
        """Read one example provider over HTTP, a day after the last reading."""
        self.pass_time(days=1)
        return harvest(self.database, self.sources[name], settings=READING, now=self.now)

    def offer_id(self, source: str, key: str) -> str:
        """The id of the offer behind a site's own key: the whole key, the end of a permalink, the start of a UID."""
        with self.database.read() as session:
            rows = session.execute(memberships.select().where(memberships.c.source == source)).all()
        found = {row.offer_id for row in rows if re.search(rf"(^|/){re.escape(key)}(\.html|/|@[\w.-]+)?$", row.key)}
        assert len(found) == 1, f"{source} {key!r}: {found or 'no offer'}; keys: {sorted(row.key for row in rows)}"
        return str(found.pop())

    def offer(self, offer_id: str) -> Offer:
        """An offer as we hold it."""
        with self.database.read() as session:
            found = offer_by_id(session, offer_id)
        assert found is not None
        return found

    def detail(self, offer_id: str) -> OfferDetail:
        """Everything the desk knows about an offer."""
        with self.database.read() as session:
            found = detail(session, offer_id)
        assert found is not None
        return found

    def visitor(self) -> Visitor:
        """Somebody nobody knows."""
        return Visitor(self.app)

    def coordinator(self) -> Visitor:
        """Somebody who opened the signed link to the desk and pressed its button."""
        region = example_region()
        link = Links(SECRET).desk(DeskLink(region.key, region.coordinators[0].name), now=self.now)
        person = Visitor(self.app)
        signing_in = person.open(f"/desk/anmelden/{link}")
        home = person.submit(signing_in, f"/desk/anmelden/{link}")
        assert home.path == "/desk/", home.text
        return person


@pytest.fixture
def providers() -> Iterator[RunningProviders]:
    """The example providers as running web sites."""
    with start(TODAY) as running:
        yield running


@pytest.fixture
def world(database: Database, providers: RunningProviders, tmp_path: Path) -> World:
    """An installation without offers; the test runs on SQLite and on PostgreSQL."""
    return World(database, providers, tmp_path)


@pytest.fixture
def sqlite_world(sqlite_database: Database, providers: RunningProviders, tmp_path: Path) -> World:
    """The same, for journeys that are not about the database."""
    return World(sqlite_database, providers, tmp_path)
