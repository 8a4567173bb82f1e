"""The cards of columns and lanes: pages of tasks by rank, merged over the statuses of a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

from app.boards.models import BoardSwimlanes
from app.boards.reads import BACKLOG, NO_LANE, lane_condition
from app.errors import BadInput
from app.paging import Condition, Page, counts_by_parent, pages_by_parent
from app.projects.reads import STATUSES, by_project
from app.tasks.filters import TASKS, filter_conditions, task_orders
from app.tasks.models import Task
from schema.context import Columns, Context
from schema.ids import read_id
from schema.paging import Paging, connection, paged
from schema.tasks.filters import TaskFilterInput, filter_scope, read_filter

Key = tuple[UUID, UUID]
_ORDER = task_orders([])
_place = attrgetter("rank", "id")


@dataclass(frozen=True)
class Place:
    """A column, or a backlog: statuses of a project whose tasks are one list."""

    project_id: UUID
    status_ids: tuple[UUID, ...]

    @property
    def keys(self) -> list[Key]:
        return [(self.project_id, status_id) for status_id in self.status_ids]


async def cards_of_places(
    context: Context, places: Sequence[Place], page: Paging, conditions: Sequence[Condition], columns: Columns
) -> list[Any]:
    """A connection of each place's tasks by rank, in one statement for all (and one more for their totals)."""
    request = page.request(_ORDER)
    keys = list(dict.fromkeys(key for place in places for key in place.keys))
    reader, names = await context.reader(), ("project_id", "status_id")
    found = await pages_by_parent(reader, TASKS, Task, keys, names, _ORDER, request, conditions, columns)
    pages = dict(zip(keys, found, strict=True))

    async def count(context: Context, asked: list[Place]) -> list[int]:
        wanted = list(dict.fromkeys(key for place in asked for key in place.keys))
        counts = await counts_by_parent(await context.reader(), TASKS, wanted, names, conditions)
        known = dict(zip(wanted, counts, strict=True))
        return [sum(known[key] for key in place.keys) for place in asked]

    return [
        connection(_merged([pages[key] for key in place.keys], request.size, request.backward), count, place)
        for place in places
    ]


def _merged(pages: list[Page], size: int, backward: bool) -> Page:
    """One page of several lists of one order: the first (or last) rows of all together."""
    rows = sorted((row for page in pages for row in page.rows), key=_place)
    kept = rows[-size:] if backward and size else rows[:size]
    more = len(rows) > len(kept)
    return Page(
        _ORDER, kept,
        has_next=any(page.has_next for page in pages) or (more and not backward),
        has_previous=any(page.has_previous for page in pages) or (more and backward),
    )  # fmt: skip


@paged
async def cards_of_columns(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
    lane: str | None = None,
) -> list[Any]:
    """The cards of each column, or of one lane of it."""
    conditions = list(filter_conditions(read_filter(filter), await filter_scope(context, filter)))
    if lane is None:
        fixed = filter_conditions(None, await filter_scope(context, None)) if filter is None else conditions
        return await cards_of_places(context, [parent.place for parent in parents], page, fixed, columns)
    found: dict[int, Any] = {}
    for swimlanes in dict.fromkeys(parent.swimlanes for parent in parents):
        numbers = [number for number, parent in enumerate(parents) if parent.swimlanes == swimlanes]
        inside = [*conditions, lane_condition(swimlanes, read_lane(swimlanes, lane))]
        places = [parents[number].place for number in numbers]
        found |= dict(
            zip(numbers, await cards_of_places(context, places, page, inside, columns), strict=True)
        )
    return [found[number] for number in range(len(parents))]


@paged
async def backlog_of_projects(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
) -> list[Any]:
    """The tasks of each project that are in statuses of the category BACKLOG."""
    conditions = filter_conditions(read_filter(filter), await filter_scope(context, filter))
    statuses = await by_project(await context.reader(), STATUSES, list({parent.id for parent in parents}))
    places = [
        Place(parent.id, tuple(one.id for one in statuses[parent.id] if one.category == BACKLOG))
        for parent in parents
    ]
    return await cards_of_places(context, places, page, conditions, columns)


_READ: dict[str, Callable[[str], Any]] = {
    BoardSwimlanes.ASSIGNEE: lambda key: read_id(key, "User"),
    BoardSwimlanes.LABEL: lambda key: read_id(key, "Label"),
    BoardSwimlanes.EPIC: lambda key: read_id(key, "Task"),
    BoardSwimlanes.PRIORITY: int,
}


def read_lane(swimlanes: str, key: str) -> Any:
    """What a lane's key names; raises ``BadInput``."""
    if key == NO_LANE or swimlanes not in _READ:
        return None
    try:
        return _READ[swimlanes](key)
    except ValueError:
        raise BadInput("This is not the key of a lane of ours. Send one that `lanes` gave you.") from None
