"""Offers: identity, what is published, and the one change counter (laws 1, 4 and 5).

``published`` holds one narrow row per offer, of whatever status, with the columns that lists filter by;
``published_bytes`` and the tables ``exported_…`` the finished bytes; ``published_words`` the search words, from which
the database itself keeps the search index (``published_search``: FTS5 on SQLite, a ``tsvector`` column on PostgreSQL).
"""

from typing import Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    text,
)

from schemas.tables.base import Number, UTCDateTime, metadata

offers: Final = Table(
    "offers",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("region", String(8), nullable=False, index=True),
    Column("minted_at", UTCDateTime, nullable=False),
    Column("replaced_by", String(16), ForeignKey("offers.id")),
    Index(
        "ix_offers_replaced_by",
        "replaced_by",
        sqlite_where=text("replaced_by IS NOT NULL"),
        postgresql_where=text("replaced_by IS NOT NULL"),
    ),
)
"""Every id ever minted; rows are never deleted and ids never reused."""

memberships: Final = Table(
    "memberships",
    metadata,
    Column("id", Number, primary_key=True),
    Column("source", String(80), ForeignKey("sources.name"), nullable=False),
    Column("key", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("offer_id", String(16), ForeignKey("offers.id"), nullable=False),
    Column("since", UTCDateTime, nullable=False),
    Column("until", UTCDateTime),
    Column("reason", String(40), nullable=False),
    Index("ix_memberships_offer", "offer_id", "source", "until"),
    Index(
        "uq_memberships_standing",
        "source",
        "key",
        "part",
        unique=True,
        sqlite_where=text("until IS NULL"),
        postgresql_where=text("until IS NULL"),
    ),
)
"""Which offer a (source, key, part) belongs to, since when and why (``minted``, ``merged``, ``split``, ``rekeyed``)."""

published: Final = Table(
    "published",
    metadata,
    Column("row", Number, primary_key=True),
    Column("status", String(10), nullable=False),
    Column("min_months", Integer, nullable=False),
    Column("max_months", Integer, nullable=False),
    Column("areas", Integer, nullable=False),
    Column("modes", Integer, nullable=False),
    Column("weekdays", Integer, nullable=False),
    Column("months", Integer, nullable=False),
    Column("x", Float(53)),
    Column("y", Float(53)),
    Column("z", Float(53)),
    Column("cost_child", Float(53)),
    Column("cost_group", Float(53)),
    Column("kind", String(20), nullable=False),
    Column("on_request", Boolean, nullable=False),
    Column("dated", Boolean, nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("region", String(8), nullable=False),
    Column("provider", String(200)),
    Column("offer_id", String(16), ForeignKey("offers.id"), nullable=False, unique=True),
    Column("version", Number, nullable=False, index=True),
    Column("expires_on", Date, index=True),
    Column("digest", LargeBinary, nullable=False),
    Column("changed_at", UTCDateTime, nullable=False),
    Column("last_seen", UTCDateTime),
    Column("provider_key", String(80)),
    Column("locality", String(120)),
    Column("group_max", Integer),
    Column("topics", Number),
    Column("ways", Integer),
    Column("access", Integer),
    Column("languages", String(200)),
    Column("reach_unknown", Boolean),
    Column("rights", String(400)),
    Index(
        "ix_published_filters", "status", "areas", "min_months", "max_months", "x", "y", "z",
        "modes", "weekdays", "months", "cost_child", "cost_group", "kind", "on_request",
        "dated", "first_day", "last_day", "region", "group_max", "topics", "reach_unknown", "provider",
    ),
    Index("ix_published_providers", "status", "provider_key", "region", "provider"),
    Index("ix_published_rights", "rights", "status", "region"),
)  # fmt: skip
"""One narrow row per offer; what lists filter by comes first, for a scan reads a row from its front.

Ages are 0 and 9999 where open, the first -1 where unknown; ``areas``, ``modes``, ``weekdays``, ``months``, ``topics``,
``ways`` (to book) and ``access`` (possible, perhaps with limits) are bit sets (``schemas.columns``), 0 is *not stated*;
``x, y, z`` are the place as a unit vector (distance by arithmetic, the same on both databases);
``cost_child + cost_group / children`` is the cost per child in euro; ``expires_on`` the first day after its last;
``provider_key`` joins the spellings of one name (``schemas.identifiers``); ``reach_unknown`` is a mobile offer that
does not say where it goes; ``rights`` is the licence of its texts, or the kind of rights
(``schemas.publish.bucket``)."""

published_bytes: Final = Table(
    "published_bytes",
    metadata,
    Column("row", Number, ForeignKey("published.row"), primary_key=True, autoincrement=False),
    Column("offer", LargeBinary, nullable=False),
    Column("on_pages", LargeBinary),
)
"""The offer in the forms that stay in the house: internal JSON (ranking, desk), and public JSON for pages where these
may show a text that does not leave the house; elsewhere pages show what ``exported_ndjson`` holds."""


def _exported(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("row", Number, ForeignKey("published.row"), primary_key=True, autoincrement=False),
        Column("body", LargeBinary),
    )


exported_ndjson: Final = _exported("exported_ndjson")
"""The offer as it leaves the house, as a JSON line but for its end (``schemas.stored.licensed``); ``NULL`` for one that
is not shown. Each form has a table of its own, for a database reads rows whole."""

exported_csv: Final = _exported("exported_csv")
"""The same as a CSV line but for its end (``schemas.stored.licensed_csv``)."""

exported_facts_ndjson: Final = _exported("exported_facts_ndjson")
"""The JSON line without the source's prose, where the one that leaves the house has any; else ``NULL``."""

exported_facts_csv: Final = _exported("exported_facts_csv")
"""The CSV line likewise."""

published_words: Final = Table(
    "published_words",
    metadata,
    Column("row", Number, ForeignKey("published.row"), primary_key=True, autoincrement=False),
    Column("title", Text, nullable=False),
    Column("words", Text, nullable=False),
)
"""Search words (folded, stemmed) of the title and of the rest."""

published_reach: Final = Table(
    "published_reach",
    metadata,
    Column("row", Number, ForeignKey("published.row"), primary_key=True, autoincrement=False),
    Column("key", String(8), primary_key=True),
    Column("x", Float(53)),
    Column("y", Float(53)),
    Column("z", Float(53)),
    Column("chord", Float(53)),
    Index("ix_published_reach_key", "key"),
)
"""Where mobile offers say that they go: official keys or their beginnings; ``*`` is a circle, its middle as a unit
vector and the squared chord to its edge."""

published_days: Final = Table(
    "published_days",
    metadata,
    Column("row", Number, ForeignKey("published.row"), primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Index("ix_published_days_day", "day"),
)
"""Days on which a dated instance takes place."""

changes: Final = Table(
    "changes",
    metadata,
    Column("number", Number, primary_key=True, autoincrement=False),
    Column("offer_id", String(16), ForeignKey("offers.id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("at", UTCDateTime, nullable=False),
)
"""Every change of what is published, numbered in the order of commits; without gaps but for ``lost_numbers``."""

counters: Final = Table(
    "counters",
    metadata,
    Column("name", String(20), primary_key=True),
    Column("value", Number, nullable=False),
    CheckConstraint("value >= 0", name="not_negative"),
)
"""The locked counter row ``changes``."""

licences: Final = Table(
    "licences",
    metadata,
    Column("region", String(8), primary_key=True),
    Column("licence", String(400), nullable=False),
    Column("behind", Number),
)
"""The licence of the facts that is in force in each Region; ``behind`` is the row of ``published`` after which offers
have no number for it yet, absent where all have (``schemas.store.following``)."""

lost_numbers: Final = Table(
    "lost_numbers",
    metadata,
    Column("after", Number, primary_key=True, autoincrement=False),
    Column("until", Number, nullable=False),
)
"""Numbers of changes above ``after`` and below ``until``: a database that was replaced by an older backup may have
given them out, this one never does (``schemas.store.numbers``)."""
