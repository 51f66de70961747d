"""Kitas, who receives their mail, what they answered. Never reached from feeds (law 8)."""

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.sql.expression import false, true

from schemas.tables.base import Json, Number, UTCDateTime, metadata

kitas: Final = Table(
    "kitas",
    metadata,
    Column("id", String(80), primary_key=True),
    Column("region", String(8), nullable=False, index=True),
    Column("profile", Json, nullable=False),
    Column("example", Boolean, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
)
"""Kitas; ``profile`` is the Kita model without its recipients."""

recipients: Final = Table(
    "recipients",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kita_id", String(80), ForeignKey("kitas.id", ondelete="CASCADE"), nullable=False),
    Column("address", String(254), nullable=False, index=True),
    Column("confirmed_at", UTCDateTime),
    Column("confirmed", Boolean, nullable=False, server_default=false()),
    Column("consent_text", String(80)),
    Column("unsubscribed_at", UTCDateTime),
    Column("token_version", Integer, nullable=False, server_default="0"),
    Column("invited_at", UTCDateTime),
    UniqueConstraint("kita_id", "address"),
    UniqueConstraint("id", "confirmed"),
    CheckConstraint("confirmed = (confirmed_at IS NOT NULL)", name="confirmed"),
)
"""Mail addresses; ``invited_at`` is when each was last asked to confirm. ``confirmed`` says whether ``confirmed_at`` is
known, so that ``digests`` can demand it (law 6)."""

feedback: Final = Table(
    "feedback",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kita_id", String(80), ForeignKey("kitas.id", ondelete="CASCADE"), nullable=False),
    Column("offer_id", String(16), ForeignKey("offers.id"), nullable=False, index=True),
    Column("answer", String(20), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("week", String(8)),
    Column("later_from", Date),
    Column("why", Text),
    Column("undone_at", UTCDateTime),
    Index("ix_feedback_kita_id_offer_id", "kita_id", "offer_id"),
)
"""What Kitas answered; undone, never deleted while the Kita exists."""

recommendations: Final = Table(
    "recommendations",
    metadata,
    Column("week", String(8), primary_key=True),
    Column("kita_id", String(80), ForeignKey("kitas.id", ondelete="CASCADE"), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("offer_id", String(16), ForeignKey("offers.id"), nullable=False, index=True),
    Column("score", Float(53), nullable=False),
    Column("data", Json, nullable=False),
    Column("ranked_on", Date, nullable=False),
    Index("ix_recommendations_kita_id", "kita_id"),
)
"""What was ranked for a week; ``data`` is the Recommendation."""

digests: Final = Table(
    "digests",
    metadata,
    Column("id", Number, primary_key=True),
    Column("week", String(8), nullable=False),
    Column("kita_id", String(80), ForeignKey("kitas.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("recipient_id", Number, nullable=False),
    Column("confirmed", Boolean, nullable=False, server_default=true()),
    Column("state", String(10), nullable=False),
    Column("message_id", String(255), nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("rendered_at", UTCDateTime, nullable=False),
    Column("claimed_at", UTCDateTime),
    Column("claim_fence", Number),
    Column("sent_at", UTCDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    UniqueConstraint("week", "kita_id", "recipient_id"),
    ForeignKeyConstraint(
        ["recipient_id", "confirmed"], ["recipients.id", "recipients.confirmed"], ondelete="CASCADE", name="recipient"
    ),
    CheckConstraint("confirmed", name="confirmed"),
    CheckConstraint("state IN ('new', 'sending', 'sent', 'unsure', 'failed')", name="state"),
    Index("ix_digests_state", "state"),
    Index("ix_digests_recipient_id", "recipient_id", "confirmed"),
)
"""The mail ledger: one row per (week, Kita, recipient) before the first byte is sent. Recipient and ``confirmed``
(always true) together refer to a recipient, so the database refuses a mail to an unconfirmed one (law 6)."""
