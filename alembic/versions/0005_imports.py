"""What imports made: refs from things in files to objects here, and people by their names in files."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE import_refs (
    project_id UUID NOT NULL,
    source TEXT NOT NULL,
    object_type TEXT NOT NULL,
    external_id TEXT NOT NULL,
    object_id UUID NOT NULL,
    object_version INTEGER NOT NULL,
    fingerprint JSONB NOT NULL,
    PRIMARY KEY (project_id, source, object_type, external_id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE INDEX import_refs_object ON import_refs (project_id, object_id);

CREATE TABLE import_people (
    workspace_id UUID NOT NULL,
    name TEXT NOT NULL,
    user_id UUID NOT NULL,
    PRIMARY KEY (workspace_id, name),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON import_refs, import_people TO lockstep_service;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(
        "SELECT guard_scope('import_refs', 'project_id'), guard_scope('import_people', 'workspace_id')"
    )
    op.execute(GRANTS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
