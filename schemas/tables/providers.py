"""What providers enter themselves, and what they agreed to. Never reached from feeds (law 8)."""

from typing import Final

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, String, Table

from schemas.tables.base import Json, Number, UTCDateTime, metadata

entries: Final = Table(
    "entries",
    metadata,
    Column("id", Number, primary_key=True),
    Column("region", String(8), nullable=False, index=True),
    Column("source", String(80), nullable=False),
    Column("key", String(80), nullable=False, unique=True),
    Column("offer_id", String(16), ForeignKey("offers.id")),
    Column("address", String(254), index=True),
    Column("person", Boolean, nullable=False),
    Column("data", Json),
    Column("state", String(12), nullable=False),
    Column("token_version", Integer, nullable=False, server_default="0"),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    Column("confirmed_at", UTCDateTime),
    Column("asked_at", UTCDateTime),
    Column("last_confirmed_at", UTCDateTime),
    Column("booked_until", Date),
    Column("groups_per_month", Integer),
    CheckConstraint("state IN ('unconfirmed', 'live', 'withdrawn', 'deleted')", name="state"),
    Index("ix_entries_state_last_confirmed_at", "state", "last_confirmed_at"),
)
"""Offers that providers, or a coordinator for them on the phone, typed: ``data`` is the form. A deleted entry keeps its
key and nothing else."""

consents: Final = Table(
    "consents",
    metadata,
    Column("id", Number, primary_key=True),
    Column("entry_id", Number, ForeignKey("entries.id"), nullable=False, index=True),
    Column("purpose", String(40), nullable=False),
    Column("text_version", String(80), nullable=False),
    Column("given_at", UTCDateTime, nullable=False),
    Column("revoked_at", UTCDateTime),
)
"""What a provider agreed to (``contact``: show a person's contact), in which words, from when to when."""
