"""The select of one page's rows: bounded by an index, in the target itself or where its order's first key is kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Integer,
    Table,
    bindparam,
    cast,
    func,
    null,
    or_,
    select,
    true,
    union_all,
)

from app.cursors import Kept, Order, PageRequest, beyond, sorted_by

Columns = Sequence[ColumnElement[Any]]
Conditions = Sequence[ColumnElement[bool]]

PAGE_SIZE = bindparam("page_size", type_=Integer)
"""One more than the page has rows."""

LOOKED_AT = 3000
"""Of so many rows in order it is asked of each whether it has a key, a few microseconds each."""


def page_rows(
    target: Table, chosen: Columns, orders: Sequence[Order], request: PageRequest, conditions: Conditions
) -> Any:
    """These columns, and the order's, of the rows of a page.

    Of an order whose first key is kept in another table: the rows that have one there by its index, then those that
    have none by the target's. Postgres runs the parts of UNION ALL one after the other, until there are enough rows.
    """
    kept = _kept(orders, request)
    orders, source = _beside(target, orders)
    if kept is None:
        inner = select(*chosen, *_labels(target, orders)).select_from(source).where(*conditions)
        return _bounded(inner, orders, request)
    place, parts = request.place, []
    if place is None or place[0] is not None or request.backward:
        parts.append(_with_key(target, source, chosen, orders, kept, request, conditions))
    if place is None or place[0] is None or not request.backward:
        parts += _without_key(target, source, chosen, orders, kept, request, conditions)
    if len(parts) == 1:
        return parts[0]
    return union_all(*(reversed(parts) if request.backward else parts)).limit(PAGE_SIZE)


def outer_orders(orders: Sequence[Order], page: Any) -> list[Order]:
    """The same order of the rows that such a select gave."""
    return [Order(page.c[order.name], order.name, order.descending, order.nullable) for order in orders]


def first_key(orders: Sequence[Order], request: PageRequest) -> ColumnElement[Any]:
    """What such a select takes the order's first key from."""
    kept = _kept(orders, request)
    return orders[0].column if kept is None else kept.key


def _kept(orders: Sequence[Order], request: PageRequest) -> Kept | None:
    head = orders[0]
    return None if head.kept is None else head.kept(head.descending != request.backward)


def _beside(target: Table, orders: Sequence[Order]) -> tuple[list[Order], FromClause]:
    """The target, and beside each row what later terms of the order keep elsewhere, instead of a look for each."""
    source: FromClause = target
    found = [orders[0]]
    for order in orders[1:]:
        if order.kept is None:
            found.append(order)
            continue
        kept = order.kept(False)
        values = kept.rows if kept.groups is None else kept.rows.join(kept.groups, kept.grouped)
        source = source.outerjoin(values, kept.of)
        found.append(replace(order, column=kept.key))
    return found, source


def _labels(target: Table, orders: Sequence[Order]) -> list[ColumnElement[Any]]:
    return [order.column.label(order.name) for order in orders if order.name not in target.c]


def _bounded(inner: Any, orders: Sequence[Order], request: PageRequest) -> Any:
    if request.place is not None:
        inner = inner.where(beyond(orders, request.place, request.backward))
    return inner.order_by(*sorted_by(orders, request.backward)).limit(PAGE_SIZE)


def _with_key(
    target: Table, source: FromClause, chosen: Columns, orders: Sequence[Order], kept: Kept, request: PageRequest,
    conditions: Conditions,
) -> Any:  # fmt: skip
    """In the order of the other table's index: also what it has after the key is compared there."""
    if request.place is not None and request.place[0] is None:
        request = replace(request, place=None)
    head = replace(orders[0], column=kept.key, nullable=False)
    here = [head, *_in_index(orders[1:], kept)]
    if request.place is not None:
        # It follows from what is compared below, but this is what an index and the groups can begin at.
        start = bindparam("place_0", type_=head.column.type)
        downward = head.descending != request.backward
        conditions = [*conditions, kept.key <= start if downward else kept.key >= start]
    columns = [*chosen, kept.key.label(head.name), *_labels(target, orders[1:])]
    inner = select(*columns).select_from(kept.rows, source).where(kept.of, *conditions)
    if kept.groups is None or kept.grouped is None:
        return _bounded(inner, here, request)
    groups: Any = kept.groups
    large = inner.where(kept.grouped)
    if any(here[1].column is one for one in kept.same.values()):
        page = _bounded(large, here, request).correlate_except(kept.rows, target).lateral("of_key")
    else:
        members, few, among = _members(target, kept, kept.grouped)
        groups = groups.join(members, true())
        small = select(*columns).select_from(source).where(few, among, ~kept.elsewhere, *conditions)
        page = union_all(
            _bounded(small, [head, *orders[1:]], request).correlate_except(target),
            _bounded(large.where(~few), here, request).correlate_except(kept.rows, target),
        ).lateral("of_key")
    merged = select(page).select_from(groups.join(page, true()))
    outer = [head, *outer_orders(here[1:], page)]  # by the groups' own key: they come in its order
    return merged.order_by(*sorted_by(outer, request.backward)).limit(PAGE_SIZE)


def _members(target: Table, kept: Kept, grouped: ColumnElement[bool]) -> tuple[Any, Any, Any]:
    """The first rows of a group by its index, whether these are all, and the condition that a row is one of them.

    In another order than that of the index a small group is read whole. The planner takes each for an average one: it
    would go through all rows in that order to find the few of it.
    """
    [(name, member)] = kept.same.items()
    first = select(member).where(grouped).limit(LOOKED_AT + 1)
    ids = func.array(first.correlate(kept.groups).scalar_subquery(), type_=ARRAY(member.type)).label("ids")
    members = select(ids).correlate(kept.groups).lateral("members")
    few = func.cardinality(members.c.ids, type_=Integer) <= LOOKED_AT
    return members, few, target.c[name] == func.any(members.c.ids)


def _without_key(
    target: Table, source: FromClause, chosen: Columns, orders: Sequence[Order], kept: Kept, request: PageRequest,
    conditions: Conditions,
) -> list[Any]:  # fmt: skip
    """Of the first rows in order those that have no key, if they fill the page; else of all rows, found as a set.

    Where many have none the first ones tell; where hardly any has none, to look at each would take much longer.
    """
    head, *rest = orders
    place = None if request.place is None or request.place[0] is not None else request.place[1:]
    if place is not None:
        conditions = [*conditions, beyond(rest, place, request.backward, first=1)]
    columns = [*chosen, cast(null(), head.column.type).label(head.name), *_labels(target, rest)]
    ordered = select(*columns).select_from(source).where(*conditions).correlate_except(source)
    ordered = ordered.order_by(*sorted_by(rest, request.backward))
    there = select(1).select_from(kept.rows).where(kept.of).correlate(target).limit(1).scalar_subquery()
    first = ordered.add_columns(there.label("there"), kept.elsewhere.label("elsewhere")).limit(LOOKED_AT)
    looked = first.subquery()
    near = select(looked).where(looked.c.there.is_(None)).limit(PAGE_SIZE).cte("near", nesting=True)
    found = select(func.count()).select_from(near).scalar_subquery()
    shown = [near.c[column.name] for column in columns]
    return [
        select(*shown).where(or_(found == PAGE_SIZE, near.c.elsewhere)),
        ordered.select_from(kept.without.rows).where(found < PAGE_SIZE, kept.without.of).limit(PAGE_SIZE),
    ]


def _in_index(orders: Sequence[Order], kept: Kept) -> list[Order]:
    return [replace(order, column=kept.same.get(order.name, order.column)) for order in orders]
