"""``kitalotse bench portal``: pages that everybody opens, with many offers: search, offer, providers.

Pages are asked of the WSGI app in this process, one after the other (no server, no network), in a fixed order that
changes the filters; each answer is rendered anew, for nobody sends an ETag. ``seconds`` is the 95th percentile of the
searches. The baseline is the plain way: every offer read as an object and filtered in Python, for one search.
"""

from collections.abc import Callable, Mapping, Sequence
from heapq import nlargest
from pathlib import Path
from typing import Any, Final

from flask.testing import FlaskClient
from sqlalchemy import select

from schemas.db import Database
from schemas.store.offers import published_offers
from schemas.tables.offers import published
from schemas.vocabulary import Mode
from tests.bench.corpus import NOW
from tests.bench.list import fill
from tests.bench.measure import (
    PeakMemory,
    Stopwatch,
    analysed,
    empty_database,
    machine,
    percentile,
    working_folder,
)
from webapp.app import create_app
from webapp.settings import read_settings

TIMES: Final = 21
"""Times that each page is asked for; the first is not counted."""
HOST: Final = "http://portal.example"
REGION: Final = """
key = "13075"
name = "Beispielkreis"
land = "MV"
base_url = "http://portal.example"
coordinators = [{ name = "Koordination", mail = "koordination@kreis.example" }]
"""
SEARCHES: Final[Mapping[str, str]] = {
    "everything": "/?seite={n}",
    "word, frequent": "/?q=Wald&seite={n}",
    "words, rare": "/?q=Igel+Puppentheater&seite={n}",
    "radius and age": "/?ort=17489&umkreis=20&alter=4&seite={n}",
    "word, day, radius": "/?q=Kinder&datum=2026-12-08&ort=17489&umkreis=50&seite={n}",
    "day": "/?datum=2026-12-{day:02d}",
    "group, cost, weekday": "/?kinder=18&kosten=60&tag=TU&seite={n}",
    "next date": "/?sortierung=termin&alter=4&seite={n}",
    "area, topic, comes to us": "/?bereich=stem&thema=museum&mobil=1",
    "nothing found": "/?q=Igel&alter=0&tag=MO&kosten=1",
}
OTHERS: Final[Mapping[str, str]] = {
    "offer": "/angebote/{offer}",
    "providers": "/anbieter?seite={n}",
    "providers, word and area": "/anbieter?q=Wald&bereich=stem",
    "provider": "/anbieter/beispielhaus-{n}",
}


def run(*, offers: int = 100_000, kitas: int = 0, database: str | None = None) -> dict[str, Any]:
    """Measure with ``offers`` offers in the database at the URL ``database``, an empty one; ``kitas`` has no part."""
    with working_folder() as folder, PeakMemory() as peak, empty_database(folder, database) as store:
        fill(store, offers)
        analysed(store)
        with store.read() as session:
            ids = session.scalars(select(published.c.offer_id).order_by(published.c.row).limit(TIMES)).all()
        client = visitor(folder, store)
        taken = {name: pages(client, address, ids) for name, address in {**SEARCHES, **OTHERS}.items()}
        plain = _plain(store)
    searches = [watch.seconds for name in SEARCHES for watch in taken[name]]
    return {
        "bench": "portal",
        "sizes": {"offers": offers, "page": 20},
        "seconds": round(percentile(searches, 95), 5),
        "rate": round(len(searches) / sum(searches), 1),
        "how": f"WSGI app in one process, one request at a time, {store.dialect}",
        "pages": {name: summary(watches) for name, watches in taken.items()},
        "peak_rss_mb": round(peak.mb, 1),
        "machine": machine(),
        "baseline": {
            "name": "every offer as an object, age and way filtered in Python, the newest 20 kept",
            "seconds": round(plain.seconds, 5),
            "rate": round(1 / plain.seconds, 2),
        },
    }


def visitor(folder: Path, database: Database) -> FlaskClient:
    """Somebody with a browser at a portal of one Region over ``database``."""
    regions = folder / "regions"
    regions.mkdir()
    (regions / "portal.toml").write_text(REGION, encoding="utf-8")
    settings = read_settings({"KITALOTSE_DATA_DIR": str(folder), "KITALOTSE_SECRET_KEY": "x" * 40})
    return create_app(settings, database, now=lambda: NOW).test_client()


def pages(client: FlaskClient, address: str, ids: Sequence[str] = ("",)) -> list[Stopwatch]:
    """What it took each time that a page is asked for. Raises ``RuntimeError`` where one does not answer."""
    found = []
    for number in range(TIMES + 1):
        path = address.format(n=number % 5 + 1, day=number % 20 + 1, offer=ids[number % len(ids)])
        with Stopwatch() as watch:
            response = client.get(path, base_url=HOST)
        if response.status_code != 200:
            raise RuntimeError(f"{path} answered {response.status_code}; expected 200")
        found.append(watch)
    return found[1:]


def summary(watches: Sequence[Stopwatch]) -> dict[str, float]:
    """Milliseconds by the clock at the median and at the 95th percentile, and of processor time at the median; that of
    a database server is not in the last.
    """
    clock = [watch.seconds * 1000 for watch in watches]
    processor = [watch.processor * 1000 for watch in watches]
    return {
        "p50_ms": round(percentile(clock, 50), 1),
        "p95_ms": round(percentile(clock, 95), 1),
        "processor_ms": round(percentile(processor, 50), 1),
    }


def _plain(database: Database) -> Stopwatch:
    fits: Callable[[Any], bool] = lambda offer: (  # noqa: E731
        Mode.IN_KITA in offer.modes and (offer.ages is None or (offer.ages.min_months or 0) <= 54)
    )
    with Stopwatch() as watch, database.read() as session:
        nlargest(20, filter(fits, published_offers(session)), key=lambda offer: offer.version)
    return watch
