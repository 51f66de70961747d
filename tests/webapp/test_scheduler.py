"""The clock: who leads, what fires, and that nothing is done twice however many schedulers run."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from apscheduler.triggers.cron import CronTrigger
from distributed import LocalCluster

from schemas.clock import BERLIN, local
from schemas.db import Database
from schemas.exceptions import SettingsError
from schemas.store.work import LEASE, WorkState, add_work, claim_work
from tests.webapp.work_list import recent_work
from webapp.executors import ClusterPool, LocalPool, pool
from webapp.jobs import JOBS, Job
from webapp.scheduler import Scheduler, latest_firing, leadership
from webapp.settings import read_settings

# -- when -------------------------------------------------------------------------------------------------------------


def trigger(job: str) -> CronTrigger:
    return CronTrigger(timezone=BERLIN, **JOBS[job].cron)


def test_the_mail_goes_out_on_monday_at_seven_in_berlin_across_the_change_of_clocks():
    before = datetime(2027, 3, 24, tzinfo=UTC)

    firings = []
    for _ in range(2):
        before = trigger("digest").get_next_fire_time(None, before) + timedelta(seconds=1)
        firings.append(before - timedelta(seconds=1))

    assert [local(f).strftime("%a %H:%M") for f in firings] == ["Mon 07:00", "Mon 07:00"]
    assert firings[0].astimezone(UTC).hour == 5, "summer time since the day before"


def test_ranking_comes_before_the_mail():
    sunday = datetime(2026, 11, 29, 12, tzinfo=UTC)

    assert trigger("rank").get_next_fire_time(None, sunday) < trigger("digest").get_next_fire_time(None, sunday)


def test_a_downtime_is_caught_up_by_the_latest_moment_only_and_not_for_ever():
    monday = datetime(2026, 11, 30, 6, tzinfo=UTC)

    assert latest_firing(trigger("digest"), monday + timedelta(hours=5), timedelta(days=3)) == monday
    assert latest_firing(trigger("digest"), monday + timedelta(days=4), timedelta(days=3)) is None
    assert latest_firing(trigger("send"), monday + timedelta(minutes=6), timedelta(minutes=14)) == monday + timedelta(
        minutes=5
    )


# -- one scheduler ----------------------------------------------------------------------------------------------------


class CountingPool:
    """Takes work and does not do it."""

    def __init__(self) -> None:
        self.submitted: list[int] = []
        self.futures: list[Future[str]] = []

    def __enter__(self) -> "CountingPool":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def submit(self, _function, _settings, number, _jobs) -> Future[str]:
        self.submitted.append(number)
        self.futures.append(Future())
        return self.futures[-1]


def scheduler(database: Database, tmp_path: Path, workers: CountingPool, moments: list[datetime]) -> Scheduler:
    """A scheduler that ticks once per moment, without APScheduler's own clock having a part in it."""
    remaining = iter(moments)
    jobs = {"digest": Job(lambda _task: {}, JOBS["digest"].cron, JOBS["digest"].late)}
    made = Scheduler(
        database,
        read_settings({"KITALOTSE_DATA_DIR": str(tmp_path)}),
        workers,
        jobs=jobs,
        tick_s=0.01,
        now=lambda: next(remaining),
    )
    return made


def tick(made: Scheduler) -> None:
    made._tick()


MONDAY = datetime(2026, 11, 30, 6, tzinfo=UTC)


def test_what_was_due_during_a_downtime_is_put_on_the_list_once_and_submitted_once(database, tmp_path):
    workers = CountingPool()
    late = MONDAY + timedelta(hours=2)

    made = scheduler(database, tmp_path, workers, [late, late, late])
    for _ in range(3):
        tick(made)

    with database.read() as session:
        (work,) = recent_work(session)
    assert (work.job, work.scheduled_for) == ("digest", MONDAY)
    assert workers.submitted == [work.id]
    made._leadership.give_up()


