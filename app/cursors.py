"""Orders of rows, and places in them: what a page's cursor says, and the rows beyond it."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import accumulate, pairwise
from operator import attrgetter
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, FromClause, and_, bindparam, false, or_, tuple_

from app.errors import BadInput

DEFAULT_PAGE = 50
LARGEST_PAGE = 500


@dataclass(frozen=True)
class Without:
    """``rows``: those that have no key, found as a set, and the condition that a row is one ``of`` them."""

    rows: FromClause
    of: ColumnElement[bool]


@dataclass(frozen=True)
class Kept:
    """Where else an order's key is kept: in a table with an index in that order.

    ``rows`` are those of that table, ``of`` which of them are a row's, and ``key`` is their key, never null; a row that
    has none there has no key. ``same``: columns, by name, that the index has after the key. ``groups``: the keys
    themselves, few and in their order, where the index finds the rows of each, those that are ``grouped``.
    Rows that have no key are ``without`` or ``elsewhere``, where none has one.
    """

    rows: FromClause
    of: ColumnElement[bool]
    key: ColumnElement[Any]
    without: Without
    elsewhere: ColumnElement[bool]
    same: Mapping[str, ColumnElement[Any]] = field(default_factory=dict)
    groups: FromClause | None = None
    grouped: ColumnElement[bool] | None = None


@dataclass(frozen=True)
class Order:
    """One term of an order. Nulls come last in either direction.

    ``kept``: where else the first term of an order finds its keys, read upward or (if true) downward.
    """

    column: ColumnElement[Any]
    name: str
    descending: bool = False
    nullable: bool = False
    kept: Callable[[bool], Kept] | None = None


@dataclass(frozen=True)
class PageRequest:
    """Which page: ``size`` rows after (or, ``backward``, before) the row at ``place``."""

    size: int = DEFAULT_PAGE
    place: tuple[Any, ...] | None = None
    backward: bool = False


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


_FILLED = (b"", b"  ", b" ")
"""By how many bytes stand beyond the last three."""


def cursors_of(orders: Sequence[Order], rows: Iterable[Any]) -> list[str]:
    """The places of rows in these orders, for whoever wants to go on from there."""
    signature = _signature(orders)
    columns = [list(map(attrgetter(order.name), rows)) for order in orders] if (rows := list(rows)) else []
    # The encoder writes times and days as they are read again; asyncpg has ids of its own kind.
    texts = [orjson.dumps((signature, *values), default=str) for values in zip(*columns, strict=True)]
    # Filled up with spaces, which mean nothing in JSON, each begins with a group of its own: all are encoded at once.
    lengths = list(map(len, texts))
    filled = [text + _FILLED[length % 3] for text, length in zip(texts, lengths, strict=True)]
    whole = base64.urlsafe_b64encode(b"".join(filled)).decode()
    ends = accumulate([(length + 2) // 3 * 4 for length in lengths], initial=0)
    return [whole[start:end] for start, end in pairwise(ends)]


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


def beyond(
    orders: Sequence[Order], place: tuple[Any, ...], backward: bool, first: int = 0
) -> ColumnElement[bool]:
    """Rows that come after (before) the place, whose values are parameters, numbered from ``first``."""
    values = [
        None if value is None else bindparam(f"place_{position}", type_=order.column.type)
        for position, (order, value) in enumerate(zip(orders, place, strict=True), first)
    ]
    downward = {order.descending != backward for order in orders}
    if len(downward) == 1 and not any(order.nullable for order in orders):
        columns, bound = tuple_(*(order.column for order in orders)), tuple_(*values)
        return columns < bound if downward.pop() else columns > bound
    choices = []
    for position, (order, value) in enumerate(zip(orders, values, strict=True)):
        same = [
            o.column.is_not_distinct_from(v)
            for o, v in zip(orders[:position], values[:position], strict=True)
        ]
        choices.append(and_(*same, _past(order, value, backward)))
    return or_(*choices)


def _past(order: Order, value: Any, backward: bool) -> ColumnElement[bool]:
    if value is None:  # nulls are last: nothing but other nulls comes after one, every value comes before
        return order.column.is_not(None) if backward else false()
    compared = order.column < value if order.descending != backward else order.column > value
    return or_(compared, order.column.is_(None)) if order.nullable and not backward else compared


def sorted_by(orders: Sequence[Order], backward: bool) -> list[ColumnElement[Any]]:
    """What to sort by, the other way round for a page before a place."""
    terms: list[ColumnElement[Any]] = []
    for order in orders:
        downward = order.descending != backward
        term: Any = order.column.desc() if downward else order.column.asc()
        if order.nullable:
            term = term.nulls_first() if backward else term.nulls_last()
        terms.append(term)
    return terms
