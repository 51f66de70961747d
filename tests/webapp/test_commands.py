"""Commands for operators: migrate, serve, schedule, work, export, bench, desk-link."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from schemas.clock import now
from schemas.migrate import head
from schemas.store.kitas import save_kita
from schemas.store.work import WorkState, add_work, claim_work, finish_work
from tests.factories import make_kita
from tests.webapp.publishing import publish_offers
from tests.webapp.work_list import recent_work
from webapp.cli import main
from webapp.links import Links
from webapp.settings import read_settings

REGION = """
key = "13075"
name = "Vorpommern-Greifswald"
land = "MV"
base_url = "https://kitalotse.example"
coordinators = [{ name = "Frau Beispiel", mail = "koordination@kreis.example" }]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "regions").mkdir()
    (tmp_path / "regions" / "vg.toml").write_text(REGION)
    return tmp_path


def run(folder: Path, *words: str):
    return CliRunner().invoke(main, words, env={"KITALOTSE_DATA_DIR": str(folder)})


# -- databases --------------------------------------------------------------------------------------------------------


def test_a_command_makes_a_new_sqlite_database_by_itself(tmp_path):
    result = run(tmp_path / "new", "recommend", "--json")

    assert result.exit_code == 0
    assert json.loads(result.stdout)["offers"] == 0
    assert (tmp_path / "new" / "kitalotse.sqlite").is_file()


def test_migrate_says_what_it_did_and_does_nothing_the_second_time(empty_database_url, tmp_path):
    first = run(tmp_path, "migrate", "--database", empty_database_url, "--json")
    second = run(tmp_path, "migrate", "--database", empty_database_url)

    assert json.loads(first.stdout)["now"] == head()
    assert "is up to date" in second.stdout


def test_an_empty_postgresql_database_is_not_filled_behind_the_operators_back(postgres_databases, tmp_path):
    url = postgres_databases.create()

    result = run(tmp_path, "recommend", "--database", url)

    assert result.exit_code == 1
    assert "has no tables yet; run: kitalotse migrate" in result.stderr
    postgres_databases.drop(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("sqlite:///{folder}/table.csv", "file is not a database"),
        ("sqlite:///{folder}", "unable to open database file"),
        ("sqlite:///{folder}/table.csv/x.sqlite", "choose another place"),
        ("postgresql://kita:geheim@127.0.0.1:1/kitalotse", "check that the server runs"),
        (
            "postgresql://kita:geheim@127.0.0.1:port/kitalotse",
            "expected sqlite:///path/to/file.sqlite or postgresql://",
        ),
    ],
)
@pytest.mark.parametrize("words", [("migrate",), ("sources", "list"), ("recommend",), ("digest",)])
def test_a_database_that_cannot_be_used_is_explained_without_its_password(tmp_path, words, url, said):
    (tmp_path / "table.csv").write_text("day,title\n2026-11-23,Laternenfest mit allen Kindern der Kita\n")

    result = run(tmp_path, *words, "--database", url.format(folder=tmp_path))

    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr
    assert "geheim" not in result.stderr


@pytest.mark.parametrize(
    "words", [("digest", "--kita", "nope"), ("recommend", "--kita", "nope"), ("explain", "nope", "oaaaaaaaaaaaaaaa")]
)
def test_a_kita_that_nobody_knows_is_an_error(folder, words):
    result = run(folder, *words)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Kita 'nope' is not known" in result.stderr


def test_an_offer_that_is_not_published_cannot_be_explained(folder, sqlite_database, sqlite_url):
    with sqlite_database.begin() as session:
        save_kita(session, make_kita(), now=now())

    result = run(folder, "explain", "kita_wolke", "oaaaaaaaaaaaaaaa", "--database", sqlite_url)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "is not published" in result.stderr


@pytest.mark.parametrize("week", ["9999-W52", "0001-W01", "2026-W60", "gestern"])
def test_a_week_in_which_nobody_lives_is_wrong_usage(folder, week):
    assert run(folder, "recommend", "--week", week).exit_code == 2


# -- the desk ---------------------------------------------------------------------------------------------------------


def test_a_link_to_the_desk_signs_in_a_coordinator_whom_the_region_names(folder):
    result = run(folder, "desk-link", "Frau Beispiel")

    address = result.stdout.strip()
    assert address.startswith("https://kitalotse.example/desk/anmelden/")
    secret = read_settings({"KITALOTSE_DATA_DIR": str(folder)}).secret()
    assert Links(secret).read_desk(address.rpartition("/")[2], now=now())[:2] == ("13075", "Frau Beispiel")


@pytest.mark.parametrize("words", [("Herr Niemand",), ("Frau Beispiel", "--region", "01002")])
def test_nobody_else_gets_a_link_to_the_desk(folder, words):
    result = run(folder, "desk-link", *words)

    assert (result.exit_code, result.stdout) == (1, "")
    assert "Known: Frau Beispiel (13075)" in result.stderr


