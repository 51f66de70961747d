"""Harvesting as the application does it: with the operator's manners, sources from files and from the desk."""

from datetime import datetime

from harvesters.fetch.client import FetchSettings
from harvesters.registry import bundled_sources
from schemas.db import Database
from schemas.exceptions import SourceError
from schemas.harvest import Source
from schemas.store import harvest as store
from webapp.settings import Settings


def fetch_settings(settings: Settings) -> FetchSettings:
    """How we behave towards the sites we read."""
    return FetchSettings(contact=settings.contact or settings.base_url, allow_loopback=settings.allow_loopback)


def known_sources(database: Database) -> dict[str, Source]:
    """Sources by name: the project's own files, and what is stored (rows of the desk; files as they were read last)."""
    with database.read() as session:
        stored = {source.name: source for source in store.sources(session)}
    return dict(sorted((stored | {source.name: source for source in bundled_sources()}).items()))


def chosen_sources(database: Database, names: tuple[str, ...]) -> list[Source]:
    """The sources of these names; without names every active one.

    Raises ``SourceError`` with the known names for one that does not exist.
    """
    sources = known_sources(database)
    if unknown := [name for name in names if name not in sources]:
        raise SourceError(
            f"{', '.join(unknown)}: eine Quelle dieses Namens gibt es nicht. Bekannt sind: {', '.join(sources)}."
        )
    return [sources[name] for name in names] or [source for source in sources.values() if source.active]


def save_sources(database: Database, now: datetime) -> int:
    """Store the project's own sources, so that the desk shows them before their first run; the number of sources."""
    sources = bundled_sources()
    with database.begin() as session:
        for source in sources:
            store.save_source(session, source, origin="file", now=now)
    return len(sources)
