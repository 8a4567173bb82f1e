"""Tasks by what stands in their custom fields: conditions and orders over the table that is kept of the values."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Integer,
    Text,
    Uuid,
    and_,
    cast,
    func,
    not_,
    or_,
    select,
    tuple_,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.cursors import Kept, Order
from app.db import table
from app.fields.models import CustomField, FieldKind, TaskFieldValue
from app.tasks.grammar import read_custom
from app.tasks.models import Task

_TASKS, _VALUES, _FIELDS = table(Task), table(TaskFieldValue), table(CustomField)

Operator = Callable[[ColumnElement[Any], str, Any], ColumnElement[bool]]
"""``(column, op, value)`` as a condition."""

_OF_TASK = and_(_VALUES.c.project_id == _TASKS.c.project_id, _VALUES.c.task_id == _TASKS.c.id)
_NEGATED = {"neq": "eq", "nin": "in"}


_COLUMNS = {"text": "text", "number": "number", "date": "day", "option": "ref", "user": "ref"}


def field_condition(name: str, op: str, value: Any, operator: Operator) -> ColumnElement[bool]:
    """One comparison (see ``app.tasks.grammar.custom_name``). Of several chosen options any may match.

    ``neq`` and ``nin`` ask that none does; ``null``, that nothing stands in the field, whatever is compared. What
    tasks do not show, since the field or the option was deleted, does not stand there.
    """
    field_id, compared = read_custom(name)
    living = select(1).where(_FIELDS.c.id == field_id, _FIELDS.c.deleted_at.is_(None)).exists()
    inside = select(1).where(_OF_TASK, _VALUES.c.field_id == field_id, living)
    if compared == "option" or op == "null":
        ref = _VALUES.c.ref
        inside = inside.where(or_(ref.is_(None), ref.not_in(_deleted_options(field_id))))
    if op == "null":
        return not_(inside.exists()) if value else inside.exists()
    if op == "me" and not value:
        return not_(inside.where(operator(_VALUES.c.ref, "me", True)).exists())
    found = inside.where(operator(_VALUES.c[_COLUMNS[compared]], _NEGATED.get(op, op), value)).exists()
    return not_(found) if op in _NEGATED else found


def _deleted_options(field_id: UUID) -> Any:
    each = func.jsonb_each(_FIELDS.c.options).table_valued("key", "value").render_derived(name="each_option")
    deleted = cast(cast(each.c.value, JSONB).op("->>")("deleted"), Boolean)
    return select(cast(each.c.key, Uuid)).select_from(_FIELDS, each).where(_FIELDS.c.id == field_id, deleted)


SORTED = {
    FieldKind.TEXT.value: "text", FieldKind.URL.value: "text", FieldKind.NUMBER.value: "number",
    FieldKind.DATE.value: "day", FieldKind.SELECT.value: "place", FieldKind.MULTI_SELECT.value: "place",
}  # fmt: skip
"""The kinds of fields that tasks can be ordered by, and by what of them."""


def order_name(field_id: UUID, kind: str, project_id: UUID) -> str:
    """How ``task_orders`` is told of an order by a field."""
    return f"field:{SORTED[kind]}:{field_id.hex}:{project_id.hex}"


def sorted_field(name: str) -> UUID:
    """The field that such an order is by."""
    return UUID(name.split(":")[2])


def value_to_sort(value: dict[str, Any], options: dict[str, Any]) -> Any:
    """What a task is sorted by, of its value in a field (of options, the first one's place), as by ``field_order``."""
    chosen = value.get("option_ids") or ([value["option_id"]] if "option_id" in value else None)
    if chosen is not None:
        return min((options[one]["place"] for one in chosen if one in options), default=None)
    return next((value[one] for one in ("text", "url", "number", "date") if one in value), None)


def field_order(name: str, descending: bool) -> Order:
    """An order by a field. Tasks without a value come last."""
    _, column, field, project = name.split(":")
    kept = partial(_kept, UUID(project), UUID(field), column)
    return Order(_sorted_by(UUID(field), column), f"by_{field}", descending, nullable=True, kept=kept)


@lru_cache(maxsize=1024)
def _kept(project_id: UUID, field_id: UUID, column: str, downward: bool) -> Kept:
    """Where the values stand in order (migration 0026); an alias of its own, for a filter may ask there as well."""
    rows = _VALUES.alias("ordered")
    of = [
        rows.c.project_id == _TASKS.c.project_id, rows.c.task_id == _TASKS.c.id,
        rows.c.project_id == project_id, rows.c.field_id == field_id,
    ]  # fmt: skip
    same = {"id": rows.c.task_id}
    if column != "place":
        return Kept(rows, and_(*of, rows.c[column].is_not(None)), rows.c[column], same)
    places, others = (_places(project_id, field_id, name, downward) for name in ("options", "other_options"))
    other = _VALUES.alias("others")
    before = select(1).where(
        other.c.project_id == rows.c.project_id, other.c.task_id == rows.c.task_id,
        other.c.field_id == field_id, other.c.ref == others.c.ref,
        tuple_(others.c.place, others.c.ref) < tuple_(places.c.place, places.c.ref),
    )  # fmt: skip
    only = [~before.correlate(rows, places).exists()]
    return Kept(rows, and_(*of, rows.c.ref == places.c.ref), places.c.place, same, places, only)


def _places(project_id: UUID, field_id: UUID, name: str, downward: bool) -> Any:
    """The options of a field and their places, in that order: the first ones often give enough tasks."""
    each = func.jsonb_each(_FIELDS.c.options).table_valued("key", "value").render_derived(name=f"each_{name}")
    place = cast(cast(each.c.value, JSONB).op("->>")("place"), Integer)
    chosen = select(cast(each.c.key, Uuid).label("ref"), place.label("place")).select_from(_FIELDS, each)
    of_field = chosen.where(_FIELDS.c.project_id == project_id, _FIELDS.c.id == field_id)
    return of_field.order_by(place.desc() if downward else place).subquery(name)


@lru_cache(maxsize=1024)
def _sorted_by(field_id: UUID, column: str) -> ColumnElement[Any]:
    """One column for one field, always the same: statements that have it are kept by it."""
    of_field = and_(_OF_TASK, _VALUES.c.field_id == field_id)
    if column != "place":
        return select(_VALUES.c[column]).where(of_field).scalar_subquery()
    option = _FIELDS.c.options.op("->")(cast(_VALUES.c.ref, Text)).op("->>")("place")
    of_options = and_(_FIELDS.c.project_id == _VALUES.c.project_id, _FIELDS.c.id == _VALUES.c.field_id)
    places = select(func.min(cast(option, Integer))).select_from(_VALUES.join(_FIELDS, of_options))
    return places.where(of_field).scalar_subquery()
