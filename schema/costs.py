"""What an operation costs, reckoned from its document and variables before anything of it runs.

The unit is one object of the answer. A page counts as long as it was asked for (`first` or `last`, otherwise the
usual page), another list as `assumed_list` objects, since nobody knows before; lists multiply what is inside them;
values are free. Introspection has a price of its own (`INTROSPECTED`), since its size is the schema's. A mutation's
field adds `mutation`, and `item` for each element of the lists in its input, by which the lists of its payload are
reckoned too; a payload with `errors` has nothing else, so the dearer of the two counts. Of fragments on different
object types only the dearest counts, because an object is of one type. A subscription's cost is that of one frame.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, OperationType

from app.cursors import DEFAULT_PAGE, LARGEST_PAGE
from schema.cost_parts import InputLists, Inside, Part, Parts


@dataclass(frozen=True, slots=True)
class CostRules:
    """`limit`: the dearest operation that is run. `assumed_list`: the length of a list that has no size."""

    limit: int = 50_000
    assumed_list: int = 5
    mutation: int = 10
    item: int = 2
    page: int = DEFAULT_PAGE
    largest_page: int = LARGEST_PAGE


@dataclass(frozen=True, slots=True)
class Cost:
    """`path` leads to the field whose objects cost most, from the operation's root, by response names."""

    requested: int
    path: tuple[str, ...] = ()


MOST_SIZES = 100
"""Sizes for which a document's costs are kept."""


def _size_by(size: str | InputLists, variables: Mapping[str, Any]) -> Any:
    """What the variables say of a size, as far as it counts."""
    if isinstance(size, InputLists):
        return size.count(variables)
    value = variables.get(size)
    return (len(value),) if isinstance(value, list) else value if isinstance(value, int) else None


class Plan:
    """An operation as far as its cost goes."""

    def __init__(
        self,
        schema: GraphQLSchema,
        document: DocumentNode,
        operation: OperationDefinitionNode,
        rules: CostRules,
    ) -> None:
        self._rules = rules
        self._reckoned: dict[tuple[Any, ...], tuple[int, int]] = {}
        mutation = rules.mutation if operation.operation is OperationType.MUTATION else 0
        parts = Parts(schema, document, rules.page)
        self._root = parts.of(operation.selection_set, schema.get_root_type(operation.operation), mutation)
        self._sizes = parts.sizes

    def costs(self, variables: Mapping[str, Any]) -> tuple[int, int]:
        """The cost with these variables (coerced); and of that, what the outermost fields of a mutation cost whatever
        they answer. Reckoned once for the same sizes.
        """
        sizes = tuple([_size_by(one, variables) for one in self._sizes])
        known = self._reckoned.get(sizes)
        if known is None:
            known = self._reckon(variables), self._written(self._root, variables)
            if len(self._reckoned) < MOST_SIZES:
                self._reckoned[sizes] = known
        return known

    def _written(self, inside: Inside, variables: Mapping[str, Any]) -> int:
        parts = [*inside.always, *(part for parts in inside.either.values() for part in parts)]
        own = sum(max(part.own - 1, 0) + self._items(part, variables) for part in parts)
        return own + sum(self._written(spread, variables) for spread in inside.spreads)

    def dearest(self, variables: Mapping[str, Any]) -> Cost:
        """The cost, and where most of it arises. Slower: for refusals."""
        found: list[tuple[int, tuple[str, ...]]] = [(0, ())]
        total = self._sum(self._root, variables, None, 1, (), found)
        # Of equals the outermost.
        return Cost(total, max(found, key=lambda each: each[0])[1])

    def _reckon(self, variables: Mapping[str, Any]) -> int:
        return self._sum(self._root, variables, None, 1, (), None)

    def _sum(
        self,
        inside: Inside | None,
        variables: Mapping[str, Any],
        size: int | None,
        times: int,
        path: tuple[str, ...],
        found: list[tuple[int, tuple[str, ...]]] | None,
    ) -> int:
        """The cost of `times` objects' selections. `size`: how long their lists are, if their page said so."""
        if inside is None:
            return 0
        total = 0
        for part in inside.always:
            total += self._part(part, variables, size, times, path, found)
        for spread in inside.spreads:
            total += self._sum(spread, variables, size, times, path, found)
        if inside.either:
            total += max(
                sum(self._part(part, variables, size, times, path, found) for part in parts)
                for parts in inside.either.values()
            )
        if inside.refused:
            refused = sum(self._part(part, variables, size, times, path, found) for part in inside.refused)
            total = max(total, refused)
        return total

    def _part(
        self,
        part: Part,
        variables: Mapping[str, Any],
        size: int | None,
        times: int,
        path: tuple[str, ...],
        found: list[tuple[int, tuple[str, ...]]] | None,
    ) -> int:
        asked = self._asked(part, variables)
        if part.listed:
            length = asked if asked is not None else size if size is not None else self._rules.assumed_list
            times, asked = times * length, None
        own = times * (part.own + self._items(part, variables))
        if found is not None and part.key:
            path = (*path, part.key)
            found.append((own, path))
        return own + self._sum(part.inside, variables, asked, times, path, found)

    def _items(self, part: Part, variables: Mapping[str, Any]) -> int:
        return self._rules.item * part.size.count(variables) if isinstance(part.size, InputLists) else 0

    def _asked(self, part: Part, variables: Mapping[str, Any]) -> int | None:
        if part.size is None:
            return None
        if isinstance(part.size, InputLists):
            return part.size.count(variables) or None
        size = variables.get(part.size) if isinstance(part.size, str) else part.size
        if isinstance(size, list):
            return len(size)
        if not isinstance(size, int):
            return self._rules.page
        # Sizes out of range are refused by their fields, in words of their own.
        return min(max(size, 0), self._rules.largest_page)
