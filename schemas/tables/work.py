"""What jobs leave behind: due work, leases, the ledger of hosts, the audit trail (law 10)."""

from typing import Final

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, String, Table, Text, UniqueConstraint

from schemas.tables.base import Json, Number, UTCDateTime, metadata

work: Final = Table(
    "work",
    metadata,
    Column("id", Number, primary_key=True),
    Column("job", String(120), nullable=False),
    Column("scheduled_for", UTCDateTime, nullable=False),
    Column("payload", Json, nullable=False),
    Column("state", String(10), nullable=False),
    Column("fence", Number, nullable=False, server_default="0"),
    Column("lease_until", UTCDateTime),
    Column("heartbeat_at", UTCDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("started_at", UTCDateTime),
    Column("finished_at", UTCDateTime),
    Column("error", Text),
    UniqueConstraint("job", "scheduled_for"),
    CheckConstraint("state IN ('due', 'running', 'done', 'failed', 'crashed')", name="state"),
    Index("ix_work_state_scheduled_for", "state", "scheduled_for"),
)
"""One row per job and scheduled time; results count only under the row's fence."""

leases: Final = Table(
    "leases",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("owner", String(120), nullable=False),
    Column("fence", Number, nullable=False),
    Column("until", UTCDateTime, nullable=False),
)
"""Who may do something that only one may do at a time."""

hosts: Final = Table(
    "hosts",
    metadata,
    Column("host", String(260), primary_key=True),
    Column("next_at", UTCDateTime),
    Column("robots", Text),
    Column("robots_status", Integer),
    Column("robots_fetched_at", UTCDateTime),
    Column("delay_s", Float(53)),
)
"""Hosts we read: when the next request may go out, and what robots.txt said. ``host`` is scheme, host and port."""

audit: Final = Table(
    "audit",
    metadata,
    Column("id", Number, primary_key=True),
    Column("at", UTCDateTime, nullable=False),
    Column("by", String(200), nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("data", Json, nullable=False),
    Index("ix_audit_subject", "subject"),
)
"""Who did what, to what, when. Triggers refuse to change or delete a row."""
