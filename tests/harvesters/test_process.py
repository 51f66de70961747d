"""From Records to the store, without a network."""

from datetime import date, timedelta

import pytest

from harvesters import process as module
from harvesters.normalise.record import VERSION
from harvesters.process import Processed, process
from schemas.db import Database
from schemas.harvest import HarvestRun, Record, RunStatus
from schemas.store import harvest as store
from tests.factories import NOW, make_record, make_source

SOURCE = make_source(expect={"offers": {"min": 1, "max": 10_000, "max_vanished": 0.5}})


def records(count: int, **changes: object) -> list[Record]:
    return [make_record(f"angebot-{number}", **changes) for number in range(count)]


def run(database: Database, found: list[Record], *, hours: int = 0, complete: bool = True) -> Processed:
    now = NOW + timedelta(hours=hours)
    with database.begin() as session:
        store.save_source(session, SOURCE, origin="file", now=now)
        run_id = store.start_run(session, SOURCE.name, now)
    processed = process(database, SOURCE, run_id, found, complete=complete, now=now)
    with database.begin() as session:
        store.finish_run(
            session,
            HarvestRun(
                id=run_id, source=SOURCE.name, started_at=now, finished_at=now, status=RunStatus.COMPLETE, message="gut"
            ),
        )
    return processed


def test_counts_add_up_over_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 4)

    first = run(database, records(10))
    second = run(database, [*records(8), make_record("neu"), make_record("angebot-8", title="Anders")], hours=1)

    assert first.counts.new == 10
    assert (second.counts.new, second.counts.changed, second.counts.unchanged) == (1, 1, 8)
    assert [key.key for key in second.verdict.missing] == ["angebot-9"]


def test_a_batch_that_ends_exactly_is_stored_whole(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 5)

    assert run(sqlite_database, records(10)).counts.new == 10
    assert run(sqlite_database, records(9), hours=1).verdict.absent


def test_records_are_understood_as_of_the_day_they_were_fetched(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    days: list[date] = []
    honest = module.normalise

    def watched(record: Record, source: object, *, today: date) -> object:
        days.append(today)
        return honest(record, SOURCE, today=today)

    monkeypatch.setattr(module, "normalise", watched)
    late = NOW.replace(hour=23, minute=30)  # already tomorrow in Berlin

    run(sqlite_database, [make_record(fetched_at=late)], hours=24 * 30)

    assert days == [date(2026, 11, 24)]


def test_a_record_without_its_moment_is_refused(sqlite_database: Database) -> None:
    with pytest.raises(ValueError, match="fetched"):
        run(sqlite_database, [make_record(fetched_at=None)])


def test_an_incomplete_run_counts_nothing_as_missed(sqlite_database: Database) -> None:
    run(sqlite_database, records(4))

    processed = run(sqlite_database, records(2), hours=1, complete=False)

    with sqlite_database.read() as session:
        assert {offer.missed_runs for offer in store.known(session, SOURCE.name).values()} == {0}
    assert processed.counts.withdrawn == 0
    assert [issue.rule for issue in processed.issues if issue.field == "run"] == ["gate.incomplete"]


def test_the_version_of_the_normaliser_is_kept_with_each_reading(sqlite_database: Database) -> None:
    run(sqlite_database, records(2))

    with sqlite_database.read() as session:
        assert {offer.reading for offer in store.known(session, SOURCE.name).values()} == {VERSION}
