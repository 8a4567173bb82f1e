"""Rows of tasks. Partitioned by project, so every batch is keyed by (project_id, id)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Float, ForeignKeyConstraint, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def _planned(what: str) -> Index:
    # Only what is planned stands in it: most tasks of a large project are not.
    column = f"{what}_id"
    return Index(
        f"tasks_{what}", "project_id", column, "rank", postgresql_where=text(f"{column} IS NOT NULL")
    )


class Task(SQLModel, table=True):
    """A task. ``sections`` maps a section's name to its markdown; ``rank`` orders the project's tasks bytewise.

    ``fields`` maps a custom field's id to its value, one of ``{"text"}``, ``{"number"}``, ``{"date"}``, ``{"url"}``,
    ``{"option_id"}``, ``{"option_ids"}`` and ``{"user_id"}``.

    ``version`` counts edits of the task's own fields: a new rank, comment or link is none.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "status_id"], ["statuses.project_id", "statuses.id"]),
        ForeignKeyConstraint(["project_id", "type_id"], ["task_types.project_id", "task_types.id"]),
        ForeignKeyConstraint(["project_id", "sprint_id"], ["sprints.project_id", "sprints.id"]),
        ForeignKeyConstraint(["project_id", "milestone_id"], ["milestones.project_id", "milestones.id"]),
        Index("tasks_number", "project_id", "number", unique=True),
        Index("tasks_rank", "project_id", "rank"),
        Index("tasks_status_rank", "project_id", "status_id", "rank"),
        Index("tasks_parent", "project_id", "parent_id"),
        Index("tasks_updated", "project_id", "updated_at", "id"),
        Index("tasks_created", "project_id", "created_at", "id"),
        Index("tasks_priority", "project_id", "priority", "id"),
        Index("tasks_due", "project_id", "due_date", "id"),
        Index("tasks_external_ref", "project_id", "external_ref"),
        Index("tasks_long_rank", "project_id", "rank", postgresql_where=text("length(rank) > 48")),
        _planned("sprint"),
        _planned("milestone"),
        {"postgresql_partition_by": "HASH (project_id)"},
    )

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    id: UUID = Field(primary_key=True)
    number: int = Field(sa_type=Integer)
    title: str = Field(sa_type=Text)
    sections: dict[str, str] = Field(sa_type=JSONB)
    status_id: UUID
    type_id: UUID
    priority: int = Field(default=0, sa_type=SmallInteger)
    creator_id: UUID | None = Field(default=None, foreign_key="users.id")
    parent_id: UUID | None = None
    estimate: float | None = Field(default=None, sa_type=Float)
    due_date: date | None = None
    rank: str = Field(sa_type=Text(collation="C"))
    close_reason: str | None = Field(default=None, sa_type=Text)
    external_ref: str | None = Field(default=None, sa_type=Text)
    config: dict[str, Any] = Field(sa_type=JSONB)
    sprint_id: UUID | None = None
    milestone_id: UUID | None = None
    fields: dict[str, Any] = Field(sa_type=JSONB)
    version: int = 1
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    completed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class TaskLocation(SQLModel, table=True):
    """Where a task is now: unpartitioned, so that an id finds its project after a transfer."""

    __tablename__ = "task_locations"

    task_id: UUID = Field(primary_key=True)
    project_id: UUID = Field(foreign_key="projects.id")


class TaskKey(SQLModel, table=True):
    """Every number a task ever had: the old key of a transferred task redirects."""

    __tablename__ = "task_keys"
    __table_args__ = (Index("task_keys_task", "task_id"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    number: int = Field(primary_key=True, sa_type=Integer)
    task_id: UUID


class TaskAssignee(SQLModel, table=True):
    """Someone a task is assigned to."""

    __tablename__ = "task_assignees"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "task_id"], ["tasks.project_id", "tasks.id"]),
        Index("task_assignees_user", "user_id", "project_id"),
    )

    project_id: UUID = Field(primary_key=True)
    task_id: UUID = Field(primary_key=True)
    user_id: UUID = Field(primary_key=True, foreign_key="users.id")


class TaskLabel(SQLModel, table=True):
    """A label on a task."""

    __tablename__ = "task_labels"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "task_id"], ["tasks.project_id", "tasks.id"]),
        ForeignKeyConstraint(["project_id", "label_id"], ["labels.project_id", "labels.id"]),
        Index("task_labels_label", "project_id", "label_id"),
    )

    project_id: UUID = Field(primary_key=True)
    task_id: UUID = Field(primary_key=True)
    label_id: UUID = Field(primary_key=True)
