"""Personal access tokens, service accounts, invitations, OIDC."""

from __future__ import annotations

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Nothing yet."""


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