def test_work_whose_worker_was_killed_is_swept_and_submitted_again(database, tmp_path):
    workers = CountingPool()
    late = MONDAY + timedelta(hours=2)
    made = scheduler(database, tmp_path, workers, [late, late, late + LEASE, late + LEASE])
    tick(made)
    with database.begin() as session:
        claim_work(session, now=late, work_id=workers.submitted[0])
    tick(made)

    workers.futures[0].set_exception(BrokenProcessPool("killed"))
    tick(made)

    assert workers.submitted == [workers.submitted[0]] * 2
    with database.read() as session:
        assert recent_work(session)[0].state is WorkState.DUE
    made._leadership.give_up()


def test_only_one_of_two_leads_and_the_other_takes_over(database):
    first, second = leadership(database, 1.0), leadership(database, 1.0)
    if database.dialect == "sqlite":
        second._owner = "another process"  # both are this process here; in life the owner is host and process

    assert first.held(MONDAY)
    assert not second.held(MONDAY)
    assert first.held(MONDAY + timedelta(seconds=1))
    first.give_up()
    assert second.held(MONDAY + timedelta(seconds=1))
    assert not first.held(MONDAY + timedelta(seconds=2))
    first.give_up()
    second.give_up()


# -- real processes ---------------------------------------------------------------------------------------------------


def start(database_url: str, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.webapp.clock_process", database_url, str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def moments(folder: Path) -> list[tuple[str, int]]:
    file = folder / "moments"
    lines = file.read_text().splitlines() if file.exists() else []
    return [(line.split()[0], int(line.split()[1])) for line in lines]


def wait_for(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def test_two_schedulers_do_no_job_twice_and_one_takes_over_when_the_other_is_killed(database_url, tmp_path):
    processes = [start(database_url, tmp_path) for _ in range(2)]
    try:
        wait_for(lambda: len(moments(tmp_path)) >= 3)
        (leader,) = {pid for _, pid in moments(tmp_path)}
        os.kill(leader, signal.SIGKILL)
        wait_for(lambda: len({pid for _, pid in moments(tmp_path)}) == 2)
        wait_for(lambda: moments(tmp_path)[-1][1] != leader)
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
    codes = {process.pid: process.wait(timeout=20) for process in processes}
    for process in processes:
        assert process.stdout is not None
        process.stdout.close()

    done = Counter(moment for moment, _ in moments(tmp_path))
    assert max(done.values()) == 1
    assert [code for pid, code in codes.items() if pid != leader] == [0], "SIGTERM ends a scheduler cleanly"


# -- pools ------------------------------------------------------------------------------------------------------------


def test_a_pool_whose_process_was_killed_takes_work_again():
    with LocalPool(1) as workers:
        with pytest.raises(BrokenProcessPool):
            workers.submit(os.kill, workers.submit(os.getpid).result(60), signal.SIGKILL).result(60)

        assert workers.submit(int, "7").result(60) == 7


def test_the_same_work_runs_on_a_dask_cluster():
    local = LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None)
    with local as cluster, ClusterPool(cluster.scheduler_address) as workers:
        assert workers.submit(os.getpid).result(60) != os.getpid()


def test_a_cluster_that_does_not_answer_is_named_with_its_setting(tmp_path):
    settings = read_settings({"KITALOTSE_DATA_DIR": str(tmp_path), "KITALOTSE_CLUSTER": "tcp://127.0.0.1:9"})

    with pytest.raises(SettingsError, match="no scheduler answers there"):
        ClusterPool(settings.cluster, timeout_s=1)
    assert isinstance(pool(read_settings({"KITALOTSE_DATA_DIR": str(tmp_path)})), LocalPool)


def test_work_that_is_on_the_list_of_a_later_day_is_not_submitted_yet(sqlite_database, tmp_path):
    workers = CountingPool()
    with sqlite_database.begin() as session:
        add_work(session, "digest", MONDAY + timedelta(days=7))

    made = scheduler(sqlite_database, tmp_path, workers, [MONDAY - timedelta(days=3)])
    tick(made)

    assert workers.submitted == []
