"""Stamps: what an answer from some projects can change by. While its stamp is the same, the answer is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import Database, Reader
from app.events.cursors import Cursor
from app.events.log import Position
from app.statements import Statement, sql

_STAMP: Statement[Any] = sql(
    "SELECT scope_id, seq, head_event_id, told, own FROM answer_stamp($1, $2)", "viewer", "projects"
)
# Keys as bytes, which cost asyncpg less than an array; and nothing that only positions need.
_STAMP_NOW: Statement[Any] = sql(
    "SELECT told, own FROM answer_stamp($1, $2::ids::uuid[])", "viewer", "projects"
)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where everything behind an answer stands, for one person.

    ``shared`` is the same for all who see these projects in the same roles; ``own`` also moves with what else the
    person gains or loses.
    """

    shared: str
    own: int
    rows: Sequence[Any]

    def positions(self) -> dict[UUID, Position]:
        """Those of the projects that the person sees."""
        return {
            row["scope_id"]: Position(
                row["scope_id"], row["seq"], Cursor.at(row["scope_id"], row["seq"], row["head_event_id"])
            )
            for row in self.rows
        }


async def stamp_of(reader: Reader, viewer_id: UUID, project_ids: Iterable[UUID]) -> Stamp:
    """The stamp of these projects for a person, in one statement. It needs no declaration: it tells no content."""
    rows = await reader.rows(_STAMP, viewer=viewer_id, projects=list(project_ids))
    return _stamp(rows)


async def stamp_now(database: Database, viewer_id: UUID, projects: bytes) -> Stamp:
    """The stamp by everything that was committed before this is called, without positions.

    ``projects``: keys as `app.keys.packed` makes them.
    """
    rows = await database.glance(_STAMP_NOW, viewer=viewer_id, projects=projects)
    return _stamp(rows)


def _stamp(rows: Sequence[Any]) -> Stamp:
    if len(rows) == 1:
        return Stamp(rows[0]["told"], rows[0]["own"], rows)
    return Stamp(",".join([row["told"] for row in rows]), rows[0]["own"] if rows else 0, rows)
