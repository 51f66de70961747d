"""Whether an offer was unsure when it was accepted.

Revision: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("decisions", sa.Column("unsure", sa.Boolean(), nullable=True))


def downgrade() -> None:
    op.drop_column("decisions", "unsure")
