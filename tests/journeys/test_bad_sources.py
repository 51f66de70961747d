"""Sources that are ill, over real HTTP: each says what is wrong, where and what to do; nothing stored is lost."""

from __future__ import annotations

import pytest

from harvesters.run import harvest_all
from harvesters.source import load_source
from schemas.exceptions import SourceError
from schemas.harvest import HarvestRun, RunStatus, Source
from schemas.store.offers import public_page
from schemas.store.runs import runs
from schemas.vocabulary import ScheduleKind
from tests.factories import NOW
from tests.harvesters.loopback import running_site
from tests.journeys.conftest import READING, World
from webapp.demo.providers.server import Fault

ICAL, CSV, JSON = "mv_beispiel_bibliothek_ical", "mv_beispiel_lernorte_csv", "mv_beispiel_naturpark_json"
PAGES, MARKED_UP = "mv_beispiel_wald", "mv_beispiel_museum"
SITES = {ICAL: "bibliothek", CSV: "lernorte", JSON: "naturpark", PAGES: "wald", MARKED_UP: "museum"}
FAULTS: tuple[Fault, ...] = ("down", "maintenance", "empty", "truncated")
BAD_END = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Test//DE
BEGIN:VEVENT
UID:verdreht@kalender.example
DTSTAMP:20261101T080000Z
DTSTART:20261201T100000Z
DTEND:20261201T090000Z
SUMMARY:Vorlesen für Kita-Gruppen
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")

MISSPELT = """
name = "mv_falsch"
title = "Falsch"
region = "13075"
homepage = "https://falsch.example"
rythm = "weekly"
[access]
kind = "ical"
start = ["https://falsch.example/a.ics"]
follows = "a"
"""


def published(world: World) -> list[tuple[str, int]]:
    """Id and version of every published offer: a changed word would be a new version."""
    with world.database.read() as session:
        return [(offer.id, offer.version) for offer in public_page(session, "", 1000)]


def says(run: HarvestRun) -> str:
    """Everything that a coordinator reads about a run."""
    parts = [run.message or ""]
    parts += [f"{issue.where} {issue.message or ''} {issue.remedy or ''}" for issue in run.issues]
    return " ".join(parts).lower()


@pytest.mark.parametrize("source", [ICAL, CSV, JSON, PAGES, MARKED_UP])
def test_an_ill_source_says_what_is_wrong_and_loses_nothing_however_often_it_is_read(sqlite_world, source):
    world = sqlite_world
    assert world.harvest(source).status is RunStatus.COMPLETE
    before = published(world)
    assert before
    site = world.providers.sites[SITES[source]]

    for fault in FAULTS:
        site.break_with(fault)
        ill = world.harvest(source)
        assert ill.status in (RunStatus.FAILED, RunStatus.INCOMPLETE), fault
        assert ill.withdrawn == 0, fault
        assert published(world) == before, fault
        missing = [
            part for part in (source, site.listing_url, "bitte", "nichts wurde zurückgezogen") if part not in says(ill)
        ]
        assert missing == [], f"{fault}: {says(ill)}"

    site.break_with(None)
    well = world.harvest(source)
    assert well.status in (RunStatus.COMPLETE, RunStatus.UNCHANGED)
    assert well.unchanged == len(site.content.offers)
    assert published(world) == before


@pytest.mark.parametrize("source", [ICAL, JSON, PAGES, MARKED_UP])
def test_a_wrong_charset_is_told_and_costs_no_umlaut(sqlite_world, source):
    world = sqlite_world
    world.harvest(source)
    before = published(world)
    site = world.providers.sites[SITES[source]]

    site.break_with("wrong_encoding")
    run = world.harvest(source)

    assert (run.status, run.unchanged) == (RunStatus.COMPLETE, len(site.content.offers))
    assert published(world) == before
    assert "anders kodiert" in says(run)


