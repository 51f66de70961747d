"""One run from start to finish, over real HTTP: what is stored, what is not touched, and what people read about it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Event
from time import sleep
from typing import Any

import pytest

from harvesters import feeds
from harvesters.normalise import record as normaliser
from harvesters.process import process
from harvesters.run import harvest, harvest_all, read, replay
from schemas.db import Database
from schemas.exceptions import StoreError
from schemas.harvest import Access, AccessKind, HarvestRun, RunStatus, Source
from schemas.store import following
from schemas.store import harvest as store
from schemas.store.offers import latest_change, offer_by_id, published_offers
from schemas.store.runs import delete_source, steer_source
from tests.factories import NOW, make_source
from tests.harvesters.feed_site import FIELDS, HOUR, ROWS, change, feed, harvested, serve, titles
from tests.harvesters.loopback import QUICK, Answer, Site


def test_a_good_run_stores_and_publishes_what_the_source_says(database: Database, source: Source) -> None:
    run = harvested(database, source)

    assert (run.status, run.records, run.new, run.message) == (
        RunStatus.COMPLETE,
        10,
        10,
        "10 Angebote gelesen (10 neu).",
    )
    assert len(titles(database)) == 10
    with database.read() as session:
        (stored,) = store.runs(session, source=source.name)
        offer, *_ = published_offers(session)
    assert (stored.id, stored.status, stored.new) == (run.id, RunStatus.COMPLETE, 10)
    assert offer.provenance["ages"].evidence
    assert offer.provenance["ages"].address == source.access.start[0]
    assert offer.provenance["ages"].fetched_at == NOW


def test_an_unchanged_source_is_not_understood_again(
    filled: Database, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harvesters.process.normalise", None)  # calling it would raise
    before = change(filled)

    run = harvested(filled, source, 1)

    assert (run.status, run.new, run.changed, run.unchanged) == (RunStatus.COMPLETE, 0, 0, 10)
    assert change(filled) == before


def test_a_run_first_does_what_a_new_description_has_left(
    filled: Database, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "BATCH", 3)
    monkeypatch.setattr(following, "PAUSE_S", 0)
    with filled.begin() as session:
        steer_source(session, source.name, {"provider": "Forstamt"}, by="Uta", now=NOW)
    with filled.read() as session:
        assert following.unfinished(session) == [f"follow:{source.name}"]

    run = harvested(filled, source, 1)

    assert (run.status, run.changed, run.unchanged) == (RunStatus.COMPLETE, 10, 0)
    with filled.read() as session:
        assert following.unfinished(session) == []
        assert {offer.provider.name for offer in published_offers(session) if offer.provider} == {"Forstamt"}


def test_a_changed_row_changes_its_offer_only(filled: Database, site: Site, source: Source) -> None:
    serve(site, [ROWS[0] | {"titel": "Moortag"}, *ROWS[1:]])

    run = harvested(filled, source, 1)

    assert (run.new, run.changed, run.unchanged) == (0, 1, 9)
    assert "Moortag" in titles(filled) and "Waldtag 1" not in titles(filled)


def test_a_date_of_change_alone_changes_nothing(filled: Database, site: Site) -> None:
    source = feed(site, access={"fields": FIELDS | {"updated": "stand"}})
    serve(site, [row | {"stand": "heute"} for row in ROWS])
    harvested(filled, source, 1)
    serve(site, [row | {"stand": "morgen", "zaehler": 7} for row in ROWS])

    run = harvested(filled, source, 2)

    assert (run.changed, run.unchanged) == (0, 10)


# -- conditional requests ---------------------------------------------------------------------------------------------


def test_a_304_counts_every_offer_as_seen(sqlite_database: Database, site: Site, source: Source) -> None:
    serve(site, ROWS, ETag='"1"')
    harvested(sqlite_database, source)

    run = harvested(sqlite_database, source, 1)

    assert (run.status, run.unchanged, run.missing) == (RunStatus.UNCHANGED, 10, 0)
    with sqlite_database.read() as session:
        assert {offer.last_seen for offer in published_offers(session)} == {NOW + HOUR}


def test_a_304_after_a_better_normaliser_reads_the_stored_records_again(
    sqlite_database: Database, site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(site, ROWS, ETag='"1"')
    harvested(sqlite_database, source)
    for module in ("harvesters.process", "harvesters.run"):
        monkeypatch.setattr(f"{module}.VERSION", normaliser.VERSION + "+")

    harvested(sqlite_database, source, 1)

    with sqlite_database.read() as session:
        assert {offer.reading for offer in store.known(session, source.name).values()} == {normaliser.VERSION + "+"}


def test_a_new_description_asks_unconditionally(sqlite_database: Database, site: Site, source: Source) -> None:
    serve(site, ROWS, ETag='"1"')
    harvested(sqlite_database, source)
    fields = {name: path for name, path in FIELDS.items() if name != "price"}

    run = harvested(sqlite_database, feed(site, access={"fields": fields}), 1)

    assert (run.status, run.changed) == (RunStatus.COMPLETE, 10)


def test_a_crash_while_storing_does_not_turn_into_a_false_304(
    sqlite_database: Database, site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(site, ROWS, ETag='"1"')
    with monkeypatch.context() as broken:
        broken.setattr("harvesters.process.normalise", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            harvested(sqlite_database, source)

    run = harvested(sqlite_database, source, 1)

    assert (run.status, run.new) == (RunStatus.COMPLETE, 10)


# -- bad input: a clear message, nothing lost -------------------------------------------------------------------------

BAD: dict[str, tuple[Answer, RunStatus, str]] = {
    "down": (Answer(status=503), RunStatus.FAILED, "fetch.status"),
    "gone": (Answer(status=404), RunStatus.FAILED, "fetch.not_found"),
    "login page": (Answer(b"<!doctype html><title>Anmeldung</title>"), RunStatus.FAILED, "json_api.page"),
    "empty body": (Answer(b""), RunStatus.FAILED, "json_api.broken"),
    "empty list": (Answer(b"[]"), RunStatus.FAILED, "expect.offers"),
    "nearly empty": (Answer(json.dumps(ROWS[:2]).encode()), RunStatus.INCOMPLETE, "expect.offers"),
    "truncated": (Answer(json.dumps(ROWS).encode()[:400]), RunStatus.FAILED, "json_api.broken"),
    "cut off": (
        Answer(json.dumps(ROWS).encode()[:400], headers={"Content-Length": "9999"}),
        RunStatus.FAILED,
        "fetch.cut",
    ),
    "redirect to nowhere": (Answer(status=302, headers={"Location": "file:///x"}), RunStatus.FAILED, "fetch.refused"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_answer_ends_with_a_message_and_touches_nothing(
    filled: Database, site: Site, source: Source, case: str
) -> None:
    site.answers["/angebote.json"], status, rule = BAD[case]
    before, published = change(filled), titles(filled)

    for hours in (1, 2, 3):
        run = harvested(filled, source, hours)

    issue = next(issue for issue in run.issues if issue.rule == rule)
    assert run.status is status
    assert source.name in issue.where and site.base in issue.where
    assert issue.message and issue.remedy
    assert run.message and "zurückgezogen" in run.message
    assert (change(filled), titles(filled)) == (before, published)
    with filled.read() as session:
        assert store.runs(session, source=source.name)[0].status is status


def test_wrong_encoding_is_read_all_the_same(sqlite_database: Database, site: Site) -> None:
    table = "Nr;Titel;Alter\n" + "".join(f"{n};Führung {n} für Größere;ab 4 Jahren\n" for n in range(5))
    site.put("/liste.csv", table.encode("cp1252"), Content_Type="text/csv; charset=utf-8")
    access = {"kind": "csv", "start": (f"{site.base}/liste.csv",), "key": "Nr", "fields": {"title": "Titel"}}

    run = harvested(sqlite_database, make_source(access=access))

    assert run.status is RunStatus.COMPLETE
    with sqlite_database.read() as session:
        found = [store.known(session, "mv_beispielmuseum"), *store.stored_records(session, "mv_beispielmuseum")]
    assert "Führung 0 für Größere" in [getattr(record, "title", None) for record in found]


def test_an_event_that_ends_before_it_starts_is_said_and_the_others_stand(
    sqlite_database: Database, site: Site, source: Source
) -> None:
    wrong = ROWS[0] | {"beginn": "2026-12-05T10:00", "ende": "2026-12-05T08:00"}
    serve(site, [wrong, *ROWS[1:]])

    run = harvested(sqlite_database, source)

    assert (run.status, run.new) == (RunStatus.COMPLETE, 10)
    (issue,) = [issue for issue in run.issues if "2026-12-05" in issue.wording or "05.12" in issue.wording]
    assert issue.message


def test_one_ill_source_does_not_affect_the_others(sqlite_database: Database, site: Site, source: Source) -> None:
    site.put("/kaputt", status=500)
    ill = feed(site, access={"start": (f"{site.base}/kaputt",)}).model_copy(update={"name": "mv_krank"})
    unknown_host = ill.model_copy(update={"name": "mv_boese"})

    runs = harvest_all(sqlite_database, [ill, source, unknown_host], settings=QUICK, now=NOW)

    assert [(run.source, run.status.value) for run in runs] == [
        ("mv_krank", "failed"),
        ("mv_beispielmuseum", "complete"),
        ("mv_boese", "failed"),
    ]


def test_a_source_that_hangs_delays_no_other(sqlite_database: Database, site: Site, source: Source) -> None:
    released = Event()

    def drip() -> Iterator[bytes]:
        yield b"["
        released.wait(60)
        yield b"]"

    site.answers["/haengt"] = Answer(headers={"Content-Type": "application/json"}, chunks=drip)
    hanging = feed(site, access={"start": (f"{site.base}/haengt",)}).model_copy(update={"name": "mv_haengt"})
    others = [source.model_copy(update={"name": f"mv_haus_{number}"}) for number in range(8)]
    patient = replace(QUICK, total_s=60, timeout_s=60)

    with ThreadPoolExecutor(1) as beside:
        all_runs = beside.submit(harvest_all, sqlite_database, [hanging, *others], settings=patient, now=NOW)
        while len(ended := _ended(sqlite_database)) < len(others) and not all_runs.done():
            sleep(0.02)
        still_hangs = not all_runs.done()
        released.set()

    assert still_hangs
    assert ended == {each.name for each in others}
    assert [run.status for run in all_runs.result()] == [RunStatus.FAILED, *[RunStatus.COMPLETE] * len(others)]


def _ended(database: Database) -> set[str]:
    with database.read() as session:
        return {run.source for run in store.runs(session) if run.status is RunStatus.COMPLETE}


def test_an_error_of_our_own_ends_its_run_and_spares_the_others(
    sqlite_database: Database, site: Site, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def normalise(record: Any, source: Any, **_: Any) -> Any:
        if source.name == "mv_pech":
            raise RuntimeError("kaputt")
        return honest(record, source, **_)

    honest = normaliser.normalise
    monkeypatch.setattr("harvesters.process.normalise", normalise)
    unlucky = source.model_copy(update={"name": "mv_pech"})

    runs = harvest_all(sqlite_database, [unlucky, source], settings=QUICK, now=NOW)

    assert [run.status for run in runs] == [RunStatus.FAILED, RunStatus.COMPLETE]
    with sqlite_database.read() as session:
        (stored,) = store.runs(session, source="mv_pech")
    assert stored.status is RunStatus.FAILED
    assert stored.issues[0].wording == "RuntimeError: kaputt"


# -- pages ------------------------------------------------------------------------------------------------------------


def paged(site: Site, pages: list[list[dict[str, Any]]], **access: Any) -> Source:
    for number, rows in enumerate(pages, start=1):
        following = f"/seite{number + 1}" if number < len(pages) else None
        site.put(f"/seite{number}", json.dumps({"angebote": rows, "weiter": following}))
    return feed(site, access={"start": (f"{site.base}/seite1",), "items": "angebote", "next": "weiter"} | access)


def test_pages_are_read_to_the_last(site: Site) -> None:
    result = read(paged(site, [ROWS[:4], ROWS[4:8], ROWS[8:]]), settings=QUICK, now=NOW)

    assert (len(result.records), result.complete) == (10, True)


def test_an_item_that_moves_between_pages_is_one_offer(site: Site) -> None:
    result = read(paged(site, [ROWS[:4], ROWS[3:]]), settings=QUICK, now=NOW)

    assert (len(result.records), result.issues) == (10, ())


def test_only_the_first_of_five_pages_answers(filled: Database, site: Site) -> None:
    source = paged(site, [ROWS[:4], [], [], [], []])
    harvested(filled, source, 1)
    site.put("/seite2", status=500)

    runs = [harvested(filled, source, hours) for hours in (2, 3)]

    assert {run.status for run in runs} == {RunStatus.INCOMPLETE}
    assert len(titles(filled)) == 10


@pytest.mark.parametrize(
    ("target", "rule"), [("https://other.example/x", "feeds.foreign_page"), ("/seite1", None), ("/endlos", None)]
)
def test_paging_ends(site: Site, target: str, rule: str | None) -> None:
    site.put("/seite1", json.dumps({"angebote": ROWS, "weiter": target}))
    site.put("/endlos", json.dumps({"angebote": [], "weiter": "/endlos"}))
    source = feed(site, access={"start": (f"{site.base}/seite1",), "items": "angebote", "next": "weiter"})

    result = read(source, settings=QUICK, now=NOW)

    assert [issue.rule for issue in result.issues] == ([rule] if rule else [])
    assert result.complete is (rule is None)


@pytest.mark.parametrize(("name", "most"), [("MAX_ITEMS", 4), ("MAX_BYTES", 1_000)])
def test_pages_end_where_they_are_more_than_a_source_may_have(
    site: Site, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    monkeypatch.setattr(feeds, name, most)

    result = read(paged(site, [ROWS[:5], ROWS[5:], ROWS[:1]]), settings=QUICK, now=NOW)

    assert (len(result.records), result.complete) == (5 if name == "MAX_ITEMS" else 10, False)
    assert [issue.rule for issue in result.issues] == ["feeds.too_many"]


def test_too_many_pages_leave_the_run_incomplete(site: Site) -> None:
    result = read(paged(site, [[row] for row in ROWS], max_pages=3), settings=QUICK, now=NOW)

    assert (len(result.records), result.complete) == (3, False)
    assert [issue.rule for issue in result.issues] == ["feeds.too_many_pages"]


# -- dry run, replay, two at once -------------------------------------------------------------------------------------


def test_a_dry_run_counts_and_writes_nothing(filled: Database, site: Site, source: Source) -> None:
    serve(site, [*ROWS[1:9], ROWS[9] | {"titel": "Moortag"}, ROWS[0] | {"id": 99}], ETag='"9"')

    with filled.read() as session:
        before = (len(store.runs(session)), store.known(session, source.name), latest_change(session))
    run = harvest(filled, source, settings=QUICK, now=NOW + HOUR, dry_run=True)
    with filled.read() as session:
        after = (len(store.runs(session)), store.known(session, source.name), latest_change(session))

    assert (run.id, run.new, run.changed, run.unchanged, run.missing) == (None, 1, 1, 8, 1)
    assert before == after


def test_a_replay_needs_no_network_and_mints_the_same_offers(filled: Database, site: Site, source: Source) -> None:
    before, published = change(filled), titles(filled)
    site.asked.clear()

    run = replay(filled, source, now=NOW + timedelta(days=40))

    assert (run.status, run.records, run.unchanged) == (RunStatus.COMPLETE, 10, 10)
    assert (change(filled), titles(filled), site.asked) == (before, published, [])


def test_a_replay_with_a_better_normaliser_changes_what_it_reads_better(
    filled: Database, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    def better(record: Any, source: Any, *, today: Any) -> Any:
        found = honest(record, source, today=today)
        fields = found.offer.fields.model_copy(update={"duration_minutes": 90})
        return found.model_copy(update={"offer": found.offer.model_copy(update={"fields": fields})})

    honest = normaliser.normalise
    monkeypatch.setattr("harvesters.process.normalise", better)

    run = replay(filled, source, now=NOW + HOUR)

    assert run.changed == 10
    with filled.read() as session:
        assert {offer.duration_minutes for offer in published_offers(session)} == {90}


def test_two_runs_of_one_source_do_not_meet(filled: Database, source: Source) -> None:
    with filled.begin() as session:
        store.start_run(session, source.name, NOW + HOUR)

    with pytest.raises(StoreError, match="a run is going on"):
        harvested(filled, source, 1)


def test_a_run_that_was_killed_is_taken_over_later(filled: Database, source: Source) -> None:
    with filled.begin() as session:
        store.start_run(session, source.name, NOW + HOUR)

    assert harvested(filled, source, 5).status is RunStatus.COMPLETE


def test_fields_that_are_found_too_seldom_are_said(sqlite_database: Database, site: Site, source: Source) -> None:
    picky = source.model_copy(
        update={"expect": source.expect.model_copy(update={"filled": {"ages": 0.9, "duration_minutes": 0.5}})}
    )

    run = harvested(sqlite_database, picky)

    assert [(issue.field, issue.rule) for issue in run.issues if issue.rule == "expect.filled"] == [
        ("duration_minutes", "expect.filled")
    ]


def test_offers_of_a_new_source_are_held(sqlite_database: Database, site: Site, source: Source) -> None:
    harvested(sqlite_database, source.model_copy(update={"trust": "hold"}))

    assert titles(sqlite_database) == []
    with sqlite_database.read() as session:
        ids = store.offer_ids(session, source.name, store.known(session, source.name))
        offers = [offer_by_id(session, offer_id) for offer_id in ids]
    assert {offer.status_reason for offer in offers if offer} == {"new_source"}


def test_manners_of_the_operator_reach_the_source(sqlite_database: Database, site: Site, source: Source) -> None:
    polite = replace(QUICK, contact="https://landkreis.example/bot")

    harvest(sqlite_database, source, settings=polite, now=NOW)

    assert {headers["user-agent"].split("+")[-1] for _, headers in site.asked} == {"https://landkreis.example/bot)"}


def test_the_end_of_a_run_is_after_its_start(filled: Database, source: Source) -> None:
    run = harvested(filled, source, 1)

    assert run.finished_at is not None
    assert timedelta(0) <= run.finished_at - run.started_at < timedelta(minutes=2)


def test_a_run_respects_what_the_desk_decided_meanwhile(filled: Database, source: Source) -> None:
    with filled.begin() as session:
        steer_source(session, source.name, {"trust": "hold", "active": False}, by="Uta", now=NOW)

    assert harvested(filled, source, 1).status is RunStatus.COMPLETE

    assert titles(filled) == []
    with filled.read() as session:
        kept = store.source(session, source.name)
    assert kept is not None
    assert (kept.trust, kept.active) == ("hold", False)


def test_a_deleted_source_is_not_read(filled: Database, site: Site, source: Source) -> None:
    with filled.begin() as session:
        delete_source(session, source.name, by="Uta", now=NOW)
    site.asked.clear()

    with pytest.raises(StoreError, match="not stored"):
        harvested(filled, source, 1)

    assert site.asked == []


def test_where_nothing_is_fetched_a_harvest_reads_what_is_stored(filled: Database, site: Site, source: Source) -> None:
    typed = make_source("mv_tabelle", access=Access(kind=AccessKind.TABLE), title="Vereine")
    with filled.read() as session:
        records = list(store.stored_records(session, source.name))
    with filled.begin() as session:
        store.save_source(session, typed, origin="desk", now=NOW)
        number = store.start_run(session, typed.name, NOW)
    mine = [r.model_copy(update={"origin": r.origin.model_copy(update={"source": typed.name})}) for r in records]
    process(filled, typed, number, mine, complete=False, now=NOW)
    with filled.begin() as session:
        run = HarvestRun(id=number, source=typed.name, started_at=NOW, finished_at=NOW, status=RunStatus.COMPLETE)
        store.finish_run(session, run)
    site.asked.clear()

    again = harvest(filled, typed, settings=QUICK, now=NOW + HOUR)
    tried = harvest(filled, typed, settings=QUICK, now=NOW + HOUR, dry_run=True)

    assert (again.status, again.records, again.unchanged, again.withdrawn) == (RunStatus.COMPLETE, 10, 10, 0)
    assert (tried.id, tried.records) == (None, 10)
    assert site.asked == []
