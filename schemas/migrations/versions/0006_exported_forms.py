"""What leaves the house in tables of its own, one per form, without the end that names the licence of the facts.

Revision: 0006
Revises: 0005
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa
from alembic import op

from schemas.stored import ended, unended

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BATCH: Final = 500
_EXPORTED: Final = ("exported_ndjson", "exported_csv", "exported_facts_ndjson", "exported_facts_csv")
_OLD: Final = ("line", "csv", "facts", "facts_csv")
"""Columns of ``published_bytes`` until now."""

published = sa.table("published", *(sa.column(name) for name in ("row", "status", "rights")))
stored = sa.table("published_bytes", *(sa.column(name) for name in ("row", "on_pages", *_OLD)))
exported = {name: sa.table(name, sa.column("row"), sa.column("body")) for name in _EXPORTED}


def upgrade() -> None:
    for name in _EXPORTED:
        op.create_table(
            name,
            sa.Column("row", number, autoincrement=False, nullable=False),
            sa.Column("body", sa.LargeBinary(), nullable=True),
            sa.ForeignKeyConstraint(["row"], ["published.row"], name=f"fk_{name}_row"),
            sa.PrimaryKeyConstraint("row", name=f"pk_{name}"),
        )
    op.add_column("published_bytes", sa.Column("on_pages", sa.LargeBinary(), nullable=True))
    columns = (stored.c[name] for name in ("row", *_OLD))
    query = sa.select(published.c.status, published.c.rights, *columns).join_from(
        published, stored, stored.c.row == published.c.row
    )
    for rows in _batches(query):
        forms = {row.row: _forms(row) for row in rows}
        _update(("on_pages",), [(row, form[0]) for row, form in forms.items() if form[0] is not None])
        for column, table in enumerate(exported.values(), 1):
            bodies = [{"row": row, "body": form[column]} for row, form in forms.items()]
            op.get_bind().execute(sa.insert(table), bodies)
    with op.batch_alter_table("published_bytes") as changed:
        for name in _OLD:
            changed.drop_column(name)


def _forms(row: Any) -> tuple[bytes | None, ...]:
    """Public JSON for pages where it differs, then what leaves the house, in the order of ``_EXPORTED``."""
    if row.status not in ("published", "cancelled"):
        return None, None, None, None, None
    line, facts = unended(row.line), None if row.facts is None else unended(row.facts)
    if row.rights == "permission":
        return line, facts, row.facts_csv, None, None
    return None, line, row.csv, facts, row.facts_csv


def downgrade() -> None:
    for name in _OLD:
        op.add_column("published_bytes", sa.Column(name, sa.LargeBinary(), nullable=True))
    tables = exported.values()
    query = sa.select(stored.c.row, stored.c.on_pages, *(table.c.body.label(table.name) for table in tables))
    for table in tables:
        query = query.join(table, table.c.row == stored.c.row)
    for rows in _batches(query):
        _update(_OLD, [(row.row, *_old_forms(row)) for row in rows])
    with op.batch_alter_table("published_bytes") as changed:
        changed.drop_column("on_pages")
        for name in ("line", "csv"):
            changed.alter_column(name, existing_type=sa.LargeBinary(), nullable=False)
    for name in _EXPORTED:
        op.drop_table(name)


def _old_forms(row: Any) -> tuple[bytes | None, ...]:
    """The columns of ``_OLD``. Two of them were read by nobody, and stay without what they held: the line of an offer that
    is not shown, and the CSV line with a text that was allowed to us alone."""
    line, facts = _whole(row.exported_ndjson), _whole(row.exported_facts_ndjson)
    if row.on_pages is not None:
        return _whole(row.on_pages), row.exported_csv, line, row.exported_csv
    return line or b"", row.exported_csv or b"", facts, row.exported_facts_csv


def _whole(body: bytes | None) -> bytes | None:
    return None if body is None else ended(body + b',"data_licence":null')


def _batches(query: sa.Select[Any]) -> Iterator[Sequence[sa.Row[Any]]]:
    last = 0
    while rows := op.get_bind().execute(query.where(stored.c.row > last).order_by(stored.c.row).limit(_BATCH)).all():
        yield rows
        last = rows[-1].row


def _update(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write ``columns`` of some rows, each given as its number and their values."""
    values = [dict(zip(("number", *(f"new_{name}" for name in columns)), row, strict=True)) for row in rows]
    if values:
        change = sa.update(stored).where(stored.c.row == sa.bindparam("number"))
        op.get_bind().execute(change.values({name: sa.bindparam(f"new_{name}") for name in columns}), values)
