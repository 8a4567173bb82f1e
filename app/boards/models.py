"""Rows of boards."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class BoardSwimlanes(StrEnum):
    """What a board's cards are grouped by, across its columns."""

    NONE = "none"
    ASSIGNEE = "assignee"
    PRIORITY = "priority"
    EPIC = "epic"
    LABEL = "label"


class BoardLimitMode(StrEnum):
    """What a column's limit does."""

    WARN = "warn"
    REFUSE = "refuse"


class Board(SQLModel, table=True):
    """A board of a project. ``columns`` maps a column's id to its name, statuses, limit, limit mode and place.

    Its cards are the tasks of the shared view ``view_id``, or those that match ``filter`` (as ``filter_to_json`` gives
    it, with the ``project``); with neither, every task. Deleted ones stay, for the history.
    """

    __tablename__ = "boards"
    __table_args__ = (Index("boards_project", "project_id", "rank"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    swimlanes: str = Field(sa_type=Text)
    columns: dict[str, Any] = Field(sa_type=JSONB)
    filter: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    view_id: UUID | None = None
    rank: str = Field(sa_type=Text(collation="C"))
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
