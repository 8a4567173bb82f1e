"""Enums of planning."""

from __future__ import annotations

from app.planning.reports import ScopeChangeKind
from schema.enums import describe

__all__ = ["ScopeChangeKind"]

describe(
    ScopeChangeKind,
    "How a sprint's scope changed after its start.",
    ADDED="A task came: into the sprint, or back from being deleted.",
    REMOVED="A task went: out of the sprint or the project, or was deleted.",
    ESTIMATED="A task in it got another estimate.",
)
