"""Rows of sprints."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, Float, Index, Text
from sqlmodel import Field, SQLModel


class SprintStage(StrEnum):
    """How far a sprint is."""

    PLANNED = "planned"
    ACTIVE = "active"
    COMPLETED = "completed"


class Sprint(SQLModel, table=True):
    """A sprint of a project; ``rank`` orders them bytewise. ``capacity`` is in the unit of the tasks' estimates.

    ``starts_on`` and ``ends_on`` are what was planned, both days included; ``started_at`` and ``completed_at`` what
    happened.
    """

    __tablename__ = "sprints"
    __table_args__ = (Index("sprints_project", "project_id", "rank"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    goal: str = Field(default="", sa_type=Text)
    stage: str = Field(default=SprintStage.PLANNED.value, sa_type=Text)
    starts_on: date | None = None
    ends_on: date | None = None
    capacity: float | None = Field(default=None, sa_type=Float)
    rank: str = Field(sa_type=Text(collation="C"))
    started_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    completed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class SprintTask(SQLModel, table=True):
    """A task that is or ever was in a sprint. Kept by a trigger (migration 0013)."""

    __tablename__ = "sprint_tasks"

    project_id: UUID = Field(primary_key=True)
    sprint_id: UUID = Field(primary_key=True)
    task_id: UUID = Field(primary_key=True)
