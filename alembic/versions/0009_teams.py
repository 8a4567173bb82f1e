"""Teams, and projects that a whole workspace may see: who sees what, and as what, in one place."""

from __future__ import annotations

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE teams (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    directory_id UUID NOT NULL,
    name TEXT NOT NULL,
    color TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id)
);
CREATE INDEX teams_workspace ON teams (workspace_id, name);

CREATE TABLE team_members (
    team_id UUID NOT NULL,
    user_id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (team_id, user_id),
    FOREIGN KEY(team_id) REFERENCES teams (id),
    CONSTRAINT team_members_of_workspace
        FOREIGN KEY(workspace_id, user_id) REFERENCES workspace_members (workspace_id, user_id)
);
CREATE INDEX team_members_user ON team_members (user_id, workspace_id);

CREATE TABLE project_teams (
    project_id UUID NOT NULL,
    team_id UUID NOT NULL,
    role TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (project_id, team_id),
    FOREIGN KEY(project_id) REFERENCES projects (id),
    FOREIGN KEY(team_id) REFERENCES teams (id)
);
CREATE INDEX project_teams_team ON project_teams (team_id);

ALTER TABLE projects ADD COLUMN visibility TEXT NOT NULL DEFAULT 'private';
ALTER TABLE projects ADD COLUMN workspace_role TEXT NOT NULL DEFAULT 'viewer';
ALTER TABLE projects ALTER COLUMN visibility DROP DEFAULT, ALTER COLUMN workspace_role DROP DEFAULT;
"""

# The one place that says who has which role in a project, and by what. Only the functions below read it. `given`: to
# this person, by name or by a team, rather than to everybody in the workspace.
GRANTS = """
CREATE FUNCTION role_standing(role text) RETURNS int LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT array_position(ARRAY['viewer', 'member', 'manager', 'admin'], role)
$$;

CREATE VIEW project_grants AS
    SELECT w.user_id, p.id AS project_id, p.workspace_id, role_standing('admin') AS standing, false AS given
    FROM workspace_members w JOIN projects p ON p.workspace_id = w.workspace_id
    WHERE w.role IN ('owner', 'admin')
  UNION ALL
    SELECT w.user_id, p.id, p.workspace_id, role_standing(p.workspace_role), false
    FROM workspace_members w JOIN projects p ON p.workspace_id = w.workspace_id
    WHERE w.role <> 'guest' AND p.visibility = 'workspace'
  UNION ALL
    SELECT m.user_id, p.id, p.workspace_id, role_standing(m.role), true
    FROM project_members m JOIN projects p ON p.id = m.project_id
  UNION ALL
    SELECT t.user_id, p.id, p.workspace_id, role_standing(g.role), true
    FROM team_members t JOIN project_teams g ON g.team_id = t.team_id JOIN projects p ON p.id = g.project_id;
