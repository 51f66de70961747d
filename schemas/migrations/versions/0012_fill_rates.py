"""How often the offers of a run state what; of runs before this nothing is known.

Revision: 0012
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("fill", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "fill")
