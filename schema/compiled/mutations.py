"""Mutations, compiled: from the coerced variables straight to the resolver, through its own field extensions.

Strawberry's way there looks at the arguments' types, the extensions and the resolver's parameters anew each time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property, partial
from typing import Any, cast

import strawberry
from graphql import GraphQLResolveInfo
from strawberry.types.field import StrawberryField

from schema.compiled.places import Place
from schema.compiled.runs import Run
from schema.compiled.sources import Field, Source, source_of


class _Info(strawberry.Info[Any, Any]):
    """What a resolver is told; what hardly anybody asks for is made when it is."""

    def __init__(self, run: Run, field: Field, declared: StrawberryField, place: Place) -> None:
        self._field = declared
        self._made_by = partial(field.info, run)
        self._place = place
        self._context = run.context
        self._name = field.nodes[0].name.value

    @cached_property
    def _raw_info(self) -> GraphQLResolveInfo[Any]:  # type: ignore[override]
        return self._made_by(next(self._place.paths(0)))

    @property
    def context(self) -> Any:
        """See Strawberry."""
        return self._context

    @property
    def field_name(self) -> str:
        """See Strawberry."""
        return self._name


class Mutation:
    """A field of the mutation type: there is one parent, and nothing else goes on meanwhile."""

    def __init__(self, field: Field, declared: StrawberryField) -> None:
        assert declared.base_resolver is not None
        self._field = field
        self._declared = declared
        resolve = cast("Callable[..., Awaitable[Any]]", declared.base_resolver.wrapped_func)

        async def innermost(source: Any, info: Any, **arguments: Any) -> Any:
            return await resolve(source, info=info, **arguments)

        self._resolve: Callable[..., Awaitable[Any]] = innermost
        for extension in declared.extensions:  # the last one runs first
            self._resolve = partial(extension.resolve_async, self._resolve)

    async def values(self, run: Run, parents: Sequence[Any], place: Place) -> Sequence[Any]:
        """See `Source`."""
        (parent,) = parents
        try:
            arguments = self._field.arguments.made(run.executor)
            info = _Info(run, self._field, self._declared, place)
            return [await self._resolve(parent, info, **arguments)]
        except Exception as error:  # noqa: BLE001 -- becomes an error of the answer
            return [error]


def mutation_source(field: Field, columns: frozenset[str] | None) -> Source:
    """The source of a mutation's values, if it is declared as all of ours are; else as of any field."""
    declared = field.declared
    resolver = declared.base_resolver if declared is not None else None
    if declared is None or resolver is None:
        return source_of(field, columns)
    plain = (
        resolver.is_async
        and resolver.self_parameter is not None
        and resolver.info_parameter is not None
        and all(extension.supports_async for extension in declared.extensions)
    )
    return Mutation(field, declared) if plain else source_of(field, columns)
