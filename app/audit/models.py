"""Rows of the audit log."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class AuditEntry(SQLModel, table=True):
    """One thing that happened. The service's role may add entries and read them, nothing else.

    ``workspace_id`` is None for what concerns nobody's workspace (a sign-in of a person who is in none): only
    operators read those. ``scope_id`` is where it happened (a project, the workspace), None for what a person did
    with their own account. ``actor_id`` is None for the service itself and for whoever was not signed in.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("audit_entries_at", "workspace_id", "at", "id"),
        Index("audit_entries_action", "workspace_id", "action", "at", "id"),
        Index("audit_entries_actor", "workspace_id", "actor_id", "at", "id"),
        Index("audit_entries_target", "workspace_id", "target_id", "at", "id"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID | None = None
    scope_id: UUID | None = None
    at: datetime = Field(sa_type=DateTime(timezone=True))
    action: str = Field(sa_type=Text)
    actor_id: UUID | None = None
    actor_kind: str = Field(sa_type=Text)
    target_type: str = Field(sa_type=Text)
    target_id: UUID | None = None
    address: str | None = Field(default=None, sa_type=Text)
    user_agent: str | None = Field(default=None, sa_type=Text)
    request_id: str | None = Field(default=None, sa_type=Text)
    sign_in_id: UUID | None = None
    data: dict[str, Any] = Field(sa_type=JSONB)
