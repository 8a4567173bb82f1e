"""Inputs as Strawberry makes them of what graphql-core coerced, by functions made once of each type.

Strawberry looks at every field of an input's type, and makes up its GraphQL name anew each time: for an edit of a
title that took longer than the edit. Its own hook for types that build their values themselves leads here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING
from functools import partial
from typing import Any

import strawberry
from graphql import GraphQLInputObjectType
from strawberry import UNSET
from strawberry.relay import GlobalID
from strawberry.schema.compat import is_scalar
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import InputContext, StrawberryArgument, convert_argument
from strawberry.types.base import (
    StrawberryList,
    StrawberryMaybe,
    StrawberryObjectDefinition,
    StrawberryOptional,
    has_object_definition,
)
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.lazy_type import LazyType

Read = Callable[[Any], Any]
"""Makes a value as resolvers take it."""


def read_inputs_quickly(schema: strawberry.Schema) -> None:
    """Have all input types of a schema read so."""
    for kind in schema._schema.type_map.values():  # noqa: SLF001 (Strawberry's own object has no way to all types)
        if isinstance(kind, GraphQLInputObjectType):
            declared = kind.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
            if isinstance(declared, StrawberryObjectDefinition) and declared.from_input is None:
                declared.from_input = _from_input


def _from_input(kind: type, value: Mapping[str, Any], context: InputContext) -> Any:
    return _input(kind, context)(value)


def reading_arguments(
    arguments: list[StrawberryArgument], converter: GraphQLCoreConverter
) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """The function that makes a field's arguments, by their Python names, of those that graphql-core coerced."""
    context = InputContext(None, converter.config, converter.scalar_registry, ())
    names = converter.config.name_converter
    read = {
        names.from_argument(one): (one.python_name, _reading(one.type, context) or _itself)
        for one in arguments
    }

    def of(given: Mapping[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in given.items():
            python_name, convert = read[name]
            made[python_name] = convert(value)
        return made

    return of


def stays(kind: Any, converter: GraphQLCoreConverter) -> bool:
    """Whether values of an argument's type stay as graphql-core coerced them."""
    return _reading(kind, InputContext(None, converter.config, converter.scalar_registry, ())) is None


def _itself(value: Any) -> Any:
    return value


def _reading(kind: Any, context: InputContext) -> Read | None:
    """The function that reads values of a type; None for values that stay as graphql-core coerced them."""
    if isinstance(kind, StrawberryOptional) and not isinstance(kind, StrawberryMaybe):
        return _reading(kind.of_type, context)
    if _is_as_it_is(kind, context):
        return None
    if isinstance(kind, StrawberryList):
        return partial(_read_list, _reading(kind.of_type, context))
    if has_object_definition(kind) and kind.__strawberry_definition__.from_input is _from_input:
        return partial(_read_object, kind, context)
    return partial(_read_as_strawberry, kind, context)


def _is_as_it_is(kind: Any, context: InputContext) -> bool:
    """Whether values of a type stay as graphql-core coerced them: scalars and enums, also where null may stand."""
    if isinstance(kind, StrawberryMaybe | LazyType) or kind is GlobalID:
        return False
    return isinstance(kind, StrawberryEnumDefinition) or is_scalar(kind, context.scalar_registry)


def _read_list(item: Read | None, value: Any) -> Any:
    # A copy in any case: graphql-core gives the same default to everybody.
    if value is None or value is UNSET:
        return value
    return list(value) if item is None else [item(one) for one in value]


def _read_object(kind: Any, context: InputContext, value: Any) -> Any:
    return value if value is None or value is UNSET else _input(kind, context)(value)


def _read_as_strawberry(kind: Any, context: InputContext, value: Any) -> Any:
    return convert_argument(value, kind, context.scalar_registry, context.config)


_KNOWN: dict[type, Read] = {}


def _input(kind: Any, context: InputContext) -> Read:
    """The function that makes an input type's objects. It is made when a value first comes: types may lead back to
    themselves.
    """
    known = _KNOWN.get(kind)
    if known is None:
        known = _KNOWN[kind] = _make(kind, context)
    return known


def _make(kind: Any, context: InputContext) -> Read:
    definition: StrawberryObjectDefinition = kind.__strawberry_definition__
    names = context.config.name_converter
    fields: dict[str, tuple[str, Read | None]] = {}
    for field in definition.fields:
        resolved = field.resolve_type(type_definition=definition)
        fields[names.from_field(field)] = field.python_name, _reading(resolved, context)
    # A field that needs a value and has none is null.
    required = dict.fromkeys(
        field.python_name
        for field in definition.fields
        if field.default_value is MISSING and field.default_factory is MISSING
    )

    def read(value: Mapping[str, Any]) -> Any:
        given: dict[str, Any] = required.copy()
        for name, one in value.items():
            python_name, convert = fields[name]
            given[python_name] = one if convert is None else convert(one)
        return kind(**given)

    return read
