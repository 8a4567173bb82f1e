"""What sprints, milestones and custom fields share: a place in a project, an id with it, and who may change them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.cursors import Order
from app.paging import Fixed
from app.permissions import Permission
from app.projects.access import may
from app.projects.reads import rows_by_key
from app.statements import Statement
from app.work import Action
from schema.context import Columns, Context
from schema.edges import Info
from schema.ids import read_word_id
from schema.inputs import given, present
from schema.mutating import PayloadT, positions_of, write

Key = tuple[UUID, UUID]


async def projects_of(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    """The project of each."""
    found = await context.projects([parent.project_id for parent in parents])
    return [found[parent.project_id] for parent in parents]


def permitted(permission: Permission) -> Any:
    """Whether the viewer may do this to each: not to a deleted one."""

    async def of_rows(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
        found = await context.projects([parent.project_id for parent in parents])
        return [may(found[parent.project_id], permission) and parent.deleted_at is None for parent in parents]

    return of_rows


def fetching(statement: Statement[Any]) -> Any:
    """A fetcher of nodes by (project, id), deleted ones too: history may name them."""

    async def fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
        visible = await context.projects([one[0] for one in ids])
        keys = [(one[0], one[1]) for one in ids if one[0] in visible]
        found = await rows_by_key(await context.reader(), statement, keys)
        return [found.get((one[0], one[1])) for one in ids]

    return fetch


def referred(statement: Statement[Any], column: str) -> Any:
    """The one that a column of each task names; None where it is deleted."""

    async def of_tasks(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
        keys = [(parent.project_id, getattr(parent, column)) for parent in parents]
        found = await rows_by_key(
            await context.reader(), statement, [key for key in keys if key[1] is not None]
        )
        rows = [found.get(key) for key in keys]
        return [None if row is None or row.deleted_at is not None else row for row in rows]

    return of_tasks


def in_order(target: Any) -> tuple[list[Order], Fixed]:
    """By rank, and those alone that are not deleted."""
    return [Order(target.c.rank, "rank"), Order(target.c.id, "id")], Fixed([target.c.deleted_at.is_(None)])


def read_values(input: Any, kind: str, names: Sequence[str]) -> dict[str, Any]:
    """The fields that were sent, with the neighbours to stand by."""
    values = present(input, *(name for name in names if hasattr(input, name)))
    for anchor in ("before_id", "after_id"):
        if given(getattr(input, anchor, None)):
            values[anchor] = read_word_id(getattr(input, anchor), kind)[1]
    return values


async def written_within(info: Info, input: Any, action: Action, payload: type[PayloadT]) -> PayloadT:
    """Run an action on one of them; its payload names it by ``key``."""
    outcome = await write(info, input, action)
    made: Any = payload
    key = (UUID(outcome.result["project_id"]), UUID(outcome.result["id"]))
    return made(key=key, positions=positions_of(outcome))  # type: ignore[no-any-return]
