"""A clock's events are counted by their index, also where the plan was made while there were next to none."""

from __future__ import annotations

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # A session keeps the plan of a function's query. One that was made on an almost empty partition read all of it, at
    # each commit, until the partition was analysed.
    op.execute("ALTER FUNCTION check_clock() SET enable_seqscan = off")


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
