"""Where SQLAlchemy keeps SQLite and PostgreSQL apart, or its rows cost more than reading them."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

from sqlalchemy import Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert(session: Session, table: Table) -> Any:
    """An ``INSERT`` with ``on_conflict_do_nothing`` and ``on_conflict_do_update`` for this session's database."""
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)


def driver_rows(session: Session, query: Select[Any], size: int) -> Iterator[list[Any]]:
    """The rows of ``query`` as tuples of the driver, ``size`` at a time, never all at once.

    For text, numbers and bytes, which need no conversion; what is bound to ``query`` too.
    """
    connection = session.connection()
    made = query.compile(connection.engine, compile_kwargs={"render_postcompile": True})
    bound = made.params if made.positiontup is None else [made.params[name] for name in made.positiontup]
    driver: Any = connection.connection.driver_connection
    # On PostgreSQL only a cursor with a name does not fetch all rows at once.
    with closing(driver.cursor("rows", binary=True) if made.dialect.name == "postgresql" else driver.cursor()) as rows:
        rows.execute(str(made), bound)
        while some := rows.fetchmany(size):
            yield some
