"""Scalars and enums, a whole column at a time.

A column whose values are all of a type that the scalar lets through as it is costs one look at their types. All else
goes value by value through the scalar's own serializer, as the ordinary path does it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
)
from graphql.execution import Executor

from schema.scalars import DATE, DATE_TIME, JSON_SCALAR

Column = list[Any]
Whole = Callable[[Column, set[type]], Column | None]
"""A column as it goes into the answer; None if it must be done value by value. Its second argument are the types of the
values but for null, which stays what it is.
"""

_LARGEST = 2**31 - 1


class _Only:
    """Values of certain types go as they are, whatever they are."""

    def __init__(self, *kinds: type) -> None:
        self.kinds = frozenset(kinds)

    def __call__(self, values: Column, found: set[type]) -> Column | None:
        return values if found <= self.kinds else None


def _integers(values: Column, found: set[type]) -> Column | None:
    if found != {int}:
        return None
    there = [value for value in values if value is not None]
    return values if min(there) >= -_LARGEST - 1 and max(there) <= _LARGEST else None


def _numbers(values: Column, found: set[type]) -> Column | None:
    # A sum with infinity or no number in it is none either. (Nulls and zeros add nothing.)
    fits = found == {float} and isfinite(sum(filter(None, values)))
    return values if fits else None


def _moments(values: Column, found: set[type]) -> Column | None:
    """The encoder writes moments as the scalar does, but for those on a full second, which it writes shorter."""
    if found != {datetime}:
        return None
    show: Any = DATE_TIME.serialize
    return [one if one is None or (one.microsecond and one.tzinfo is UTC) else show(one) for one in values]


def _anything(values: Column, found: set[type]) -> Column | None:
    return values


_OWN: dict[object, Whole] = {
    GraphQLString: _Only(str),
    GraphQLID: _Only(str),
    GraphQLBoolean: _Only(bool),
    GraphQLInt: _integers,
    GraphQLFloat: _numbers,
}
_DECLARED: dict[object, Whole] = {
    DATE_TIME.serialize: _moments,
    DATE.serialize: _Only(date),  # the encoder writes days as the scalar does
    JSON_SCALAR.serialize: _anything,
}


class _Names(dict[Any, str]):
    """An enum's names by value, looked up in it once each."""

    def __init__(self, kind: GraphQLEnumType) -> None:
        super().__init__()
        self._kind = kind

    def __missing__(self, value: Any) -> str:
        name = self[value] = self._kind.coerce_output_value(value)
        return name


def whole_column(kind: GraphQLLeafType) -> Whole:
    """How columns of a scalar or enum are completed at once."""
    if isinstance(kind, GraphQLEnumType):
        names = _Names(kind)

        def named(values: Column, found: set[type]) -> Column | None:
            try:
                return [None if value is None else names[value] for value in values]
            except (GraphQLError, TypeError, ValueError):
                return None

        return named
    declared = _DECLARED.get(kind.coerce_output_value)
    return declared or _OWN.get(kind) or (lambda values, found: None)


def complete_leaf(kind: GraphQLLeafType, value: Any) -> Any:
    """One value, as graphql-core completes it. Raises what it raises."""
    return Executor.complete_leaf_value(kind, value)
