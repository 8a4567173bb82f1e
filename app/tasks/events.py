"""Events of tasks."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from app.events.deltas import Shape
from app.events.kinds import Effect, Payload, event_kind
from app.values import plains


def _with_plans(payload: Payload) -> Payload:
    return {"state": {**payload["state"], "sprint_id": None, "milestone_id": None, "fields": {}}}


_STATE: dict[str, Any] = {"version": 2, "upcasters": {1: _with_plans}}

TASK_CREATED = event_kind("TaskCreated", "task", Effect.PUT, **_STATE)
TASK_UPDATED = event_kind("TaskUpdated", "task", Effect.CHANGE)
TASK_MOVED = event_kind("TaskMoved", "task", Effect.CHANGE)
TASK_DELETED = event_kind("TaskDeleted", "task", Effect.CHANGE)
TASK_RESTORED = event_kind("TaskRestored", "task", Effect.CHANGE)
TASK_LEFT = event_kind("TaskLeft", "task", Effect.REMOVE)
TASK_ARRIVED = event_kind("TaskArrived", "task", Effect.PUT, **_STATE)
TASK_REDACTED = event_kind("TaskRedacted", "task", Effect.PUT, **_STATE)

TASK_SHAPE = Shape(
    sections=frozenset({"sections"}),
    members=frozenset({"assignee_ids", "label_ids"}),
    entries=frozenset({"config", "fields"}),
)

SHORT_FIELDS = (
    "title", "status_id", "type_id", "priority", "parent_id", "estimate", "due_date", "rank", "close_reason",
    "external_ref", "completed_at", "deleted_at", "sprint_id", "milestone_id",
)  # fmt: skip
"""Columns that one value replaces."""

BUMPING = frozenset(SHORT_FIELDS) - {"rank"} | {"sections", "config", "fields", "assignee_ids", "label_ids"}
"""What raises a task's version: everything of its own but its rank. Comments and links are objects of their own."""


SHORT_COLUMNS = ("id", "number", *SHORT_FIELDS, "creator_id", "version", "created_at", "updated_at")
_COLUMNS = (*SHORT_COLUMNS, "sections", "config", "fields")
_SHORT_VALUES, _VALUES = attrgetter(*SHORT_COLUMNS), attrgetter(*_COLUMNS)


def short_state(task: Any) -> dict[str, Any]:
    """A task as its events hold it, but for texts, free-form values, people and labels: an edit that touches none of
    these need not know them."""
    return dict(zip(SHORT_COLUMNS, plains(_SHORT_VALUES(task)), strict=True))


def task_state(task: Any) -> dict[str, Any]:
    """A task as its events hold it. ``task`` also has ``assignee_ids`` and ``label_ids``."""
    state = dict(zip(_COLUMNS, plains(_VALUES(task)), strict=True))
    state["assignee_ids"] = sorted(map(str, task.assignee_ids))
    state["label_ids"] = sorted(map(str, task.label_ids))
    return state
