"""Harvesting as the application does it: with the operator's manners, sources from files and from the desk, the
licences that Regions' files name."""

from collections.abc import Mapping
from datetime import datetime

from harvesters.fetch.client import FetchSettings
from harvesters.registry import bundled_sources
from schemas.db import Database
from schemas.exceptions import SourceError
from schemas.harvest import FETCHED, Source
from schemas.region import Region
from schemas.store.following import keep_licences
from schemas.store.runs import described, save_source, sources
from webapp.regions import region_of
from webapp.settings import Settings


def fetch_settings(settings: Settings) -> FetchSettings:
    """How we behave towards the sites we read."""
    return FetchSettings(contact=settings.contact or settings.base_url, allow_loopback=settings.allow_loopback)


def known_sources(database: Database) -> dict[str, Source]:
    """Sources of whatever Region by name: the project's files with what the desk decided, and those of the desk."""
    with database.read() as session:
        stored = {source.name: source for source in sources(session)}
        own = {file.name: described(session, file) for file in bundled_sources()}
    return dict(sorted((stored | {name: source for name, source in own.items() if source is not None}).items()))


def belongs(source: Source, regions: Mapping[str, Region]) -> bool:
    """Whether a Region of this installation looks after ``source``; others are stored and read only by name."""
    return region_of(source.region, regions) is not None


def chosen_sources(database: Database, names: tuple[str, ...], regions: Mapping[str, Region]) -> list[Source]:
    """The sources of these names, on or off; without names every active one of ``regions`` that reads an address.

    Raises ``SourceError`` with the known names for one that does not exist.
    """
    known = known_sources(database)
    if unknown := [name for name in names if name not in known]:
        raise SourceError(
            f"{', '.join(unknown)}: eine Quelle dieses Namens gibt es nicht. Bekannt sind: {', '.join(known)}."
        )
    if names:
        return [known[name] for name in names]
    return [each for each in known.values() if each.active and each.access.kind in FETCHED and belongs(each, regions)]


def save_sources(database: Database, regions: Mapping[str, Region], now: datetime) -> int:
    """Store the project's own sources of ``regions``, so that the desk shows them before their first run; how many."""
    own = [source for source in bundled_sources() if belongs(source, regions)]
    for source in own:
        with database.begin() as session:
            save_source(session, source, origin="file", now=now)
    return len(own)


def save_licences(database: Database, regions: Mapping[str, Region], now: datetime) -> None:
    """Let the licence of the facts that each Region's file names be the one in force."""
    with database.begin() as session:
        keep_licences(session, {region.key: region.data_licence for region in regions.values()}, now=now)
