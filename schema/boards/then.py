"""Boards as they were: what stands behind their types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from app.boards.models import BoardSwimlanes
from app.boards.reads import lanes_among
from app.boards.rules import Column, columns_of
from app.history.moments import Moment, load_words, states_then
from app.history.states import State
from app.history.tables import TASKS_AND_WORDS, check_conditions, stand_ins
from app.paging import Condition, StandIns
from app.tasks.filters import filter_conditions
from app.tasks.grammar import TaskFilter, all_of
from app.tasks.kept_filters import filter_from_json
from schema.accounts.types import users
from schema.boards.cards import Cards, Place, connections_of, count_cards, in_lane
from schema.context import Columns, Context
from schema.history.moments import AsOfInput, moments
from schema.history.tasks import PastTask, distinct, put_in
from schema.paging import Paging, paged
from schema.tasks.filters import TaskFilterInput, filter_scope, read_filter


@dataclass(frozen=True, slots=True, eq=False)
class PastBoard:
    """A board at a moment."""

    moment: Moment
    id: UUID
    past: State

    @property
    def project_id(self) -> UUID:
        return self.moment.scope_id

    @property
    def key(self) -> tuple[UUID, UUID]:
        return self.project_id, self.id

    @property
    def swimlanes(self) -> str:
        return str(self.past["swimlanes"])

    @property
    def columns(self) -> list[Column]:
        return columns_of(self.past["columns"])


@dataclass(frozen=True, slots=True, eq=False)
class PastColumn:
    """A column of a board at a moment. ``state``: as its type tells it."""

    board: PastBoard
    column: Column
    state: Any

    @property
    def place(self) -> Place:
        return Place(self.board.project_id, self.column.status_ids)


async def boards_as_of(context: Context, parents: list[Any], columns: Columns, at: AsOfInput) -> list[Any]:
    """Each board as it was; None where it was not there yet."""
    found = await moments(context, [parent.project_id for parent in parents], at)
    there = [(found[one.project_id], ("board", one.id)) for one in parents if one.project_id in found]
    states = dict(
        zip([key[1] for _, key in there], await states_then(await context.reader(), there), strict=True)
    )
    return [
        None
        if (state := states.get(parent.id)) is None
        else PastBoard(found[parent.project_id], parent.id, state)
        for parent in parents
    ]


async def boards_then(context: Context, parents: list[Any], columns: Columns) -> list[list[PastBoard]]:
    """The boards that each project had at its moment, in their order."""
    await load_words(await context.reader(), parents)
    return [
        [
            PastBoard(moment, UUID(state["id"]), state)
            for state in sorted((moment.words or {})["board"], key=lambda one: (one["rank"], one["id"]))
            if not state["deleted_at"]
        ]
        for moment in parents
    ]


async def views_then(context: Context, boards: Sequence[PastBoard]) -> list[State | None]:
    """The view that each board was over."""
    over = [one for one in boards if one.past["view_id"] is not None]
    asked = [(one.moment, ("view", UUID(one.past["view_id"]))) for one in over]
    found = await states_then(await context.reader(), asked) if asked else []
    views = {id(board): state for board, state in zip(over, found, strict=True)}
    return [views.get(id(board)) for board in boards]


async def filters_then(context: Context, boards: Sequence[PastBoard]) -> list[dict[str, Any] | None]:
    """What each board let through, its view's filter or its own; None: every task."""
    views = await views_then(context, boards)
    return [
        board.past["filter"] if view is None else view["filter"]
        for board, view in zip(boards, views, strict=True)
    ]


async def _shown_then(
    context: Context, boards: Sequence[PastBoard], asked: TaskFilter | None = None
) -> list[Sequence[Condition]]:
    """What each board's cards fulfil, with a filter besides. Those of one board are the same object."""
    unique = {id(board): board for board in boards}
    kept = await filters_then(context, list(unique.values()))
    whole = [
        all_of([one for one in (None if own is None else filter_from_json(own), asked) if one is not None])
        if own is not None or asked is not None
        else None
        for own in kept
    ]
    scope = await filter_scope(context, next((one for one in whole if one is not None), None))
    made: dict[tuple[str, Any], Sequence[Condition]] = {}
    found: dict[int, Sequence[Condition]] = {}
    for board, own, one in zip(unique.values(), kept, whole, strict=True):
        # Of boards with equal filters they are one object as well, so that one select serves them all.
        key = (str(own), None if one is None else board.moment.recorded_at)
        if key not in made:
            # A board over what was due within a week shows what was due within a week of then.
            made[key] = filter_conditions(one, replace(scope, now=board.moment.recorded_at))
            check_conditions(made[key])
        found[id(board)] = made[key]
    return [found[id(board)] for board in boards]


