"""Projects, their members and vocabularies."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE projects (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    key TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    conflict_policy TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    archived_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
);
CREATE UNIQUE INDEX projects_key ON projects (workspace_id, key);

CREATE TABLE task_counters (
    project_id UUID NOT NULL,
    next_number INTEGER NOT NULL,
    PRIMARY KEY (project_id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE TABLE project_members (
    project_id UUID NOT NULL,
    user_id UUID NOT NULL,
    role TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (project_id, user_id),
    FOREIGN KEY(project_id) REFERENCES projects (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX project_members_user ON project_members (user_id);

CREATE TABLE statuses (
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    category TEXT NOT NULL,
    color TEXT NOT NULL,
    rank TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE INDEX statuses_project ON statuses (project_id, rank);

CREATE TABLE labels (
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    version INTEGER NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE INDEX labels_project ON labels (project_id, name);

CREATE TABLE task_types (
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    version INTEGER NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE INDEX task_types_project ON task_types (project_id, name);
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON projects, task_counters, project_members, statuses, labels, task_types
    TO lockstep_service;
GRANT DELETE ON project_members TO lockstep_service;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("SELECT guard_scope('projects', 'id')")
    for table in ("task_counters", "project_members", "statuses", "labels", "task_types"):
        op.execute(f"SELECT guard_scope('{table}', 'project_id')")
    op.execute(GRANTS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
