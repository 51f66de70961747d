"""Mails other than the Kitas' weekly one: to coordinators and providers. Never reached from feeds (law 8)."""

from typing import Final

from sqlalchemy import CheckConstraint, Column, Index, Integer, String, Table, Text

from schemas.tables.base import Json, Number, UTCDateTime, metadata

letters: Final = Table(
    "letters",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("dedupe", String(200), nullable=False, unique=True),
    Column("region", String(8), nullable=False, index=True),
    Column("address", String(254), nullable=False),
    Column("state", String(10), nullable=False),
    Column("message_id", String(255), nullable=False, unique=True),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("data", Json),
    Column("rendered_at", UTCDateTime, nullable=False),
    Column("send_before", UTCDateTime),
    Column("claimed_at", UTCDateTime),
    Column("claim_fence", Number, nullable=False, server_default="0"),
    Column("sent_at", UTCDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    CheckConstraint("state IN ('new', 'sending', 'sent', 'unsure', 'failed')", name="state"),
    Index("ix_letters_state", "state"),
)
"""One row per letter before its first byte leaves. ``dedupe`` says what it is about (``friday:13075:2026-W48``),
so that none is written twice."""

week_stops: Final = Table(
    "week_stops",
    metadata,
    Column("id", Number, primary_key=True),
    Column("week", String(8), nullable=False),
    Column("region", String(8), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("undone_at", UTCDateTime),
    Column("undone_by", String(200)),
    Index("ix_week_stops_week", "week", "region"),
)
"""Weeks whose mails a coordinator stopped."""

rates: Final = Table(
    "rates",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("window", UTCDateTime, primary_key=True),
    Column("count", Integer, nullable=False),
)
"""How often somebody did something in a span of time; ``key`` is a keyed hash, no address, and goes after a day."""
