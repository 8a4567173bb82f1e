"""Rows of joining domains."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, Text
from sqlmodel import Field, SQLModel


class JoiningDomain(SQLModel, table=True):
    """Whoever signs in by a provider that vouches for an address of this domain joins the workspace with this role."""

    __tablename__ = "joining_domains"
    __table_args__ = (
        Index("joining_domains_workspace", "workspace_id", "domain", unique=True),
        Index("joining_domains_domain", "domain"),
    )

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id")
    domain: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    created_by: UUID = Field(foreign_key="users.id")
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
