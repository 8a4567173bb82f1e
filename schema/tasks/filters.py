"""Filters and orders of tasks as inputs."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import Any

import strawberry

from app.accounts.reads import users_by_id
from app.errors import BadInput
from app.keeping import Noted, note
from app.projects.models import StatusCategory as Category
from app.tasks.grammar import DEEPEST, Compared, FilterScope, TaskFilter
from schema.context import Context
from schema.ids import read_id
from schema.inputs import optional
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
    estimate: FloatComparator | None = optional("By estimate.")
    due_date: DateComparator | None = optional("By due date.")
    created_at: DateTimeComparator | None = optional("By when it was made.")
    updated_at: DateTimeComparator | None = optional("By when it was last edited.")
    completed_at: DateTimeComparator | None = optional("By when it was closed.")
    external_ref: StringComparator | None = optional("By external reference.")
    blocked: BooleanComparator | None = optional(
        "Whether a task that is not closed, of those that you see, blocks it."
    )
    deleted: BooleanComparator | None = optional("Deleted ones, or the others.")
    and_: list[TaskFilterInput] | None = optional("All of these too.", name="and")
    or_: list[TaskFilterInput] | None = optional("At least one of these too.", name="or")
    not_: TaskFilterInput | None = optional("Not this.", name="not")


_COLUMNS = {
    "status": "status_id", "type": "type_id", "creator": "creator_id", "parent": "parent_id",
    "sprint": "sprint_id", "milestone": "milestone_id",
}  # fmt: skip
_ID_KINDS = {
    "status": "Status", "type": "TaskType", "creator": "User", "parent": "Task", "assignee": "User", "label": "Label",
    "sprint": "Sprint", "milestone": "Milestone",
}  # fmt: skip


def read_filter(given: TaskFilterInput | None, depth: int = 0) -> TaskFilter | None:
    """The input as the application takes it."""
    if given is None:
        return None
    compared = []
    for name in given.__dataclass_fields__:
        comparator = getattr(given, name)
        if comparator and name not in ("and_", "or_", "not_"):
            compared.append(Compared(_COLUMNS.get(name, name), _ops(name, comparator)))
    return TaskFilter(
        tuple(compared), _nested(given.and_, depth), _nested(given.or_, depth),
        read_filter(given.not_, _deeper(depth)) if given.not_ else None,
    )  # fmt: skip


def _deeper(depth: int) -> int:
    if depth >= DEEPEST:
        raise BadInput(f"A filter is nested at most {DEEPEST} deep.")
    return depth + 1


def _nested(given: list[TaskFilterInput] | None, depth: int) -> tuple[TaskFilter, ...]:
    found = [read_filter(one, _deeper(depth)) for one in given or ()]
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
    field: TaskOrderField = strawberry.field(description="By what.")
    direction: OrderDirection = strawberry.field(default=OrderDirection.ASC, description="Which way.")


def read_order(given: list[TaskOrder] | None) -> list[tuple[str, bool]]:
    """The terms as the application takes them."""
    return [(str(term.field.value), term.direction is OrderDirection.DESC) for term in given or ()]


async def filter_scope(context: Context, filter: Any) -> FilterScope:
    """Who the viewer is and when their day is, looked up only if there is a filter that may ask for it."""
    if filter is None:
        return FilterScope()
    note(Noted.VIEWER)
    viewer = (await users_by_id(await context.reader(), [context.viewer_id])).get(context.viewer_id)
    return FilterScope(viewer.time_zone if viewer else "UTC", viewer_id=context.viewer_id)
