"""Boards, their columns and lanes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.boards import models
from app.boards.reads import (
    BOARDS,
    COUNTED_UP_TO,
    NO_LANE,
    counts_in_statuses,
    lanes_among,
    lanes_of_boards,
)
from app.boards.rules import Column, columns_of
from app.boards.shown import filters_of_boards
from app.permissions import Permission
from app.projects.access import access_people, may
from app.projects.reads import LABELS, STATUSES, by_project
from app.tasks.grammar import EVERYTHING
from app.tasks.reads import tasks_by_key
from app.views.access import access_views
from schema.accounts.types import User
from schema.boards.cards import Cards, Place, cards_of_columns, count_cards, shown_on
from schema.boards.enums import BoardLimitMode, BoardSwimlanes
from schema.boards.then import boards_as_of
from schema.context import Columns, Context
from schema.edges import column, derived, edge
from schema.ids import global_id
from schema.nodes import FETCHERS, Node, is_row_of
from schema.paging import Connection
from schema.query_language.spelling import kept_filter_as_input
from schema.query_language.types import printed_queries

if TYPE_CHECKING:
    from schema.boards.as_of import BoardAsOf
    from schema.projects.types import Label, Project, Status
    from schema.tasks.types import Task
    from schema.views.types import View


async def _statuses(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    projects = list({parent.place.project_id for parent in parents})
    rows = await by_project(await context.reader(), STATUSES, projects)
    words = {row.id: row for listed in rows.values() for row in listed}
    return [[words[one] for one in parent.place.status_ids] for parent in parents]


async def _counts(context: Context, parents: list[Any], columns: Columns) -> list[int]:
    """One statement for the columns of boards of every task, one for those of the others, and one for views."""
    whole = [parent for parent in parents if not _narrowed(parent.board)]
    found = await counts_in_statuses(
        await context.reader(), [key for parent in whole for key in parent.place.keys]
    )
    counts = {id(parent): sum(found[key] for key in parent.place.keys) for parent in whole}
    others = [parent for parent in parents if _narrowed(parent.board)]
    if others:
        conditions = await shown_on(context, [parent.board for parent in others])
        asked = [Cards(parent.place, one) for parent, one in zip(others, conditions, strict=True)]
        counts |= dict(zip(map(id, others), await count_cards(context, asked), strict=True))
    return [min(COUNTED_UP_TO + 1, counts[id(parent)]) for parent in parents]


def _narrowed(board: Any) -> bool:
    """Whether a board shows some of its project's tasks only."""
    return board.view_id is not None or board.filter is not None


