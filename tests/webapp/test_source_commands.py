"""``sources`` on the command line: what is known of each, and never a word about what was not read here."""

import gzip
import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from harvesters.look import LookJob
from harvesters.problems import ReadError
from schemas.exclusion import ExclusionKind, Wish
from schemas.harvest import HarvestRun, RunStatus
from schemas.store.exclusions import exclude
from schemas.store.runs import finish_run, runs, save_source, start_run
from tests.factories import NOW, make_source
from tests.harvesters.loopback import running_site
from tests.webapp.site import settings_for
from webapp.commands.harvest import preview, sources

DESCRIPTION = """
name = "{name}"
region = "13075"
[access]
kind = "ical"
start = ["{start}"]
"""
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
UID:1
DTSTART:20261201T090000Z
SUMMARY:Waldtag
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def settings(sqlite_url, tmp_path):
    return replace(settings_for(tmp_path / "home"), database=sqlite_url, allow_loopback=True)


def run(settings, *arguments: str):
    return CliRunner().invoke(sources, arguments, obj=settings)


def described(folder: Path, name: str, start: str) -> str:
    file = folder / f"{name}.toml"
    file.write_text(DESCRIPTION.format(name=name, start=start), encoding="utf-8")
    return str(file)


def test_the_list_says_what_is_on_and_what_was_ever_read(settings, sqlite_database):
    with sqlite_database.begin() as session:
        save_source(session, make_source("mv_an"), origin="desk", now=NOW)
        number = start_run(session, "mv_an", NOW)
        ended = HarvestRun(id=number, source="mv_an", started_at=NOW, finished_at=NOW, records=7)
        finish_run(session, ended.model_copy(update={"status": RunStatus.COMPLETE}))

    listed = run(settings, "list").stdout.splitlines()

    on = next(line for line in listed if line.startswith("mv_an "))
    off = next(line for line in listed if line.startswith("mv_theater_vorpommern "))
    other = next(line for line in listed if line.startswith("nw_muenster_coerde_csv "))
    assert on.endswith("unverified  on            last read 2026-11-23, complete, 7 offers")
    assert off.endswith("unverified  off           never read here")
    assert other.endswith("unverified  other Region  never read here")


def test_the_check_claims_nothing_that_was_not_read_here(settings, tmp_path):
    file = described(tmp_path, "mv_kalender", "http://127.0.0.1:9/a.ics")

    checked = run(settings, "check", file)

    assert (checked.exit_code, checked.output) == (0, f"{file}: ok; never read here\n")


def test_the_check_says_how_the_last_run_ended(settings, sqlite_database, tmp_path):
    file = described(tmp_path, "mv_kalender", "http://127.0.0.1:9/a.ics")
    with sqlite_database.begin() as session:
        save_source(session, make_source("mv_kalender"), origin="file", now=NOW)
        number = start_run(session, "mv_kalender", NOW)
        failed = HarvestRun(id=number, source="mv_kalender", started_at=NOW, finished_at=NOW + timedelta(seconds=1))
        finish_run(session, failed.model_copy(update={"status": RunStatus.FAILED, "message": "Die Seite ist weg."}))

    assert "last read 2026-11-23, failed because: Die Seite ist weg." in run(settings, "check", file).output


def test_the_check_reads_only_when_it_is_asked_to_and_stores_nothing(settings, sqlite_database, tmp_path):
    with running_site() as site:
        good = described(tmp_path, "mv_gut", site.put("/a.ics", EVENT))
        bad = described(tmp_path, "mv_weg", f"{site.base}/weg.ics")

        assert run(settings, "check", good, bad).exit_code == 0
        assert site.asked == []
        checked = run(settings, "check", "--online", "--json", good, bad)

    works, fails = json.loads(checked.output)["sources"]
    assert checked.exit_code == 1
    assert works == {"file": good, "error": None, "works": "works: 1 offers", "wrong": None}
    assert "Die Seite gibt es nicht (404)" in fails["wrong"]
    with sqlite_database.read() as session:
        assert runs(session) == []


