"""Inserting exported states as rows, each with the event that puts it there. What is there already stays as it is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Date, DateTime, Uuid
from sqlmodel import SQLModel

from app.comments.actions import write_new_comments
from app.comments.models import Comment
from app.db import Statement, sql, table
from app.events.kinds import KINDS
from app.fields.models import CustomField
from app.guards import Guard
from app.history.states import State
from app.ids import new_id
from app.imports.batches import import_guard
from app.links.actions import write_new_links
from app.links.models import Link
from app.milestones.models import Milestone
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import access_projects, check_permission
from app.projects.actions.opening import access_guards
from app.projects.models import Label, Status, TaskType
from app.sprints.models import Sprint
from app.tasks.events import TASK_CREATED
from app.tasks.models import Task, TaskAssignee, TaskKey, TaskLabel, TaskLocation
from app.work import Action, Work
from app.workflows.models import Transition
from app.writes import insert_rows


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
ORDER = (*_WORDS, "task", "comment")
"""What is imported, in this order; links come last, and are no batch of one project."""


def row_of(model: type[SQLModel], state: State, project_id: UUID) -> dict[str, Any]:
    """A state as a row of its table."""

    def value(column: Any) -> Any:
        found = state.get(column.name)
        if column.name == "project_id":
            return project_id
        if found is None:
            return None
        if isinstance(column.type, Uuid):
            return UUID(found)
        if isinstance(column.type, DateTime):
            return datetime.fromisoformat(found)
        if isinstance(column.type, Date):
            return date.fromisoformat(found)
        # A set (a custom field's `type_ids`) is an object in its column, by its members.
        return dict.fromkeys(found, True) if isinstance(found, list) else found

    return {column.name: value(column) for column in table(model).c}


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


def _words(model: type[SQLModel], kind: str) -> Callable[[Work, Batch], Awaitable[int]]:
    async def insert(work: Work, batch: Batch) -> int:
        states = await _lacking(work, model, batch)
        await insert_rows(work, model, [row_of(model, state, batch.project_id) for state in states])
        for state in states:
            version = state.get("version", 1)
            work.record(batch.project_id, KINDS[kind], UUID(state["id"]), {"state": state}, version=version)
        return len(states)

    return insert


async def _tasks(work: Work, batch: Batch) -> int:
    states, project_id = await _lacking(work, Task, batch, anywhere=True), batch.project_id
    ids = [UUID(state["id"]) for state in states]
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
    return len(states)


# While an import goes on nobody else's number is taken twice: the counter runs ahead of what is imported.
_COUNT_UP = sql(
    "UPDATE task_counters SET next_number = greatest(next_number, $2 + 1) WHERE project_id = $1",
    "project",
    "highest",
)


async def _comments(work: Work, batch: Batch) -> int:
    states = await _lacking(work, Comment, batch, anywhere=True)
    await write_new_comments(work, [batch.project_id] * len(states), states)
    return len(states)


INSERTERS: dict[str, Callable[[Work, Batch], Awaitable[int]]] = {
    **{name: _words(model, kind) for name, (model, kind) in _WORDS.items()}, "task": _tasks, "comment": _comments,
}  # fmt: skip
"""By type: inserts what is not there, and says how many that were."""


def write_links(project_ids: Sequence[UUID], states: Sequence[State]) -> Action:
    """Insert links whose ends are there; the result has how many were ``created``."""

    async def action(work: Work) -> Result:
        guards: list[Guard] = [import_guard(project_id) for project_id in project_ids]
        await work.guard(*await access_guards(work, list(project_ids)), *guards)
        for project in (await access_projects(work, work.viewer_id, list(project_ids))).values():
            check_permission(project, Permission.IMPORT)
            work.reflect(project.id)
        ends = {UUID(state[end]) for state in states for end in _ENDS}
        places = {row.task_id: row.project_id for row in await work.rows(_PLACES, ids=list(ends))}
        used = {row.id for row in await work.rows(_IN_USE, ids=[UUID(state["id"]) for state in states])}
        work.batch_id = new_id()
        links = [
            Link(**row_of_link(state, places))
            for state in states
            if UUID(state["id"]) not in used and all(UUID(state[end]) in places for end in _ENDS)
        ]
        await write_new_links(work, links)
        return {"created": len(links)}

    return action


def row_of_link(state: State, places: dict[UUID, UUID]) -> dict[str, Any]:
    """A link's state as its row; ``places``: the projects that its ends are in."""
    row = {name: value for name, value in row_of(Link, state, UUID(int=0)).items() if value is not None}
    for end in ("source", "target"):
        row[f"{end}_project_id"] = places[row[f"{end}_task_id"]]
    return row


_ENDS = ("source_task_id", "target_task_id")
_PLACES = sql("SELECT task_id, project_id FROM task_locations WHERE task_id = ANY($1::uuid[])", "ids")
