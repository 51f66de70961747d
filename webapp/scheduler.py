"""The clock: says *when*, never *what*. ``kitalotse schedule`` runs it.

Any number of schedulers may run; one is the leader. APScheduler fires; a firing only puts a row on the list of work,
unique by job and moment, and submits its number to the pool. Work whose worker fell silent is found by the sweep and
submitted again. What was due during a downtime is caught up once, if it is not too late for it (``Job.late``).
"""

import os
import platform
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final, Protocol

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from schemas import clock
from schemas.clock import BERLIN
from schemas.db import Database
from schemas.store.work import add_work, due_work, give_up_lease, lease_owner, sweep_work, take_lease
from webapp.executors import Pool
from webapp.jobs import JOBS, Job
from webapp.settings import Settings
from webapp.worker import run_in_process

TICK_S: Final = 5.0
"""Seconds between two looks at leadership and due work."""
LEASE_TICKS: Final = 6
"""On SQLite another scheduler takes over after so many ticks without a sign of the leader."""

_LOCK: Final = 0x6B697463  # "kitc"
_LEASE: Final = "scheduler"

log = structlog.get_logger()


class Leadership(Protocol):
    """Decides which of several schedulers is the leader."""

    def held(self, now: datetime) -> bool:
        """Whether we lead now; tries to become leader where nobody leads."""
        ...

    def give_up(self) -> None:
        """Let another one lead at once."""
        ...


class AdvisoryLock:
    """PostgreSQL: a lock that lives as long as one connection; gone the moment its process is."""

    def __init__(self, database: Database) -> None:
        self._engine: Final = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None
        self._leads = False

    def held(self, now: datetime) -> bool:
        """See ``Leadership``; a lost connection is a lost lock."""
        try:
            if self._connection is None:
                self._connection, self._leads = self._engine.connect(), False
            statement = "SELECT 1" if self._leads else f"SELECT pg_try_advisory_lock({_LOCK})::int"
            self._leads = self._connection.execute(text(statement)).scalar_one() == 1
        except DBAPIError as error:
            log.warning("scheduler.connection_lost", error=str(error.orig))
            self.give_up()
        return self._leads

    def give_up(self) -> None:
        """See ``Leadership``."""
        self._leads = False
        if self._connection is not None:
            with suppress(DBAPIError):  # a connection that is lost has lost its lock as well
                self._connection.execute(text(f"SELECT pg_advisory_unlock({_LOCK})"))
            self._connection.invalidate()  # really closed, not back into the pool
            self._connection.close()
            self._connection = None


class LeaseRow:
    """SQLite: a row with an end, renewed at each tick."""

    def __init__(self, database: Database, *, owner: str, duration: timedelta) -> None:
        self._database: Final = database
        self._owner: Final = owner
        self._duration: Final = duration

    def held(self, now: datetime) -> bool:
        """See ``Leadership``."""
        with self._database.begin() as session:
            return take_lease(session, _LEASE, self._owner, now=now, duration=self._duration)

    def give_up(self) -> None:
        """See ``Leadership``."""
        with self._database.begin() as session:
            give_up_lease(session, _LEASE, self._owner)


def leadership(database: Database, tick_s: float) -> Leadership:
    """The way to choose a leader that fits the database."""
    if database.dialect == "postgresql":
        return AdvisoryLock(database)
    owner = f"{platform.node()}:{os.getpid()}"
    return LeaseRow(database, owner=owner, duration=timedelta(seconds=tick_s * LEASE_TICKS))


def leader(database: Database, now: datetime) -> str | None:
    """Who leads now, in words for the operator; ``None`` where no scheduler runs."""
    with database.read() as session:
        if database.dialect == "postgresql":
            holding = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = :lock AND granted"
            here = f"{holding} AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            found = session.scalar(text(here), {"lock": _LOCK})
            return f"a scheduler (connection {found})" if found is not None else None
        owner = lease_owner(session, _LEASE, now=now)
        return f"the scheduler {owner}" if owner is not None else None


class Scheduler:
    """One scheduler process; ``run`` returns after ``stop``, which a signal may call."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        pool: Pool,
        *,
        jobs: Mapping[str, Job] = JOBS,
        tick_s: float = TICK_S,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        self._database: Final = database
        self._settings: Final = settings
        self._pool: Final = pool
        self._jobs: Final = jobs
        self._tick_s: Final = tick_s
        self._now: Final = now
        self._leadership: Final = leadership(database, tick_s)
        self._leads = False
        self._submitted: set[int] = set()
        self._wake: Final = threading.Event()
        self._stopped = False
        self._clock: Final = BackgroundScheduler(timezone=BERLIN)
        self._triggers: Final = {
            name: CronTrigger(timezone=BERLIN, **job.cron) for name, job in jobs.items() if job.cron
        }
        for name, trigger in self._triggers.items():
            # no grace time: how late is too late is for us to say
            self._clock.add_job(self._fire, trigger, [name], id=name, misfire_grace_time=None, coalesce=True)

    def stop(self, *_signal: object) -> None:
        """End after the current tick; for signal handlers."""
        self._stopped = True
        self._wake.set()

    def run(self) -> None:
        """Lead or wait to lead, until ``stop``; then let go of the lead. Running work is left to the pool."""
        self._clock.start()
        try:
            while not self._stopped:
                self._tick()
                self._wake.wait(self._tick_s)
                self._wake.clear()
        finally:
            self._clock.shutdown(wait=True)
            if self._leads:
                self._leadership.give_up()
            log.info("scheduler.ended")

    def _fire(self, name: str) -> None:
        if self._leads:
            self._enlist(name, self._now(), self._jobs[name].late)
            self._wake.set()

    def _tick(self) -> None:
        now = self._now()
        led, self._leads = self._leads, self._leadership.held(now)
        if self._leads and not led:
            log.info("scheduler.leads")
            for name in self._triggers:
                self._enlist(name, now, self._jobs[name].late)
        if self._leads:
            self._dispatch(now)

    def _enlist(self, name: str, now: datetime, late: timedelta) -> None:
        """Put the latest moment of a job on the list, unless it is there or too long ago."""
        moment = latest_firing(self._triggers[name], now, late)
        if moment is None:
            return
        with self._database.begin() as session:
            if add_work(session, name, moment) is not None:
                log.info("scheduler.fired", job=name, scheduled_for=moment.isoformat())

    def _dispatch(self, now: datetime) -> None:
        with self._database.begin() as session:
            again, crashed = sweep_work(session, now=now)
            due = due_work(session, now=now)
        if again or crashed:
            log.warning("scheduler.swept", again=again, crashed=crashed)
        self._submitted &= set(due)
        for number in due:
            if number not in self._submitted:
                self._submitted.add(number)
                future = self._pool.submit(run_in_process, self._settings, number, self._jobs)
                future.add_done_callback(partial(self._done, number))

    def _done(self, number: int, _future: Future[Any]) -> None:
        self._submitted.discard(number)
        self._wake.set()


def latest_firing(trigger: CronTrigger, now: datetime, within: timedelta) -> datetime | None:
    """The last moment at which ``trigger`` fires in the time ``within`` before ``now``, or ``None``."""
    found: datetime | None = None
    moment: datetime | None = trigger.get_next_fire_time(None, now - within)
    while moment is not None and moment <= now:
        found = moment
        moment = trigger.get_next_fire_time(found, found + timedelta(microseconds=1))
    return found
