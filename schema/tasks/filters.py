"""Filters and orders of tasks as inputs."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any
from uuid import UUID

import strawberry

from app.accounts.reads import users_by_id
from app.errors import BadInput
from app.fields.reads import CUSTOM_FIELDS_BY_KEY
from app.keeping import Noted, note
from app.projects.models import StatusCategory as Category
from app.projects.reads import rows_by_key
from app.tasks.field_values import order_name
from app.tasks.grammar import DEEPEST, Compared, FilterScope, TaskFilter, custom_name
from schema.context import Context
from schema.ids import read_id, read_word_id
from schema.inputs import given, optional
from schema.projects.enums import StatusCategory

_NAMES = {"in_": "in"}


@strawberry.input(description="Compares a text.")
class StringComparator:
    eq: str | None = optional("Equal, letter case counts.")
    neq: str | None = optional("Not equal.")
    in_: list[str] | None = optional("One of these.", name="in")
    nin: list[str] | None = optional("None of these.")
    contains: str | None = optional("Contains this, letter case aside.")
    null: bool | None = optional("Is (true) or is not (false) empty.")


@strawberry.input(description="Compares a whole number.")
class IntComparator:
    eq: int | None = optional("Equal.")
    neq: int | None = optional("Not equal.")
    in_: list[int] | None = optional("One of these.", name="in")
    nin: list[int] | None = optional("None of these.")
    lt: int | None = optional("Less than.")
    lte: int | None = optional("Less than or equal.")
    gt: int | None = optional("Greater than.")
    gte: int | None = optional("Greater than or equal.")


@strawberry.input(description="Compares a number that may be missing.")
class FloatComparator:
    eq: float | None = optional("Equal.")
    neq: float | None = optional("Not equal, or missing.")
    in_: list[float] | None = optional("One of these.", name="in")
    nin: list[float] | None = optional("None of these, or missing.")
    lt: float | None = optional("Less than.")
    lte: float | None = optional("Less than or equal.")
    gt: float | None = optional("Greater than.")
    gte: float | None = optional("Greater than or equal.")
    null: bool | None = optional("Is (true) or is not (false) missing.")


@strawberry.input(description="Compares ids.")
class IdComparator:
    eq: strawberry.ID | None = optional("This one.")
    neq: strawberry.ID | None = optional("Not this one.")
    in_: list[strawberry.ID] | None = optional("One of these.", name="in")
    nin: list[strawberry.ID] | None = optional("None of these.")
    null: bool | None = optional("There is none (true) or there is one (false).")


@strawberry.input(description="Compares people.")
class UserComparator(IdComparator):
    me: bool | None = optional("You (true), or not you (false): of a shared view, whoever looks at it.")


@strawberry.input(description="Looks into a text.")
class ContainsComparator:
    contains: str = strawberry.field(description="Contains this, letter case aside.")


@strawberry.input(
    description="Compares a moment: with another, or with a whole day of yours, as `DateComparator` writes it."
)
class DateTimeComparator:
    lt: datetime | None = optional("Before.")
    lte: datetime | None = optional("Not after.")
    gt: datetime | None = optional("After.")
    gte: datetime | None = optional("Not before.")
    since: str | None = optional("On this day or later.")
    after: str | None = optional("After this day.")
    before: str | None = optional("Before this day.")
    until: str | None = optional("On this day or earlier.")
    null: bool | None = optional("Is (true) or is not (false) missing.")


@strawberry.input(
    description="Compares a day: `2026-01-31`, `today`, or relative to it: `+3d`, `-2w`, `+1m` (30 days). "
    "Today is reckoned in your time zone."
)
class DateComparator:
    eq: str | None = optional("This day.")
    neq: str | None = optional("Not this day, or missing.")
    in_: list[str] | None = optional("One of these days.", name="in")
    nin: list[str] | None = optional("None of these days, or missing.")
    lt: str | None = optional("Before.")
    lte: str | None = optional("Not after.")
    gt: str | None = optional("After.")
    gte: str | None = optional("Not before.")
    null: bool | None = optional("Is (true) or is not (false) missing.")


@strawberry.input(description="Compares a status's category.")
class StatusCategoryComparator:
    eq: StatusCategory | None = optional("This one.")
    neq: StatusCategory | None = optional("Not this one.")
    in_: list[StatusCategory] | None = optional("One of these.", name="in")
    nin: list[StatusCategory] | None = optional("None of these.")


@strawberry.input(description="Compares yes or no.")
class BooleanComparator:
    eq: bool = strawberry.field(description="Yes or no.")


@strawberry.input(
    description="Compares what stands in a custom field by the comparator of its kind; `fieldId` alone: something does."
)
class TaskFieldFilter:
    field_id: strawberry.ID = strawberry.field(description="Which field.")
    text: StringComparator | None = optional("Of a TEXT or URL field.")
    number: FloatComparator | None = optional("Of a NUMBER field.")
    date: DateComparator | None = optional("Of a DATE field.")
    option: IdComparator | None = optional("Of a SELECT field, or among those of a MULTI_SELECT.")
    user: UserComparator | None = optional("Of a USER field.")
    null: bool | None = optional("Nothing is in it (true) or something is (false).")


@strawberry.input(
    name="TaskFilter",
    description="Which tasks. All that is given must hold. Deleted tasks are left out unless `deleted` is given.",
)
class TaskFilterInput:
    title: StringComparator | None = optional("By title.")
    text: ContainsComparator | None = optional("By title and sections together.")
    number: IntComparator | None = optional("By number.")
    priority: IntComparator | None = optional("By priority, 0 (none) to 4.")
    status: IdComparator | None = optional("By status.")
    status_category: StatusCategoryComparator | None = optional("By what the status means.")
    type: IdComparator | None = optional("By task type.")
    assignee: UserComparator | None = optional("By who it is assigned to.")
    creator: UserComparator | None = optional("By who made it.")
    label: IdComparator | None = optional("By label.")
    parent: IdComparator | None = optional("By parent task.")
    sprint: IdComparator | None = optional("By sprint; `null: true` is the backlog.")
    milestone: IdComparator | None = optional("By milestone.")
    project: IdComparator | None = optional("By project.")
    estimate: FloatComparator | None = optional("By estimate.")
    due_date: DateComparator | None = optional("By due date.")
    created_at: DateTimeComparator | None = optional("By when it was made.")
    updated_at: DateTimeComparator | None = optional("By when it was last edited.")
    completed_at: DateTimeComparator | None = optional("By when it was closed.")
    external_ref: StringComparator | None = optional("By external reference.")
    blocked: BooleanComparator | None = optional(
        "Whether a task that is not closed, of those that you see, blocks it."
    )
    field: TaskFieldFilter | None = optional(
        "By what stands in a custom field; for several fields use `and`."
    )
    deleted: BooleanComparator | None = optional("Deleted ones, or the others.")
    and_: list[TaskFilterInput] | None = optional("All of these too.", name="and")
    or_: list[TaskFilterInput] | None = optional("At least one of these too.", name="or")
    not_: TaskFilterInput | None = optional("Not this.", name="not")


_COLUMNS = {
    "status": "status_id", "type": "type_id", "creator": "creator_id", "parent": "parent_id",
    "sprint": "sprint_id", "milestone": "milestone_id", "project": "project_id",
}  # fmt: skip
_ID_KINDS = {
    "status": "Status", "type": "TaskType", "creator": "User", "parent": "Task", "assignee": "User", "label": "Label",
    "sprint": "Sprint", "milestone": "Milestone", "project": "Project", "option": "FieldOption", "user": "User",
}  # fmt: skip


def read_filter(asked: TaskFilterInput | None, depth: int = 0) -> TaskFilter | None:
    """The input as the application takes it."""
    if asked is None:
        return None
    compared = []
    for name in asked.__dataclass_fields__:
        comparator = getattr(asked, name)
        if comparator and name == "field":
            compared += _of_field(comparator)
        elif comparator and name not in ("and_", "or_", "not_"):
            compared.append(Compared(_COLUMNS.get(name, name), _ops(name, comparator)))
    return TaskFilter(
        tuple(compared), _nested(asked.and_, depth), _nested(asked.or_, depth),
        read_filter(asked.not_, _deeper(depth)) if asked.not_ else None,
    )  # fmt: skip


_ENTRIES = ("text", "number", "date", "option", "user")


def _of_field(asked: TaskFieldFilter) -> list[Compared]:
    field_id = read_id(asked.field_id, "CustomField")
    found = [
        Compared(custom_name(field_id, name), _ops(name, comparator))
        for name in _ENTRIES
        if (comparator := getattr(asked, name))
    ]
    null = given(asked.null)
    if null is not None or not found:
        found.append(Compared(custom_name(field_id, "text"), {"null": bool(null)}))
    return found


def _deeper(depth: int) -> int:
    if depth >= DEEPEST:
        raise BadInput(f"A filter is nested at most {DEEPEST} deep.")
    return depth + 1


def _nested(asked: list[TaskFilterInput] | None, depth: int) -> tuple[TaskFilter, ...]:
    found = [read_filter(one, _deeper(depth)) for one in asked or ()]
    return tuple(one for one in found if one is not None)


def _ops(name: str, comparator: Any) -> dict[str, Any]:
    ops = {}
    for op in comparator.__dataclass_fields__:
        value = getattr(comparator, op)
        if value is None or value is strawberry.UNSET:
            continue
        if name in _ID_KINDS and op not in ("null", "me"):
            kind = _ID_KINDS[name]
            value = [read_id(one, kind) for one in value] if isinstance(value, list) else read_id(value, kind)
        elif name == "status_category":
            value = [one.value for one in value] if isinstance(value, list) else Category(value).value
        if any(
            "\x00" in one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)
        ):
            raise BadInput("A text to compare with must not contain NUL characters.")
        ops[_NAMES.get(op, op)] = value
    return ops


@strawberry.enum(description="What tasks can be ordered by. Missing values come last.")
class TaskOrderField(Enum):
    RANK = strawberry.enum_value("rank", description="The order that people gave them by hand.")
    NUMBER = strawberry.enum_value("number", description="The number in the project.")
    TITLE = strawberry.enum_value("title", description="The title.")
    PRIORITY = strawberry.enum_value("priority", description="The priority.")
    ESTIMATE = strawberry.enum_value("estimate", description="The estimate.")
    DUE_DATE = strawberry.enum_value("due_date", description="The due date.")
    CREATED_AT = strawberry.enum_value("created_at", description="When it was made.")
    UPDATED_AT = strawberry.enum_value("updated_at", description="When it was last edited.")
    COMPLETED_AT = strawberry.enum_value("completed_at", description="When it was closed.")


@strawberry.enum(description="Which way.")
class OrderDirection(Enum):
    ASC = strawberry.enum_value("asc", description="Smallest first.")
    DESC = strawberry.enum_value("desc", description="Largest first.")


@strawberry.input(description="One term of an order.")
class TaskOrder:
    field: TaskOrderField | None = optional("By what.")
    custom_field_id: strawberry.ID | None = optional(
        "Or by what stands in this custom field: an option by its place, a person by their name in lower case. "
        "One of the two is said."
    )
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which way.")


async def read_order(context: Context, asked: list[TaskOrder] | None) -> list[tuple[str, bool]]:
    """The terms as the application takes them; custom fields are looked up for what they hold."""
    keys = [
        read_word_id(field_id, "CustomField")
        for term in asked or ()
        if (field_id := given(term.custom_field_id)) is not None
    ]
    names = await _field_orders(context, keys)
    terms = []
    for term in asked or ():
        if (given(term.field) is None) == (given(term.custom_field_id) is None):
            raise BadInput("An order is by a `field` or by a `customFieldId`: say one of the two.")
        field = given(term.field)
        name = names.pop(0) if field is None else str(field.value)
        terms.append((name, term.direction is OrderDirection.DESC))
    return terms


async def _field_orders(context: Context, keys: list[tuple[UUID, UUID]]) -> list[str]:
    if not keys:
        return []
    visible = await context.projects([project_id for project_id, _ in keys])
    found = await rows_by_key(
        await context.reader(), CUSTOM_FIELDS_BY_KEY, [key for key in keys if key[0] in visible]
    )
    fields = [found.get(key) for key in keys]
    if any(field is None or field.deleted_at is not None for field in fields):
        raise BadInput("There is no such custom field to order by.")
    return [order_name(field.id, field.kind, field.project_id) for field in fields if field is not None]


async def filter_scope(context: Context, filter: Any) -> FilterScope:
    """Who the viewer is and when their day is, looked up only if there is a filter that may ask for it."""
    if filter is None:
        return FilterScope()
    note(Noted.VIEWER)
    viewer = (await users_by_id(await context.reader(), [context.viewer_id])).get(context.viewer_id)
    return FilterScope(viewer.time_zone if viewer else "UTC", viewer_id=context.viewer_id)
