"""What an exported view or board may be: checked before it is written, as lines of other types are in ``checking``."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from app.boards.models import BoardLimitMode, BoardSwimlanes
from app.boards.rules import NewColumn, check_columns, columns_of
from app.exchange.lines import comparisons_of
from app.history.states import State
from app.projects.models import StatusCategory
from app.query_language.printing import read_sort
from app.tasks.filters import task_orders
from app.tasks.grammar import DAY_OPS, DEEPEST, MOST_VALUES, OPS, Kind, check_filter, kind_of, written_day
from app.tasks.kept_filters import filter_from_json
from app.values import check_name, nests_within
from app.views.actions import MOST_COLUMNS, NAME_LENGTH
from app.views.models import Grouping


def check_view(state: State) -> None:
    """Raises what is refused, or ``ValueError`` and the like for what is none."""
    check_name(state["name"], "name", length=NAME_LENGTH)
    _check_filter(state["filter"])
    task_orders(read_sort(state["sort"]))
    if state["group_by"] is not None:
        Grouping(state["group_by"])
    columns = [check_name(one, "columns", length=60) for one in state["columns"]]
    if len(columns) > MOST_COLUMNS or len(set(columns)) < len(columns) or state["shared"] is not True:
        raise ValueError("columns")


def check_board(state: State) -> None:
    """The same of a board."""
    check_name(state["name"], "name", length=80)
    BoardSwimlanes(state["swimlanes"])
    if state.get("filter") is not None:
        _check_filter(state["filter"])
    if any(type(one["place"]) is not int for one in state["columns"].values()):
        raise ValueError("columns")
    listed = columns_of(state["columns"])
    asked = [
        NewColumn(one.name, one.status_ids, one.limit, BoardLimitMode(one.mode), one.id) for one in listed
    ]
    statuses = [status for one in listed for status in one.status_ids]
    if check_columns(asked, statuses, state["columns"], iter(())).keys() != state["columns"].keys():
        raise ValueError("columns")


def statuses_of(state: State) -> Iterator[str]:
    """The statuses that a board's columns name."""
    for one in state["columns"].values():
        yield from one["status_ids"]


def _check_filter(kept: dict[str, Any]) -> None:
    if not nests_within(kept, 3 * DEEPEST):
        raise ValueError("filter")
    for node in comparisons_of(kept):
        kind, op, value = kind_of(node["field"]), node["op"], node["value"]
        if op not in OPS[kind] or isinstance(value, list) is not (op in ("in", "nin")):
            raise ValueError("filter")
        values = value if isinstance(value, list) else [value]
        if len(values) > MOST_VALUES or not all(_fits(kind, op, one) for one in values):
            raise ValueError("filter")
    check_filter(filter_from_json(kept))


def _fits(kind: Kind, op: str, value: Any) -> bool:
    if op in ("null", "me") or kind is Kind.FLAG:
        return isinstance(value, bool)
    if kind in (Kind.WHOLE, Kind.NUMBER):
        whole = type(value) is int and abs(value) < 2**31
        return whole or (kind is Kind.NUMBER and type(value) is float and math.isfinite(value))
    if not isinstance(value, str) or "\x00" in value:
        return False
    return _READ["day" if op in DAY_OPS else kind](value)


_READ: dict[str, Callable[[str], bool]] = {
    Kind.ID: lambda text: str(UUID(text)) == text, Kind.PERSON: lambda text: str(UUID(text)) == text,
    Kind.DAY: lambda text: bool(written_day(text)), Kind.TEXT: lambda text: True,
    Kind.MOMENT: lambda text: datetime.fromisoformat(text).tzinfo is not None,
    Kind.CATEGORY: lambda text: bool(StatusCategory(text)),
}  # fmt: skip
"""Whether a text is a value of a kind; raises ``ValueError`` or ``BadInput`` for some that are none."""
