"""People, their sign-ins, and the refresh tokens of each sign-in."""

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


class User(SQLModel, table=True):
    """A person. ``email`` is lower case and unique; placeholders have none and cannot sign in."""

    __tablename__ = "users"
    __table_args__ = (Index("users_email", "email", unique=True),)

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    name: str = Field(sa_type=Text)
    avatar_url: str | None = Field(default=None, sa_type=Text)
    time_zone: str = Field(default="UTC", sa_type=Text)
    password_hash: str | None = Field(default=None, sa_type=Text)
    version: int = 1
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class SignIn(SQLModel, table=True):
    """One sign-in: the family of refresh tokens that descend from it. Ended once ``ended_at`` is set."""

    __tablename__ = "sign_ins"
    __table_args__ = (Index("sign_ins_user", "user_id"), Index("sign_ins_ended", "ended_at"))

    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id")
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    ended_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class RefreshToken(SQLModel, table=True):
    """A refresh token, kept as its SHA-256; ``spent_at`` is when it was exchanged."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        Index("refresh_tokens_sign_in", "sign_in_id"),
        Index("refresh_tokens_age", "expires_at"),
    )

    token_hash: bytes = Field(primary_key=True)
    sign_in_id: UUID = Field(foreign_key="sign_ins.id")
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    spent_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
