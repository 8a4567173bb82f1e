"""Pure decisions on tasks: commands and facts in, new states and events out, or a refusal with its data."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.errors import NotFound, ValidationFailed, VersionConflict
from app.events.deltas import Delta, State, delta_between
from app.events.kinds import EventKind
from app.events.merging import changes_since, check_expected
from app.events.models import ActorKind, Event
from app.permissions import Permission
from app.projects.access import check_permission
from app.projects.models import ConflictPolicy
from app.ranks import rank_between
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.events import TASK_DELETED, TASK_MOVED, TASK_RESTORED, TASK_SHAPE
from app.tasks.facts import Facts, is_open, word
from app.tasks.merging import resolve
from app.tasks.plans import check_cleared, check_plans, mend_plans
from app.tasks.rules import (
    check_config,
    check_counts,
    check_no_parent_cycle,
    check_sections,
    check_values,
    mentioned,
)
from app.values import plain
from app.workflows.effects import apply_actions, closes_parent
from app.workflows.models import Transition
from app.workflows.rules import CLOSED as CLOSED  # noqa: PLC0414 (what is done is said there)
from app.workflows.rules import Mover, check_limits, check_transition


class Decision(NamedTuple):
    """What one edit does: from the old state to the new, as one event. ``merged``: with changes of others.

    ``closes_parent``: its transition completes the parent, once all that is part of that is done.
    """

    project_id: UUID
    task_id: UUID
    old: State
    new: State
    delta: Delta
    kind: EventKind
    occurred_at: datetime
    merged: bool
    mentions: frozenset[UUID] = frozenset()
    closes_parent: bool = False

    @property
    def assigned(self) -> set[UUID]:
        added = self.delta.get("members", {}).get("assignee_ids", {}).get("added", [])
        return {UUID(user_id) for user_id in added}


def decide_edit(edit: TaskEdit, facts: Facts) -> Decision:
    """One edit of one task; raises a refusal."""
    row, current = facts.rows.get(edit.task_id), facts.states.get(edit.task_id)
    project = facts.projects.get(row.project_id) if row is not None else None
    if row is None or current is None or project is None:
        raise NotFound("Task", path=("id",))
    check_permission(project, Permission.EDIT_TASKS)
    if current["deleted_at"] is not None and edit.kind is not TASK_RESTORED:
        if edit.kind is TASK_DELETED:
            return _decision(edit, facts, row.project_id, current, current, False)
        raise ValidationFailed("This task is deleted. Restore it first (taskRestore).", path=("id",))
    policy = edit.policy or ConflictPolicy(project.conflict_policy)
    rank = placed_rank(edit, row.project_id, current, facts)
    patch = _checked_patch(edit.patch)
    check_cleared(row.project_id, patch, facts.plans)
    try:
        new, merged = _resolved(edit, patch, policy, current, facts)
    except VersionConflict as conflict:
        conflict.scope_id = row.project_id
        raise
    _check_references(row.project_id, current, new, facts)
    if edit.kind is TASK_RESTORED:
        _mend(row.project_id, new, facts)
    transition = _take_transition(edit, facts, row.project_id, current, new)
    if _differ(current, new, "sections"):
        check_counts(new["sections"])
    if _differ(current, new, "config"):
        check_config(new["config"])
    if not edit.exact:
        _set_completed(row.project_id, current, new, facts)
    if rank is not None:
        new["rank"] = rank
    return _decision(edit, facts, row.project_id, current, new, merged, transition)


def _differ(current: State, new: State, field: str) -> bool:
    """Whether an edit touched this; what it leaves alone is the very same object, or not known."""
    return new.get(field) is not current.get(field)


def _take_transition(
    edit: TaskEdit, facts: Facts, project_id: UUID, current: State, new: State
) -> Transition | None:
    """Where the status changes: the workflow's transition, with what it does besides; raises a refusal."""
    if edit.kind is TASK_RESTORED:
        # It comes back to where it was, or to the nearest there is: no transition, but boards' limits hold.
        check_limits(facts.around, project_id, None, new["status_id"])
        facts.around.moved(project_id, None, new)
        return None
    if new["status_id"] == current["status_id"]:
        return None
    role: str = facts.projects[project_id].role  # type: ignore[attr-defined]
    mover = Mover(role, commented=edit.commented)
    transition = check_transition(facts.around, project_id, current, new, mover)
    check_limits(facts.around, project_id, current["status_id"], new["status_id"])
    if transition is not None and not edit.exact:
        apply_actions(transition, new, facts.around, project_id, facts.actor_id, facts.now)
    facts.around.moved(project_id, current["status_id"], new)
    return None if edit.exact else transition


