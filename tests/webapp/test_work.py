"""Work under leases and fences: done once, even if its worker dies."""

import time
from datetime import UTC, datetime, timedelta

import pytest

from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.store.work import (
    LEASE,
    MAX_ATTEMPTS,
    WorkState,
    add_work,
    claim_work,
    due_work,
    finish_work,
    give_up_lease,
    guard,
    heartbeat,
    purge_work,
    sweep_work,
    take_lease,
)
from tests.webapp.work_list import recent_work
from webapp.jobs import Job, Task
from webapp.settings import read_settings
from webapp.worker import run_one

NOW = datetime(2026, 11, 2, 6, tzinfo=UTC)
"""In the past of every real clock: the worker asks for the time itself."""


def claimed(database: Database, *, now: datetime = NOW):
    with database.begin() as session:
        add_work(session, "digest", NOW)
        mine = claim_work(session, now=now)
    assert mine is not None
    return mine


def test_the_same_job_at_the_same_moment_is_on_the_list_once(database):
    with database.begin() as session:
        first = add_work(session, "digest", NOW, {"kita": "a"})
        again = add_work(session, "digest", NOW)
        other = add_work(session, "digest", NOW + timedelta(days=7))

        assert first is not None
        assert again is None
        assert due_work(session, now=NOW) == [first]
        assert due_work(session, now=NOW + timedelta(days=7)) == [first, other]


def test_claimed_work_is_claimed_by_nobody_else(database):
    mine = claimed(database)

    with database.begin() as session:
        assert claim_work(session, now=NOW) is None
        assert claim_work(session, now=NOW, work_id=mine.id) is None
    assert (mine.fence, mine.attempts, mine.lease_until) == (1, 1, NOW + LEASE)


def test_a_heartbeat_keeps_the_work(database):
    mine = claimed(database)

    with database.begin() as session:
        assert heartbeat(session, mine, now=NOW + LEASE)
        assert sweep_work(session, now=NOW + LEASE + timedelta(seconds=1)) == (0, 0)
        assert finish_work(session, mine, now=NOW, result={"mails": 3})
        (done,) = recent_work(session, job="digest")

    assert (done.state, done.payload) == (WorkState.DONE, {"result": {"mails": 3}})


def test_who_fell_silent_has_lost_the_fence_and_can_write_nothing(database):
    old = claimed(database)
    with database.begin() as session:
        assert sweep_work(session, now=NOW + LEASE) == (1, 0)
        new = claim_work(session, now=NOW + LEASE)

        assert new is not None
        assert not heartbeat(session, old, now=NOW + LEASE)
        assert not finish_work(session, old, now=NOW + LEASE, error="late")
        with pytest.raises(StoreError, match="taken over"):
            guard(session, old)
        guard(session, new)


def test_work_whose_workers_die_again_and_again_counts_as_crashed(database):
    moment = NOW
    claimed(database)
    with database.begin() as session:
        for _ in range(MAX_ATTEMPTS - 1):
            moment += LEASE
            assert sweep_work(session, now=moment) == (1, 0)
            assert claim_work(session, now=moment) is not None
        assert sweep_work(session, now=moment + LEASE) == (0, 1)

        (crashed,) = recent_work(session)
    assert (crashed.state, crashed.error) == (WorkState.CRASHED, "the worker fell silent")


def test_ended_work_is_forgotten_after_a_while_and_due_work_is_not(database):
    mine = claimed(database)
    with database.begin() as session:
        finish_work(session, mine, now=NOW)
        add_work(session, "rank", NOW)

        assert purge_work(session, before=NOW) == 0
        assert purge_work(session, before=NOW + timedelta(days=30)) == 1
        assert [work.job for work in recent_work(session)] == ["rank"]


def test_a_lease_is_held_by_one_until_it_ends_or_is_given_up(database):
    def take(owner: str, after: float) -> bool:
        with database.begin() as session:
            return take_lease(
                session, "scheduler", owner, now=NOW + timedelta(seconds=after), duration=timedelta(seconds=30)
            )

    assert take("a", 0)
    assert not take("b", 10)
    assert take("a", 20), "the holder renews"
    assert not take("b", 49)
    assert take("b", 50), "a silent holder loses it"
    with database.begin() as session:
        give_up_lease(session, "scheduler", "a")
    assert not take("a", 51), "only the holder can give it up"
    with database.begin() as session:
        give_up_lease(session, "scheduler", "b")
    assert take("a", 52)


# -- the worker -------------------------------------------------------------------------------------------------------


def run(database: Database, tmp_path, function, **arguments):
    settings = read_settings({"KITALOTSE_DATA_DIR": str(tmp_path)})
    with database.begin() as session:
        add_work(session, "probe", NOW)
    state = run_one(database, settings, jobs={"probe": Job(function, {}, timedelta(0))}, **arguments)
    with database.read() as session:
        return state, recent_work(session)[0]


def test_a_worker_keeps_what_the_job_gave_back(database, tmp_path):
    state, work = run(database, tmp_path, lambda task: {"job": task.work.job})

    assert (state, work.state, work.payload["result"]) == ("done", WorkState.DONE, {"job": "probe"})


def test_a_job_that_fails_says_why_and_is_not_begun_again(database, tmp_path):
    def fails(task: Task):
        raise StoreError("the shelf is empty")

    state, work = run(database, tmp_path, fails)

    assert (state, work.state, work.error) == ("failed", WorkState.FAILED, "StoreError: the shelf is empty")
    assert run_one(database, read_settings({"KITALOTSE_DATA_DIR": str(tmp_path)})) is None


def test_a_job_this_version_does_not_know_fails_and_names_those_it_knows(database, tmp_path):
    with database.begin() as session:
        add_work(session, "dance", NOW)

    run_one(database, read_settings({"KITALOTSE_DATA_DIR": str(tmp_path)}))

    with database.read() as session:
        error = recent_work(session)[0].error
    assert "'dance' is not known" in (error or "")
    assert "digest" in (error or "")


def test_the_lease_is_renewed_while_the_job_works(sqlite_database, tmp_path):
    seen = []

    def slow(task: Task):
        for _ in range(40):
            with task.database.begin() as session:
                task.guard(session)
                seen.append(recent_work(session)[0].lease_until)
            if seen[-1] > seen[0]:
                return {}
            time.sleep(0.02)
        return {}

    state, _ = run(sqlite_database, tmp_path, slow, lease=timedelta(milliseconds=400))

    assert state == "done"
    assert seen[-1] > seen[0]
