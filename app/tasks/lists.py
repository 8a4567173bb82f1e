"""Lists of tasks across projects, as one ordered whole."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, func, literal, select

from app.cursors import Order, PageRequest
from app.db import Reader
from app.paging import Page, page_across_parents
from app.statements import Statement
from app.tasks.filters import TASKS
from app.tasks.models import Task


def _within(project_ids: Sequence[UUID]) -> ColumnElement[bool]:
    return TASKS.c.project_id == func.any(literal(list(project_ids), ARRAY(Uuid)))


async def page_of_tasks(
    reader: Reader, project_ids: Sequence[UUID], orders: Sequence[Order], request: PageRequest,
    conditions: Sequence[ColumnElement[bool]],
) -> Page:  # fmt: skip
    """A page of the tasks of these projects."""
    parents = [(project_id,) for project_id in project_ids]
    return await page_across_parents(
        reader, TASKS, Task, parents, ("project_id",), orders, request, conditions
    )


async def count_tasks(
    reader: Reader, project_ids: Sequence[UUID], conditions: Sequence[ColumnElement[bool]]
) -> int:
    """How many tasks of these projects there are."""
    counted = select(func.count()).select_from(TASKS).where(_within(project_ids), *conditions)
    total: int = await reader.value(Statement(counted, Task))
    return total
