"""Rows of the inbox."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, Index, Text
from sqlmodel import Field, SQLModel


class InboxReason(StrEnum):
    """Why an item is in the inbox."""

    MENTIONED = "mentioned"
    ASSIGNED = "assigned"
    ACCESS_GAINED = "access_gained"
    ACCESS_LOST = "access_lost"


class InboxItem(SQLModel, table=True):
    """Something a person should see. What it points at is resolved under that person's access of today."""

    __tablename__ = "inbox_items"
    __table_args__ = (Index("inbox_items_newest", "user_id", "created_at", "id"),)

    user_id: UUID = Field(primary_key=True, foreign_key="users.id")
    id: UUID = Field(primary_key=True)
    reason: str = Field(sa_type=Text)
    project_id: UUID | None = None
    task_id: UUID | None = None
    comment_id: UUID | None = None
    actor_id: UUID | None = Field(default=None, foreign_key="users.id")
    version: int = 1
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    read_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
