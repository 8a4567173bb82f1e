"""Where a field's values come from: told by how the field is declared, never by hand for this path."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Any, Protocol

import strawberry
from graphql import FieldNode, GraphQLField, GraphQLObjectType, GraphQLResolveInfo
from graphql.pyutils import Path as ResponsePath
from strawberry import UNSET
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from app.statements import Row
from schema.compiled.arguments import Arguments
from schema.compiled.places import Path, Place
from schema.compiled.runs import Run
from schema.context import Columns
from schema.dependence import LOGGED, Dependence
from schema.edges import PASSED_ON, READS, batch_of


class Source(Protocol):
    """Finds one field's values, one for each parent; a value may be an exception, and then is an error there.

    What it raises instead, at once or later, is the error of all of them.
    """

    def values(self, run: Run, parents: Sequence[Any], place: Place) -> Awaitable[Sequence[Any]]: ...


class Field:
    """A field as it is selected at one place of a document."""

    def __init__(
        self, converter: GraphQLCoreConverter, parent: GraphQLObjectType, definition: GraphQLField,
        nodes: list[FieldNode],
    ) -> None:  # fmt: skip
        self.definition = definition
        self.nodes = nodes
        self.parent = parent
        declared = definition.extensions.get(GraphQLCoreConverter.DEFINITION_BACKREF)
        self.declared = declared if isinstance(declared, StrawberryField) else None
        self.arguments = Arguments(converter, definition, self.declared, nodes[0])

    def info(self, run: Run, path: Path = ()) -> GraphQLResolveInfo[Any]:
        """What a resolver is told of where it runs."""
        where = None
        for step in path or (self.nodes[0].name.value,):
            where = ResponsePath(where, step, None)
        assert where is not None
        return run.executor.build_resolve_info(self.definition, self.nodes, self.parent, where)


def reads_of(field: Field, below: Columns) -> Columns:
    """The columns of its parents' rows that a field reads; None if nobody says. `below`: those its own rows need."""
    declared = field.declared
    if field.nodes[0].name.value == "__typename":
        return frozenset()
    if declared is None:
        return None
    if declared.metadata.get(PASSED_ON):
        return below
    if declared.is_basic_field:
        return frozenset([declared.python_name])
    told = declared.metadata.get(READS)
    return None if told is None else frozenset(told)


def dependence_of(field: Field) -> Dependence | None:
    """What its values depend on; None if their answers may not be kept (see `schema.edges.edge`)."""
    if field.nodes[0].name.value == "__typename":
        return Dependence.SCOPE
    declared = field.declared
    if declared is None or declared.extensions:
        return None
    told = declared.metadata
    if LOGGED in told:
        return told["dependence"] if told[LOGGED] else None
    return Dependence.SCOPE if declared.is_basic_field or READS in told or PASSED_ON in told else None


def source_of(field: Field, columns: Columns = None, *, alone: bool = False) -> Source:
    """The quickest source that gives what the field's resolver gives; `columns` are read of its values' rows.

    `alone`: nothing else is asked of these, so that what is at hand need not be read.
    """
    declared = field.declared
    if declared is None or declared.extensions or declared.is_subscription or field.parent.name == "Mutation":
        return Resolved(field)
    if declared.is_basic_field:
        return Attribute(declared.python_name)
    resolver = declared.base_resolver
    assert resolver is not None
    batch = batch_of(resolver.wrapped_func)
    if batch is not None:
        return Batched(field, batch, columns, alone=alone)
    if resolver.info_parameter:
        return Called(field)
    return Resolved(field) if resolver.is_async else Plain(field)


class Ready:
    """A source that need not wait for its values. ``fixed``: they follow from the parents' columns alone."""

    fixed = False

    def at_once(self, run: Run, parents: Sequence[Any]) -> Sequence[Any]:
        """One value for each parent."""
        raise NotImplementedError

    async def values(self, run: Run, parents: Sequence[Any], place: Place) -> Sequence[Any]:
        """See `Source`."""
        return self.at_once(run, parents)


