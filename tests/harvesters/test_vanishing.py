"""What happens to offers that a source no longer shows, calls off, or calls gone for good, over real HTTP (law 2)."""

import json

import pytest

from schemas.db import Database
from schemas.harvest import Access, RunStatus, Source
from schemas.offer import Offer
from schemas.store import harvest as store
from schemas.store.offers import offer_by_id, published_offers
from schemas.store.reviews import held, resolve_withdrawal
from schemas.vocabulary import Status
from tests.factories import NOW, make_source
from tests.harvesters.feed_site import HOUR, ROWS, harvested, serve, titles
from tests.harvesters.loopback import Site


def test_an_offer_is_withdrawn_when_it_was_missed_twice(filled: Database, site: Site, source: Source) -> None:
    serve(site, ROWS[1:])
    first = harvested(filled, source, 1)
    after_first = titles(filled)
    second = harvested(filled, source, 2)

    assert (first.missing, first.withdrawn, len(after_first)) == (1, 0, 10)
    assert (second.missing, second.withdrawn, len(titles(filled))) == (1, 1, 9)


def test_an_offer_that_returns_is_the_same_offer(filled: Database, site: Site, source: Source) -> None:
    with filled.read() as session:
        before = {offer.title: offer.id for offer in published_offers(session)}
    serve(site, ROWS[1:])
    harvested(filled, source, 1)
    harvested(filled, source, 2)
    serve(site, ROWS)

    run = harvested(filled, source, 3)

    assert run.returned == 1
    with filled.read() as session:
        assert {offer.title: offer.id for offer in published_offers(session)} == before


def test_a_mass_loss_is_laid_on_the_desk(filled: Database, site: Site, source: Source) -> None:
    serve(site, ROWS[:4])
    for hours in (1, 2, 3):
        run = harvested(filled, source, hours)

    assert (run.missing, run.withdrawn, len(titles(filled))) == (6, 0, 10)
    assert "6 von 10 Angeboten fehlen auf einmal" in (run.message or "")
    assert "gate.too_many_vanished" in {issue.rule for issue in run.issues}


# -- kept by a coordinator --------------------------------------------------------------------------------------------


@pytest.fixture
def kept(database: Database, site: Site, source: Source) -> Database:
    """Six of ten offers vanished; a coordinator keeps all six."""
    harvested(database, source)
    serve(site, ROWS[:4])
    harvested(database, source, 1)
    with database.begin() as session:
        waiting = [review for item in held(session) for review in item.reviews]
        for review in waiting:
            assert review.id is not None
            resolve_withdrawal(session, review.id, withdraw=False, by="koordination", now=NOW + 2 * HOUR)
    assert len(waiting) == 6
    return database


def test_a_kept_offer_stays_however_often_it_is_missed(kept: Database, site: Site, source: Source) -> None:
    runs = [harvested(kept, source, hours) for hours in (3, 4, 5)]

    assert [(run.status, run.missing, run.withdrawn) for run in runs] == [(RunStatus.COMPLETE, 0, 0)] * 3
    assert len(titles(kept)) == 10
    with kept.read() as session:
        assert held(session) == []


def test_a_kept_offer_stays_where_few_are_missing(kept: Database, site: Site, source: Source) -> None:
    serve(site, ROWS[:9])

    runs = [harvested(kept, source, hours) for hours in (3, 4, 5)]

    assert [(run.returned, run.withdrawn) for run in runs] == [(5, 0), (0, 0), (0, 0)]
    assert "Waldtag 10" in titles(kept)


def test_a_kept_offer_that_was_shown_again_is_an_offer_like_any(kept: Database, site: Site, source: Source) -> None:
    serve(site, ROWS)
    harvested(kept, source, 3)
    serve(site, ROWS[:9])

    runs = [harvested(kept, source, hours) for hours in (4, 5)]

    assert [(run.missing, run.withdrawn) for run in runs] == [(1, 0), (1, 1)]
    assert "Waldtag 10" not in titles(kept)


# -- said by the source -----------------------------------------------------------------------------------------------


def pages(site: Site, **access: object) -> Source:
    """A trusted source with a page per offer, five of them."""
    numbers = range(1, 6)
    site.put("/kita", "".join(f'<a class="angebot" href="/angebot/{number}">Angebot</a>' for number in numbers))
    for number in numbers:
        event = {"@type": "Event", "name": f"Waldtag {number} für Kita-Gruppen", "startDate": "2027-05-04T09:00"}
        put_event(site, number, event)
    given = {"kind": "structured", "start": (f"{site.base}/kita",), "follow": "a.angebot"}
    return make_source(access=Access.model_validate(given | access))


