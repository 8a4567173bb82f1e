"""What the decisions on a batch of tasks need to know: guards locked first, then read in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.events.deltas import State
from app.events.log import history_since
from app.events.models import Event
from app.guards import Guard
from app.projects.access import access_projects
from app.projects.actions.vocabulary import vocabulary_guard
from app.projects.models import Label, Project, Status, TaskType
from app.projects.reads import LABELS, STATUSES, TASK_TYPES, by_project, readers_among
from app.tasks.commands import NewTask, TaskEdit, TaskPatch
from app.tasks.events import task_state
from app.tasks.models import Task
from app.tasks.plans import Plans, plan_guards, read_plans
from app.tasks.reads import locate_tasks, lock_tasks, parents_above, share_tasks, tasks_by_key
from app.tasks.rules import mentioned
from app.values import now_utc
from app.work import RaceLost, Work
from app.workflows.facts import Move, surroundings_of_moves
from app.workflows.rules import Surroundings
from app.workspaces.access import access_guard


@dataclass
class Facts:
    """One moment's knowledge. Decisions write what they decided back, so that later ones see it."""

    now: datetime
    projects: dict[UUID, Project]
    states: dict[UUID, State] = field(default_factory=dict)
    rows: dict[UUID, Task] = field(default_factory=dict)
    statuses: dict[UUID, list[Status]] = field(default_factory=dict)
    types: dict[UUID, list[TaskType]] = field(default_factory=dict)
    labels: dict[UUID, list[Label]] = field(default_factory=dict)
    readers: set[tuple[UUID, UUID]] = field(default_factory=set)
    history: dict[UUID, list[Event]] = field(default_factory=dict)
    parents: dict[UUID, UUID | None] = field(default_factory=dict)
    relatives: dict[UUID, Task] = field(default_factory=dict)
    plans: Plans = field(default_factory=Plans)
    around: Surroundings = field(default_factory=Surroundings)
    actor_id: UUID | None = None


def hierarchy_guard(project_id: UUID) -> Guard:
    """Held by whoever gives a task a parent: two that each found no cycle would close one together."""
    return Guard.of("hierarchy", project_id)


def order_guard(project_id: UUID) -> Guard:
    """Held by whoever takes a rank: two drops in one place would get the same one."""
    return Guard.of("order", project_id)


async def facts_for_edits(work: Work, edits: Sequence[TaskEdit], *, ordering: bool = False) -> Facts:
    """Everything that decides a batch of edits, in a number of statements that the batch's size does not change."""
    places = await locate_tasks(work, work.viewer_id, [edit.task_id for edit in edits])
    project_ids = list({place.project_id for place in places.values()})
    guards = [access_guard(place.workspace_id) for place in places.values()]  # type: ignore[attr-defined]
    guards += [vocabulary_guard(project_id) for project_id in project_ids]
    reparented = {
        places[edit.task_id].project_id: edit
        for edit in edits
        if edit.patch.values.get("parent_id") and edit.task_id in places
    }
    guards += [hierarchy_guard(project_id) for project_id in reparented]
    guards += plan_guards(
        (places[edit.task_id].project_id, edit.patch) for edit in edits if edit.task_id in places
    )
    if ordering:
        guards += [order_guard(project_id) for project_id in project_ids]
    await work.guard(*guards)
    # From here on every read is a later statement than the locks. A task that moved meanwhile is located anew.
    places = await locate_tasks(work, work.viewer_id, [edit.task_id for edit in edits])
    if any(place.project_id not in project_ids for place in places.values()):
        raise RaceLost()
    if work.attempt:
        await lock_tasks(work, [(place.project_id, task_id) for task_id, place in places.items()])
    projects = await access_projects(work, work.viewer_id, project_ids)
    facts = Facts(now_utc(), projects, actor_id=work.actor.user_id)
    keys = [(place.project_id, task_id) for task_id, place in places.items() if place.project_id in projects]
    facts.rows = await tasks_by_key(work, keys)
    facts.states = {task_id: task_state(row) for task_id, row in facts.rows.items()}
    await _read_words(work, facts, [edit.patch for edit in edits], list(projects))
    await _read_history(work, facts, edits)
    await _read_parents(work, facts, edits)
    facts.around = await surroundings_of_moves(work, _moves(facts, edits), facts.statuses)
    return facts


