"""Confirmed addresses, passwords apart, mailed tokens, sign-ups that wait for their confirmation, sessions."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# Whoever reads people reads no hashes: colleagues see a row of `users`, and nobody but its owner one of `passwords`.
PASSWORDS = """
CREATE TABLE passwords (
    user_id UUID NOT NULL,
    hash TEXT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (user_id),
    FOREIGN KEY(user_id) REFERENCES users (id)
);
INSERT INTO passwords SELECT id, password_hash, created_at FROM users WHERE password_hash IS NOT NULL;
ALTER TABLE users DROP COLUMN password_hash;
ALTER TABLE users ADD COLUMN email_confirmed_at TIMESTAMP WITH TIME ZONE;
"""

SESSIONS = """
ALTER TABLE sign_ins ADD COLUMN method TEXT NOT NULL DEFAULT 'password', ADD COLUMN address TEXT,
    ADD COLUMN user_agent TEXT, ADD COLUMN last_used_at TIMESTAMP WITH TIME ZONE;
UPDATE sign_ins SET last_used_at = created_at;
ALTER TABLE sign_ins ALTER COLUMN last_used_at SET NOT NULL, ALTER COLUMN method DROP DEFAULT;
CREATE INDEX sign_ins_used ON sign_ins (last_used_at);

ALTER TABLE refresh_tokens ADD COLUMN user_id UUID;
UPDATE refresh_tokens r SET user_id = s.user_id FROM sign_ins s WHERE s.id = r.sign_in_id;
ALTER TABLE refresh_tokens ALTER COLUMN user_id SET NOT NULL;
ALTER TABLE refresh_tokens DROP CONSTRAINT refresh_tokens_sign_in_id_fkey,
    ADD FOREIGN KEY (sign_in_id) REFERENCES sign_ins (id) ON DELETE CASCADE;
"""

# No foreign keys to `users`: a request for an address of nobody writes the same rows, which nobody can ever use, and a
# sign-up's person is yet to be.
LETTERS = """
CREATE TABLE mailed_tokens (
    token_hash BYTEA NOT NULL,
    user_id UUID NOT NULL,
    purpose TEXT NOT NULL,
    email TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (token_hash)
);
CREATE INDEX mailed_tokens_user ON mailed_tokens (user_id, purpose);
CREATE INDEX mailed_tokens_age ON mailed_tokens (expires_at);

CREATE TABLE sign_ups (
    token_hash BYTEA NOT NULL,
    user_id UUID NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (token_hash)
);
CREATE INDEX sign_ups_age ON sign_ups (expires_at);
"""

FUNCTIONS = """
-- Whose a secret is, by its hash; its row can be read once they are declared.
CREATE FUNCTION token_owner(hash bytea) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT user_id FROM refresh_tokens WHERE token_hash = hash
    UNION ALL SELECT user_id FROM mailed_tokens WHERE token_hash = hash
    UNION ALL SELECT user_id FROM sign_ups WHERE token_hash = hash
    LIMIT 1
$$;

-- Housekeeping: deletes what has expired, a batch of each; how much of the largest batch was used.
CREATE OR REPLACE FUNCTION delete_expired(outcome_days int, batch int) RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    WITH old AS (
        SELECT viewer_id, key FROM mutation_outcomes
        WHERE created_at < now() - make_interval(days => outcome_days) LIMIT batch
    ), outcomes AS (
        DELETE FROM mutation_outcomes m USING old WHERE m.viewer_id = old.viewer_id AND m.key = old.key RETURNING 1
    ), tokens AS (
        DELETE FROM refresh_tokens WHERE token_hash IN (
            SELECT token_hash FROM refresh_tokens WHERE expires_at < now() LIMIT batch) RETURNING 1
    ), mailed AS (
        DELETE FROM mailed_tokens WHERE token_hash IN (
            SELECT token_hash FROM mailed_tokens WHERE expires_at < now() LIMIT batch) RETURNING 1
    ), waiting AS (
        DELETE FROM sign_ups WHERE token_hash IN (
            SELECT token_hash FROM sign_ups WHERE expires_at < now() LIMIT batch) RETURNING 1
    ), sessions AS (
        -- An access token outlives its session's last use by a day at most; what ended must be known that long.
        DELETE FROM sign_ins WHERE id IN (
            SELECT s.id FROM sign_ins s WHERE s.last_used_at < now() - interval '2 days'
               AND (s.ended_at < now() - interval '2 days'
                    OR NOT EXISTS (SELECT FROM refresh_tokens r WHERE r.sign_in_id = s.id)) LIMIT batch) RETURNING 1
    )
    SELECT greatest((SELECT count(*) FROM outcomes), (SELECT count(*) FROM tokens), (SELECT count(*) FROM mailed),
                    (SELECT count(*) FROM waiting), (SELECT count(*) FROM sessions))
$$;
"""

GRANTS = """
GRANT SELECT, INSERT, UPDATE ON passwords TO lockstep_service;
GRANT SELECT, INSERT, DELETE ON mailed_tokens, sign_ups TO lockstep_service;
"""

ISOLATED = ("passwords", "sign_ins", "refresh_tokens", "mailed_tokens", "sign_ups")


def upgrade() -> None:
    op.execute(PASSWORDS)
    op.execute(SESSIONS)
    op.execute(LETTERS)
    op.execute(FUNCTIONS)
    op.execute(GRANTS)
    for table in ISOLATED:
        op.execute(f"SELECT isolate('{table}', 'scopes', 'user_id')")


def downgrade() -> None:
    raise NotImplementedError("Lockstep restores a backup instead of migrating down.")
