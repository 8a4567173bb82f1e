"""Rows of saved views."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class Grouping(StrEnum):
    """What a view's tasks are grouped by."""

    STATUS = "status"
    TYPE = "type"
    PRIORITY = "priority"
    ASSIGNEE = "assignee"
    CREATOR = "creator"
    LABEL = "label"
    SPRINT = "sprint"
    MILESTONE = "milestone"
    PARENT = "parent"


class SavedView(SQLModel, table=True):
    """A saved view. ``scope_id`` is where its events are: its project if it is shared, else its maker's inbox.

    ``project_id`` is the project whose tasks it lists; None (of a personal one only): of all that its maker sees.
    ``filter`` is as ``filter_to_json`` gives it, with the ``project`` whose words it names; ``columns``
    are lines.
    """

    __tablename__ = "saved_views"
    __table_args__ = (
        Index("saved_views_scope", "scope_id", "name", "id"),
        Index("saved_views_project", "project_id", "name", "id"),
    )

    id: UUID = Field(primary_key=True)
    scope_id: UUID
    project_id: UUID | None = Field(default=None, foreign_key="projects.id")
    creator_id: UUID = Field(foreign_key="users.id")
    name: str = Field(sa_type=Text)
    filter: dict[str, Any] = Field(sa_type=JSONB)
    sort: str = Field(default="", sa_type=Text)
    group_by: str | None = Field(default=None, sa_type=Text)
    columns: str = Field(default="", sa_type=Text)
    version: int = 1
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    updated_at: datetime = Field(sa_type=DateTime(timezone=True))
