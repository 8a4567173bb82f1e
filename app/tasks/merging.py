"""A patch laid over today's state of a task, under one of the three policies (see docs/conflicts.md)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.events.deltas import State
from app.events.merging import Since, merge_fields
from app.projects.models import ConflictPolicy
from app.tasks.commands import REMOVE, TaskPatch
from app.tasks.events import TASK_SHAPE
from app.values import plain


def resolve(
    current: State, patch: TaskPatch, since: Since | None, policy: ConflictPolicy, *, expected: int
) -> tuple[State, bool]:
    """Today's state with the patch applied, and whether that merged with changes of others.

    ``since`` is None when the client saw the current version (or overwrites).
    """
    wanted = dict(_wanted(patch))
    if since is None or policy is ConflictPolicy.OVERWRITE:
        return _applied(current, wanted, patch), False
    reject = policy is ConflictPolicy.REJECT
    merged = merge_fields("task", current, wanted, since, TASK_SHAPE, expected=expected, reject=reject)
    return _applied(current, merged, patch), True


def _wanted(patch: TaskPatch) -> Iterator[tuple[str, Any]]:
    for name, value in patch.values.items():
        yield name, plain(value)
    for name, text in patch.sections.items():
        yield f"sections.{name}", text
    for key, value in patch.config.items():
        yield f"config.{key}", value
    for field_id, value in patch.fields.items():
        yield f"fields.{field_id}", value


def _applied(current: State, wanted: dict[str, Any], patch: TaskPatch) -> State:
    """What the patch does not touch stays the very same object: nobody has to compare it, or check it again."""
    new = current.copy()
    for field, value in wanted.items():
        owner, _, name = field.partition(".")
        if not name:
            new[owner] = value
            continue
        if new[owner] is current[owner]:
            new[owner] = dict(current[owner])
        if value is REMOVE or (owner == "sections" and value == ""):
            new[owner].pop(name, None)
        else:
            new[owner][name] = value
    for members in ("assignee_ids", "label_ids"):
        added, removed = patch.add.get(members, ()), patch.remove.get(members, ())
        if added or removed:
            kept = set(current[members]) - {str(one) for one in removed}
            new[members] = sorted(kept | {str(one) for one in added})
    return new
