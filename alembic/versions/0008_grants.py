"""Access tokens, service accounts, invitations, OIDC."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

TOKENS = """
CREATE TABLE access_tokens (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    workspace_id UUID,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    token_hash BYTEA NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY(created_by) REFERENCES users (id)
);
CREATE UNIQUE INDEX access_tokens_hash ON access_tokens (token_hash);
CREATE INDEX access_tokens_user ON access_tokens (user_id, created_at, id);
CREATE INDEX access_tokens_revoked ON access_tokens (revoked_at);

CREATE TABLE service_accounts (
    user_id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (user_id),
    FOREIGN KEY(user_id) REFERENCES users (id),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY(created_by) REFERENCES users (id)
);
CREATE INDEX service_accounts_workspace ON service_accounts (workspace_id, created_at, user_id);
"""

# Whoever brings a token is known only by it. A service account's works as long as it is a member. A revoked token ends
# what it began as an ended sign-in does.
TOKEN_FUNCTIONS = """
CREATE FUNCTION working_access_token(hashed bytea) RETURNS TABLE (
    id uuid, user_id uuid, scopes text, expires_at timestamptz, last_used_at timestamptz
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT t.id, t.user_id, t.scopes, t.expires_at, t.last_used_at FROM access_tokens t
    WHERE t.token_hash = hashed AND t.revoked_at IS NULL AND t.expires_at > now()
      AND (t.workspace_id IS NULL OR EXISTS (
          SELECT FROM workspace_members m WHERE m.workspace_id = t.workspace_id AND m.user_id = t.user_id))
$$;

CREATE OR REPLACE FUNCTION sign_ins_ended(seconds double precision) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT id FROM sign_ins WHERE ended_at > now() - make_interval(secs => seconds)
    UNION ALL
    SELECT id FROM access_tokens WHERE revoked_at > now() - make_interval(secs => seconds)
$$;
"""

TOKEN_GRANTS = """
SELECT isolate('access_tokens', 'scopes', 'user_id'), isolate('access_tokens', 'workspaces', 'workspace_id'),
       isolate('service_accounts', 'workspaces', 'workspace_id');
GRANT SELECT, INSERT ON access_tokens, service_accounts TO lockstep_service;
GRANT UPDATE (last_used_at, revoked_at) ON access_tokens TO lockstep_service;
GRANT UPDATE (deleted_at) ON service_accounts TO lockstep_service;
"""

INVITATIONS = """
CREATE TABLE invitations (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    projects JSONB NOT NULL,
    token_hash BYTEA NOT NULL,
    invited_by UUID NOT NULL,
    mails INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    sent_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    accepted_at TIMESTAMP WITH TIME ZONE,
    accepted_by UUID,
    revoked_at TIMESTAMP WITH TIME ZONE,
    PRIMARY KEY (id),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY(invited_by) REFERENCES users (id),
    FOREIGN KEY(accepted_by) REFERENCES users (id)
);
CREATE UNIQUE INDEX invitations_token ON invitations (token_hash);
CREATE UNIQUE INDEX invitations_open ON invitations (workspace_id, email)
    WHERE accepted_at IS NULL AND revoked_at IS NULL AND email <> '';
CREATE INDEX invitations_made ON invitations (workspace_id, created_at, id);

-- Where an invitation's token leads: whoever brings it is no member yet, and so sees nothing there.
CREATE FUNCTION open_invitation(hashed bytea) RETURNS TABLE (
    id uuid, workspace_id uuid, directory_id uuid, email text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT i.id, i.workspace_id, w.directory_id, i.email FROM invitations i JOIN workspaces w ON w.id = i.workspace_id
    WHERE i.token_hash = hashed AND i.accepted_at IS NULL AND i.revoked_at IS NULL AND i.expires_at > now()
$$;
"""

# Events tell of everything but the address, which is emptied without one when its person is erased.
INVITATION_GRANTS = """
CREATE CONSTRAINT TRIGGER require_event_of_workspace_id
    AFTER INSERT OR DELETE OR UPDATE OF expires_at, accepted_at, revoked_at ON invitations
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION require_event_of_workspace_id();
SELECT isolate('invitations', 'workspaces', 'workspace_id');
GRANT SELECT, INSERT ON invitations TO lockstep_service;
GRANT UPDATE (token_hash, mails, sent_at, expires_at, accepted_at, accepted_by, revoked_at) ON invitations
    TO lockstep_service;
"""

IDENTITIES = """
CREATE TABLE identities (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
CREATE UNIQUE INDEX identities_subject ON identities (issuer, subject);
CREATE INDEX identities_user ON identities (user_id);

CREATE TABLE provider_answers (
    id UUID NOT NULL,
    challenge TEXT NOT NULL,
    provider TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    email TEXT,
    email_verified BOOLEAN NOT NULL,
    name TEXT,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id)
);
CREATE INDEX provider_answers_age ON provider_answers (expires_at);

CREATE FUNCTION identity_owner(at_issuer text, of_subject text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT user_id FROM identities WHERE issuer = at_issuer AND subject = of_subject
$$;

CREATE FUNCTION drop_expired_answers() RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    DELETE FROM provider_answers WHERE id IN (SELECT id FROM provider_answers WHERE expires_at < now() LIMIT 100)
$$;
"""

# An answer's id is made of its one-time code: who has the code declares it as a scope.
IDENTITY_GRANTS = """
SELECT isolate('identities', 'scopes', 'user_id'), isolate('provider_answers', 'scopes', 'id');
GRANT SELECT, INSERT, DELETE ON identities, provider_answers TO lockstep_service;
GRANT UPDATE (email, last_used_at) ON identities TO lockstep_service;
"""

DOMAINS = """
CREATE TABLE joining_domains (
    id UUID NOT NULL,
    workspace_id UUID NOT NULL,
    domain TEXT NOT NULL,
    role TEXT NOT NULL,
    created_by UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (id),
    FOREIGN KEY(workspace_id) REFERENCES workspaces (id),
    FOREIGN KEY(created_by) REFERENCES users (id)
);
CREATE UNIQUE INDEX joining_domains_workspace ON joining_domains (workspace_id, domain);
CREATE INDEX joining_domains_domain ON joining_domains (domain);

-- Where somebody joins by the domain of their address: not where they ever were before.
CREATE FUNCTION workspaces_open_to(asked text, person uuid) RETURNS TABLE (
    workspace_id uuid, directory_id uuid, role text
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT w.id, w.directory_id, d.role FROM joining_domains d JOIN workspaces w ON w.id = d.workspace_id
    WHERE d.domain = asked
      AND NOT EXISTS (SELECT FROM workspace_people p WHERE p.workspace_id = w.id AND p.user_id = person)
    ORDER BY w.id
$$;
"""

DOMAIN_GRANTS = """
SELECT guard_scope('joining_domains', 'workspace_id'), isolate('joining_domains', 'workspaces', 'workspace_id');
GRANT SELECT, INSERT, DELETE ON joining_domains TO lockstep_service;
"""


def upgrade() -> None:
    op.execute(TOKENS)
    op.execute(TOKEN_FUNCTIONS)
    op.execute(TOKEN_GRANTS)
    op.execute(INVITATIONS)
    op.execute(INVITATION_GRANTS)
    op.execute(IDENTITIES)
    op.execute(IDENTITY_GRANTS)
    op.execute(DOMAINS)
    op.execute(DOMAIN_GRANTS)


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
