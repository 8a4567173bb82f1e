"""The second wall: row-level security on every tenant table.

A transaction declares the scopes (projects, workspaces, directories, inboxes) and the workspaces it may touch; policies
compare rows with that once per statement. What a person may see is computed here, by functions that run as the owner.
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DECLARING = """
CREATE FUNCTION declared_scopes() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('lockstep.scopes', true), ''), '{}')::uuid[]
$$;

CREATE FUNCTION declared_workspaces() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(nullif(current_setting('lockstep.workspaces', true), ''), '{}')::uuid[]
$$;

-- Adds to what this transaction may touch.
CREATE FUNCTION declare(scopes uuid[], workspaces uuid[]) RETURNS void LANGUAGE sql AS $$
    SELECT set_config('lockstep.scopes',
                      ARRAY(SELECT unnest(declared_scopes()) UNION SELECT unnest(scopes))::text, true),
           set_config('lockstep.workspaces',
                      ARRAY(SELECT unnest(declared_workspaces()) UNION SELECT unnest(workspaces))::text, true);
$$;

-- The projects that a person sees, with their role there: every answer about access comes from here.
CREATE FUNCTION project_roles(viewer uuid) RETURNS TABLE (project_id uuid, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT p.id, 'admin' FROM workspace_members w JOIN projects p ON p.workspace_id = w.workspace_id
    WHERE w.user_id = viewer AND w.role IN ('owner', 'admin')
    UNION ALL
    SELECT m.project_id, m.role FROM project_members m
    WHERE m.user_id = viewer AND NOT EXISTS (
        SELECT FROM projects p JOIN workspace_members w ON w.workspace_id = p.workspace_id
        WHERE p.id = m.project_id AND w.user_id = viewer AND w.role IN ('owner', 'admin'))
$$;

-- Declares what a person may see: their inbox, projects and workspaces, and (unless a guest) the logs of those.
CREATE FUNCTION declare_viewer(viewer uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    WITH mine AS (
        SELECT w.id, w.directory_id, m.role FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
        WHERE m.user_id = viewer
    )
    SELECT declare(
        viewer || (SELECT coalesce(array_agg(project_id), '{}') FROM project_roles(viewer))
               || (SELECT coalesce(array_agg(id) || array_agg(directory_id), '{}') FROM mine WHERE role <> 'guest'),
        (SELECT coalesce(array_agg(id), '{}') FROM mine));
$$;

-- Puts a table behind the wall: a row passes if any of its columns is declared, as 'scopes' or as 'workspaces'.
-- IN is evaluated once a statement and hashed. As `= ANY (array)` it would become part of index conditions, which the
-- planner reckons ten times dearer than they are: it then read whole tables for 500 keys.
CREATE FUNCTION isolate(target regclass, declared text, VARIADIC columns text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    condition text := (SELECT string_agg(format('%I IN (SELECT unnest(declared_%s()))', name, declared), ' OR ')
                       FROM unnest(columns) AS name);
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY isolation_by_%s ON %s USING (%s)', declared, target, condition);
END $$;
REVOKE ALL ON FUNCTION isolate(regclass, text, text[]) FROM PUBLIC;
"""

# What must be known of things that the asker may not see: whether an id is free, whether blocks would close a cycle,
# who has an address, where a log stands. Each tells as little as will do, and no content.
ASKING = """
CREATE FUNCTION ids_in_use(asked uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT id FROM scopes WHERE id = ANY(asked)
    UNION SELECT task_id FROM task_locations WHERE task_id = ANY(asked)
    UNION SELECT comment_id FROM comment_locations WHERE comment_id = ANY(asked)
    UNION SELECT id FROM links WHERE id = ANY(asked)
$$;

CREATE FUNCTION project_key_in_use(workspace uuid, asked text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT EXISTS (SELECT FROM projects WHERE workspace_id = workspace AND key = asked)
$$;

-- Every link of a kind that can be reached from a task. UNION, not UNION ALL: an imported cycle is walked once.
CREATE FUNCTION links_along(asked text, start uuid) RETURNS TABLE (source_task_id uuid, target_task_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    WITH RECURSIVE along AS (
        SELECT l.source_task_id, l.target_task_id FROM links l WHERE l.kind = asked AND l.source_task_id = start
        UNION
        SELECT l.source_task_id, l.target_task_id
        FROM along JOIN links l ON l.source_task_id = along.target_task_id AND l.kind = asked
    )
    SELECT along.source_task_id, along.target_task_id FROM along
$$;

CREATE FUNCTION account_id(address text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT id FROM users WHERE email = address
$$;

-- Who may read a scope depends on its workspace: one stamp there tells every scope of it.
CREATE FUNCTION clocks_of(asked uuid[]) RETURNS TABLE (
    id uuid, kind text, seq bigint, head_event_id uuid, workspace_id uuid, access_stamp bigint
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT s.id, s.kind, s.seq, s.head_event_id, s.workspace_id, coalesce(w.access_stamp, s.access_stamp)
    FROM scopes s LEFT JOIN scopes w ON w.id = s.workspace_id WHERE s.id = ANY(asked)
$$;

CREATE FUNCTION bump_access(workspace uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    UPDATE scopes SET access_stamp = access_stamp + 1 WHERE id = workspace
$$;

-- Which of these people may read which of these scopes, pair by pair.
CREATE FUNCTION readable(users uuid[], asked uuid[]) RETURNS TABLE (user_id uuid, scope_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT pair.user_id, pair.scope_id
    FROM unnest(users, asked) AS pair(user_id, scope_id) JOIN scopes s ON s.id = pair.scope_id
    WHERE (s.kind = 'inbox' AND s.id = pair.user_id)
       OR (s.kind IN ('workspace', 'directory') AND EXISTS (
               SELECT FROM workspace_members w
               WHERE w.workspace_id = s.workspace_id AND w.user_id = pair.user_id AND w.role <> 'guest'))
       OR (s.kind = 'project' AND (
               EXISTS (SELECT FROM project_members m WHERE m.project_id = s.id AND m.user_id = pair.user_id)
            OR EXISTS (SELECT FROM workspace_members w WHERE w.workspace_id = s.workspace_id
                       AND w.user_id = pair.user_id AND w.role IN ('owner', 'admin'))))
$$;

CREATE FUNCTION sign_ins_ended(seconds double precision) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT id FROM sign_ins WHERE ended_at > now() - make_interval(secs => seconds)
$$;

-- Housekeeping: deletes what has expired, a batch of each; how much of the largest batch was used.
CREATE FUNCTION delete_expired(outcome_days int, batch int) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    WITH old AS (
        SELECT viewer_id, key FROM mutation_outcomes
        WHERE created_at < now() - make_interval(days => outcome_days) LIMIT batch
    ), outcomes AS (
        DELETE FROM mutation_outcomes m USING old WHERE m.viewer_id = old.viewer_id AND m.key = old.key RETURNING 1
    ), tokens AS (
        DELETE FROM refresh_tokens WHERE token_hash IN (
            SELECT token_hash FROM refresh_tokens WHERE expires_at < now() LIMIT batch) RETURNING 1
    )
    SELECT greatest((SELECT count(*) FROM outcomes), (SELECT count(*) FROM tokens))
$$;
"""

# Everybody who ever stood in a workspace's directory: whose name its history may need.
PEOPLE = """
CREATE TABLE workspace_people (
    workspace_id UUID NOT NULL,
    user_id UUID NOT NULL,
    PRIMARY KEY (workspace_id, user_id),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX workspace_people_user ON workspace_people (user_id);
INSERT INTO workspace_people SELECT workspace_id, user_id FROM workspace_members;

CREATE FUNCTION note_person() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO workspace_people VALUES (NEW.workspace_id, NEW.user_id) ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER note_person AFTER INSERT ON workspace_members FOR EACH ROW EXECUTE FUNCTION note_person();
GRANT SELECT ON workspace_people TO lockstep_service;
"""

# People are seen by themselves and by those who share a workspace's history with them, and changed by themselves.
USERS = """
ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_row ON users USING (id IN (SELECT unnest(declared_scopes())));
CREATE POLICY known_people ON users FOR SELECT USING (EXISTS (
    SELECT FROM workspace_people p
    WHERE p.user_id = users.id AND p.workspace_id IN (SELECT unnest(declared_workspaces()))));
"""

# What a row of each table is declared by.
BY_SCOPE = {
    "scopes": "id",
    "events": "scope_id",
    "mutation_outcomes": "viewer_id",
    "projects": "id",
    "inbox_items": "user_id",
}
BY_PROJECT = """task_counters project_members statuses labels task_types tasks task_locations task_keys task_assignees
    task_labels comments comment_locations import_refs"""
BY_WORKSPACE = {"workspaces": "id"} | dict.fromkeys(
    ("workspace_members", "workspace_people", "import_people"), "workspace_id"
)


def upgrade() -> None:
    op.execute(DECLARING)
    op.execute(ASKING)
    op.execute(PEOPLE)
    op.execute(USERS)
    for table, column in {**BY_SCOPE, **dict.fromkeys(BY_PROJECT.split(), "project_id")}.items():
        op.execute(f"SELECT isolate('{table}', 'scopes', '{column}')")
    for table, column in BY_WORKSPACE.items():
        op.execute(f"SELECT isolate('{table}', 'workspaces', '{column}')")
    op.execute("SELECT isolate('links', 'scopes', 'source_project_id', 'target_project_id')")


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
