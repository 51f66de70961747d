"""``kitalotse bench list``: a page of 20 full offers out of many, filtered, with the number of all that match.

``seconds`` is the median of one list filtered by age, distance and area; ``lists`` has others. The baseline is the
plain way: the same filter in SQL over JSON documents (``json_extract``, ``LIKE``), and a second query for the number.
"""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from schemas.db import Database
from schemas.harvest import HarvestRun, RunStatus
from schemas.migrate import upgrade
from schemas.offer import Rights
from schemas.store.bulk import chunks
from schemas.store.harvest import Reading, fingerprint, finish_run, save_readings, save_source, start_run
from schemas.store.offers import OfferQuery, search_offers, stream_ndjson
from schemas.vocabulary import Area, Weekday
from tests.bench.corpus import NOW, SOURCE, TODAY, normalised, record
from tests.bench.measure import PeakMemory, Stopwatch, machine, median, working_folder

TIMES: Final = 31
"""Runs of each list; the median counts."""
HERE: Final = (54.0, 13.4)

LISTS: Final[dict[str, OfferQuery]] = {
    "filtered": OfferQuery(age_months=54, near=HERE, radius_km=25, areas=(Area.STEM, Area.MEDIA)),
    "everything": OfferQuery(),
    "age and weekday": OfferQuery(age_months=54, weekday=Weekday.TU),
    "in the Kita, affordable": OfferQuery(in_kita=True, max_cost_eur=3),
    "on a day": OfferQuery(on_day=TODAY.replace(month=12, day=8), age_months=54),
    "words, rare": OfferQuery(words="Igel Puppentheater"),
    "words, frequent": OfferQuery(words="Wald", age_months=54),
}


def run(*, offers: int = 100_000, kitas: int = 0) -> dict[str, Any]:
    """Measure with ``offers`` offers in the database; ``kitas`` has no part in it."""
    with working_folder() as folder, PeakMemory() as peak:
        database = Database(f"sqlite:///{folder / 'bench.sqlite'}")
        upgrade(database)
        fill(database, offers)
        lists: dict[str, Stopwatch] = {}
        totals: dict[str, int] = {}
        with database.read() as session:
            for name, query in LISTS.items():
                lists[name] = median(lambda query=query: search_offers(session, query), TIMES)  # type: ignore[misc]
                totals[name] = search_offers(session, query).total
            baseline = _plain(folder, (line for block in stream_ndjson(session) for line in block.splitlines()))
        database.dispose()
    return {
        "bench": "list",
        "sizes": {"offers": offers, "page": 20},
        "seconds": round(lists["filtered"].seconds, 5),
        "rate": round(1 / lists["filtered"].seconds, 1),
        "lists": {
            name: {
                "ms": round(taken.seconds * 1000, 2),
                "processor_ms": round(taken.processor * 1000, 2),
                "total": totals[name],
            }
            for name, taken in lists.items()
        },
        "peak_rss_mb": round(peak.mb, 1),
        "machine": machine(),
        "baseline": {
            "name": "age and area in SQL over JSON documents, a box for the distance, a second query for the number",
            "seconds": round(baseline.seconds, 5),
            "rate": round(1 / baseline.seconds, 1),
        },
    }


def fill(
    database: Database, offers: int, *, trust: Literal["hold", "publish"] = "publish", rights: Rights = SOURCE.rights
) -> None:
    """Harvest the first ``offers`` made-up offers; with trust ``hold`` all of them wait on the desk."""
    source = SOURCE.model_copy(update={"trust": trust, "rights": rights})
    with database.begin() as session:
        save_source(session, source, origin="file", now=NOW)
        run_id = start_run(session, source.name, NOW)
    for numbers in chunks(range(offers), 2_000):
        readings = []
        for number in numbers:
            said = record(number)
            found = normalised(number)
            offer = found.offer.model_copy(update={"rights": rights})
            readings.append(Reading(said, fingerprint(said), found.model_copy(update={"offer": offer}), "bench"))
        with database.begin() as session:
            save_readings(session, source, run_id, readings=readings, now=NOW)
    with database.begin() as session:
        ended = HarvestRun(
            id=run_id, source=source.name, started_at=NOW, finished_at=NOW, status=RunStatus.COMPLETE, new=offers
        )
        finish_run(session, ended)


def _plain(folder: Path, lines: Iterable[bytes]) -> Stopwatch:
    with closing(sqlite3.connect(folder / "plain.sqlite")) as connection:
        connection.execute("CREATE TABLE offers (data TEXT)")
        connection.executemany("INSERT INTO offers VALUES (?)", ((line.decode(),) for line in lines))
        where = """
            WHERE coalesce(json_extract(data, '$.ages.min_months'), 0) <= 54
              AND coalesce(json_extract(data, '$.ages.max_months'), 9999) >= 54
              AND (data LIKE '%"areas":["stem"%' OR data LIKE '%"areas":["media"%')
              AND json_extract(data, '$.place.lat') BETWEEN 53.775 AND 54.225
              AND json_extract(data, '$.place.lon') BETWEEN 13.017 AND 13.783
        """

        def page() -> list[Any]:
            connection.execute("SELECT count(*) FROM offers" + where).fetchone()
            rows = connection.execute(
                f"SELECT data FROM offers {where} ORDER BY json_extract(data, '$.version') DESC LIMIT 20"
            )
            return [orjson.loads(data) for (data,) in rows]

        return median(page, 3)
