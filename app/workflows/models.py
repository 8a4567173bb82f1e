"""Rows of transitions, and the words that their conditions and actions are told with."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, ForeignKeyConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


class TransitionConditionKind(StrEnum):
    """What a transition may ask for."""

    ROLE = "role"
    FIELDS = "fields"
    BLOCKERS_DONE = "blockers_done"
    CHILDREN_DONE = "children_done"
    COMMENT = "comment"
    WIP_LIMIT = "wip_limit"
    CUSTOM_FIELDS = "custom_fields"
    LABELS = "labels"
    WITHOUT_LABELS = "without_labels"
    SPRINT_STAGES = "sprint_stages"


class TransitionField(StrEnum):
    """Fields of a task that a transition may require."""

    DESCRIPTION = "description"
    ASSIGNEE = "assignee"
    LABEL = "label"
    PRIORITY = "priority"
    ESTIMATE = "estimate"
    DUE_DATE = "due_date"
    PARENT = "parent"
    CLOSE_REASON = "close_reason"
    EXTERNAL_REF = "external_ref"
    SPRINT = "sprint"
    MILESTONE = "milestone"


class TransitionActionKind(StrEnum):
    """What a transition may do besides."""

    ASSIGN_TO_ACTOR = "assign_to_actor"
    UNASSIGN = "unassign"
    SET_PRIORITY = "set_priority"
    SET_ESTIMATE = "set_estimate"
    SET_DUE_IN_DAYS = "set_due_in_days"
    SET_CLOSE_REASON = "set_close_reason"
    SET_CUSTOM_FIELDS = "set_custom_fields"
    ADD_LABELS = "add_labels"
    REMOVE_LABELS = "remove_labels"
    CLOSE_PARENT = "close_parent"


class TransitionReasonKind(StrEnum):
    """Why a task cannot take a status now: a condition, or that there is no such way."""

    NO_TRANSITION = "no_transition"
    ROLE = "role"
    FIELDS = "fields"
    BLOCKERS_OPEN = "blockers_open"
    CHILDREN_OPEN = "children_open"
    COMMENT_REQUIRED = "comment_required"
    WIP_LIMIT = "wip_limit"
    CUSTOM_FIELDS = "custom_fields"
    LABELS = "labels"
    WITHOUT_LABELS = "without_labels"
    SPRINT_STAGES = "sprint_stages"


class Transition(SQLModel, table=True):
    """A way from one status (None: from any) to another, for tasks of one type (None: of any).

    ``conditions`` and ``actions`` map kinds to what they need, as ``app.workflows.rules`` reads them. Of several that
    lead the same way the first by ``rank`` whose conditions hold is taken. Deleted ones stay, for the history.
    """

    __tablename__ = "transitions"
    __table_args__ = (
        ForeignKeyConstraint(["project_id", "from_status_id"], ["statuses.project_id", "statuses.id"]),
        ForeignKeyConstraint(["project_id", "to_status_id"], ["statuses.project_id", "statuses.id"]),
        ForeignKeyConstraint(["project_id", "type_id"], ["task_types.project_id", "task_types.id"]),
        Index("transitions_project", "project_id", "rank"),
    )

    project_id: UUID = Field(primary_key=True, foreign_key="projects.id")
    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    from_status_id: UUID | None = None
    to_status_id: UUID
    type_id: UUID | None = None
    conditions: dict[str, Any] = Field(sa_type=JSONB)
    actions: dict[str, Any] = Field(sa_type=JSONB)
    rank: str = Field(sa_type=Text(collation="C"))
    version: int = 1
    deleted_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))
