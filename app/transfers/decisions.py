"""The pure decision on a transfer: what the task becomes in its new project, and what that asks for there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.errors import LimitReached, NotFound, ValidationFailed, VersionConflict
from app.events.deltas import State, delta_between
from app.events.merging import check_expected
from app.permissions import Permission
from app.projects.access import check_permission
from app.projects.actions.vocabulary import MOST_WORDS
from app.projects.models import Status, StatusCategory
from app.ranks import rank_between
from app.tasks.decisions import CLOSED, Decision
from app.tasks.events import TASK_SHAPE, TASK_UPDATED, task_state
from app.tasks.facts import is_open, word
from app.transfers.facts import Facts
from app.transfers.fields import carried_fields
from app.values import plain
from app.workflows.rules import check_limits

Row = dict[str, Any]


@dataclass(frozen=True)
class Transfer:
    """What is asked for. ``status_id`` None: the status of the same name, or else of the same meaning."""

    task_id: UUID
    target_id: UUID
    expected_version: int
    status_id: UUID | None = None


@dataclass(frozen=True)
class Decided:
    """The task's state in its new project (its number is taken later), and what goes with it.

    ``new_types`` and ``new_labels`` are rows of words that the new project lacks; ``children`` lose their
    parent; ``dropped`` are the assignees who cannot see the new project.
    """

    old: State
    new: State
    new_types: list[Row]
    new_labels: list[Row]
    children: list[Decision]
    dropped: list[str]


def decide_transfer(transfer: Transfer, facts: Facts, make_id: Callable[[], UUID]) -> Decided:
    """Decide a transfer; raises a refusal. ``make_id`` gives ids for words that are to be made."""
    _check(transfer, facts)
    old = task_state(facts.task)
    status = arrival_status(transfer.status_id, facts)
    check_limits(facts.around, facts.target.id, None, str(status.id))
    new_types, (type_id,) = _words(facts, facts.types, [old["type_id"]], make_id)
    living = {str(one.id) for one in facts.labels[facts.source.id] if one.deleted_at is None}
    carried = [one for one in old["label_ids"] if one in living]
    new_labels, label_ids = _words(facts, facts.labels, carried, make_id)
    kept = [one for one in old["assignee_ids"] if (facts.target.id, UUID(one)) in facts.readers]
    new = {
        **old,
        "status_id": str(status.id),
        "type_id": type_id,
        "label_ids": sorted(set(label_ids)),
        "assignee_ids": kept,
        "parent_id": None,
        "sprint_id": None,
        "milestone_id": _milestone(old, facts),
        "fields": carried_fields(old["fields"], facts),
        "rank": rank_between(facts.last_rank, None),
        "completed_at": _completed_at(old, status, facts),
        "version": old["version"] + 1,
        "updated_at": plain(facts.now),
    }
    children = [_orphaned(child, facts) for child in facts.children.values()]
    return Decided(old, new, new_types, new_labels, children, sorted(set(old["assignee_ids"]) - set(kept)))


def _check(transfer: Transfer, facts: Facts) -> None:
    for project in (facts.source, facts.target):
        check_permission(project, Permission.TRANSFER_TASKS)
    if facts.source.id == facts.target.id:
        raise ValidationFailed("The task is in this project already.", path=("projectId",))
    if facts.source.workspace_id != facts.target.workspace_id:
        raise ValidationFailed("A task stays in its workspace.", path=("projectId",))
    if facts.task.deleted_at is not None:
        raise ValidationFailed("This task is deleted. Restore it first (taskRestore).", path=("id",))
    expected, current = transfer.expected_version, facts.task.version
    check_expected("task", expected, current, optional=False)
    if expected != current:
        raise VersionConflict("task", transfer.task_id, expected=expected, current=current, clashes=[])


def arrival_status(status_id: UUID | None, facts: Facts) -> Status:
    """The asked one; else one of the same name, of the same category, an unstarted one, or any."""
    if status_id is not None:
        asked: Status | None = word(facts.statuses, facts.target.id, status_id)
        if asked is None:
            raise NotFound("Status", path=("statusId",))
        return asked
    now = next(status for status in facts.statuses[facts.source.id] if status.id == facts.task.status_id)
    there = [status for status in facts.statuses[facts.target.id] if is_open(status)]
    named = [status for status in there if status.name.casefold() == now.name.casefold()]
    alike = [status for status in there if status.category == now.category]
    unstarted = [status for status in there if status.category == StatusCategory.UNSTARTED.value]
    return (named or alike or unstarted or there)[0]


def _words(
    facts: Facts, words: dict[UUID, list[Any]], ids: list[str], make_id: Callable[[], UUID]
) -> tuple[list[Row], list[str]]:
    """The new project's words of the same names, and the rows of those it lacks."""
    here = {str(one.id): one for one in words[facts.source.id]}
    there = {one.name.casefold(): str(one.id) for one in words[facts.target.id] if one.deleted_at is None}
    lacking: list[Row] = []
    found: list[str] = []
    for one in (here[id_] for id_ in ids):
        name = one.name.casefold()
        if name not in there:
            row = {"project_id": facts.target.id, "id": make_id(), "name": one.name, "color": one.color}
            lacking.append({**row, "version": 1, "deleted_at": None})
            there[name] = str(row["id"])
        found.append(there[name])
    if lacking and len(words[facts.target.id]) + len(lacking) > MOST_WORDS:
        raise LimitReached(f"A project has at most {MOST_WORDS} labels or types.", limit=MOST_WORDS)
    return lacking, found


def _milestone(old: State, facts: Facts) -> str | None:
    """The one of the same name there, if there is one."""
    here = next(
        (one for one in facts.milestones[facts.source.id] if str(one.id) == old["milestone_id"]), None
    )
    if here is None or here.deleted_at is not None:
        return None
    name = here.name.casefold()
    there = facts.milestones[facts.target.id]
    return next(
        (str(one.id) for one in there if one.deleted_at is None and one.name.casefold() == name), None
    )


def _completed_at(old: State, status: Status, facts: Facts) -> Any:
    if status.category not in CLOSED:
        return None
    return old["completed_at"] or plain(facts.now)


def _orphaned(child: Any, facts: Facts) -> Decision:
    old = task_state(child)
    new = {**old, "parent_id": None, "version": old["version"] + 1, "updated_at": plain(facts.now)}
    delta = delta_between(old, new, TASK_SHAPE)
    return Decision(child.project_id, child.id, old, new, delta, TASK_UPDATED, facts.now, merged=False)
