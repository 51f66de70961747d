"""What people decided, apart from what machines found (law 1), and what waits for them."""

from typing import Final

from sqlalchemy import Boolean, CheckConstraint, Column, ForeignKey, Index, String, Table, Text, text

from schemas.tables.base import Json, Number, UTCDateTime, metadata

corrections: Final = Table(
    "corrections",
    metadata,
    Column("id", Number, primary_key=True),
    Column("offer_id", String(16), ForeignKey("offers.id"), nullable=False, index=True),
    Column("field", String(40), nullable=False),
    Column("value", Json),
    Column("replaced", Json),
    Column("by", String(200), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("undone_at", UTCDateTime),
    Column("undone_by", String(200)),
)
"""Human values for single fields, with the harvested value each replaced; undone, never deleted."""

decisions: Final = Table(
    "decisions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("offer_id", String(16), ForeignKey("offers.id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("why", Text),
    Column("unsure", Boolean),
    Column("undone_at", UTCDateTime),
    Column("undone_by", String(200)),
)
"""Accepted or rejected, by whom; the latest standing one counts."""

judgements: Final = Table(
    "judgements",
    metadata,
    Column("id", Number, primary_key=True),
    Column("left", String(16), ForeignKey("offers.id"), nullable=False, index=True),
    Column("right", String(16), ForeignKey("offers.id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("undone_at", UTCDateTime),
    Column("undone_by", String(200)),
    CheckConstraint('"left" < "right"', name="in_order"),
)
"""Whether two offers are the same."""

reviews: Final = Table(
    "reviews",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String(12), nullable=False),
    Column("offer_id", String(16), ForeignKey("offers.id"), nullable=False, index=True),
    Column("field", String(40), nullable=False),
    Column("harvested", Json),
    Column("corrected", Json),
    Column("replaced", Json),
    Column("opened_at", UTCDateTime, nullable=False),
    Column("due_at", UTCDateTime),
    Column("default", String(20)),
    Column("closed_at", UTCDateTime),
    Column("closed_by", String(200)),
    Column("region", String(8), nullable=False),
    Index(
        "uq_reviews_open",
        "offer_id",
        "kind",
        "field",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index(
        "ix_reviews_waiting",
        "region",
        "opened_at",
        "id",
        "kind",
        "offer_id",
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index(
        "ix_reviews_counted",
        "region",
        "kind",
        "offer_id",
        "closed_at",  # SQLite reads each row of the table where its condition is not in the index
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)
"""Items on the desk; at most one open of a kind per offer and field (``""`` where no field is meant).

``region`` is that of the offer, kept here as well: to look it up for each of 100,000 items takes longer than to count
them."""

suggestions: Final = Table(
    "suggestions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("offer_id", String(16), ForeignKey("offers.id"), nullable=False, index=True),
    Column("field", String(40)),
    Column("words", Text, nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("closed_at", UTCDateTime),
    Column("closed_by", String(200)),
)
"""What visitors say is wrong with an offer. Nothing about who said it is kept."""
