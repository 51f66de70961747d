"""One site, read by either client: as one JSON document by httpx, as a page for each offer by Scrapy."""

import asyncio
import html
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from scrapy import Request
from scrapy.http import Response

from harvesters.fetch.addresses import Resolve, resolve
from harvesters.fetch.client import Client, Fetched, FetchSettings
from harvesters.fetch.scrapy_handler import GateHandler
from schemas.db import Database
from schemas.harvest import Access, HarvestRun, Source
from schemas.offer import Offer
from schemas.store import harvest as store
from schemas.store.offers import offer_by_id
from tests.factories import make_source
from tests.harvesters.feed_site import harvested, titles
from tests.harvesters.loopback import Answer, Site

CLIENTS: Final = ("httpx", "scrapy")
OFFERS: Final = [
    {
        "id": f"n{n}",
        "titel": f"Waldtag {n}",
        "text": "Für Kita-Gruppen.",
        "alter": "ab 4 Jahren",
        "preis": "2 € pro Kind",
    }
    for n in range(1, 11)
]
"""What the site shows while it is well."""
_FIELDS: Final = {"title": "titel", "text": "text", "ages": "alter", "price": "preis", "dates": "wann"}
_EXPECT: Final = {"offers": {"min": 3, "max": 50, "max_vanished": 0.25}}


@dataclass
class World:
    """A database after a good run, and the site that it was read from."""

    client: str
    site: Site
    database: Database
    source: Source

    @property
    def entry(self) -> str:
        """Path at which reading begins."""
        return entry(self.client)

    def show(self, offers: Iterable[Mapping[str, Any]], **headers: str) -> None:
        """Let the site show ``offers``."""
        show(self.client, self.site, offers, **headers)

    def everywhere(self, change: Callable[[Answer], Answer]) -> None:
        """Let every address of the site answer otherwise."""
        for path, answer in self.site.answers.items():
            if path != "/robots.txt" and isinstance(answer, Answer):
                self.site.answers[path] = change(answer)

    def inside(self, change: Callable[[Answer], Answer]) -> None:
        """The same for the addresses of offers, where they have some."""
        whole = self.site.answers[self.entry]
        self.everywhere(change)
        if self.client == "scrapy":
            self.site.answers[self.entry] = whole

    def access(self, **changes: Any) -> None:
        """Read by another description."""
        self.source = self.source.model_copy(update={"access": self.source.access.model_copy(update=changes)})

    def harvest(self, hours: int = 1) -> HarvestRun:
        """A run."""
        return harvested(self.database, self.source, hours)

    def offers(self) -> dict[str, Offer]:
        """Every offer by the key at its source."""
        with self.database.read() as session:
            known = store.known(session, self.source.name)
            found = {key.key: offer_by_id(session, *store.offer_ids(session, self.source.name, [key])) for key in known}
        return {key: offer for key, offer in found.items() if offer is not None}

    def untouched(self) -> bool:
        """Whether all offers of the good run are published as they were, and none counts as missed."""
        with self.database.read() as session:
            known = store.known(session, self.source.name).values()
        well = all(offer.present and not offer.missed_runs and not offer.withdrawn for offer in known)
        return well and titles(self.database) == sorted(offer["titel"] for offer in OFFERS)


def entry(client: str) -> str:
    """Path at which reading begins."""
    return "/angebote.json" if client == "httpx" else "/kita"


def show(client: str, site: Site, offers: Iterable[Mapping[str, Any]], **headers: str) -> None:
    """Let ``site`` show ``offers``, and nothing else."""
    site.answers = {path: answer for path, answer in site.answers.items() if path == "/robots.txt"}
    if client == "httpx":
        site.put(entry(client), json.dumps(list(offers), ensure_ascii=False), **headers)
        return
    links = []
    for number, offer in enumerate(offers, start=1):
        path = offer.get("pfad") or f"/angebot/{number}"
        links.append(f'<a class="angebot" href="{html.escape(path)}">Angebot</a>')
        site.put(path, page(offer), **headers)
    site.put(entry(client), f"<html>{''.join(links)}</html>", **headers)


def page(offer: Mapping[str, Any]) -> str:
    """An offer's page."""
    words = "".join(
        f'<p class="{name}">{html.escape(str(said))}</p>'
        for name, said in offer.items()
        if name not in ("titel", "pfad")
    )
    return f"<html><h1>{html.escape(str(offer['titel']))}</h1>{words}</html>"


def described(client: str, site: Site, **access: Any) -> Source:
    """The trusted source that reads the site."""
    given: dict[str, Any] = {"kind": "json", "start": (site.base + entry(client),), "key": "id", "fields": _FIELDS}
    if client == "scrapy":
        fields = {name: "h1" if name == "title" else f".{word}" for name, word in _FIELDS.items()}
        given |= {"kind": "html", "key": ".id", "fields": fields, "follow": "a.angebot", "next": "a.weiter"}
    return make_source("mv_zwei", access=Access.model_validate(given | access), expect=_EXPECT)


def ask(client: str, url: str, settings: FetchSettings, resolve: Resolve = resolve) -> Fetched | Response:
    """One address through the door of ``client``; raises ``ReadError``."""
    door = Client(settings, resolve=resolve)
    if client == "httpx":
        return door.get(url, source="mv_zwei")
    crawler: Any = _Crawler(_Spider(door, make_source("mv_zwei")))
    return asyncio.run(_download(GateHandler(crawler), url))


async def _download(handler: GateHandler, url: str) -> Response:
    try:
        return await handler.download_request(Request(url))
    finally:
        await handler.close()


@dataclass
class _Spider:
    client: Client
    source: Source


@dataclass
class _Crawler:
    spider: _Spider
