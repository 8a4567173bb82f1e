"""Keyset pages of many parents in one statement: a LATERAL select per parent, a row value to go on from."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Table, and_, false, func, literal, or_, select, true, tuple_
from sqlalchemy.sql.expression import TableValuedAlias

from app.db import Reader, Statement, as_keys, key_table
from app.errors import BadInput
from app.values import plain

Condition = ColumnElement[bool]
"""A condition on a table's rows."""

DEFAULT_PAGE = 50
LARGEST_PAGE = 500


@dataclass(frozen=True)
class Order:
    """One term of an order. Nulls come last in either direction."""

    column: ColumnElement[Any]
    name: str
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True)
class PageRequest:
    """Which page: ``size`` rows after (or, ``backward``, before) the row at ``place``."""

    size: int = DEFAULT_PAGE
    place: tuple[Any, ...] | None = None
    backward: bool = False


@dataclass
class Page:
    """Rows in order, their cursors, and whether there are more either way."""

    rows: list[Any] = field(default_factory=list)
    cursors: list[str] = field(default_factory=list)
    has_next: bool = False
    has_previous: bool = False


def read_page_request(
    orders: Sequence[Order], *, first: int | None, after: str | None, last: int | None, before: str | None
) -> PageRequest:
    """The page that Relay's four arguments ask for; raises ``BadInput`` for what makes no sense."""
    if first is not None and last is not None:
        raise BadInput("Ask for `first` or `last`, not both.")
    if (after is not None and last is not None) or (before is not None and last is None):
        raise BadInput("`after` goes with `first`, `before` with `last`.")
    size = first if last is None else last
    if size is not None and not 0 <= size <= LARGEST_PAGE:
        raise BadInput(f"A page has 0 to {LARGEST_PAGE} rows; you asked for {size}.")
    cursor = after if last is None else before
    place = None if cursor is None else _read_cursor(orders, cursor)
    return PageRequest(DEFAULT_PAGE if size is None else size, place, last is not None)


def _signature(orders: Sequence[Order]) -> str:
    return ",".join(("-" if order.descending else "") + order.name for order in orders)


def _cursor(orders: Sequence[Order], row: Any) -> str:
    values = [plain(getattr(row, order.name)) for order in orders]
    return base64.urlsafe_b64encode(orjson.dumps([_signature(orders), *values])).rstrip(b"=").decode()


def _read_cursor(orders: Sequence[Order], cursor: str) -> tuple[Any, ...]:
    try:
        signature, *values = orjson.loads(
            base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        )
        if signature != _signature(orders) or len(values) != len(orders):
            raise BadInput("This cursor is of another order. Begin again without it.")
        return tuple(_typed(order, value) for order, value in zip(orders, values, strict=True))
    except (ValueError, TypeError, AttributeError):
        raise BadInput("This is not a page cursor. Send one that a page gave you.") from None


def _typed(order: Order, value: Any) -> Any:
    if value is None:
        if not order.nullable:
            raise ValueError("null in a cursor")
        return None
    kind = order.column.type.python_type
    if kind is UUID:
        return UUID(value)
    if kind is datetime:
        return datetime.fromisoformat(value)
    if kind is date:
        return date.fromisoformat(value)
    if kind is float and isinstance(value, int):
        return float(value)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ValueError("another type in a cursor")  # noqa: TRY004 (it is the client's text that is wrong)
    if kind is int and not -(2**31) <= value < 2**31:
        raise ValueError("a number out of range")
    return value


def _beyond(orders: Sequence[Order], place: tuple[Any, ...], backward: bool) -> ColumnElement[bool]:
    """Rows that come after (before) the place."""
    downward = {order.descending != backward for order in orders}
    if len(downward) == 1 and not any(order.nullable for order in orders):
        columns = tuple_(*(order.column for order in orders))
        values = tuple_(
            *(literal(value, order.column.type) for order, value in zip(orders, place, strict=True))
        )
        return columns < values if downward.pop() else columns > values
    choices = []
    for position, (order, value) in enumerate(zip(orders, place, strict=True)):
        same = [
            o.column.is_not_distinct_from(v) for o, v in zip(orders[:position], place[:position], strict=True)
        ]
        choices.append(and_(*same, _past(order, value, backward)))
    return or_(*choices)


def _past(order: Order, value: Any, backward: bool) -> ColumnElement[bool]:
    if value is None:  # nulls are last: nothing but other nulls comes after one, every value comes before
        return order.column.is_not(None) if backward else false()
    compared = order.column < value if order.descending != backward else order.column > value
    return or_(compared, order.column.is_(None)) if order.nullable and not backward else compared


