"""Rows of comments, partitioned by project."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, Text
from sqlmodel import Field, SQLModel


class Comment(SQLModel, table=True):
    """A comment; ``parent_id`` is the comment it answers (None: it opens a thread).

    A deleted comment keeps its place in the thread and loses its body.
    """

    __tablename__ = "comments"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "task_id"], ["tasks.project_id", "tasks.id"]),
        Index("comments_task", "project_id", "task_id", "created_at", "id"),
        Index("comments_parent", "project_id", "parent_id", "created_at", "id"),
        {"postgresql_partition_by": "HASH (project_id)"},
    )

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    id: UUID = Field(primary_key=True)
    task_id: UUID
    parent_id: UUID | None = None
    author_id: UUID | None = Field(default=None, foreign_key="users.id")
    body: str = Field(sa_type=Text)
    version: int = 1
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class CommentLocation(SQLModel, table=True):
    """Where a comment is now: unpartitioned, so that an id finds its project after a transfer."""

    __tablename__ = "comment_locations"

    comment_id: UUID = Field(primary_key=True)
    project_id: UUID = Field(foreign_key="projects.id")