REVOKE ALL ON project_grants FROM PUBLIC;
"""

# What may be asked about it. These run as the owner, so each says ids and roles, no content.
ANSWERS = """
-- The projects that a person sees, with their strongest role in each.
CREATE OR REPLACE FUNCTION project_roles(viewer uuid) RETURNS TABLE (project_id uuid, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan AS $$
    SELECT g.project_id, (ARRAY['viewer', 'member', 'manager', 'admin'])[max(g.standing)]
    FROM project_grants g WHERE g.user_id = viewer GROUP BY g.project_id
$$;

-- The same of some projects.
CREATE FUNCTION project_roles_in(viewer uuid, asked uuid[]) RETURNS TABLE (project_id uuid, role text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan ROWS 10 AS $$
    SELECT g.project_id, (ARRAY['viewer', 'member', 'manager', 'admin'])[max(g.standing)]
    FROM project_grants g WHERE g.user_id = viewer AND g.project_id = ANY(asked) GROUP BY g.project_id
$$;

-- Who of some people sees which of some projects: pairs.
CREATE FUNCTION project_readers_among(projects uuid[], people uuid[]) RETURNS TABLE (project_id uuid, user_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan AS $$
    SELECT DISTINCT g.project_id, g.user_id
    FROM project_grants g WHERE g.project_id = ANY(projects) AND g.user_id = ANY(people)
$$;

-- Everybody who sees some projects, of those that this transaction may touch: pairs.
CREATE FUNCTION project_readers(projects uuid[]) RETURNS TABLE (user_id uuid, project_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan AS $$
    SELECT DISTINCT g.user_id, g.project_id FROM project_grants g
    WHERE g.project_id = ANY(projects) AND g.project_id = ANY(declared_scopes())
$$;

-- The scopes of a workspace that some people read, if this transaction may touch it: pairs.
CREATE FUNCTION scopes_read_by(people uuid[], workspace uuid) RETURNS TABLE (user_id uuid, scope_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan AS $$
    SELECT m.user_id, one.id FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
    CROSS JOIN LATERAL (VALUES (w.id), (w.directory_id)) AS one(id)
    WHERE m.workspace_id = workspace AND m.user_id = ANY(people) AND m.role <> 'guest'
      AND workspace = ANY(declared_workspaces())
    UNION
    SELECT g.user_id, g.project_id FROM project_grants g
    WHERE g.workspace_id = workspace AND g.user_id = ANY(people) AND workspace = ANY(declared_workspaces())
$$;

-- Which of these people may read which of these scopes, pair by pair.
CREATE OR REPLACE FUNCTION readable(users uuid[], asked uuid[]) RETURNS TABLE (user_id uuid, scope_id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan AS $$
WITH pair AS (
        SELECT given.user_id, given.scope_id, s.kind, s.workspace_id
        FROM unnest(users, asked) AS given(user_id, scope_id) JOIN scopes s ON s.id = given.scope_id
    )
    SELECT pair.user_id, pair.scope_id FROM pair WHERE pair.kind = 'inbox' AND pair.scope_id = pair.user_id
  UNION ALL
    SELECT pair.user_id, pair.scope_id
    FROM pair JOIN workspace_members w ON w.workspace_id = pair.workspace_id AND w.user_id = pair.user_id
    WHERE pair.kind IN ('workspace', 'directory') AND w.role <> 'guest'
  UNION ALL
    SELECT pair.user_id, pair.scope_id
    FROM pair CROSS JOIN LATERAL (
        SELECT FROM project_grants g WHERE g.project_id = pair.scope_id AND g.user_id = pair.user_id LIMIT 1) AS found
    WHERE pair.kind = 'project'
$$;

-- Whom of some people a person may look up: themselves, colleagues, and (a guest) the people of their projects.
CREATE FUNCTION known_people(viewer uuid, asked uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan AS $$
    SELECT one.id FROM unnest(asked) AS one(id)
    WHERE one.id = viewer
       OR EXISTS (SELECT FROM workspace_members mine JOIN workspace_members theirs USING (workspace_id)
                  WHERE mine.user_id = viewer AND mine.role <> 'guest' AND theirs.user_id = one.id)
       OR EXISTS (SELECT FROM project_grants theirs
                  WHERE theirs.user_id = one.id AND theirs.given AND theirs.project_id IN (
                      SELECT mine.project_id FROM project_grants mine WHERE mine.user_id = viewer))
$$;

CREATE OR REPLACE FUNCTION ids_in_use(asked uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan AS $$
    SELECT id FROM scopes WHERE id = ANY(asked)
    UNION SELECT task_id FROM task_locations WHERE task_id = ANY(asked)
    UNION SELECT comment_id FROM comment_locations WHERE comment_id = ANY(asked)
    UNION SELECT id FROM links WHERE id = ANY(asked)
    UNION SELECT id FROM teams WHERE id = ANY(asked)
$$;
"""

RIGHTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON teams, team_members, project_teams TO lockstep_service;
"""

ISOLATION = """
SELECT guard_scope('teams', 'directory_id'), guard_scope('team_members', 'workspace_id'),
       guard_scope('project_teams', 'project_id');
SELECT isolate('teams', 'workspaces', 'workspace_id'), isolate('team_members', 'workspaces', 'workspace_id'),
       isolate('project_teams', 'scopes', 'project_id');
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(GRANTS)
    op.execute(ANSWERS)
    op.execute(RIGHTS)
    op.execute(ISOLATION)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