def _tables(boards: Sequence[PastBoard]) -> StandIns:
    return stand_ins(distinct([board.moment for board in boards]), TASKS_AND_WORDS)


@paged
async def cards_then(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
    lane: str | None = None,
) -> list[Any]:
    """The cards that each column had, or one lane of it."""
    boards = [parent.board for parent in parents]
    conditions = await _shown_then(context, boards, read_filter(filter))
    if lane is not None:
        conditions = in_lane(boards, conditions, lane)
    asked = [Cards(parent.place, one) for parent, one in zip(parents, conditions, strict=True)]
    made = await connections_of(context, asked, page, frozenset({"id"}), _tables(boards))
    await put_in(context, made, [board.moment for board in boards], "task", PastTask)
    return made


async def counts_then(context: Context, parents: list[Any], columns: Columns) -> list[int]:
    """How many cards each column had."""
    boards = [parent.board for parent in parents]
    conditions = await _shown_then(context, boards)
    asked = [Cards(parent.place, one) for parent, one in zip(parents, conditions, strict=True)]
    return await count_cards(context, asked, _tables(boards))


async def statuses_then(context: Context, parents: list[Any], columns: Columns) -> list[list[State]]:
    """The statuses of each column."""
    found = [parent.board.moment for parent in parents]
    await load_words(await context.reader(), found)
    words = {
        moment.scope_id: {one["id"]: one for one in (moment.words or {})["status"]}
        for moment in distinct(found)
    }
    return [
        [words[parent.board.project_id][str(one)] for one in parent.column.status_ids] for parent in parents
    ]


async def lanes_then(context: Context, boards: Sequence[PastBoard]) -> list[list[Any]]:
    """The keys of each board's lanes, by a number of statements that goes by the kinds of swimlanes (four)."""
    reader = await context.reader()
    found: list[list[Any]] = [[] for _ in boards]
    kinds = {board.swimlanes for board in boards} - {BoardSwimlanes.NONE.value}
    if not kinds:
        return found
    conditions, tables = await _shown_then(context, boards), _tables(boards)
    for swimlanes in sorted(kinds):
        numbers = [number for number, board in enumerate(boards) if board.swimlanes == swimlanes]
        asked = [
            (
                boards[number].project_id,
                [status for one in boards[number].columns for status in one.status_ids],
                conditions[number],
            )
            for number in numbers
        ]
        for number, keys in zip(numbers, await lanes_among(reader, swimlanes, asked, tables), strict=True):
            found[number] = keys
    return found


async def named_then(
    context: Context, boards: Sequence[PastBoard], lanes: Sequence[Sequence[Any]]
) -> dict[tuple[int, Any], Any]:
    """What the lanes' keys name, by the board's place and the key: people of today, labels and epics of then."""
    keys = [
        (number, boards[number], key)
        for number, listed in enumerate(lanes)
        for key in listed
        if key is not None
    ]
    found: dict[tuple[int, Any], Any] = {}
    people = [one for one in keys if one[1].swimlanes == BoardSwimlanes.ASSIGNEE]
    if people:
        told = await users(context, [key for _, _, key in people])
        found |= {(number, key): one for (number, _, key), one in zip(people, told, strict=True)}
    for swimlanes, kind in ((BoardSwimlanes.LABEL, "label"), (BoardSwimlanes.EPIC, "task")):
        named = [one for one in keys if one[1].swimlanes == swimlanes]
        states = await states_then(
            await context.reader(), [(board.moment, (kind, key)) for _, board, key in named]
        )
        for (number, board, key), state in zip(named, states, strict=True):
            if state is not None:
                found[number, key] = state if kind == "label" else PastTask(board.moment, key, state)
    return found
