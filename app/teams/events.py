"""Events of teams: how one is shown (a directory's scope), who is in it (a workspace's), its roles (each project's)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.events.deltas import Shape
from app.events.kinds import Effect, event_kind
from app.values import plain

TEAM_CREATED = event_kind("TeamCreated", "team", Effect.PUT)
TEAM_UPDATED = event_kind("TeamUpdated", "team", Effect.CHANGE)
TEAM_REMOVED = event_kind("TeamRemoved", "team", Effect.REMOVE)
TEAM_ROSTER_CREATED = event_kind("TeamRosterCreated", "team_roster", Effect.PUT)
TEAM_ROSTER_UPDATED = event_kind("TeamRosterUpdated", "team_roster", Effect.CHANGE)
TEAM_ROSTER_REMOVED = event_kind("TeamRosterRemoved", "team_roster", Effect.REMOVE)
PROJECT_TEAM_ADDED = event_kind("ProjectTeamAdded", "project_team", Effect.PUT)
PROJECT_TEAM_UPDATED = event_kind("ProjectTeamUpdated", "project_team", Effect.CHANGE)
PROJECT_TEAM_REMOVED = event_kind("ProjectTeamRemoved", "project_team", Effect.REMOVE)

TEAM_SHAPE = Shape()


def team_state(team: Any) -> dict[str, Any]:
    """A team as its directory's events hold it."""
    return {
        name: plain(getattr(team, name))
        for name in ("id", "name", "color", "version", "created_at", "updated_at")
    }


def roster_state(team_id: UUID) -> dict[str, Any]:
    """Who is in a new team: nobody yet. The object's id is the team's."""
    return {"team_id": str(team_id), "member_ids": []}


def roster_delta(*, added: list[UUID] | None = None, removed: list[UUID] | None = None) -> dict[str, Any]:
    """The payload of a roster that changed."""
    change = {"added": sorted(map(str, added or ())), "removed": sorted(map(str, removed or ()))}
    return {"delta": {"members": {"member_ids": change}}}


def project_team_state(team_id: UUID, role: str) -> dict[str, Any]:
    """A team's role as a project's events hold it: the object's id is the team's."""
    return {"team_id": str(team_id), "role": role}
