"""Enums of workspaces."""

from __future__ import annotations

import strawberry

from app.workspaces import models

WorkspaceRole = strawberry.enum(
    models.WorkspaceRole,
    name="WorkspaceRole",
    description="What someone may do in a workspace. Guests see only the projects they were given.",
)
