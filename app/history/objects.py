"""Taking back changes of what is no task: one step for every object of a project that is a versioned row.

The event says what was before. What it changed and nobody has changed since goes back, by an event of the same room;
what was made is deleted, and what was deleted is there again. Guards, permissions and rules are the room's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from app.boards import actions as boards
from app.boards.events import BOARD_CREATED, BOARD_UPDATED, board_state
from app.boards.models import Board
from app.boards.reads import BOARDS
from app.boards.retiring import delete_status
from app.boards.shown import check_refusals
from app.errors import Clash, ValidationFailed, VersionConflict
from app.events.deltas import Delta, Shape, State, apply_delta, delta_between, invert_delta, same
from app.events.kinds import KINDS, Effect, EventKind, current_payload, fold
from app.events.log import history_since
from app.events.models import Event
from app.fields.actions import CUSTOM_FIELD, delete_field
from app.fields.events import CUSTOM_FIELD_UPDATED
from app.guards import Guard
from app.history.built import check_unbuilt
from app.history.reversals import last_touches
from app.milestones.actions import MILESTONE
from app.milestones.events import MILESTONE_UPDATED
from app.permissions import Permission
from app.planning.taking_out import delete_milestone, delete_sprint
from app.projects.actions.objects import ObjectKind, planning_guard
from app.projects.actions.opening import open_project
from app.projects.actions.vocabulary import LABEL, STATUS, TASK_TYPE, Vocabulary, vocabulary_guard
from app.projects.actions.vocabulary import delete_word as delete_label
from app.projects.events import VOCABULARY_SHAPE
from app.projects.reads import STATUSES, TASK_TYPES, by_project
from app.sprints.actions import SPRINT
from app.sprints.events import SPRINT_UPDATED
from app.statements import Statement, sql
from app.texts.diffs import TextMismatch
from app.values import now_utc
from app.views.access import access_views
from app.views.actions import views_guard
from app.work import Action, Work
from app.workflows.actions import delete_transition, delete_word
from app.workflows.events import TRANSITION_CREATED, TRANSITION_UPDATED, transition_state
from app.workflows.models import Transition
from app.workflows.reads import TRANSITIONS
from app.writes import compare_and_set, row_of

Delete = Callable[[UUID, UUID, int], Action]


@dataclass(frozen=True)
class Room:
    """Where objects of a type are at home. ``named``: no two that are not deleted have one name."""

    model: type[SQLModel]
    rows: Statement[Any]
    state: Callable[[Any], State]
    shape: Shape
    permission: Permission
    created: EventKind
    updated: EventKind
    delete: Delete
    planned: bool = False
    named: bool = False

    def guards(self, project_id: UUID) -> list[Guard]:
        """All that the room's own actions take: in one round, so that they are locked in one order."""
        shared = self.planned and self.model is not CUSTOM_FIELD.model  # see update_field
        guards = [vocabulary_guard(project_id, shared=shared), views_guard(project_id)]
        return [*guards, planning_guard(project_id, shared=False)] if self.planned else guards


def _words(kind: Vocabulary, delete: Delete) -> Room:
    return Room(
        kind.model, kind.rows, kind.state, VOCABULARY_SHAPE, Permission.MANAGE_WORDS, kind.created, kind.updated,
        delete, named=True,
    )  # fmt: skip


def _planned(kind: ObjectKind, permission: Permission, updated: EventKind, delete: Delete) -> Room:
    return Room(
        kind.model, kind.rows, kind.state, kind.shape, permission, kind.created, updated, delete, planned=True,
        named=True,
    )  # fmt: skip


