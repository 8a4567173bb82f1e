"""People, sign-ins, workspaces and their members."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE users (
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    email TEXT,
    name TEXT NOT NULL,
    avatar_url TEXT,
    time_zone TEXT NOT NULL,
    password_hash TEXT,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE UNIQUE INDEX users_email ON users (email);

CREATE TABLE sign_ins (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX sign_ins_user ON sign_ins (user_id);
CREATE INDEX sign_ins_ended ON sign_ins (ended_at);

CREATE TABLE refresh_tokens (
    token_hash BYTEA NOT NULL,
    sign_in_id UUID NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    spent_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (token_hash),
    FOREIGN KEY(sign_in_id) REFERENCES sign_ins (id)
);
CREATE INDEX refresh_tokens_age ON refresh_tokens (expires_at);
CREATE INDEX refresh_tokens_sign_in ON refresh_tokens (sign_in_id);

CREATE TABLE workspaces (
    id UUID NOT NULL,
    directory_id UUID NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE workspace_members (
    workspace_id UUID NOT NULL,
    user_id UUID NOT NULL,
    role TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (workspace_id, user_id),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE INDEX workspace_members_user ON workspace_members (user_id);
"""

# How a person is shown is part of the directory of each workspace they are in.
SHOWN = """
CREATE FUNCTION require_directory_events() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public
AS $$
DECLARE
    directory uuid;
BEGIN
    FOR directory IN SELECT w.directory_id FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
                     WHERE m.user_id = NEW.id LOOP
        PERFORM assert_event(directory);
    END LOOP;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER require_directory_events AFTER UPDATE OF name, avatar_url ON users
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_directory_events();
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON users, sign_ins, refresh_tokens, workspaces, workspace_members TO lockstep_service;
GRANT DELETE ON refresh_tokens, workspace_members TO lockstep_service;
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(SHOWN)
    op.execute("SELECT guard_scope('workspaces', 'id'), guard_scope('workspace_members', 'workspace_id')")
    op.execute(GRANTS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
