"""The program as people start it: `kitalotse` in processes of its own, with a home of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from harvesters.registry import bundled_sources
from schemas.clock import now
from schemas.db import Database
from schemas.store.runs import save_source
from schemas.tables.work import work
from tests.journeys.served import free_port

ROOT = Path(__file__).parents[2]
KITALOTSE = Path(sys.executable).with_name("kitalotse")
METRICS = {"ndcg@8", "precision@8", "recall@30", "unfit@8", "violations@8", "coverage@8"}
FIELDS = {
    "ages", "price", "duration", "group_size", "modes", "schedule", "occurrences", "recurrence", "weekdays", "areas",
    "languages", "accessibility", "place", "cancelled",
}  # fmt: skip
SCORES = {"precision", "recall", "f1"}


def environment(home: Path) -> dict[str, str]:
    """What a new user's shell has, and nothing of this one's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KITALOTSE_", "XDG_"))}
    return kept | {"HOME": str(home), "PYTHONPATH": str(ROOT)}


def kitalotse(home: Path, *arguments: str, timeout: float = 110) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [KITALOTSE, *arguments],
        env=environment(home),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@contextmanager
def running(home: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a command until the block ends."""
    with (home / "errors.txt").open("w") as errors:
        process = subprocess.Popen(
            [KITALOTSE, *arguments],
            env=environment(home),
            cwd=home,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        with process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    process.kill()


def wait_for(what: Any, seconds: float = 60) -> Any:
    """The first true answer of `what`; fails the test after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"nothing came within {seconds} s")


# -- demo -------------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(240)
def test_the_demo_checks_itself_in_an_empty_home_and_can_be_run_again(tmp_path):
    first = kitalotse(tmp_path, "demo", "--check")
    assert first.returncode == 0, first.stdout + first.stderr
    assert "FAILED" not in first.stdout
    assert first.stdout.count("  ok  ") >= 15

    again = kitalotse(tmp_path, "demo", "--check")
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.timeout(240)
def test_a_second_demo_in_the_same_folder_is_refused_in_one_sentence_while_the_first_goes_on(tmp_path):
    folder = tmp_path / "demo"
    with running(tmp_path, "demo", "--folder", str(folder)) as first:
        assert first.stdout is not None
        lines: list[str] = []
        while "Stop with Ctrl-C" not in (lines[-1] if lines else ""):
            line = first.stdout.readline()
            assert line, "".join(lines) + (tmp_path / "errors.txt").read_text()
            lines.append(line)

        second = kitalotse(tmp_path, "demo", "--check", "--folder", str(folder))
        assert second.returncode == 1
        assert "another demo is running there" in second.stderr
        assert "Traceback" not in second.stderr

        portal = next(line.split()[-1] for line in lines if line.startswith("Portal"))
        assert _get(portal)[0] == 200
        first.send_signal(signal.SIGINT)
        assert first.wait(30) == 0


# -- evaluate ---------------------------------------------------------------------------------------------------------


@pytest.mark.timeout(240)
def test_extraction_is_measured_in_the_shape_of_the_contract(tmp_path, shared):
    corpus = shared / "data" / "gold" / "vorpommern-greifswald"
    done = kitalotse(tmp_path, "evaluate", "extraction", str(corpus), "--json")

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert set(figures) == {"corpus", "n", "micro", "fields", "suitability"}
    assert figures["n"] == len((corpus / "offers.ndjson").read_text(encoding="utf-8").splitlines())
    assert set(figures["micro"]) == SCORES
    assert set(figures["fields"]) == FIELDS
    for scores in (*figures["fields"].values(), figures["suitability"]):
        assert set(scores) == SCORES | {"n"}
        assert all(0 <= scores[name] <= 1 for name in SCORES)


@pytest.mark.timeout(240)
def test_ranking_is_measured_in_the_shape_of_the_contract(tmp_path, shared):
    corpus = shared / "data" / "gold" / "vorpommern-greifswald"
    done = kitalotse(tmp_path, "evaluate", "ranking", str(corpus), "--json", timeout=200)

    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert set(figures) == {"corpus", "kitas", "gold", "end_to_end"}
    assert figures["kitas"] == len((corpus / "kitas.ndjson").read_text(encoding="utf-8").splitlines())
    for report in (figures["gold"], figures["end_to_end"]):
        assert set(report) == METRICS | {"se", "baselines", "per_kita"}
        assert set(report["baselines"]) == {"random", "nearest", "newest", "popular", "tfidf"}
        assert all(set(line) == METRICS for line in report["baselines"].values())
        assert len(report["per_kita"]) == figures["kitas"]
        for line in report["per_kita"].values():
            assert set(line) == {"ndcg@8", "top"}
            assert len(line["top"]) <= 8


# -- serve and schedule -----------------------------------------------------------------------------------------------


def test_serve_answers_and_ends_on_sigterm(tmp_path):
    port = free_port()
    migrated = kitalotse(tmp_path, "migrate")
    assert migrated.returncode == 0, migrated.stderr

    with running(tmp_path, "serve", "--port", str(port)) as server:
        address = f"http://127.0.0.1:{port}"
        wait_for(lambda: server.poll() is not None or _answers(address))
        assert _get(f"{address}/healthz")[0] == 200
        status, body = _get(f"{address}/offers.ndjson")
        assert (status, body) == (200, b"")

        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def test_schedule_puts_due_work_on_the_list_and_ends_on_sigterm(tmp_path):
    url = f"sqlite:///{tmp_path / 'kitalotse.sqlite'}"
    assert kitalotse(tmp_path, "migrate", "--database", url).returncode == 0
    database = Database(url)
    with database.begin() as session:  # whatever the hour: this test calls no other machine
        for source in bundled_sources():
            save_source(session, source.model_copy(update={"active": False}), origin="file", now=now())

    with running(tmp_path, "schedule", "--database", url) as scheduler:

        def jobs() -> set[str]:
            with database.read() as session:
                return set(session.scalars(select(work.c.job)))

        wait_for(lambda: scheduler.poll() is not None or jobs())
        assert scheduler.poll() is None, (tmp_path / "errors.txt").read_text()
        scheduler.send_signal(signal.SIGTERM)
        assert scheduler.wait(90) == 0  # what is running is done first
    database.dispose()


def _get(address: str) -> tuple[int, bytes]:
    host, _, path = address.removeprefix("http://").partition("/")
    connection = HTTPConnection(host, timeout=20)
    try:
        connection.request("GET", f"/{path}")
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _answers(address: str) -> bool:
    try:
        return _get(address)[0] == 200
    except OSError:
        return False
