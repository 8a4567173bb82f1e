"""Writing what was decided: one compare-and-set for the batch, its sets, its events, its notices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from app import metrics
from app.events.deltas import State
from app.ids import id_of
from app.inbox.arrivals import Arrival, deliver
from app.inbox.models import InboxReason
from app.outcomes import Written
from app.staging import Staged, Values, Write, inserting, kinds_of
from app.statements import table
from app.tasks.decisions import Decision
from app.tasks.events import BUMPING, SHORT_FIELDS
from app.tasks.models import Task, TaskAssignee, TaskLabel
from app.work import Work

_IDS = frozenset({"id", "creator_id", "status_id", "type_id", "parent_id", "sprint_id", "milestone_id"})
_TIMES = frozenset({"completed_at", "deleted_at", "updated_at", "created_at"})
_SETS: dict[str, tuple[type[SQLModel], str]] = {
    "assignee_ids": (TaskAssignee, "user_id"),
    "label_ids": (TaskLabel, "label_id"),
}
_SHORT = tuple(name for name in SHORT_FIELDS if name in BUMPING)
_PARTS = ("rank", "sections", "config", "fields")
"""Columns that are written only where they changed: a rank is not guarded by the version, and texts are long."""


def _task_write() -> Write:
    """Short columns are written whole, so that one statement does for any edit; the version says they are the same."""
    sets = [f"{name} = given.{name}" for name in (*_SHORT, "updated_at")]
    sets += [f"{name} = coalesce(given.{name}, t.{name})" for name in _PARTS]
    columns = kinds_of(Task, ("project_id", "id", "version", *_SHORT, "updated_at", *_PARTS))
    return Write(
        "changed_tasks",
        columns | {"next_version": "int"},
        f"UPDATE tasks t SET version = given.next_version, {', '.join(sets)} FROM $given "  # noqa: S608 (names of ours)
        "WHERE t.project_id = $first AND t.id = given.id AND t.version = given.version RETURNING 1",
        counted=True,
    )


def _gone(model: type[SQLModel], column: str) -> Write:
    name, keys = table(model).name, ("project_id", "task_id", column)
    match = " AND ".join(f"gone.{key} = given.{key}" for key in keys)
    text = f"DELETE FROM {name} gone USING $given WHERE {match}"  # noqa: S608 (names of ours)
    return Write(f"out_of_{name}", kinds_of(model, keys), text)


_CHANGED = _task_write()
_ADDED = {
    part: inserting(model, ("project_id", "task_id", column)) for part, (model, column) in _SETS.items()
}
_GONE = {part: _gone(model, column) for part, (model, column) in _SETS.items()}


async def write_decisions(
    work: Work, decisions: Sequence[Decision], *, caused_by: UUID | None = None,
    causes: Mapping[UUID, UUID | None] | None = None,
) -> None:  # fmt: skip
    """Write changed tasks now and record their events. A row that changed meanwhile makes the unit run again."""
    staged = Staged()
    stage_tasks(staged, decisions)
    await staged.run(work)
    record_decisions(work, decisions, caused_by=caused_by, causes=causes)


def stage_tasks(staged: Staged, decisions: Iterable[Decision]) -> None:
    """Have changed tasks written. Of several decisions on a task, what the first found and the last left counts."""
    ends: dict[UUID, tuple[Decision, Decision]] = {}
    told: dict[UUID, set[str]] = {}
    for decision in decisions:
        if decision.delta:
            first, _ = ends.get(decision.task_id, (decision, decision))
            ends[decision.task_id] = (first, decision)
            told.setdefault(decision.task_id, set()).update(_told(decision))
    # In the order of their ids, in which others lock them too.
    changed = [ends[task_id] for task_id in sorted(ends)]
    staged.add(_CHANGED, [_row(first, last.new, told[first.task_id]) for first, last in changed])
    for part, (_, column) in _SETS.items():
        for first, last in ends.values():
            if part not in told[first.task_id]:
                continue
            before, after = set(first.old[part]), set(last.new[part])
            place = {"project_id": first.project_id, "task_id": first.task_id}
            staged.add(_ADDED[part], [{**place, column: one} for one in sorted(after - before)])
            staged.add(_GONE[part], [{**place, column: one} for one in sorted(before - after)])


def _told(decision: Decision) -> set[str]:
    """The columns and sets that an event tells of: nothing else is written."""
    return {name.partition(".")[0] for changes in decision.delta.values() for name in changes}


def _row(first: Decision, new: State, told: set[str]) -> Values:
    """A row of ``_CHANGED``: states have ids and times as texts, as JSON has them."""
    old = first.old
    row = {name: (new if name in told else old)[name] for name in _SHORT}
    row |= {name: new[name] for name in _PARTS if name in told}
    row |= {
        "project_id": first.project_id, "id": first.task_id, "version": old["version"],
        "next_version": new["version"], "updated_at": new["updated_at"],
    }  # fmt: skip
    return row


def record_decisions(
    work: Work, decisions: Iterable[Decision], *, caused_by: UUID | None = None,
    causes: Mapping[UUID, UUID | None] | None = None,
) -> None:  # fmt: skip
    """Record what was decided: events, and notices to the newly assigned and the newly mentioned.

    What brought them about is one event, or (``causes``) one for each task.
    """
    arrivals: list[Arrival] = []
    for decision in decisions:
        if decision.delta:
            event_id = work.record(
                decision.project_id, decision.kind, decision.task_id, {"delta": decision.delta},
                version=decision.new["version"], occurred_at=decision.occurred_at,
                caused_by=(causes or {}).get(decision.task_id, caused_by),
            )  # fmt: skip
            arrivals += notices(decision, event_id)
        if decision.delta and decision.merged:
            metrics.MERGES.inc()
        work.reflect(decision.project_id)
    if arrivals:
        deliver(work, arrivals)


def notices(decision: Decision, event_id: UUID) -> list[Arrival]:
    """Who should hear of a change: the newly assigned and the newly mentioned."""
    if "members" not in decision.delta and not decision.mentions:
        return []
    told = [(user_id, InboxReason.ASSIGNED) for user_id in sorted(decision.assigned)]
    told += [(user_id, InboxReason.MENTIONED) for user_id in sorted(decision.mentions)]
    return [
        Arrival(user, reason, decision.project_id, decision.task_id, caused_by=event_id)
        for user, reason in told
    ]


def column_value(name: str, value: Any) -> Any:
    """A state's value as its column takes it."""
    if value is None:
        return None
    if name in _IDS:
        return id_of(value)
    if name in _TIMES:
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if name == "due_date" else value


