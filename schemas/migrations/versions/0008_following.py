"""What is decided about many offers at once, and how far they have followed; numbers that were lost with a database.

Revision: 0008
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("sources", sa.Column("behind", number, nullable=True))
    op.create_table(
        "licences",
        sa.Column("region", sa.String(length=8), nullable=False),
        sa.Column("licence", sa.String(length=400), nullable=False),
        sa.Column("behind", number, nullable=True),
        sa.PrimaryKeyConstraint("region", name="pk_licences"),
    )
    op.create_table(
        "lost_numbers",
        sa.Column("after", number, autoincrement=False, nullable=False),
        sa.Column("until", number, nullable=False),
        sa.PrimaryKeyConstraint("after", name="pk_lost_numbers"),
    )


def downgrade() -> None:
    op.drop_table("lost_numbers")
    op.drop_table("licences")
    op.drop_column("sources", "behind")
