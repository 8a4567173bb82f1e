"""Taking changes of tasks back: the edit that leads from what is now to what was, field by field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import Reader
from app.errors import Clash, Refusal, ValidationFailed, VersionConflict
from app.events.deltas import Delta, State, apply_delta, delta_between, invert_delta
from app.events.kinds import KINDS, Effect, EventKind, current_payload
from app.events.log import history_since
from app.events.models import Event
from app.projects.models import ConflictPolicy
from app.tasks.actions.writing import column_value
from app.tasks.commands import REMOVE, TaskEdit, TaskPatch
from app.tasks.decisions import bumps
from app.tasks.events import (
    TASK_CREATED,
    TASK_DELETED,
    TASK_MOVED,
    TASK_RESTORED,
    TASK_SHAPE,
    TASK_UPDATED,
    task_state,
)
from app.tasks.reads import tasks_by_key
from app.values import now_utc


@dataclass(frozen=True)
class Reversal:
    """The edit that takes changes of a task back, or why there is none. ``cause``: the event that it takes back.

    ``moved``: the rank that the change gave the task, if it gave one; another one now is somebody else's.
    """

    task_id: UUID
    edit: TaskEdit | None
    refusal: Refusal | None = None
    cause: UUID | None = None
    moved: str | None = None


@dataclass(frozen=True)
class Span:
    """Changes of a task from its version ``to`` (before them) to ``since`` (after them)."""

    task_id: UUID
    to: int
    since: int


class _Unreachable(Exception):
    """A version whose state is not in this log."""


async def reversals_of_spans(reader: Reader, project_id: UUID, spans: Sequence[Span]) -> dict[UUID, Reversal]:
    """The edit that takes each task back to an older version, by task; ranks stay."""
    rows = await tasks_by_key(reader, [(project_id, span.task_id) for span in spans])
    history = await history_since(reader, project_id, {span.task_id: span.to for span in spans})
    found = {}
    for span in spans:
        if span.task_id not in rows:
            continue
        current = task_state(rows[span.task_id])
        try:
            before, after = (_state_at(current, history[span.task_id], at) for at in (span.to, span.since))
        except _Unreachable:
            told = (
                f"Version {span.to} cannot be brought back: the task came from another project since, or words "
                "were redacted."
            )
            found[span.task_id] = Reversal(span.task_id, None, ValidationFailed(told, path=("toVersion",)))
            continue
        delta = delta_between(before, after, TASK_SHAPE)
        delta.get("set", {}).pop("rank", None)
        found[span.task_id] = Reversal(span.task_id, _edit(span, delta, before, current))
    return found


async def reversals_of_events(reader: Reader, project_id: UUID, events: Sequence[Event]) -> list[Reversal]:
    """The edit that takes each event of a task back. A task stands in it once."""
    rows = await tasks_by_key(reader, [(project_id, event.object_id) for event in events])
    seen = {event.object_id: max((event.object_version or 1) - 1, 0) for event in events}
    history = await history_since(reader, project_id, seen)
    return [
        _of_event(event, task_state(rows[event.object_id]), history[event.object_id])
        if event.object_id in rows
        else Reversal(event.object_id, None, ValidationFailed("This task has left the project since."))
        for event in events
    ]


def _of_event(event: Event, current: State, history: Sequence[Event]) -> Reversal:
    kind = KINDS[event.kind]
    if kind.effect is not Effect.CHANGE and kind is not TASK_CREATED:
        told = "This cannot be undone: move the task back by taskTransfer."
        return Reversal(event.object_id, None, ValidationFailed(told))
    version = event.object_version or 1
    if kind is TASK_CREATED:
        return _of_creation(event, current, history)
    delta = current_payload(event.kind, event.payload_version, event.payload)["delta"]
    rank = delta.get("set", {}).get("rank")
    if not bumps(delta):
        patch = TaskPatch(values={"rank": rank["old"]} if rank else {})
        edit = TaskEdit(
            event.object_id, current["version"], patch, ConflictPolicy.MERGE, TASK_MOVED, exact=True
        )
        return Reversal(event.object_id, edit, cause=event.id, moved=rank["new"] if rank else None)
    try:
        after = _state_at(current, history, version)
    except _Unreachable:
        told = "This cannot be undone any more: the task came from another project since, or words were redacted."
        return Reversal(event.object_id, None, ValidationFailed(told))
    before = apply_delta(after, invert_delta(delta))
    edit = _edit(Span(event.object_id, version - 1, version), delta, before, current)
    return Reversal(event.object_id, edit, cause=event.id, moved=rank["new"] if rank else None)


def brings(event: Event) -> bool:
    """Whether a task is there by this event, so that it goes when that is taken back."""
    return event.kind in (TASK_CREATED.name, TASK_RESTORED.name)


def _of_creation(event: Event, current: State, history: Sequence[Event]) -> Reversal:
    """The task goes, unless somebody built on it: then its fields are not what they were made as."""
    made = current_payload(event.kind, event.payload_version, event.payload)["state"]
    delta = delta_between(made, {**current, "rank": made["rank"], "deleted_at": None}, TASK_SHAPE)
    if delta:
        clashes = [
            Clash(field, None, None, None, by, at) for field, (by, at) in last_touches(history, delta).items()
        ]
        refusal = VersionConflict(
            "task", event.object_id, expected=1, current=current["version"], clashes=clashes
        )
        return Reversal(event.object_id, None, refusal)
    patch = TaskPatch(values={"deleted_at": now_utc()})
    edit = TaskEdit(
        event.object_id, current["version"], patch, ConflictPolicy.MERGE, TASK_DELETED, exact=True
    )
    return Reversal(event.object_id, edit, cause=event.id)


def last_touches(history: Sequence[Event], delta: Delta) -> dict[str, tuple[UUID | None, Any]]:
    """Who changed each of a delta's fields last, and when."""
    fields = [
        *delta.get("set", {}),
        *delta.get("text", {}),
        *delta.get("members", {}),
        *delta.get("entries", {}),
    ]
    found: dict[str, tuple[UUID | None, Any]] = {}
    for event in history:
        changed = current_payload(event.kind, event.payload_version, event.payload).get("delta", {})
        for part in changed.values():
            for field in part:
                if field in fields:
                    found[field] = event.actor_id, event.occurred_at
    return found


