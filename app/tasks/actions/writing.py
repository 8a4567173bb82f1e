"""Writing what was decided: one compare-and-set for the batch, its sets, its events, its notices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from app import metrics
from app.db import sql
from app.events.deltas import State, same
from app.inbox.arrivals import Arrival, deliver
from app.inbox.models import InboxReason
from app.tasks.decisions import Decision, bumps
from app.tasks.events import SHORT_FIELDS
from app.tasks.models import Task, TaskAssignee, TaskLabel
from app.work import RaceLost, Work
from app.writes import compare_and_set, insert_rows, set_unversioned

_KEYS = ("project_id", "id")
_IDS = frozenset({"status_id", "type_id", "parent_id", "sprint_id", "milestone_id"})
_TIMES = frozenset({"completed_at", "deleted_at", "updated_at", "created_at"})
_SETS: dict[str, tuple[type[SQLModel], str]] = {
    "assignee_ids": (TaskAssignee, "user_id"),
    "label_ids": (TaskLabel, "label_id"),
}


async def write_decisions(
    work: Work,
    decisions: Sequence[Decision],
    *,
    caused_by: UUID | None = None,
    causes: Mapping[UUID, UUID | None] | None = None,
) -> None:
    """Write changed tasks and record their events. A row that changed meanwhile makes the unit run again.

    What brought them about is one event, or (``causes``) one for each task.
    """
    changed = [decision for decision in decisions if decision.delta]
    versioned = [decision for decision in changed if bumps(decision.delta)]
    await _set_columns(work, versioned)
    ranked = [decision for decision in changed if not bumps(decision.delta)]
    rows = [{"project_id": d.project_id, "id": d.task_id, "rank": d.new["rank"]} for d in ranked]
    if len(await set_unversioned(work, Task, rows, {"rank"}, keys=_KEYS)) < len(ranked):
        raise RaceLost()
    await write_sets(work, changed)
    arrivals: list[Arrival] = []
    for decision in changed:
        event_id = work.record(
            decision.project_id, decision.kind, decision.task_id, {"delta": decision.delta},
            version=decision.new["version"], occurred_at=decision.occurred_at,
            caused_by=(causes or {}).get(decision.task_id, caused_by),
        )  # fmt: skip
        arrivals += notices(decision, event_id)
    await deliver(work, arrivals)
    metrics.MERGES.inc(sum(1 for decision in changed if decision.merged))
    for decision in decisions:
        work.reflect(decision.project_id)


def notices(decision: Decision, event_id: UUID) -> list[Arrival]:
    """Who should hear of a change: the newly assigned and the newly mentioned."""
    told = [(user_id, InboxReason.ASSIGNED) for user_id in sorted(decision.assigned)]
    told += [(user_id, InboxReason.MENTIONED) for user_id in sorted(decision.mentions)]
    return [
        Arrival(user, reason, decision.project_id, decision.task_id, caused_by=event_id)
        for user, reason in told
    ]


async def _set_columns(work: Work, decisions: Sequence[Decision]) -> None:
    columns = {name for d in decisions for name in d.delta.get("set", {})} | {"updated_at"}
    columns |= {
        part
        for d in decisions
        for part in ("sections", "config", "fields")
        if not same(d.old[part], d.new[part])
    }
    rows = []
    for decision in decisions:
        row: dict[str, Any] = {
            "project_id": decision.project_id, "id": decision.task_id, "version": decision.old["version"],
        }  # fmt: skip
        row |= {name: column_value(name, decision.new[name]) for name in columns}
        rows.append(row)
    if len(await compare_and_set(work, Task, rows, columns, keys=_KEYS)) < len(rows):
        raise RaceLost()


async def write_sets(work: Work, decisions: Sequence[Decision]) -> None:
    """Insert and delete the rows of assignees and labels."""
    for field, (model, column) in _SETS.items():
        added, removed = [], []
        for decision in decisions:
            change = decision.delta.get("members", {}).get(field)
            if change is None:
                continue
            place = {"project_id": decision.project_id, "task_id": decision.task_id}
            added += [{**place, column: UUID(one)} for one in change["added"]]
            removed += [(decision.project_id, decision.task_id, UUID(one)) for one in change["removed"]]
        await insert_rows(work, model, added)
        if removed:
            projects, tasks, ones = (list(part) for part in zip(*removed, strict=True))
            await work.run(_REMOVE[field], project_ids=projects, task_ids=tasks, ones=ones)


def column_value(name: str, value: Any) -> Any:
    """A state's value as its column takes it."""
    if value is None:
        return None
    if name in _IDS:
        return UUID(value)
    if name in _TIMES:
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if name == "due_date" else value


def task_row(state: State, project_id: UUID) -> dict[str, Any]:
    """The row of a new task from its state."""
    row = {name: column_value(name, state[name]) for name in (*SHORT_FIELDS, "created_at", "updated_at")}
    return {
        "project_id": project_id, "id": UUID(state["id"]), "number": state["number"], "sections": state["sections"],
        "config": state["config"], "fields": state["fields"], "version": state["version"],
        "creator_id": UUID(state["creator_id"]) if state["creator_id"] else None, **row,
    }  # fmt: skip


def _remove(name: str, column: str) -> Any:
    return sql(
        f"DELETE FROM {name} USING unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS gone(project_id, task_id, one) "  # noqa: S608
        f"WHERE {name}.project_id = gone.project_id AND {name}.task_id = gone.task_id AND {name}.{column} = gone.one",
        "project_ids", "task_ids", "ones",
    )  # fmt: skip


_REMOVE = {
    "assignee_ids": _remove("task_assignees", "user_id"),
    "label_ids": _remove("task_labels", "label_id"),
}
