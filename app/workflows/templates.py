"""Workflows to begin with: statuses and the ways between them, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.projects.models import StatusCategory
from app.workflows.models import TransitionActionKind, TransitionConditionKind, TransitionField

Term = tuple[str, Any]
"""A condition or an action, and what it needs."""

_BACKLOG, _UNSTARTED, _STARTED, _COMPLETED, _CANCELLED = StatusCategory


class WorkflowTemplate(StrEnum):
    """What there is to begin with."""

    KANBAN = "kanban"
    SCRUM = "scrum"
    BUG_TRACKING = "bug_tracking"


@dataclass(frozen=True)
class Way:
    """A transition by the names of its statuses; ``begins`` None: from any."""

    name: str
    begins: str | None
    ends: str
    conditions: tuple[Term, ...] = ()
    actions: tuple[Term, ...] = ()


@dataclass(frozen=True)
class Template:
    """Statuses in their order (name, category, colour), and the ways between them."""

    statuses: tuple[tuple[str, StatusCategory, str], ...]
    ways: tuple[Way, ...]


_TAKE: Term = (TransitionActionKind.ASSIGN_TO_ACTOR, True)
_CLOSE_PARENT: Term = (TransitionActionKind.CLOSE_PARENT, True)
_CHILDREN: Term = (TransitionConditionKind.CHILDREN_DONE, True)
_BLOCKERS: Term = (TransitionConditionKind.BLOCKERS_DONE, True)
_COMMENT: Term = (TransitionConditionKind.COMMENT, True)


def _fields(*fields: TransitionField) -> Term:
    return TransitionConditionKind.FIELDS, [field.value for field in fields]


def _because(reason: str | None) -> Term:
    return TransitionActionKind.SET_CLOSE_REASON, reason


TEMPLATES = {
    WorkflowTemplate.KANBAN: Template(
        (
            ("Backlog", _BACKLOG, "#9aa4b2"), ("To do", _UNSTARTED, "#6b7bd6"), ("In progress", _STARTED, "#e0a92e"),
            ("Review", _STARTED, "#8e5bd0"), ("Done", _COMPLETED, "#3fa45b"), ("Cancelled", _CANCELLED, "#b0565c"),
        ),
        (
            Way("Put off", None, "Backlog"),
            Way("Plan", None, "To do"),
            Way("Start", None, "In progress", actions=(_TAKE,)),
            Way("Ask for review", "In progress", "Review"),
            Way("Finish", None, "Done", (_CHILDREN,), (_CLOSE_PARENT,)),
            Way("Cancel", None, "Cancelled"),
        ),
    ),
    WorkflowTemplate.SCRUM: Template(
        (
            ("Backlog", _BACKLOG, "#9aa4b2"), ("Ready", _UNSTARTED, "#6b7bd6"), ("In progress", _STARTED, "#e0a92e"),
            ("Review", _STARTED, "#8e5bd0"), ("Done", _COMPLETED, "#3fa45b"), ("Cancelled", _CANCELLED, "#b0565c"),
        ),
        (
            Way("Put off", None, "Backlog"),
            Way("Make ready", "Backlog", "Ready", (_fields(TransitionField.DESCRIPTION, TransitionField.ESTIMATE),)),
            Way("Give back", "In progress", "Ready"),
            Way("Start", "Ready", "In progress", (_BLOCKERS,), (_TAKE,)),
            Way("Ask for review", "In progress", "Review"),
            Way("Send back", "Review", "In progress"),
            Way("Accept", "Review", "Done", (_CHILDREN,), (_CLOSE_PARENT,)),
            Way("Reopen", "Done", "In progress", (_COMMENT,)),
            Way("Cancel", None, "Cancelled"),
        ),
    ),
    WorkflowTemplate.BUG_TRACKING: Template(
        (
            ("Reported", _BACKLOG, "#9aa4b2"), ("Confirmed", _UNSTARTED, "#6b7bd6"),
            ("In progress", _STARTED, "#e0a92e"), ("Fixed", _STARTED, "#8e5bd0"), ("Verified", _COMPLETED, "#3fa45b"),
            ("Rejected", _CANCELLED, "#b0565c"),
        ),
        (
            Way("Confirm", "Reported", "Confirmed", (_fields(TransitionField.DESCRIPTION, TransitionField.PRIORITY),)),
            Way("Fix", "Confirmed", "In progress", (_BLOCKERS,), (_TAKE,)),
            Way("Give back", "In progress", "Confirmed"),
            Way("Deliver", "In progress", "Fixed"),
            Way("Verify", "Fixed", "Verified", actions=(_because("fixed"),)),
            Way("Not fixed", "Fixed", "In progress", (_COMMENT,)),
            Way("Reject", None, "Rejected", (_COMMENT,), (_because("rejected"),)),
            Way("Reopen", "Verified", "Confirmed", (_COMMENT,), (_because(None),)),
            Way("Reopen", "Rejected", "Reported", (_COMMENT,), (_because(None),)),
        ),
    ),
}  # fmt: skip
