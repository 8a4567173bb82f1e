"""Events of a workspace's scope. They name projects by opaque id only."""

from __future__ import annotations

from typing import Any

from app.events.deltas import Shape
from app.events.kinds import Effect, event_kind
from app.values import plain

WORKSPACE_CREATED = event_kind("WorkspaceCreated", "workspace", Effect.PUT)
WORKSPACE_UPDATED = event_kind("WorkspaceUpdated", "workspace", Effect.CHANGE)
WORKSPACE_MEMBER_ADDED = event_kind("WorkspaceMemberAdded", "workspace_member", Effect.PUT)
WORKSPACE_MEMBER_UPDATED = event_kind("WorkspaceMemberUpdated", "workspace_member", Effect.CHANGE)
WORKSPACE_MEMBER_REMOVED = event_kind("WorkspaceMemberRemoved", "workspace_member", Effect.REMOVE)
PROJECT_LISTED = event_kind("ProjectListed", "listed_project", Effect.PUT)

WORKSPACE_SHAPE = Shape()


def workspace_state(workspace: Any) -> dict[str, Any]:
    """A workspace as its events hold it."""
    return {
        "id": str(workspace.id),
        "name": workspace.name,
        "version": workspace.version,
        "created_at": plain(workspace.created_at),
        "updated_at": plain(workspace.updated_at),
    }


def member_state(user_id: Any, role: str) -> dict[str, Any]:
    """A membership (of a workspace or a project): its object id is the person's."""
    return {"user_id": str(user_id), "role": role}


def role_delta(old: str, new: str) -> dict[str, Any]:
    """The payload of a changed role."""
    return {"delta": {"set": {"role": {"old": old, "new": new}}}}
