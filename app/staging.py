"""Writes that one statement does together: rows of any number of tables, all or none.

A ``Write`` is a part of that statement (a data-modifying CTE) over rows that are given as one JSON text: as arrays, one
for each column, asyncpg looks at every value's type several times. All parts see the tables as they were before, so a
row may be changed by one part only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlmodel import SQLModel

from app.db import Reader
from app.errors import BadInput
from app.statements import Row, Statement, table

_DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]

Values = dict[str, Any]


class RaceLost(Exception):
    """A row that was decided on changed before it was written: the unit runs again."""


def kinds_of(model: type[SQLModel], columns: Iterable[str]) -> dict[str, str]:
    """The PostgreSQL types of columns."""
    target = table(model)
    return {name: target.c[name].type.compile(dialect=_DIALECT).split(" COLLATE")[0] for name in columns}


@dataclass(frozen=True, eq=False)
class Write:
    """One part. In ``text``, ``$given`` stands for the rows, with ``columns`` (names with PostgreSQL types), and
    ``$first`` for the first column: one value if all rows have the same (see ``app.gathering.Select``). Values are as
    JSON has them, or what ``as_json`` makes that of: ids and times also as texts.

    ``counted``: it returns a row for each that was written, and all that are given must be. ``unless`` names a write
    that does without this one for the rows (by ``project_id`` and ``id``) that it has itself.
    """

    name: str
    columns: Mapping[str, str]
    text: str
    counted: bool = False
    unless: str = ""

    @property
    def partitioned(self) -> bool:
        """Whether it matters that all its rows begin with the same."""
        return "$first" in self.text

    def part(self, first: int, *, alike: bool) -> tuple[str, int]:
        """Its CTE, whose parameters (the rows, how many, what all begin with if they are alike) have numbers from
        ``first`` on; and the next number."""
        rows = recordset("given", self.columns, first)
        following = first + 2
        name, kind = next(iter(self.columns.items()))
        begin = f"${following}::{kind}" if alike else f"given.{name}"
        text = self.text.replace("$given", rows).replace("$first", begin)
        return f"{self.name} AS ({text})", following + alike


def recordset(name: str, columns: Mapping[str, str], place: int) -> str:
    """Rows with these columns, for a statement's ``FROM``: a parameter holds them as ``as_json`` writes them, and the
    next one their number. By a limit that it does not know the planner expects a tenth of the hundred rows that it
    takes a function for: with more it would read a whole partition rather than look up each.
    """
    typed = ", ".join(f"{column} {kind}" for column, kind in columns.items())
    rows = f"json_to_recordset(${place}::json) AS listed({typed})"
    return f"(SELECT * FROM {rows} LIMIT ${place + 1}::bigint) AS {name}"  # noqa: S608 (names of ours)


def given(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """Those two parameters."""
    return [as_json(rows), len(rows)]


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as one JSON text. Raises ``BadInput`` for what no JSON can hold: half a character, a huge number."""
    try:
        return orjson.dumps(rows, default=_as_text).decode()
    except orjson.JSONEncodeError as unfit:
        raise BadInput("A value is out of range, or has characters that cannot be kept.") from unfit


def _as_text(value: Any) -> str:
    """What orjson does not know: ids as asyncpg makes them, and bytes."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    raise TypeError(type(value).__name__)


Form = tuple[Write, bool]
"""A write, and whether its rows are alike in their first column."""


def inserting(model: type[SQLModel], columns: Sequence[str]) -> Write:
    """A write that inserts rows."""
    name = table(model).name
    listed = ", ".join(columns)
    text = f"INSERT INTO {name} ({listed}) SELECT given.* FROM $given"  # noqa: S608 (names of ours)
    return Write(f"into_{name}", kinds_of(model, columns), text)


@dataclass
class Staged:
    """Writes that wait to be done together."""

    rows: dict[Write, list[Values]] = field(default_factory=dict)

    def add(self, write: Write, rows: Iterable[Values]) -> None:
        """Have these rows written too."""
        if fresh := list(rows):
            self.rows.setdefault(write, []).extend(fresh)

    def settle(self) -> None:
        """Leave out what others do anyway."""
        for write in [one for one in self.rows if one.unless]:
            other = next((rows for one, rows in self.rows.items() if one.name == write.unless), [])
            there = {(row["project_id"], row["id"]) for row in other}
            left = [row for row in self.rows.pop(write) if (row["project_id"], row["id"]) not in there]
            self.add(write, left)

    def forms(self) -> tuple[Form, ...]:
        """What is to be written, as statements are made for it."""
        return tuple((write, self._alike(write)) for write in sorted(self.rows, key=lambda write: write.name))

    def _alike(self, write: Write) -> bool:
        name = next(iter(write.columns))
        return write.partitioned and len({row[name] for row in self.rows[write]}) == 1

    def arguments(self) -> list[Any]:
        """What the writes' parameters hold."""
        arguments: list[Any] = []
        for write, alike in self.forms():
            rows = self.rows[write]
            arguments += given(rows)
            if alike:
                arguments.append(rows[0][next(iter(write.columns))])
        return arguments

    async def run(self, reader: Reader) -> None:
        """Write now, in a statement of its own. Raises ``RaceLost`` if a row was not there as it was decided on."""
        self.settle()
        if not self.rows:
            return
        arguments = self.arguments()
        statement = _alone(self.forms())
        self.rows = {}
        if not await reader.value(statement, **named(arguments)):
            raise RaceLost


def named(arguments: Sequence[Any]) -> dict[str, Any]:
    """Arguments by the names that ``numbers`` gives."""
    return {str(place): argument for place, argument in enumerate(arguments, 1)}


def numbers(count: int) -> list[str]:
    """Names of parameters that have none of their own: their numbers."""
    return [str(place) for place in range(1, count + 1)]


@lru_cache(maxsize=256)
def parts_of(forms: tuple[Form, ...]) -> tuple[list[str], str, int]:
    """The CTEs of these writes, the condition that all rows were written, and the number of the next parameter."""
    parts, whole, place = [], [], 1
    for write, alike in forms:
        if write.counted:
            whole.append(f"(SELECT count(*) FROM {write.name}) = ${place + 1}::bigint")  # noqa: S608 (ours)
        part, place = write.part(place, alike=alike)
        parts.append(part)
    return parts, " AND ".join(whole) or "true", place


@lru_cache(maxsize=256)
def _alone(forms: tuple[Form, ...]) -> Statement[Any]:
    parts, whole, following = parts_of(forms)
    return Statement(f"WITH {', '.join(parts)} SELECT {whole}", Row, *numbers(following - 1))
