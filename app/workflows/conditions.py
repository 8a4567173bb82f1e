"""Pure checks of the conditions of transitions: each says what speaks against a move, or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.errors import TransitionReason
from app.fields.models import CustomField
from app.fields.rules import applies
from app.permissions import ProjectRole
from app.projects.models import Label
from app.workflows.models import (
    Transition,
    TransitionConditionKind,
    TransitionField,
    TransitionReasonKind,
)

if TYPE_CHECKING:
    from app.workflows.rules import Mover, State, Surroundings

_STANDING = [role.value for role in ProjectRole]
OF_WORDS = (
    TransitionConditionKind.CUSTOM_FIELDS, TransitionConditionKind.LABELS, TransitionConditionKind.WITHOUT_LABELS,
    TransitionConditionKind.SPRINT_STAGES,
)  # fmt: skip
"""Conditions that are decided by labels, custom fields or sprints of the project."""


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


def tasks_counted(count: int) -> str:
    """So many tasks, in words."""
    return "1 task" if count == 1 else f"{count} tasks"


def _wip_limit(asked: _Asked, needed: Any) -> TransitionReason | None:
    count = asked.around.counts.get((asked.project_id, asked.transition.to_status_id), 0)
    told = f"Its status has {tasks_counted(count)}; {needed} is the limit."
    full = count >= needed
    return TransitionReason(TransitionReasonKind.WIP_LIMIT, told, limit=needed) if full else None


def _custom_fields(asked: _Asked, needed: Any) -> TransitionReason | None:
    """A field that is gone, or that tasks of this type do not have, is not asked for."""
    known = asked.around.fields.get(asked.project_id, ())
    empty = [
        one
        for one in known
        if str(one.id) in needed
        and applies(one, asked.state["type_id"])
        and str(one.id) not in asked.state["fields"]
    ]
    told = f"“{asked.transition.name}” needs {_named(empty)}."
    return _of_words(asked, TransitionReasonKind.CUSTOM_FIELDS, told, fields=empty)


def _labels(asked: _Asked, needed: Any) -> TransitionReason | None:
    missing = [one for one in _living(asked, needed) if str(one.id) not in asked.state["label_ids"]]
    told = f"“{asked.transition.name}” needs the label {_named(missing)}."
    return _of_words(asked, TransitionReasonKind.LABELS, told, labels=missing)


def _without_labels(asked: _Asked, needed: Any) -> TransitionReason | None:
    there = [one for one in _living(asked, needed) if str(one.id) in asked.state["label_ids"]]
    told = f"“{asked.transition.name}” is not for what has the label {_named(there)}."
    return _of_words(asked, TransitionReasonKind.WITHOUT_LABELS, told, labels=there)


def _sprint_stages(asked: _Asked, needed: Any) -> TransitionReason | None:
    known = asked.around.sprints.get(asked.project_id, ())
    sprint_id = asked.state["sprint_id"]
    if any(str(one.id) == sprint_id and one.stage in needed for one in known):
        return None
    told = f"“{asked.transition.name}” is for what is in a sprint that is {' or '.join(needed)}."
    return TransitionReason(TransitionReasonKind.SPRINT_STAGES, told, sprint_stages=tuple(needed))


def _living(asked: _Asked, needed: Any) -> list[Label]:
    known = asked.around.labels.get(asked.project_id, ())
    return [one for one in known if str(one.id) in needed and one.deleted_at is None]


def _named(words: Iterable[Any]) -> str:
    return ", ".join(f"“{one.name}”" for one in words)


def _of_words(
    asked: _Asked, kind: TransitionReasonKind, told: str, *, labels: Iterable[Label] = (),
    fields: Iterable[CustomField] = (),
) -> TransitionReason | None:  # fmt: skip
    label_ids, field_ids = tuple(one.id for one in labels), tuple(one.id for one in fields)
    if not label_ids and not field_ids:
        return None
    return TransitionReason(
        kind, told, project_id=asked.project_id, label_ids=label_ids, custom_field_ids=field_ids
    )


_CHECKS = {
    TransitionConditionKind.ROLE: _role,
    TransitionConditionKind.FIELDS: _fields,
    TransitionConditionKind.BLOCKERS_DONE: _blockers,
    TransitionConditionKind.CHILDREN_DONE: _children,
    TransitionConditionKind.COMMENT: _comment,
    TransitionConditionKind.WIP_LIMIT: _wip_limit,
    TransitionConditionKind.CUSTOM_FIELDS: _custom_fields,
    TransitionConditionKind.LABELS: _labels,
    TransitionConditionKind.WITHOUT_LABELS: _without_labels,
    TransitionConditionKind.SPRINT_STAGES: _sprint_stages,
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
        case TransitionField.PARENT | TransitionField.SPRINT | TransitionField.MILESTONE:
            return state[f"{name}_id"] is not None
        case _:
            return bool(state[name] or state[name] == 0)