def _sorted(orders: Sequence[Order], backward: bool) -> list[ColumnElement[Any]]:
    terms: list[ColumnElement[Any]] = []
    for order in orders:
        downward = order.descending != backward
        term: Any = order.column.desc() if downward else order.column.asc()
        if order.nullable:
            term = term.nulls_first() if backward else term.nulls_last()
        terms.append(term)
    return terms


async def pages_by_parent(
    reader: Reader, target: Table, model: type[Any], parents: Sequence[tuple[UUID, ...]], keys: Sequence[str],
    orders: Sequence[Order], request: PageRequest, conditions: Sequence[ColumnElement[bool]] = (),
) -> list[Page]:  # fmt: skip
    """One page for each parent (in the order given), in one statement. ``keys``: the columns that name the parent."""
    unique = list(dict.fromkeys(parents))
    if not unique:
        return []
    asked, page = _lateral(target, keys, orders, request, conditions)
    # A join promises no order, so it is said again outside.
    numbered = select(asked.c.ordinal, page).select_from(asked.join(page, true()))
    numbered = numbered.order_by(asked.c.ordinal, *_sorted(_outer(orders, page), request.backward))
    statement: Statement[Any] = Statement(numbered, model)
    pages = [Page() for _ in unique]
    for row in await reader.rows(statement, **_arrays(keys, unique)):
        pages[row.ordinal - 1].rows.append(row)
    for found in pages:
        _finish(found, orders, request)
    by_parent = dict(zip(unique, pages, strict=True))
    return [by_parent[parent] for parent in parents]


async def page_across_parents(
    reader: Reader,
    target: Table,
    model: type[Any],
    parents: Sequence[tuple[UUID, ...]],
    keys: Sequence[str],
    orders: Sequence[Order],
    request: PageRequest,
    conditions: Sequence[Condition] = (),
) -> Page:
    """One page of the rows of all parents together. Each parent gives its own page by its index; those are merged."""
    if not parents:
        return Page()
    asked, page = _lateral(target, keys, orders, request, conditions)
    outer = _outer(orders, page)
    merged = select(page).select_from(asked.join(page, true()))
    merged = merged.order_by(*_sorted(outer, request.backward)).limit(request.size + 1)
    found = Page(await reader.rows(Statement(merged, model), **_arrays(keys, parents)))
    _finish(found, orders, request)
    return found


def _lateral(
    target: Table,
    keys: Sequence[str],
    orders: Sequence[Order],
    request: PageRequest,
    conditions: Sequence[Condition],
) -> tuple[TableValuedAlias, Any]:
    asked = key_table(*keys)
    inner = select(target).where(*(target.c[key] == asked.c[key] for key in keys), *conditions)
    if request.place is not None:
        inner = inner.where(_beyond(orders, request.place, request.backward))
    return asked, inner.order_by(*_sorted(orders, request.backward)).limit(request.size + 1).lateral("page")


def _outer(orders: Sequence[Order], page: Any) -> list[Order]:
    return [Order(page.c[order.name], order.name, order.descending, order.nullable) for order in orders]


def _arrays(keys: Sequence[str], parents: Sequence[tuple[UUID, ...]]) -> dict[str, list[UUID]]:
    return {f"{key}s": column for key, column in zip(keys, as_keys(parents), strict=True)}


def _finish(page: Page, orders: Sequence[Order], request: PageRequest) -> None:
    more = len(page.rows) > request.size
    del page.rows[request.size :]
    if request.backward:
        page.rows.reverse()
        page.has_previous, page.has_next = more, request.place is not None
    else:
        page.has_next, page.has_previous = more, request.place is not None
    page.cursors = [_cursor(orders, row) for row in page.rows]


async def counts_by_parent(
    reader: Reader, target: Table, parents: Sequence[tuple[UUID, ...]], keys: Sequence[str],
    conditions: Sequence[ColumnElement[bool]] = (),
) -> list[int]:  # fmt: skip
    """How many rows each parent has (in the order given), in one statement."""
    unique = list(dict.fromkeys(parents))
    if not unique:
        return []
    asked = key_table(*keys)
    inner = select(func.count().label("n")).select_from(target)
    inner = inner.where(*(target.c[key] == asked.c[key] for key in keys), *conditions)
    counted = inner.lateral("counted")
    numbered = select(asked.c.ordinal, counted.c.n).select_from(asked.join(counted, true()))
    rows = await reader.rows(Statement(numbered, Table), **_arrays(keys, unique))
    counts = {unique[row.ordinal - 1]: row.n for row in rows}  # type: ignore[attr-defined]
    return [counts[parent] for parent in parents]
