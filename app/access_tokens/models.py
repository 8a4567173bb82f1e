"""Rows of access tokens, and what they can be for."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, Index, Text
from sqlmodel import Field, SQLModel


class AccessScope(StrEnum):
    """What a token may be used for, within what its owner may do."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


class AccessToken(SQLModel, table=True):
    """A token of a person or a service account, kept as its SHA-256; ``scopes`` are words between spaces.

    ``workspace_id`` is that of the service account whose token it is.
    """

    __tablename__ = "access_tokens"
    __table_args__ = (
        Index("access_tokens_hash", "token_hash", unique=True),
        Index("access_tokens_user", "user_id", "created_at", "id"),
        Index("access_tokens_revoked", "revoked_at"),
    )

    id: UUID = Field(primary_key=True)
    user_id: UUID = Field(foreign_key="users.id")
    workspace_id: UUID | None = Field(default=None, foreign_key="workspaces.id")
    name: str = Field(sa_type=Text)
    scopes: str = Field(sa_type=Text)
    token_hash: bytes
    created_by: UUID = Field(foreign_key="users.id")
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
