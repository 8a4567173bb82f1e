"""Whole states of boards, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from schema.boards.enums import BoardLimitMode, BoardSwimlanes
from schema.events.changes import present, reference


@strawberry.type(description="A column of a board, by ids.")
class BoardColumnState:
    id: strawberry.ID = strawberry.field(description="The column, within its board.")
    name: str = strawberry.field(description="Its name.")
    status_ids: list[strawberry.ID] = strawberry.field(description="The statuses whose tasks stand in it.")
    limit: int | None = strawberry.field(description="How many tasks there should be at most.")
    limit_mode: BoardLimitMode = strawberry.field(description="What the limit does.")


@strawberry.type(description="A board with all its fields.")
class BoardState:
    id: strawberry.ID = strawberry.field(description="The board.")
    name: str = strawberry.field(description="Its name.")
    swimlanes: BoardSwimlanes = strawberry.field(description="What its cards are grouped by.")
    columns: list[BoardColumnState] = strawberry.field(description="Its columns in order.")
    view_id: strawberry.ID | None = strawberry.field(description="The view whose tasks are its cards.")
    filter: JSON | None = strawberry.field(
        description="What its cards match, as a `TaskFilter`, where it is over no view; null: every task."
    )
    rank: str = strawberry.field(description="Its place among the project's boards: compare bytewise.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> BoardState:
        deleted_at = state["deleted_at"]
        return cls(
            id=reference("Board", state["id"], scope_id),
            swimlanes=BoardSwimlanes(state["swimlanes"]),
            columns=[
                BoardColumnState(
                    id=one["id"], name=one["name"], status_ids=one["statusIds"], limit=one["limit"],
                    limit_mode=BoardLimitMode(one["limitMode"].lower()),
                )
                for one in present("columns", state["columns"], scope_id)
            ],
            view_id=present("view_id", state["view_id"], scope_id),
            filter=present("filter", state["filter"], scope_id),
            deleted_at=None if deleted_at is None else datetime.fromisoformat(deleted_at),
            **{name: state[name] for name in ("name", "rank", "version")},
        )  # fmt: skip
