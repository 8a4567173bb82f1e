"""The order that a query asks for: what stands after ``sort:``."""

from __future__ import annotations

from typing import Any, TypeGuard

from app.query_language.custom import PREFIX, sort_name
from app.query_language.fields import SORTS
from app.query_language.names import Names
from app.query_language.syntax import Node, Term, Value
from app.query_language.values import Unfit, choose

Sort = list[tuple[str, bool]]
"""Terms of an order: what, and whether it descends."""


def is_sort(node: Node) -> TypeGuard[Term]:
    """Whether it tells the order, and is no condition."""
    return isinstance(node, Term) and node.name is not None and node.name.lower() == "sort"


def add_sort(value: Value, names: Names, sort: Sort) -> list[Any]:
    """Put what a value names at the end of an order; no condition comes of it. Raises ``Unfit``."""
    descending = value.text.startswith("-")
    written = value.text.removeprefix("-")
    if written.lower().startswith(PREFIX):
        name = sort_name(written[len(PREFIX) :], value.quoted, names)
    else:
        name = SORTS[choose(written, tuple(SORTS), "A sort")]
    if any(known == name for known, _ in sort):
        raise Unfit("BAD_VALUE", f"The sort names {value.text} twice.")
    sort.append((name, descending))
    return []
