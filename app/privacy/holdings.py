"""Everything that is held about a person, read from the tables' own descriptions: a new table is in it by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Column, LargeBinary, Table
from sqlmodel import SQLModel

from app.db import Database, Reader
from app.statements import Statement, sql

PAGE = 1000
PERSON_COLUMNS = ("user_id", "actor_id")
"""Columns that say whose a row is, where no foreign key does."""

PLACES = ("project_id", "workspace_id", "scope_id")
"""Columns that say where a row is: such tables are read place by place, by their index."""

APART = {
    "mutation_outcomes": "ids of what was answered, kept 30 days for retries",
    "passwords": "nothing but a hash",
}
"""Tables of a person's rows that are left out, and why."""

_SECRET = ("hash", "secret")


@dataclass(frozen=True)
class Holding:
    """A table with a person's rows: ``place`` is the column by which it is read part by part, if it has one."""

    table: str
    owners: tuple[str, ...]
    place: str | None
    key: tuple[str, ...]
    columns: tuple[str, ...]


@lru_cache(maxsize=1)
def holdings() -> tuple[Holding, ...]:
    """Every table that has rows of people, by name; columns that hold secrets are left out."""
    found = []
    for table in sorted(SQLModel.metadata.tables.values(), key=lambda one: one.name):
        owners = tuple(column.name for column in table.c if _names_a_person(column))
        if owners and table.name not in APART:
            found.append(_holding(table, owners))
    return tuple(found)


def _names_a_person(column: Column[Any]) -> bool:
    pointing = any(key.target_fullname == "users.id" for key in column.foreign_keys)
    return pointing or column.name in PERSON_COLUMNS


def _holding(table: Table, owners: tuple[str, ...]) -> Holding:
    primary = [column.name for column in table.primary_key]
    place = next((name for name in PLACES if name in primary), None)
    if place is None and table.name == "audit_entries":
        place = "workspace_id"
    key = tuple(name for name in primary if name != place)
    shown = tuple(
        column.name
        for column in table.c
        if not isinstance(column.type, LargeBinary) and not any(word in column.name for word in _SECRET)
    )
    return Holding(table.name, owners, place, key, shown)


async def person(database: Database, user_id: UUID) -> dict[str, Any] | None:
    """The person's own row."""
    async with database.snapshot(user_id) as reader:
        row = await reader.row(_PERSON, user=user_id)
    return None if row is None else {name: value for name, value in dict(row).items() if "hash" not in name}


async def rows_of(database: Database, user_id: UUID, holding: Holding) -> AsyncIterator[list[dict[str, Any]]]:
    """The person's rows of one table in pages, as far as they may see them today. Each page is a transaction."""
    if holding.place is None:
        async for page in _pages(database, user_id, holding, None):
            yield page
        return
    async with database.snapshot(user_id) as reader:
        places = await _places(reader, user_id)
    for place in places[holding.place]:
        async for page in _pages(database, user_id, holding, place):
            yield page


async def _pages(
    database: Database, user_id: UUID, holding: Holding, place: UUID | None
) -> AsyncIterator[list[dict[str, Any]]]:
    last: Sequence[Any] | None = None
    while True:
        statement = _select(holding, last is not None)
        given = {"user": user_id, "place": place}
        given |= {f"after_{name}": value for name, value in zip(holding.key, last or (), strict=False)}
        async with database.snapshot(user_id) as reader:
            rows = await reader.rows(statement, **given)
        if rows:
            yield [{name: row[name] for name in holding.columns} for row in rows]
        if len(rows) < PAGE:
            return
        last = [rows[-1][name] for name in holding.key]


@lru_cache(maxsize=256)
def _select(holding: Holding, going_on: bool) -> Statement[Any]:
    """Names come from our own tables, values are parameters."""
    mine = " OR ".join(f"{name} = $1" for name in holding.owners)
    conditions = [f"({mine})"]
    names = ["user"]
    if holding.place is not None:
        names.append("place")
        conditions.append(f"{holding.place} = ${len(names)}")
    if going_on:
        marks = []
        for name in holding.key:
            names.append(f"after_{name}")
            marks.append(f"${len(names)}")
        conditions.append(f"({', '.join(holding.key)}) > ({', '.join(marks)})")
    columns = ", ".join(dict.fromkeys((*holding.columns, *holding.key)))
    text = (
        f"SELECT {columns} FROM {holding.table} WHERE {' AND '.join(conditions)} "  # noqa: S608
        f"ORDER BY {', '.join(holding.key)} LIMIT {PAGE}"
    )
    return sql(text, *names)


async def _places(reader: Reader, user_id: UUID) -> dict[str, list[UUID]]:
    projects = [row.project_id for row in await reader.rows(_PROJECTS, user=user_id)]
    workspaces = [row.workspace_id for row in await reader.rows(_WORKSPACES, user=user_id)]
    return {
        "project_id": projects,
        "workspace_id": workspaces,
        "scope_id": [user_id, *projects, *workspaces],
    }


_PERSON = sql("SELECT * FROM users WHERE id = $1", "user")
_PROJECTS = sql("SELECT project_id FROM project_roles($1) ORDER BY project_id", "user")
_WORKSPACES = sql(
    "SELECT workspace_id FROM workspace_members WHERE user_id = $1 ORDER BY workspace_id", "user"
)