def _decision(
    edit: TaskEdit, facts: Facts, project_id: UUID, current: State, new: State, merged: bool,
    transition: Transition | None = None,
) -> Decision:  # fmt: skip
    delta = delta_between(current, new, TASK_SHAPE)
    if bumps(delta):
        new["version"] = current["version"] + 1
        new["updated_at"] = plain(edit.occurred_at or facts.now)
    decision = Decision(
        project_id, edit.task_id, current, new, delta, edit.kind, edit.occurred_at or facts.now, merged,
        _new_mentions(project_id, current, new, facts), closes_parent(transition),
    )  # fmt: skip
    facts.states[edit.task_id] = new
    if delta:
        facts.decided.setdefault(edit.task_id, []).append((decision, facts.actor_id))
    return decision


def _as_event(decision: Decision, actor_id: UUID | None) -> Event:
    """A decision as a later one of its batch finds it in the task's history: with no place in the log yet."""
    return Event(
        decision.project_id, 0, decision.task_id, decision.kind.name, decision.kind.version, "task", decision.task_id,
        decision.new["version"], actor_id, ActorKind.USER.value, None, None, None, decision.occurred_at,
        decision.occurred_at, {"delta": decision.delta},
    )  # fmt: skip


def placed_rank(edit: TaskEdit, project_id: UUID, current: State, facts: Facts) -> str | None:
    """The rank just after ``after_id``, or just before ``before_id``; the order guard is held. None: it stays.

    A task keeps its rank if it stands there already.
    """
    anchor_id, below = edit.anchor_id, edit.after_id is None
    if anchor_id is None:
        return None
    path = ("beforeId",) if below else ("afterId",)
    if anchor_id == edit.task_id:
        raise ValidationFailed("A task cannot stand next to itself.", path=path)
    anchor = facts.anchors.get((project_id, anchor_id, below))
    if anchor is None:
        raise NotFound("Task in this project", path=path)
    others = [
        facts.states[task_id]["rank"]
        for task_id in facts.placed - {edit.task_id}
        if task_id in facts.states and facts.rows[task_id].project_id == project_id
    ]
    near = [rank for rank in others if (rank < anchor.rank if below else rank > anchor.rank)]
    near += [] if anchor.neighbour is None else [anchor.neighbour]
    lower: str | None = max(near, default=None) if below else anchor.rank
    upper: str | None = anchor.rank if below else min(near, default=None)
    rank: str = current["rank"]
    if (lower is None or lower < rank) and (upper is None or rank < upper):
        return rank
    return rank_between(lower, upper)


def bumps(delta: Delta) -> bool:
    """Whether a delta raises the task's version: a rank alone does not."""
    return any(part != "set" for part in delta) or any(field != "rank" for field in delta.get("set", {}))


def _resolved(
    edit: TaskEdit, patch: TaskPatch, policy: ConflictPolicy, current: State, facts: Facts
) -> tuple[State, bool]:
    expected, only_placed = edit.expected_version, edit.kind is TASK_MOVED and not patch.values
    optional = policy is ConflictPolicy.OVERWRITE or only_placed
    check_expected("task", expected, current["version"], optional=optional)
    if expected is None:
        return resolve(current, patch, None, ConflictPolicy.OVERWRITE, expected=current["version"])
    if expected == current["version"] or policy is ConflictPolicy.OVERWRITE:
        return resolve(current, patch, None, policy, expected=expected)
    history = list(facts.history.get(edit.task_id, ()))
    history += [_as_event(decision, actor_id) for decision, actor_id in facts.decided.get(edit.task_id, ())]
    since = changes_since(current, [event for event in history if (event.object_version or 0) > expected])
    return resolve(current, patch, since, policy, expected=expected)


