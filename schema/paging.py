"""Relay connections over keyset pages."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Generic, TypeVar

import strawberry

from app.cursors import Order, PageRequest, read_page_request
from app.paging import Condition, Page, StandIns, counts_by_parent, pages_by_parent
from schema.context import Batch, Columns, Context
from schema.dependence import BY_SCOPE
from schema.edges import derived, edge, passed_on

NodeT = TypeVar("NodeT")


@strawberry.type(description="Where a page stands in the whole.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="There is more after `endCursor`.")
    has_previous_page: bool = strawberry.field(description="There may be more before `startCursor`.")
    start_cursor: str | None = strawberry.field(description="The first row's cursor; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="The last row's cursor: send it as `after`.")


# Cursors are made only where they are asked for: on a board of 500 tasks they would take as long as the tasks.
def _cursor(root: Any) -> str:
    cursor: str = root.page.cursor(root.node)
    return cursor


def _cursors(roots: Sequence[Any]) -> list[str]:
    """The same for many rows, of the same page mostly."""
    pages = list(map(attrgetter("page"), roots))
    rows = list(map(attrgetter("node"), roots))
    if len(set(map(id, pages))) == 1:
        return pages[0].cursors(rows)  # type: ignore[no-any-return]
    return [page.cursor(row) for page, row in zip(pages, rows, strict=True)]


_cursor.of_all = _cursors  # type: ignore[attr-defined]


def _edges(root: Any) -> Any:
    return [Edge(page=root.page, node=row) for row in root.page.rows]


def _nodes(root: Any) -> Any:
    return root.page.rows


def _page_info(root: Any) -> PageInfo:
    page: Page = root.page
    start, end = page.cursors([page.rows[0], page.rows[-1]]) if page.rows else (None, None)
    return PageInfo(
        has_next_page=page.has_next, has_previous_page=page.has_previous, start_cursor=start, end_cursor=end
    )


@strawberry.type(description="A row and its place.")
class Edge(Generic[NodeT]):
    page: strawberry.Private[Page]
    cursor: str = derived(_cursor, "The place of this row, for `after` or `before`. Opaque.", reads=())
    node: NodeT = passed_on("The row.")


Counter = Callable[[Context, list[Any]], Awaitable[Sequence[int]]]


async def _totals(context: Context, parents: list[Connection[Any]], columns: Columns) -> Sequence[int]:
    return await parents[0].counter(context, [parent.key for parent in parents])


@strawberry.type(description="A page of rows.")
class Connection(Generic[NodeT]):
    counter: strawberry.Private[Counter]
    key: strawberry.Private[Any]
    page: strawberry.Private[Page]
    edges: list[Edge[NodeT]] = passed_on("The rows with their cursors.", _edges)
    nodes: list[NodeT] = passed_on("The rows alone.", _nodes)
    page_info: PageInfo = derived(_page_info, "Whether there is more.", reads=())
    total_count: int = edge(_totals, "How many rows there are in all pages together.", reads=(), **BY_SCOPE)


def connection(page: Page, counter: Counter, key: Any) -> Any:
    """A page as a connection."""
    return Connection(counter=counter, key=key, page=page)


@dataclass(frozen=True)
class Paging:
    """Relay's four arguments, as they were given."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None

    def request(self, orders: Sequence[Order]) -> PageRequest:
        """The page they ask for in this order; raises ``BadInput`` for what makes no sense."""
        return read_page_request(
            orders, first=self.first, after=self.after, last=self.last, before=self.before
        )


def paged(listed: Batch) -> Batch:
    """A batch with Relay's four arguments from one that takes them together, as its fourth parameter ``page``."""
    signature = inspect.signature(listed)
    names = list(signature.parameters)
    if names[3] != "page":
        raise TypeError(f"{listed.__qualname__} must take `page` fourth")

    async def batch(
        context: Context, parents: list[Any], columns: Columns, **arguments: Any
    ) -> Sequence[Any]:
        page = Paging(**{name: arguments.pop(name, None) for name in _PAGE_ARGUMENTS})
        return await listed(context, parents, columns, page, **arguments)

    keyword = inspect.Parameter.KEYWORD_ONLY
    own = [signature.parameters[name].replace(kind=keyword) for name in names[4:]]
    added = [
        inspect.Parameter(name, keyword, default=None, annotation=kind)
        for name, kind in _PAGE_ARGUMENTS.items()
    ]
    fixed = [signature.parameters[name] for name in names[:3]]
    batch.__signature__ = signature.replace(parameters=[*fixed, *own, *added])  # type: ignore[attr-defined]
    batch.__module__, batch.__name__ = listed.__module__, listed.__name__
    batch.__qualname__ = listed.__qualname__
    return batch


_PAGE_ARGUMENTS = {"first": "int | None", "after": "str | None", "last": "int | None", "before": "str | None"}


async def connections(
    context: Context,
    target: Any,
    model: type[Any],
    keys: Sequence[str],
    parents: Sequence[tuple[Any, ...]],
    orders: Sequence[Order],
    page: Paging,
    conditions: Sequence[Condition] = (),
    columns: Columns = None,
    stand_ins: StandIns | None = None,
) -> list[Any]:
    """A connection for each parent key, in one statement (and one more if their totals are asked for).

    ``columns``: as the batch was given them. ``stand_ins``: what is read instead of the tables.
    """
    reader = await context.reader()
    pages = await pages_by_parent(
        reader, target, model, parents, keys, orders, page.request(orders), conditions, columns, stand_ins
    )

    async def count(context: Context, asked: list[Any]) -> Sequence[int]:
        return await counts_by_parent(await context.reader(), target, asked, keys, conditions, stand_ins)

    return [connection(found, count, key) for found, key in zip(pages, parents, strict=True)]
