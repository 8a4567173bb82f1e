"""Keyset pages of many parents in one statement: a LATERAL select per parent, a row value to go on from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CTE,
    ColumnElement,
    Table,
    Uuid,
    bindparam,
    func,
    select,
    true,
)
from sqlalchemy.sql.expression import TableValuedAlias

from app.cursors import Order, PageRequest, cursors_of, sorted_by
from app.db import Reader
from app.keys import Key, Keys
from app.page_selects import PAGE_SIZE, first_key, outer_orders, page_rows
from app.statements import Statement, among_ids, as_keys, key_table

Condition = ColumnElement[bool]
"""A condition on a table's rows."""


@dataclass
class Page:
    """Rows in order, and whether there are more either way."""

    orders: Sequence[Order]
    rows: list[Any] = field(default_factory=list)
    has_next: bool = False
    has_previous: bool = False

    def cursor(self, row: Any) -> str:
        """The place of one of its rows."""
        return self.cursors([row])[0]

    def cursors(self, rows: Sequence[Any]) -> list[str]:
        """The places of several."""
        return cursors_of(self.orders, rows)


@dataclass(frozen=True)
class StandIns:
    """Selects that stand in the place of the tables they are named like, with the values of their parameters."""

    ctes: tuple[CTE, ...]
    values: dict[str, Any]

    def within(self, statement: Any) -> Any:
        """The statement, reading these."""
        return statement.add_cte(*self.ctes)


class Fixed(tuple[Condition, ...]):
    """Conditions that do not change from one request to the next: statements with them are made once."""

    __slots__ = ()


async def pages_by_parent(
    reader: Reader, target: Table, model: type[Any], parents: Sequence[Key], keys: Sequence[str],
    orders: Sequence[Order], request: PageRequest, conditions: Sequence[ColumnElement[bool]] = (),
    columns: frozenset[str] | None = None, stand_ins: StandIns | None = None,
) -> list[Page]:  # fmt: skip
    """One page for each parent (in the order given), in one statement. ``keys``: the columns that name the parent.

    ``columns``: those that the rows are wanted for (None: all); keys and the order's columns are always there.
    ``stand_ins``: what is read instead of the tables.
    """
    unique = list(dict.fromkeys(parents))
    if not unique:
        return []
    one = _one(unique)
    make = partial(
        _pages_statement,
        target,
        model,
        keys,
        orders,
        request,
        conditions,
        columns,
        stand_ins,
        one is not None,
    )
    shape = (target, model, tuple(keys), _shape(orders, request), columns, stand_ins and stand_ins.ctes)
    statement = _kept("pages", (*shape, one is None), conditions, make)
    pages = [Page(orders) for _ in unique]
    values = _values(request) | (stand_ins.values if stand_ins else {})
    rows = await reader.rows(statement, **_arrays(keys, unique), **values, one=one)
    if len(pages) == 1:
        pages[0].rows = rows
    else:
        for row in rows:
            pages[row["ordinal"] - 1].rows.append(row)
    for found in pages:
        _finish(found, request)
    if len(unique) == len(parents):
        return pages
    by_parent = dict(zip(unique, pages, strict=True))
    return [by_parent[parent] for parent in parents]


def _pages_statement(
    target: Table, model: type[Any], keys: Sequence[str], orders: Sequence[Order], request: PageRequest,
    conditions: Sequence[Condition], columns: frozenset[str] | None, stand_ins: StandIns | None,
    of_one: bool,
) -> Statement[Any]:  # fmt: skip
    asked, page = _lateral(target, keys, orders, request, conditions, columns, of_one=of_one)
    # A join promises no order, so it is said again outside.
    numbered = select(asked.c.ordinal, page).select_from(asked.join(page, true()))
    ordered = numbered.order_by(asked.c.ordinal, *sorted_by(outer_orders(orders, page), request.backward))
    return Statement(ordered if stand_ins is None else stand_ins.within(ordered), model)


_KEPT: OrderedDict[Hashable, Statement[Any]] = OrderedDict()
_MOST_KEPT = 1000


def _kept(
    what: str, shape: tuple[Any, ...], conditions: Sequence[Condition], make: Callable[[], Statement[Any]]
) -> Any:
    """A statement of this shape, made once: to build and compile one takes longer than to run it.

    Conditions are told apart by identity, which is safe while the kept statement holds them.
    """
    if conditions and not isinstance(conditions, Fixed):
        return make()
    key = (what, *shape, tuple(map(id, conditions)))
    statement = _KEPT.get(key)
    if statement is None:
        statement = _KEPT[key] = make()
        if len(_KEPT) > _MOST_KEPT:
            _KEPT.popitem(last=False)
    else:
        _KEPT.move_to_end(key)
    return statement


def _shape(orders: Sequence[Order], request: PageRequest) -> tuple[Any, ...]:
    """All of an order and a page that a statement's text depends on."""
    columns = [first_key(orders, request), *(order.column for order in orders[1:])]
    terms = tuple(
        (id(column), order.descending, order.nullable) for column, order in zip(columns, orders, strict=True)
    )
    place = None if request.place is None else tuple(value is None for value in request.place)
    return terms, request.backward, place


def _values(request: PageRequest) -> dict[str, Any]:
    """The parameters that a page's statement takes besides the keys."""
    place = {f"place_{position}": value for position, value in enumerate(request.place or ())}
    return {
        "page_size": request.size + 1,
        **{name: value for name, value in place.items() if value is not None},
    }


