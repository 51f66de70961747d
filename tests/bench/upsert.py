"""``kitalotse bench upsert``: Records per second through the save path, seen for the first time and seen again.

``rate`` is the whole way of ``harvesters.process``: fingerprint, comparison, reading the German wording, gate, storing
of Record and reading, membership, publishing under the change counter, search index. ``store`` is the same without
reading the wording. The baseline is the plain way: for each Record one SELECT and one INSERT or UPDATE of a JSON
column, committed one by one; it understands and publishes nothing.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from harvesters.process import process
from schemas.db import Database
from schemas.harvest import HarvestRun, Normalised, Record, RunStatus
from schemas.migrate import upgrade
from schemas.offer import SourceKey
from schemas.store.bulk import chunks
from schemas.store.harvest import Reading, fingerprint, finish_run, known, save_readings, save_source, start_run
from tests.bench.corpus import NOW, SOURCE, normalised, record
from tests.bench.measure import PeakMemory, Stopwatch, machine, working_folder

BATCH: Final = 1_000
"""Records in one transaction."""

Harvest = Callable[[Database, int, Sequence[Record]], None]


def run(*, offers: int = 10_000, kitas: int = 0) -> dict[str, Any]:
    """Measure with ``offers`` Records; ``kitas`` has no part in it."""
    records = [record(number) for number in range(offers)]
    understood = {record.origin: normalised(number) for number, record in enumerate(records)}
    with working_folder() as folder, PeakMemory() as peak:
        whole = _twice(folder / "whole.sqlite", records, _process)
        store = _twice(folder / "store.sqlite", records, lambda *args: _save(*args, understood))
        plain = [_plain(folder, records), _plain(folder, records)]
    return {
        "bench": "upsert",
        "sizes": {"offers": offers},
        "seconds": round(sum(watch.seconds for watch in whole), 3),
        "rate": _rates(offers, whole),
        "processor_rate": _processor_rates(offers, whole),
        "store": {"rate": _rates(offers, store), "processor_rate": _processor_rates(offers, store)},
        "peak_rss_mb": round(peak.mb, 1),
        "machine": machine(),
        "baseline": {
            "name": "SELECT, then INSERT or UPDATE of one JSON column, commit per Record; publishes nothing",
            "rate": _rates(offers, plain),
        },
    }


def _twice(file: Path, records: Sequence[Record], harvest: Harvest) -> list[Stopwatch]:
    """A run in which everything is new, and one in which nothing has changed."""
    database = Database(f"sqlite:///{file}")
    upgrade(database)
    with database.begin() as session:
        save_source(session, SOURCE, origin="file", now=NOW)
    taken = [_run(database, records, harvest) for _ in range(2)]
    database.dispose()
    return taken


def _run(database: Database, records: Sequence[Record], harvest: Harvest) -> Stopwatch:
    with Stopwatch() as watch:
        with database.begin() as session:
            run_id = start_run(session, SOURCE.name, NOW)
        harvest(database, run_id, records)
        ended = HarvestRun(
            id=run_id,
            source=SOURCE.name,
            started_at=NOW,
            finished_at=NOW,
            status=RunStatus.COMPLETE,
        )
        with database.begin() as session:
            finish_run(session, ended)
    return watch


def _process(database: Database, run_id: int, records: Sequence[Record]) -> None:
    process(database, SOURCE, run_id, records, complete=True, now=NOW)


def _save(
    database: Database, run_id: int, records: Sequence[Record], understood: Mapping[SourceKey, Normalised]
) -> None:
    with database.read() as session:
        stored = known(session, SOURCE.name)
    for some in chunks(records, BATCH):
        readings, seen = [], []
        for said in some:
            made = fingerprint(said)
            before = stored.get(said.origin)
            if before is not None and before.fingerprint == made:
                seen.append(said.origin)
            else:
                readings.append(Reading(said, made, understood[said.origin], "bench"))
        with database.begin() as session:
            save_readings(session, SOURCE, run_id, readings=readings, seen=seen, now=NOW)


def _rates(offers: int, runs: Sequence[Stopwatch]) -> dict[str, int]:
    return {name: round(offers / taken.seconds) for name, taken in zip(("new", "unchanged"), runs, strict=True)}


def _processor_rates(offers: int, runs: Sequence[Stopwatch]) -> dict[str, int]:
    """Records per second of processor time."""
    return {name: round(offers / taken.processor) for name, taken in zip(("new", "unchanged"), runs, strict=True)}


def _plain(folder: Path, records: Sequence[Record]) -> Stopwatch:
    with closing(sqlite3.connect(folder / "plain.sqlite")) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("CREATE TABLE IF NOT EXISTS offers (key TEXT PRIMARY KEY, data TEXT)")
        with Stopwatch() as watch:
            for said in records:
                data = said.model_dump_json(exclude={"fetched_at"})
                found = connection.execute("SELECT data FROM offers WHERE key = ?", (said.origin.key,)).fetchone()
                if found is None:
                    connection.execute("INSERT INTO offers VALUES (?, ?)", (said.origin.key, data))
                elif found[0] != data:
                    connection.execute("UPDATE offers SET data = ? WHERE key = ?", (data, said.origin.key))
                connection.commit()
    return watch
