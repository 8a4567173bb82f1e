"""Small versioned objects that a project has in an order: sprints, milestones, custom fields. One set of steps for all.

Like words they are few, are read whole, and stay as deleted rows, so that history keeps their names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from app.errors import LimitReached, NotFound, ValidationFailed, VersionConflict
from app.events.deltas import Shape, delta_between
from app.events.kinds import EventKind
from app.guards import Guard
from app.ids import accept_client_id
from app.permissions import Permission
from app.projects.actions.opening import open_project
from app.projects.reads import by_project
from app.ranks import rank_between
from app.statements import Statement
from app.values import check_name, now_utc, plain
from app.work import Work
from app.writes import compare_and_set, ids_in_use, insert_rows

MOST_OBJECTS = 1000
"""Of each kind in a project, deleted ones too."""


@dataclass(frozen=True)
class ObjectKind:
    """One of them: its table, how it is read (in its order), and how events tell it."""

    noun: str
    model: type[SQLModel]
    rows: Statement[Any]
    created: EventKind
    state: Callable[[Any], dict[str, Any]]
    shape: Shape


def planning_guard(project_id: UUID, *, shared: bool = True) -> Guard:
    """Of a project's sprints, milestones and fields: tasks that take one share it, who changes one holds it."""
    return Guard.of("planning", project_id, shared=shared)


async def open_objects(
    work: Work, kind: ObjectKind, project_id: UUID, permission: Permission, *guards: Guard
) -> list[Any]:
    """All of a project's, held against other changes of them and against tasks that take one."""
    await open_project(work, project_id, permission, planning_guard(project_id, shared=False), *guards)
    return (await by_project(work, kind.rows, [project_id]))[project_id]


def living(rows: Sequence[Any], object_id: UUID) -> Any | None:
    """One that is not deleted."""
    return next((row for row in rows if row.id == object_id and row.deleted_at is None), None)


def found(kind: ObjectKind, rows: Sequence[Any], object_id: UUID, *path: str) -> Any:
    """The same; raises ``NotFound``."""
    row = living(rows, object_id)
    if row is None:
        raise NotFound(kind.noun, path=path or ("id",))
    return row


def check_free_name(kind: ObjectKind, rows: Sequence[Any], name: str | None, own_id: UUID | None) -> str:
    """A name that no other one has, letter case aside."""
    checked = check_name(name or "", "name", length=120)
    folded = checked.casefold()
    if any(row.id != own_id and row.deleted_at is None and row.name.casefold() == folded for row in rows):
        raise ValidationFailed(f"There is a {kind.noun.lower()} of this name.", path=("name",))
    return checked


def placed(
    kind: ObjectKind, rows: Sequence[Any], own_id: UUID | None, before_id: UUID | None, after_id: UUID | None
) -> str:
    """The rank just after or before another one; at the end if neither is named."""
    others = [row for row in rows if row.id != own_id]
    anchor = after_id or before_id
    if anchor is None:
        return rank_between(others[-1].rank if others else None, None)
    place = next((place for place, row in enumerate(others) if row.id == anchor), None)
    if place is None:
        raise NotFound(kind.noun, path=("afterId" if after_id else "beforeId",))
    place += 1 if after_id else 0
    lower = others[place - 1].rank if place else None
    upper = others[place].rank if place < len(others) else None
    return rank_between(lower, upper)


async def record_object(
    work: Work, kind: ObjectKind, rows: Sequence[Any], project_id: UUID, values: dict[str, Any],
    client_id: UUID | None,
) -> UUID:  # fmt: skip
    """Insert a checked one with its event; ``values`` has all columns but those that every one begins with."""
    if len(rows) >= MOST_OBJECTS:
        raise LimitReached(f"A project has at most {MOST_OBJECTS} of these.", limit=MOST_OBJECTS)
    object_id = accept_client_id(client_id)
    taken = any(row.id == object_id for row in rows)
    if taken or (client_id is not None and await ids_in_use(work, [client_id])):
        raise ValidationFailed("This id is taken.", path=("id",))
    row = kind.model(project_id=project_id, id=object_id, **values)
    await insert_rows(work, kind.model, [row.model_dump()])
    work.record(
        project_id, kind.created, object_id, {"state": kind.state(row)}, version=1, occurred_at=now_utc()
    )
    return object_id


async def change_object(
    work: Work, kind: ObjectKind, row: Any, expected: int, values: dict[str, Any], event: EventKind,
    now: datetime | None = None,
) -> UUID | None:  # fmt: skip
    """Set checked columns of one, by its version; the event's id, or None if nothing is different."""
    old = kind.state(row)
    new = {**old, **{name: plain(value) for name, value in values.items()}}
    delta = delta_between(old, new, kind.shape)
    given = {"project_id": row.project_id, "id": row.id, "version": expected, **values}
    if row.version != expected or (
        delta and not await compare_and_set(work, kind.model, [given], set(values), keys=("project_id", "id"))
    ):
        raise VersionConflict(kind.noun.lower(), row.id, expected=expected, current=row.version, clashes=[])
    if not delta:
        return None
    return work.record(
        row.project_id, event, row.id, {"delta": delta}, version=expected + 1, occurred_at=now or now_utc()
    )