def _state_at(current: State, history: Sequence[Event], version: int) -> State:
    """What a task was at a version, unfolded from now."""
    state = current
    for event in reversed(history):
        if event.object_version is None or event.object_version <= version:
            continue
        if event.object_version > current["version"]:
            continue
        if KINDS[event.kind].effect is not Effect.CHANGE:
            raise _Unreachable
        delta = current_payload(event.kind, event.payload_version, event.payload)["delta"]
        if not bumps(delta):
            continue
        delta = {**delta, "set": {name: one for name, one in delta.get("set", {}).items() if name != "rank"}}
        state = apply_delta(state, invert_delta(delta))
    return {**state, "version": version}


def _edit(span: Span, delta: Delta, before: State, current: State) -> TaskEdit:
    patch = patch_back(delta, before)
    return TaskEdit(span.task_id, span.since, patch, ConflictPolicy.MERGE, _kind(patch, current), exact=True)


def _kind(patch: TaskPatch, current: State) -> EventKind:
    if "deleted_at" in patch.values:
        return TASK_RESTORED if patch.values["deleted_at"] is None else TASK_DELETED
    others = patch.sections or patch.config or patch.fields or patch.add or patch.remove
    moved = patch.values.keys() <= {"status_id", "rank", "completed_at"}
    return TASK_MOVED if moved and "status_id" in patch.values and not others else TASK_UPDATED


def patch_back(delta: Delta, before: State) -> TaskPatch:
    """The patch that gives the fields of a delta the values of the state before it."""
    sections: dict[str, str] = {}
    for name in delta.get("text", {}):
        owner, _, section = name.partition(".")
        sections[section] = before[owner].get(section, "")
    entries: dict[str, dict[str, Any]] = {
        owner: {key: before[owner].get(key, REMOVE) for key in changes}
        for owner, changes in delta.get("entries", {}).items()
    }
    members = delta.get("members", {})
    return TaskPatch(
        values={name: column_value(name, before[name]) for name in delta.get("set", {})},
        sections=sections, config=entries.get("config", {}), fields=entries.get("fields", {}),
        add=_ids(members, "removed"), remove=_ids(members, "added"),
    )  # fmt: skip


def _ids(members: Mapping[str, Any], side: str) -> dict[str, frozenset[UUID]]:
    return {
        field: frozenset(UUID(one) for one in change[side])
        for field, change in members.items()
        if change[side]
    }
