"""*Please do not list us*, from the telephone call to every later run: nothing asked, nothing stored, nothing shown."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from harvesters.run import harvest, replay
from schemas.db import Database
from schemas.harvest import Access, RunStatus, Source
from schemas.store.kitas import save_kita
from schemas.store.offers import Tombstone, public_offer
from schemas.store.publishing import rebuild
from schemas.store.work import add_work, claim_work
from schemas.tables.harvest import pages, records, source_offers
from schemas.tables.work import hosts
from tests.factories import NOW, make_kita, make_place, make_recipient, make_source
from tests.harvesters.loopback import Site, running_site
from tests.journeys.conftest import READING, World
from tests.journeys.visitor import Visitor
from webapp.app import create_app
from webapp.digest import prepare
from webapp.jobs import Task, harvest_job, issuing
from webapp.ranking import rank_week

WEEK = "2026-W48"
FOR_KITAS = "Eine Führung für Kita-Gruppen von 3 bis 6 Jahren, Hauptstraße 1, 17489 Greifswald."
CALENDAR = (
    "Nr;Titel;Anbieter;Wann;Text\n"
    f"1;Nacht im Museum;Museum am Hafen e. V.;8.12.2026;{FOR_KITAS}\n"
    f"2;Puppentheater;Theater im Hof;9.12.2026;{FOR_KITAS}\n"
)


@pytest.fixture
def museum() -> Iterator[Site]:
    """The web site of a museum, under a host name of its own, with two offers on pages that are crawled."""
    with running_site() as site:
        site.base = site.base.replace("127.0.0.1", "localhost")
        links = "".join(f'<a class="angebot" href="/kita/{name}">{name}</a>' for name in ("dinos", "schiffe"))
        site.put("/kita", f"<html>{links}</html>")
        for name in ("dinos", "schiffe"):
            site.put(f"/kita/{name}", f"<html><h1>{name.title()} erleben</h1><p class='text'>{FOR_KITAS}</p></html>")
        yield site


@pytest.fixture
def calendar() -> Iterator[Site]:
    """A calendar of the region that lists the museum too."""
    with running_site() as site:
        site.put("/kalender.csv", CALENDAR, ETag='"1"')
        yield site


def the_museum(site: Site) -> Source:
    access = {"kind": "html", "start": (f"{site.base}/kita",), "follow": "a.angebot"}
    return make_source(
        "mv_museum_am_hafen",
        title="Museum am Hafen",
        provider="Museum am Hafen",
        homepage=site.base,
        access=Access.model_validate(access | {"fields": {"title": "h1", "text": ".text"}}),
    )


def the_calendar(site: Site) -> Source:
    fields = {"title": "Titel", "provider": "Anbieter", "dates": "Wann", "text": "Text"}
    access = {"kind": "csv", "start": (f"{site.base}/kalender.csv",), "key": "Nr", "fields": fields}
    return make_source(
        "mv_kalender", title="Kalender", provider=None, homepage=site.base, access=Access.model_validate(access)
    )


def titles(visitor: Visitor) -> set[str]:
    response = visitor.open("/offers.json").response
    return {offer["title"] for offer in response.json["items"]}  # type: ignore[index]


def stored(database: Database, words: str) -> int:
    """How often ``words`` stand in what is stored of sources."""
    with database.read() as session:
        said = [*session.scalars(select(records.c.data)), *session.scalars(select(source_offers.c.data))]
    return sum(words.encode() in data for data in said)


def mailed(world: World) -> set[str]:
    """The offers whose pages are linked in a weekly mail that has been written for a Kita next door."""
    with world.database.begin() as session:
        kita = make_kita(place=make_place(name="Kita"), recipients=(make_recipient(),), max_cost_per_child_eur=None)
        save_kita(session, kita, now=NOW)
    rank_week(world.database, week=WEEK, now=NOW)
    prepared = prepare(world.database, issuing(world.settings), week=WEEK, now=NOW)
    return {offer for mail in prepared.mails for offer in mail.offers}


def test_whoever_asks_not_to_be_listed_stays_away_for_good(world: World, museum: Site, calendar: Site) -> None:
    sources = (the_museum(museum), the_calendar(calendar))
    for source in sources:
        run = harvest(world.database, source, settings=READING, now=world.now)
        assert run.status is RunStatus.COMPLETE, run.message
    visitor = world.visitor()
    assert titles(visitor) == {"Dinos erleben", "Schiffe erleben", "Nacht im Museum", "Puppentheater"}
    sent = mailed(world)
    offers = {offer["title"]: offer["id"] for offer in visitor.open("/offers.json").response.json["items"]}  # type: ignore[index]
    dinos = offers["Dinos erleben"]
    before = visitor.open("/healthz").response.json["change"]  # type: ignore[index]

    # the coordinator notes the call, sees what will happen, and says yes
    desk = world.coordinator()
    form = desk.open(f"/desk/nicht-listen?angebot={dinos}")
    told = desk.submit(form, "/pruefen", website=f"{museum.base}/kita", warum="Anruf vom Museum")
    assert "Museum am Hafen" in told.section("Quellen")
    assert "3 Angebote verschwinden" in told.section("Angebote")
    assert titles(visitor) == set(offers)
    done = desk.submit(told, "/nicht-listen", button="So eintragen")
    assert "3 Angebote sind entfernt" in done.text

    # gone from pages, mails' links, feeds and the database
    assert titles(visitor) == {"Puppentheater"}
    for title in ("Dinos erleben", "Schiffe erleben", "Nacht im Museum"):
        assert visitor.open(f"/angebote/{offers[title]}").status == 410
        assert visitor.open(f"/offers/{offers[title]}.json").response.json["status"] == "gone"  # type: ignore[index]
    linked = sent - {offers["Puppentheater"]}
    assert linked and {visitor.open(f"/angebote/{offer}").status for offer in linked} == {410}
    stones = visitor.open(f"/offers.ndjson?changed_since={before}").response.text
    assert stones.count('"status":"gone"') == 3 and all(
        offers[title] in stones for title in offers if "er" not in title
    )
    assert world.app.test_client().get("/offers.atom").text.count("deleted-entry ref=") == 3
    assert stored(world.database, "Dinos") == stored(world.database, "Nacht im Museum") == 0
    assert stored(world.database, "Puppentheater") == 2
    with world.database.read() as session:
        addresses = [*session.scalars(select(hosts.c.host)), *session.scalars(select(pages.c.url))]
    assert not any("localhost" in address for address in addresses)

    # no later run asks the site for anything, and no calendar brings the museum back
    museum.asked.clear()
    calendar.put("/kalender.csv", CALENDAR + f"3;Hafentag;Museum am Hafen;10.12.2026;{FOR_KITAS}\n", ETag='"2"')
    world.pass_time(days=8)
    with world.database.begin() as session:
        number = add_work(session, "harvest", world.now.replace(hour=3))
        work = claim_work(session, now=world.now, work_id=number)
    assert work is not None
    due = harvest_job(Task(world.database, world.settings, work))["due"]
    assert "mv_museum_am_hafen" not in due and "mv_kalender" in due
    for moment in range(2):
        for source in sources:
            run = harvest(world.database, source, settings=READING, now=world.now + timedelta(days=moment))
            wanted = RunStatus.EXCLUDED if source == sources[0] else run.status
            assert run.status is wanted and run.status is not RunStatus.FAILED
            replay(world.database, source, now=world.now + timedelta(days=moment, hours=1))
    assert museum.asked == []
    assert titles(visitor) == {"Puppentheater"}
    assert stored(world.database, "Hafentag") == 0

    # nor does a restart, or computing everything anew
    with world.database.begin() as session:
        assert rebuild(session, world.now) == 0
        assert isinstance(public_offer(session, dinos), Tombstone)
        assert session.scalar(select(func.count()).select_from(records)) == 1
    restarted = Visitor(create_app(world.settings, world.database, now=lambda: world.now))
    assert restarted.open(f"/angebote/{dinos}").status == 410

    # taken back, the museum may be read again, and its offer returns to its old address
    page = desk.open("/desk/nicht-listen")
    for number in (1, 2):
        page = desk.submit(page, f"/{number}/zuruecknehmen")
    harvest(world.database, sources[0], settings=READING, now=world.now + timedelta(days=9))
    assert restarted.open(f"/angebote/{dinos}").status == 200
