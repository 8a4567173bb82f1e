"""The audit log of each workspace, and erasure."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE audit_entries (
    id UUID NOT NULL,
    workspace_id UUID,
    scope_id UUID,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    action TEXT NOT NULL,
    actor_id UUID,
    actor_kind TEXT NOT NULL,
    target_type TEXT NOT NULL,
    target_id UUID,
    address TEXT,
    user_agent TEXT,
    request_id TEXT,
    sign_in_id UUID,
    data JSONB NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX audit_entries_at ON audit_entries (workspace_id, at, id);
CREATE INDEX audit_entries_action ON audit_entries (workspace_id, action, at, id);
CREATE INDEX audit_entries_actor ON audit_entries (workspace_id, actor_id, at, id);
CREATE INDEX audit_entries_target ON audit_entries (workspace_id, target_id, at, id);
"""

# What a person did with their own account goes to every workspace they are in, and somewhere if they are in none:
# a failed sign-in does the same work whether or not there is such an account.
FUNCTIONS = """
CREATE FUNCTION audit_person(
    person uuid, action text, actor_id uuid, actor_kind text, target_type text, target_id uuid, address text,
    user_agent text, request_id text, sign_in_id uuid, data jsonb
) RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    INSERT INTO audit_entries (id, workspace_id, at, action, actor_id, actor_kind, target_type, target_id, address,
                               user_agent, request_id, sign_in_id, data)
    SELECT uuidv7(), m.workspace_id, clock_timestamp(), audit_person.action, audit_person.actor_id,
           audit_person.actor_kind, audit_person.target_type, audit_person.target_id, audit_person.address,
           audit_person.user_agent, audit_person.request_id, audit_person.sign_in_id, audit_person.data
    FROM (SELECT) AS once LEFT JOIN workspace_members m ON m.user_id = audit_person.person
$$;
"""

# The one thing that the service may change in history: how an erased person was shown, to how all of them are shown.
# Nobody reads their inbox any more, so it goes without events.
ERASURE = """
CREATE OR REPLACE FUNCTION require_event_of_user_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'DELETE' THEN
        PERFORM assert_event(NEW.user_id);
    ELSIF NOT EXISTS (SELECT FROM users WHERE id = OLD.user_id AND kind = 'erased') THEN
        PERFORM assert_event(OLD.user_id);
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION forget_person(person uuid, address text) RETURNS void
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

GRANTS = """
SELECT isolate('audit_entries', 'workspaces', 'workspace_id');
GRANT SELECT, INSERT ON audit_entries TO lockstep_service;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(FUNCTIONS)
    op.execute(ERASURE)
    op.execute(GRANTS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
