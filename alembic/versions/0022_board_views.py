"""Boards over a saved view."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No foreign key: a deleted board names the view that it showed, which may be gone.
    op.execute("ALTER TABLE boards ADD COLUMN view_id UUID")


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
