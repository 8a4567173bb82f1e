"""What is asked for to decide on edits of tasks: as much as they touch, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.gathering import Gathering
from app.lanes.commands import Seen
from app.projects.gathered import LABELS, PROJECTS, ROLES, STATUSES, TASK_TYPES
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.events import SHORT_FIELDS, TASK_MOVED, TASK_UPDATED
from app.tasks.gathered import ANCHORS, HISTORY, SHORT_TASKS, TASKS, as_array
from app.tasks.plans import ask_for_plans
from app.tasks.rules import mentioned
from app.workflows.gathered import LIMITS, TRANSITIONS

_ALONE = frozenset(SHORT_FIELDS) - {"status_id", "type_id", "parent_id", "completed_at", "deleted_at"}
"""Short fields from which nothing else follows."""


def leaves_long_alone(edit: TaskEdit) -> bool:
    """Whether a task's texts, free-form values, people and labels need not be known to decide on this."""
    patch = edit.patch
    long = patch.sections or patch.config or patch.fields or patch.add or patch.remove
    return not long and edit.kind in (TASK_UPDATED, TASK_MOVED) and patch.values.keys() <= _ALONE


def ask_for_edits(asked: Gathering, edits: Sequence[Seen]) -> None:
    """Ask for everything that decides these edits, but for what is above, below and around (``facts_for_edits``)."""
    asked.ask(PROJECTS, [(seen.project_id,) for seen in edits])
    keys = {(seen.project_id, seen.command.task_id): None for seen in edits}
    long = {
        (seen.project_id, seen.command.task_id): None for seen in edits if not leaves_long_alone(seen.command)
    }
    asked.ask(SHORT_TASKS, [key for key in keys if key not in long])
    asked.ask(TASKS, long)
    asked.ask(ROLES, [(seen.project_id, seen.viewer_id) for seen in edits])
    placed = as_array({seen.command.task_id for seen in edits if seen.command.anchor_id})
    for seen in edits:
        edit, project = seen.command, (seen.project_id,)
        if people := named_in(edit.patch):
            asked.ask(ROLES, [(seen.project_id, user_id) for user_id in people])
        if edit.anchor_id:
            asked.ask(ANCHORS, [(seen.project_id, edit.anchor_id, edit.after_id is None, placed)])
        ask_for_plans(asked, edit.patch, project)
        values = edit.patch.values
        if "status_id" in values or "deleted_at" in values:
            asked.ask(STATUSES, [project])
            asked.ask(LIMITS, [project])
        if "status_id" in values:
            asked.ask(TRANSITIONS, [project])
        if "type_id" in values:
            asked.ask(TASK_TYPES, [project])
        if edit.patch.add.get("label_ids"):
            asked.ask(LABELS, [project])


def ask_since(asked: Gathering, edits: Sequence[Seen]) -> None:
    """Ask, once the tasks are found, for what happened since the versions that edits were made on, where that is not
    the task's: then for all of it as it is now, of the same moment."""
    found = {row.id: row.version for select in (SHORT_TASKS, TASKS) for row in asked.found(select)}
    since: dict[tuple[UUID, UUID], int] = {}
    for seen in edits:
        edit, key = seen.command, (seen.project_id, seen.command.task_id)
        if edit.expected_version is not None and edit.expected_version < found.get(edit.task_id, 0):
            since[key] = min(edit.expected_version, since.get(key, edit.expected_version))
    asked.ask(TASKS, since)
    asked.ask(HISTORY, [(*key, version) for key, version in since.items()])


def named_in(patch: TaskPatch) -> set[UUID]:
    """The people whom a patch assigns or mentions."""
    people = patch.user_ids()
    for text in patch.sections.values():
        people |= mentioned(text)
    return people
