"""The two kinds of session, on both databases."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, StatementError

from schemas.db import PAGE_BYTES, Database
from schemas.exceptions import StoreError
from schemas.tables.work import leases
from tests.factories import NOW

ROW = {"name": "leader", "owner": "here", "fence": 1, "until": NOW}


def test_what_is_written_in_begin_is_there_afterwards(database: Database) -> None:
    with database.begin() as session:
        session.execute(insert(leases), [ROW])

    with database.read() as session:
        assert session.execute(select(leases.c.owner)).scalar_one() == "here"


def test_a_new_file_has_large_pages_and_an_older_one_keeps_its_own(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "old.sqlite") as old:
        old.execute("PRAGMA page_size=4096")
        old.execute("CREATE TABLE leases (name TEXT)")
    old.close()
    found = {}
    for name in ("new", "old"):
        database = Database(f"sqlite:///{tmp_path / name}.sqlite")
        with database.begin() as session:
            session.execute(
                text("INSERT INTO leases VALUES ('a')" if name == "old" else "CREATE TABLE leases (name TEXT)")
            )
            found[name] = session.execute(text("PRAGMA page_size")).scalar_one()
        database.dispose()

    assert found == {"new": PAGE_BYTES, "old": 4096}


def test_an_exception_takes_back_everything(database: Database) -> None:
    with pytest.raises(KeyError), database.begin() as session:
        session.execute(insert(leases), [ROW])
        raise KeyError("on purpose")

    with database.read() as session:
        assert session.execute(select(leases)).all() == []


def test_a_reading_session_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"), database.read() as session:
        session.execute(insert(leases), [ROW])

    with database.begin() as session:  # and the connection can be used for writing again
        session.execute(insert(leases), [ROW])


def test_a_reading_session_sees_one_snapshot(database: Database) -> None:
    with database.read() as reading:
        assert reading.execute(select(leases)).all() == []

        with database.begin() as writing:
            writing.execute(insert(leases), [ROW])

        assert reading.execute(select(leases)).all() == []


def test_moments_come_back_in_utc_whatever_zone_they_had(database: Database) -> None:
    winter = datetime(2026, 12, 1, 10, 0, tzinfo=timezone(timedelta(hours=1)))

    with database.begin() as session:
        session.execute(insert(leases), [ROW | {"until": winter}])

    with database.read() as session:
        until = session.execute(select(leases.c.until)).scalar_one()
    assert (until, until.tzinfo) == (winter, UTC)


def test_a_moment_without_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="no time zone"), database.begin() as session:
        session.execute(insert(leases), [ROW | {"until": NOW.replace(tzinfo=None)}])


def test_two_writers_wait_for_each_other(database: Database) -> None:
    with database.begin() as session:
        session.execute(insert(leases), [ROW])

    def raise_fence() -> None:
        for _ in range(20):
            with database.begin() as session:
                fence = session.execute(select(leases.c.fence).with_for_update()).scalar_one()
                session.execute(leases.update().values(fence=fence + 1))

    threads = [threading.Thread(target=raise_fence) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.read() as session:
        assert session.execute(select(leases.c.fence)).scalar_one() == 61


def test_sqlite_runs_with_the_pragmas_we_count_on(sqlite_database: Database) -> None:
    with sqlite_database.read() as session:
        found = {
            name: session.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("journal_mode", "foreign_keys")
        }

    assert found == {"journal_mode": "wal", "foreign_keys": 1}


@pytest.mark.parametrize("url", ["", "nonsense", "sqlite://", "mysql://localhost/x", "postgresql+psycopg2://h/x"])
def test_a_url_of_another_kind_is_refused_with_what_was_expected(url: str) -> None:
    with pytest.raises(StoreError, match="expected sqlite:///"):
        Database(url)


def test_a_plain_postgresql_url_uses_psycopg() -> None:
    database = Database("postgresql://somebody:secret@nowhere.invalid/x")

    assert database.url.drivername == "postgresql+psycopg"
    assert "secret" not in repr(database)
    database.dispose()


def test_a_missing_file_is_made_by_the_first_upgrade_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'not' / 'yet' / 'x.sqlite'}")

    assert not (tmp_path / "not").exists()
    database.dispose()
