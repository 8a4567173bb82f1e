"""Selects of the tasks of saved views: of many views in one statement, each with its own filter and order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Text, Uuid, cast, func, literal, or_, select, union_all

from app.cursors import Order, PageRequest
from app.db import Reader
from app.paging import Condition, Page, StandIns, finished_page, page_select, page_values
from app.statements import Statement, table
from app.tasks.filters import TASKS, living_label
from app.tasks.models import Task, TaskAssignee, TaskLabel
from app.views.models import SavedView

VIEWS = table(SavedView)

MOST_GROUPS = 200
"""Of one view; the largest are told."""


@dataclass(frozen=True)
class TaskList:
    """The tasks of some projects, filtered and ordered."""

    project_ids: Sequence[UUID]
    conditions: Sequence[Condition] = ()
    orders: Sequence[Order] = field(default=())

    @property
    def all_conditions(self) -> list[Condition]:
        """The projects are one of them."""
        within = TASKS.c.project_id == func.any(literal(list(self.project_ids), ARRAY(Uuid)))
        return [within, *self.conditions]


async def pages_of_views(
    reader: Reader, lists: Sequence[TaskList], request: PageRequest, stand_ins: StandIns | None = None
) -> list[Page]:
    """The page of each, in one statement. ``stand_ins``: what is read instead of the tables."""
    if not lists:
        return []
    parts = []
    for place, one in enumerate(lists):
        page = page_select(TASKS, one.orders, request, one.all_conditions).subquery()
        number = func.row_number().over()  # the rows of a subquery come in its order
        parts.append(select(literal(place).label("list"), number.label("nth"), page))
    union = union_all(*parts).subquery()
    chosen = select(union).order_by(union.c.list, union.c.nth)
    rows: list[list[Any]] = [[] for _ in lists]
    for row in await read_instead(reader, chosen, stand_ins, **page_values(request)):
        rows[row["list"]].append(row)
    return [finished_page(one.orders, request, found) for one, found in zip(lists, rows, strict=True)]


async def counts_of_views(
    reader: Reader, lists: Sequence[TaskList], stand_ins: StandIns | None = None
) -> list[int]:
    """How many tasks each has, in one statement."""
    if not lists:
        return []
    counted = union_all(
        *(
            select(literal(place).label("place"), func.count().label("n"))
            .select_from(TASKS)
            .where(*one.all_conditions)
            for place, one in enumerate(lists)
        )
    )
    found = {row["place"]: row["n"] for row in await read_instead(reader, counted, stand_ins)}
    return [found[place] for place in range(len(lists))]


async def read_instead(reader: Reader, chosen: Any, stand_ins: StandIns | None, **values: Any) -> list[Any]:
    """The rows of a select over tasks, or over what stands in their place."""
    if stand_ins is None:
        return await reader.rows(Statement(chosen, Task), **values)
    return await reader.rows(Statement(stand_ins.within(chosen), Task), **values, **stand_ins.values)


def seen_in_project(viewer_id: UUID) -> Condition:
    """Of the views of a project that the viewer sees: the shared ones, and their own."""
    return or_(VIEWS.c.scope_id == VIEWS.c.project_id, VIEWS.c.scope_id == viewer_id)


_ASSIGNEES, _LABELS = table(TaskAssignee), table(TaskLabel)
_COLUMNS = {
    "status": "status_id", "type": "type_id", "priority": "priority", "creator": "creator_id", "sprint": "sprint_id",
    "milestone": "milestone_id", "parent": "parent_id",
}  # fmt: skip


async def groups_of_views(
    reader: Reader, lists: Sequence[tuple[TaskList, str | None]]
) -> list[list[tuple[UUID, str | None, int]]]:
    """For each list and grouping: (project of the word, key or None, tasks), largest first, in one statement."""
    parts = [_groups(place, one, by) for place, (one, by) in enumerate(lists) if by is not None]
    found: list[list[tuple[UUID, str | None, int]]] = [[] for _ in lists]
    if parts:
        rows: list[Any] = await reader.rows(Statement(union_all(*parts), Task))
        for row in rows:
            found[row["place"]].append((row["project"], row["key"], row["n"]))
    return [sorted(groups, key=lambda one: (-one[2], str(one[1]))) for groups in found]


def _groups(place: int, one: TaskList, by: str) -> Any:
    source: Any = TASKS
    if by in ("assignee", "label"):
        member: Any
        member, name = (_ASSIGNEES, "user_id") if by == "assignee" else (_LABELS, "label_id")
        member = member.alias("grouped")  # else a condition's own would be taken for this one
        held = (member.c.project_id == TASKS.c.project_id) & (member.c.task_id == TASKS.c.id)
        if by == "label":
            held &= living_label(member.c.label_id)
        source = TASKS.outerjoin(member, held)
        key: ColumnElement[Any] = member.c[name]
    else:
        key = TASKS.c[_COLUMNS[by]]
    grouped = (
        select(TASKS.c.project_id.label("project"), cast(key, Text).label("key"), func.count().label("n"))
        .select_from(source)
        .where(*one.all_conditions)
        .group_by(TASKS.c.project_id, key)
        .order_by(func.count().desc(), cast(key, Text))
        .limit(MOST_GROUPS)
        .subquery()
    )
    return select(literal(place).label("place"), grouped.c.project, grouped.c.key, grouped.c.n)
