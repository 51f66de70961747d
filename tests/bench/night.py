"""``kitalotse bench night``: many sources in one night, as ``kitalotse schedule`` reads them, while one of them hangs.

``offers`` are spread over sources of 500; every tenth is a site with a page for each offer, the others are feeds, each
on a host of its own (loopback, without the pace of a second that other people's servers are given). In the first night
one more source takes the question and does not answer, so that one of two processes waits for it until its limits.
``first`` is a night with everything new, ``unchanged`` one with 304 for everything; ``processor_seconds`` are those of
the readings, their crawls included. The baseline asks the feeds one after the other and keeps their titles.
"""

import json
import resource
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import timedelta
from time import perf_counter
from typing import Any, Final

import httpx

from harvesters.run import harvest
from schemas import clock
from schemas.db import Database
from schemas.harvest import RunStatus, Source
from schemas.migrate import upgrade
from schemas.store.runs import save_source, source
from schemas.store.work import add_work
from schemas.tables.work import work
from tests.bench.harvest import HANGING, RELEASE, feed_source, served, site_source
from tests.bench.measure import PeakMemory, machine, working_folder
from webapp.executors import LocalPool
from webapp.harvesting import fetch_settings
from webapp.jobs import Job, Task
from webapp.settings import Settings, read_settings
from webapp.worker import run_in_process

OF_A_SOURCE: Final = 500
_EVERY: Final = 10
"""Of so many sources one is a site."""
_PROCESSES: Final = 2
_HANGS: Final = "bench_hangs"


def read_unpaced(task: Task) -> dict[str, Any]:
    """The job ``harvest:<source>`` without pace, with the processor time that it took."""
    with task.database.read() as session:
        found = source(session, task.name)
    assert found is not None
    before = _processor()
    settings = replace(fetch_settings(task.settings), pace_s=0)
    run = harvest(task.database, found, settings=settings, now=clock.now())
    return {"status": run.status, "records": run.records, "new": run.new, "processor": _processor() - before}


def import_everything(task: Task) -> dict[str, Any]:
    """What a process does before its first reading: it is there."""
    return {}


JOBS: Final[Mapping[str, Job]] = {
    "harvest:": Job(read_unpaced, {}, timedelta(days=1)),
    "begin:": Job(import_everything, {}, timedelta(days=1)),
}


def run(*, offers: int = 20_000, kitas: int = 0) -> dict[str, Any]:
    """Measure with ``offers`` offers in all; ``kitas`` has no part in it."""
    each = min(offers, OF_A_SOURCE)
    count = max(1, offers // each)
    with served(each, address="0.0.0.0") as base, working_folder() as folder, PeakMemory() as peak:
        port = base.rpartition(":")[2]
        settings = read_settings({"KITALOTSE_DATA_DIR": str(folder), "KITALOTSE_ALLOW_LOOPBACK": "yes"})
        sources = [_source(number, port, each) for number in range(count)]
        hanging = feed_source(f"http://127.1.0.1:{port}{HANGING}").model_copy(update={"name": _HANGS})
        database = Database(settings.database)
        upgrade(database)
        with database.begin() as session:
            for one in (*sources, hanging):
                save_source(session, one, origin="desk", now=clock.now())
        plain = _plain([one.access.start[0] for one in sources if one.access.kind == "json"])
        with LocalPool(_PROCESSES) as pool:
            _begin(database, settings, pool)
            first = _first_night(database, settings, pool, sources, f"http://127.0.0.1:{port}")
            _check(first, {RunStatus.COMPLETE: count, "new": count * each})
            unchanged = _night(database, settings, pool, sources)
            _check(unchanged, {RunStatus.UNCHANGED: count, "new": 0})
        database.dispose()
    return {
        "bench": "night",
        "sizes": {"offers": count * each, "sources": count, "sites": sum(one.title == "pages" for one in sources)},
        "seconds": first["seconds"],
        "rate": round(count * each / first["seconds"], 1),
        "runs": {"first": first, "unchanged": unchanged},
        "peak_rss_mb": round(peak.mb, 1),
        "machine": machine(),
        "baseline": {"name": "GET the feeds one after the other, keep the titles; stores nothing", "seconds": plain},
    }


def _source(number: int, port: str, offers: int) -> Source:
    host = f"http://127.0.{number // 200}.{number % 200 + 1}:{port}"
    made = site_source(host, offers) if number % _EVERY == _EVERY - 1 else feed_source(f"{host}/angebote.json")
    return made.model_copy(update={"name": f"bench_{number}"})


def _check(night: Mapping[str, Any], wanted: dict[str, int]) -> None:
    """Raises ``AssertionError`` where a night did not do what is measured."""
    if night["ended"] != wanted:
        raise AssertionError(f"{night}; wanted were {wanted}")


def _first_night(
    database: Database, settings: Settings, pool: LocalPool, sources: list[Source], base: str
) -> dict[str, Any]:
    """Everything is new, and one more source hangs until the others are read."""
    (number,) = _listed(database, "harvest:", [_HANGS])
    hangs = pool.submit(run_in_process, settings, number, JOBS)
    night = _night(database, settings, pool, sources)
    still = not hangs.done()
    httpx.get(base + RELEASE, trust_env=False)
    _finish([hangs])
    return night | {"one_still_hung": still}


def _night(database: Database, settings: Settings, pool: LocalPool, sources: list[Source]) -> dict[str, Any]:
    numbers = _listed(database, "harvest:", [one.name for one in sources])
    begun = perf_counter()
    _finish([pool.submit(run_in_process, settings, number, JOBS) for number in numbers])
    seconds = perf_counter() - begun
    with database.read() as session:
        found = {row.id: row.payload["result"] for row in session.execute(work.select().where(work.c.id.in_(numbers)))}
    used = {"feed": 0.0, "pages": 0.0}
    read: Counter[str] = Counter()
    for number, one in zip(numbers, sources, strict=True):
        used[one.title or ""] += found[number]["processor"]
        read.update({found[number]["status"]: 1, "new": found[number]["new"]})
    kinds = {"feeds": round(used["feed"], 2), "sites": round(used["pages"], 2)}
    return {"seconds": round(seconds, 2), "processor_seconds": kinds, "ended": dict(read)}


def _begin(database: Database, settings: Settings, pool: LocalPool) -> None:
    """Let each process of the pool import what readings need."""
    numbers = _listed(database, "begin:", [str(number) for number in range(_PROCESSES)])
    _finish([pool.submit(run_in_process, settings, number, JOBS) for number in numbers])


def _listed(database: Database, job: str, names: list[str]) -> list[int]:
    moment = clock.now()
    with database.begin() as session:
        return [number for name in names if (number := add_work(session, f"{job}{name}", moment)) is not None]


def _finish(futures: list[Future[Any]]) -> None:
    wait(futures)
    if {future.result() for future in futures} - {"done"}:
        raise AssertionError("a reading failed")


def _processor() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _plain(addresses: list[str]) -> float:
    begun = perf_counter()
    with httpx.Client(trust_env=False) as client:
        titles = [len({row["title"] for row in json.loads(client.get(one).content)}) for one in addresses]
    taken = perf_counter() - begun
    if min(titles) < 1:
        raise AssertionError("the feeds of the baseline are not what they should be")
    return round(taken, 3)
