"""Rows of service accounts. How one is shown stands in ``users``, what it may do in the memberships."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index
from sqlmodel import Field, SQLModel


class ServiceAccount(SQLModel, table=True):
    """A program's account in one workspace."""

    __tablename__ = "service_accounts"
    __table_args__ = (Index("service_accounts_workspace", "workspace_id", "created_at", "user_id"),)

    user_id: UUID = Field(primary_key=True, foreign_key="users.id")
    workspace_id: UUID = Field(foreign_key="workspaces.id")
    created_by: UUID = Field(foreign_key="users.id")
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
