"""Many published offers in little time: some are harvested, the others are copies of them under ids of their own.

Copied is what exports read, and the internal form, which lies between it in the file. The finished bytes of a copy are
those of its original, so they name the id of the original. What only a harvest, the search or the desk reads is there
for the harvested offers alone.
"""

from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, Table, cast, func, insert, literal, select, update

from schemas.db import Database
from schemas.tables.offers import (
    changes,
    counters,
    exported_csv,
    exported_facts_csv,
    exported_facts_ndjson,
    exported_ndjson,
    offers,
    published,
    published_bytes,
)

BATCH: Final = 1_000
"""Offers in one transaction, as many as of a harvest."""
_TABLES: Final = (
    offers,
    published,
    published_bytes,
    exported_ndjson,
    exported_csv,
    exported_facts_ndjson,
    exported_facts_csv,
    changes,
)
_FIRST_ID: Final = 10**14


def copy_offers(database: Database, wanted: int) -> None:
    """Copy the offers of a database over and over until there are ``wanted``.

    Raises ``RuntimeError`` where they are not numbered from 1 on, as after one harvest into an empty database.
    """
    with database.read() as session:
        harvested, *highest = session.execute(
            select(func.count(), func.max(published.c.row), func.max(published.c.version))
        ).one()
    if highest != [harvested, harvested]:
        raise RuntimeError(f"{harvested} offers, highest row and version {highest}; expected one harvest of new offers")
    done = harvested
    while done < wanted:
        first = done % harvested + 1
        last = min(first + BATCH - 1, harvested, first + wanted - done - 1)
        with database.begin() as session:
            for table in _TABLES:
                copied = _copied(table, distance=done + 1 - first)
                originals = copied.where(published.c.row >= first, published.c.row <= last).order_by(published.c.row)
                session.execute(insert(table).from_select([column.name for column in table.c], originals))
            done += last - first + 1
            session.execute(update(counters).where(counters.c.name == "changes").values(value=done))


def _copied(table: Table, *, distance: int) -> Select[Any]:
    """The rows of ``table`` under numbers ``distance`` higher, and the ids that go with them."""
    number = published.c.row + literal(distance)
    new: dict[str, ColumnElement[Any]] = dict.fromkeys(("row", "number", "version"), number)
    new |= dict.fromkeys(("id", "offer_id"), literal("o") + cast(number + _FIRST_ID, String))
    query = select(*(new.get(column.name, column) for column in table.c)).select_from(published)
    if table is offers:
        return query.join(offers, offers.c.id == published.c.offer_id)
    if table is changes:
        return query.join(changes, changes.c.number == published.c.version)
    return query if table is published else query.join(table, table.c.row == published.c.row)
