"""Rows of links."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Boolean, DateTime, Index, Text
from sqlmodel import Field, SQLModel


class Link(SQLModel, table=True):
    """``source`` <kind> ``target``, such as: source blocks target. Each end lives in its own project's scope.

    ``cyclic`` marks an imported link that closes a cycle, which a new link may not.
    """

    __tablename__ = "links"
    __table_args__ = (
        Index("links_source", "source_project_id", "source_task_id"),
        Index("links_target", "target_project_id", "target_task_id"),
        Index("links_once", "source_task_id", "target_task_id", "kind", unique=True),
    )

    id: UUID = Field(primary_key=True)
    kind: str = Field(sa_type=Text)
    source_project_id: UUID = Field(foreign_key="projects.id")
    source_task_id: UUID
    target_project_id: UUID = Field(foreign_key="projects.id")
    target_task_id: UUID
    creator_id: UUID | None = Field(default=None, foreign_key="users.id")
    cyclic: bool = Field(default=False, sa_type=Boolean)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