class Constant(Ready):
    """The same for all: `__typename`."""

    fixed = True

    def __init__(self, value: str) -> None:
        self._value = value

    def at_once(self, run: Run, parents: Sequence[Any]) -> Sequence[Any]:
        """See `Ready`."""
        return [self._value] * len(parents)


class Attribute(Ready):
    """A column of the rows, or an attribute."""

    fixed = True

    def __init__(self, name: str) -> None:
        self.of_record = None if hasattr(Row, name) else itemgetter(name)
        self.of_object = attrgetter(name)

    def at_once(self, run: Run, parents: Sequence[Any]) -> Sequence[Any]:
        """See `Ready`."""
        rows = self.of_record is not None and all(issubclass(kind, Row) for kind in set(map(type, parents)))
        get = self.of_record if rows and self.of_record is not None else self.of_object
        try:
            return list(map(get, parents))
        except Exception:  # noqa: BLE001 -- each value's error becomes one of the answer
            return [_attempt(self.of_object, parent) for parent in parents]


class Plain(Ready):
    """A resolver that needs neither the context nor to wait."""

    def __init__(self, field: Field) -> None:
        assert field.declared is not None
        assert field.declared.base_resolver is not None
        resolver = field.declared.base_resolver
        self._field = field
        self._call: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment]
        self._of_all: Callable[[Sequence[Any]], Sequence[Any]] | None = getattr(self._call, "of_all", None)
        self.fixed = getattr(self._call, "of_row_alone", False)
        self._positional = resolver.self_parameter is not None
        named = resolver.parent_parameter or resolver.root_parameter
        self._name = named.name if named else None
        first = next(iter(resolver.signature.parameters.values()), None)
        self._of_parent_alone = (
            not field.definition.args
            and first is not None
            and first.name in (self._name, "self")
            and first.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
        )

    def at_once(self, run: Run, parents: Sequence[Any]) -> Sequence[Any]:
        """See `Ready`."""
        try:
            if self._of_all is not None:
                return self._of_all(parents)
            if self._of_parent_alone:
                return list(map(self._call, parents))
            arguments = self._field.arguments.of(run.executor)
        except Exception as error:  # noqa: BLE001 -- becomes an error of the answer
            if not self._of_parent_alone:
                return [error] * len(parents)
            arguments = {}
        return [_attempt(self._resolve, parent, arguments) for parent in parents]

    def _resolve(self, parent: Any, arguments: dict[str, Any]) -> Any:
        positional = (parent,) if self._positional else ()
        named = {} if self._name is None else {self._name: parent}
        return self._call(*positional, **named, **arguments)


class Batched:
    """An edge: its batch function, called once for all parents."""

    def __init__(
        self, field: Field, batch: Callable[..., Awaitable[Sequence[Any]]], columns: Columns, *, alone: bool
    ) -> None:
        self._field = field
        self._batch = batch
        self._columns = columns
        self._at_hand: Callable[..., Sequence[Any] | None] | None = (
            getattr(batch, "at_hand", None) if alone else None
        )
        self._kept: Callable[..., list[Any] | None] | None = getattr(batch, "kept", None)

    @property
    def knows(self) -> bool:
        """Whether something of it may be at hand."""
        return self._at_hand is not None

    def at_hand(self, run: Run, parents: Sequence[Any]) -> Sequence[Any] | None:
        """What need not be read; None if it must be."""
        try:
            return None if self._at_hand is None else self._at_hand(run.context, parents, self._columns)
        except Exception:  # noqa: BLE001 -- `values` meets it again, and it becomes an error of the answer
            return None

    def kept(self, run: Run, parents: Sequence[Any]) -> list[Any] | None:
        """What is kept of it, as it is in the execution's snapshot; None if it must be read."""
        try:
            return None if self._kept is None else self._kept(run.context, parents)
        except Exception:  # noqa: BLE001 -- `values` meets it again, and it becomes an error of the answer
            return None

    def values(self, run: Run, parents: Sequence[Any], place: Place) -> Awaitable[Sequence[Any]]:
        """See `Source`."""
        if self._at_hand is not None and (found := self._at_hand(run.context, parents, self._columns)):
            return _known(found)
        arguments = self._field.arguments.of(run.executor)
        if UNSET in arguments.values():
            arguments = {name: value for name, value in arguments.items() if value is not UNSET}
        rows = parents if isinstance(parents, list) else list(parents)
        return self._batch(run.context, rows, self._columns, **arguments)


