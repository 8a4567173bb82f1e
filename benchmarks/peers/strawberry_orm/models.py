"""Our own tables as a usual application maps them: SQLAlchemy's declarative models."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, SmallInteger
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

TIME = DateTime(timezone=True)


class Base(DeclarativeBase):
    """Of all models."""


class Project(Base):
    """A project."""

    __tablename__ = "projects"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str]
    name: Mapped[str]


class Status(Base):
    """A column of a project's board."""

    __tablename__ = "statuses"
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    category: Mapped[str]
    rank: Mapped[str]
    deleted_at: Mapped[datetime | None] = mapped_column(TIME)


class TaskType(Base):
    """A kind of task."""

    __tablename__ = "task_types"
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]


class Label(Base):
    """A label of a project."""

    __tablename__ = "labels"
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    color: Mapped[str]


class User(Base):
    """A person."""

    __tablename__ = "users"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    avatar_url: Mapped[str | None]


class Task(Base):
    """A task."""

    __tablename__ = "tasks"
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int]
    title: Mapped[str]
    sections: Mapped[dict[str, Any]] = mapped_column(JSONB)
    status_id: Mapped[UUID]
    type_id: Mapped[UUID]
    priority: Mapped[int] = mapped_column(SmallInteger)
    due_date: Mapped[date | None]
    estimate: Mapped[float | None]
    rank: Mapped[str]
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(TIME)
    updated_at: Mapped[datetime] = mapped_column(TIME)
    deleted_at: Mapped[datetime | None] = mapped_column(TIME)


class TaskAssignee(Base):
    """Who a task is assigned to."""

    __tablename__ = "task_assignees"
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)


class TaskLabel(Base):
    """A label on a task."""

    __tablename__ = "task_labels"
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    label_id: Mapped[UUID] = mapped_column(primary_key=True)


class Comment(Base):
    """A comment on a task."""

    __tablename__ = "comments"
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    task_id: Mapped[UUID]
    author_id: Mapped[UUID | None]
    body: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(TIME)
    deleted_at: Mapped[datetime | None] = mapped_column(TIME)


class Location(Base):
    """Where a task is: its project."""

    __tablename__ = "task_locations"
    task_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]


class WrittenTask(Base):
    """A task of those that the peers write (see `benchmarks.writing`)."""

    __tablename__ = "tasks"
    __table_args__ = {"schema": "peers"}  # noqa: RUF012 (as SQLAlchemy wants it)
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    title: Mapped[str]
    version: Mapped[int]
    updated_at: Mapped[datetime] = mapped_column(TIME)


class Clock(Base):
    """What numbers a project's events."""

    __tablename__ = "clocks"
    __table_args__ = {"schema": "peers"}  # noqa: RUF012
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)


class Event(Base):
    """A change of a task."""

    __tablename__ = "events"
    __table_args__ = {"schema": "peers"}  # noqa: RUF012
    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    task_id: Mapped[UUID]
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(TIME)
