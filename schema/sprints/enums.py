"""Enums of sprints."""

from __future__ import annotations

from app.sprints.models import SprintStage
from schema.enums import describe

__all__ = ["SprintStage"]

describe(
    SprintStage,
    "How far a sprint is.",
    PLANNED="Tasks are put into it; it has not begun.",
    ACTIVE="It is worked on.",
    COMPLETED="It is over: nothing is put into it any more.",
)
