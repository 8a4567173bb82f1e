"""Saved views."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE saved_views (
    id UUID NOT NULL,
    scope_id UUID NOT NULL,
    project_id UUID,
    creator_id UUID NOT NULL,
    name TEXT NOT NULL,
    filter JSONB NOT NULL,
    sort TEXT NOT NULL,
    group_by TEXT,
    columns TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(project_id) REFERENCES projects (id),
    FOREIGN KEY(creator_id) REFERENCES users (id)
);
CREATE INDEX saved_views_scope ON saved_views (scope_id, name, id);
CREATE INDEX saved_views_project ON saved_views (project_id, name, id);
"""

RIGHTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON saved_views TO lockstep_service;
SELECT guard_scope('saved_views', 'scope_id');
SELECT isolate('saved_views', 'scopes', 'scope_id');
"""

# An id of a view is something's id too; with a person go their own views.
KNOWN = """
CREATE OR REPLACE FUNCTION ids_in_use(asked uuid[]) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public SET plan_cache_mode = force_generic_plan AS $$
    SELECT id FROM scopes WHERE id = ANY(asked)
    UNION SELECT task_id FROM task_locations WHERE task_id = ANY(asked)
    UNION SELECT comment_id FROM comment_locations WHERE comment_id = ANY(asked)
    UNION SELECT id FROM links WHERE id = ANY(asked)
    UNION SELECT id FROM teams WHERE id = ANY(asked)
    UNION SELECT id FROM saved_views WHERE id = ANY(asked)
$$;

CREATE OR REPLACE FUNCTION forget_person(person uuid, address text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM users WHERE id = person AND kind = 'erased') THEN
        RAISE EXCEPTION 'only an erased person is forgotten' USING ERRCODE = 'LS003';
    END IF;
    DELETE FROM passwords WHERE user_id = person;
    DELETE FROM mailed_tokens WHERE user_id = person;
    DELETE FROM refresh_tokens WHERE user_id = person;
    -- Until they expire, access tokens are refused by these rows.
    UPDATE sign_ins SET ended_at = coalesce(ended_at, clock_timestamp()), address = NULL, user_agent = NULL
    WHERE user_id = person;
    UPDATE access_tokens SET revoked_at = coalesce(revoked_at, clock_timestamp()), name = ''
    WHERE user_id = person;
    UPDATE invitations SET email = '' WHERE accepted_by = person OR email = address;
    DELETE FROM sign_ups WHERE email = address;
    DELETE FROM identities WHERE user_id = person;
    DELETE FROM provider_answers WHERE email = address;
    DELETE FROM inbox_items WHERE user_id = person;
    DELETE FROM saved_views WHERE scope_id = person;
    DELETE FROM events WHERE scope_id = person;
    UPDATE events SET payload = jsonb_set(
        jsonb_set(payload, '{state,name}', to_jsonb(u.name)), '{state,avatar_url}', 'null')
    FROM users u, workspace_people p JOIN workspaces w ON w.id = p.workspace_id
    WHERE u.id = person AND p.user_id = person AND events.scope_id = w.directory_id AND events.object_id = person
      AND events.kind = 'PersonAdded';
    UPDATE events SET payload = jsonb_set(payload, '{delta,set}', (
        SELECT coalesce(jsonb_object_agg(field, CASE
            WHEN field = 'name' THEN jsonb_build_object('old', u.name, 'new', u.name)
            WHEN field = 'avatar_url' THEN '{"old": null, "new": null}'
            ELSE change END), '{}')
        FROM jsonb_each(payload #> '{delta,set}') AS part(field, change)))
    FROM users u, workspace_people p JOIN workspaces w ON w.id = p.workspace_id
    WHERE u.id = person AND p.user_id = person AND events.scope_id = w.directory_id AND events.object_id = person
      AND events.kind = 'PersonUpdated' AND payload #> '{delta,set}' IS NOT NULL;
END $$;
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(KNOWN)
    op.execute(RIGHTS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
