"""The Relay node interface: what can be fetched again by its global id."""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import strawberry
from sqlmodel import SQLModel

from app.collecting import Found
from app.statements import Row
from schema.context import Columns, Context
from schema.edges import READS, edge
from schema.ids import global_id

OF_PROJECTS = frozenset({"Project", "Status", "Label", "TaskType", "Task", "Comment"})
"""Kinds whose fetchers look their projects up by the context, so that it is known what an answer hangs on."""
_NAMES: dict[type, str] = {}
_WITHIN: set[str] = set()
FETCHERS: dict[str, Callable[[Context, list[tuple[UUID, ...]]], Awaitable[list[Any]]]] = {}
"""By kind: ``(context, uuids of each) -> one row or None each``, under the viewer's access."""


_ROWS = (Row, Found)


def node_id(root: Any) -> strawberry.ID:
    """A row's global id."""
    kind = _NAMES[type(root).model]
    if kind in _WITHIN:
        return global_id(kind, root.project_id, root.id)  # type: ignore[return-value]  # an ID is a str
    return global_id(kind, root.id)  # type: ignore[return-value]


def _node_ids(rows: Sequence[Any]) -> list[str]:
    """The same for many rows of one table: there are hundreds on a board."""
    if len(rows) == 1 or len(set(map(type, rows))) != 1 or not isinstance(rows[0], _ROWS):
        return list(map(node_id, rows))
    model = type(rows[0]).model
    kind = _NAMES[model] if model is not None else ""
    if kind in _WITHIN:
        texts = [f"{kind}:{row.project_id.hex}:{row.id.hex}" for row in rows]
    else:
        texts = [f"{kind}:{row.id.hex}" for row in rows]
    # All at once, for they are of one length: filled up with zeros, which are encoded like nothing (RFC 4648,
    # section 3.5), each begins with a group of its own.
    padded = -len(texts[0]) % 3
    whole = b2a_base64(("\0" * padded).join([*texts, ""]).encode(), newline=False).decode()
    step = (len(texts[0]) + padded) // 3 * 4
    return [whole[start : start + step - padded] for start in range(0, len(whole), step)]


node_id.of_all = _node_ids  # type: ignore[attr-defined]
node_id.of_row_alone = True  # type: ignore[attr-defined]


@strawberry.interface(description="Anything with an id by which it can be fetched again.")
class Node:
    id: strawberry.ID = strawberry.field(
        resolver=node_id,
        description="Opaque, the same for as long as it exists.",
        metadata={READS: ("id", "project_id")},
    )


def is_row_of(model: type[SQLModel], kind: str, *, within_project: bool = False) -> Any:
    """For a type's ``is_type_of``: whether a value is a row of this table. Names the kind of its ids."""
    _NAMES[model] = kind
    if within_project:
        _WITHIN.add(kind)

    def is_type_of(value: Any, info: Any) -> bool:
        return getattr(type(value), "model", None) is model

    is_type_of.by_class = True  # type: ignore[attr-defined]  # one row of a class tells for all
    return is_type_of


async def nodes_by_id(context: Context, parents: list[Any], columns: Any) -> list[Any]:
    """The objects of (kind, uuids) pairs; None for what is not there for the viewer."""
    found: dict[tuple[str, tuple[UUID, ...]], Any] = {}
    kinds = dict.fromkeys(kind for kind, _ in parents)
    for kind in kinds:
        if kind in FETCHERS:
            parts = 2 if kind in _WITHIN else 1
            asked = list(
                dict.fromkeys(uuids for other, uuids in parents if other == kind and len(uuids) == parts)
            )
            rows = await FETCHERS[kind](context, asked)
            found |= {(kind, uuids): row for uuids, row in zip(asked, rows, strict=True)}
    values = [found.get((kind, uuids)) for kind, uuids in parents]
    if None in values or not OF_PROJECTS.issuperset(kinds):
        context.missed = True
    return values


def node_edge(kind: str, attribute: str, description: str) -> Any:
    """An edge to the object whose uuid (or project and uuid) is in an attribute; null where that is None or hidden.

    What a mutation has just written is not read again for columns that are known.
    """

    async def of_rows(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
        values = [getattr(parent, attribute) for parent in parents]
        asked = [
            (kind, value if isinstance(value, tuple) else (value,)) for value in values if value is not None
        ]
        found = iter(await nodes_by_id(context, asked, columns) if asked else ())
        return [None if value is None else next(found) for value in values]

    def at_hand(context: Context, parents: Sequence[Any], columns: Columns) -> list[Any] | None:
        left = context.left(getattr(parents[0], attribute), columns) if len(parents) == 1 else None
        return None if left is None or left.model is None or _NAMES[left.model] != kind else [left]

    of_rows.at_hand = at_hand  # type: ignore[attr-defined]
    return edge(of_rows, description, reads=(attribute,))