def _checked_patch(patch: TaskPatch) -> TaskPatch:
    for members in patch.add.keys() & patch.remove.keys():
        if patch.add[members] & patch.remove[members]:
            raise ValidationFailed("The same id is both added and removed.", path=("patch",))
    values = check_values(patch.values)
    check_sections(patch.sections)
    return patch if values == patch.values else replace(patch, values=values)


def _check_references(project_id: UUID, current: State, new: State, facts: Facts) -> None:
    """What a task newly points at must be there; what it pointed at before may be gone."""
    for field, words, noun in (
        ("status_id", facts.statuses, "Status"),
        ("type_id", facts.types, "Task type"),
    ):
        if new[field] != current[field] and word(words, project_id, UUID(new[field])) is None:
            raise NotFound(noun, path=(field.removesuffix("_id") + "Id",))
    labels = set(new["label_ids"]) - set(current["label_ids"]) if _differ(current, new, "label_ids") else ()
    for label_id in labels:
        if word(facts.labels, project_id, UUID(label_id)) is None:
            raise NotFound("Label", path=("addLabelIds",))
    if _differ(current, new, "assignee_ids"):
        _check_people(project_id, set(current["assignee_ids"]), new["assignee_ids"], facts)
    check_plans(project_id, current, new, facts.plans)
    if new["parent_id"] != current["parent_id"] and new["parent_id"] is not None:
        _check_parent(UUID(current["id"]), UUID(new["parent_id"]), facts)


def _check_people(project_id: UUID, before: set[str], people: list[str], facts: Facts) -> None:
    added = set(people) - before
    if any((project_id, UUID(user_id)) not in facts.readers for user_id in added):
        raise NotFound("Member", path=("addAssigneeIds",))
    check_counts(people=people if added else ())


def _check_parent(task_id: UUID, parent_id: UUID, facts: Facts) -> None:
    parent = facts.relatives.get(parent_id)
    if parent is None or parent.deleted_at is not None:
        raise NotFound("Parent task in this project", path=("parentId",))
    parents = dict(facts.parents)
    for other_id, state in facts.states.items():
        parents[other_id] = UUID(state["parent_id"]) if state["parent_id"] else None
    check_no_parent_cycle(task_id, parent_id, parents)


def _mend(project_id: UUID, new: State, facts: Facts) -> None:
    """A restored task whose status or parent is gone gets the nearest that is there."""
    statuses = [status for status in facts.statuses[project_id] if is_open(status)]
    if all(str(status.id) != new["status_id"] for status in statuses):
        gone = next((s for s in facts.statuses[project_id] if str(s.id) == new["status_id"]), None)
        alike = [status for status in statuses if gone is not None and status.category == gone.category]
        new["status_id"] = str((alike or statuses)[0].id)
    if new["parent_id"] is not None:
        parent = facts.relatives.get(UUID(new["parent_id"]))
        if parent is None or parent.deleted_at is not None:
            new["parent_id"] = None
    status = word(facts.statuses, project_id, UUID(new["status_id"]))
    mend_plans(project_id, new, facts.plans, finished=status is not None and status.category in CLOSED)


def _set_completed(project_id: UUID, current: State, new: State, facts: Facts) -> None:
    if new["status_id"] == current["status_id"]:
        return
    status = word(facts.statuses, project_id, UUID(new["status_id"]))
    closed = status is not None and status.category in CLOSED
    if not closed:
        new["completed_at"] = None
    elif current["completed_at"] is None:
        new["completed_at"] = plain(facts.now)


def _new_mentions(project_id: UUID, old: State, new: State, facts: Facts) -> frozenset[UUID]:
    def all_in(sections: dict[str, Any]) -> set[UUID]:
        return {user_id for text in sections.values() for user_id in mentioned(text)}

    if not _differ(old, new, "sections") or old["sections"] == new["sections"]:
        return frozenset()
    fresh = all_in(new["sections"]) - all_in(old["sections"])
    return frozenset(user_id for user_id in fresh if (project_id, user_id) in facts.readers)
