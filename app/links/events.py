"""Events of links: told in the scope of each end's project, naming the other end only if it is there too."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.events.kinds import Effect, event_kind
from app.values import plain

LINK_ADDED = event_kind("LinkAdded", "link", Effect.PUT)
LINK_REMOVED = event_kind("LinkRemoved", "link", Effect.REMOVE)

VERSION = 1
"""A link is added and removed, never edited."""


def link_states(link: Any) -> dict[UUID, dict[str, Any]]:
    """A link as the events of each of its scopes hold it: one or two, by project id.

    A task in another scope is None there: the far side is resolved for each viewer, by the link's id.
    """
    return {
        project_id: {
            "id": str(link.id),
            "kind": link.kind,
            "source_task_id": str(link.source_task_id) if link.source_project_id == project_id else None,
            "target_task_id": str(link.target_task_id) if link.target_project_id == project_id else None,
            "cyclic": link.cyclic,
            "creator_id": plain(link.creator_id),
            "created_at": plain(link.created_at),
            "version": VERSION,
        }
        for project_id in dict.fromkeys((link.source_project_id, link.target_project_id))
    }
