"""Tasks, comments, links and the inbox."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE tasks (
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    number INTEGER NOT NULL,
    title TEXT NOT NULL,
    sections JSONB NOT NULL,
    status_id UUID NOT NULL,
    type_id UUID NOT NULL,
    priority SMALLINT NOT NULL,
    creator_id UUID,
    parent_id UUID,
    estimate FLOAT,
    due_date DATE,
    rank TEXT COLLATE "C" NOT NULL,
    close_reason TEXT,
    external_ref TEXT,
    config JSONB NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY(project_id, status_id) REFERENCES statuses (project_id, id),
    FOREIGN KEY(project_id, type_id) REFERENCES task_types (project_id, id),
    FOREIGN KEY(project_id) REFERENCES projects (id),
    FOREIGN KEY(creator_id) REFERENCES users (id)
)
 PARTITION BY HASH (project_id);
CREATE INDEX tasks_created ON tasks (project_id, created_at, id);
CREATE INDEX tasks_due ON tasks (project_id, due_date, id);
CREATE INDEX tasks_priority ON tasks (project_id, priority, id);
CREATE INDEX tasks_external_ref ON tasks (project_id, external_ref);
CREATE UNIQUE INDEX tasks_number ON tasks (project_id, number);
CREATE INDEX tasks_parent ON tasks (project_id, parent_id);
CREATE INDEX tasks_rank ON tasks (project_id, rank);
CREATE INDEX tasks_status_rank ON tasks (project_id, status_id, rank);
CREATE INDEX tasks_updated ON tasks (project_id, updated_at, id);

CREATE TABLE task_locations (
    task_id UUID NOT NULL,
    project_id UUID NOT NULL,
    PRIMARY KEY (task_id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE TABLE task_keys (
    project_id UUID NOT NULL,
    number INTEGER NOT NULL,
    task_id UUID NOT NULL,
    PRIMARY KEY (project_id, number),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE INDEX task_keys_task ON task_keys (task_id);

CREATE TABLE task_assignees (
    project_id UUID NOT NULL,
    task_id UUID NOT NULL,
    user_id UUID NOT NULL,
    PRIMARY KEY (project_id, task_id, user_id),
    FOREIGN KEY(project_id, task_id) REFERENCES tasks (project_id, id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX task_assignees_user ON task_assignees (user_id, project_id);

CREATE TABLE task_labels (
    project_id UUID NOT NULL,
    task_id UUID NOT NULL,
    label_id UUID NOT NULL,
    PRIMARY KEY (project_id, task_id, label_id),
    FOREIGN KEY(project_id, task_id) REFERENCES tasks (project_id, id),
    FOREIGN KEY(project_id, label_id) REFERENCES labels (project_id, id)
);
CREATE INDEX task_labels_label ON task_labels (project_id, label_id);

CREATE TABLE comments (
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    task_id UUID NOT NULL,
    parent_id UUID,
    author_id UUID,
    body TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY(project_id, task_id) REFERENCES tasks (project_id, id),
    FOREIGN KEY(project_id) REFERENCES projects (id),
    FOREIGN KEY(author_id) REFERENCES users (id)
)
 PARTITION BY HASH (project_id);
CREATE INDEX comments_parent ON comments (project_id, parent_id, created_at, id);
CREATE INDEX comments_task ON comments (project_id, task_id, created_at, id);

CREATE TABLE comment_locations (
    comment_id UUID NOT NULL,
    project_id UUID NOT NULL,
    PRIMARY KEY (comment_id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);

CREATE TABLE links (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    source_project_id UUID NOT NULL,
    source_task_id UUID NOT NULL,
    target_project_id UUID NOT NULL,
    target_task_id UUID NOT NULL,
    creator_id UUID,
    cyclic BOOLEAN NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(source_project_id) REFERENCES projects (id),
    FOREIGN KEY(target_project_id) REFERENCES projects (id),
    FOREIGN KEY(creator_id) REFERENCES users (id)
);
CREATE UNIQUE INDEX links_once ON links (source_task_id, target_task_id, kind);
CREATE INDEX links_source ON links (source_project_id, source_task_id);
CREATE INDEX links_target ON links (target_project_id, target_task_id);

CREATE TABLE inbox_items (
    user_id UUID NOT NULL,
    id UUID NOT NULL,
    reason TEXT NOT NULL,
    project_id UUID,
    task_id UUID,
    comment_id UUID,
    actor_id UUID,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    read_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (user_id, id),
    FOREIGN KEY(user_id) REFERENCES users (id),
    FOREIGN KEY(actor_id) REFERENCES users (id)
);
CREATE INDEX inbox_items_newest ON inbox_items (user_id, created_at, id);
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON tasks, task_locations, task_keys, task_assignees, task_labels, comments,
    comment_locations, links, inbox_items TO lockstep_service;
GRANT DELETE ON tasks, task_assignees, task_labels, links TO lockstep_service;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute("SELECT make_partitions('tasks', 16), make_partitions('comments', 16)")
    for table in (
        "tasks", "task_locations", "task_keys", "task_assignees", "task_labels", "comments", "comment_locations",
    ):  # fmt: skip
        op.execute(f"SELECT guard_scope('{table}', 'project_id')")
    op.execute("SELECT guard_scope('links', 'source_project_id'), guard_scope('links', 'target_project_id')")
    op.execute("SELECT guard_scope('inbox_items', 'user_id')")
    op.execute(GRANTS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
