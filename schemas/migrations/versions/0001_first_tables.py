"""The first tables: sources and Records, offers, reviews, Kitas and mails, work; search index and audit guard.

Revision: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
moment = sa.DateTime(timezone=True)

SQLITE = (
    """
    CREATE VIRTUAL TABLE published_search USING fts5(
        title, words, content = 'published_words', content_rowid = 'row', tokenize = 'ascii', prefix = '3'
    )
    """,
    """
    CREATE TRIGGER published_search_insert AFTER INSERT ON published_words BEGIN
        INSERT INTO published_search (rowid, title, words) VALUES (new.row, new.title, new.words);
    END
    """,
    """
    CREATE TRIGGER published_search_delete AFTER DELETE ON published_words BEGIN
        INSERT INTO published_search (published_search, rowid, title, words)
        VALUES ('delete', old.row, old.title, old.words);
    END
    """,
    """
    CREATE TRIGGER published_search_update AFTER UPDATE ON published_words
    WHEN old.title <> new.title OR old.words <> new.words BEGIN
        INSERT INTO published_search (published_search, rowid, title, words)
        VALUES ('delete', old.row, old.title, old.words);
        INSERT INTO published_search (rowid, title, words) VALUES (new.row, new.title, new.words);
    END
    """,
    """
    CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN
        SELECT RAISE(ABORT, 'audit is append-only');
    END
    """,
    """
    CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN
        SELECT RAISE(ABORT, 'audit is append-only');
    END
    """,
)

POSTGRESQL = (
    """
    ALTER TABLE published_words ADD COLUMN published_search tsvector GENERATED ALWAYS AS (
        setweight(to_tsvector('simple', title), 'A') || setweight(to_tsvector('simple', words), 'B')
    ) STORED
    """,
    "CREATE INDEX ix_published_search ON published_words USING gin (published_search)",
    """
    CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN RAISE EXCEPTION ''audit is append-only''; END'
    """,
    """
    CREATE TRIGGER audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
    """,
)


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", number, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"], unique=False)
    op.create_table(
        "counters",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("value", number, nullable=False),
        sa.CheckConstraint("value >= 0", name=op.f("ck_counters_not_negative")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "hosts",
        sa.Column("host", sa.String(length=260), nullable=False),
        sa.Column("next_at", moment, nullable=True),
        sa.Column("robots", sa.Text(), nullable=True),
        sa.Column("robots_status", sa.Integer(), nullable=True),
        sa.Column("robots_fetched_at", moment, nullable=True),
        sa.Column("delay_s", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("host", name=op.f("pk_hosts")),
    )
    op.create_table(
        "kitas",
        sa.Column("id", sa.String(length=80), nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("example", sa.Boolean(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kitas")),
    )
    op.create_index(op.f("ix_kitas_region"), "kitas", ["region"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("owner", sa.String(length=120), nullable=False),
        sa.Column("fence", number, nullable=False),
        sa.Column("until", moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
    )
    op.create_table(
        "offers",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("minted_at", moment, nullable=False),
        sa.Column("replaced_by", sa.String(length=16), nullable=True),
        sa.ForeignKeyConstraint(["replaced_by"], ["offers.id"], name=op.f("fk_offers_replaced_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_offers")),
    )
    op.create_index(op.f("ix_offers_region"), "offers", ["region"], unique=False)
    op.create_table(
        "sources",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("updated_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_sources")),
    )
    op.create_index(op.f("ix_sources_region"), "sources", ["region"], unique=False)
    op.create_table(
        "validators",
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("checked_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("url", name=op.f("pk_validators")),
    )
    op.create_table(
        "work",
        sa.Column("id", number, nullable=False),
        sa.Column("job", sa.String(length=120), nullable=False),
        sa.Column("scheduled_for", moment, nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("fence", number, server_default="0", nullable=False),
        sa.Column("lease_until", moment, nullable=True),
        sa.Column("heartbeat_at", moment, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("started_at", moment, nullable=True),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('due', 'running', 'done', 'failed', 'crashed')", name=op.f("ck_work_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work")),
        sa.UniqueConstraint("job", "scheduled_for", name=op.f("uq_work_job_scheduled_for")),
    )
    op.create_index("ix_work_state_scheduled_for", "work", ["state", "scheduled_for"], unique=False)
    op.create_table(
        "changes",
        sa.Column("number", number, autoincrement=False, nullable=False),
        sa.Column("offer_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_changes_offer_id")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_changes")),
    )
    op.create_index(op.f("ix_changes_offer_id"), "changes", ["offer_id"], unique=False)
    op.create_table(
        "corrections",
        sa.Column("id", number, nullable=False),
        sa.Column("offer_id", sa.String(length=16), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("replaced", sa.Text(), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("undone_at", moment, nullable=True),
        sa.Column("undone_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_corrections_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
    )
    op.create_index(op.f("ix_corrections_offer_id"), "corrections", ["offer_id"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("id", number, nullable=False),
        sa.Column("offer_id", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("undone_at", moment, nullable=True),
        sa.Column("undone_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_decisions_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(op.f("ix_decisions_offer_id"), "decisions", ["offer_id"], unique=False)
    op.create_table(
        "feedback",
        sa.Column("id", number, nullable=False),
        sa.Column("kita_id", sa.String(length=80), nullable=False),
        sa.Column("offer_id", sa.String(length=16), nullable=False),
        sa.Column("answer", sa.String(length=20), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("week", sa.String(length=8), nullable=True),
        sa.Column("later_from", sa.Date(), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("undone_at", moment, nullable=True),
        sa.ForeignKeyConstraint(["kita_id"], ["kitas.id"], name=op.f("fk_feedback_kita_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_feedback_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feedback")),
    )
    op.create_index("ix_feedback_kita_id_offer_id", "feedback", ["kita_id", "offer_id"], unique=False)
    op.create_index(op.f("ix_feedback_offer_id"), "feedback", ["offer_id"], unique=False)
    op.create_table(
        "judgements",
        sa.Column("id", number, nullable=False),
        sa.Column("left", sa.String(length=16), nullable=False),
        sa.Column("right", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("undone_at", moment, nullable=True),
        sa.Column("undone_by", sa.String(length=200), nullable=True),
        sa.CheckConstraint('"left" < "right"', name=op.f("ck_judgements_in_order")),
        sa.ForeignKeyConstraint(["left"], ["offers.id"], name=op.f("fk_judgements_left")),
        sa.ForeignKeyConstraint(["right"], ["offers.id"], name=op.f("fk_judgements_right")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgements")),
    )
    op.create_index(op.f("ix_judgements_left"), "judgements", ["left"], unique=False)
    op.create_index(op.f("ix_judgements_right"), "judgements", ["right"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("id", number, nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("offer_id", sa.String(length=16), nullable=False),
        sa.Column("since", moment, nullable=False),
        sa.Column("until", moment, nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_memberships_offer_id")),
        sa.ForeignKeyConstraint(["source"], ["sources.name"], name=op.f("fk_memberships_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_offer_id"), "memberships", ["offer_id"], unique=False)
    op.create_index(
        "uq_memberships_standing",
        "memberships",
        ["source", "key", "part"],
        unique=True,
        sqlite_where=sa.text("until IS NULL"),
        postgresql_where=sa.text("until IS NULL"),
    )
    op.create_table(
        "published",
        sa.Column("row", number, nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("min_months", sa.Integer(), nullable=False),
        sa.Column("max_months", sa.Integer(), nullable=False),
        sa.Column("areas", sa.Integer(), nullable=False),
        sa.Column("modes", sa.Integer(), nullable=False),
        sa.Column("weekdays", sa.Integer(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("x", sa.Float(precision=53), nullable=True),
        sa.Column("y", sa.Float(precision=53), nullable=True),
        sa.Column("z", sa.Float(precision=53), nullable=True),
        sa.Column("cost_child", sa.Float(precision=53), nullable=True),
        sa.Column("cost_group", sa.Float(precision=53), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("on_request", sa.Boolean(), nullable=False),
        sa.Column("dated", sa.Boolean(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=True),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("provider", sa.String(length=200), nullable=True),
        sa.Column("offer_id", sa.String(length=16), nullable=False),
        sa.Column("version", number, nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", moment, nullable=False),
        sa.Column("last_seen", moment, nullable=True),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_published_offer_id")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_published")),
        sa.UniqueConstraint("offer_id", name=op.f("uq_published_offer_id")),
    )
    op.create_index(op.f("ix_published_expires_on"), "published", ["expires_on"], unique=False)
    op.create_index(op.f("ix_published_version"), "published", ["version"], unique=False)
    op.create_index(
        "ix_published_filters",
        "published",
        [
            "status", "areas", "min_months", "max_months", "x", "y", "z",
            "modes", "weekdays", "months", "cost_child", "cost_group", "kind", "on_request", "dated", "first_day", "last_day", "region",
        ],
        unique=False,
    )  # fmt: skip
    op.create_table(
        "recipients",
        sa.Column("id", number, nullable=False),
        sa.Column("kita_id", sa.String(length=80), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("confirmed_at", moment, nullable=True),
        sa.Column("confirmed", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("consent_text", sa.String(length=80), nullable=True),
        sa.Column("unsubscribed_at", moment, nullable=True),
        sa.Column("token_version", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("confirmed = (confirmed_at IS NOT NULL)", name=op.f("ck_recipients_confirmed")),
        sa.ForeignKeyConstraint(["kita_id"], ["kitas.id"], name=op.f("fk_recipients_kita_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recipients")),
        sa.UniqueConstraint("id", "confirmed", name=op.f("uq_recipients_id_confirmed")),
        sa.UniqueConstraint("kita_id", "address", name=op.f("uq_recipients_kita_id_address")),
    )
    op.create_index(op.f("ix_recipients_address"), "recipients", ["address"], unique=False)
    op.create_table(
        "recommendations",
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("kita_id", sa.String(length=80), nullable=False),
        sa.Column("rank", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offer_id", sa.String(length=16), nullable=False),
        sa.Column("score", sa.Float(precision=53), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("ranked_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["kita_id"], ["kitas.id"], name=op.f("fk_recommendations_kita_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_recommendations_offer_id")),
        sa.PrimaryKeyConstraint("week", "kita_id", "rank", name=op.f("pk_recommendations")),
    )
    op.create_index("ix_recommendations_kita_id", "recommendations", ["kita_id"], unique=False)
    op.create_index(op.f("ix_recommendations_offer_id"), "recommendations", ["offer_id"], unique=False)
    op.create_table(
        "reviews",
        sa.Column("id", number, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("offer_id", sa.String(length=16), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("harvested", sa.Text(), nullable=True),
        sa.Column("corrected", sa.Text(), nullable=True),
        sa.Column("replaced", sa.Text(), nullable=True),
        sa.Column("opened_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=True),
        sa.Column("default", sa.String(length=20), nullable=True),
        sa.Column("closed_at", moment, nullable=True),
        sa.Column("closed_by", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(["offer_id"], ["offers.id"], name=op.f("fk_reviews_offer_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviews")),
    )
    op.create_index(op.f("ix_reviews_offer_id"), "reviews", ["offer_id"], unique=False)
    op.create_index(
        "uq_reviews_open",
        "reviews",
        ["offer_id", "kind", "field"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "runs",
        sa.Column("id", number, nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("status", sa.String(length=12), nullable=False),
        sa.Column("started_at", moment, nullable=False),
        sa.Column("finished_at", moment, nullable=True),
        sa.Column("lease_until", moment, nullable=False),
        sa.Column("records", sa.Integer(), server_default="0", nullable=False),
        sa.Column("new", sa.Integer(), server_default="0", nullable=False),
        sa.Column("changed", sa.Integer(), server_default="0", nullable=False),
        sa.Column("unchanged", sa.Integer(), server_default="0", nullable=False),
        sa.Column("returned", sa.Integer(), server_default="0", nullable=False),
        sa.Column("missing", sa.Integer(), server_default="0", nullable=False),
        sa.Column("withdrawn", sa.Integer(), server_default="0", nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["source"], ["sources.name"], name=op.f("fk_runs_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_runs")),
    )
    op.create_index("ix_runs_source_id", "runs", ["source", "id"], unique=False)
    op.create_index(
        "uq_runs_running",
        "runs",
        ["source"],
        unique=True,
        sqlite_where=sa.text("status = 'running'"),
        postgresql_where=sa.text("status = 'running'"),
    )
    op.create_table(
        "digests",
        sa.Column("id", number, nullable=False),
        sa.Column("week", sa.String(length=8), nullable=False),
        sa.Column("kita_id", sa.String(length=80), nullable=False),
        sa.Column("recipient_id", number, nullable=False),
        sa.Column("confirmed", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("rendered_at", moment, nullable=False),
        sa.Column("claimed_at", moment, nullable=True),
        sa.Column("claim_fence", number, nullable=True),
        sa.Column("sent_at", moment, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('new', 'sending', 'sent', 'unsure', 'failed')", name=op.f("ck_digests_state")),
        sa.CheckConstraint("confirmed", name=op.f("ck_digests_confirmed")),
        sa.ForeignKeyConstraint(["kita_id"], ["kitas.id"], name=op.f("fk_digests_kita_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["recipient_id", "confirmed"],
            ["recipients.id", "recipients.confirmed"],
            name="recipient",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_digests")),
        sa.UniqueConstraint("message_id", name=op.f("uq_digests_message_id")),
        sa.UniqueConstraint("week", "kita_id", "recipient_id", name=op.f("uq_digests_week_kita_id_recipient_id")),
    )
    op.create_index(op.f("ix_digests_kita_id"), "digests", ["kita_id"], unique=False)
    op.create_index("ix_digests_recipient_id", "digests", ["recipient_id", "confirmed"], unique=False)
    op.create_index("ix_digests_state", "digests", ["state"], unique=False)
    op.create_table(
        "issues",
        sa.Column("id", number, nullable=False),
        sa.Column("run_id", number, nullable=False),
        sa.Column("field", sa.String(length=80), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(length=80), nullable=False),
        sa.Column("where", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("remedy", sa.Text(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_issues_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issues")),
    )
    op.create_index(op.f("ix_issues_run_id"), "issues", ["run_id"], unique=False)
    op.create_table(
        "published_bytes",
        sa.Column("row", number, autoincrement=False, nullable=False),
        sa.Column("offer", sa.LargeBinary(), nullable=False),
        sa.Column("line", sa.LargeBinary(), nullable=False),
        sa.Column("csv", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["row"], ["published.row"], name=op.f("fk_published_bytes_row")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_published_bytes")),
    )
    op.create_table(
        "published_days",
        sa.Column("row", number, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["row"], ["published.row"], name=op.f("fk_published_days_row")),
        sa.PrimaryKeyConstraint("row", "day", name=op.f("pk_published_days")),
    )
    op.create_index("ix_published_days_day", "published_days", ["day"], unique=False)
    op.create_table(
        "published_words",
        sa.Column("row", number, autoincrement=False, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["row"], ["published.row"], name=op.f("fk_published_words_row")),
        sa.PrimaryKeyConstraint("row", name=op.f("pk_published_words")),
    )
    op.create_table(
        "records",
        sa.Column("id", number, nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("first_run", number, nullable=False),
        sa.Column("last_run", number, nullable=False),
        sa.Column("last_seen", moment, nullable=False),
        sa.ForeignKeyConstraint(["first_run"], ["runs.id"], name=op.f("fk_records_first_run")),
        sa.ForeignKeyConstraint(["last_run"], ["runs.id"], name=op.f("fk_records_last_run")),
        sa.ForeignKeyConstraint(["source"], ["sources.name"], name=op.f("fk_records_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_records")),
        sa.UniqueConstraint(
            "source", "key", "part", "fingerprint", name=op.f("uq_records_source_key_part_fingerprint")
        ),
    )
    op.create_index(op.f("ix_records_last_seen"), "records", ["last_seen"], unique=False)
    op.create_table(
        "source_offers",
        sa.Column("id", number, nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("reading", sa.String(length=80), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("first_seen", moment, nullable=False),
        sa.Column("last_seen", moment, nullable=False),
        sa.Column("last_run", number, nullable=False),
        sa.Column("missed_runs", sa.Integer(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("withdrawn", sa.String(length=40), nullable=True),
        sa.ForeignKeyConstraint(["last_run"], ["runs.id"], name=op.f("fk_source_offers_last_run")),
        sa.ForeignKeyConstraint(["source"], ["sources.name"], name=op.f("fk_source_offers_source")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_source_offers")),
        sa.UniqueConstraint("source", "key", "part", name=op.f("uq_source_offers_source_key_part")),
    )
    op.execute("INSERT INTO counters (name, value) VALUES ('changes', 0)")
    for statement in SQLITE if op.get_bind().dialect.name == "sqlite" else POSTGRESQL:
        op.execute(statement)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE published_search")
    for table in (
        "source_offers",
        "records",
        "published_words",
        "published_days",
        "published_bytes",
        "issues",
        "digests",
        "runs",
        "reviews",
        "recommendations",
        "recipients",
        "published",
        "memberships",
        "judgements",
        "feedback",
        "decisions",
        "corrections",
        "changes",
        "work",
        "validators",
        "sources",
        "offers",
        "leases",
        "kitas",
        "hosts",
        "counters",
        "audit",
    ):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_is_append_only()")
