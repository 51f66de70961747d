"""The whole content of a database as lines: every column of every table, from each database into each."""

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Table, insert, select

from schemas.db import Database
from schemas.store.whole import clear, lines, row_counts, settle, tables, write
from schemas.tables.base import metadata
from tests.conftest import BOTH

MOMENT = datetime(2026, 3, 29, 1, 30, 15, 123_456, tzinfo=UTC)
"""With microseconds, in the hour that clocks in Berlin skip."""
BY_TYPE: dict[str, Any] = {
    "UTCDateTime": MOMENT,
    "Json": {"ä": [1.50, None, "\u2028\u0000", 2**53], "{": "}"},
    "Date": date(2028, 2, 29),
    "LargeBinary": bytes(range(256)) + b"\n,\r\n",
    "Boolean": True,
    "Float": 0.1 + 0.2,
    "BigInteger": 2**40 + 1,
    "Integer": -7,
    "Text": "Wölfe\t„Füchse“ 🦊\r\n\\N \\ ' \"\u2028\u200b ",
    "String": "ß",
}
SAID: dict[tuple[str, str], Any] = {
    ("counters", "name"): "changes",
    ("counters", "value"): 3,
    ("exclusions", "kind"): "host",
    ("judgements", "left"): "A",
    ("letters", "state"): "unsure",
    ("digests", "state"): "sent",
    ("drafts", "state"): "ready",
    ("entries", "state"): "live",
    ("work", "state"): "crashed",
}
"""Values that a constraint asks for."""


def value_of(table: Table, column: Column[Any], rows: dict[str, dict[str, Any]]) -> Any:
    """Something hard to carry; the key of a row that is there already, where the column refers to one."""
    if (table.name, column.name) in SAID:
        return SAID[table.name, column.name]
    for key in column.foreign_keys:
        if key.column.table is table:
            return None
        return rows[key.column.table.name][key.column.name]
    return BY_TYPE[type(column.type).__name__]


def fill(database: Database) -> None:
    """A row in every table, with a value in every column."""
    rows: dict[str, dict[str, Any]] = {}
    with database.begin() as session:
        clear(session)
        session.execute(insert(metadata.tables["offers"]), [{"id": "A", "region": "13", "minted_at": MOMENT}])
        for table in metadata.sorted_tables:
            rows[table.name] = {column.name: value_of(table, column, rows) for column in table.columns}
            session.execute(insert(table).values(rows[table.name]))
        session.execute(
            metadata.tables["offers"].update().where(metadata.tables["offers"].c.id == "A").values(replaced_by="ß")
        )


def content(database: Database) -> dict[str, list[bytes]]:
    with database.read() as session:
        return {name: list(lines(session, name)) for name in tables()}


@pytest.fixture(params=BOTH)
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Another migrated, empty database than ``database``; on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "other.sqlite")
        opened = Database(f"sqlite:///{tmp_path / 'other.sqlite'}")
        yield opened
        opened.dispose()
        return
    databases = request.getfixturevalue("postgres_databases")
    url = databases.create(template=request.getfixturevalue("postgres_template"))
    opened = Database(url)
    yield opened
    opened.dispose()
    databases.drop(url)


def test_every_value_of_every_table_is_the_same_on_the_other_side(database: Database, other: Database) -> None:
    fill(database)
    before = content(database)
    assert all(before.values())

    with other.begin() as session:
        clear(session)
        for name in tables():
            write(session, name, partial(iter, before[name]))
        settle(session)

    assert content(other) == before
    with database.read() as there, other.read() as here:
        assert row_counts(here) == row_counts(there)
        for table in metadata.sorted_tables:
            wanted = there.execute(select(table).order_by(*table.primary_key)).all()
            assert here.execute(select(table).order_by(*table.primary_key)).all() == wanted, table.name
