"""What conditional requests need, per source and page; in place of ``validators``, which knew single-page feeds only.

Nothing is taken over: a page of which nothing is remembered is fetched in full once more.

Revision: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

moment = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.drop_table("validators")
    op.create_table(
        "pages",
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("fetched_at", moment, nullable=False),
        sa.Column("listing", sa.Boolean(), nullable=False),
        sa.Column("links", sa.Text(), nullable=False),
        sa.Column("next", sa.Text(), nullable=True),
        sa.Column("offers", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["source"], ["sources.name"], name="fk_pages_source"),
        sa.PrimaryKeyConstraint("source", "url", name="pk_pages"),
    )


def downgrade() -> None:
    op.drop_table("pages")
    op.create_table(
        "validators",
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=True),
        sa.Column("checked_at", moment, nullable=False),
        sa.PrimaryKeyConstraint("url", name="pk_validators"),
    )
