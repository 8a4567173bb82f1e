"""Tasks and comments as they were: what stands behind their types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.comments.models import Comment
from app.comments.reads import ORDER
from app.history.moments import Moment, states_then
from app.history.states import State
from app.history.tables import COMMENTS, TASKS_AND_WORDS, check_conditions, stand_ins
from app.statements import table
from app.tasks.filters import TASKS, filter_conditions, task_orders
from app.tasks.models import Task
from schema.context import Columns, Context
from schema.history.moments import AsOfInput, moments
from schema.paging import Paging, connections, paged
from schema.tasks.filters import TaskFilterInput, TaskOrder, filter_scope, read_filter, read_order

_COMMENTS = table(Comment)


@dataclass(frozen=True, slots=True, eq=False)
class PastTask:
    """A task at a moment. ``row``: its place in a page, by which cursors are made."""

    moment: Moment
    id: UUID
    past: State
    row: Any = None

    @property
    def creator_id(self) -> UUID | None:
        """Who made the task."""
        return None if self.past["creator_id"] is None else UUID(self.past["creator_id"])

    @property
    def author_id(self) -> UUID | None:
        """Who wrote the comment."""
        return None if self.past["author_id"] is None else UUID(self.past["author_id"])

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


@dataclass(frozen=True, slots=True, eq=False)
class PastStatus:
    """A status at a moment."""

    moment: Moment
    past: State


class PastComment(PastTask):
    """A comment at a moment."""

    __slots__ = ()


async def tasks_as_of(context: Context, parents: list[Any], columns: Columns, at: AsOfInput) -> list[Any]:
    """Each task as it was in its project; None where it was not there."""
    found = await moments(context, [parent.project_id for parent in parents], at)
    there = [(found[one.project_id], ("task", one.id)) for one in parents if one.project_id in found]
    states = dict(
        zip([key[1] for _, key in there], await states_then(await context.reader(), there), strict=True)
    )
    return [
        None
        if (state := states.get(parent.id)) is None
        else PastTask(found[parent.project_id], parent.id, state)
        for parent in parents
    ]


@paged
async def tasks_then(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
    order_by: list[TaskOrder] | None = None,
) -> list[Any]:
    """The tasks of each project at its moment."""
    keys = [(parent.scope_id,) for parent in parents]
    return await _tasks(context, parents, ("project_id",), keys, filter, order_by, page)


@paged
async def tasks_then_by_status(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
    order_by: list[TaskOrder] | None = None,
) -> list[Any]:
    """The tasks in each status at its moment: a column of the board as it was."""
    keys = [(parent.moment.scope_id, UUID(parent.past["id"])) for parent in parents]
    found = [parent.moment for parent in parents]
    return await _tasks(context, found, ("project_id", "status_id"), keys, filter, order_by, page)


async def _tasks(
    context: Context, found: list[Moment], keys: Sequence[str], parents: Sequence[tuple[UUID, ...]],
    filter: TaskFilterInput | None, order_by: list[TaskOrder] | None, page: Paging,
) -> list[Any]:  # fmt: skip
    conditions = filter_conditions(read_filter(filter), await filter_scope(context, filter))
    orders = task_orders(await read_order(context, order_by), past=True)
    check_conditions([*conditions, *(order.column for order in orders)])
    tables = stand_ins(distinct(found), TASKS_AND_WORDS)
    made = await connections(
        context, TASKS, Task, keys, parents, orders, page, conditions, frozenset({"id"}), tables
    )
    await put_in(context, made, found, "task", PastTask)
    return made


@paged
async def comments_then(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    """The comments of each task at its moment, oldest first."""
    found = [parent.moment for parent in parents]
    keys = [(parent.moment.scope_id, parent.id) for parent in parents]
    made = await connections(
        context, _COMMENTS, Comment, ("project_id", "task_id"), keys, ORDER, page, (), frozenset({"id"}),
        stand_ins(distinct(found), COMMENTS),
    )  # fmt: skip
    await put_in(context, made, found, "comment", PastComment)
    return made


def distinct(found: Sequence[Moment]) -> list[Moment]:
    """Each of the moments once."""
    by_scope = {moment.scope_id: moment for moment in found}
    # One field asks for one moment, which is one of each project.
    assert all(by_scope[moment.scope_id].seq == moment.seq for moment in found)
    return list(by_scope.values())


async def put_in(
    context: Context, made: list[Any], found: list[Moment], object_type: str, wrap: type[PastTask]
) -> None:
    """Give the rows of pages their states. Pages of one parent are one object."""
    pages = {id(one.page): (one.page, moment) for one, moment in zip(made, found, strict=True)}
    asked = [(moment, row) for page, moment in pages.values() for row in page.rows]
    states = await states_then(
        await context.reader(), [(moment, (object_type, row.id)) for moment, row in asked]
    )
    wrapped = iter(
        wrap(moment, row.id, state or {}, row) for (moment, row), state in zip(asked, states, strict=True)
    )
    for page, _ in pages.values():
        page.rows = [next(wrapped) for _ in page.rows]