async def _over_limits(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    counts = await _counts(context, parents, columns)
    return [
        parent.limit is not None and count > parent.limit
        for parent, count in zip(parents, counts, strict=True)
    ]


@strawberry.type(description="A column of a board.")
class BoardColumn:
    place: strawberry.Private[Place]
    board: strawberry.Private[Any]
    id: strawberry.ID = strawberry.field(description="The column, within its board.")
    name: str = strawberry.field(description="Its name.")
    status_ids: list[strawberry.ID] = strawberry.field(description="The ids of its statuses.")
    limit: int | None = strawberry.field(description="How many tasks there should be at most.")
    limit_mode: BoardLimitMode = strawberry.field(description="What the limit does.")
    statuses: list[Annotated[Status, strawberry.lazy("schema.projects.types")]] = edge(
        _statuses, "The statuses whose tasks stand in it. A card that is dropped here takes the first."
    )
    count: int = edge(
        _counts, f"How many tasks there are: exact up to {COUNTED_UP_TO:,}, else {COUNTED_UP_TO + 1:,}."
    )
    over_limit: bool = edge(_over_limits, "Whether there are more tasks than its limit says.")
    cards: Connection[Annotated[Task, strawberry.lazy("schema.tasks.types")]] = edge(
        cards_of_columns, "Its tasks by rank; with `lane`, those of one lane."
    )


@strawberry.type(description="A lane of a board: what the cards in it have in common.")
class BoardLane:
    key: str = strawberry.field(description="For `cards(lane:)`.")
    priority: int | None = strawberry.field(description="Of PRIORITY.")
    user: User | None = strawberry.field(description="Of ASSIGNEE: who; null for nobody.")
    label: Annotated[Label, strawberry.lazy("schema.projects.types")] | None = strawberry.field(
        description="Of LABEL: which; null for none."
    )
    epic: Annotated[Task, strawberry.lazy("schema.tasks.types")] | None = strawberry.field(
        description="Of EPIC: which; null for none."
    )


def _columns(root: Any) -> list[BoardColumn]:
    return [_column(root, one) for one in columns_of(root.columns)]


def _column(board: Any, one: Column) -> BoardColumn:
    project_id = board.project_id
    return BoardColumn(
        place=Place(project_id, one.status_ids), board=board, id=strawberry.ID(str(one.id)),
        name=one.name, limit=one.limit, limit_mode=BoardLimitMode(one.mode),
        status_ids=[strawberry.ID(global_id("Status", project_id, status)) for status in one.status_ids],
    )  # fmt: skip


async def _projects(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    found = await context.projects([parent.project_id for parent in parents])
    return [found[parent.project_id] for parent in parents]


async def _permitted(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    found = await context.projects([parent.project_id for parent in parents])
    return [
        may(found[parent.project_id], Permission.MANAGE_BOARDS) and parent.deleted_at is None
        for parent in parents
    ]


async def _lanes(context: Context, parents: list[Any], columns: Columns) -> list[list[BoardLane]]:
    """A number of statements that goes by the kinds of swimlanes (four), not by boards, views or lanes."""
    reader = await context.reader()
    keys: dict[int, list[Any]] = {}
    for swimlanes in dict.fromkeys(parent.swimlanes for parent in parents):
        numbers = [number for number, parent in enumerate(parents) if parent.swimlanes == swimlanes]
        if swimlanes == BoardSwimlanes.NONE:
            keys |= {number: [] for number in numbers}
            continue
        whole = [number for number in numbers if not _narrowed(parents[number])]
        boards = [(parents[number].project_id, _statuses_of(parents[number])) for number in whole]
        keys |= dict(zip(whole, await lanes_of_boards(reader, swimlanes, boards), strict=True))
        others = [number for number in numbers if _narrowed(parents[number])]
        if others:
            conditions = await shown_on(context, [parents[number] for number in others])
            asked = [
                (parents[number].project_id, _statuses_of(parents[number]), one)
                for number, one in zip(others, conditions, strict=True)
            ]
            keys |= dict(zip(others, await lanes_among(reader, swimlanes, asked), strict=True))
    told = await _objects(context, parents, keys)
    return [[_lane(parents[number], key, told) for key in keys[number]] for number in range(len(parents))]


def _statuses_of(board: Any) -> list[UUID]:
    return [status for one in columns_of(board.columns) for status in one.status_ids]


async def _objects(context: Context, parents: list[Any], keys: dict[int, list[Any]]) -> dict[Any, Any]:
    """The people, labels and epics of lanes."""
    reader = await context.reader()

    def wanted(swimlanes: str) -> list[tuple[Any, Any]]:
        return [
            (parents[number].project_id, key)
            for number, listed in keys.items()
            for key in listed
            if key is not None and parents[number].swimlanes == swimlanes
        ]

    people = await access_people(
        reader, context.viewer_id, [key for _, key in wanted(BoardSwimlanes.ASSIGNEE)]
    )
    epics = await tasks_by_key(reader, wanted(BoardSwimlanes.EPIC))
    projects = list({project for project, _ in wanted(BoardSwimlanes.LABEL)})
    labels = await by_project(reader, LABELS, projects)
    return {**people, **epics, **{row.id: row for listed in labels.values() for row in listed}}


def _lane(board: Any, key: Any, told: dict[Any, Any]) -> BoardLane:
    kinds = {"assignee": ("User", "user"), "label": ("Label", "label"), "epic": ("Task", "epic")}
    objects: dict[str, Any] = {"user": None, "label": None, "epic": None}
    name = NO_LANE if key is None else str(key)
    if key is not None and board.swimlanes in kinds:
        kind, attribute = kinds[board.swimlanes]
        objects[attribute] = told.get(key)
        name = global_id(kind, board.project_id, key) if kind == "Label" else global_id(kind, key)
    priority = key if board.swimlanes == BoardSwimlanes.PRIORITY else None
    return BoardLane(key=name, priority=priority, **objects)


def _filter(root: Any) -> JSON | None:
    return None if root.filter is None else kept_filter_as_input(root.filter)  # type: ignore[return-value]


async def _queries(context: Context, parents: list[Any], columns: Columns) -> list[str]:
    reader = await context.reader()
    shown = await filters_of_boards(reader, [(parent.view_id, parent.filter) for parent in parents])
    return await printed_queries(
        context,
        [(one or EVERYTHING, [], parent.project_id) for one, parent in zip(shown, parents, strict=True)],
    )


async def _views(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    ids = [parent.view_id for parent in parents if parent.view_id is not None]
    found = await access_views(await context.reader(), context.viewer_id, list(dict.fromkeys(ids)))
    return [found.get(parent.view_id) for parent in parents]


_SHOWN = ("project_id", "view_id", "filter")


@strawberry.type(description="A board of a project: columns over its statuses.")
class Board(Node):
    name: str = column("Its name.")
    swimlanes: BoardSwimlanes = column("What its cards are grouped by.")
    columns: list[BoardColumn] = derived(
        _columns, "Its columns in order.", reads=(*_SHOWN, "columns", "swimlanes")
    )
    view: Annotated[View, strawberry.lazy("schema.views.types")] | None = edge(
        _views, "The shared view whose tasks are its cards; null for a board that is over none."
    )
    query: str = edge(
        _queries, "What its cards match, its view's or its own, as a query's text; empty: every task."
    )
    filter: JSON | None = derived(
        _filter, "What its cards match, to send as a `TaskFilter`; null if it is over a view or of every task.",
        reads=("filter",),
    )  # fmt: skip
    lanes: list[BoardLane] = edge(
        _lanes, "Its lanes: what its cards have, up to 200, and one for the cards that have nothing of it."
    )
    rank: str = column("Boards are ordered by this, bytewise.")
    version: int = column("For `boardUpdate(expectedVersion:)`.")
    deleted_at: datetime | None = column("When it was deleted.")
    project: Annotated[Project, strawberry.lazy("schema.projects.types")] = edge(_projects, "Its project.")
    as_of: Annotated[BoardAsOf, strawberry.lazy("schema.boards.as_of")] | None = edge(
        boards_as_of, "It as it was, with the cards of then; null before it was made. Access is of today.",
        reads=("id", "project_id"),
    )  # fmt: skip
    viewer_can_update: bool = edge(_permitted, "Whether you may change and delete it.")

    is_type_of = is_row_of(models.Board, "Board", within_project=True)


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    visible = await context.projects([one[0] for one in ids])
    rows = await by_project(await context.reader(), BOARDS, list(visible))
    found = {(row.project_id, row.id): row for listed in rows.values() for row in listed}
    return [found.get(one) for one in ids]


FETCHERS["Board"] = _fetch
