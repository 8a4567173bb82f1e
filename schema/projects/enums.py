"""Enums of projects."""

from __future__ import annotations

from app.projects.models import ConflictPolicy, ProjectRole, ProjectVisibility, StatusCategory
from schema.enums import describe

__all__ = ["ConflictPolicy", "ProjectRole", "ProjectVisibility", "StatusCategory"]

describe(
    ProjectRole,
    "What someone may do in a project. Each role may also do what those after it may.",
    ADMIN="Change its settings, and appoint managers and admins.",
    MANAGER="Change its statuses, labels, task types and members.",
    MEMBER="Make and edit tasks, and comment.",
    VIEWER="Read.",
)
describe(
    ProjectVisibility,
    "Who sees a project without having been given it.",
    PRIVATE="Owners and admins of the workspace.",
    WORKSPACE="Every member of the workspace; guests do not.",
)
describe(
    StatusCategory,
    "What a status means, whatever it is called.",
    BACKLOG="Perhaps, one day.",
    UNSTARTED="To be done.",
    STARTED="Being done.",
    COMPLETED="Done.",
    CANCELLED="Not to be done any more.",
)
describe(
    ConflictPolicy,
    "What to do with an edit of an older version.",
    MERGE="Apply it where nobody else changed the same; refuse all of it where both changed the same field.",
    REJECT="Refuse it.",
    OVERWRITE="Apply it over whatever others did: the last write wins.",
)
