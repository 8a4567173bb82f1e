"""Rows of projects, their members and their vocabularies (statuses, labels, task types)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, Integer, Text, text
from sqlmodel import Field, SQLModel

from app.permissions import ProjectRole as ProjectRole  # noqa: PLC0414 (it is of this room's rows)


class ProjectVisibility(StrEnum):
    """Who sees a project without having been given it."""

    PRIVATE = "private"
    WORKSPACE = "workspace"


class StatusCategory(StrEnum):
    """What a status means, whatever it is called."""

    BACKLOG = "backlog"
    UNSTARTED = "unstarted"
    STARTED = "started"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ConflictPolicy(StrEnum):
    """What to do with an edit of an older version (see docs/conflicts.md)."""

    MERGE = "merge"
    REJECT = "reject"
    OVERWRITE = "overwrite"


class Project(SQLModel, table=True):
    """A project. Its id is also its scope's id; ``key`` (such as ENG) is unique in its workspace.

    With the visibility ``workspace`` every member of the workspace (no guest) has at least ``workspace_role`` in it.
    """

    __tablename__ = "projects"
    __table_args__ = (Index("projects_key", "workspace_id", "key", unique=True),)

    id: UUID = Field(primary_key=True)
    workspace_id: UUID = Field(foreign_key="workspaces.id")
    key: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    description: str = Field(default="", sa_type=Text)
    conflict_policy: str = Field(default=ConflictPolicy.MERGE.value, sa_type=Text)
    visibility: str = Field(default=ProjectVisibility.PRIVATE.value, sa_type=Text)
    workspace_role: str = Field(default=ProjectRole.VIEWER.value, sa_type=Text)
    version: int = 1
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    archived_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class TaskCounter(SQLModel, table=True):
    """The next task number of a project, apart from its row so that taking one blocks nothing else."""

    __tablename__ = "task_counters"

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    next_number: int = Field(default=1, sa_type=Integer)


class ProjectMember(SQLModel, table=True):
    """Someone's role in a project."""

    __tablename__ = "project_members"
    __table_args__ = (Index("project_members_user", "user_id"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    user_id: UUID = Field(primary_key=True, foreign_key="users.id")
    role: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class Status(SQLModel, table=True):
    """A status of a project. Deleted ones stay, so that history and restored tasks keep a name.

    ``successor_id`` is where its tasks go while it is being removed: nothing enters it any more.
    """

    __tablename__ = "statuses"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "successor_id"], ["statuses.project_id", "statuses.id"]),
        Index("statuses_project", "project_id", "rank"),
        Index(
            "statuses_leaving",
            "project_id",
            postgresql_where=text("successor_id IS NOT NULL AND deleted_at IS NULL"),
        ),
    )

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    category: str = Field(sa_type=Text)
    color: str = Field(sa_type=Text)
    rank: str = Field(sa_type=Text(collation="C"))
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
    successor_id: UUID | None = None


class Label(SQLModel, table=True):
    """A label of a project."""

    __tablename__ = "labels"
    __table_args__ = (Index("labels_project", "project_id", "name"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    color: str = Field(sa_type=Text)
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class TaskType(SQLModel, table=True):
    """A kind of task in a project (task, bug, epic …)."""

    __tablename__ = "task_types"
    __table_args__ = (Index("task_types_project", "project_id", "name"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    color: str = Field(sa_type=Text)
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
