"""What a transaction ends with says itself that others were faster: its COMMIT is on its way already."""

from __future__ import annotations

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

RACES = """
CREATE FUNCTION lose_race() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'others were faster' USING ERRCODE = 'LS004';
END $$;
"""


def upgrade() -> None:
    op.execute(RACES)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
