"""Pure checks of transitions: what may stand in one, which ones govern a task, and what speaks against a move."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.errors import TransitionReason, TransitionRefused, ValidationFailed
from app.permissions import ProjectRole
from app.projects.models import Status, StatusCategory
from app.values import check_text
from app.workflows.models import (
    Transition,
    TransitionActionKind,
    TransitionConditionKind,
    TransitionField,
    TransitionReasonKind,
)

State = dict[str, Any]
Terms = dict[str, Any]
"""Conditions or actions by kind: ``{"role": "manager", "wip_limit": 3}``; true for those that need no value."""

CLOSED = frozenset({StatusCategory.COMPLETED.value, StatusCategory.CANCELLED.value})
MOST_IN_STATUS = 10_000
_STANDING = [role.value for role in ProjectRole]


def gathered(named: Iterable[tuple[str, Any]], path: str) -> Terms:
    """Conditions or actions by kind; raises ``ValidationFailed`` for a kind that stands there twice."""
    terms: Terms = {}
    for kind, value in named:
        if kind in terms:
            raise ValidationFailed("Each kind may stand here once.", path=(path,))
        terms[str(kind)] = value
    return terms


def check_conditions(conditions: Terms) -> Terms:
    """Each with what it needs; raises ``ValidationFailed``."""
    limit = conditions.get(TransitionConditionKind.WIP_LIMIT, 1)
    if not 1 <= limit <= MOST_IN_STATUS:
        raise ValidationFailed(f"A limit is a number from 1 to {MOST_IN_STATUS:,}.", path=("conditions",))
    if not conditions.get(TransitionConditionKind.FIELDS, True):
        raise ValidationFailed("Name at least one field.", path=("conditions",))
    return conditions


def check_actions(actions: Terms) -> Terms:
    """Each with a value that its field can take; raises ``ValidationFailed``."""
    path = ("actions",)
    if actions.get(TransitionActionKind.SET_PRIORITY, 0) not in range(5):
        raise ValidationFailed("A priority is 0 (none) to 4.", path=path)
    estimate = actions.get(TransitionActionKind.SET_ESTIMATE, 0)
    if estimate is None or not (math.isfinite(estimate) and 0 <= estimate <= 1_000_000):
        raise ValidationFailed("An estimate is a number from 0 to 1,000,000.", path=path)
    days = actions.get(TransitionActionKind.SET_DUE_IN_DAYS, 0)
    if days is None or not 0 <= days <= 3650:
        raise ValidationFailed("Due in 0 to 3,650 days.", path=path)
    reason = actions.get(TransitionActionKind.SET_CLOSE_REASON)
    if reason is not None:
        check_text(reason, *path, length=10_000)
    return actions


@dataclass(frozen=True)
class ColumnLimit:
    """A column of a board that refuses more tasks than its limit says."""

    name: str
    status_ids: frozenset[UUID]
    limit: int


@dataclass
class Surroundings:
    """What the moves of a batch depend on beside the moved tasks; decisions write what they decided back.

    ``transitions`` are by project, in their order, without deleted ones. ``blockers`` and ``children`` are tasks that
    the viewer sees and that are not deleted, ``closed`` says of each whether it is done. ``counts``: how many tasks are
    in a status, for the statuses that a limit is asked of. ``limits``: what boards of a project refuse.
    ``places``: the projects of blockers and children.
    """

    transitions: dict[UUID, list[Transition]] = field(default_factory=dict)
    statuses: dict[UUID, list[Status]] = field(default_factory=dict)
    blockers: dict[UUID, list[UUID]] = field(default_factory=dict)
    children: dict[UUID, list[UUID]] = field(default_factory=dict)
    closed: dict[UUID, bool] = field(default_factory=dict)
    counts: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    limits: dict[UUID, list[ColumnLimit]] = field(default_factory=dict)
    places: set[UUID] = field(default_factory=set)

    def status(self, project_id: UUID, status_id: str) -> Status | None:
        """A status of a project, deleted or not."""
        return next((one for one in self.statuses.get(project_id, ()) if str(one.id) == status_id), None)

    def moved(self, project_id: UUID, old_status_id: str | None, new: State) -> None:
        """A task of the batch took another status, or came: what is decided after it goes by that."""
        for status_id, step in ((old_status_id, -1), (new["status_id"], 1)):
            key = None if status_id is None else (project_id, UUID(status_id))
            if key in self.counts:
                self.counts[key] += step
        self.closed[UUID(new["id"])] = self.is_done(project_id, new["status_id"])

    def is_done(self, project_id: UUID, status_id: str) -> bool:
        """Whether a task in this status is completed or cancelled."""
        status = self.status(project_id, status_id)
        return status is not None and status.category in CLOSED


@dataclass(frozen=True)
class Mover:
    """Who moves a task: their role in its project, and whether they say why in a comment."""

    role: str
    commented: bool = False


def governing(transitions: Iterable[Transition], type_id: str) -> list[Transition]:
    """The transitions that bind a task of a type: the type's own if it has any, else those of every type."""
    listed = list(transitions)
    own = [one for one in listed if one.type_id is not None and str(one.type_id) == type_id]
    return own or [one for one in listed if one.type_id is None]


