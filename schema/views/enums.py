"""Enums of saved views."""

from __future__ import annotations

from app.views.models import Grouping
from schema.enums import describe

__all__ = ["Grouping"]

describe(
    Grouping,
    "What tasks are grouped by.",
    STATUS="By status.",
    TYPE="By task type.",
    PRIORITY="By priority.",
    ASSIGNEE="By who they are assigned to: a task of several is in several groups.",
    CREATOR="By who made them.",
    LABEL="By label: a task with several is in several groups.",
    SPRINT="By sprint.",
    MILESTONE="By milestone.",
    PARENT="By parent task.",
)
