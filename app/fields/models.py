"""Rows of custom fields, and of the values that tasks have in them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, DateTime, Float, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class FieldKind(StrEnum):
    """What a field holds; it stays what it was made as."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    SELECT = "select"
    MULTI_SELECT = "multi_select"
    USER = "user"
    URL = "url"


class CustomField(SQLModel, table=True):
    """A field of a project's tasks. The keys of ``type_ids`` are the task types that have it (none: all).

    ``options`` maps an option's id to ``{"name", "color", "rank", "deleted"}``: those of a SELECT or MULTI_SELECT.
    """

    __tablename__ = "custom_fields"
    __table_args__ = (Index("custom_fields_project", "project_id", "rank"),)

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    description: str = Field(default="", sa_type=Text)
    kind: str = Field(sa_type=Text)
    required: bool = Field(default=False, sa_type=Boolean)
    type_ids: dict[str, bool] = Field(sa_type=JSONB)
    options: dict[str, Any] = Field(sa_type=JSONB)
    rank: str = Field(sa_type=Text(collation="C"))
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


def _having(column: str, *more: str) -> Index:
    # With the task: by it tasks are also ordered, where many have one value.
    there = text(f"{column} IS NOT NULL")
    columns = ("project_id", "field_id", column, *more, "task_id")
    return Index(f"task_field_values_{column}", *columns, postgresql_where=there)


class TaskFieldValue(SQLModel, table=True):
    """A value in the column of its kind, to be found by it; of several options each is a row.

    ``first``: of several options the one that comes first in the field.
    Kept by triggers from ``tasks.fields`` and the field's options (migration 0028), which is what events tell.
    """

    __tablename__ = "task_field_values"
    __table_args__ = (_having("text"), _having("number"), _having("day"), _having("ref", "first"))

    project_id: UUID = Field(primary_key=True)
    task_id: UUID = Field(primary_key=True)
    field_id: UUID = Field(primary_key=True)
    place: int = Field(primary_key=True, sa_type=SmallInteger)
    text: str | None = Field(default=None, sa_type=Text)
    number: float | None = Field(default=None, sa_type=Float)
    day: date | None = None
    ref: UUID | None = None
    first: bool = Field(default=True, sa_type=Boolean, sa_column_kwargs={"server_default": "true"})
