"""Regions at work: sources from the desk, wordings, exclusions, visitors' suggestions, providers' entries, letters; what lists
of offers and of providers filter by.

Revision: 0003
Revises: 0002
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from schemas.columns import columns, reach
from schemas.offer import Offer
from schemas.stored import forms, numbered, numbered_csv

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)


def only(where: str) -> dict[str, Any]:
    """An index over some rows alone, on both databases."""
    return {"sqlite_where": sa.text(where), "postgresql_where": sa.text(where)}


_FILTERS = [
    "status", "areas", "min_months", "max_months", "x", "y", "z", "modes", "weekdays", "months", "cost_child",
    "cost_group", "kind", "on_request", "dated", "first_day", "last_day", "region",
]  # fmt: skip
_MORE_FILTERS = ["group_max", "topics", "reach_unknown", "provider"]


def upgrade() -> None:
    op.create_table(
        "exclusions",
        sa.Column("id", number, nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=500), nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("undone_at", moment, nullable=True),
        sa.Column("undone_by", sa.String(length=200), nullable=True),
        sa.CheckConstraint("kind IN ('host', 'address', 'provider')", name=op.f("ck_exclusions_kind")),
        sa.PrimaryKeyConstraint("id", name="pk_exclusions"),
    )
    op.create_index("ix_exclusions_value", "exclusions", ["value"])
    op.create_table(
        "letters",
        sa.Column("id", number, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("dedupe", sa.String(length=200), nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("rendered_at", moment, nullable=False),
        sa.Column("send_before", moment, nullable=True),
        sa.Column("claimed_at", moment, nullable=True),
        sa.Column("claim_fence", number, server_default="0", nullable=False),
        sa.Column("sent_at", moment, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('new', 'sending', 'sent', 'unsure', 'failed')", name=op.f("ck_letters_state")),
        sa.PrimaryKeyConstraint("id", name="pk_letters"),
        sa.UniqueConstraint("dedupe", name="uq_letters_dedupe"),
        sa.UniqueConstraint("message_id", name="uq_letters_message_id"),
    )
    op.create_index("ix_letters_region", "letters", ["region"])
    op.create_index("ix_letters_state", "letters", ["state"])
    op.create_table(
        "rates",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("window", moment, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", "key", "window", name="pk_rates"),
    )
    op.create_table(
        "uploads",
        sa.Column("id", number, nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_uploads"),
    )
    op.create_index("ix_uploads_region", "uploads", ["region"])
    op.create_table(
        "week_stops",
        sa.Column("id", number, nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("undone_at", moment, nullable=True),
        sa.Column("undone_by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_week_stops"),
    )
    op.create_index("ix_week_stops_week", "week_stops", ["week", "region"])
    op.create_table(
        "drafts",
        sa.Column("id", number, nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("address", sa.String(length=2000), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("upload_id", number, nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.CheckConstraint("state IN ('new', 'waiting', 'ready', 'failed', 'done')", name=op.f("ck_drafts_state")),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], name="fk_drafts_upload_id", ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name="pk_drafts"),
    )
    op.create_index("ix_drafts_region", "drafts", ["region"])
    op.create_index("ix_drafts_state", "drafts", ["state"])
    op.create_table(
        "entries",
        sa.Column("id", number, nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("offer_id", sa.String(length=16), nullable=True),
        sa.Column("address", sa.String(length=254), nullable=True),
        sa.Column("person", sa.Boolean(), nullable=False),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("token_version", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.Column("confirmed_at", moment, nullable=True),
        sa.Column("asked_at", moment, nullable=True),
        sa.Column("last_confirmed_at", moment, nullable=True),
        sa.Column("booked_until", sa.Date(), nullable=True),
        sa.Column("groups_per_month", sa.Integer(), nullable=True),
        sa.CheckConstraint("state IN ('unconfirmed', 'live', 'withdrawn', 'deleted')", name=op.f("ck_entries_state")),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_entries_offer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_entries"),
        sa.UniqueConstraint("key", name="uq_entries_key"),
    )
    op.create_index("ix_entries_address", "entries", ["address"])
    op.create_index("ix_entries_region", "entries", ["region"])
    op.create_index("ix_entries_state_last_confirmed_at", "entries", ["state", "last_confirmed_at"])
    op.create_table(
        "suggestions",
        sa.Column("id", number, nullable=False),
        sa.Column("offer_id", sa.String(length=16), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=True),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("closed_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name="fk_suggestions_offer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_suggestions"),
    )
    op.create_index("ix_suggestions_offer_id", "suggestions", ["offer_id"])
    op.create_table(
        "wordings",
        sa.Column("id", number, nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("field", sa.String(length=80), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("wording", sa.String(length=500), nullable=False),
        sa.Column("where", sa.Text(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("first_seen", moment, nullable=False),
        sa.Column("last_seen", moment, nullable=False),
        sa.Column("decided", sa.String(length=10), nullable=True),
        sa.Column("meaning", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.String(length=200), nullable=True),
        sa.Column("decided_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["source"], ["sources.name"], name="fk_wordings_source"),
        sa.PrimaryKeyConstraint("id", name="pk_wordings"),
        sa.UniqueConstraint("source", "field", "wording", name="uq_wordings_source_field_wording"),
    )
    op.create_table(
        "consents",
        sa.Column("id", number, nullable=False),
        sa.Column("entry_id", number, nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("text_version", sa.String(length=80), nullable=False),
        sa.Column("given_at", moment, nullable=False),
        sa.Column("revoked_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["entry_id"], ["entries.id"], name="fk_consents_entry_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_entry_id", "consents", ["entry_id"])
    op.create_index("ix_wordings_open", "wordings", ["first_seen"], **only("decided IS NULL"))
    op.create_index(
        "ix_reviews_waiting", "reviews", ["opened_at", "id", "kind", "offer_id"], **only("closed_at IS NULL")
    )
    op.create_index("ix_offers_replaced_by", "offers", ["replaced_by"], **only("replaced_by IS NOT NULL"))
    op.add_column("sources", sa.Column("overlay", sa.Text(), nullable=True))
    op.add_column("sources", sa.Column("previewed_at", moment, nullable=True))
    op.add_column("sources", sa.Column("deleted_at", moment, nullable=True))
    for column in _columns():
        op.add_column("published", column)
    op.add_column("published_bytes", sa.Column("facts", sa.LargeBinary(), nullable=True))
    op.add_column("published_bytes", sa.Column("facts_csv", sa.LargeBinary(), nullable=True))
    op.create_table(
        "published_reach",
        sa.Column("row", number, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=8), nullable=False),
        sa.Column("x", sa.Float(53), nullable=True),
        sa.Column("y", sa.Float(53), nullable=True),
        sa.Column("z", sa.Float(53), nullable=True),
        sa.Column("chord", sa.Float(53), nullable=True),
        sa.ForeignKeyConstraint(["row"], ["published.row"], name="fk_published_reach_row"),
        sa.PrimaryKeyConstraint("row", "key", name="pk_published_reach"),
    )
    op.create_index("ix_published_reach_key", "published_reach", ["key"])
    op.drop_index("ix_published_filters", table_name="published")
    op.create_index("ix_published_filters", "published", [*_FILTERS, *_MORE_FILTERS])
    op.create_index("ix_published_providers", "published", ["status", "provider_key", "region", "provider"])
    op.create_index("ix_published_rights", "published", ["rights", "status", "region"])
    _fill()


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("provider_key", sa.String(length=80), nullable=True),
        sa.Column("locality", sa.String(length=120), nullable=True),
        sa.Column("group_max", sa.Integer(), nullable=True),
        sa.Column("topics", number, nullable=True),
        sa.Column("ways", sa.Integer(), nullable=True),
        sa.Column("access", sa.Integer(), nullable=True),
        sa.Column("languages", sa.String(length=200), nullable=True),
        sa.Column("reach_unknown", sa.Boolean(), nullable=True),
        sa.Column("rights", sa.String(length=400), nullable=True),
    ]


def _fill() -> None:
    """Give the offers that are already stored their new columns, made from their stored form as a harvest makes them."""
    connection = op.get_bind()
    names = [*(column.name for column in _columns()), "min_months"]
    table = sa.table("published", sa.column("row"), *(sa.column(name) for name in names))
    forms = sa.table("published_bytes", sa.column("row"), sa.column("offer"))
    places = sa.table("published_reach", *(sa.column(name) for name in ("row", "key", "x", "y", "z", "chord")))
    assigned: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in names}
    change = sa.update(table).where(table.c.row == sa.bindparam("number")).values(assigned)
    last = 0
    while rows := connection.execute(
        sa.select(forms.c.row, forms.c.offer).where(forms.c.row > last).order_by(forms.c.row).limit(1_000)
    ).all():
        offers = {row: Offer.model_validate_json(stored) for row, stored in rows}
        made = {row: columns(offer) for row, offer in offers.items()}
        connection.execute(
            change, [{"number": row} | {f"new_{name}": new[name] for name in names} for row, new in made.items()]
        )
        _fill_forms(connection, offers)
        if reached := [{"row": row} | area for row, offer in offers.items() for area in reach(offer)]:
            connection.execute(sa.insert(places), reached)
        last = rows[-1].row


def _fill_forms(connection: sa.Connection, offers: dict[int, Offer]) -> None:
    """Make the finished forms of ``offers`` anew; their versions stay, for nothing that was said has changed."""
    table = sa.table("published", *(sa.column(name) for name in ("row", "digest")))
    stored = sa.table("published_bytes", *(sa.column(name) for name in ("row", "line", "csv", "facts", "facts_csv")))
    digests, documents = [], []
    for row, offer in offers.items():
        made, version, seen = forms(offer), offer.version, offer.last_seen
        digests.append({"number": row, "new": made.digest})
        documents.append(
            {
                "number": row,
                "new_line": numbered(made.line, version, seen),
                "new_csv": numbered_csv(offer.id, made.csv, version, seen),
                "new_facts": made.facts and numbered(made.facts, version, seen),
                "new_facts_csv": made.facts_csv and numbered_csv(offer.id, made.facts_csv, version, seen),
            }
        )
    values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in ("line", "csv", "facts", "facts_csv")}
    connection.execute(sa.update(stored).where(stored.c.row == sa.bindparam("number")).values(values), documents)
    digest = sa.update(table).where(table.c.row == sa.bindparam("number")).values(digest=sa.bindparam("new"))
    connection.execute(digest, digests)


def downgrade() -> None:
    op.drop_index("ix_offers_replaced_by", table_name="offers")
    op.drop_index("ix_reviews_waiting", table_name="reviews")
    op.drop_index("ix_wordings_open", table_name="wordings")
    op.drop_column("published_bytes", "facts_csv")
    op.drop_column("published_bytes", "facts")
    op.drop_index("ix_published_rights", table_name="published")
    op.drop_index("ix_published_providers", table_name="published")
    op.drop_index("ix_published_filters", table_name="published")
    op.create_index("ix_published_filters", "published", _FILTERS)
    op.drop_index("ix_published_reach_key", table_name="published_reach")
    op.drop_table("published_reach")
    for column in reversed(_columns()):
        op.drop_column("published", column.name)
    op.drop_column("sources", "deleted_at")
    op.drop_column("sources", "previewed_at")
    op.drop_column("sources", "overlay")
    op.drop_index("ix_consents_entry_id", table_name="consents")
    op.drop_table("consents")
    op.drop_table("wordings")
    op.drop_index("ix_suggestions_offer_id", table_name="suggestions")
    op.drop_table("suggestions")
    op.drop_index("ix_entries_state_last_confirmed_at", table_name="entries")
    op.drop_index("ix_entries_region", table_name="entries")
    op.drop_index("ix_entries_address", table_name="entries")
    op.drop_table("entries")
    op.drop_index("ix_drafts_state", table_name="drafts")
    op.drop_index("ix_drafts_region", table_name="drafts")
    op.drop_table("drafts")
    op.drop_index("ix_week_stops_week", table_name="week_stops")
    op.drop_table("week_stops")
    op.drop_index("ix_uploads_region", table_name="uploads")
    op.drop_table("uploads")
    op.drop_table("rates")
    op.drop_index("ix_letters_state", table_name="letters")
    op.drop_index("ix_letters_region", table_name="letters")
    op.drop_table("letters")
    op.drop_index("ix_exclusions_value", table_name="exclusions")
    op.drop_table("exclusions")
