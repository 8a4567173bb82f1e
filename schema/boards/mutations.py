"""Making, changing and deleting boards."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import strawberry

from app.boards import actions
from app.boards.models import BoardLimitMode as Mode
from app.boards.models import BoardSwimlanes as Swimlanes
from app.boards.rules import NewColumn
from app.errors import ValidationFailed
from schema.boards.enums import BoardLimitMode, BoardSwimlanes
from schema.boards.types import Board
from schema.edges import Info
from schema.ids import read_id, read_word_id
from schema.inputs import VERSION, given, key_field, optional, present
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import node_edge

_VIEW = "The view whose tasks are its cards: one that the project shares. They follow what becomes of it."
_QUERY = "Instead of a view: what its cards match, as a query's text without `sort:`."


@strawberry.type(description="A board that was made, changed or deleted.")
class BoardPayload(Payload):
    word: strawberry.Private[Any] = None
    board: Board | None = node_edge("Board", "word", "The board; null if nothing was done.")


@strawberry.input(description="A column of a board.")
class BoardColumnInput:
    id: str | None = optional("The column that it was; left out, it is a new one.")
    name: str = strawberry.field(description="Its name.")
    status_ids: list[strawberry.ID] = strawberry.field(
        description="The statuses whose tasks stand in it; each in one column of a board."
    )
    limit: int | None = optional("How many tasks there should be at most.")
    limit_mode: BoardLimitMode = strawberry.field(default=Mode.WARN, description="What the limit does.")


@strawberry.input(description="A new board.")
class BoardCreateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str = strawberry.field(description="Its name.")
    swimlanes: BoardSwimlanes = strawberry.field(
        default=Swimlanes.NONE, description="What its cards are grouped by."
    )
    columns: list[BoardColumnInput] | None = optional(
        "Its columns in order; left out: one for each status that is not of the category BACKLOG."
    )
    view_id: strawberry.ID | None = optional(_VIEW)
    query: str | None = optional(_QUERY)
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Changes of a board. What is left out stays.")
class BoardUpdateInput:
    id: strawberry.ID = strawberry.field(description="The board.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Its name.")
    swimlanes: BoardSwimlanes | None = optional("What its cards are grouped by.")
    columns: list[BoardColumnInput] | None = optional("All columns that it shall have, in order.")
    view_id: strawberry.ID | None = optional(_VIEW + " Null: every task.")
    query: str | None = optional(_QUERY + " Null or empty: every task.")
    before_id: strawberry.ID | None = optional("The board that it shall stand before.")
    after_id: strawberry.ID | None = optional("The board that it shall stand after.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A board to be deleted.")
class BoardDeleteInput:
    id: strawberry.ID = strawberry.field(description="The board.")
    expected_version: int = strawberry.field(description=VERSION)
    client_mutation_id: UUID | None = key_field()


def _columns(asked: Sequence[BoardColumnInput] | None) -> list[NewColumn] | None:
    if asked is None:
        return None
    return [
        NewColumn(
            one.name, [read_id(status, "Status") for status in one.status_ids], given(one.limit),
            Mode(one.limit_mode), _column_id(given(one.id)),
        )
        for one in asked
    ]  # fmt: skip


def _shown(input: BoardCreateInput | BoardUpdateInput) -> dict[str, Any]:
    values = present(input, "view_id", "query")
    if values.get("view_id") is not None:
        values["view_id"] = read_id(values["view_id"], "View")
    return values


def _column_id(text: str | None) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError:
        raise ValidationFailed("This is not the id of a column.", path=("columns", "id")) from None


async def _written(info: Info, input: Any, action: Any) -> BoardPayload:
    outcome = await write(info, input, action)
    word = (UUID(outcome.result["project_id"]), UUID(outcome.result["id"]))
    return BoardPayload(word=word, positions=positions_of(outcome))


@strawberry.type
class BoardMutations:
    @mutation("Make a board.")
    async def board_create(self, info: Info, input: BoardCreateInput) -> BoardPayload:
        action = actions.create_board(
            read_id(input.project_id, "Project"), input.name, Swimlanes(input.swimlanes),
            _columns(given(input.columns)), shown=_shown(input), client_id=given(input.id),
        )  # fmt: skip
        return await _written(info, input, action)

    @mutation("Change a board: its name, columns, limits, swimlanes or place.")
    async def board_update(self, info: Info, input: BoardUpdateInput) -> BoardPayload:
        project_id, board_id = read_word_id(input.id, "Board")
        values = present(input, "name", "swimlanes") | _shown(input)
        for anchor in ("before_id", "after_id"):
            if given(getattr(input, anchor)):
                values[anchor] = read_word_id(getattr(input, anchor), "Board")[1]
        columns = _columns(given(input.columns))
        action = actions.update_board(project_id, board_id, input.expected_version, values, columns)
        return await _written(info, input, action)

    @mutation("Delete a board. Its tasks stay as they are.")
    async def board_delete(self, info: Info, input: BoardDeleteInput) -> BoardPayload:
        project_id, board_id = read_word_id(input.id, "Board")
        return await _written(info, input, actions.delete_board(project_id, board_id, input.expected_version))
