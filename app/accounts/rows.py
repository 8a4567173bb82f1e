"""Statements on people's passwords, sign-ins and mailed tokens. Whose they are must be declared before."""

from __future__ import annotations

from app.accounts.models import SignIn
from app.statements import sql

TOKEN_OWNER = sql("SELECT token_owner($1)", "hash")

PASSWORD_OF = sql("SELECT hash FROM passwords WHERE user_id = $1", "user")
HOLD_PASSWORD = sql("SELECT hash FROM passwords WHERE user_id = $1 FOR SHARE", "user")
RENEW_HASH = sql(
    "UPDATE passwords SET hash = $3 WHERE user_id = $1 AND hash = $2 RETURNING user_id", "user", "old", "hash"
)
CHANGE_PASSWORD = sql(
    "UPDATE passwords SET hash = $3, changed_at = $4 WHERE user_id = $1 AND hash = $2 RETURNING user_id",
    "user", "old", "hash", "now",
)  # fmt: skip
SET_PASSWORD = sql(
    """
    INSERT INTO passwords (user_id, hash, changed_at) VALUES ($1, $2, $3)
    ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at
    """,
    "user", "hash", "now",
)  # fmt: skip

LOCK_REFRESH = sql(
    """
    SELECT r.sign_in_id, r.expires_at, r.spent_at, s.user_id, s.ended_at
    FROM refresh_tokens r JOIN sign_ins s ON s.id = r.sign_in_id WHERE r.token_hash = $1 FOR UPDATE OF r, s
    """,
    "hash",
)
SPEND = sql(
    "UPDATE refresh_tokens SET spent_at = coalesce(spent_at, $2) WHERE token_hash = $1", "hash", "now"
)
USE_SIGN_IN = sql(
    "UPDATE sign_ins SET last_used_at = $2, address = $3, user_agent = $4 WHERE id = $1",
    "id", "now", "address", "user_agent",
)  # fmt: skip
END_SIGN_IN = sql(
    "UPDATE sign_ins SET ended_at = $3 WHERE id = $2 AND user_id = $1 AND ended_at IS NULL RETURNING id",
    "user", "id", "now",
)  # fmt: skip
END_SIGN_INS = sql(
    """
    UPDATE sign_ins SET ended_at = $3 WHERE user_id = $1 AND id IS DISTINCT FROM $2 AND ended_at IS NULL RETURNING id
    """,
    "user", "but", "now",
)  # fmt: skip
LIVE_SIGN_INS = sql(
    """
    SELECT * FROM sign_ins s
    WHERE s.user_id = $1 AND s.ended_at IS NULL AND ($2::uuid[] IS NULL OR s.id = ANY($2)) AND (
        s.last_used_at > now() - make_interval(secs => $3)
        OR EXISTS (SELECT FROM refresh_tokens r
                   WHERE r.sign_in_id = s.id AND r.expires_at > now() AND r.spent_at IS NULL))
    ORDER BY s.last_used_at DESC, s.id DESC LIMIT $4
    """,
    "user", "ids", "seconds", "limit", model=SignIn,
)  # fmt: skip

TAKE_MAILED = sql(
    "DELETE FROM mailed_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > $3 RETURNING user_id, email",
    "hash", "purpose", "now",
)  # fmt: skip
MAILED = sql(
    "SELECT user_id FROM mailed_tokens WHERE token_hash = $1 AND purpose = $2 AND expires_at > now()",
    "hash", "purpose",
)  # fmt: skip
DROP_MAILED = sql(
    "DELETE FROM mailed_tokens WHERE user_id = $1 AND ($2::text IS NULL OR purpose = $2)", "user", "purpose"
)
TAKE_SIGN_UP = sql(
    """
    DELETE FROM sign_ups WHERE token_hash = $1 AND expires_at > $2
    RETURNING user_id, email, name, time_zone, password_hash
    """,
    "hash", "now",
)  # fmt: skip

ADDRESS_OF = sql("SELECT email, email_confirmed_at FROM users WHERE id = $1 FOR UPDATE", "user")
CONFIRM_ADDRESS = sql(
    """
    UPDATE users SET email_confirmed_at = coalesce(email_confirmed_at, $3) WHERE id = $1 AND email = $2 RETURNING id
    """,
    "user", "email", "now",
)  # fmt: skip
# What whoever made an account with an address that was never confirmed may have left in it.
LEFT_BEHIND = (
    sql("UPDATE access_tokens SET revoked_at = now() WHERE user_id = $1 AND revoked_at IS NULL", "user"),
    sql("DELETE FROM identities WHERE user_id = $1", "user"),
)
CHANGE_ADDRESS = sql(
    "UPDATE users SET email = $2, email_confirmed_at = $3 WHERE id = $1", "user", "email", "now"
)
