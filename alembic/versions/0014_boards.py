"""Boards with their columns, swimlanes and limits; which tasks have ranks that have grown long."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE boards (
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    swimlanes TEXT NOT NULL,
    columns JSONB NOT NULL,
    filter JSONB,
    rank TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE INDEX boards_project ON boards (project_id, rank);
CREATE INDEX tasks_long_rank ON tasks (project_id, rank) WHERE length(rank) > 48;
"""

# What housekeeping asks: in which projects ranks have grown long. Few rows are in that index.
ASKING = """
CREATE FUNCTION ranks_grown() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT DISTINCT project_id FROM tasks WHERE length(rank) > 48 LIMIT 100
$$;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(ASKING)
    op.execute("GRANT SELECT, INSERT, UPDATE ON boards TO lockstep_service")
    op.execute("SELECT guard_scope('boards', 'project_id'), isolate('boards', 'scopes', 'project_id')")


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
