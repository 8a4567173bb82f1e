"""What the decisions on a batch of tasks need to know: guards locked first, then read together in one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.events.deltas import State
from app.events.models import Event
from app.gathering import Gathering
from app.guards import Guard
from app.ids import new_id
from app.lanes.commands import Seen
from app.projects.access import access_projects
from app.projects.actions.vocabulary import vocabulary_guard
from app.projects.gathered import LABELS, ROLES, STATUSES, TASK_TYPES, projects_of
from app.projects.models import Label, Project, Status, StatusCategory, TaskType
from app.projects.reads import readers_among
from app.tasks.asking import ask_for_edits, ask_since, named_in
from app.tasks.commands import NewTask, TaskEdit, TaskPatch
from app.tasks.events import TASK_RESTORED, short_state, task_state
from app.tasks.gathered import ANCHORS, HISTORY, SHORT_TASKS, TASKS
from app.tasks.models import Task
from app.tasks.plans import CUSTOM_FIELDS, Plans, ask_for_plans, plan_guards, plans_from
from app.tasks.reads import locate_tasks, lock_tasks, parents_above, share_tasks, tasks_by_key
from app.values import now_utc
from app.work import RaceLost, Work
from app.workflows.facts import Move, surroundings_of_moves
from app.workflows.gathered import LIMITS, TRANSITIONS
from app.workflows.reads import limits_from
from app.workflows.rules import Surroundings
from app.workspaces.access import access_guard


class Anchor(NamedTuple):
    """What a task is placed next to: its rank, and that of its nearest neighbour on the asked side.

    Tasks that are placed in the same batch are not counted: their ranks are known from their states.
    """

    rank: str
    neighbour: str | None


@dataclass
class Facts:
    """One moment's knowledge, as one viewer may use it. Decisions write what they decided back: later ones see it.

    The ``states`` of tasks of which only short fields are edited have nothing else (``leaves_long_alone``).
    ``history`` holds each task's events after the oldest version that an edit of the batch expects, ``decided`` what
    was decided on it since, and by whom. ``placed`` are the tasks that the batch gives a place.
    """

    now: datetime
    projects: dict[UUID, Project]
    actor_id: UUID | None = None
    states: dict[UUID, State] = field(default_factory=dict)
    rows: dict[UUID, Task] = field(default_factory=dict)
    statuses: dict[UUID, list[Status]] = field(default_factory=dict)
    types: dict[UUID, list[TaskType]] = field(default_factory=dict)
    labels: dict[UUID, list[Label]] = field(default_factory=dict)
    readers: set[tuple[UUID, UUID]] = field(default_factory=set)
    history: dict[UUID, list[Event]] = field(default_factory=dict)
    decided: dict[UUID, list[tuple[Any, UUID | None]]] = field(default_factory=dict)
    parents: dict[UUID, UUID | None] = field(default_factory=dict)
    relatives: dict[UUID, Task] = field(default_factory=dict)
    plans: Plans = field(default_factory=Plans)
    around: Surroundings = field(default_factory=Surroundings)
    anchors: dict[tuple[UUID, UUID, bool], Anchor] = field(default_factory=dict)
    placed: set[UUID] = field(default_factory=set)


def hierarchy_guard(project_id: UUID) -> Guard:
    """Held by whoever gives a task a parent: two that each found no cycle would close one together."""
    return Guard.of("hierarchy", project_id)


def order_guard(project_id: UUID) -> Guard:
    """Held by whoever takes a rank: two drops in one place would get the same one."""
    return Guard.of("order", project_id)


def guards_of(seen: Seen) -> list[Guard]:
    """What must not change from the reading of an edit's facts to its commit."""
    edit: TaskEdit = seen.command
    guards = [access_guard(seen.workspace_id), vocabulary_guard(seen.project_id)]
    guards += plan_guards([(seen.project_id, edit.patch)])
    if edit.patch.values.get("parent_id"):
        guards.append(hierarchy_guard(seen.project_id))
    if edit.anchor_id:
        guards.append(order_guard(seen.project_id))
    return guards


def facts_from(asked: Gathering, edits: Sequence[Seen]) -> dict[UUID, Facts]:
    """What was found, for each viewer; all share what is not theirs alone. A task that moved raises ``RaceLost``."""
    short, long = asked.found(SHORT_TASKS), asked.found(TASKS)
    rows = {row.id: row for row in (*short, *long)}
    states = {row.id: short_state(row) for row in short} | {row.id: task_state(row) for row in long}
    if any(seen.command.task_id not in rows for seen in edits):
        raise RaceLost
    shared = Facts(
        now_utc(), {},
        states=states,
        rows=rows,
        statuses=_by_project(asked.found(STATUSES)),
        types=_by_project(asked.found(TASK_TYPES)),
        labels=_by_project(asked.found(LABELS)),
        plans=plans_from(asked),
        readers={(row.project_id, row.user_id) for row in asked.found(ROLES)},
        history=_history(asked.found(HISTORY)),
        anchors={
            (row.project_id, row.id, row.below): Anchor(row.rank, row.neighbour)
            for row in asked.found(ANCHORS)
        },
        placed={seen.command.task_id for seen in edits if seen.command.anchor_id},
    )  # fmt: skip
    shared.plans.readers = shared.readers
    shared.around = Surroundings(_by_project(asked.found(TRANSITIONS)), shared.statuses)
    shared.around.limits = limits_from(asked.found(LIMITS))
    viewers, projects = {seen.viewer_id for seen in edits}, {seen.project_id for seen in edits}
    return {
        viewer_id: replace(shared, projects=visible, actor_id=viewer_id)
        for viewer_id, visible in projects_of(asked, viewers, projects).items()
    }


