"""How a moment is asked for, and finding it for many projects at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from app.errors import BadInput
from app.events.cursors import Cursor
from app.history.moments import Moment, When, moments_of
from schema.context import Columns, Context
from schema.inputs import optional


@strawberry.input(
    one_of=True, description="A moment of a project: one of a cursor of its log, a number in it, a time."
)
class AsOfInput:
    cursor: str | None = optional("Just after the event of this cursor, as a position gave it.")
    seq: int | None = optional("Just after the event of this number.")
    time: datetime | None = optional(
        "What had been recorded by then. What was imported was recorded when it was imported."
    )


def read_when(given: AsOfInput) -> When:
    """The input as the application takes it."""
    if isinstance(given.cursor, str):
        return When(cursor=Cursor.decode(given.cursor))
    if isinstance(given.seq, int):
        return When(seq=given.seq)
    if isinstance(given.time, datetime):
        if given.time.tzinfo is None:
            raise BadInput("Say in which time zone: 2026-01-31T12:00:00Z.")
        return When(time=given.time)
    raise BadInput("Say which moment: a cursor, a seq or a time.")


async def moments(context: Context, project_ids: Sequence[UUID], at: AsOfInput) -> dict[UUID, Moment]:
    """That moment of each of these projects, which the viewer may see today."""
    seen = await context.projects(project_ids)
    return await moments_of(await context.reader(), list(seen), read_when(at))


async def projects_as_of(context: Context, parents: list[Any], columns: Columns, at: AsOfInput) -> list[Any]:
    """Each project as it was; None where it was not there yet."""
    found = await moments(context, [parent.id for parent in parents], at)
    return [found.get(parent.id) for parent in parents]
