"""What an operation costs, reckoned from its document and variables before anything of it runs.

The unit is one object of the answer. A page counts as long as it was asked for (`first` or `last`, otherwise the
usual page), another list as `assumed_list` objects, since nobody knows before; lists multiply what is inside them;
values are free. Introspection has a price of its own (`INTROSPECTED`), since its size is the schema's. A mutation's
field adds `mutation`, and `item` for each element of the lists in its input, by which the lists of its payload are
reckoned too; a payload with `errors` has nothing else, so the dearer of the two counts. Of fragments on different
object types only the dearest counts, because an object is of one type. A subscription's cost is that of one frame.

Lists of tasks cost more by what must be looked through to make them (`schema.cost_looks`): as often as lists of
projects, views and boards around them say, and not for each column, since all of them are read at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode, OperationType

from app.cursors import DEFAULT_PAGE, LARGEST_PAGE
from schema.cost_looks import LookPrices, Looks
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
    looks: LookPrices = field(default_factory=LookPrices)


@dataclass(frozen=True, slots=True)
class Cost:
    """`path` leads to the field whose objects cost most, from the operation's root, by response names."""

    requested: int
    path: tuple[str, ...] = ()


MOST_SIZES = 100
"""Sizes for which a document's costs are kept."""


def _size_by(size: str | InputLists | Looks, variables: Mapping[str, Any]) -> Any:
    """What the variables say of a size, as far as it counts."""
    if isinstance(size, InputLists):
        return size.count(variables)
    if isinstance(size, Looks):
        return size.price(variables)
    value = variables.get(size)
    return (len(value),) if isinstance(value, list) else value if isinstance(value, int) else None


Found = list[tuple[int, tuple[str, ...]]]
"""What fields cost by themselves, and the paths to them."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is around a selection: `times` objects have it, within so many `wholes` (see `schema.cost_looks`).

    `listed`: how long the list is that they are right in, unless that is of wholes; `size`: how long their lists are,
    if their page said so; `look`: what another look through their page takes.
    """

    times: int = 1
    wholes: int = 1
    listed: int = 1
    size: int | None = None
    look: int = 0
    path: tuple[str, ...] = ()


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
        self._writes = operation.operation is OperationType.MUTATION
        mutation = rules.mutation if self._writes else 0
        parts = Parts(schema, document, rules.page, rules.looks)
        self._root = parts.of(operation.selection_set, schema.get_root_type(operation.operation), mutation)
        self._sizes = parts.sizes

    def costs(self, variables: Mapping[str, Any]) -> tuple[int, int]:
        """The cost with these variables (coerced); and of that, what is spent whatever is answered: by the outermost
        fields of a mutation, and by looks through tasks. Reckoned once for the same sizes.
        """
        sizes = tuple([_size_by(one, variables) for one in self._sizes])
        known = self._reckoned.get(sizes)
        if known is None:
            written = self._written(self._root, variables) if self._writes else 0
            known = self._reckon(variables), written + self._looked(variables)
            if len(self._reckoned) < MOST_SIZES:
                self._reckoned[sizes] = known
        return known

    def _looked(self, variables: Mapping[str, Any]) -> int:
        """What looks take at least: each once."""
        return self._sum(self._root, variables, Around(times=0), None)

    def _written(self, inside: Inside, variables: Mapping[str, Any]) -> int:
        parts = [*inside.always, *(part for parts in inside.either.values() for part in parts)]
        own = sum(max(part.own - 1, 0) + self._items(part, variables) for part in parts)
        return own + sum(self._written(spread, variables) for spread in inside.spreads)

    def dearest(self, variables: Mapping[str, Any]) -> Cost:
        """The cost, and where most of it arises. Slower: for refusals."""
        found: Found = [(0, ())]
        total = self._sum(self._root, variables, Around(), found)
        # Of equals the outermost.
        return Cost(total, max(found, key=lambda each: each[0])[1])

    def _reckon(self, variables: Mapping[str, Any]) -> int:
        return self._sum(self._root, variables, Around(), None)

    def _sum(
        self, inside: Inside | None, variables: Mapping[str, Any], around: Around, found: Found | None
    ) -> int:
        """The cost of the selections of as many objects as are `around`."""
        if inside is None:
            return 0
        total = 0
        for part in inside.always:
            total += self._part(part, variables, around, found)
        for spread in inside.spreads:
            total += self._sum(spread, variables, around, found)
        if inside.either:
            total += max(
                sum(self._part(part, variables, around, found) for part in parts)
                for parts in inside.either.values()
            )
        if inside.refused:
            refused = sum(self._part(part, variables, around, found) for part in inside.refused)
            total = max(total, refused)
        return total

    def _part(self, part: Part, variables: Mapping[str, Any], around: Around, found: Found | None) -> int:
        asked, times, length = self._asked(part, variables), around.times, 1
        if part.listed:
            known = asked if asked is not None else around.size
            length = known if known is not None else self._rules.assumed_list
            times, asked = times * length, None
        elif part.passes:
            length = around.listed
        look = part.looks.price(variables) if part.looks else 0
        own = times * (part.own + self._items(part, variables)) + around.wholes * look
        if part.total:
            own += around.wholes * (around.look + self._rules.looks.total)
        path = (*around.path, part.key) if found is not None and part.key else around.path
        if found is not None and part.key:
            found.append((own, path))
        wholes = around.wholes
        if part.whole:
            # Where the price of looks alone is asked for, nobody knows of how many.
            wholes, length = wholes * (length if times else 1), 1
        look = look if part.looks else 0 if part.key else around.look
        within = Around(times, wholes, length, asked, look, path)
        return own + self._sum(part.inside, variables, within, found)

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
