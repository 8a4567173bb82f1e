"""Enums of workspaces."""

from __future__ import annotations

from app.workspaces.models import WorkspaceRole
from schema.enums import describe

__all__ = ["WorkspaceRole"]

describe(
    WorkspaceRole,
    "What someone may do in a workspace. Each role may also do what those after it may.",
    OWNER="Appoint owners and admins. There is always at least one.",
    ADMIN="Change its name and members, and administer all its projects.",
    MEMBER="See its people, and make projects.",
    GUEST="See the projects they were given, and nothing else.",
)