ROOMS: dict[str, Room] = {
    "label": _words(LABEL, lambda place, one, version: delete_label(LABEL, place, one, version)),
    "task_type": _words(TASK_TYPE, lambda place, one, version: delete_word(TASK_TYPE, place, one, version)),
    "status": _words(STATUS, delete_status),
    "sprint": _planned(SPRINT, Permission.PLAN, SPRINT_UPDATED, delete_sprint),
    "milestone": _planned(MILESTONE, Permission.PLAN, MILESTONE_UPDATED, delete_milestone),
    "custom_field": _planned(CUSTOM_FIELD, Permission.MANAGE_FIELDS, CUSTOM_FIELD_UPDATED, delete_field),
    "transition": Room(
        Transition, TRANSITIONS, transition_state, Shape(), Permission.MANAGE_WORKFLOW, TRANSITION_CREATED,
        TRANSITION_UPDATED,
        delete_transition,
    ),
    "board": Room(
        Board, BOARDS, board_state, Shape(), Permission.MANAGE_BOARDS, BOARD_CREATED, BOARD_UPDATED,
        boards.delete_board,
    ),
}  # fmt: skip


def deletes(event: Event) -> bool:
    """Whether taking an event of an object back deletes the object."""
    if KINDS[event.kind].effect is Effect.PUT:
        return True
    delta = current_payload(event.kind, event.payload_version, event.payload).get("delta", {})
    return delta.get("set", {}).get("deleted_at", {}).get("old") is not None


async def take_back(work: Work, project_id: UUID, event: Event) -> None:
    """Take back what an event did to an object of one of ``ROOMS``; raises a refusal."""
    room, payload = (
        ROOMS[event.object_type],
        current_payload(event.kind, event.payload_version, event.payload),
    )
    await open_project(work, project_id, room.permission, *room.guards(project_id))
    rows = (await by_project(work, room.rows, [project_id]))[project_id]
    row = next((row for row in rows if row.id == event.object_id), None)
    if row is None:
        raise ValidationFailed("What this changed is not there any more.")
    current = room.state(row)
    if KINDS[event.kind].effect is Effect.PUT and event.object_version == 1:
        built = delta_between({**payload["state"], "rank": current.get("rank")}, current, room.shape)
        if built:
            raise await conflict_over(work, project_id, event, current, built)
        await check_unbuilt(work, project_id, event)
        await room.delete(project_id, row.id, row.version)(work)
        return
    delta = payload.get("delta") or await _told_whole(work, project_id, event, room)
    if {"stage", "successor_id"} & delta.get("set", {}).keys():
        raise ValidationFailed(
            "This cannot be undone, since tasks went with it: start, complete and delete what there is now."
        )
    before = await state_before(work, project_id, event, current, delta)
    if before["deleted_at"] is not None:
        if current["deleted_at"] is None:
            await check_unbuilt(work, project_id, event)
            await room.delete(project_id, row.id, row.version)(work)
        return
    await _check(work, project_id, room, rows, before)
    if current["deleted_at"] is not None:
        await _check_unused(work, project_id, event)
    await _write(work, project_id, room, current, before)


async def _told_whole(work: Work, project_id: UUID, event: Event, room: Room) -> Delta:
    """What an event changed that tells the whole state of what was there already."""
    history = (await history_since(work, project_id, {event.object_id: 0}))[event.object_id]
    objects: dict[tuple[str, str], State] = {}
    states = [State()]
    for one in history:
        if one.seq <= event.seq:
            fold(objects, one)
            states.append(objects[event.object_type, str(event.object_id)])
    return delta_between(states[-2], states[-1], room.shape)


_USED: dict[str, Statement[Any]] = {
    "label": sql(
        "SELECT count(*) FROM task_labels WHERE project_id = $1 AND label_id = $2::text::uuid",
        "project",
        "id",
    ),
    "custom_field": sql("SELECT count(*) FROM tasks WHERE project_id = $1 AND fields ? $2", "project", "id"),
}


async def _check_unused(work: Work, project_id: UUID, event: Event) -> None:
    """Who has loaded tasks without what was deleted would not hear that they have it again."""
    used = _USED.get(event.object_type)
    count = 0 if used is None else await work.value(used, project=project_id, id=str(event.object_id))
    if count:
        raise ValidationFailed(f"{count} tasks had it, and would have it again unseen: make a new one.")