async def page_across_parents(
    reader: Reader,
    target: Table,
    model: type[Any],
    parents: Sequence[Key],
    keys: Sequence[str],
    orders: Sequence[Order],
    request: PageRequest,
    conditions: Sequence[Condition] = (),
    columns: frozenset[str] | None = None,
) -> Page:
    """One page of the rows of all parents together. Each parent gives its own page by its index; those are merged."""
    if not parents:
        return Page(orders)

    def make() -> Statement[Any]:
        asked, page = _lateral(target, keys, orders, request, conditions, columns)
        merged = select(page).select_from(asked.join(page, true()))
        merged = merged.order_by(*sorted_by(outer_orders(orders, page), request.backward)).limit(PAGE_SIZE)
        return Statement(merged, model)

    shape = (target, model, tuple(keys), _shape(orders, request), columns)
    statement = _kept("across", shape, conditions, make)
    found = Page(orders, await reader.rows(statement, **_arrays(keys, parents), **_values(request)))
    _finish(found, request)
    return found


_ONE = bindparam("one", type_=Uuid)


def _one(parents: Sequence[Key]) -> UUID | None:
    """What all keys begin with, a project mostly: one value lets the statement begin on one partition."""
    first = parents[0][0]
    return first if all(parent[0] == first for parent in parents) else None


def _lateral(
    target: Table,
    keys: Sequence[str],
    orders: Sequence[Order],
    request: PageRequest,
    conditions: Sequence[Condition],
    columns: frozenset[str] | None,
    *,
    of_one: bool = False,
) -> tuple[TableValuedAlias, Any]:
    asked = key_table(*keys)
    first, *rest = keys
    place = [
        target.c[first] == (_ONE if of_one else asked.c[first]),
        *(target.c[key] == asked.c[key] for key in rest),
    ]
    needed = None if columns is None else {*columns, *keys, *(order.name for order in orders)}
    chosen: list[ColumnElement[Any]] = [
        column for column in target.c if needed is None or column.name in needed
    ]
    return asked, page_rows(target, chosen, orders, request, [*place, *conditions]).lateral("page")


def page_select(
    target: Table, orders: Sequence[Order], request: PageRequest, conditions: Sequence[Condition]
) -> Any:
    """A select of one page's rows, with ``page_values``; it can stand in a union with others of that request."""
    return page_rows(target, list(target.c), orders, request, conditions)


def finished_page(orders: Sequence[Order], request: PageRequest, rows: list[Any]) -> Page:
    """The page of such a select's rows, which come in their order."""
    page = Page(orders, rows)
    _finish(page, request)
    return page


def page_values(request: PageRequest) -> dict[str, Any]:
    """The parameters of such a select."""
    return _values(request)


def _arrays(keys: Sequence[str], parents: Sequence[Key]) -> dict[str, list[UUID]]:
    return {f"{key}s": column for key, column in zip(keys, as_keys(parents), strict=True)}


def _finish(page: Page, request: PageRequest) -> None:
    more = len(page.rows) > request.size
    del page.rows[request.size :]
    if request.backward:
        page.rows.reverse()
        page.has_previous, page.has_next = more, request.place is not None
    else:
        page.has_next, page.has_previous = more, request.place is not None


async def counts_by_parent(
    reader: Reader, target: Table, parents: Keys | Sequence[Key], keys: Sequence[str],
    conditions: Sequence[ColumnElement[bool]] = (), stand_ins: StandIns | None = None,
) -> list[int]:  # fmt: skip
    """How many rows each parent has (in the order given), in one statement."""
    asked = Keys.of(parents)
    if not asked:
        return []
    of_one = len(keys) == 2 and asked.one is not None
    shape = (target, tuple(keys), stand_ins and stand_ins.ctes, of_one)
    make = partial(_counts_of_one if of_one else _counts, target, keys, conditions, stand_ins)
    statement = _kept("counts", shape, conditions, make)
    values = stand_ins.values if stand_ins else {}
    if of_one:
        found = dict(await reader.rows(statement, one=asked.one, ids=asked.packed(1), **values))
        return [found.get(key, 0) for key in asked.columns[1]]
    rows = await reader.rows(
        statement, **{f"{key}s": asked.packed(place) for place, key in enumerate(keys)}, **values
    )
    counts = {row["ordinal"]: row["n"] for row in rows}
    return [counts[ordinal] for ordinal in range(1, len(asked) + 1)]


def _counts(
    target: Table, keys: Sequence[str], conditions: Sequence[Condition], stand_ins: StandIns | None
) -> Statement[Any]:
    """By the ordinal of each key."""
    asked = key_table(*keys)
    inner = select(func.count().label("n")).select_from(target)
    inner = inner.where(*(target.c[key] == asked.c[key] for key in keys), *conditions)
    counted = inner.lateral("counted")
    numbered = select(asked.c.ordinal, counted.c.n).select_from(asked.join(counted, true()))
    return Statement(numbered if stand_ins is None else stand_ins.within(numbered), Table)


def _counts_of_one(
    target: Table, keys: Sequence[str], conditions: Sequence[Condition], stand_ins: StandIns | None
) -> Statement[Any]:
    """By the second column of the keys, whose first is one value: those that have any, in one scan of the index."""
    first, second = (target.c[key] for key in keys)
    counted = select(second.label("key"), func.count().label("n")).where(
        first == _ONE, among_ids(second, "ids"), *conditions
    )
    grouped = counted.group_by(second)
    return Statement(grouped if stand_ins is None else stand_ins.within(grouped), Table)
