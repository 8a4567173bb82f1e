"""Rows of invitations."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Invitation(SQLModel, table=True):
    """An invitation of an address. ``projects`` maps ids of projects to roles; the token is kept as its SHA-256.

    It is open until ``accepted_at`` or ``revoked_at``; after ``expires_at`` it can only be sent again.
    """

    __tablename__ = "invitations"
    __table_args__ = (
        Index("invitations_token", "token_hash", unique=True),
        Index(
            "invitations_open", "workspace_id", "email", unique=True,
            postgresql_where=text("accepted_at IS NULL AND revoked_at IS NULL AND email <> ''"),
        ),
        Index("invitations_made", "workspace_id", "created_at", "id"),
    )  # fmt: skip

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id")
    email: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    projects: dict[str, Any] = Field(sa_type=JSONB)
    token_hash: bytes
    invited_by: UUID = Field(foreign_key="users.id")
    mails: int = 1
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    sent_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    accepted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    accepted_by: UUID | None = Field(default=None, foreign_key="users.id")
    revoked_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
