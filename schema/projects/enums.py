"""Enums of projects."""

from __future__ import annotations

import strawberry

from app.projects import models

ProjectRole = strawberry.enum(
    models.ProjectRole, name="ProjectRole", description="What someone may do in a project, strongest first."
)
StatusCategory = strawberry.enum(
    models.StatusCategory, name="StatusCategory", description="What a status means, whatever it is called."
)
ConflictPolicy = strawberry.enum(
    models.ConflictPolicy,
    name="ConflictPolicy",
    description="What to do with an edit of an older version. MERGE: apply what nobody else touched, refuse if both "
    "changed the same. REJECT: refuse any edit of an older version. OVERWRITE: last write wins.",
)
