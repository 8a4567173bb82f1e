"""The cards of columns and lanes: pages of tasks by rank, merged over the statuses of a column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any
from uuid import UUID

from app.boards.models import BoardSwimlanes
from app.boards.reads import BACKLOG, NO_LANE, lane_condition
from app.boards.shown import filters_of_boards
from app.errors import BadInput
from app.paging import Condition, Page, StandIns, counts_by_parent, pages_by_parent
from app.projects.reads import STATUSES, by_project
from app.tasks.filters import TASKS, filter_conditions, in_statuses, task_orders
from app.tasks.grammar import TaskFilter, all_of
from app.tasks.models import Task
from app.views.reads import TaskList, counts_of_views, pages_of_views
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


@dataclass(frozen=True)
class Cards:
    """The tasks of a place that conditions hold for. Of equal conditions all have the same sequence."""

    place: Place
    conditions: Sequence[Condition]

    @property
    def listed(self) -> TaskList:
        inside = in_statuses(self.place.status_ids)
        return TaskList([self.place.project_id], [inside, *self.conditions], _ORDER)


async def connections_of(
    context: Context,
    asked: Sequence[Cards],
    page: Paging,
    columns: Columns,
    stand_ins: StandIns | None = None,
) -> list[Any]:
    """A connection of each one's tasks by rank, in one statement for all (and one more for their totals).

    ``stand_ins``: what is read instead of the tables.
    """
    request = page.request(_ORDER)
    reader = await context.reader()
    counter = count_cards if stand_ins is None else partial(count_cards, stand_ins=stand_ins)
    if len({id(one.conditions) for one in asked}) > 1:
        pages = await pages_of_views(reader, [one.listed for one in asked], request, stand_ins)
        return [connection(found, counter, one) for found, one in zip(pages, asked, strict=True)]
    keys = list(dict.fromkeys(key for one in asked for key in one.place.keys))
    conditions = asked[0].conditions if asked else ()
    names = ("project_id", "status_id")
    found = await pages_by_parent(
        reader, TASKS, Task, keys, names, _ORDER, request, conditions, columns, stand_ins
    )
    by_key = dict(zip(keys, found, strict=True))
    return [
        connection(
            _merged([by_key[key] for key in one.place.keys], request.size, request.backward), counter, one
        )
        for one in asked
    ]


async def count_cards(context: Context, asked: list[Cards], stand_ins: StandIns | None = None) -> list[int]:
    """How many tasks each has, in one statement."""
    reader = await context.reader()
    if len({id(one.conditions) for one in asked}) > 1:
        return await counts_of_views(reader, [one.listed for one in asked], stand_ins)
    keys = list(dict.fromkeys(key for one in asked for key in one.place.keys))
    names, conditions = ("project_id", "status_id"), asked[0].conditions if asked else ()
    counts = await counts_by_parent(reader, TASKS, keys, names, conditions, stand_ins)
    known = dict(zip(keys, counts, strict=True))
    return [sum(known[key] for key in one.place.keys) for one in asked]


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


async def shown_on(
    context: Context, boards: Sequence[Any], asked: TaskFilter | None = None
) -> list[Sequence[Condition]]:
    """What each board's cards fulfil, with a filter that is asked besides. Equal ones are the same object."""
    filters = await filters_of_boards(
        await context.reader(), [(board.view_id, board.filter) for board in boards]
    )
    whole = [asked if one is None else one if asked is None else all_of([one, asked]) for one in filters]
    scope = await filter_scope(context, next((one for one in whole if one is not None), None))
    # A filter of a board is one object for all its columns; what is asked besides is one for all.
    made: dict[int, Sequence[Condition]] = {}
    for one, kept in zip(whole, filters, strict=True):
        if id(kept) not in made:
            made[id(kept)] = filter_conditions(one, scope)
    return [made[id(kept)] for kept in filters]


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
    conditions = await shown_on(context, [parent.board for parent in parents], read_filter(filter))
    if lane is not None:
        conditions = in_lane([parent.board for parent in parents], conditions, lane)
    asked = [Cards(parent.place, one) for parent, one in zip(parents, conditions, strict=True)]
    return await connections_of(context, asked, page, columns)


def in_lane(
    boards: Sequence[Any], conditions: Sequence[Sequence[Condition]], lane: str
) -> list[Sequence[Condition]]:
    """What the cards of one lane of each board fulfil. Equal ones are the same object."""
    made: dict[tuple[str, int], Sequence[Condition]] = {}
    found = []
    for board, one in zip(boards, conditions, strict=True):
        key = (board.swimlanes, id(one))
        if key not in made:
            made[key] = [*one, lane_condition(board.swimlanes, read_lane(board.swimlanes, lane))]
        found.append(made[key])
    return found


@paged
async def backlog_of_projects(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
    in_sprint: bool | None = None,
) -> list[Any]:
    """The tasks of each project that are in statuses of the category BACKLOG."""
    conditions = filter_conditions(read_filter(filter), await filter_scope(context, filter))
    if in_sprint is not None:
        sprint = TASKS.c.sprint_id
        conditions = [*conditions, sprint.is_not(None) if in_sprint else sprint.is_(None)]
    statuses = await by_project(await context.reader(), STATUSES, list({parent.id for parent in parents}))
    places = [
        Place(parent.id, tuple(one.id for one in statuses[parent.id] if one.category == BACKLOG))
        for parent in parents
    ]
    return await connections_of(context, [Cards(place, conditions) for place in places], page, columns)


_READ: dict[str, Callable[[str], Any]] = {
    BoardSwimlanes.ASSIGNEE: lambda key: read_id(key, "User"),
    BoardSwimlanes.LABEL: lambda key: read_id(key, "Label"),
    BoardSwimlanes.EPIC: lambda key: read_id(key, "Task"),
    BoardSwimlanes.PRIORITY: ("0", "1", "2", "3", "4").index,
}


def read_lane(swimlanes: str, key: str) -> Any:
    """What a lane's key names; raises ``BadInput``."""
    if swimlanes not in _READ:
        raise BadInput("This board has no lanes: leave `lane` out, or give the board swimlanes.")
    if key == NO_LANE:
        return None
    try:
        return _READ[swimlanes](key)
    except ValueError:
        which = (
            "The lanes of this board are priorities, from 0 to 4. "
            if swimlanes == BoardSwimlanes.PRIORITY
            else ""
        )
        raise BadInput(f"{which}This is not the key of a lane: send one that `lanes` gave you.") from None
