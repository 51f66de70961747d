"""A trusted source of ten offers that our own web server shows as JSON; what tests of whole runs begin with."""

import json
from datetime import timedelta
from typing import Any

from harvesters.run import harvest
from schemas.db import Database
from schemas.harvest import Access, HarvestRun, Source
from schemas.store.offers import latest_change, published_offers
from tests.factories import NOW, make_source
from tests.harvesters.loopback import QUICK, Site

FIELDS = {"title": "titel", "text": "text", "ages": "alter", "price": "preis", "start": "beginn", "end": "ende"}
ROWS = [
    {"id": n, "titel": f"Waldtag {n}", "text": "Für Kita-Gruppen.", "alter": "ab 4 Jahren", "preis": "2 € pro Kind"}
    for n in range(1, 11)
]
HOUR = timedelta(hours=1)


def feed(site: Site, **changes: Any) -> Source:
    """A trusted JSON source on our server."""
    given = {"kind": "json", "start": (f"{site.base}/angebote.json",), "key": "id", "fields": FIELDS}
    access = Access.model_validate(given | changes.pop("access", {}))
    return make_source(access=access, expect={"offers": {"min": 3, "max": 50, "max_vanished": 0.25}}, **changes)


def serve(site: Site, rows: Any, **headers: str) -> None:
    site.put("/angebote.json", json.dumps(rows, ensure_ascii=False), **headers)


def harvested(database: Database, source: Source, hours: int = 0) -> HarvestRun:
    return harvest(database, source, settings=QUICK, now=NOW + hours * HOUR)


def titles(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(offer.title for offer in published_offers(session))


def change(database: Database) -> int:
    with database.read() as session:
        return latest_change(session)
