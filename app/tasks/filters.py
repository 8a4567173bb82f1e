"""Typed filters and orders of tasks, as SQL conditions. ``matching`` gives the same answers of a state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    cast,
    column,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)
from sqlalchemy import table as named_table

from app.cursors import Order
from app.errors import BadInput
from app.keeping import Noted, note
from app.paging import Fixed
from app.projects.models import Label, Status, StatusCategory
from app.statements import table
from app.tasks.field_values import field_condition, field_order, is_of_field
from app.tasks.grammar import (
    CUSTOM,
    DAY_OPS,
    SETS,
    Compared,
    FilterScope,
    TaskFilter,
    check_filter,
    day_bound,
)
from app.tasks.models import Task, TaskAssignee, TaskLabel

TASKS = table(Task)
_STATUSES = table(Status)
_ASSIGNEES = table(TaskAssignee)
_LABELS = table(TaskLabel)
_WORDS = table(Label)
_LINKS = named_table(
    "links",
    *map(column, ("kind", "source_project_id", "source_task_id", "target_project_id", "target_task_id")),
)  # of a room above this one

CLOSED = (StatusCategory.COMPLETED.value, StatusCategory.CANCELLED.value)
"""Categories of statuses in which nothing is left to do."""

_NOT_DELETED = Fixed([TASKS.c.deleted_at.is_(None)])


def filter_conditions(asked: TaskFilter | None, scope: FilterScope) -> Sequence[ColumnElement[bool]]:
    """The conditions of a filter; deleted tasks are left out unless it says ``deleted``."""
    if asked is None:
        return _NOT_DELETED
    check_filter(asked)
    conditions = [_condition(asked, scope)]
    if not asked.mentions("deleted"):
        conditions.append(TASKS.c.deleted_at.is_(None))
    return conditions


def in_statuses(status_ids: Sequence[UUID]) -> ColumnElement[bool]:
    """The task is in one of these statuses."""
    return TASKS.c.status_id == func.any(literal(list(status_ids), ARRAY(Uuid)))


def living_label(label_id: ColumnElement[Any], among: Sequence[UUID] | None = None) -> ColumnElement[bool]:
    """The label was not deleted: a task keeps one that was, and does not show it. ``among``: it is one of these."""
    gone = select(_WORDS.c.id).where(_WORDS.c.deleted_at.is_not(None))
    if among is not None:
        gone = gone.where(_WORDS.c.id == func.any(literal(list(among), ARRAY(Uuid))))
    return label_id.not_in(gone)


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
    return and_(true(), *(_asked(one.field, op, value, scope) for op, value in one.ops.items()))


def _asked(name: str, op: str, value: Any, scope: FilterScope) -> ColumnElement[bool]:
    if name in SETS:
        return _member(name, op, value, scope)
    if name == "status_category":
        return _category(op, value)
    if name.startswith(CUSTOM):
        return field_condition(name, op, value, lambda target, op, value: _operator(target, op, value, scope))
    if name == "blocked":
        return _blocked() if value else not_(_blocked())
    if name == "text":
        return _text(value)
    target: ColumnElement[Any] = TASKS.c[name]
    if name == "priority":
        target = cast(target, Integer)  # a smallint, which a larger number could not be compared with
    return _operator(target, op, value, scope)


def _operator(target: ColumnElement[Any], op: str, value: Any, scope: FilterScope) -> ColumnElement[bool]:
    if op == "null":
        return target.is_(None) if value else target.is_not(None)
    if op == "me":
        op, value = ("eq" if value else "neq"), scope.viewer_id
    elif op in DAY_OPS:
        op, value = day_bound(op, value, scope)
    elif target.type.python_type is date:
        value = [scope.day(day) for day in value] if isinstance(value, list) else scope.day(value)
    if op in ("in", "nin"):
        inside = target == func.any(literal(value, ARRAY(target.type)))
        return inside if op == "in" else or_(not_(inside), target.is_(None))
    if op == "neq":
        return target.is_distinct_from(value)
    if op == "contains":
        return _contains(target, value)
    compared: ColumnElement[bool] = {
        "eq": target.__eq__, "lt": target.__lt__, "lte": target.__le__, "gt": target.__gt__, "gte": target.__ge__,
    }[op](value)  # fmt: skip
    return compared


def _contains(target: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    pattern = part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return target.ilike(f"%{pattern}%", escape="\\")


def _text(part: str) -> ColumnElement[bool]:
    """In the title or in a section."""
    sections = func.jsonb_each_text(TASKS.c.sections).table_valued("key", "value").alias("section")
    within = select(1).select_from(sections).where(_contains(sections.c.value, part))
    return or_(_contains(TASKS.c.title, part), within.exists())


def _member(name: str, op: str, value: Any, scope: FilterScope) -> ColumnElement[bool]:
    source, member = (_ASSIGNEES, "user_id") if name == "assignee" else (_LABELS, "label_id")
    rows = select(1).where(source.c.project_id == TASKS.c.project_id, source.c.task_id == TASKS.c.id)
    if op == "null":
        rows = rows.where(living_label(source.c[member])) if name == "label" else rows
        return not_(rows.exists()) if value else rows.exists()
    if op == "me":
        op, value = ("eq" if value else "neq"), scope.viewer_id
    values: list[UUID] = [value] if op in ("eq", "neq") else value
    if name == "label":
        rows = rows.where(living_label(source.c[member], values))
    among = rows.where(source.c[member] == func.any(literal(values, ARRAY(Uuid)))).exists()
    return not_(among) if op in ("nin", "neq") else among


def _blocked() -> ColumnElement[bool]:
    """Another task that is not closed blocks it: one in a project that the viewer does not see is not there."""
    note(Noted.ELSEWHERE)
    blocker = TASKS.alias("blocker")
    rows = (
        select(1)
        .select_from(_LINKS)
        .join(
            blocker,
            and_(blocker.c.project_id == _LINKS.c.source_project_id, blocker.c.id == _LINKS.c.source_task_id),
        )
        .join(
            _STATUSES,
            and_(_STATUSES.c.project_id == blocker.c.project_id, _STATUSES.c.id == blocker.c.status_id),
        )
        .where(
            _LINKS.c.kind == "blocks",
            _LINKS.c.target_project_id == TASKS.c.project_id,
            _LINKS.c.target_task_id == TASKS.c.id,
            blocker.c.deleted_at.is_(None),
            _STATUSES.c.category != func.all(literal(list(CLOSED), ARRAY(Text))),
        )
    )
    return rows.exists()


def _category(op: str, value: Any) -> ColumnElement[bool]:
    values = [value] if op in ("eq", "neq") else value
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


def task_orders(terms: list[tuple[str, bool]], *, past: bool = False) -> list[Order]:
    """Orders by (name, descending) terms, made total by the id; by rank if none are given.

    ``past``: for states of a moment that stand in no index.
    """
    orders = []
    for name, descending in terms or [("rank", False)]:
        if is_of_field(name):
            orders.append(field_order(name, descending, past=past))
            continue
        column, nullable = ORDERS[name]
        orders.append(Order(TASKS.c[column], column, descending, nullable))
    if len({order.name for order in orders}) < len(orders):
        raise BadInput("orderBy names a field twice.")
    orders.append(Order(TASKS.c.id, "id", orders[-1].descending))
    return orders