async def _known(found: Sequence[Any]) -> Sequence[Any]:
    return found


class Resolved:
    """Any other resolver, called once for each parent as the ordinary path does."""

    def __init__(self, field: Field) -> None:
        self._field = field
        # Introspection looks at no paths, and has thousands of parents.
        self._pathless = field.parent.name.startswith("__")

    async def values(self, run: Run, parents: Sequence[Any], place: Place) -> Sequence[Any]:
        """See `Source`."""
        field = self._field
        resolve = field.definition.resolve or run.executor.field_resolver
        given = field.arguments.given(run.executor)
        if self._pathless:
            info = field.info(run)
            return [_attempt(resolve, parent, info, **given) for parent in parents]
        infos = [field.info(run, next(place.paths(index))) for index in range(len(parents))]
        return [_attempt(resolve, parent, info, **given) for parent, info in zip(parents, infos, strict=True)]


class Called:
    """A resolver of ours that is told where it runs, without what Strawberry does around it for others' extensions."""

    def __init__(self, field: Field) -> None:
        assert field.declared is not None
        resolver = field.declared.base_resolver
        assert resolver is not None
        assert resolver.info_parameter is not None
        self._field = field
        self._declared = field.declared
        self._call: Callable[..., Any] = resolver.wrapped_func  # type: ignore[assignment]
        self._positional = resolver.self_parameter is not None
        named = resolver.parent_parameter or resolver.root_parameter
        self._name = named.name if named else None
        self._info = resolver.info_parameter.name
        self._waits = resolver.is_async

    async def values(self, run: Run, parents: Sequence[Any], place: Place) -> Sequence[Any]:
        """See `Source`."""
        arguments = self._field.arguments.of(run.executor)
        if self._waits and len(parents) == 1:
            return [await self._resolve(run, parents[0], next(place.paths(0)), arguments)]
        return [
            _attempt(self._resolve, run, parent, next(place.paths(index)), arguments)
            for index, parent in enumerate(parents)
        ]

    def _resolve(self, run: Run, parent: Any, path: Path, arguments: dict[str, Any]) -> Any:
        told = strawberry.Info(_raw_info=self._field.info(run, path), _field=self._declared)
        positional = (parent,) if self._positional else ()
        named = {self._info: told} if self._name is None else {self._info: told, self._name: parent}
        return self._call(*positional, **named, **arguments)


async def settled(values: Sequence[Any], run: Run) -> Sequence[Any]:
    """Values, with those awaited that some resolvers leave to be awaited; together, so that their loads meet."""
    waiting = [index for index, value in enumerate(values) if run.executor.is_awaitable(value)]
    ready = list(values)
    if len(waiting) == 1:
        # No task for one: it begins at once, so that nothing can cancel it before.
        ready[waiting[0]] = await _settle(values[waiting[0]])
        return ready
    try:
        found = await asyncio.gather(*(_settle(values[index]) for index in waiting))
    except asyncio.CancelledError:
        for index in waiting:
            if (
                inspect.iscoroutine(values[index])
                and inspect.getcoroutinestate(values[index]) == "CORO_CREATED"
            ):
                values[index].close()
        raise
    for index, value in zip(waiting, found, strict=True):
        ready[index] = value
    return ready


async def _settle(waiting: Awaitable[Any]) -> Any:
    try:
        return await waiting
    except Exception as error:  # noqa: BLE001 -- becomes an error of the answer
        return error


def _attempt(call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    try:
        return call(*given, **named)
    except Exception as error:  # noqa: BLE001 -- becomes an error of the answer
        return error
