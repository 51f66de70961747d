"""Pages that have not changed are not sent again, and all their offers count as seen; over real HTTP, both clients."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from harvesters.fetch.client import Client
from harvesters.normalise import record as normaliser
from harvesters.reading import fingerprint_of
from harvesters.spool import read_spool
from schemas.db import Database
from schemas.exclusion import ExclusionKind, Wish
from schemas.harvest import Access, Record, RunStatus, Source
from schemas.store import harvest as store
from schemas.store.exclusions import exclude
from schemas.store.offers import published_offers
from schemas.store.pages import KEEP_PAGES, Page, keep_pages, pages, purge_pages
from schemas.store.runs import delete_source, steer_source
from schemas.tables.harvest import pages as table
from tests.factories import NOW, make_record, make_source
from tests.harvesters.feed_site import HOUR, ROWS, feed, harvested, serve, titles
from tests.harvesters.loopback import QUICK, Site

NUMBERS = range(1, 6)
LISTINGS = ["/kita", "/kita?seite=2"]
OFFERS = [f"/angebot/{number}" for number in NUMBERS]


def put_listing(site: Site, shown: tuple[int, ...] = (1, 2, 3), more: tuple[int, ...] = (4, 5), tag: str = "1") -> None:
    """Two listing pages, with an ETag each."""
    links = [f'<a class="angebot" href="/angebot/{number}">Angebot</a>' for number in (*shown, *more)]
    first, second = links[: len(shown)], links[len(shown) :]
    site.put(
        "/kita", f'<html>{"".join(first)}<a class="weiter" href="/kita?seite=2">weiter</a></html>', ETag=f'"{tag}"'
    )
    site.put("/kita?seite=2", f"<html>{''.join(second)}</html>", ETag=f'"{tag}-2"')


def put_offer(site: Site, number: int, tag: str = "1", **changes: Any) -> None:
    """The page of an offer; half of the pages have an ETag, half of them a date."""
    event = {"@type": "Event", "name": f"Waldtag {number} für Kita-Gruppen", "startDate": "2027-05-04T09:00"} | changes
    body = f'<html><script type="application/ld+json">{json.dumps(event)}</script></html>'
    day = f"Mon, 23 Nov 2026 07:00:{int(tag):02} GMT"
    site.put(f"/angebot/{number}", body, **({"ETag": f'"{tag}"'} if number % 2 else {"Last_Modified": day}))


@pytest.fixture
def wood(site: Site) -> Source:
    """A trusted source of five offers, a page each, on two listing pages."""
    put_listing(site)
    for number in NUMBERS:
        put_offer(site, number)
    access = {"kind": "structured", "start": (f"{site.base}/kita",), "follow": "a.angebot", "next": "a.weiter"}
    expect = {"offers": {"min": 2, "max": 50, "max_vanished": 0.25}}
    return make_source("mv_wald", access=Access.model_validate(access), expect=expect)


def read_again(database: Database, site: Site, source: Source, hours: int = 1) -> Any:
    """A later run, of which ``site.asked`` tells alone."""
    site.asked.clear()
    return harvested(database, source, hours)


def remembered(database: Database, source: Source) -> list[str]:
    """Paths of the pages that are remembered."""
    base = source.access.start[0].rpartition("/")[0]
    with database.read() as session:
        return sorted(url.removeprefix(base) for url in pages(session, source.name))


# -- web pages --------------------------------------------------------------------------------------------------------


def test_an_unchanged_site_is_asked_for_every_page_and_sends_none(database: Database, site: Site, wood: Source) -> None:
    assert harvested(database, wood).new == 5
    assert site.conditional() == []

    run = read_again(database, site, wood)

    assert (run.status, run.records, run.unchanged, run.missing) == (RunStatus.UNCHANGED, 5, 5, 0)
    assert run.message == "Unverändert; 5 Angebote weiterhin gültig."
    assert sorted(site.conditional()) == sorted(site.paths()) == sorted((*OFFERS, *LISTINGS))
    with database.read() as session:
        assert {offer.last_seen for offer in published_offers(session)} == {NOW + HOUR}


def test_a_listing_that_has_not_changed_leads_to_the_page_that_has(
    database: Database, site: Site, wood: Source
) -> None:
    harvested(database, wood)
    put_offer(site, 4, tag="2", name="Moortag 4 für Kita-Gruppen")

    run = read_again(database, site, wood)

    assert (run.status, run.records, run.changed, run.unchanged) == (RunStatus.COMPLETE, 5, 1, 4)
    assert "Moortag 4 für Kita-Gruppen" in titles(database)


def test_what_an_unchanged_site_does_not_show_is_missing_and_returns(
    sqlite_database: Database, site: Site, wood: Source
) -> None:
    harvested(sqlite_database, wood)
    put_listing(site, (1, 2, 3), (4,), tag="2")

    first = read_again(sqlite_database, site, wood, 1)
    second = read_again(sqlite_database, site, wood, 2)
    put_listing(site)
    third = read_again(sqlite_database, site, wood, 3)

    assert (first.status, first.missing, first.withdrawn) == (RunStatus.COMPLETE, 1, 0)
    assert (second.status, second.missing, second.withdrawn) == (RunStatus.COMPLETE, 1, 1)
    assert (third.status, third.returned, third.unchanged) == (RunStatus.COMPLETE, 1, 4)
    assert len(titles(sqlite_database)) == 5
    assert "/angebot/5" not in site.conditional()  # it was forgotten with the listing that led to it


def test_a_page_that_fails_is_not_unchanged_and_the_others_are(
    sqlite_database: Database, site: Site, wood: Source
) -> None:
    harvested(sqlite_database, wood)
    site.put("/angebot/2", status=500)
    site.put("/angebot/3", status=410)

    run = read_again(sqlite_database, site, wood)
    for number in (2, 3):
        put_offer(site, number)
    later = read_again(sqlite_database, site, wood, 2)

    assert (run.status, run.unchanged, run.missing, run.withdrawn) == (RunStatus.INCOMPLETE, 3, 2, 1)
    assert (later.status, later.returned, later.unchanged) == (RunStatus.COMPLETE, 1, 4)
    assert sorted(site.conditional()) == sorted({*OFFERS, *LISTINGS} - {"/angebot/2", "/angebot/3"})


@pytest.mark.parametrize("change", ["normaliser", "wording", "selector", "age"])
def test_what_would_be_read_otherwise_today_is_asked_for_in_full(
    sqlite_database: Database, site: Site, wood: Source, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    harvested(sqlite_database, wood)
    hours, to_be_sent = 1, OFFERS
    if change == "normaliser":
        for module in ("harvesters.process", "harvesters.run"):
            monkeypatch.setattr(f"{module}.VERSION", normaliser.VERSION + "+")
    elif change == "wording":
        with sqlite_database.begin() as session:
            steer_source(session, wood.name, {"lookups": {"ages": {"Minis": "ab 2 Jahren"}}}, by="Uta", now=NOW)
    elif change == "selector":
        access = wood.access.model_copy(update={"follow": "a[class=angebot]"})
        wood, to_be_sent = wood.model_copy(update={"access": access}), [*OFFERS, *LISTINGS]
    else:
        hours, to_be_sent = KEEP_PAGES // HOUR, [*OFFERS, *LISTINGS]

    run = read_again(sqlite_database, site, wood, hours)

    assert (run.status, run.records) == (RunStatus.COMPLETE, 5)
    assert set(site.conditional()) == {*OFFERS, *LISTINGS} - {*to_be_sent}


def test_a_crash_while_storing_does_not_turn_pages_into_seen_ones(
    sqlite_database: Database, site: Site, wood: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr("harvesters.process.normalise", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            harvested(sqlite_database, wood)

    run = read_again(sqlite_database, site, wood)

    assert (run.status, run.new, site.conditional()) == (RunStatus.COMPLETE, 5, [])


def test_only_pages_that_were_read_whole_without_complaint_are_remembered(
    sqlite_database: Database, site: Site, wood: Source
) -> None:
    site.put("/angebot/2", "<html><p>Kein Angebot</p></html>", ETag='"1"')
    site.put("/angebot/3", '<html><script type="application/ld+json">{"@type": "Event", "na', ETag='"1"')
    site.put("/kita?seite=2", '<html><main><a class="angebot" href="/angebot/4">', ETag='"1"')

    run = harvested(sqlite_database, wood)
    again = read_again(sqlite_database, site, wood)

    assert (run.status, again.status) == (RunStatus.INCOMPLETE, RunStatus.INCOMPLETE)
    assert remembered(sqlite_database, wood) == ["/angebot/1", "/angebot/4", "/kita"]
    assert {issue.rule for issue in run.issues} == {issue.rule for issue in again.issues}


def test_a_page_that_was_moved_is_asked_where_it_is_now(sqlite_database: Database, site: Site, wood: Source) -> None:
    for number in (1, 2):
        site.answers[f"/neu/{number}"] = site.answers[f"/angebot/{number}"]
        site.put(f"/angebot/{number}", status=301, Location=f"/neu/{number}")
    harvested(sqlite_database, wood)

    run = read_again(sqlite_database, site, wood)

    assert (run.status, run.unchanged) == (RunStatus.UNCHANGED, 5)
    assert {"/neu/1", "/neu/2"} <= set(site.conditional())
    assert not {"/angebot/1", "/angebot/2"} & set(site.conditional())


def test_what_was_erased_for_its_provider_does_not_come_back_by_an_unchanged_page(
    sqlite_database: Database, site: Site, wood: Source
) -> None:
    wood = wood.model_copy(update={"provider": None})
    put_offer(site, 2, organizer={"@type": "Organization", "name": "Beispielmuseum"})
    harvested(sqlite_database, wood)
    with sqlite_database.begin() as session:
        wish = Wish(kind=ExclusionKind.PROVIDER, value="Beispielmuseum")
        exclude(session, [wish], region="13075", by="Anna", now=NOW)

    runs = [read_again(sqlite_database, site, wood, hours) for hours in (1, 2)]

    assert [run.status for run in runs] == [RunStatus.COMPLETE] * 2
    assert "/angebot/2" in site.paths() and "/angebot/2" not in site.conditional()
    assert "/angebot/2" not in remembered(sqlite_database, wood)
    assert len(titles(sqlite_database)) == 4


# -- feeds ------------------------------------------------------------------------------------------------------------


def test_the_same_address_under_another_name_is_read_in_full(
    sqlite_database: Database, site: Site, source: Source
) -> None:
    serve(site, ROWS, ETag='"1"')
    harvested(sqlite_database, source)
    with sqlite_database.begin() as session:
        delete_source(session, source.name, by="Uta", now=NOW)

    run = harvested(sqlite_database, source.model_copy(update={"name": "mv_neu"}), 1)

    assert (run.status, run.new) == (RunStatus.COMPLETE, 10)
    with sqlite_database.read() as session:
        assert session.scalars(select(table.c.source)).all() == ["mv_neu"]


def test_a_feed_that_goes_back_to_what_it_was_is_read_again(
    sqlite_database: Database, site: Site, source: Source
) -> None:
    serve(site, ROWS, ETag='"1"')
    harvested(sqlite_database, source)
    serve(site, [ROWS[0] | {"titel": "Wartung"}], ETag='"2"')
    broken = harvested(sqlite_database, source, 1)
    serve(site, ROWS, ETag='"1"')

    run = harvested(sqlite_database, source, 2)

    assert (broken.status, broken.changed) == (RunStatus.INCOMPLETE, 1)
    assert (run.status, run.changed) == (RunStatus.COMPLETE, 1)
    assert "Wartung" not in titles(sqlite_database)


def test_a_server_that_says_not_modified_though_nobody_asked_is_broken(
    filled: Database, site: Site, source: Source
) -> None:
    site.put("/angebote.json", status=304)

    run = harvested(filled, source, 1)

    assert run.status is RunStatus.FAILED
    assert [issue.rule for issue in run.issues] == ["fetch.status"]


@pytest.mark.parametrize(
    "tag", ['"' + "x" * 600 + '"', '"\xe4"', '"a\x07b"', ""], ids=["long", "not ASCII", "control", "empty"]
)
def test_a_validator_that_cannot_be_sent_back_is_not_kept(site: Site, tag: str) -> None:
    address = site.put("/a", "x", ETag=tag)

    assert Client(QUICK).get(address, source="mv_probe").validators is None


# -- feeds of several pages -------------------------------------------------------------------------------------------

PAGES = ["/seite1", "/seite2", "/seite3"]


def paged(site: Site, pages: list[list[dict[str, Any]]], tags: str = "111", **headers: str) -> Source:
    """A JSON feed of several pages, with an ETag each where ``headers`` are absent."""
    for number, (rows, tag) in enumerate(zip(pages, tags, strict=False), start=1):
        following = f"/seite{number + 1}" if number < len(pages) else None
        body = json.dumps({"angebote": rows, "weiter": following})
        site.put(f"/seite{number}", body, **(headers or {"ETag": f'"{number}-{tag}"'}))
    return feed(site, access={"start": (f"{site.base}/seite1",), "items": "angebote", "next": "weiter"})


def test_a_feed_is_unchanged_where_every_page_of_it_is(database: Database, site: Site) -> None:
    source = paged(site, [ROWS[:4], ROWS[4:8], ROWS[8:]])
    assert harvested(database, source).new == 10

    run = read_again(database, site, source)
    later = read_again(database, site, source, 2)

    assert (run.status, run.unchanged, run.missing) == (RunStatus.UNCHANGED, 10, 0)
    assert later.status is RunStatus.UNCHANGED
    assert site.conditional() == site.paths() == PAGES


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_where_one_page_has_changed_all_are_read(sqlite_database: Database, site: Site, changed: int) -> None:
    source = paged(site, [ROWS[:4], ROWS[4:8], ROWS[8:]])
    harvested(sqlite_database, source)
    rows = [row | {"titel": "Moortag"} if number == 4 * changed else row for number, row in enumerate(ROWS)]
    paged(site, [rows[:4], rows[4:8], rows[8:]], "".join("2" if n == changed else "1" for n in range(3)))

    run = read_again(sqlite_database, site, source)

    assert (run.status, run.changed, run.unchanged, run.missing) == (RunStatus.COMPLETE, 1, 9, 0)
    assert "Moortag" in titles(sqlite_database)
    assert site.paths() == [*PAGES[: changed + 1], *(page for page in PAGES if page != f"/seite{changed + 1}")]
    assert read_again(sqlite_database, site, source, 2).status is RunStatus.UNCHANGED


def test_an_offer_that_moved_to_a_page_whose_date_stays_is_not_lost(sqlite_database: Database, site: Site) -> None:
    """Row 2 is deleted, row 5 moves up; the server dates a page by its newest entry, so that page 1 keeps its date."""
    source = paged(site, [ROWS[:4], ROWS[4:8], ROWS[8:]], Last_Modified="Mon, 23 Nov 2026 07:00:00 GMT")
    harvested(sqlite_database, source)
    left = [ROWS[0], *ROWS[2:]]
    paged(site, [left[:4], left[4:8], left[8:]], Last_Modified="Mon, 23 Nov 2026 07:00:00 GMT")
    site.put("/seite2", json.dumps({"angebote": left[4:8], "weiter": "/seite3"}), Last_Modified="Sun, 22 Nov 2026")

    run = read_again(sqlite_database, site, source)

    assert (run.status, run.unchanged, run.missing) == (RunStatus.COMPLETE, 9, 1)


def test_a_page_that_fails_leaves_the_feed_incomplete_though_the_first_has_not_changed(
    sqlite_database: Database, site: Site
) -> None:
    source = paged(site, [ROWS[:4], ROWS[4:8], ROWS[8:]])
    harvested(sqlite_database, source)
    site.put("/seite2", status=404)

    run = read_again(sqlite_database, site, source)

    assert (run.status, run.records, run.withdrawn) == (RunStatus.INCOMPLETE, 4, 0)
    assert site.paths() == ["/seite1", "/seite2", "/seite1"]
    assert remembered(sqlite_database, source) == []


def test_a_feed_of_which_one_page_cannot_be_asked_is_read_in_full(sqlite_database: Database, site: Site) -> None:
    source = paged(site, [ROWS[:4], ROWS[4:8], ROWS[8:]])
    site.put("/seite3", json.dumps({"angebote": ROWS[8:], "weiter": "/seite1"}))  # no ETag, and back to the beginning
    harvested(sqlite_database, source)

    run = read_again(sqlite_database, site, source)

    assert (run.status, run.unchanged) == (RunStatus.COMPLETE, 10)
    assert (site.conditional(), site.paths()) == ([], PAGES)


def test_a_feed_that_leads_back_to_its_beginning_is_unchanged_too(sqlite_database: Database, site: Site) -> None:
    source = paged(site, [ROWS[:4], ROWS[4:]])
    site.put("/seite2", json.dumps({"angebote": ROWS[4:], "weiter": "/seite1"}), ETag='"2"')
    harvested(sqlite_database, source)

    assert read_again(sqlite_database, site, source).status is RunStatus.UNCHANGED


# -- what is remembered -----------------------------------------------------------------------------------------------


def page(url: str, **held: Any) -> Page:
    return replace(Page(url, '"1"', None, "f", NOW), **held)


def test_pages_are_kept_replaced_and_forgotten(database: Database) -> None:
    source = make_source()
    with database.begin() as session:
        store.save_source(session, source, origin="file", now=NOW)
    first = {
        url: page(url, links=("b",), next="c", listing=True) for url in ("https://a.example/1", "https://a.example/2")
    }
    second = {"https://a.example/2": page("https://a.example/2", offers=(("k", 0, "f"),)), "x": page("x", offers=None)}

    for before, after in (({}, first), (first, second)):
        with database.begin() as session:
            keep_pages(session, source.name, before, after)
            assert pages(session, source.name) == after

    with database.begin() as session:
        assert purge_pages(session, NOW + KEEP_PAGES) == 0
        assert purge_pages(session, NOW + KEEP_PAGES + timedelta(seconds=1)) == 2


def spooled(tmp_path: Any, known: dict[str, Page], *lines: dict[str, Any]) -> Any:
    path = tmp_path / "records.ndjson"
    end = {"end": {"complete": True, "pages": 2}}
    path.write_text("".join(json.dumps(line) + "\n" for line in (*lines, end)), encoding="utf-8")
    return read_spool(path, make_source(), NOW, known)


def record_line(record: Record, *order: int) -> dict[str, Any]:
    return {"record": record.model_dump(mode="json"), "order": order}


def page_line(url: str, *order: int, links: tuple[str, ...] = ()) -> dict[str, Any]:
    said = {"url": url, "etag": '"1"', "last_modified": None, "listing": bool(links), "links": links, "next": None}
    return {"page": said, "order": order}


def test_of_an_identity_on_two_pages_the_first_counts_whether_it_was_sent_or_not(tmp_path: Any) -> None:
    known = {url: page(url, offers=(("both", 0, "f"), (url, 0, "f"))) for url in ("one", "three")}
    both = record_line(make_record("both"), 0, 0, 2)

    outcome = spooled(tmp_path, known, {"unchanged": "three", "order": (0, 0, 3)}, both)
    covered = spooled(tmp_path, known, both, {"unchanged": "one", "order": (0, 0, 1)})

    def keys(found: Any) -> set[str]:
        return {key.key for key in found}

    assert [record.origin.key for record in outcome.result.records] == ["both"]
    assert keys(outcome.result.unchanged) == {"three"}
    assert (covered.result.records, keys(covered.result.unchanged)) == ((), {"both", "one"})


def test_a_page_in_two_roles_is_not_remembered(tmp_path: Any) -> None:
    record = make_record("wald")
    lines = (page_line("one", 0, 0, 0, links=("one",)), record_line(record, 0, 0, 1), page_line("one", 0, 0, 1))

    outcome = spooled(tmp_path, {}, *lines, record_line(record, 0, 0, 2), page_line("two", 0, 0, 2))

    fingerprint = fingerprint_of(make_source())
    assert outcome.pages == {
        "two": page("two", fingerprint=fingerprint, offers=(("wald", 0, store.fingerprint(record)),))
    }


def test_what_is_remembered_of_a_source_is_bounded(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harvesters.spool._ROOM", 250)
    lines = [page_line(f"{number}", 0, 0, number, links=("x" * 90,)) for number in range(5)]

    outcome = spooled(tmp_path, {}, *lines, page_line("y" * 3_000, 0, 0, 9))

    assert list(outcome.pages) == ["0", "1"]
