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
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLObjectType,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from graphql.utilities.coerce_input_value import coerce_default_value

from app.cursors import DEFAULT_PAGE, LARGEST_PAGE

SIZES = ("first", "last", "ids")
"""The arguments that say how long a list will be: two numbers, and a list of as many ids."""


INTROSPECTED = {"__schema": 1_000, "__type": 100}
"""Else many of them at once would be let in before the first is charged for what it was."""


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
class InputLists:
    """A mutation's input as it stands in the document."""

    node: ValueNode

    def count(self, variables: Mapping[str, Any]) -> int:
        """How many elements the lists right in the input have."""
        node = self.node
        if isinstance(node, VariableNode):
            value = variables.get(node.name.value)
            length = 0
            for each in value.values() if isinstance(value, dict) else ():
                if isinstance(each, list):
                    length += len(each)
            return length
        if not isinstance(node, ObjectValueNode):
            return 0
        return sum(_length(member.value, variables) for member in node.fields)


def _is_payload(parent: GraphQLNamedType | None) -> bool:
    return any(one.name == "Payload" for one in getattr(parent, "interfaces", ()))


def _length(node: ValueNode, variables: Mapping[str, Any]) -> int:
    if isinstance(node, VariableNode):
        value = variables.get(node.name.value)
        return len(value) if isinstance(value, list) else 0
    return len(node.values) if isinstance(node, ListValueNode) else 0


@dataclass(slots=True)
class Part:
    """One field of a plan. `size` is a number, a variable's name, a mutation's input, or None for neither."""

    key: str
    listed: bool
    own: int
    size: int | str | InputLists | None = None
    inside: Inside | None = None


@dataclass(slots=True)
class Inside:
    """What is selected of an object: for any type, and for each of the types it might be of.

    ``refused``: of a payload, what its errors are asked. Where there are any, there is nothing else.
    """

    always: list[Part] = field(default_factory=list)
    either: dict[str, list[Part]] = field(default_factory=dict)
    spreads: list[Inside] = field(default_factory=list)
    refused: list[Part] = field(default_factory=list)


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
        self._schema = schema
        self._rules = rules
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, Inside] = {}
        self._sizes: list[str | InputLists] = []
        """What of the variables the cost depends on: numbers, and the lists of inputs."""
        self._reckoned: dict[tuple[Any, ...], tuple[int, int]] = {}
        root = schema.get_root_type(operation.operation)
        mutation = rules.mutation if operation.operation is OperationType.MUTATION else 0
        self._root = self._inside(operation.selection_set, root, mutation)

    def cost(self, variables: Mapping[str, Any]) -> int:
        """The cost with these variables (coerced)."""
        return self._known_by(variables)[0]

    def written(self, variables: Mapping[str, Any]) -> int:
        """Of the cost, what the outermost fields of a mutation cost whatever they answer."""
        return self._known_by(variables)[1]

    def _known_by(self, variables: Mapping[str, Any]) -> tuple[int, int]:
        """Both, reckoned once for the same sizes."""
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

    def _inside(
        self, selections: SelectionSetNode, parent: GraphQLNamedType | None, extra: int = 0
    ) -> Inside:
        inside = Inside()
        for node in selections.selections:
            if isinstance(node, FieldNode):
                part = self._field(node, parent, extra)
                if part is not None:
                    refused = node.name.value == "errors" and _is_payload(parent)
                    (inside.refused if refused else inside.always).append(part)
                continue
            if isinstance(node, FragmentSpreadNode):
                fragment = self._fragments[node.name.value]
                condition = self._schema.get_type(fragment.type_condition.name.value)
                found = self._fragment(fragment, condition, extra)
            else:
                named = getattr(node, "type_condition", None)
                condition = parent if named is None else self._schema.get_type(named.name.value)
                found = self._inside(node.selection_set, condition, extra)  # type: ignore[attr-defined]
            if condition is not parent and isinstance(condition, GraphQLObjectType):
                parts = inside.either.setdefault(condition.name, [])
                parts.append(Part("", listed=False, own=0, inside=found))
            else:
                inside.spreads.append(found)
        return inside

    def _fragment(
        self, fragment: FragmentDefinitionNode, condition: GraphQLNamedType | None, extra: int
    ) -> Inside:
        name = fragment.name.value
        if name not in self._known:
            self._known[name] = self._inside(fragment.selection_set, condition, extra)
        return self._known[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, extra: int) -> Part | None:
        name = node.name.value
        definition: GraphQLField | None = getattr(parent, "fields", {}).get(name)
        if definition is None:
            own = INTROSPECTED.get(name)
            key = node.alias.value if node.alias else name
            return None if own is None else Part(key, listed=False, own=own)  # None: __typename
        kind = get_nullable_type(definition.type)
        composite = is_composite_type(get_named_type(kind))
        if not composite and not extra:
            return None
        return Part(
            key=node.alias.value if node.alias else name,
            listed=is_list_type(kind),
            own=extra + composite,
            size=self._input(node) if extra else self._size(node, definition),
            inside=self._inside(node.selection_set, get_named_type(kind)) if node.selection_set else None,
        )

    def _input(self, node: FieldNode) -> InputLists | None:
        for argument in node.arguments or ():
            if argument.name.value == "input":
                lists = InputLists(argument.value)
                self._sizes.append(lists)
                return lists
        return None

    def _size(self, node: FieldNode, definition: GraphQLField) -> int | str | None:
        names = [name for name in SIZES if name in definition.args]
        if not names:
            return None
        given = {argument.name.value: argument.value for argument in node.arguments or ()}
        for name in names:
            value = given.get(name)
            if value is None or isinstance(value, NullValueNode):
                continue
            if isinstance(value, VariableNode):
                self._sizes.append(value.name.value)
                return value.name.value
            if isinstance(value, ListValueNode):
                return len(value.values)
            return int(value.value) if isinstance(value, IntValueNode) else None
        default = coerce_default_value(definition.args[names[0]])
        return default if isinstance(default, int) else self._rules.page
