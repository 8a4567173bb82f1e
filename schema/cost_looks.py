"""What reading a list of tasks takes besides the tasks in the answer: a look at each task that a filter may match.

No index answers what a text contains, and most other conditions are looked up for each task; nor is there any for how
many tasks there are. So such a read is priced by its conditions, once for the page and once for each count of it. A
unit is about 25 µs of the database with 20,000 tasks in a project: 38 ms for a text, 7 for another filter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLField, NullValueNode, ValueNode, VariableNode, get_named_type
from graphql.utilities import value_from_ast_untyped

from app.query_language.fields import BY_NAME
from app.query_language.syntax import Group, Negation, Node, Term, read_query
from app.tasks.grammar import MOST_CONDITIONS

LISTS = frozenset({"TaskConnection", "TaskAsOfConnection"})
"""Pages of tasks."""

KEPT = frozenset({"View", "BoardColumn", "BoardColumnAsOf"})
"""Whose tasks are those of a saved filter, which nobody has read yet."""

COUNTED = frozenset(
    {
        ("View", "groups"), ("Board", "lanes"), ("BoardAsOf", "lanes"), ("BoardColumn", "count"),
        ("BoardColumn", "overLimit"), ("BoardColumnAsOf", "count"), ("BoardColumnAsOf", "overLimit"),
    }
)  # fmt: skip
"""Fields that count tasks of a saved filter."""

WHOLES = frozenset({"Project", "View", "Board", "ProjectAsOf", "BoardAsOf"})
"""Each of a list of these is looked through by itself. What else is in lists (columns, sprints, tasks) shares a look:
it is read by one statement, which looks at most through all that the viewer sees."""


@dataclass(frozen=True, slots=True)
class LookPrices:
    """`filtered`: any filter; `text`: each text that it looks into; `kept`: a saved filter; `total`: a count beside."""

    filtered: int = 250
    text: int = 1_500
    kept: int = 400
    total: int = 150
    search: int = 1_000


@dataclass(frozen=True, slots=True)
class Looks:
    """What one field of a document looks through. `arguments`: its `filter` and `query`, or its `input`."""

    prices: LookPrices
    kept: bool = False
    searched: bool = False
    arguments: tuple[tuple[str, ValueNode], ...] = ()
    _constant: list[int] = field(default_factory=list)

    def price(self, variables: Mapping[str, Any]) -> int:
        """Of reading one page, or one count."""
        if self._constant:
            return self._constant[0]
        price = self._price(variables)
        if not any(_varies(node) for _, node in self.arguments):
            self._constant.append(price)
        return price

    def _price(self, variables: Mapping[str, Any]) -> int:
        price = self.prices.kept if self.kept else self.prices.search if self.searched else 0
        given = [one for name, node in self.arguments for one in _given(name, _value(node, variables))]
        if any(value for _, value in given):
            texts = sum(
                texts_of_query(value) if name == "query" else texts_of_filter(value) for name, value in given
            )
            price += self.prices.filtered + self.prices.text * min(texts, MOST_CONDITIONS)
        return price


def looks_of(node: FieldNode, parent: str, field: GraphQLField, prices: LookPrices) -> Looks | None:
    """What a field looks through, if it does."""
    name = node.name.value
    if (parent, name) in COUNTED:
        return Looks(prices, kept=True)
    searched = (parent, name) == ("Query", "search")
    if get_named_type(field.type).name not in LISTS and not searched and not _chooses(field):
        return None
    asked = tuple(
        (argument.name.value, argument.value)
        for argument in node.arguments or ()
        if argument.name.value in ("filter", "query", "input")
        and not isinstance(argument.value, NullValueNode)
    )
    return Looks(prices, parent in KEPT, searched, asked)


def _chooses(field: GraphQLField) -> bool:
    """Whether it is a mutation that may say by a filter which tasks it means."""
    given = field.args.get("input")
    return given is not None and "where" in getattr(get_named_type(given.type), "fields", ())


def _given(name: str, value: Any) -> list[tuple[str, Any]]:
    if name != "input":
        return [(name, value)]
    where = value.get("where") if isinstance(value, dict) else None
    return [(one, where.get(one)) for one in ("filter", "query")] if isinstance(where, dict) else []


def _varies(node: Any) -> bool:
    if isinstance(node, VariableNode):
        return True
    inside = getattr(node, "values", None) or getattr(node, "fields", None) or ()
    return any(_varies(getattr(one, "value", one) if hasattr(one, "name") else one) for one in inside)


def _value(node: ValueNode, variables: Mapping[str, Any]) -> Any:
    return value_from_ast_untyped(node, dict(variables))


def texts_of_filter(asked: Any) -> int:
    """How many texts a typed filter looks into."""
    if isinstance(asked, dict):
        return sum(
            1 if name == "contains" and isinstance(value, str) else texts_of_filter(value)
            for name, value in asked.items()
        )
    return sum(map(texts_of_filter, asked)) if isinstance(asked, list) else 0


def texts_of_query(text: Any) -> int:
    """How many texts a query looks into: words and quoted texts without a name, and what is asked of fields of text."""
    return sum(1 for _ in _texts(read_query(text).root)) if isinstance(text, str) else 0


def _texts(node: Node) -> Iterator[str]:
    if isinstance(node, Group):
        for part in node.parts:
            yield from _texts(part)
    elif isinstance(node, Negation):
        yield from _texts(node.part)
    elif _looks_into(node):
        yield from (value.text for value in node.values)


def _looks_into(term: Term) -> bool:
    if term.name is None or term.custom is not None or term.name.lower() == "field":
        return True
    named = BY_NAME.get(term.name.lower())
    return term.comparison == "~" or (named is not None and named.contains and term.comparison == "")
