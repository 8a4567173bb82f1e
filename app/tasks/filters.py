"""Typed filters and orders of tasks, as SQL conditions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    cast,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from app.db import table
from app.errors import BadInput
from app.paging import Fixed, Order
from app.projects.models import Status
from app.tasks.models import Task, TaskAssignee, TaskLabel

TASKS = table(Task)
_STATUSES = table(Status)
_ASSIGNEES = table(TaskAssignee)
_LABELS = table(TaskLabel)

MOST_CONDITIONS = 50
MOST_VALUES = 500
_RELATIVE = re.compile(r"today|([+-])(\d{1,4})([dwm])")


@dataclass(frozen=True)
class Compared:
    """One field and what is asked of it. ``ops`` maps eq, in, nin, neq, contains, lt, lte, gt, gte, null to values."""

    field: str
    ops: dict[str, Any]


@dataclass(frozen=True)
class TaskFilter:
    """All of ``compared`` and of ``all_of``, at least one of ``any_of`` (if any), not ``negated``."""

    compared: tuple[Compared, ...] = ()
    all_of: tuple[TaskFilter, ...] = ()
    any_of: tuple[TaskFilter, ...] = ()
    negated: TaskFilter | None = None

    def size(self) -> int:
        """How many comparisons it has."""
        nested: tuple[TaskFilter, ...] = (
            *self.all_of,
            *self.any_of,
            *((self.negated,) if self.negated else ()),
        )
        return len(self.compared) + sum(1 + one.size() for one in nested)


@dataclass
class FilterScope:
    """What relative values mean: whose ``today``, at what moment."""

    time_zone: str = "UTC"
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def day(self, value: str | date) -> date:
        """A date, or ``today``, ``+3d``, ``-2w``, ``+1m`` (30 days) from today in the viewer's time zone."""
        if isinstance(value, date):
            return value
        match = _RELATIVE.fullmatch(value.strip().lower())
        if match is None:
            try:
                return date.fromisoformat(value)
            except ValueError:
                raise BadInput(
                    "A date is written 2026-01-31, today, or relative to today: +3d, -2w, +1m.",
                    value=value[:40],
                ) from None
        today = self.now.astimezone(ZoneInfo(self.time_zone)).date()
        if match[1] is None:
            return today
        days = int(match[2]) * {"d": 1, "w": 7, "m": 30}[match[3]]
        return today + timedelta(days=days if match[1] == "+" else -days)


_NOT_DELETED = Fixed([TASKS.c.deleted_at.is_(None)])


def filter_conditions(asked: TaskFilter | None, scope: FilterScope) -> Sequence[ColumnElement[bool]]:
    """The conditions of a filter; deleted tasks are left out unless it says ``deleted``."""
    if asked is None:
        return _NOT_DELETED
    if asked.size() > MOST_CONDITIONS:
        raise BadInput(f"A filter has at most {MOST_CONDITIONS} comparisons; this has {asked.size()}.")
    conditions = [_condition(asked, scope)]
    if not _mentions(asked, "deleted"):
        conditions.append(TASKS.c.deleted_at.is_(None))
    return conditions


def _mentions(asked: TaskFilter, name: str) -> bool:
    nested = (*asked.all_of, *asked.any_of, *((asked.negated,) if asked.negated else ()))
    return any(one.field == name for one in asked.compared) or any(_mentions(one, name) for one in nested)


def _condition(asked: TaskFilter, scope: FilterScope) -> ColumnElement[bool]:
    parts = [_compared(one, scope) for one in asked.compared]
    parts += [_condition(one, scope) for one in asked.all_of]
    if asked.any_of:
        parts.append(or_(*(_condition(one, scope) for one in asked.any_of)))
    if asked.negated is not None:
        # A comparison with null is neither true nor false: what is not known to match is matched by `not`.
        parts.append(not_(func.coalesce(_condition(asked.negated, scope), False)))
    return and_(true(), *parts)