def test_a_table_in_unicode_is_read_whatever_its_description_says(sqlite_world):
    world = sqlite_world
    world.harvest(CSV)
    before = published(world)

    world.providers.break_with(SITES[CSV], "wrong_encoding")
    run = world.harvest(CSV)

    assert run.status is RunStatus.COMPLETE
    assert published(world) == before


def test_an_ill_source_concerns_no_other(sqlite_world):
    world = sqlite_world
    world.providers.break_with(SITES[JSON], "maintenance")

    found = harvest_all(
        world.database, [world.sources[name] for name in (ICAL, JSON, CSV)], settings=READING, now=world.now
    )

    assert [run.status for run in found] == [RunStatus.COMPLETE, RunStatus.FAILED, RunStatus.COMPLETE]
    with world.database.read() as session:
        kept = {run.source: run.status for run in runs(session, region="13075")}
    assert kept == {ICAL: RunStatus.COMPLETE, JSON: RunStatus.FAILED, CSV: RunStatus.COMPLETE}
    assert {offer_id for offer_id, _version in published(world)}


def test_the_desk_says_what_is_wrong_with_a_source(sqlite_world):
    world = sqlite_world
    world.providers.break_with(SITES[JSON], "maintenance")
    world.harvest(JSON)

    desk = world.coordinator()
    for page in (desk.open("/desk/quellen"), desk.open(f"/desk/abrufe/{JSON}")):
        assert page.status == 200
        assert "Statt JSON kam eine Internetseite" in page.text


def test_a_source_that_vanishes_almost_whole_is_held_for_a_coordinator(sqlite_world):
    world = sqlite_world
    world.harvest(CSV)
    before = published(world)
    site = world.providers.sites["lernorte"]
    for offer in site.content.offers[16:]:
        site.hide(offer.key)

    missing = [world.harvest(CSV) for _ in range(3)]

    assert [run.withdrawn for run in missing] == [0, 0, 0]
    assert published(world) == before
    assert "bitte prüfen" in says(missing[0])
    desk = world.coordinator().open("/desk/offen")
    assert world.offer(world.offer_id(CSV, "120")).title in desk.text


def test_an_event_that_ends_before_it_starts_keeps_its_start_and_says_so(sqlite_world):
    world = sqlite_world
    with running_site() as site:
        address = site.put("/kalender.ics", BAD_END, Content_Type="text/calendar; charset=utf-8")
        world.sources["mv_verdreht"] = Source.model_validate(
            {
                "name": "mv_verdreht",
                "title": "Verdrehter Kalender",
                "provider": "Verdrehter Kalender",
                "region": "13075",
                "homepage": site.base,
                "trust": "publish",
                "access": {"kind": "ical", "start": [address]},
            }
        )
        run = world.harvest("mv_verdreht")

    assert (run.status, run.new) == (RunStatus.COMPLETE, 1)
    schedule = world.offer(world.offer_id("mv_verdreht", "verdreht")).schedule
    assert schedule is not None and schedule.kind is ScheduleKind.DATED
    (instance,) = schedule.occurrences
    assert instance.start is not None and instance.start.hour == 11
    assert instance.end is None
    assert [part for part in ("mv_verdreht", address, "ende") if part not in says(run)] == []


def test_a_description_with_unknown_keys_names_file_key_and_remedy(tmp_path):
    path = tmp_path / "mv_falsch.toml"
    path.write_text(MISSPELT, encoding="utf-8")

    with pytest.raises(SourceError) as caught:
        load_source(path)

    message = str(caught.value)
    assert [part for part in (str(path), "rythm", "access.follows", "rhythm") if part not in message] == []


def test_a_run_of_a_source_without_network_is_kept_with_the_moment(sqlite_world):
    world = sqlite_world
    closed = world.sources[ICAL]
    world.providers.sites["bibliothek"].close()

    run = world.harvest(closed.name)

    assert run.status is RunStatus.FAILED
    assert run.started_at > NOW
    assert [part for part in (closed.access.start[0], "nicht erreichbar") if part not in (run.message or "")] == []
