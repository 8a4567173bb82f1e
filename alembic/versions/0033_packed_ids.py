"""Ids that a statement is given come as the bytes that PostgreSQL keeps an array of them in, and not as a text.

A domain of its own, so that asyncpg takes them as they are and goes on to take other arrays of ids apart by itself.
"""

from __future__ import annotations

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE DOMAIN ids AS uuid[]")


def downgrade() -> None:
    op.execute("DROP DOMAIN ids")
