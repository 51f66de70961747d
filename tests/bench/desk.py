"""``kitalotse bench desk``: the coordinators' lists, with many items that wait: held list, sources.

Pages are asked of the WSGI app in this process by a signed-in coordinator, one after the other. All offers are of a
source that is looked at first, so each of them waits. ``seconds`` is the 95th percentile of the held list. The baseline
is the plain way: every open item read with its offer as an object, sorted and cut in Python.
"""

import re
from typing import Any, Final

from flask.testing import FlaskClient
from sqlalchemy import select

from schemas.db import Database
from schemas.migrate import upgrade
from schemas.store.offers import offers_by_id
from schemas.tables.reviews import reviews
from tests.bench.corpus import NOW
from tests.bench.list import fill
from tests.bench.measure import PeakMemory, Stopwatch, machine, working_folder
from tests.bench.portal import HOST, pages, percentile, summary, visitor
from webapp.links import DeskLink, Links

LISTS: Final = {
    "held": "/desk/offen?seite={n}",
    "held, of a kind": "/desk/offen?art=new_offer&seite={n}",
    "held, of a source": "/desk/offen?quelle=bench_source&seite={n}",
}
OTHERS: Final = {"overview": "/desk/", "sources": "/desk/quellen"}


def run(*, offers: int = 20_000, kitas: int = 0) -> dict[str, Any]:
    """Measure with ``offers`` offers that wait; ``kitas`` has no part in it."""
    with working_folder() as folder, PeakMemory() as peak:
        database = Database(f"sqlite:///{folder / 'bench.sqlite'}")
        upgrade(database)
        fill(database, offers, trust="hold")
        client = visitor(folder, database)
        _sign_in(client)
        taken = {name: pages(client, address) for name, address in {**LISTS, **OTHERS}.items()}
        plain, waiting = _plain(database)
        database.dispose()
    lists = sorted(seconds for name in LISTS for seconds in taken[name])
    return {
        "bench": "desk",
        "sizes": {"offers": offers, "waiting": waiting},
        "seconds": round(percentile(lists, 95), 5),
        "rate": round(len(lists) / sum(lists), 1),
        "how": "WSGI app in one process, one request at a time, SQLite",
        "pages": {name: summary(seconds) for name, seconds in taken.items()},
        "peak_rss_mb": round(peak.mb, 1),
        "machine": machine(),
        "baseline": {
            "name": "every open item with its offer as an object, sorted and cut in Python",
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
        found = session.execute(select(reviews).where(reviews.c.closed_at.is_(None))).all()
        offers = offers_by_id(session, [row.offer_id for row in found])
        ordered = sorted(((row, offers[row.offer_id]) for row in found), key=lambda item: item[0].id)
        del ordered[20:]
    return watch, len(found)
