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
    Select,
    Text,
    Uuid,
    and_,
    cast,
    column,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.cursors import Kept, Order, Without
from app.fields.models import CustomField, FieldKind, TaskFieldValue
from app.statements import table
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
    """What a task is sorted by, of its value in a field, as by ``field_order``.

    Of options that are not deleted it is the first one's place.
    """
    chosen = value.get("option_ids") or ([value["option_id"]] if "option_id" in value else None)
    if chosen is not None:
        living = (options[one] for one in chosen if one in options and not options[one].get("deleted"))
        return min((one["place"] for one in living), default=None)
    return next((value[one] for one in ("text", "url", "number", "date") if one in value), None)


def field_order(name: str, descending: bool) -> Order:
    """An order by a field. Tasks without a value come last."""
    _, column, field, project = name.split(":")
    kept = partial(_kept, UUID(project), UUID(field), column)
    return Order(_sorted_by(UUID(field), column), f"by_{field}", descending, nullable=True, kept=kept)


@lru_cache(maxsize=1024)
def _kept(project_id: UUID, field_id: UUID, column: str, downward: bool) -> Kept:
    """Where the values stand in order (migrations 0026, 0028), under names of its own: others may ask there as well."""
    rows = _VALUES.alias()
    same, elsewhere = {"id": rows.c.task_id}, _TASKS.c.project_id != project_id
    if column != "place":
        of = partial(_of, rows, project_id, field_id, rows.c[column].is_not(None))
        return Kept(rows, of(_TASKS), rows.c[column], _without(rows, of, project_id), elsewhere, same)
    places = _places(project_id, field_id, downward)
    known = rows.c.ref == func.any(func.array(_options(project_id, field_id)[0].scalar_subquery()))
    of = partial(_of, rows, project_id, field_id, known)
    first = and_(rows.c.first, rows.c.ref == places.c.ref)
    without = _without(rows, of, project_id)
    return Kept(rows, of(_TASKS), places.c.place, without, elsewhere, same, places, first)


def _of(
    rows: Any, project_id: UUID, field_id: UUID, there: ColumnElement[bool], tasks: Any
) -> ColumnElement[bool]:
    """Which values are a task's."""
    place = and_(rows.c.project_id == project_id, rows.c.field_id == field_id, there)
    return and_(rows.c.project_id == tasks.c.project_id, rows.c.task_id == tasks.c.id, place)


def _without(rows: Any, of: Callable[[Any], ColumnElement[bool]], project_id: UUID) -> Without:
    """Tasks without a value: found in the indexes of tasks and of values alone, once they are asked for."""
    tasks = _TASKS.alias()
    valued = select(1).select_from(rows).where(of(tasks)).correlate(tasks).exists()
    found = select(tasks.c.id).where(tasks.c.project_id == project_id, ~valued)
    ids = func.unnest(func.array(found.scalar_subquery())).table_valued(column("id", Uuid))
    there = ids.render_derived(name="without")
    return Without(there, there.c.id == _TASKS.c.id)


def _options(project_id: UUID, field_id: UUID) -> tuple[Select[Any], ColumnElement[int]]:
    """A select of a field's options that are not deleted, and their places."""
    each = func.jsonb_each(_FIELDS.c.options).table_valued("key", "value").render_derived(name="each_options")
    chosen = select(cast(each.c.key, Uuid).label("ref")).select_from(_FIELDS, each)
    living = ~cast(cast(each.c.value, JSONB).op("->>")("deleted"), Boolean)
    of_field = chosen.where(_FIELDS.c.project_id == project_id, _FIELDS.c.id == field_id, living)
    return of_field, cast(cast(each.c.value, JSONB).op("->>")("place"), Integer)


def _places(project_id: UUID, field_id: UUID, downward: bool) -> Any:
    """The options of a field and their places, in that order: the first ones often give enough tasks."""
    options, place = _options(project_id, field_id)
    ordered = options.add_columns(place.label("place")).order_by(place.desc() if downward else place)
    return ordered.subquery()


@lru_cache(maxsize=1024)
def _sorted_by(field_id: UUID, column: str) -> ColumnElement[Any]:
    """One column for one field, always the same: statements that have it are kept by it."""
    of_field = and_(_OF_TASK, _VALUES.c.field_id == field_id)
    if column != "place":
        return select(_VALUES.c[column]).where(of_field).scalar_subquery()
    option = _FIELDS.c.options.op("->")(cast(_VALUES.c.ref, Text))
    living = ~cast(option.op("->>")("deleted"), Boolean)
    of_options = and_(_FIELDS.c.project_id == _VALUES.c.project_id, _FIELDS.c.id == _VALUES.c.field_id)
    places = select(func.min(cast(option.op("->>")("place"), Integer))).select_from(
        _VALUES.join(_FIELDS, of_options)
    )
    return places.where(of_field, living).scalar_subquery()
