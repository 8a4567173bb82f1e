"""Rows of linked identities, and of what a provider has just vouched for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, Text
from sqlmodel import Field, SQLModel


class Identity(SQLModel, table=True):
    """Somebody's account at a provider: ``subject`` at ``issuer``, which never change. The rest is for showing."""

    __tablename__ = "identities"
    __table_args__ = (
        Index("identities_subject", "issuer", "subject", unique=True),
        Index("identities_user", "user_id"),
    )

    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id")
    provider: str = Field(sa_type=Text)
    issuer: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_used_at: datetime = Field(sa_type=DateTime(timezone=True))


class ProviderAnswer(SQLModel, table=True):
    """Whom a provider vouched for, for as long as its one-time code can be exchanged.

    ``id`` is made of the code's hash: whoever has the code can name the row, and nobody else. ``challenge`` is that of
    the front end which began: only its verifier opens it.
    """

    __tablename__ = "provider_answers"
    __table_args__ = (Index("provider_answers_age", "expires_at"),)

    id: UUID = Field(primary_key=True)
    challenge: str = Field(sa_type=Text)
    provider: str = Field(sa_type=Text)
    issuer: str = Field(sa_type=Text)
    subject: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    email_verified: bool
    name: str | None = Field(default=None, sa_type=Text)
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
