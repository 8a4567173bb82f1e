"""The service may ask which migration the database stands at: one name, of a table that is not its own to read."""

from __future__ import annotations

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

REVISION = """
CREATE FUNCTION schema_revision() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT version_num FROM alembic_version
$$;
REVOKE ALL ON FUNCTION schema_revision() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION schema_revision() TO lockstep_service;
"""


def upgrade() -> None:
    op.execute(REVISION)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
