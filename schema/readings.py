"""Inputs as Strawberry makes them of what graphql-core coerced, with all that does not depend on the value done once.

Strawberry looks at every field of an input's type, and makes up its GraphQL name anew each time: for an edit of a
title that took longer than the edit. This is its own hook for types that build their values themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass
from typing import Any

import strawberry
from graphql import GraphQLInputObjectType
from strawberry.relay import GlobalID
from strawberry.schema.compat import is_scalar
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import InputContext
from strawberry.types.base import StrawberryMaybe, StrawberryObjectDefinition, StrawberryOptional
from strawberry.types.enum import StrawberryEnumDefinition
from strawberry.types.lazy_type import LazyType


@dataclass(frozen=True)
class _Reading:
    """How the values of one input type are made: its fields by their GraphQL names, each with its type where its values
    have to be converted, and None for the fields that need a value."""

    fields: Mapping[str, tuple[str, Any]]
    required: Mapping[str, None]


def read_inputs_quickly(schema: strawberry.Schema) -> None:
    """Have all input types of a schema read so."""
    for kind in schema._schema.type_map.values():  # noqa: SLF001 (Strawberry's own object has no way to all types)
        if isinstance(kind, GraphQLInputObjectType):
            declared = kind.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
            if isinstance(declared, StrawberryObjectDefinition) and declared.from_input is None:
                declared.from_input = _read


def _read(kind: type, value: Mapping[str, Any], context: InputContext) -> Any:
    reading = _reading(kind, context)
    given: dict[str, Any] = dict(reading.required)
    for name, one in value.items():
        python_name, conversion = reading.fields[name]
        given[python_name] = one if conversion is None else context.convert(one, conversion, name)
    return kind(**given)


_KNOWN: dict[type, _Reading] = {}


def _reading(kind: Any, context: InputContext) -> _Reading:
    known = _KNOWN.get(kind)
    if known is None:
        definition: StrawberryObjectDefinition = kind.__strawberry_definition__
        names = context.config.name_converter
        fields: dict[str, tuple[str, Any]] = {}
        for field in definition.fields:
            resolved = field.resolve_type(type_definition=definition)
            fields[names.from_field(field)] = (
                field.python_name,
                None if _is_as_it_is(resolved, context) else resolved,
            )
        required = [
            field.python_name
            for field in definition.fields
            if field.default_value is MISSING and field.default_factory is MISSING
        ]
        known = _KNOWN[kind] = _Reading(fields, dict.fromkeys(required))
    return known


def _is_as_it_is(kind: Any, context: InputContext) -> bool:
    """Whether values of a type stay as graphql-core coerced them: scalars and enums, also where null may stand."""
    if isinstance(kind, StrawberryMaybe):
        return False
    if isinstance(kind, StrawberryOptional):
        return _is_as_it_is(kind.of_type, context)
    if isinstance(kind, LazyType) or kind is GlobalID:
        return False
    return isinstance(kind, StrawberryEnumDefinition) or is_scalar(kind, context.scalar_registry)
