"""People, their passwords and sign-ins, and the secrets that were handed to them (kept as hashes)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, Index, Text
from sqlmodel import Field, SQLModel


class UserKind(StrEnum):
    """A person with an account, a program with one, or a placeholder that an import made for a name it met."""

    PERSON = "person"
    SERVICE = "service"
    PLACEHOLDER = "placeholder"
    ERASED = "erased"


class User(SQLModel, table=True):
    """A person. ``email`` is lower case and unique; placeholders have none and cannot sign in.

    ``email_confirmed_at``: when they last showed that mail to the address reaches them; None: never yet.
    """

    __tablename__ = "users"
    __table_args__ = (Index("users_email", "email", unique=True),)

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    name: str = Field(sa_type=Text)
    avatar_url: str | None = Field(default=None, sa_type=Text)
    time_zone: str = Field(default="UTC", sa_type=Text)
    version: int = 1
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    email_confirmed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Password(SQLModel, table=True):
    """Someone's password as its argon2id hash. Who signs in otherwise has none."""

    __tablename__ = "passwords"

    user_id: UUID = Field(primary_key=True, foreign_key="users.id")
    hash: str = Field(sa_type=Text)
    changed_at: datetime = Field(sa_type=DateTime(timezone=True))


class SignInMethod(StrEnum):
    """How somebody signed in."""

    PASSWORD = "password"  # noqa: S105 (a way, not a password)
    PROVIDER = "provider"
    COMMAND = "command"


class SignIn(SQLModel, table=True):
    """One sign-in (a session): the family of refresh tokens that descend from it. Ended once ``ended_at`` is set.

    ``address`` and ``user_agent`` are those of its last use: of the sign-in itself, or of the last refresh.
    """

    __tablename__ = "sign_ins"
    __table_args__ = (
        Index("sign_ins_user", "user_id"),
        Index("sign_ins_ended", "ended_at"),
        Index("sign_ins_used", "last_used_at"),
    )

    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id")
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    method: str = Field(sa_type=Text)
    address: str | None = Field(default=None, sa_type=Text)
    user_agent: str | None = Field(default=None, sa_type=Text)
    last_used_at: datetime = Field(sa_type=DateTime(timezone=True))


class RefreshToken(SQLModel, table=True):
    """A refresh token, kept as its SHA-256; ``spent_at`` is when it was exchanged."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        Index("refresh_tokens_sign_in", "sign_in_id"),
        Index("refresh_tokens_age", "expires_at"),
    )

    token_hash: bytes = Field(primary_key=True)
    sign_in_id: UUID = Field(foreign_key="sign_ins.id", ondelete="CASCADE")
    user_id: UUID
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    spent_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Purpose(StrEnum):
    """What a mailed token is for."""

    EMAIL_CONFIRM = "email_confirm"
    EMAIL_CHANGE = "email_change"
    PASSWORD_RESET = "password_reset"  # noqa: S105 (a purpose)


class MailedToken(SQLModel, table=True):
    """A secret that went out by mail, kept as its SHA-256 until it is used or expires.

    ``email`` is where it went: using it shows that mail to that address reaches whoever uses it.
    """

    __tablename__ = "mailed_tokens"
    __table_args__ = (
        Index("mailed_tokens_user", "user_id", "purpose"),
        Index("mailed_tokens_age", "expires_at"),
    )

    token_hash: bytes = Field(primary_key=True)
    user_id: UUID
    purpose: str = Field(sa_type=Text)
    email: str = Field(sa_type=Text)
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))


class SignUp(SQLModel, table=True):
    """An account to be, once its address is confirmed (LOCKSTEP_CONFIRM_EMAIL). ``user_id`` is its person's, then."""

    __tablename__ = "sign_ups"
    __table_args__ = (Index("sign_ups_age", "expires_at"),)

    token_hash: bytes = Field(primary_key=True)
    user_id: UUID
    email: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    time_zone: str = Field(sa_type=Text)
    password_hash: str = Field(sa_type=Text)
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