# -- files ------------------------------------------------------------------------------------------------------------


def test_export_writes_what_the_portal_serves(folder, sqlite_database, sqlite_url):
    (offer,) = publish_offers(sqlite_database, datetime.now(UTC) - timedelta(days=1), {})

    result = run(folder, "export", "--out", str(folder / "out"), "--database", sqlite_url, "--json")

    written = {Path(path).name: size for path, size in json.loads(result.stdout)["files"].items()}
    buckets = {"offers-fakten.ndjson", "offers-fakten.csv"}
    assert set(written) == {"offers.ndjson", "offers.csv", "offers.ics", "offers.atom", "catalog.ttl"} | buckets
    assert {path.name: path.stat().st_size for path in (folder / "out").iterdir()} == written
    assert json.loads((folder / "out" / "offers.ndjson").read_text())["id"] == offer
    assert offer in (folder / "out" / "offers.csv").read_text()


def test_export_into_a_folder_that_cannot_be_made_says_so(folder, sqlite_url):
    (folder / "file").write_text("")

    result = run(folder, "export", "--format", "csv", "--out", str(folder / "file" / "out"), "--database", sqlite_url)

    assert result.exit_code == 1
    assert "choose another --out" in result.stderr


def test_a_benchmark_that_does_not_exist_is_answered_with_those_that_do(folder):
    result = run(folder, "bench", "sing")

    assert result.exit_code == 2
    assert "'sing' is no benchmark; known: " in result.stderr
    assert "upsert" in result.stderr


def test_a_benchmark_runs_with_the_sizes_asked_for(folder):
    result = run(folder, "bench", "upsert", "--offers", "20", "--json")

    document = json.loads(result.stdout)
    assert result.exit_code == 0
    assert document["bench"] == "upsert"
    assert document["sizes"]["offers"] == 20


def test_a_benchmark_with_databases_of_its_own_takes_no_other(folder, sqlite_url):
    result = run(folder, "bench", "upsert", "--database", sqlite_url)

    assert result.exit_code == 2
    assert "upsert brings its own database" in result.stderr


def test_benchmarks_need_a_checkout_and_say_so(folder, monkeypatch):
    monkeypatch.setattr("webapp.commands.bench.FOLDER", folder / "nowhere")

    result = run(folder, "bench", "upsert")

    assert result.exit_code == 1
    assert "need a checkout" in result.stderr


# -- processes that stay ----------------------------------------------------------------------------------------------


def start(folder: Path, *words: str) -> subprocess.Popen[bytes]:
    code = "from webapp.cli import main; main()"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KITALOTSE_")}
    environment = kept | {"KITALOTSE_DATA_DIR": str(folder), "KITALOTSE_WORKERS": "1"}
    return subprocess.Popen([sys.executable, "-c", code, *words], env=environment, stderr=subprocess.DEVNULL)


def test_serve_answers_and_ends_on_sigterm(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with start(folder, "serve", "--port", str(port)) as server:
        try:
            assert answer(f"http://127.0.0.1:{port}/healthz") == 200
        finally:
            server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


def answer(address: str) -> int:
    for _ in range(300):
        try:
            with urllib.request.urlopen(address, timeout=5) as response:
                return int(response.status)
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{address} did not answer")


def test_work_once_does_what_is_due_and_ends(folder, sqlite_database, sqlite_url):
    with sqlite_database.begin() as session:
        add_work(session, "purge", datetime(2026, 11, 2, tzinfo=UTC))

    result = run(folder, "work", "--once", "--database", sqlite_url)

    assert result.exit_code == 0
    with sqlite_database.read() as session:
        assert [work.state for work in recent_work(session)] == [WorkState.DONE]


def read_already(database) -> None:
    """Let this hour's and the next hour's harvest count as done: by night it would read real sources."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for moment in (hour, hour + timedelta(hours=1)):
        with database.begin() as session:
            work = claim_work(session, now=moment, work_id=add_work(session, "harvest", moment))
            assert work is not None
            finish_work(session, work, now=moment)


def test_schedule_leads_catches_up_and_ends_on_sigterm(folder, sqlite_database, sqlite_url):
    def done() -> set[str]:
        with sqlite_database.read() as session:
            return {work.job for work in recent_work(session) if work.state is WorkState.DONE}

    read_already(sqlite_database)
    with start(folder, "schedule", "--database", sqlite_url) as scheduler:
        try:
            for _ in range(600):
                if {"expire", "purge", "send"} & done():
                    break
                time.sleep(0.1)
            assert {"expire", "purge", "send"} & done(), "something was due in the last hours, at any time of any day"
        finally:
            scheduler.send_signal(signal.SIGTERM)
        assert scheduler.wait(60) == 0
