"""The whole content of a database as lines, for backups: the same on SQLite and PostgreSQL, so that what one wrote the
other can read.

A line is a JSON array with the values of one row in the order of the table's columns: moments and days as ISO 8601,
bytes as base64, JSON columns as the very text that is stored.
"""

import base64
import binascii
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from itertools import islice
from typing import Any, Final

import orjson
from sqlalchemy import Date, LargeBinary, Table, Text, column, func, select, table, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from schemas.exceptions import StoreError
from schemas.tables.base import Json, UTCDateTime, metadata

BATCH: Final = 500
"""Rows that are read or written together."""
_ALONE: Final = frozenset({"uploads"})
"""Tables whose rows are so large that each is read and written by itself."""
_COUNTER: Final = "counters"


def tables() -> tuple[str, ...]:
    """Names of all tables, each after those it refers to."""
    return tuple(each.name for each in metadata.sorted_tables)


def columns_of(name: str) -> tuple[str, ...]:
    """Names of the columns of a table, in the order of a line."""
    return tuple(each.name for each in metadata.tables[name].columns)


def lines(session: Session, name: str) -> Iterator[bytes]:
    """Every row of a table as a line, in order of its key, a few at a time; all of one session are one snapshot."""
    wanted, plain = metadata.tables[name], _plain(name)
    key = [plain.c[each.name] for each in wanted.primary_key]
    size = 1 if name in _ALONE else BATCH
    found = session.execute(select(plain).order_by(*key), execution_options={"stream_results": True, "yield_per": size})
    for row in found:
        yield orjson.dumps(tuple(row), default=_bytes_as_text, option=orjson.OPT_APPEND_NEWLINE)


def row_counts(session: Session) -> dict[str, int]:
    """Rows per table."""
    return {name: session.scalar(select(func.count()).select_from(metadata.tables[name])) or 0 for name in tables()}


def is_empty(session: Session) -> bool:
    """Whether nothing is stored but what a new database holds."""
    return not any(
        session.execute(select(metadata.tables[name]).limit(1)).first() for name in tables() if name != _COUNTER
    )


def clear(session: Session) -> None:
    """Delete every row, the audit trail's too, whose guard is lifted for this transaction only."""
    guards = _lift_guard(session)
    for each in reversed(metadata.sorted_tables):
        for name in _self_references(each):
            session.execute(update(each).where(each.c[name].is_not(None)).values({name: None}))
        session.execute(each.delete())
    for statement in guards:
        session.execute(text(statement))


def write(session: Session, name: str, content: Callable[[], Iterable[bytes]]) -> int:
    """Insert the rows of ``content()``, which gives the same lines at each call; the number of rows.

    Raises ``StoreError`` that names table and line where a line is no row of this table, or the database refuses it.
    """
    wanted, plain = metadata.tables[name], _plain(name)
    later = _self_references(wanted)
    size = 1 if name in _ALONE else BATCH
    done = 0
    rows = (_row(name, number, line) for number, line in enumerate(content(), 1))
    while batch := list(islice(rows, size)):
        values = [row | dict.fromkeys(later) for row in batch]
        try:
            session.execute(plain.insert(), values)
        except DBAPIError as error:
            reason = str(error.orig).strip().partition("\n")[0]
            raise StoreError(f"table {name}, lines {done + 1} to {done + len(batch)}: refused ({reason})") from error
        done += len(batch)
    for field in later:
        (key,) = wanted.primary_key
        for number, line in enumerate(content(), 1):
            row = _row(name, number, line)
            if row[field] is not None:
                session.execute(update(plain).where(plain.c[key.name] == row[key.name]).values({field: row[field]}))
    return done


def settle(session: Session) -> None:
    """After writing: numbers go on after the highest, and the search index is made anew from its words."""
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("INSERT INTO published_search (published_search) VALUES ('rebuild')"))
        return
    for each in metadata.sorted_tables:
        numbered = each.autoincrement_column
        if numbered is None:
            continue
        sequence = session.scalar(
            text("SELECT pg_get_serial_sequence(:name, :field)"), {"name": each.name, "field": numbered.name}
        )
        if sequence is not None:
            highest = session.scalar(select(func.max(numbered)))
            session.execute(
                text("SELECT setval(CAST(:sequence AS regclass), :value, :used)"),
                {"sequence": sequence, "value": highest or 1, "used": highest is not None},
            )


def _plain(name: str) -> Any:
    """The table with JSON columns as text: what is stored is neither read nor changed."""
    original: Table = metadata.tables[name]
    fields = (column(each.name, Text() if isinstance(each.type, Json) else each.type) for each in original.columns)
    return table(name, *fields)


def _self_references(each: Table) -> list[str]:
    """Columns that refer to their own table: their rows may stand in any order."""
    return [key.parent.name for key in each.foreign_keys if key.column.table is each]


def _bytes_as_text(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"{type(value).__name__} has no form in a backup")


def _row(name: str, number: int, line: bytes) -> dict[str, Any]:
    fields = metadata.tables[name].columns
    try:
        values = orjson.loads(line)
        if not isinstance(values, list) or len(values) != len(fields):
            raise ValueError(f"expected a list of {len(fields)} values")
        return {
            field.name: None if value is None else _value(field.type, value)
            for field, value in zip(fields, values, strict=True)
        }
    except (ValueError, TypeError, binascii.Error) as error:
        raise StoreError(f"table {name}, line {number}: is no row of this table ({error})") from error


def _value(kind: Any, value: Any) -> Any:
    if isinstance(kind, UTCDateTime):
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError(f"{value!r} has no time zone")
        return moment
    if isinstance(kind, Date):
        return date.fromisoformat(value)
    if isinstance(kind, LargeBinary):
        return base64.b64decode(value, validate=True)
    if isinstance(value, list | dict):
        raise ValueError(f"{type(value).__name__} where one value is expected")
    return value


def _lift_guard(session: Session) -> list[str]:
    """Take away what refuses deletions; gives the statements that put it back."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ALTER TABLE audit DISABLE TRIGGER audit_append_only"))
        return ["ALTER TABLE audit ENABLE TRIGGER audit_append_only"]
    triggers = session.execute(
        text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit'")
    ).all()
    for name, _ in triggers:
        session.execute(text(f'DROP TRIGGER "{name}"'))
    return [sql for _, sql in triggers]
