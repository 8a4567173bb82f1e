"""An operation's fields as far as its cost goes, drawn once from its document; ``schema.costs`` reckons with them."""

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
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_composite_type,
    is_list_type,
)
from graphql.utilities.coerce_input_value import coerce_default_value

from schema.cost_looks import LISTS, WHOLES, LookPrices, Looks, looks_of

SIZES = ("first", "last", "ids")
"""The arguments that say how long a list will be: two numbers, and a list of as many ids."""


INTROSPECTED = {"__schema": 1_000, "__type": 100}
"""Else many of them at once would be let in before the first is charged for what it was."""


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
    """One field of a plan. `size` is a number, a variable's name, a mutation's input, or None for neither.

    `looks`: what it looks through to be read; `total`: it counts what the list around it looks through; `whole`: in a
    list of such, each looks through tasks of its own; `passes`: it is what the list around it holds.
    """

    key: str
    listed: bool
    own: int
    size: int | str | InputLists | None = None
    inside: Inside | None = None
    looks: Looks | None = None
    total: bool = False
    whole: bool = False
    passes: bool = False


@dataclass(slots=True)
class Inside:
    """What is selected of an object: for any type, and for each of the types it might be of.

    ``refused``: of a payload, what its errors are asked. Where there are any, there is nothing else.
    """

    always: list[Part] = field(default_factory=list)
    either: dict[str, list[Part]] = field(default_factory=dict)
    spreads: list[Inside] = field(default_factory=list)
    refused: list[Part] = field(default_factory=list)


class Parts:
    """Draws the parts of one document. ``page``: the length of a list whose page does not say.

    ``sizes``: what of the variables the cost depends on: numbers, the lists of inputs, and what is looked through.
    """

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, page: int, prices: LookPrices) -> None:
        self._schema = schema
        self._page = page
        self._prices = prices
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, Inside] = {}
        self.sizes: list[str | InputLists | Looks] = []

    def of(self, selections: SelectionSetNode, parent: GraphQLNamedType | None, extra: int = 0) -> Inside:
        """A selection set of objects of ``parent``; each field of it costs ``extra`` more."""
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
                found = self.of(node.selection_set, condition, extra)  # type: ignore[attr-defined]
            if condition is not parent and isinstance(condition, GraphQLObjectType):
                parts = inside.either.setdefault(condition.name, [])
                whole = condition.name in WHOLES
                parts.append(Part("", listed=False, own=0, inside=found, whole=whole, passes=True))
            else:
                inside.spreads.append(found)
        return inside

    def _fragment(
        self, fragment: FragmentDefinitionNode, condition: GraphQLNamedType | None, extra: int
    ) -> Inside:
        name = fragment.name.value
        if name not in self._known:
            self._known[name] = self.of(fragment.selection_set, condition, extra)
        return self._known[name]

    def _field(self, node: FieldNode, parent: GraphQLNamedType | None, extra: int) -> Part | None:
        name = node.name.value
        definition: GraphQLField | None = getattr(parent, "fields", {}).get(name)
        if definition is None:
            own = INTROSPECTED.get(name)
            key = node.alias.value if node.alias else name
            return None if own is None else Part(key, listed=False, own=own)  # None: __typename
        kind, named = get_nullable_type(definition.type), get_named_type(definition.type)
        composite = is_composite_type(named)
        owner = parent.name if parent else ""
        looks, total = (
            looks_of(node, owner, definition, self._prices),
            name == "totalCount" and owner in LISTS,
        )
        if not composite and not extra and not looks and not total:
            return None
        if looks:
            self.sizes.append(looks)
        return Part(
            key=node.alias.value if node.alias else name,
            listed=is_list_type(kind),
            own=extra + composite,
            size=self._input(node) if extra else self._size(node, definition),
            inside=self.of(node.selection_set, named) if node.selection_set else None,
            looks=looks,
            total=total,
            whole=named.name in WHOLES,
            passes=owner.endswith("Edge"),
        )

    def _input(self, node: FieldNode) -> InputLists | None:
        for argument in node.arguments or ():
            if argument.name.value == "input":
                lists = InputLists(argument.value)
                self.sizes.append(lists)
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
                self.sizes.append(value.name.value)
                return value.name.value
            if isinstance(value, ListValueNode):
                return len(value.values)
            return int(value.value) if isinstance(value, IntValueNode) else None
        default = coerce_default_value(definition.args[names[0]])
        return default if isinstance(default, int) else self._page
