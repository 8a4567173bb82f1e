"""Relay connections over keyset pages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import strawberry

from app.paging import Condition, Order, Page, counts_by_parent, pages_by_parent, read_page_request
from schema.context import Columns, Context
from schema.edges import edge

NodeT = TypeVar("NodeT")


@strawberry.type(description="Where a page stands in the whole.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="There is more after `endCursor`.")
    has_previous_page: bool = strawberry.field(description="There may be more before `startCursor`.")
    start_cursor: str | None = strawberry.field(description="The first row's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last row's cursor: send it as `after`.")


@strawberry.type(description="A row and its place.")
class Edge(Generic[NodeT]):
    cursor: str = strawberry.field(description="The place of this row, for `after` or `before`. Opaque.")
    node: NodeT = strawberry.field(description="The row.")


Counter = Callable[[Context, list[Any]], Awaitable[Sequence[int]]]


async def _totals(context: Context, parents: list[Connection[Any]], columns: Columns) -> Sequence[int]:
    return await parents[0].counter(context, [parent.key for parent in parents])


@strawberry.type(description="A page of rows.")
class Connection(Generic[NodeT]):
    counter: strawberry.Private[Counter]
    key: strawberry.Private[Any]
    edges: list[Edge[NodeT]] = strawberry.field(description="The rows with their cursors.")
    nodes: list[NodeT] = strawberry.field(description="The rows alone.")
    page_info: PageInfo = strawberry.field(description="Whether there is more.")
    total_count: int = edge(_totals, "How many rows there are in all pages together.")


def connection(page: Page, counter: Counter, key: Any) -> Any:
    """A page as a connection."""
    return Connection(
        counter=counter,
        key=key,
        edges=[Edge(cursor=c, node=row) for c, row in zip(page.cursors, page.rows, strict=True)],
        nodes=page.rows,
        page_info=PageInfo(
            has_next_page=page.has_next,
            has_previous_page=page.has_previous,
            start_cursor=page.cursors[0] if page.cursors else None,
            end_cursor=page.cursors[-1] if page.cursors else None,
        ),
    )


async def connections(
    context: Context, target: Any, model: type[Any], keys: Sequence[str], parents: Sequence[tuple[Any, ...]],
    orders: Sequence[Order], conditions: Sequence[Condition],
    *, first: int | None, after: str | None, last: int | None, before: str | None,
) -> list[Any]:  # fmt: skip
    """A connection for each parent key, in one statement (and one more if their totals are asked for)."""
    request = read_page_request(orders, first=first, after=after, last=last, before=before)
    reader = await context.reader()
    pages = await pages_by_parent(reader, target, model, parents, keys, orders, request, conditions)

    async def count(context: Context, asked: list[Any]) -> Sequence[int]:
        return await counts_by_parent(await context.reader(), target, asked, keys, conditions)

    return [connection(page, count, key) for page, key in zip(pages, parents, strict=True)]
