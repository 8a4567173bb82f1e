"""Tasks in the order of a custom field: indexes of values that end with the task."""

from __future__ import annotations

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in ("text", "number", "day", "ref"):
        op.execute(f"DROP INDEX task_field_values_{column}")
        op.execute(
            f"CREATE INDEX task_field_values_{column} ON task_field_values (project_id, field_id, {column}, task_id) "
            f"WHERE {column} IS NOT NULL"
        )


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
