"""The Region beside each review; indexes by which what waits is counted without reading reviews or memberships.

Revision: 0007
Revises: 0005
"""

from typing import Any, Final

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OPEN: Final[dict[str, Any]] = {
    "sqlite_where": sa.text("closed_at IS NULL"),
    "postgresql_where": sa.text("closed_at IS NULL"),
}
_WAITING: Final = ["opened_at", "id", "kind", "offer_id"]


def upgrade() -> None:
    op.drop_index("ix_memberships_offer_id", table_name="memberships")
    op.create_index("ix_memberships_offer", "memberships", ["offer_id", "source", "until"])
    op.drop_index("ix_reviews_waiting", table_name="reviews")
    op.add_column("reviews", sa.Column("region", sa.String(length=8), nullable=True))
    reviews = sa.table("reviews", sa.column("offer_id"), sa.column("region"))
    offers = sa.table("offers", sa.column("id"), sa.column("region"))
    region = sa.select(offers.c.region).where(offers.c.id == reviews.c.offer_id).scalar_subquery()
    op.execute(sa.update(reviews).values(region=region))
    with op.batch_alter_table("reviews") as batch:
        batch.alter_column("region", existing_type=sa.String(length=8), nullable=False)
    op.create_index("ix_reviews_waiting", "reviews", ["region", *_WAITING], **OPEN)
    op.create_index("ix_reviews_counted", "reviews", ["region", "kind", "offer_id", "closed_at"], **OPEN)


def downgrade() -> None:
    op.drop_index("ix_reviews_counted", table_name="reviews")
    op.drop_index("ix_reviews_waiting", table_name="reviews")
    op.drop_column("reviews", "region")
    op.create_index("ix_reviews_waiting", "reviews", _WAITING, **OPEN)
    op.drop_index("ix_memberships_offer", table_name="memberships")
    op.create_index("ix_memberships_offer_id", "memberships", ["offer_id"])
