"""What a list of tasks asks: a typed filter, a query's text and an order, put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.cursors import Order
from app.paging import Condition
from app.tasks.filters import filter_conditions, task_orders
from app.tasks.grammar import all_of
from schema.context import Context
from schema.query_language.types import meaning_of
from schema.tasks.filters import TaskFilterInput, TaskOrder, filter_scope, read_filter, read_order


async def asked_tasks(
    context: Context, project_ids: Sequence[Any], filter: TaskFilterInput | None, query: str | None,
    order_by: list[TaskOrder] | None, usual: tuple[str, bool] = ("rank", False),
) -> tuple[Sequence[Condition], list[Order]]:  # fmt: skip
    """Conditions and orders. Names in the query are those of these projects; ``orderBy`` goes before its ``sort:``."""
    asked, terms = read_filter(filter), await read_order(context, order_by)
    if query:
        meaning = await meaning_of(context, list(dict.fromkeys(project_ids)), query)
        asked = meaning.filter if asked is None else all_of([asked, meaning.filter])
        terms = terms or meaning.sort
    conditions = filter_conditions(asked, await filter_scope(context, asked))
    return conditions, task_orders(terms or [usual])