async def state_before(work: Work, project_id: UUID, event: Event, current: State, delta: Delta) -> State:
    """The state with what the event changed as it was before; raises a conflict where others built on it."""
    left: Delta = {part: dict(changes) for part, changes in delta.items()}
    clashing: Delta = {}
    for field, change in delta.get("set", {}).items():
        if _alike(field, current.get(field), change["old"]):
            del left["set"][field]
        elif not _alike(field, current.get(field), change["new"]):
            clashing.setdefault("set", {})[field] = change
    for field, changes in delta.get("entries", {}).items():
        there = current.get(field) or {}
        left["entries"][field] = {
            key: change for key, change in changes.items() if not same(there.get(key), change.get("old"))
        }
        if any(not same(there.get(key), change.get("new")) for key, change in left["entries"][field].items()):
            clashing.setdefault("entries", {})[field] = changes
    if "deleted_at" not in delta.get("set", {}) and current["deleted_at"] is not None:
        clashing.setdefault("set", {})["deleted_at"] = {"old": None, "new": None}
    if clashing:
        raise await conflict_over(work, project_id, event, current, clashing)
    try:
        return apply_delta(current, invert_delta(left))
    except TextMismatch:
        texts = {"text": delta["text"]}
        raise await conflict_over(work, project_id, event, current, texts) from None


def _alike(field: str, one: Any, other: Any) -> bool:
    """What was deleted, and deleted anew by a redo, is deleted, whenever that was."""
    return (one is None) is (other is None) if field == "deleted_at" else same(one, other)


async def conflict_over(
    work: Work, project_id: UUID, event: Event, current: State, changed: Delta
) -> VersionConflict:
    """The conflict of an undo with what others did to the same fields since."""
    history = await history_since(work, project_id, {event.object_id: event.object_version or 0})
    touched = last_touches(history[event.object_id], changed)
    clashes = [Clash(field, None, None, None, by, at) for field, (by, at) in touched.items()]
    version = current["version"]
    conflict = VersionConflict(
        event.object_type,
        event.object_id,
        expected=event.object_version or 1,
        current=version,
        clashes=clashes,
    )
    conflict.scope_id = project_id
    return conflict


async def _check(work: Work, project_id: UUID, room: Room, rows: Sequence[Any], before: State) -> None:
    """What an older state needs that may be gone since."""
    living = [row for row in rows if row.deleted_at is None and str(row.id) != before["id"]]
    if room.named and any(row.name.casefold() == before["name"].casefold() for row in living):
        raise ValidationFailed(f"There is another one called {before['name']} now.")
    named: list[str] = [before.get(name) for name in ("from_status_id", "to_status_id")]  # type: ignore[misc]
    if room.model is Board:
        named = [status for one in before["columns"].values() for status in one["status_ids"]]
        check_refusals(Board(**row_of(Board, before, project_id)))
        view_id = before["view_id"] and UUID(before["view_id"])
        if view_id is not None and view_id not in await access_views(work, work.viewer_id, [view_id]):
            raise ValidationFailed("The view that the board was over is gone.")
    for statement, ids in ((STATUSES, named), (TASK_TYPES, [before.get("type_id")])):
        if any(ids):
            words = (await by_project(work, statement, [project_id]))[project_id]
            there = {str(word.id) for word in words if word.deleted_at is None}
            if not {one for one in ids if one} <= there:
                raise ValidationFailed("A status or task type that it named is gone.")


async def _write(work: Work, project_id: UUID, room: Room, current: State, before: State) -> None:
    delta = delta_between(current, before, room.shape)
    if not delta:
        return
    columns = {field.partition(".")[0] for changes in delta.values() for field in changes}
    whole = row_of(room.model, before, project_id)
    values = {name: whole[name] for name in columns}
    object_id, version = UUID(current["id"]), current["version"]
    row = {"project_id": project_id, "id": object_id, "version": version, **values}
    if not await compare_and_set(work, room.model, [row], columns, keys=("project_id", "id")):
        raise VersionConflict("object", object_id, expected=version, current=version, clashes=[])
    kind, payload = room.updated, {"delta": delta}
    if current["deleted_at"] is not None or "entries" in delta:
        # Who keeps nothing of what is deleted (a label, an option of a field) is told all of it.
        kind, payload = room.created, {"state": {**before, "version": version + 1}}
    work.record(project_id, kind, object_id, payload, version=version + 1, occurred_at=now_utc())