async def facts_for_edits(work: Work, edits: Sequence[TaskEdit]) -> Facts:
    """Everything that decides a batch of edits of one person, in a number of statements that does not grow with it."""
    task_ids = [edit.task_id for edit in edits]
    places: dict[UUID, Any] = dict(await locate_tasks(work, work.viewer_id, task_ids))
    seen = [
        Seen(work.viewer_id, places[edit.task_id].project_id, places[edit.task_id].workspace_id, edit)
        for edit in edits
        if edit.task_id in places
    ]
    await work.guard(*(guard for one in seen for guard in guards_of(one)))
    if work.attempt:
        await lock_tasks(work, [(one.project_id, one.command.task_id) for one in seen])
    # From here on every read is a later statement than the locks.
    asked = Gathering()
    ask_for_edits(asked, seen)
    await asked.run(work)
    ask_since(asked, seen)
    await asked.run(work)
    facts = facts_from(asked, seen).get(work.viewer_id) or Facts(now_utc(), {}, work.viewer_id)
    # Whose access was taken meanwhile has not asked for anything.
    facts.rows = {task_id: row for task_id, row in facts.rows.items() if row.project_id in facts.projects}
    await _read_parents(work, facts, edits)
    facts.around = await surroundings_of_moves(work, _moves(facts, edits), facts.statuses)
    return facts


def _moves(facts: Facts, edits: Sequence[TaskEdit]) -> list[Move]:
    """The edits that would give their task another status, or bring it back."""
    found = []
    for edit in edits:
        row, values = facts.rows.get(edit.task_id), edit.patch.values
        if row is None:
            continue
        status_id = row.status_id if edit.kind is TASK_RESTORED else values.get("status_id", row.status_id)
        if status_id is not None and (status_id != row.status_id or edit.kind is TASK_RESTORED):
            found.append(Move(row.project_id, row.id, status_id, row.parent_id))
    return found


def opening_status(facts: Facts, task: NewTask) -> Status | None:
    """The status that a new task begins in: the asked one, or else the project's first that is unstarted."""
    asked = task.patch.values.get("status_id")
    if asked is not None:
        return word(facts.statuses, task.project_id, asked)
    there = [one for one in facts.statuses.get(task.project_id, ()) if is_open(one)]
    unstarted = [one for one in there if one.category == StatusCategory.UNSTARTED.value]
    return next(iter([*unstarted, *there]), None)


async def facts_for_new(work: Work, tasks: Sequence[NewTask], guards: Iterable[Guard]) -> Facts:
    """Everything that decides a batch of new tasks."""
    project_ids = list({task.project_id for task in tasks})
    held = [vocabulary_guard(project_id) for project_id in project_ids]
    held += [order_guard(project_id) for project_id in project_ids]
    held += plan_guards((task.project_id, task.patch) for task in tasks)
    await work.guard(*guards, *held)
    projects = await access_projects(work, work.viewer_id, project_ids)
    facts = Facts(now_utc(), projects, work.viewer_id)
    await _read_words(work, facts, [task.patch for task in tasks], list(projects))
    parent_ids = {task.patch.values["parent_id"] for task in tasks if task.patch.values.get("parent_id")}
    keys = [(project_id, parent_id) for project_id in projects for parent_id in parent_ids]
    await share_tasks(work, keys)
    facts.relatives = await tasks_by_key(work, keys)
    begins = [(task.project_id, opening_status(facts, task)) for task in tasks]
    moves = [Move(place, new_id(), status.id) for place, status in begins if status is not None]
    facts.around = await surroundings_of_moves(work, moves, facts.statuses)
    return facts


def _by_project(rows: Iterable[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.project_id].append(row)
    return found


def _history(rows: Iterable[Any]) -> dict[UUID, list[Event]]:
    found: dict[UUID, list[Event]] = {}
    for row in rows:
        found.setdefault(row.object_id, []).append(Event(*row))
    return found


async def _read_words(
    work: Work, facts: Facts, patches: Sequence[TaskPatch], project_ids: list[UUID]
) -> None:
    asked = Gathering()
    projects = [(project_id,) for project_id in project_ids]
    asked.ask(STATUSES, projects)
    asked.ask(TASK_TYPES, projects)
    if any(patch.add.get("label_ids") for patch in patches):
        asked.ask(LABELS, projects)
    asked.ask(CUSTOM_FIELDS, projects)
    for patch in patches:
        for project in projects:
            ask_for_plans(asked, patch, project)
    await asked.run(work)
    facts.plans = plans_from(asked)
    facts.statuses = _by_project(asked.found(STATUSES))
    facts.types = _by_project(asked.found(TASK_TYPES))
    facts.labels = _by_project(asked.found(LABELS))
    people = {user_id for patch in patches for user_id in named_in(patch)}
    facts.plans.readers = facts.readers = await readers_among(work, project_ids, list(people))


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
    """A status, type or label of a project that a task can take."""
    for candidate in words.get(project_id, ()):
        if candidate.id == word_id and is_open(candidate):
            return candidate
    return None


def is_open(candidate: Any) -> bool:
    """Whether a word is neither deleted nor (a status) being emptied."""
    return candidate.deleted_at is None and getattr(candidate, "successor_id", None) is None
