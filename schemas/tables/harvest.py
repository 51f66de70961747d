"""What sources are, what they said, and how reading them went (laws 2, 5 and 10)."""

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from schemas.tables.base import Json, Number, UTCDateTime, metadata

sources: Final = Table(
    "sources",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("region", String(8), nullable=False, index=True),
    Column("origin", String(10), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("data", Json, nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    Column("overlay", Json),
    Column("previewed_at", UTCDateTime),
    Column("deleted_at", UTCDateTime),
    Column("behind", Number),
)
"""Sources by name, from a TOML file (``origin`` = ``file``) or made at the desk (``desk``). ``data`` is what counts:
the file's description with ``overlay``, what the desk decided about it (active, trust, status …), laid over it (law 1);
``previewed_at`` is when a preview last found offers; a deleted source is never read again; ``behind`` is the membership
after which offers have not followed the description yet, absent where all have (``schemas.store.following``)."""

drafts: Final = Table(
    "drafts",
    metadata,
    Column("id", Number, primary_key=True),
    Column("region", String(8), nullable=False, index=True),
    Column("kind", String(12), nullable=False),
    Column("address", String(2000), nullable=False),
    Column("source", Json),
    Column("state", String(10), nullable=False),
    Column("result", Json),
    Column("error", Text),
    Column("upload_id", Number, ForeignKey("uploads.id", ondelete="SET NULL")),
    Column("by", String(200), nullable=False),
    Column("created_at", UTCDateTime, nullable=False),
    Column("updated_at", UTCDateTime, nullable=False),
    CheckConstraint("state IN ('new', 'waiting', 'ready', 'failed', 'done')", name="state"),
    Index("ix_drafts_state", "state"),
)
"""Sources in the making: an address that was pasted, or a table that was uploaded, until it is active or dropped."""

uploads: Final = Table(
    "uploads",
    metadata,
    Column("id", Number, primary_key=True),
    Column("region", String(8), nullable=False, index=True),
    Column("name", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", UTCDateTime, nullable=False),
)
"""Files that coordinators uploaded, until what they hold is taken over or dropped."""

wordings: Final = Table(
    "wordings",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(80), ForeignKey("sources.name"), nullable=False),
    Column("field", String(80), nullable=False),
    Column("rule", String(80), nullable=False),
    Column("wording", String(500), nullable=False),
    Column("where", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("first_seen", UTCDateTime, nullable=False),
    Column("last_seen", UTCDateTime, nullable=False),
    Column("decided", String(10)),
    Column("meaning", Text),
    Column("decided_by", String(200)),
    Column("decided_at", UTCDateTime),
    UniqueConstraint("source", "field", "wording"),
    Index(
        "ix_wordings_open",
        "first_seen",
        sqlite_where=text("decided IS NULL"),
        postgresql_where=text("decided IS NULL"),
    ),
)
"""Wording of a source that was not understood: open, to be ignored, or given a ``meaning`` (a lookup of the source)."""

exclusions: Final = Table(
    "exclusions",
    metadata,
    Column("id", Number, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("value", String(500), nullable=False),
    Column("region", String(8), nullable=False),
    Column("by", String(200), nullable=False),
    Column("at", UTCDateTime, nullable=False),
    Column("why", Text),
    Column("undone_at", UTCDateTime),
    Column("undone_by", String(200)),
    CheckConstraint("kind IN ('host', 'address', 'provider')", name="kind"),
    Index("ix_exclusions_value", "value"),
)
"""*Please do not list us*: hosts and addresses never to be fetched, providers whose offers are never to be stored."""

runs: Final = Table(
    "runs",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(80), ForeignKey("sources.name"), nullable=False),
    Column("status", String(12), nullable=False),
    Column("started_at", UTCDateTime, nullable=False),
    Column("finished_at", UTCDateTime),
    Column("lease_until", UTCDateTime, nullable=False),
    Column("records", Integer, nullable=False, server_default="0"),
    Column("new", Integer, nullable=False, server_default="0"),
    Column("changed", Integer, nullable=False, server_default="0"),
    Column("unchanged", Integer, nullable=False, server_default="0"),
    Column("returned", Integer, nullable=False, server_default="0"),
    Column("missing", Integer, nullable=False, server_default="0"),
    Column("withdrawn", Integer, nullable=False, server_default="0"),
    Column("message", Text),
    Column("fill", Json),
    Index("ix_runs_source_id", "source", "id"),
    Index(
        "uq_runs_running",
        "source",
        unique=True,
        sqlite_where=text("status = 'running'"),
        postgresql_where=text("status = 'running'"),
    ),
)
"""HarvestRuns. At most one per source is running; its id is the fence under which results are written. ``fill`` is how
often the offers of the run state what."""

issues: Final = Table(
    "issues",
    metadata,
    Column("id", Number, primary_key=True),
    Column("run_id", Number, ForeignKey("runs.id"), nullable=False, index=True),
    Column("field", String(80), nullable=False),
    Column("wording", Text, nullable=False),
    Column("rule", String(80), nullable=False),
    Column("where", Text, nullable=False),
    Column("message", Text),
    Column("remedy", Text),
    Column("count", Integer, nullable=False),
)
"""What a run did not understand, one row per field, rule and wording, with how often it was met."""

records: Final = Table(
    "records",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(80), ForeignKey("sources.name"), nullable=False),
    Column("key", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("first_run", Number, ForeignKey("runs.id"), nullable=False),
    Column("last_run", Number, ForeignKey("runs.id"), nullable=False),
    Column("last_seen", UTCDateTime, nullable=False, index=True),
    UniqueConstraint("source", "key", "part", "fingerprint"),
)
"""What sources said, each version once, with the first and the last run that showed it."""

source_offers: Final = Table(
    "source_offers",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(80), ForeignKey("sources.name"), nullable=False),
    Column("key", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("reading", String(80), nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("first_seen", UTCDateTime, nullable=False),
    Column("last_seen", UTCDateTime, nullable=False),
    Column("last_run", Number, ForeignKey("runs.id"), nullable=False),
    Column("missed_runs", Integer, nullable=False),
    Column("present", Boolean, nullable=False),
    Column("withdrawn", String(40)),
    UniqueConstraint("source", "key", "part"),
)
"""Latest reading of each (source, key, part): SourceOffer JSON, the Record's fingerprint, the normaliser's version."""

pages: Final = Table(
    "pages",
    metadata,
    Column("source", String(80), ForeignKey("sources.name"), primary_key=True),
    Column("url", String(2000), primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("fingerprint", String(64), nullable=False),
    Column("fetched_at", UTCDateTime, nullable=False),
    Column("listing", Boolean, nullable=False),
    Column("links", Json, nullable=False),
    Column("next", Text),
    Column("offers", Json),
)
"""What conditional requests need, and what "not modified" stands for: identities and fingerprints of the Records on a
page (absent: all of the source), links that lead on. Of their content nothing is kept here."""
