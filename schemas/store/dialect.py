"""Where SQLAlchemy keeps SQLite and PostgreSQL apart, or its rows cost more than reading them."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session


def insert(session: Session, table: Table) -> Any:
    """An ``INSERT`` with ``on_conflict_do_nothing`` and ``on_conflict_do_update`` for this session's database."""
    return (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)


def columns_in_blocks(
    session: Session, query: Select[Any], number: ColumnElement[int], size: int
) -> Iterator[Sequence[Sequence[Any]]]:
    """The rows of ``query``, which is ordered by ``number``, in blocks of at most ``size``: of each block its columns.

    Never holds more than a block. For text, numbers and bytes, which need no conversion; so is what is bound.
    """
    connection = session.connection()
    aggregated = connection.dialect.name == "postgresql"
    wanted = _aggregated(query, number, size) if aggregated else query
    made = wanted.compile(connection.engine, compile_kwargs={"render_postcompile": True})
    bound = made.params if made.positiontup is None else [made.params[name] for name in made.positiontup]
    driver: Any = connection.connection.driver_connection
    if aggregated:
        # Blocks that nobody waits for any more are cancelled, which the transaction outlives by its savepoint.
        with (
            connection.begin_nested(),
            driver.cursor(binary=True) as cursor,
            closing(cursor.stream(str(made), bound, binary=True)) as blocks,
        ):
            yield from blocks
        return
    with closing(driver.cursor()) as rows:
        rows.execute(str(made), bound)
        while some := rows.fetchmany(size):
            yield tuple(zip(*some, strict=True))


def _aggregated(query: Select[Any], number: ColumnElement[int], size: int) -> Select[Any]:
    """The columns of ``query`` as arrays, one row for each ``size`` numbers; in order, for only the numbers can be the
    outer side of this join.

    Nothing is done here for each row, the server goes on while a block is sent, and it keeps no row twice as it does
    for a cursor.
    """
    numbers = func.generate_series(1, select(func.max(number)).scalar_subquery(), size)
    series = numbers.table_valued("first").render_derived()
    first = series.c.first
    rows = query.where(number >= first, number < first + size).correlate(series).subquery("rows")
    block = select(*map(func.array_agg, rows.c)).having(func.count() > 0).lateral("block")
    return select(*block.c).select_from(series, block)