def put_event(site: Site, number: int, event: dict[str, str]) -> None:
    site.put(f"/angebot/{number}", f'<script type="application/ld+json">{json.dumps(event)}</script>')


def offers(database: Database, source: Source) -> dict[str, Offer]:
    """Every offer of ``source`` by the end of its key."""
    with database.read() as session:
        keys = store.known(session, source.name)
        found = {key.key[-1]: offer_by_id(session, *store.offer_ids(session, source.name, [key])) for key in keys}
    return {end: offer for end, offer in found.items() if offer is not None}


def test_an_offer_whose_page_is_gone_for_good_is_withdrawn_at_once(database: Database, site: Site) -> None:
    source = pages(site)
    harvested(database, source)
    site.put("/angebot/2", status=410)
    site.put("/angebot/3", status=404)

    run = harvested(database, source, 1)

    assert (run.status, run.missing, run.withdrawn) == (RunStatus.COMPLETE, 2, 1)
    states = {end: offer.status for end, offer in offers(database, source).items()}
    assert states == {"1": "published", "2": "gone", "3": "published", "4": "published", "5": "published"}
    assert {"fetch.gone", "fetch.not_found"} <= {issue.rule for issue in run.issues}


def test_a_page_that_is_gone_counts_though_another_fails(sqlite_database: Database, site: Site) -> None:
    source = pages(site)
    harvested(sqlite_database, source)
    site.put("/angebot/2", status=410)
    site.put("/angebot/3", status=500)

    run = harvested(sqlite_database, source, 1)

    assert (run.status, run.withdrawn) == (RunStatus.INCOMPLETE, 1)
    assert run.message and "1 zurückgezogen); sonst wurde nichts zurückgezogen" in run.message
    assert offers(sqlite_database, source)["3"].status is Status.PUBLISHED


def test_a_page_that_comes_back_is_the_same_offer(sqlite_database: Database, site: Site) -> None:
    source = pages(site)
    harvested(sqlite_database, source)
    before = offers(sqlite_database, source)["2"]
    answer = site.answers["/angebot/2"]
    site.put("/angebot/2", status=410)
    harvested(sqlite_database, source, 1)
    site.answers["/angebot/2"] = answer

    run = harvested(sqlite_database, source, 2)

    after = offers(sqlite_database, source)["2"]
    assert (run.returned, after.id, after.status) == (1, before.id, Status.PUBLISHED)


def test_a_site_that_calls_all_pages_gone_is_broken(sqlite_database: Database, site: Site) -> None:
    source = pages(site)
    harvested(sqlite_database, source)
    for number in range(1, 6):
        site.put(f"/angebot/{number}", status=410)

    run = harvested(sqlite_database, source, 1)

    assert (run.status, run.withdrawn) == (RunStatus.FAILED, 0)
    assert {offer.status for offer in offers(sqlite_database, source).values()} == {Status.PUBLISHED}


def test_a_page_that_calls_its_event_off_cancels_it_at_once(sqlite_database: Database, site: Site) -> None:
    source = pages(site)
    harvested(sqlite_database, source)
    event = {"@type": "Event", "name": "Waldtag 2 für Kita-Gruppen", "startDate": "2027-05-04T09:00"}
    put_event(site, 2, event | {"eventStatus": "https://schema.org/EventCancelled"})

    run = harvested(sqlite_database, source, 1)

    assert (run.changed, run.unchanged) == (1, 4)
    assert offers(sqlite_database, source)["2"].status is Status.CANCELLED


def test_a_calendar_that_calls_its_event_off_cancels_it_at_once(sqlite_database: Database, site: Site) -> None:
    def calendar(status: str) -> str:
        event = ["UID:1", "SUMMARY:Waldtag für Kita-Gruppen", "DTSTART:20270504T090000", f"STATUS:{status}"]
        return "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *event, "END:VEVENT", "END:VCALENDAR", ""])

    site.put("/kalender.ics", calendar("CONFIRMED"))
    source = make_source(access={"kind": "ical", "start": (f"{site.base}/kalender.ics",)})
    harvested(sqlite_database, source)
    before = offers(sqlite_database, source)["1"].status
    site.put("/kalender.ics", calendar("CANCELLED"))

    harvested(sqlite_database, source, 1)

    assert (before, offers(sqlite_database, source)["1"].status) == (Status.PUBLISHED, Status.CANCELLED)
