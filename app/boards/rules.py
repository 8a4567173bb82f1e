"""Pure checks of boards: what their columns may be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.boards.models import BoardLimitMode
from app.errors import LimitReached, NotFound, ValidationFailed
from app.values import check_name

MOST_COLUMNS = 50
MOST_IN_COLUMN = 10_000


@dataclass(frozen=True)
class NewColumn:
    """A column as it is asked for. ``id`` names the one that it was; without one it is new."""

    name: str
    status_ids: Sequence[UUID]
    limit: int | None = None
    mode: BoardLimitMode = BoardLimitMode.WARN
    id: UUID | None = None


@dataclass(frozen=True)
class Column:
    """A column of a board, as rows hold it."""

    id: UUID
    name: str
    status_ids: tuple[UUID, ...]
    limit: int | None
    mode: BoardLimitMode


def columns_of(columns: dict[str, Any]) -> list[Column]:
    """A board's columns in their order."""
    listed = sorted(columns.items(), key=lambda item: item[1]["place"])
    return [
        Column(
            UUID(column_id), one["name"], tuple(map(UUID, one["status_ids"])), one["limit"],
            BoardLimitMode(one["limit_mode"]),
        )
        for column_id, one in listed
    ]  # fmt: skip


def check_limits(asked: Sequence[NewColumn]) -> None:
    """Raise ``ValidationFailed`` for a column that is to refuse what goes over a limit, and has none."""
    for one in asked:
        if one.limit is None and one.mode is BoardLimitMode.REFUSE:
            raise ValidationFailed(
                f"The column {one.name} is to refuse, but has no limit: give it one, or leave `limitMode` out.",
                path=("columns", "limitMode"),
            )


def check_columns(
    asked: Sequence[NewColumn], statuses: Iterable[UUID], there: dict[str, Any], ids: Iterable[UUID]
) -> dict[str, Any]:
    """The columns as a row holds them; raises a refusal. A status stands in one column at most.

    ``there``: the columns so far, whose ids alone can be named. ``ids``: new ones to take.
    """
    if len(asked) > MOST_COLUMNS:
        raise LimitReached(
            f"A board has at most {MOST_COLUMNS} columns.", limit=MOST_COLUMNS, path=("columns",)
        )
    known, fresh, taken = set(statuses), iter(ids), set[UUID]()
    columns: dict[str, Any] = {}
    for place, one in enumerate(asked):
        if one.id is not None and str(one.id) not in there:
            raise NotFound("Column", path=("columns",))
        column_id = str(one.id or next(fresh))
        if (
            column_id in columns
            or taken & set(one.status_ids)
            or len(set(one.status_ids)) < len(one.status_ids)
        ):
            raise ValidationFailed("A column or a status stands here twice.", path=("columns",))
        if not known.issuperset(one.status_ids):
            raise NotFound("Status", path=("columns", "statusIds"))
        if one.limit is not None and not 1 <= one.limit <= MOST_IN_COLUMN:
            raise ValidationFailed(
                f"A limit is a number from 1 to {MOST_IN_COLUMN:,}.", path=("columns", "limit")
            )
        taken |= set(one.status_ids)
        columns[column_id] = {
            "name": check_name(one.name, "columns", "name", length=80), "status_ids": [str(x) for x in one.status_ids],
            "limit": one.limit, "limit_mode": one.mode.value, "place": place,
        }  # fmt: skip
    return columns
