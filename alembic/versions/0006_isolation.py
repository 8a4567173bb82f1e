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
    SELECT set_config('lockstep.scopes', (declared_scopes() || scopes)::text, true),
           set_config('lockstep.workspaces', (declared_workspaces() || workspaces)::text, true);
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
CREATE FUNCTION isolate(target regclass, declared text, VARIADIC columns text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    condition text := (SELECT string_agg(format('%I = ANY ((SELECT declared_%s())::uuid[])', name, declared), ' OR ')
                       FROM unnest(columns) AS name);
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('CREATE POLICY isolation_by_%s ON %s USING (%s)', declared, target, condition);
END $$;
REVOKE ALL ON FUNCTION isolate(regclass, text, text[]) FROM PUBLIC;
"""


def upgrade() -> None:
    op.execute(DECLARING)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
