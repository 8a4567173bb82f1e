"""What hangs on tasks, in batches: who they are assigned to, and their labels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from struct import iter_unpack
from typing import Any

from sqlmodel import SQLModel

from app.accounts.models import User
from app.db import Reader
from app.kept_rows import Listing
from app.keys import Key, Keys
from app.projects.models import Label
from app.statements import Statement, sql, table


@dataclass(frozen=True, slots=True)
class _Held:
    """What tasks hold: the table of pairs, the column of it that names what is held, by what of it the held rows are
    told apart, and how these are found.
    """

    pairs: str
    id: str
    grouped: str
    joined: str

    def asked(self, of_one: bool) -> str:
        """The pairs ``h`` of the tasks that are asked for: $1 their projects (``of_one``: it is one), $2 their ids."""
        if of_one:
            return f"{self.pairs} h WHERE h.project_id = $1 AND h.task_id = ANY($2::ids::uuid[])"
        asked = "unnest($1::ids::uuid[], $2::ids::uuid[]) AS asked(project_id, id)"
        return f"{asked} JOIN {self.pairs} h ON h.project_id = asked.project_id AND h.task_id = asked.id"


_HELD: dict[type[SQLModel], _Held] = {
    User: _Held("task_assignees", "user_id", "h.user_id", "u.id = held.user_id"),
    Label: _Held(
        "task_labels", "label_id", "h.project_id, h.label_id",
        "u.project_id = held.project_id AND u.id = held.label_id AND u.deleted_at IS NULL",
    ),
}  # fmt: skip
_PLACE = attrgetter("place")
_NEEDED = {"project_id", "id", "name"}


@lru_cache(maxsize=256)
def _statement(model: type[SQLModel], columns: frozenset[str] | None, of_one: bool) -> Statement[Any]:
    """One row for each person or label, with all the tasks it is on: far fewer than one for each pair.

    Their ids come one after the other as bytes, which are looked up sooner than ids made of them.
    """
    held = _HELD[model]
    names = [column.name for column in table(model).c]
    chosen = [f"u.{name}" for name in names if columns is None or name in columns or name in _NEEDED]
    return sql(
        f"""
        SELECT {", ".join(chosen)}, held.task_ids FROM (
            SELECT {held.grouped}, string_agg(uuid_send(h.task_id), '') AS task_ids FROM {held.asked(of_one)}
            GROUP BY {held.grouped}
        ) held JOIN {table(model).name} u ON {held.joined} ORDER BY u.name, u.id
        """,  # noqa: S608 (names of ours)
        "projects", "ids",
        model=model,
    )  # fmt: skip


@lru_cache(maxsize=16)
def _pairs(model: type[SQLModel], of_one: bool) -> Statement[Any]:
    """The pairs of ids alone, a task's and what it holds, one after the other as bytes."""
    held = _HELD[model]
    pair = f"SELECT string_agg(uuid_send(h.task_id) || uuid_send(h.{held.id}), '')"
    return sql(f"{pair} FROM {held.asked(of_one)}", "projects", "ids")


_ID = 16
"""Bytes of an id."""


async def _by_task(
    reader: Reader, model: type[SQLModel], asked: Keys | Iterable[Key], columns: frozenset[str] | None,
    known: Listing | None,
) -> list[list[Any]]:  # fmt: skip
    keys = Keys.of(asked)
    if not keys:
        return []
    projects: Any = keys.packed(0) if keys.one is None else keys.one
    if known is not None:
        pairs = await reader.value(_pairs(model, keys.one is not None), projects=projects, ids=keys.packed(1))
        if (listed := _of_pairs(keys, pairs or b"", known)) is not None:
            return listed
    statement = _statement(model, columns, keys.one is not None)
    rows = await reader.rows(statement, projects=projects, ids=keys.packed(1))
    ids = [task_id.bytes for task_id in keys.columns[1]]
    found: dict[bytes, list[Any]] = {task_id: [] for task_id in ids}
    for row in rows:
        task_ids: bytes = row["task_ids"]
        for start in range(0, len(task_ids), _ID):
            found[task_ids[start : start + _ID]].append(row)
    return [found[task_id] for task_id in ids]


def _of_pairs(keys: Keys, pairs: bytes, known: Listing) -> list[list[Any]] | None:
    """The rows that each task holds, in their order, by pairs of ids; None if one of them is not known."""
    found: dict[bytes, list[Any]] = {task_id.bytes: [] for task_id in keys.columns[1]}
    rows = known.by_bytes
    try:
        for task_id, held_id in iter_unpack("16s16s", pairs):
            found[task_id].append(rows[held_id])
    except KeyError:
        return None
    for listed in found.values():
        if len(listed) > 1:
            listed.sort(key=_PLACE)
    if len(found) == len(keys):
        return list(found.values())
    return [found[task_id.bytes] for task_id in keys.columns[1]]


async def assignees_by_task(
    reader: Reader,
    keys: Keys | Iterable[Key],
    columns: frozenset[str] | None = None,
    known: Listing | None = None,
) -> list[list[User]]:
    """The people each task (project, id) is assigned to, by name, in the order of the tasks.

    ``columns``: those that the rows are wanted for (None: all). ``known``: rows that need not be read.
    """
    return await _by_task(reader, User, keys, columns, known)


async def labels_by_task(
    reader: Reader,
    keys: Keys | Iterable[Key],
    columns: frozenset[str] | None = None,
    known: Listing | None = None,
) -> list[list[Label]]:
    """The labels of each task (project, id) that are not deleted, by name."""
    found = await _by_task(reader, Label, keys, columns, known)
    if known is None or all(row.deleted_at is None for row in known.rows):
        return found
    return [[row for row in listed if row.deleted_at is None] for listed in found]