def leads(transition: Transition, state: State) -> bool:
    """Whether a transition begins where a task stands, and ends elsewhere."""
    begins = transition.from_status_id is None or str(transition.from_status_id) == state["status_id"]
    ends: bool = str(transition.to_status_id) != state["status_id"]
    return begins and ends


def check_transition(
    around: Surroundings, project_id: UUID, old: State, new: State, mover: Mover
) -> Transition | None:
    """The transition that a change of status takes; None where no workflow governs. Raises ``TransitionRefused``.

    ``new`` is the task as it would be: fields that the same edit fills are there.
    """
    governed = governing(around.transitions.get(project_id, ()), new["type_id"])
    if not governed:
        return None
    ways = [one for one in governed if leads(one, old) and str(one.to_status_id) == new["status_id"]]
    if not ways:
        raise TransitionRefused([no_way(around, project_id, old, new)])
    against = []
    for way in ways:
        reasons = reasons_against(way, around, project_id, new, mover)
        if not reasons:
            return way
        against.append(reasons)
    raise TransitionRefused(against[0])


def check_limits(around: Surroundings, project_id: UUID, old_status_id: str | None, status_id: str) -> None:
    """What boards refuse, whatever brings a task into a status (None: it was in none). Raises ``TransitionRefused``."""
    reasons = []
    for one in around.limits.get(project_id, ()):
        enters = UUID(status_id) in one.status_ids
        if not enters or (old_status_id is not None and UUID(old_status_id) in one.status_ids):
            continue
        count = sum(around.counts.get((project_id, status), 0) for status in one.status_ids)
        if count >= one.limit:
            told = f"“{one.name}” has {count} tasks; {one.limit} is the limit."
            reasons.append(TransitionReason(TransitionReasonKind.WIP_LIMIT, told, limit=one.limit))
    if reasons:
        raise TransitionRefused(reasons)


def no_way(around: Surroundings, project_id: UUID, old: State, new: State) -> TransitionReason:
    """There is no such transition."""
    names = [
        status.name if (status := around.status(project_id, state["status_id"])) else "?"
        for state in (old, new)
    ]
    told = f"The workflow has no transition from {names[0]} to {names[1]}."
    return TransitionReason(TransitionReasonKind.NO_TRANSITION, told)


@dataclass(frozen=True)
class _Asked:
    """A transition that a task would take."""

    transition: Transition
    around: Surroundings
    project_id: UUID
    state: State
    mover: Mover

    @property
    def task_id(self) -> UUID:
        return UUID(self.state["id"])


def reasons_against(
    transition: Transition, around: Surroundings, project_id: UUID, state: State, mover: Mover
) -> list[TransitionReason]:
    """Every condition of a transition that does not hold for a task as it is in ``state``."""
    asked = _Asked(transition, around, project_id, state, mover)
    found = [
        _CHECKS[kind](asked, transition.conditions[kind]) for kind in _CHECKS if kind in transition.conditions
    ]
    return [reason for reason in found if reason is not None]


