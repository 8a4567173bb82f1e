"""Every input type, coerced and read quickly and as graphql-core and Strawberry do it: equal values."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    coerce_input_value,
)
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.arguments import convert_argument

from schema import schema
from schema.coercion import coercing

CORE = schema._schema
INPUTS = sorted(name for name, kind in CORE.type_map.items() if isinstance(kind, GraphQLInputObjectType))
SCALARS = {
    "Int": 3, "Float": 1.5, "Boolean": True, "UUID": "0198c0de-0000-7000-8000-000000000001", "Date": "2030-01-02",
    "DateTime": "2030-01-02T03:04:05Z", "JSON": {"a": [1, None]},
}  # fmt: skip


def sample(kind: Any, depth: int, *, full: bool) -> Any:
    """A value of a type as a client sends it: with all fields, or those alone that are required."""
    if isinstance(kind, GraphQLNonNull):
        return sample(kind.of_type, depth, full=full)
    if isinstance(kind, GraphQLList):
        return [sample(kind.of_type, depth, full=full)] * 2
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if not isinstance(kind, GraphQLInputObjectType):
        return SCALARS.get(kind.name, "text")
    fields = {
        name: sample(field.type, depth - 1, full=full)
        for name, field in kind.fields.items()
        if isinstance(field.type, GraphQLNonNull) or (full and depth > 0)
    }
    if not one_of(kind):
        return fields
    name, field = next(iter(kind.fields.items()))
    return {name: sample(field.type, depth - 1, full=full)}


def one_of(kind: GraphQLInputObjectType) -> bool:
    return bool(kind.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].is_one_of)


@contextmanager
def slowly() -> Iterator[None]:
    """As Strawberry reads by itself."""
    declared = [CORE.type_map[name].extensions[GraphQLCoreConverter.DEFINITION_BACKREF] for name in INPUTS]
    kept = [one.from_input for one in declared]
    assert all(kept)
    for one in declared:
        one.from_input = None
    try:
        yield
    finally:
        for one, hook in zip(declared, kept, strict=True):
            one.from_input = hook


def read(name: str, value: Any) -> Any:
    kind: Any = CORE.type_map[name]
    declared = kind.extensions[GraphQLCoreConverter.DEFINITION_BACKREF]
    converter = schema.schema_converter
    return convert_argument(value, declared.origin, converter.scalar_registry, converter.config)


@pytest.mark.parametrize("name", INPUTS)
def test_equal(name: str) -> None:
    kind: Any = CORE.type_map[name]
    nulls = {field: None for field, one in kind.fields.items() if not isinstance(one.type, GraphQLNonNull)}
    given = [sample(kind, 3, full=True), sample(kind, 1, full=False)]
    if not one_of(kind):
        given.append({**nulls, **given[1]})
    for value in given:
        coerced = coerce_input_value(value, kind)
        quick = read(name, coerced)
        with slowly():
            assert read(name, coerced) == quick
        assert type(quick) is kind.extensions[GraphQLCoreConverter.DEFINITION_BACKREF].origin


@pytest.mark.parametrize("name", INPUTS)
def test_coerced_alike(name: str) -> None:
    """Right values, and values with anything at all in the place of a part of them."""
    kind: Any = CORE.type_map[name]
    coerce = coercing(kind)
    random = Random(name)
    whole = sample(kind, 3, full=True)
    given = [whole, sample(kind, 1, full=False), None, [], "text", {}]
    given += [spoilt(copy.deepcopy(whole), random) for _ in range(60)]
    taken = 0
    for value in given:
        try:
            quick = coerce(value)
        except Exception:  # noqa: BLE001 (then graphql-core coerces it, or says what is wrong)
            continue
        taken += 1
        assert quick == coerce_input_value(value, kind)
    assert taken > 2 or one_of(kind)


SPOILING: tuple[Any, ...] = (
    None,
    "text",
    3,
    -1.5,
    True,
    [],
    {},
    [None],
    {"and": []},
    "0198c0de-0000-7000-8000-000000000001",
    2**40,
)


def spoilt(value: Any, random: Random) -> Any:
    """The value with one thing in it changed, taken away or added."""
    if isinstance(value, list) and value and random.random() < 0.8:
        place = random.randrange(len(value))
        value[place] = spoilt(value[place], random)
    elif isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(sorted(value))
        if random.random() < 0.1:
            del value[key]
        elif random.random() < 0.1:
            value["unknown"] = 1
        else:
            value[key] = spoilt(value[key], random)
    else:
        return random.choice(SPOILING)
    return value
