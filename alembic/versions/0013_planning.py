"""Sprints, milestones and custom fields."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE sprints (
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    goal TEXT NOT NULL,
    stage TEXT NOT NULL,
    starts_on DATE,
    ends_on DATE,
    capacity FLOAT,
    rank TEXT COLLATE "C" NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE,
    version INTEGER NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE INDEX sprints_project ON sprints (project_id, rank);

CREATE TABLE milestones (
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    starts_on DATE,
    due_on DATE,
    rank TEXT COLLATE "C" NOT NULL,
    released_at TIMESTAMP WITH TIME ZONE,
    version INTEGER NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE INDEX milestones_project ON milestones (project_id, rank);

CREATE TABLE custom_fields (
    project_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    kind TEXT NOT NULL,
    required BOOLEAN NOT NULL,
    type_ids JSONB NOT NULL,
    options JSONB NOT NULL,
    rank TEXT COLLATE "C" NOT NULL,
    version INTEGER NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (project_id, id),
    FOREIGN KEY(project_id) REFERENCES projects (id)
);
CREATE INDEX custom_fields_project ON custom_fields (project_id, rank);

ALTER TABLE tasks ADD COLUMN sprint_id UUID, ADD COLUMN milestone_id UUID,
    ADD COLUMN fields JSONB NOT NULL DEFAULT '{}';
ALTER TABLE tasks ALTER COLUMN fields DROP DEFAULT;
ALTER TABLE tasks ADD FOREIGN KEY(project_id, sprint_id) REFERENCES sprints (project_id, id),
    ADD FOREIGN KEY(project_id, milestone_id) REFERENCES milestones (project_id, id);
CREATE INDEX tasks_sprint ON tasks (project_id, sprint_id, rank) WHERE sprint_id IS NOT NULL;
CREATE INDEX tasks_milestone ON tasks (project_id, milestone_id, rank) WHERE milestone_id IS NOT NULL;
"""

# What tasks hold, told again where it can be asked for by an index. Only the triggers below write it.
DERIVED = """
-- Every task that is or ever was in a sprint: whose history tells how the sprint's scope changed.
CREATE TABLE sprint_tasks (
    project_id UUID NOT NULL,
    sprint_id UUID NOT NULL,
    task_id UUID NOT NULL,
    PRIMARY KEY (project_id, sprint_id, task_id)
);

CREATE FUNCTION note_sprint() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO sprint_tasks VALUES (NEW.project_id, NEW.sprint_id, NEW.id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER note_sprint AFTER INSERT ON tasks FOR EACH ROW
    WHEN (NEW.sprint_id IS NOT NULL) EXECUTE FUNCTION note_sprint();
CREATE TRIGGER note_new_sprint AFTER UPDATE OF sprint_id ON tasks FOR EACH ROW
    WHEN (NEW.sprint_id IS NOT NULL AND OLD.sprint_id IS DISTINCT FROM NEW.sprint_id) EXECUTE FUNCTION note_sprint();

-- The values of tasks' custom fields, each in the column of its kind; of several options each is a row.
CREATE TABLE task_field_values (
    project_id UUID NOT NULL,
    task_id UUID NOT NULL,
    field_id UUID NOT NULL,
    place SMALLINT NOT NULL,
    text TEXT,
    number FLOAT,
    day DATE,
    ref UUID,
    PRIMARY KEY (project_id, task_id, field_id, place)
);
CREATE INDEX task_field_values_text ON task_field_values (project_id, field_id, text) WHERE text IS NOT NULL;
CREATE INDEX task_field_values_number ON task_field_values (project_id, field_id, number) WHERE number IS NOT NULL;
CREATE INDEX task_field_values_day ON task_field_values (project_id, field_id, day) WHERE day IS NOT NULL;
CREATE INDEX task_field_values_ref ON task_field_values (project_id, field_id, ref) WHERE ref IS NOT NULL;

CREATE FUNCTION keep_field_values() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM task_field_values WHERE project_id = OLD.project_id AND task_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO task_field_values (project_id, task_id, field_id, place, text, number, day, ref)
        SELECT NEW.project_id, NEW.id, one.key::uuid, 0, coalesce(one.value ->> 'text', one.value ->> 'url'),
               (one.value ->> 'number')::float, (one.value ->> 'date')::date,
               coalesce(one.value ->> 'option_id', one.value ->> 'user_id')::uuid
        FROM jsonb_each(NEW.fields) AS one WHERE NOT one.value ? 'option_ids'
        UNION ALL
        SELECT NEW.project_id, NEW.id, one.key::uuid, chosen.place, NULL, NULL, NULL, chosen.id::uuid
        FROM jsonb_each(NEW.fields) AS one
        CROSS JOIN jsonb_array_elements_text(one.value -> 'option_ids') WITH ORDINALITY AS chosen(id, place)
        WHERE one.value ? 'option_ids';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_first_field_values AFTER INSERT ON tasks FOR EACH ROW
    WHEN (NEW.fields <> '{}') EXECUTE FUNCTION keep_field_values();
CREATE TRIGGER keep_field_values AFTER UPDATE OF fields ON tasks FOR EACH ROW
    WHEN (OLD.fields <> NEW.fields) EXECUTE FUNCTION keep_field_values();
CREATE TRIGGER drop_field_values AFTER DELETE ON tasks FOR EACH ROW
    WHEN (OLD.fields <> '{}') EXECUTE FUNCTION keep_field_values();
"""

RIGHTS = """
GRANT SELECT, INSERT, UPDATE ON sprints, milestones, custom_fields TO lockstep_service;
GRANT SELECT ON sprint_tasks, task_field_values TO lockstep_service;
"""

ISOLATION = """
SELECT guard_scope('sprints', 'project_id'), guard_scope('milestones', 'project_id'),
       guard_scope('custom_fields', 'project_id');
SELECT isolate('sprints', 'scopes', 'project_id'), isolate('milestones', 'scopes', 'project_id'),
       isolate('custom_fields', 'scopes', 'project_id'), isolate('sprint_tasks', 'scopes', 'project_id'),
       isolate('task_field_values', 'scopes', 'project_id');
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(DERIVED)
    op.execute(RIGHTS)
    op.execute(ISOLATION)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
