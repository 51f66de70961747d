"""How benchmarks measure: wall time of the timed part, peak memory of the process with its children, the machine."""

import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from time import perf_counter, process_time
from types import TracebackType
from typing import Any, Final, Self

import psutil
from sqlalchemy import text

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.migrate import current, upgrade

INTERVAL_S: Final = 0.1
"""How often memory is looked at."""


class PeakMemory:
    """Watches memory from a thread while its block runs; ``mb`` is the largest sum seen.

    Counted is PSS (shared pages divided among those who share them), so that children are not counted double.
    """

    def __init__(self) -> None:
        self.mb = 0.0
        self._process = psutil.Process()
        self._over = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self.mb = self._now()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self.mb = max(self.mb, self._now())

    def _watch(self) -> None:
        while not self._over.wait(INTERVAL_S):
            self.mb = max(self.mb, self._now())

    def _now(self) -> float:
        total = 0
        for process in (self._process, *self._process.children(recursive=True)):
            try:
                total += process.memory_full_info().pss
            except psutil.NoSuchProcess:  # a child that ended between listing and looking
                continue
        return total / 2**20


class Stopwatch:
    """Seconds of the parts that are run under it: by the clock, and of this process's processor time.

    Processor time says more where the machine has other work.
    """

    def __init__(self) -> None:
        self.seconds = self.processor = 0.0

    def __enter__(self) -> Self:
        self._start = perf_counter(), process_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds += perf_counter() - self._start[0]
        self.processor += process_time() - self._start[1]


def median(action: Callable[[], object], times: int) -> Stopwatch:
    """The run of ``action`` that took the median time by the clock, after one run that is not counted."""
    action()
    runs = []
    for _ in range(times):
        with Stopwatch() as watch:
            action()
        runs.append(watch)
    return sorted(runs, key=lambda watch: watch.seconds)[times // 2]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "load_1min": round(psutil.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
        "sqlite": sqlite3.sqlite_version,
    }


def percentile(seconds: Sequence[float], percent: int) -> float:
    """The value that ``percent`` of 100 do not exceed (nearest rank).

    >>> percentile([1.0, 2.0, 3.0, 4.0], 50), percentile([1.0, 2.0, 3.0, 4.0], 95)
    (2.0, 4.0)
    """
    ranked = sorted(seconds)
    return ranked[max(0, -(-len(ranked) * percent // 100) - 1)]


@contextmanager
def empty_database(folder: Path, url: str | None = None) -> Iterator[Database]:
    """An empty, migrated database: the one at ``url``, or a SQLite file in ``folder``.

    Raises ``StoreError`` where there are tables of ours already: what is measured is filled in, and stays.
    """
    database = Database(url or f"sqlite:///{folder / 'bench.sqlite'}")
    try:
        if current(database) is not None:
            raise StoreError(f"{database!r} is in use; a benchmark wants an empty database, which it fills")
        upgrade(database)
        yield database
    finally:
        database.dispose()


def analysed(database: Database) -> None:
    """Have PostgreSQL look at what was filled in, as it does by itself within minutes."""
    if database.dialect != "sqlite":
        with database.begin() as session:
            session.execute(text("ANALYZE"))


@contextmanager
def working_folder() -> Iterator[Path]:
    """A folder that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="kitalotse-bench-") as folder:
        yield Path(folder)
