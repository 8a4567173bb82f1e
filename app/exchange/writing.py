"""Inserting exported states as rows, each with the event that puts it there. What is there already stays as it is."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from app.boards.models import Board
from app.comments.actions import write_new_comments
from app.comments.events import FIELDS as COMMENT_FIELDS
from app.comments.models import Comment
from app.events.kinds import KINDS
from app.fields.models import CustomField
from app.guards import Guard
from app.history.states import State
from app.ids import new_id
from app.imports.batches import import_guard
from app.imports.cycles import cyclic_edges
from app.imports.reads import links_there
from app.links.actions import blocks_guard, write_new_links
from app.links.models import Link
from app.links.rules import BLOCKS
from app.milestones.models import Milestone
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import access_projects, check_permission
from app.projects.actions.opening import access_guards
from app.projects.models import Label, Project, Status, TaskType
from app.sprints.models import Sprint
from app.statements import Statement, sql, table
from app.tasks.events import TASK_CREATED
from app.tasks.models import Task, TaskAssignee, TaskKey, TaskLabel, TaskLocation
from app.values import plain
from app.views.events import VIEW_CREATED
from app.views.models import SavedView
from app.work import Action, Work
from app.workflows.models import Transition
from app.writes import insert_rows, row_of


@dataclass(frozen=True)
class Batch:
    """States of one type, as they stand in this project."""

    project_id: UUID
    states: Sequence[State]


_WORDS: dict[str, tuple[type[SQLModel], str]] = {
    "status": (Status, "StatusCreated"), "label": (Label, "LabelCreated"), "task_type": (TaskType, "TaskTypeCreated"),
    "sprint": (Sprint, "SprintCreated"), "milestone": (Milestone, "MilestoneCreated"),
    "custom_field": (CustomField, "CustomFieldCreated"), "transition": (Transition, "TransitionCreated"),
}  # fmt: skip
MODELS: dict[str, type[SQLModel]] = {
    "project": Project, **{name: model for name, (model, _) in _WORDS.items()},
    "view": SavedView, "board": Board, "task": Task, "comment": Comment, "link": Link,
}  # fmt: skip
"""The rows of which the types of lines are states."""

ORDER = (*_WORDS, "view", "board", "task", "comment")
"""What is imported, in this order; links come last, and are no batch of one project."""


_SETS = {"task": frozenset({"assignee_ids", "label_ids"}), "view": frozenset({"shared"})}
_FIELDS = {
    name: frozenset(column.name for column in table(model).c) | _SETS.get(name, frozenset())
    for name, model in MODELS.items()
}


def known_state(name: str, state: State) -> State:
    """A state of this type without what nothing here knows: an event would hold it for ever."""
    return {key: value for key, value in state.items() if key in _FIELDS[name]}


def _there(name: str) -> Statement[Any]:
    return sql(f"SELECT id FROM {name} WHERE project_id = $1 AND id = ANY($2::uuid[])", "project", "ids")  # noqa: S608


_IN_USE = sql("SELECT ids_in_use($1) AS id", "ids")


async def _lacking(work: Work, model: type[SQLModel], batch: Batch, *, anywhere: bool = False) -> list[State]:
    """Those of the states that are not there yet. ``anywhere``: ids that nothing else may have."""
    ids = [UUID(state["id"]) for state in batch.states]
    rows = await work.rows(_there(str(model.__tablename__)), project=batch.project_id, ids=ids)
    if anywhere:
        rows += await work.rows(_IN_USE, ids=ids)
    known = {row.id for row in rows}
    return [state for state in batch.states if UUID(state["id"]) not in known]


def _words(model: type[SQLModel], kind: str) -> Callable[[Work, Batch], Awaitable[Result]]:
    async def insert(work: Work, batch: Batch) -> Result:
        states = await _lacking(work, model, batch)
        await insert_rows(work, model, [row_of(model, state, batch.project_id) for state in states])
        for state in states:
            version = state.get("version", 1)
            work.record(batch.project_id, KINDS[kind], UUID(state["id"]), {"state": state}, version=version)
        return {"created": len(states)}

    return insert


async def _views(work: Work, batch: Batch) -> Result:
    states = await _lacking(work, SavedView, batch, anywhere=True)
    # Whose maker is nobody here is whoever imports it.
    states = [{**state, "creator_id": state["creator_id"] or plain(work.viewer_id)} for state in states]
    rows = [
        {
            **row_of(SavedView, state, batch.project_id), "scope_id": batch.project_id,
            "columns": "\n".join(state["columns"]),
        }
        for state in states
    ]  # fmt: skip
    await insert_rows(work, SavedView, rows)
    for state in states:
        told = {"state": state}
        work.record(batch.project_id, VIEW_CREATED, UUID(state["id"]), told, version=state["version"])
    there = await work.rows(_there(str(SavedView.__tablename__)), project=batch.project_id, ids=_ids(batch))
    return {"created": len(states), "elsewhere": _lost(batch, {row.id for row in there})}


async def _tasks(work: Work, batch: Batch) -> Result:
    states, project_id = await _lacking(work, Task, batch, anywhere=True), batch.project_id
    ids = [UUID(state["id"]) for state in states]
    states, renumbered = await _with_free_numbers(work, project_id, states)
    await insert_rows(work, Task, [row_of(Task, state, project_id) for state in states])
    await insert_rows(work, TaskLocation, [{"task_id": one, "project_id": project_id} for one in ids])
    numbers = [state["number"] for state in states]
    keys = [
        {"project_id": project_id, "number": number, "task_id": one}
        for number, one in zip(numbers, ids, strict=True)
    ]
    await insert_rows(work, TaskKey, keys)
    for field, model, name in (
        ("assignee_ids", TaskAssignee, "user_id"),
        ("label_ids", TaskLabel, "label_id"),
    ):
        rows = [
            {"project_id": project_id, "task_id": one, name: UUID(member)}
            for one, state in zip(ids, states, strict=True)
            for member in state[field]
        ]
        await insert_rows(work, model, rows)
    if numbers:
        await work.run(_COUNT_UP, project=project_id, highest=max(numbers))
    for one, state in zip(ids, states, strict=True):
        at = datetime.fromisoformat(state["created_at"])
        work.record(project_id, TASK_CREATED, one, {"state": state}, version=state["version"], occurred_at=at)
    there = await work.rows(_there(str(Task.__tablename__)), project=project_id, ids=_ids(batch))
    return {
        "created": len(states), "renumbered": renumbered, "elsewhere": _lost(batch, {row.id for row in there})
    }  # fmt: skip


async def _with_free_numbers(
    work: Work, project_id: UUID, states: list[State]
) -> tuple[list[State], list[list[Any]]]:
    """The states, with other numbers where others took theirs meanwhile; and which those are: (id, old, new)."""
    numbers = [state["number"] for state in states]
    # Held, so that nobody takes a number between this look and the insert.
    after: int = await work.value(_HELD, project=project_id) if states else 0
    taken = {row.number for row in await work.rows(_TAKEN, project=project_id, numbers=numbers)}
    if not taken:
        return states, []
    fresh = itertools.count(max(after, *numbers) + 1)
    renumbered, found = [], []
    for state in states:
        if state["number"] in taken:
            number = next(fresh)
            renumbered.append([state["id"], state["number"], number])
            found.append({**state, "number": number})
        else:
            found.append(state)
    return found, renumbered


# While an import goes on nobody else's number is taken twice: the counter runs ahead of what is imported.
_COUNT_UP = sql(
    "UPDATE task_counters SET next_number = greatest(next_number, $2 + 1) WHERE project_id = $1",
    "project",
    "highest",
)


async def _comments(work: Work, batch: Batch) -> Result:
    states = await _lacking(work, Comment, batch, anywhere=True)
    tasks = list({UUID(state["task_id"]) for state in states})
    at_hand = {
        row.id
        for row in await work.rows(_there(str(Task.__tablename__)), project=batch.project_id, ids=tasks)
    }
    none = dict.fromkeys(COMMENT_FIELDS)
    states = [{**none, **state} for state in states if UUID(state["task_id"]) in at_hand]
    await write_new_comments(work, [batch.project_id] * len(states), states)
    there = await work.rows(_there(str(Comment.__tablename__)), project=batch.project_id, ids=_ids(batch))
    return {"created": len(states), "elsewhere": _lost(batch, {row.id for row in there})}


def _ids(batch: Batch) -> list[UUID]:
    return [UUID(state["id"]) for state in batch.states]


def _lost(batch: Batch, there: set[UUID]) -> list[str]:
    """Those that are not there after all: something else has their id, or they are of a task that is not there."""
    return [str(one) for one in _ids(batch) if one not in there]


_TAKEN = sql(
    "SELECT number FROM task_keys WHERE project_id = $1 AND number = ANY($2::int[])", "project", "numbers"
)
_HELD = sql("SELECT next_number FROM task_counters WHERE project_id = $1 FOR UPDATE", "project")

INSERTERS: dict[str, Callable[[Work, Batch], Awaitable[Result]]] = {
    **{name: _words(model, kind) for name, (model, kind) in _WORDS.items()}, "view": _views,
    "board": _words(Board, "BoardCreated"), "task": _tasks, "comment": _comments,
}  # fmt: skip
"""By type: inserts what is not there; the result has how many were ``created``, and what else is to be told."""


def write_links(project_ids: Sequence[UUID], states: Sequence[State]) -> Action:
    """Insert links whose ends are there; the result has how many were ``created``, and which are ``flagged`` here.

    A cycle of blocks that nobody could make is not brought unmarked either.
    """

    async def action(work: Work) -> Result:
        guards: list[Guard] = [import_guard(project_id) for project_id in project_ids]
        await work.guard(*await access_guards(work, list(project_ids)), *guards)
        projects = (await access_projects(work, work.viewer_id, list(project_ids))).values()
        for project in projects:
            check_permission(project, Permission.IMPORT)
            work.reflect(project.id)
        if any(state["kind"] == BLOCKS for state in states):
            await work.guard(*(blocks_guard(one) for one in {project.workspace_id for project in projects}))
        ends, ours = {UUID(state[end]) for state in states for end in _ENDS}, set(project_ids)
        places = {row.task_id: row.project_id for row in await work.rows(_PLACES, ids=list(ends))}
        used = {row.id for row in await work.rows(_IN_USE, ids=[UUID(state["id"]) for state in states])}
        work.batch_id = new_id()
        fitting = [state for state in states if all(places.get(UUID(state[end])) in ours for end in _ENDS)]
        links = [Link(**row_of_link(state, places)) for state in fitting if UUID(state["id"]) not in used]
        # Somebody may have linked the same tasks meanwhile; and twice in a file is once.
        taken = await links_there(work, map(_way, links))
        fresh = {_way(link): link for link in links if _way(link) not in taken}
        flagged = await _flag(work, list(project_ids), list(fresh.values()))
        await write_new_links(work, list(fresh.values()))
        elsewhere = [one["id"] for one in states if one not in fitting]
        return {"created": len(fresh), "elsewhere": elsewhere, "flagged": flagged}

    return action


async def _flag(work: Work, project_ids: list[UUID], links: Sequence[Link]) -> list[str]:
    """Flag new links that close a cycle with others that are not flagged: without those that are there is none."""
    blocks = [link for link in links if link.kind == BLOCKS and not link.cyclic]
    if not blocks:
        return []
    there = await work.rows(_UNFLAGGED, kind=BLOCKS, projects=project_ids)
    edges = [(row.source_task_id, row.target_task_id) for row in there]
    closing = cyclic_edges([*edges, *((link.source_task_id, link.target_task_id) for link in blocks)])
    flagged = [link for link in blocks if (link.source_task_id, link.target_task_id) in closing]
    for link in flagged:
        link.cyclic = True
    return [str(link.id) for link in flagged]


def row_of_link(state: State, places: dict[UUID, UUID]) -> dict[str, Any]:
    """A link's state as its row; ``places``: the projects that its ends are in."""
    row = {name: value for name, value in row_of(Link, state, UUID(int=0)).items() if value is not None}
    for end in ("source", "target"):
        row[f"{end}_project_id"] = places[row[f"{end}_task_id"]]
    return row


def _way(link: Link) -> tuple[UUID, UUID, str]:
    return link.source_task_id, link.target_task_id, link.kind


_ENDS = ("source_task_id", "target_task_id")
_UNFLAGGED: Statement[Any] = sql(
    """
    SELECT source_task_id, target_task_id FROM links
    WHERE kind = $1 AND NOT cyclic AND (source_project_id = ANY($2::uuid[]) OR target_project_id = ANY($2::uuid[]))
    """,
    "kind",
    "projects",
)
_PLACES = sql("SELECT task_id, project_id FROM task_locations WHERE task_id = ANY($1::uuid[])", "ids")