class WrittenTask(Written):
    """A task as an edit left it. The version that was compared guards all columns but the rank; numbers in free-form
    values may be written otherwise by PostgreSQL.
    """

    model = Task
    columns = frozenset(
        (
            "id",
            "number",
            "creator_id",
            "created_at",
            "updated_at",
            "version",
            "project_id",
            "sections",
            *SHORT_FIELDS,
        )
    ) - {"rank"}

    def column(self, name: str, value: Any) -> Any:
        return column_value(name, value)


class _ShortTask(WrittenTask):
    """The same of an edit that knew nothing of the task's texts."""

    columns = WrittenTask.columns - {"sections"}


def written_task(decision: Decision) -> WrittenTask:
    """The task as a decision left it, as far as that knew it."""
    known = WrittenTask if "sections" in decision.new else _ShortTask
    return known(decision.project_id, decision.new)


def task_row(state: State, project_id: UUID) -> dict[str, Any]:
    """The row of a new task from its state."""
    row = {name: column_value(name, state[name]) for name in (*SHORT_FIELDS, "created_at", "updated_at")}
    return {
        "project_id": project_id, "id": UUID(state["id"]), "number": state["number"], "sections": state["sections"],
        "config": state["config"], "fields": state["fields"], "version": state["version"],
        "creator_id": UUID(state["creator_id"]) if state["creator_id"] else None, **row,
    }  # fmt: skip