def _compared(one: Compared, scope: FilterScope) -> ColumnElement[bool]:
    if one.field == "deleted":
        return TASKS.c.deleted_at.is_not(None) if one.ops.get("eq") else TASKS.c.deleted_at.is_(None)
    if one.field in ("assignee", "label"):
        return and_(true(), *(_member(one.field, op, value) for op, value in one.ops.items()))
    if one.field == "status_category":
        return and_(true(), *(_category(op, value) for op, value in one.ops.items()))
    column: ColumnElement[Any] = TASKS.c[one.field]
    if one.field == "priority":
        column = cast(column, Integer)  # a smallint, which a larger number could not be compared with
    return and_(true(), *(_operator(column, op, value, scope) for op, value in one.ops.items()))


def _operator(column: ColumnElement[Any], op: str, value: Any, scope: FilterScope) -> ColumnElement[bool]:
    if op == "null":
        return column.is_(None) if value else column.is_not(None)
    if column.type.python_type is date:
        value = [scope.day(day) for day in value] if isinstance(value, list) else scope.day(value)
    if op in ("in", "nin"):
        inside = column == func.any(literal(_bounded(value), ARRAY(column.type)))
        return inside if op == "in" else or_(not_(inside), column.is_(None))
    if op == "neq":
        return column.is_distinct_from(value)
    if op == "contains":
        pattern = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        return column.ilike(f"%{pattern}%", escape="\\")
    compared: ColumnElement[bool] = {
        "eq": column.__eq__, "lt": column.__lt__, "lte": column.__le__, "gt": column.__gt__, "gte": column.__ge__,
    }[op](value)  # fmt: skip
    return compared


def _bounded(values: list[Any]) -> list[Any]:
    if len(values) > MOST_VALUES:
        raise BadInput(f"A list in a filter has at most {MOST_VALUES} values.")
    return values


def _member(field_name: str, op: str, value: Any) -> ColumnElement[bool]:
    source, column = (_ASSIGNEES, "user_id") if field_name == "assignee" else (_LABELS, "label_id")
    rows = select(1).where(source.c.project_id == TASKS.c.project_id, source.c.task_id == TASKS.c.id)
    if op == "null":
        return not_(rows.exists()) if value else rows.exists()
    values: list[UUID] = [value] if op in ("eq", "neq") else _bounded(value)
    among = rows.where(source.c[column] == func.any(literal(values, ARRAY(Uuid)))).exists()
    return not_(among) if op in ("nin", "neq") else among


def _category(op: str, value: Any) -> ColumnElement[bool]:
    values = [value] if op in ("eq", "neq") else _bounded(value)
    among = (
        select(1)
        .where(
            _STATUSES.c.project_id == TASKS.c.project_id,
            _STATUSES.c.id == TASKS.c.status_id,
            _STATUSES.c.category == func.any(literal(values, ARRAY(Text))),
        )
        .exists()
    )
    return not_(among) if op in ("nin", "neq") else among


ORDERS: dict[str, tuple[str, bool]] = {
    "rank": ("rank", False), "number": ("number", False), "title": ("title", False), "priority": ("priority", False),
    "created_at": ("created_at", False), "updated_at": ("updated_at", False), "due_date": ("due_date", True),
    "completed_at": ("completed_at", True), "estimate": ("estimate", True),
}  # fmt: skip
"""What tasks can be ordered by: the column, and whether it can be null."""


def task_orders(terms: list[tuple[str, bool]]) -> list[Order]:
    """Orders by (name, descending) terms, made total by the id; by rank if none are given."""
    orders = []
    for name, descending in terms or [("rank", False)]:
        column, nullable = ORDERS[name]
        orders.append(Order(TASKS.c[column], column, descending, nullable))
    if len({order.name for order in orders}) < len(orders):
        raise BadInput("orderBy names a field twice.")
    orders.append(Order(TASKS.c.id, "id", orders[-1].descending))
    return orders
