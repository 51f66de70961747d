"""``kitalotse bench desk``: the coordinators' lists, with many items that wait: held list, sources.

Pages are asked of the WSGI app in this process by a signed-in coordinator, one after the other. All offers are of a
source that is looked at first, so each of them waits. ``seconds`` is the 95th percentile of the held list. The baseline
is the plain way: every open item read with its offer as an object, the oldest 20 kept in Python.
"""

import re
from collections.abc import Iterator
from heapq import nsmallest
from typing import Any, Final

from flask.testing import FlaskClient
from sqlalchemy import Row, func, select
from sqlalchemy.orm import Session

from schemas.db import Database
from schemas.offer import Offer
from schemas.store.bulk import chunks
from schemas.store.offers import offers_by_id
from schemas.tables.reviews import reviews
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
from tests.bench.portal import HOST, pages, summary, visitor
from webapp.links import DeskLink, Links

LISTS: Final = {
    "held": "/desk/offen?seite={n}",
    "held, of a kind": "/desk/offen?art=new_offer&seite={n}",
    "held, of a source": "/desk/offen?quelle=bench_source&seite={n}",
}
OTHERS: Final = {"overview": "/desk/", "sources": "/desk/quellen"}


def run(*, offers: int = 20_000, kitas: int = 0, database: str | None = None) -> dict[str, Any]:
    """Measure with ``offers`` offers that wait, in the database at the URL ``database``, an empty one; ``kitas`` has no
    part in it.
    """
    with working_folder() as folder, PeakMemory() as peak, empty_database(folder, database) as store:
        fill(store, offers, trust="hold")
        analysed(store)
        client = visitor(folder, store)
        _sign_in(client)
        taken = {name: pages(client, address) for name, address in {**LISTS, **OTHERS}.items()}
        plain, waiting = _plain(store)
    lists = [watch.seconds for name in LISTS for watch in taken[name]]
    return {
        "bench": "desk",
        "sizes": {"offers": offers, "waiting": waiting},
        "seconds": round(percentile(lists, 95), 5),
        "rate": round(len(lists) / sum(lists), 1),
        "how": f"WSGI app in one process, one request at a time, {store.dialect}",
        "pages": {name: summary(watches) for name, watches in taken.items()},
        "peak_rss_mb": round(peak.mb, 1),
        "machine": machine(),
        "baseline": {
            "name": "every open item with its offer as an object, the oldest 20 kept in Python",
            "seconds": round(plain.seconds, 5),
            "rate": round(1 / plain.seconds, 2),
        },
    }


def _sign_in(client: FlaskClient) -> None:
    path = f"/desk/anmelden/{Links('x' * 40).desk(DeskLink('13075', 'Koordination'), now=NOW)}"
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(path, base_url=HOST).get_data(as_text=True))
    if token is None or client.post(path, base_url=HOST, data={"csrf_token": token[1]}).status_code != 303:
        raise RuntimeError(f"{path} did not sign in; expected a form with a token, and 303")


def _plain(database: Database) -> tuple[Stopwatch, int]:
    with Stopwatch() as watch, database.read() as session:
        nsmallest(20, _items(session), key=lambda item: (item[0].opened_at, item[0].id))
    with database.read() as session:
        waiting: int = session.execute(select(func.count()).where(reviews.c.closed_at.is_(None))).scalar_one()
    return watch, waiting


def _items(session: Session) -> Iterator[tuple[Row[Any], Offer]]:
    for rows in chunks(session.execute(select(reviews).where(reviews.c.closed_at.is_(None))).all()):
        offers = offers_by_id(session, [row.offer_id for row in rows])
        yield from ((row, offers[row.offer_id]) for row in rows)
