"""Confirmed addresses, password resets, sessions, signing keys."""

from __future__ import annotations

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
