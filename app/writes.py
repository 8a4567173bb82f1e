"""Batched inserts and compare-and-sets: one statement whatever the number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Date, DateTime, Uuid
from sqlmodel import SQLModel

from app.gathering import Select
from app.staging import Values as Values  # noqa: PLC0414
from app.staging import kinds_of
from app.statements import Row, Statement, sql, table
from app.work import Work


def _unnest(model: type[SQLModel], columns: Sequence[str]) -> str:
    kinds = kinds_of(model, columns).values()
    return ", ".join(f"${place}::{kind}[]" for place, kind in enumerate(kinds, 1))


@lru_cache(maxsize=512)
def _insert(model: type[SQLModel], columns: tuple[str, ...]) -> Statement[Any]:
    target = table(model)
    names = ", ".join(columns)
    source = _unnest(model, columns)
    return sql(f"INSERT INTO {target.name} ({names}) SELECT * FROM unnest({source})", *columns)  # noqa: S608


TAKEN: Select[Any] = Select({"id": "uuid"}, ("taken.id",), "FROM ids_in_use($keys) AS taken(id)", model=Row)
"""Those of some ids that are something's already, as a select that is gathered with others."""

_IDS_IN_USE = sql("SELECT ids_in_use($1)", "ids")


async def ids_in_use(work: Work, ids: Sequence[UUID]) -> bool:
    """Whether any of these ids is something's already, wherever it is: nothing else of it is told."""
    return bool(ids) and bool(await work.rows(_IDS_IN_USE, ids=list(ids)))


async def insert_rows(work: Work, model: type[SQLModel], rows: Sequence[Values]) -> None:
    """Insert rows that all have the same columns."""
    if rows:
        columns = tuple(rows[0])
        await work.run(_insert(model, columns), **{name: [row[name] for row in rows] for name in columns})


@lru_cache(maxsize=1024)
def _update(
    model: type[SQLModel], keys: tuple[str, ...], columns: tuple[str, ...], versioned: bool
) -> Statement[Any]:
    target = table(model)
    given = (*keys, *(("version",) if versioned else ()), *columns)
    sets = [f"{name} = given.{name}" for name in columns]
    match = [f"target.{name} = given.{name}" for name in keys]
    if versioned:
        sets.append("version = target.version + 1")
        match.append("target.version = given.version")
    return sql(
        f"UPDATE {target.name} AS target SET {', '.join(sets)} "  # noqa: S608
        f"FROM unnest({_unnest(model, given)}) AS given({', '.join(given)}) "
        f"WHERE {' AND '.join(match)} RETURNING target.{keys[-1]} AS id",
        *given,
    )


async def _set(
    work: Work,
    model: type[SQLModel],
    keys: tuple[str, ...],
    rows: Sequence[Values],
    columns: set[str],
    versioned: bool,
) -> set[UUID]:
    if not rows:
        return set()
    changed = tuple(sorted(columns))
    statement = _update(model, keys, changed, versioned)
    given = (*keys, *(("version",) if versioned else ()), *changed)
    found = await work.rows(statement, **{name: [row[name] for row in rows] for name in given})
    return {row.id for row in found}


async def compare_and_set(
    work: Work, model: type[SQLModel], rows: Sequence[Values], columns: set[str], *, keys: tuple[str, ...]
) -> set[UUID]:
    """Set ``columns`` of each row whose ``version`` is still the given one, and raise the version by one.

    Each row holds its keys, the version it was decided on, and all of ``columns``. Returns the ids (the last key)
    of the rows that were written: a missing one lost a race, and its unit must run again or refuse.
    """
    return await _set(work, model, keys, rows, columns, versioned=True)


async def set_unversioned(
    work: Work, model: type[SQLModel], rows: Sequence[Values], columns: set[str], *, keys: tuple[str, ...]
) -> set[UUID]:
    """Set columns that bump no version (a rank, a read mark)."""
    return await _set(work, model, keys, rows, columns, versioned=False)


def row_of(model: type[SQLModel], state: dict[str, Any], project_id: UUID) -> dict[str, Any]:
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
