"""Boards as of a moment: columns, limits, lanes and cards of then."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from app.boards.models import BoardSwimlanes
from app.boards.reads import NO_LANE
from schema.accounts.types import User
from schema.boards.states import BoardColumnState, BoardState
from schema.boards.then import (
    PastBoard,
    PastColumn,
    cards_then,
    counts_then,
    filters_then,
    lanes_then,
    named_then,
    statuses_then,
    views_then,
)
from schema.context import Columns, Context
from schema.edges import edge
from schema.events.changes import present
from schema.history.types import TaskAsOf, is_past
from schema.ids import global_id
from schema.nodes import node_edge
from schema.paging import Connection
from schema.positions import Position
from schema.projects.states import LabelState, StatusState
from schema.views.states import ViewState

if TYPE_CHECKING:
    from schema.boards.types import Board


async def _statuses(context: Context, parents: list[Any], columns: Columns) -> list[list[StatusState]]:
    found = await statuses_then(context, parents, columns)
    return [
        [StatusState.of(one, parent.board.project_id) for one in listed]
        for parent, listed in zip(parents, found, strict=True)
    ]


async def _over_limits(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    counts = await counts_then(context, parents, columns)
    return [
        parent.column.limit is not None and count > parent.column.limit
        for parent, count in zip(parents, counts, strict=True)
    ]


def _column_state(root: Any) -> BoardColumnState:
    state: BoardColumnState = root.state
    return state


@strawberry.type(description="A column of a board as it was.")
class BoardColumnAsOf:
    state: BoardColumnState = strawberry.field(
        resolver=_column_state, description="Its name, statuses and limit, as they were."
    )
    statuses: list[StatusState] = edge(
        _statuses, "The statuses whose tasks stood in it, with their words of then."
    )
    count: int = edge(counts_then, "How many tasks there were.")
    over_limit: bool = edge(_over_limits, "Whether there were more tasks than its limit of then says.")
    cards: Connection[TaskAsOf] = edge(
        cards_then, "The tasks that stood in it, by their ranks of then; with `lane`, those of one lane."
    )

    is_type_of = is_past(PastColumn)


@strawberry.type(description="A lane of a board as it was: what the cards in it had in common.")
class BoardLaneAsOf:
    key: str = strawberry.field(description="For `cards(lane:)`.")
    priority: int | None = strawberry.field(description="Of PRIORITY.")
    user: User | None = strawberry.field(
        description="Of ASSIGNEE: who, as they are shown now; null for nobody."
    )
    label: LabelState | None = strawberry.field(description="Of LABEL: which, as it was; null for none.")
    epic: TaskAsOf | None = strawberry.field(description="Of EPIC: which, as it was; null for none.")


async def _lanes(context: Context, parents: list[Any], columns: Columns) -> list[list[BoardLaneAsOf]]:
    keys = await lanes_then(context, parents)
    named = await named_then(context, parents, keys)
    return [
        [_lane(board, key, named.get((number, key))) for key in keys[number]]
        for number, board in enumerate(parents)
    ]


def _lane(board: PastBoard, key: Any, named: Any) -> BoardLaneAsOf:
    scope_id = board.project_id
    objects: dict[str, Any] = {"priority": None, "user": None, "label": None, "epic": None}
    name = NO_LANE if key is None else str(key)
    if key is not None and board.swimlanes == BoardSwimlanes.LABEL:
        name = global_id("Label", scope_id, key)
        objects["label"] = None if named is None else LabelState.of(named, scope_id)
    elif key is not None and board.swimlanes == BoardSwimlanes.ASSIGNEE:
        name, objects["user"] = global_id("User", key), named
    elif key is not None and board.swimlanes == BoardSwimlanes.EPIC:
        name, objects["epic"] = global_id("Task", key), named
    elif board.swimlanes == BoardSwimlanes.PRIORITY:
        objects["priority"] = key
    return BoardLaneAsOf(key=name, **objects)


async def _views(context: Context, parents: list[Any], columns: Columns) -> list[ViewState | None]:
    found = await views_then(context, parents)
    return [
        None if state is None else ViewState.of(state, board.project_id)
        for board, state in zip(parents, found, strict=True)
    ]


async def _filters(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    found = await filters_then(context, parents)
    return [present("filter", kept, board.project_id) for board, kept in zip(parents, found, strict=True)]


def _state(root: Any) -> BoardState:
    return BoardState.of(root.past, root.project_id)


def _columns(root: Any) -> list[Any]:
    told = _state(root).columns
    return [PastColumn(root, one, state) for one, state in zip(root.columns, told, strict=True)]


def _position(root: Any) -> Position:
    return Position.of(root.moment.position)


def _recorded_at(root: Any) -> datetime:
    recorded_at: datetime = root.moment.recorded_at
    return recorded_at


@strawberry.type(
    description="A board as it was, with the cards that it showed then: exactly what the log says up to a position. "
    "Where its filter counts days from today, they are counted from that moment."
)
class BoardAsOf:
    position: Position = strawberry.field(
        resolver=_position, description="Which moment: everything up to this is in it, and nothing after."
    )
    recorded_at: datetime = strawberry.field(
        resolver=_recorded_at, description="When the last event in it was recorded."
    )
    state: BoardState = strawberry.field(
        resolver=_state, description="Its own fields, as they were; with `deletedAt`, it was deleted by then."
    )
    columns: list[BoardColumnAsOf] = strawberry.field(
        resolver=_columns, description="Its columns of then in order."
    )
    lanes: list[BoardLaneAsOf] = edge(
        _lanes, "Its lanes: what its cards had, up to 200, and one for the cards that had nothing of it."
    )
    view: ViewState | None = edge(_views, "The view that it was over, as that was; null: it was over none.")
    filter: JSON | None = edge(
        _filters, "What its cards matched, its view's filter or its own, as a `TaskFilter`; null: every task."
    )
    board: Annotated[Board, strawberry.lazy("schema.boards.types")] | None = node_edge(
        "Board", "key", "It as it is now; null if it is not there for you any more."
    )

    is_type_of = is_past(PastBoard)
