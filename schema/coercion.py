"""Variables as graphql-core coerces them, by functions made once of each type.

They take what is right and plain; of everything else (an error, a default, one value where a list may stand) they know
nothing, and graphql-core has the word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLSchema,
    OperationDefinitionNode,
    Undefined,
)
from graphql.execution.get_variable_signature import GraphQLVariableSignature, get_variable_signature
from graphql.execution.values import VariableValues, VariableValueSource
from graphql.type import is_required_input_field

from app.values import nests_within

DEEPEST = 100
"""graphql-core bounds how deep values nest; what comes near to that is for it to judge."""

Coerce = Callable[[Any], Any]


class _NotPlain(Exception):
    """graphql-core has to look at it."""


class Coercion:
    """That of one operation's variables."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._plain = True
        self._variables: list[tuple[GraphQLVariableSignature, Coerce]] = []
        for node in operation.variable_definitions or ():
            signature = get_variable_signature(schema, node)
            if isinstance(signature, GraphQLError):
                self._plain = False
            else:
                self._variables.append((signature, coercing(signature.type)))

    def values(self, given: Mapping[str, Any]) -> VariableValues | None:
        """The variables' values; None if graphql-core has to look at them."""
        if not self._plain:
            return None
        sources: dict[str, VariableValueSource] = {}
        coerced: dict[str, Any] = {}
        try:
            for signature, coerce in self._variables:
                name = signature.name
                value = given[name]
                if not nests_within(value, DEEPEST):
                    return None
                coerced[name] = coerce(value)
                sources[name] = VariableValueSource(signature, value)
        except Exception:  # noqa: BLE001 (whatever it is, graphql-core says it)
            return None
        return VariableValues(sources, coerced)


_KNOWN: dict[int, tuple[Any, Coerce]] = {}
"""By the identity of types, which are kept with their functions: types of one name may be of different schemas."""


def coercing(kind: Any) -> Coerce:
    """The function that coerces values of an input type; it raises for what it does not take."""
    known = _KNOWN.get(id(kind))
    if known is None:
        made = _make(kind)
        if isinstance(kind, GraphQLNonNull | GraphQLList):  # made anew for each place in a document
            return made
        known = _KNOWN[id(kind)] = (kind, made)
    return known[1]


def _make(kind: Any) -> Coerce:
    if isinstance(kind, GraphQLNonNull):
        return _not_null(coercing(kind.of_type))
    if isinstance(kind, GraphQLList):
        return _listed(coercing(kind.of_type))
    if isinstance(kind, GraphQLInputObjectType):
        return _InputObject(kind)
    return _leaf(kind.coerce_input_value)


def _leaf(inside: Coerce) -> Coerce:
    def coerce(value: Any) -> Any:
        if value is None:
            return None
        found = inside(value)
        if found is Undefined:
            raise _NotPlain
        return found

    return coerce


def _not_null(inside: Coerce) -> Coerce:
    def coerce(value: Any) -> Any:
        if value is None:
            raise _NotPlain
        return inside(value)

    return coerce


def _listed(item: Coerce) -> Coerce:
    def coerce(value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not list:
            raise _NotPlain
        return [item(one) for one in value]

    return coerce


class _InputObject:
    """Of an input type. Its fields are looked at when a value first comes: types may lead back to themselves."""

    def __init__(self, kind: GraphQLInputObjectType) -> None:
        self._kind = kind
        self._fields: dict[str, tuple[str, Coerce]] | None = None
        self._needed: frozenset[str] = frozenset()

    def __call__(self, value: Any) -> Any:
        if value is None:
            return None
        if type(value) is not dict or self._kind.is_one_of:
            raise _NotPlain
        fields = self._fields or self._look()
        if not self._needed <= value.keys():
            raise _NotPlain
        found: dict[str, Any] = {}
        for name, one in value.items():
            out_name, coerce = fields[name]
            found[out_name] = coerce(one)
        return self._kind.out_type(found)

    def _look(self) -> dict[str, tuple[str, Coerce]]:
        fields = self._kind.fields
        self._needed = frozenset(
            name
            for name, field in fields.items()
            if is_required_input_field(field)
            or field.default is not None
            or field.default_value is not Undefined
        )
        self._fields = {
            name: (field.out_name or name, coercing(field.type)) for name, field in fields.items()
        }
        return self._fields