def _role(asked: _Asked, needed: Any) -> TransitionReason | None:
    if _STANDING.index(asked.mover.role) <= _STANDING.index(needed):
        return None
    told = f"“{asked.transition.name}” needs the role {needed}."
    return TransitionReason(TransitionReasonKind.ROLE, told, role=needed)


def _fields(asked: _Asked, needed: Any) -> TransitionReason | None:
    missing = tuple(name for name in needed if not _has(asked.state, name))
    told = f"“{asked.transition.name}” needs {', '.join(missing)}."
    return TransitionReason(TransitionReasonKind.FIELDS, told, fields=missing) if missing else None


def _blockers(asked: _Asked, needed: Any) -> TransitionReason | None:
    waits = _open(asked.around, asked.around.blockers.get(asked.task_id, ()))
    told = "Tasks that block it are not done."
    return TransitionReason(TransitionReasonKind.BLOCKERS_OPEN, told, task_ids=waits) if waits else None


def _children(asked: _Asked, needed: Any) -> TransitionReason | None:
    waits = _open(asked.around, asked.around.children.get(asked.task_id, ()))
    told = "Sub-tasks are not done."
    return TransitionReason(TransitionReasonKind.CHILDREN_OPEN, told, task_ids=waits) if waits else None


def _comment(asked: _Asked, needed: Any) -> TransitionReason | None:
    told = f"“{asked.transition.name}” needs a comment: send it with the move."
    return None if asked.mover.commented else TransitionReason(TransitionReasonKind.COMMENT_REQUIRED, told)


def _wip_limit(asked: _Asked, needed: Any) -> TransitionReason | None:
    count = asked.around.counts.get((asked.project_id, asked.transition.to_status_id), 0)
    told = f"There are {count} tasks; {needed} is the limit."
    full = count >= needed
    return TransitionReason(TransitionReasonKind.WIP_LIMIT, told, limit=needed) if full else None


_CHECKS = {
    TransitionConditionKind.ROLE: _role,
    TransitionConditionKind.FIELDS: _fields,
    TransitionConditionKind.BLOCKERS_DONE: _blockers,
    TransitionConditionKind.CHILDREN_DONE: _children,
    TransitionConditionKind.COMMENT: _comment,
    TransitionConditionKind.WIP_LIMIT: _wip_limit,
}


def _open(around: Surroundings, task_ids: Iterable[UUID]) -> tuple[UUID, ...]:
    return tuple(task_id for task_id in task_ids if not around.closed[task_id])


def _has(state: State, name: str) -> bool:
    match TransitionField(name):
        case TransitionField.DESCRIPTION:
            return bool(state["sections"].get("description", "").strip())
        case TransitionField.ASSIGNEE:
            return bool(state["assignee_ids"])
        case TransitionField.LABEL:
            return bool(state["label_ids"])
        case TransitionField.PRIORITY:
            return bool(state["priority"])
        case TransitionField.PARENT:
            return state["parent_id"] is not None
        case _:
            return bool(state[name] or state[name] == 0)


def apply_actions(transition: Transition, new: State, actor_id: UUID | None, now: datetime) -> None:
    """Do to a task's new state what its transition does besides; the parent's closing is the action's."""
    for kind, value in transition.actions.items():
        match TransitionActionKind(kind):
            case TransitionActionKind.ASSIGN_TO_ACTOR if actor_id is not None:
                new["assignee_ids"] = sorted({*new["assignee_ids"], str(actor_id)})
            case TransitionActionKind.UNASSIGN:
                new["assignee_ids"] = []
            case TransitionActionKind.SET_PRIORITY:
                new["priority"] = value
            case TransitionActionKind.SET_ESTIMATE:
                new["estimate"] = value
            case TransitionActionKind.SET_DUE_IN_DAYS:
                new["due_date"] = (now.date() + timedelta(days=value)).isoformat()
            case TransitionActionKind.SET_CLOSE_REASON:
                new["close_reason"] = value


def closes_parent(transition: Transition | None) -> bool:
    """Whether a transition closes the parent once all its sub-tasks are done."""
    return transition is not None and TransitionActionKind.CLOSE_PARENT in transition.actions
