"""Boards, their columns and lanes."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.boards import models
from app.boards.reads import BOARDS, COUNTED_UP_TO, NO_LANE, counts_in_statuses, lanes_of_boards
from app.boards.rules import Column, columns_of
from app.permissions import Permission
from app.projects.access import access_people, may
from app.projects.reads import LABELS, STATUSES, by_project
from app.tasks.reads import tasks_by_key
from schema.accounts.types import User
from schema.boards.cards import Place, cards_of_columns
from schema.boards.enums import BoardLimitMode, BoardSwimlanes
from schema.context import Columns, Context
from schema.edges import column, derived, edge
from schema.ids import global_id
from schema.nodes import FETCHERS, Node, is_row_of
from schema.paging import Connection

if TYPE_CHECKING:
    from schema.projects.types import Label, Project, Status
    from schema.tasks.types import Task


async def _statuses(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    projects = list({parent.place.project_id for parent in parents})
    rows = await by_project(await context.reader(), STATUSES, projects)
    words = {row.id: row for listed in rows.values() for row in listed}
    return [[words[one] for one in parent.place.status_ids] for parent in parents]


async def _counts(context: Context, parents: list[Any], columns: Columns) -> list[int]:
    keys = [key for parent in parents for key in parent.place.keys]
    found = await counts_in_statuses(await context.reader(), keys)
    return [min(COUNTED_UP_TO + 1, sum(found[key] for key in parent.place.keys)) for parent in parents]


async def _over_limits(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    counts = await _counts(context, parents, columns)
    return [
        parent.limit is not None and count > parent.limit
        for parent, count in zip(parents, counts, strict=True)
    ]


@strawberry.type(description="A column of a board.")
class BoardColumn:
    place: strawberry.Private[Place]
    swimlanes: strawberry.Private[str]
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
        place=Place(project_id, one.status_ids), swimlanes=board.swimlanes, id=strawberry.ID(str(one.id)),
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
    """A number of statements that goes by the kinds of swimlanes (four), not by boards or lanes."""
    reader = await context.reader()
    keys: dict[int, list[Any]] = {}
    for swimlanes in dict.fromkeys(parent.swimlanes for parent in parents):
        numbers = [number for number, parent in enumerate(parents) if parent.swimlanes == swimlanes]
        if swimlanes == BoardSwimlanes.NONE:
            keys |= {number: [] for number in numbers}
            continue
        boards = [
            (
                parents[number].project_id,
                [x for one in columns_of(parents[number].columns) for x in one.status_ids],
            )
            for number in numbers
        ]
        keys |= dict(zip(numbers, await lanes_of_boards(reader, swimlanes, boards), strict=True))
    told = await _objects(context, parents, keys)
    return [[_lane(parents[number], key, told) for key in keys[number]] for number in range(len(parents))]


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


@strawberry.type(description="A board of a project: columns over its statuses.")
class Board(Node):
    name: str = column("Its name.")
    swimlanes: BoardSwimlanes = column("What its cards are grouped by.")
    columns: list[BoardColumn] = derived(
        _columns, "Its columns in order.", reads=("project_id", "columns", "swimlanes")
    )
    lanes: list[BoardLane] = edge(
        _lanes, "Its lanes: what its cards have, up to 200, and one for the cards that have nothing of it."
    )
    rank: str = column("Boards are ordered by this, bytewise.")
    version: int = column("For `boardUpdate(expectedVersion:)`.")
    deleted_at: datetime | None = column("When it was deleted.")
    project: Annotated[Project, strawberry.lazy("schema.projects.types")] = edge(_projects, "Its project.")
    viewer_can_update: bool = edge(_permitted, "Whether you may change and delete it.")

    is_type_of = is_row_of(models.Board, "Board", within_project=True)


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    visible = await context.projects([one[0] for one in ids])
    rows = await by_project(await context.reader(), BOARDS, list(visible))
    found = {(row.project_id, row.id): row for listed in rows.values() for row in listed}
    return [found.get(one) for one in ids]


FETCHERS["Board"] = _fetch
