"""Tasks by what stands in their custom fields: conditions and orders over the table that is kept of the values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
    asc,
    cast,
    column,
    desc,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.accounts.reads import NAME_TO_SORT
from app.accounts.reads import USERS as _USERS
from app.cursors import Kept, Order, Without
from app.fields.models import CustomField, FieldKind, TaskFieldValue
from app.statements import table
from app.tasks.grammar import read_custom
from app.tasks.models import Task

_TASKS, _VALUES, _FIELDS = table(Task), table(TaskFieldValue), table(CustomField)
_NAME = func.coalesce(NAME_TO_SORT, "")
"""Whom the transaction may not see has none, like whom the answer does not show."""

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
    FieldKind.USER.value: "name",
}  # fmt: skip
"""What of each kind of fields tasks are ordered by."""


def order_name(field_id: UUID, kind: str, project_id: UUID) -> str:
    """How ``task_orders`` is told of an order by a field."""
    return f"field:{SORTED[kind]}:{field_id.hex}:{project_id.hex}"


def sorted_field(name: str) -> UUID:
    """The field that such an order is by."""
    return UUID(name.split(":")[2])


_ENTRIES = {
    "text": ("text", "url"),
    "number": ("number",),
    "day": ("date",),
    "name": ("user_id",),
    "place": (),
}


def value_to_sort(column: str, value: dict[str, Any], options: dict[str, Any]) -> Any:
    """What a task is sorted by, of its value in a field, as by ``field_order``. ``column``: one of ``SORTED``.

    Of options that are not deleted it is the first one's place. Of a person it is the id, since a state does not tell
    how they are called (``app.accounts.reads.names_to_sort``).
    """
    if column == "place":
        chosen = value.get("option_ids") or [value.get("option_id")]
        living = (options[one] for one in chosen if one in options and not options[one].get("deleted"))
        return min((one["place"] for one in living), default=None)
    return next((value[one] for one in _ENTRIES[column] if one in value), None)


def state_to_sort(name: str, state: Mapping[str, Any], options: dict[str, Any]) -> Any:
    """The same of a task's state, by the order's name."""
    field = str(sorted_field(name))
    return value_to_sort(name.split(":")[1], state["fields"].get(field, {}), options)


def is_of_field(name: str) -> bool:
    """Whether an order is such a one."""
    return name.startswith("field:")


def is_of_people(name: str) -> bool:
    """Whether such an order is by the names of people."""
    return name.split(":")[1] == "name"


def field_order(name: str, descending: bool, *, past: bool = False) -> Order:
    """An order by a field. Tasks without a value come last. ``past``: of states that no index has."""
    _, column, field, project = name.split(":")
    kept = partial(_kept, UUID(project), UUID(field), "past name" if past and column == "name" else column)
    return Order(_sorted_by(UUID(field), column), f"by_{field}", descending, nullable=True, kept=kept)


@lru_cache(maxsize=1024)
def _kept(project_id: UUID, field_id: UUID, column: str, downward: bool) -> Kept:
    """Where the values stand in order (migrations 0026, 0028), under names of its own: others may ask there as well."""
    rows = _VALUES.alias()
    same, elsewhere = {"id": rows.c.task_id}, _TASKS.c.project_id != project_id
    within = and_(rows.c.project_id == project_id, rows.c.field_id == field_id)
    if column in ("name", "past name"):
        of = partial(_of, rows, project_id, field_id, and_(rows.c.ref.is_not(None), rows.c.first))
        without = _without(rows, of, project_id)
        if column == "name":
            people = _people(project_id, field_id, downward)
            whose = and_(within, rows.c.first, rows.c.ref == people.c.ref)
            return Kept(rows, of(_TASKS), people.c.name, without, elsewhere, same, people, whose)
        named = rows.outerjoin(_USERS, _USERS.c.id == rows.c.ref)
        return Kept(named, of(_TASKS), _NAME, without, elsewhere, same)
    if column != "place":
        of = partial(_of, rows, project_id, field_id, rows.c[column].is_not(None))
        return Kept(rows, of(_TASKS), rows.c[column], _without(rows, of, project_id), elsewhere, same)
    places = _places(project_id, field_id, downward)
    known = rows.c.ref == func.any(func.array(_options(project_id, field_id)[0].scalar_subquery()))
    of = partial(_of, rows, project_id, field_id, known)
    first = and_(within, rows.c.first, rows.c.ref == places.c.ref)
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


def _people(project_id: UUID, field_id: UUID, downward: bool) -> Any:
    """The people who stand in a field, and their names, in that order: the first ones often give enough tasks.

    They are found one after the other in the index of values, so it costs by how many they are, not by how many tasks.
    """
    rows = _VALUES.alias()
    here = select(rows.c.ref).where(rows.c.project_id == project_id, rows.c.field_id == field_id).limit(1)
    here = here.where(rows.c.ref.is_not(None)).order_by(rows.c.ref)
    each = here.cte("person", recursive=True, nesting=True)
    beyond = here.where(rows.c.ref > each.c.ref).correlate(each).scalar_subquery()
    each = each.union_all(select(beyond).where(each.c.ref.is_not(None)))
    named = select(each.c.ref, _NAME.label("name")).where(each.c.ref.is_not(None))
    named = named.select_from(each.outerjoin(_USERS, _USERS.c.id == each.c.ref))
    return named.order_by(desc("name") if downward else asc("name")).subquery()


@lru_cache(maxsize=1024)
def _sorted_by(field_id: UUID, column: str) -> ColumnElement[Any]:
    """One column for one field, always the same: statements that have it are kept by it."""
    of_field = and_(_OF_TASK, _VALUES.c.field_id == field_id)
    if column == "name":
        named = _VALUES.outerjoin(_USERS, _USERS.c.id == _VALUES.c.ref)
        return select(_NAME).select_from(named).where(of_field, _VALUES.c.ref.is_not(None)).scalar_subquery()
    if column != "place":
        return select(_VALUES.c[column]).where(of_field).scalar_subquery()
    option = _FIELDS.c.options.op("->")(cast(_VALUES.c.ref, Text))
    living = ~cast(option.op("->>")("deleted"), Boolean)
    of_options = and_(_FIELDS.c.project_id == _VALUES.c.project_id, _FIELDS.c.id == _VALUES.c.field_id)
    places = select(func.min(cast(option.op("->>")("place"), Integer))).select_from(
        _VALUES.join(_FIELDS, of_options)
    )
    return places.where(of_field, living).scalar_subquery()