@pytest.mark.parametrize(
    ("kind", "value"), [(ExclusionKind.HOST, "127.0.0.1"), (ExclusionKind.PROVIDER, "Museum am Hafen")]
)
def test_a_source_that_is_not_to_be_listed_is_not_asked_and_the_check_says_why(
    settings, sqlite_database, tmp_path, kind, value
):
    with sqlite_database.begin() as session:
        exclude(session, [Wish(kind=kind, value=value)], region="13075", by="Anna", now=NOW)
    with running_site() as site:
        file = Path(described(tmp_path, "mv_museum", site.put("/a.ics", EVENT)))
        file.write_text(file.read_text("utf-8").replace("[access]", 'provider = "Museum am Hafen e. V."\n[access]'))
        checked = [run(settings, "check", *online, str(file)) for online in ((), ("--online",))]

    assert site.asked == []
    assert [(each.exit_code, each.output) for each in checked] == [
        (0, f"{file}: ok; not read: whoever offers this asked not to be listed\n")
    ] * 2


@pytest.mark.parametrize(
    ("kind", "value"), [(ExclusionKind.HOST, "127.0.0.1"), (ExclusionKind.PROVIDER, "Museum am Hafen")]
)
def test_a_preview_asks_nobody_who_is_not_to_be_listed(settings, sqlite_database, tmp_path, kind, value):
    with sqlite_database.begin() as session:
        exclude(session, [Wish(kind=kind, value=value)], region="13075", by="Anna", now=NOW)
    with running_site() as site:
        address = site.put("/a.ics", EVENT)
        file = Path(described(tmp_path, "mv_museum", address))
        file.write_text(file.read_text("utf-8").replace("[access]", 'provider = "Museum am Hafen"\n[access]'))
        previewed = CliRunner().invoke(preview, [address, "--source", str(file)], obj=settings)

    assert site.asked == []
    assert isinstance(previewed.exception, ReadError)
    assert previewed.exception.rule == "fetch.excluded"


def test_of_two_addresses_the_check_asks_only_the_one_that_may_be_asked(settings, sqlite_database, tmp_path):
    with sqlite_database.begin() as session:
        exclude(session, [Wish(kind=ExclusionKind.HOST, value="localhost")], region="13075", by="Anna", now=NOW)
    with running_site() as site, running_site() as other:
        refused = other.put("/a.ics", EVENT).replace("127.0.0.1", "localhost")
        file = described(tmp_path, "mv_beide", f'{refused}", "{site.put("/b.ics", EVENT)}')
        checked = run(settings, "check", "--online", file)

    assert other.asked == []
    assert (checked.exit_code, checked.output) == (0, f"{file}: ok; works: 1 offers\n")


def test_a_source_that_eats_memory_ends_its_child_and_the_check_goes_on(settings, tmp_path, monkeypatch):
    monkeypatch.setattr("harvesters.look.LookJob", partial(LookJob, max_memory_bytes=500_000_000))
    with running_site() as site:
        greedy = site.put("/a.json", gzip.compress(b"[" + b"{}," * 6_500_000 + b"{}]"), Content_Encoding="gzip")
        file = Path(described(tmp_path, "mv_viel", greedy))
        file.write_text(file.read_text("utf-8").replace('"ical"', '"json"'), encoding="utf-8")
        good = described(tmp_path, "mv_gut", site.put("/a.ics", EVENT))

        checked = run(settings, "check", "--online", str(file), good)

    assert checked.exit_code == 1
    assert "zu viel Arbeitsspeicher" in checked.output
    assert f"{good}: ok; works: 1 offers" in checked.output


def test_a_wrong_description_is_said_with_its_key(settings, tmp_path):
    file = described(tmp_path, "mv_falsch", "ftp://a.example/")

    checked = run(settings, "check", file)

    assert checked.exit_code == 1
    assert "access" in checked.output
