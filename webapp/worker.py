"""Runs one piece of work: claim it, keep its lease alive, do the job, write how it ended under the fence."""

import threading
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import structlog

from schemas import clock
from schemas.db import Database
from schemas.store.work import LEASE, Work, claim_work, finish_work, heartbeat
from webapp.jobs import JOBS, Job, Task, job_of
from webapp.logs import configure_logging
from webapp.settings import Settings

BEATS_PER_LEASE: Final = 4

log = structlog.get_logger()


def run_in_process(settings: Settings, work_id: int, jobs: Mapping[str, Job] = JOBS) -> str | None:
    """What a pool's process calls: run ``work_id`` if it is still due; gives the state it ended in, or ``None``."""
    configure_logging(settings.log_level)
    database = Database(settings.database)
    try:
        return run_one(database, settings, work_id=work_id, jobs=jobs)
    finally:
        database.dispose()


def run_one(
    database: Database,
    settings: Settings,
    *,
    work_id: int | None = None,
    jobs: Mapping[str, Job] = JOBS,
    lease: timedelta = LEASE,
) -> str | None:
    """Claim and run one due piece of work (the oldest, or ``work_id``).

    Gives the state it ended in; ``None`` where nothing was due. Whatever the job raises is kept as the work's error.
    """
    with database.begin() as session:
        mine = claim_work(session, now=clock.now(), work_id=work_id, lease=lease)
    if mine is None:
        return None
    log.info("work.begun", work=mine.id, job=mine.job, attempt=mine.attempts)
    result: dict[str, Any] | None = None
    error: str | None = None
    with _Pulse(database, mine, lease):
        try:
            result = job_of(mine.job, jobs).run(Task(database, settings, mine))
        except Exception as problem:  # a job's failure is its result; the log has the traceback
            error = f"{type(problem).__name__}: {problem}"
            log.exception("work.failed", work=mine.id, job=mine.job)
    with database.begin() as session:
        ours = finish_work(session, mine, now=clock.now(), result=result, error=error)
    state = ("done" if error is None else "failed") if ours else "taken over"
    log.info("work.ended", work=mine.id, job=mine.job, state=state, result=result)
    return state


class _Pulse:
    """Renews the lease from a thread of its own while the work goes on."""

    def __init__(self, database: Database, mine: Work, lease: timedelta) -> None:
        self._database: Final = database
        self._mine: Final = mine
        self._lease: Final = lease
        self._stop: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._beat, name=f"pulse-{mine.id}", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._lease.total_seconds() / BEATS_PER_LEASE):
            with self._database.begin() as session:
                ours = heartbeat(session, self._mine, now=clock.now(), lease=self._lease)
            if not ours:
                log.warning("work.taken_over", work=self._mine.id, job=self._mine.job)
                return
