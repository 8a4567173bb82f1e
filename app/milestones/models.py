"""Rows of milestones."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import DateTime, Index, Text
from sqlmodel import Field, SQLModel


class Milestone(SQLModel, table=True):
    """A milestone or release of a project; ``rank`` orders them bytewise."""

    __tablename__ = "milestones"
    __table_args__ = (Index("milestones_project", "project_id", "rank"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    description: str = Field(default="", sa_type=Text)
    starts_on: date | None = None
    due_on: date | None = None
    rank: str = Field(sa_type=Text(collation="C"))
    released_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
