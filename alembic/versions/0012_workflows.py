"""Transitions of tasks between statuses, with their conditions and actions."""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE transitions (
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    from_status_id UUID,
    to_status_id UUID NOT NULL,
    type_id UUID,
    conditions JSONB NOT NULL,
    actions JSONB NOT NULL,
    rank TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY(project_id) REFERENCES projects (id),
    FOREIGN KEY(project_id, from_status_id) REFERENCES statuses (project_id, id),
    FOREIGN KEY(project_id, to_status_id) REFERENCES statuses (project_id, id),
    FOREIGN KEY(project_id, type_id) REFERENCES task_types (project_id, id)
);
CREATE INDEX transitions_project ON transitions (project_id, rank);

-- Where the tasks of a status go that is being removed. Nothing enters it any more.
ALTER TABLE statuses ADD COLUMN successor_id UUID;
ALTER TABLE statuses ADD FOREIGN KEY (project_id, successor_id) REFERENCES statuses (project_id, id);
CREATE INDEX statuses_leaving ON statuses (project_id) WHERE successor_id IS NOT NULL AND deleted_at IS NULL;
"""

# What housekeeping asks after a crash: which statuses are still being emptied, of any project.
ASKING = """
CREATE FUNCTION statuses_leaving() RETURNS TABLE (project_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT s.project_id, s.id FROM statuses s WHERE s.successor_id IS NOT NULL AND s.deleted_at IS NULL LIMIT 100
$$;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(ASKING)
    op.execute("GRANT SELECT, INSERT, UPDATE ON transitions TO lockstep_service")
    op.execute(
        "SELECT guard_scope('transitions', 'project_id'), isolate('transitions', 'scopes', 'project_id')"
    )


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
