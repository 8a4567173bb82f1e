"""Enums of the inbox."""

from __future__ import annotations

from app.inbox.models import InboxReason
from schema.enums import describe

__all__ = ["InboxReason"]

describe(
    InboxReason,
    "Why something is in your inbox.",
    MENTIONED="Somebody mentioned you.",
    ASSIGNED="Somebody assigned a task to you.",
    ACCESS_GAINED="You were added to a project or a workspace.",
    ACCESS_LOST="You were taken out of a project or a workspace.",
)
