"""What transitions do besides changing the status: pure checks of it, and what becomes of a task by it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.errors import NotFound, Refusal, ValidationFailed
from app.fields.models import CustomField, FieldKind
from app.fields.rules import applies, check_value, shown_value
from app.projects.models import Label
from app.values import check_text
from app.workflows.models import Transition, TransitionActionKind
from app.workflows.rules import MOST_NAMED, State, Surroundings, Terms

_PATH = ("actions",)
_LABELS = (TransitionActionKind.ADD_LABELS, TransitionActionKind.REMOVE_LABELS)


def check_actions(actions: Terms) -> Terms:
    """Each with a value that its field can take; raises ``ValidationFailed``."""
    path = _PATH
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
    for kind in (*_LABELS, TransitionActionKind.SET_CUSTOM_FIELDS):
        if not 1 <= len(actions.get(kind, "1")) <= MOST_NAMED:
            raise ValidationFailed(f"Name 1 to {MOST_NAMED} of them.", path=path)
    if not set(actions.get(_LABELS[0], ())).isdisjoint(actions.get(_LABELS[1], ())):
        raise ValidationFailed("A label is added or taken away, not both.", path=path)
    return actions


def check_named(
    actions: Terms, labels: Iterable[Label], fields: Iterable[CustomField], type_id: UUID | None
) -> None:
    """Raise a refusal unless the project has the labels and fields that are named, and the values can stand there."""
    living = {str(one.id) for one in labels if one.deleted_at is None}
    if not living.issuperset(label for kind in _LABELS for label in actions.get(kind, ())):
        raise NotFound("Label", path=_PATH)
    known = {str(one.id): one for one in fields if one.deleted_at is None}
    for field_id, value in actions.get(TransitionActionKind.SET_CUSTOM_FIELDS, {}).items():
        field = known.get(field_id)
        if field is None:
            raise NotFound("Custom field", path=_PATH)
        if field.kind == FieldKind.USER.value:
            told = f"{field.name} is a field of people, which a transition does not fill: who is in a project changes."
            raise ValidationFailed(told, path=_PATH)
        if value is None and field.required:
            raise ValidationFailed(f"{field.name} is required: it cannot be cleared.", path=_PATH)
        if value is None:
            continue
        some_type = str(type_id or next(iter(field.type_ids), ""))
        try:
            check_value([field], field_id, value, some_type, ())
        except Refusal as refusal:
            refusal.path = _PATH
            raise


def apply_actions(
    transition: Transition, new: State, around: Surroundings, project_id: UUID, actor_id: UUID | None, now: datetime
) -> None:  # fmt: skip
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
            case TransitionActionKind.SET_CUSTOM_FIELDS:
                new["fields"] = _filled(around.fields.get(project_id, ()), new, value)
    labels = around.labels.get(project_id, ())
    added, removed = (set(transition.actions.get(kind, ())) for kind in _LABELS)
    if added or removed:
        added &= {str(one.id) for one in labels if one.deleted_at is None}
        new["label_ids"] = sorted({*new["label_ids"], *added} - removed)


def _filled(fields: Iterable[CustomField], new: State, values: dict[str, Any]) -> dict[str, Any]:
    """What stands in a task's fields then. What is gone, or is not for tasks of this type, is passed over."""
    filled = dict(new["fields"])
    for field in fields:
        field_id = str(field.id)
        if field_id not in values or not applies(field, new["type_id"]):
            continue
        value = shown_value(field, values[field_id])
        if value is not None and "user_id" not in value:
            filled[field_id] = value
        elif values[field_id] is None and not field.required:
            filled.pop(field_id, None)
    return filled


def closes_parent(transition: Transition | None) -> bool:
    """Whether a transition closes the parent once all its sub-tasks are done."""
    return transition is not None and TransitionActionKind.CLOSE_PARENT in transition.actions
