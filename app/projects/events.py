"""Events of a project's scope about the project itself: settings, members, vocabularies."""

from __future__ import annotations

from typing import Any

from app.events.deltas import Shape
from app.events.kinds import Effect, event_kind
from app.values import plain


def _with_visibility(payload: dict[str, Any]) -> dict[str, Any]:
    return {"state": {**payload["state"], "visibility": "private", "workspace_role": "viewer"}}


def _without_successor(payload: dict[str, Any]) -> dict[str, Any]:
    return {"state": {**payload["state"], "successor_id": None}}


PROJECT_CREATED = event_kind(
    "ProjectCreated", "project", Effect.PUT, version=2, upcasters={1: _with_visibility}
)
PROJECT_UPDATED = event_kind("ProjectUpdated", "project", Effect.CHANGE)
PROJECT_MEMBER_ADDED = event_kind("ProjectMemberAdded", "project_member", Effect.PUT)
PROJECT_MEMBER_UPDATED = event_kind("ProjectMemberUpdated", "project_member", Effect.CHANGE)
PROJECT_MEMBER_REMOVED = event_kind("ProjectMemberRemoved", "project_member", Effect.REMOVE)
STATUS_CREATED = event_kind(
    "StatusCreated", "status", Effect.PUT, version=2, upcasters={1: _without_successor}
)
STATUS_UPDATED = event_kind("StatusUpdated", "status", Effect.CHANGE)
STATUS_DELETED = event_kind("StatusDeleted", "status", Effect.CHANGE)
LABEL_CREATED = event_kind("LabelCreated", "label", Effect.PUT)
LABEL_UPDATED = event_kind("LabelUpdated", "label", Effect.CHANGE)
LABEL_DELETED = event_kind("LabelDeleted", "label", Effect.CHANGE)
TASK_TYPE_CREATED = event_kind("TaskTypeCreated", "task_type", Effect.PUT)
TASK_TYPE_UPDATED = event_kind("TaskTypeUpdated", "task_type", Effect.CHANGE)
TASK_TYPE_DELETED = event_kind("TaskTypeDeleted", "task_type", Effect.CHANGE)

PROJECT_SHAPE = Shape(texts=frozenset({"description"}))
VOCABULARY_SHAPE = Shape()


def project_state(project: Any) -> dict[str, Any]:
    """A project as its events hold it."""
    fields = (
        "id", "key", "name", "description", "conflict_policy", "visibility", "workspace_role", "version", "created_at",
        "updated_at", "archived_at",
    )  # fmt: skip
    return {name: plain(getattr(project, name)) for name in fields}


def status_state(status: Any) -> dict[str, Any]:
    """A status as its events hold it."""
    fields = ("id", "name", "category", "color", "rank", "version", "deleted_at", "successor_id")
    return {name: plain(getattr(status, name)) for name in fields}


def label_state(label: Any) -> dict[str, Any]:
    """A label or a task type as its events hold it."""
    return {name: plain(getattr(label, name)) for name in ("id", "name", "color", "version", "deleted_at")}