def _moves(facts: Facts, edits: Sequence[TaskEdit]) -> list[Move]:
    """The edits that would give their task another status."""
    found = []
    for edit in edits:
        row, status_id = facts.rows.get(edit.task_id), edit.patch.values.get("status_id")
        if row is not None and status_id is not None and status_id != row.status_id:
            found.append(Move(row.project_id, row.id, status_id, row.parent_id))
    return found


async def facts_for_new(work: Work, tasks: Sequence[NewTask], guards: Iterable[Guard]) -> Facts:
    """Everything that decides a batch of new tasks."""
    project_ids = list({task.project_id for task in tasks})
    held = [vocabulary_guard(project_id) for project_id in project_ids]
    held += [order_guard(project_id) for project_id in project_ids]
    held += plan_guards((task.project_id, task.patch) for task in tasks)
    await work.guard(*guards, *held)
    projects = await access_projects(work, work.viewer_id, project_ids)
    facts = Facts(now_utc(), projects)
    await _read_words(work, facts, [task.patch for task in tasks], list(projects), always=True)
    parent_ids = {task.patch.values["parent_id"] for task in tasks if task.patch.values.get("parent_id")}
    keys = [(project_id, parent_id) for project_id in projects for parent_id in parent_ids]
    await share_tasks(work, keys)
    facts.relatives = await tasks_by_key(work, keys)
    return facts


async def _read_words(
    work: Work, facts: Facts, patches: list[TaskPatch], project_ids: list[UUID], *, always: bool = False
) -> None:
    def asks(*names: str) -> bool:
        return always or any(
            name in patch.values or patch.add.get(name) for patch in patches for name in names
        )

    if asks("status_id", "deleted_at"):
        facts.statuses = await by_project(work, STATUSES, project_ids)
    if asks("type_id"):
        facts.types = await by_project(work, TASK_TYPES, project_ids)
    if any(patch.add.get("label_ids") for patch in patches):
        facts.labels = await by_project(work, LABELS, project_ids)
    facts.plans = await read_plans(work, patches, project_ids)
    people = {user_id for patch in patches for user_id in patch.user_ids()}
    people |= {
        user_id for patch in patches for text in patch.sections.values() for user_id in mentioned(text)
    }
    facts.readers = await readers_among(work, project_ids, list(people))


async def _read_history(work: Work, facts: Facts, edits: Sequence[TaskEdit]) -> None:
    stale: dict[UUID, dict[UUID, int]] = {}
    for edit in edits:
        row = facts.rows.get(edit.task_id)
        if row is not None and edit.expected_version is not None and edit.expected_version < row.version:
            stale.setdefault(row.project_id, {})[row.id] = edit.expected_version
    for project_id, versions in stale.items():
        facts.history |= await history_since(work, project_id, versions)


async def _read_parents(work: Work, facts: Facts, edits: Sequence[TaskEdit]) -> None:
    wanted: dict[UUID, set[UUID]] = {}
    for edit in edits:
        row, parent_id = facts.rows.get(edit.task_id), edit.patch.values.get("parent_id")
        if row is not None and "deleted_at" in edit.patch.values and row.parent_id:
            parent_id = row.parent_id
        if row is not None and parent_id:
            wanted.setdefault(row.project_id, set()).add(parent_id)
    # Whoever closes a parent counts its sub-tasks: none is added meanwhile.
    await share_tasks(work, [(place, one) for place, ids in wanted.items() for one in sorted(ids)])
    for project_id, parent_ids in wanted.items():
        facts.relatives |= await tasks_by_key(work, [(project_id, parent_id) for parent_id in parent_ids])
        facts.parents |= await parents_above(work, project_id, list(parent_ids))


def word(words: dict[UUID, list[Any]], project_id: UUID, word_id: UUID) -> Any | None:
    """A status, type or label of a project that is not deleted."""
    for candidate in words.get(project_id, ()):
        if candidate.id == word_id and candidate.deleted_at is None:
            return candidate
    return None
