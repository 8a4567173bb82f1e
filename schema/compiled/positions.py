"""What a field's values become in the answer: null, a leaf, a list, or objects; many values at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import Any, Protocol

from graphql import (
    FieldNode,
    GraphQLAbstractType,
    GraphQLError,
    GraphQLLeafType,
    GraphQLObjectType,
    GraphQLResolveInfo,
    Undefined,
)
from graphql.execution.collect_fields import FieldDetailsList
from graphql.execution.executor import invalid_return_type_error, to_nodes
from graphql.pyutils import is_iterable

from schema.compiled.leaves import complete_leaf, whole_column
from schema.compiled.places import Chosen, Items, Place, Shared
from schema.compiled.runs import Failure, Run

_NOTHING = (type(None), type(Undefined), BaseException)
_NULL = frozenset([type(None)])


class _Flags(dict[type, int]):
    """By a value's type: 1: it may have to be waited for; 2: it is no value; 4: it is that, and not null either."""

    def __missing__(self, kind: type) -> int:
        flags = int(hasattr(kind, "__await__"))
        if issubclass(kind, _NOTHING):
            flags |= 2 if issubclass(kind, type(None)) else 6
        self[kind] = flags
        return flags


_FLAGS = _Flags()


def flags_of(kinds: Iterable[type]) -> int:
    """The flags of all of some types together."""
    flags = 0
    for kind in kinds:
        flags |= _FLAGS[kind]
    return flags


Rows = Callable[[Run, Sequence[Any], Place], Any]
"""Builds what is selected of objects of one type: a dict for each, or a failure."""


class Shape(Protocol):
    """Completes values that are neither null nor errors: as many, in their order, some of them failures."""

    async def complete(self, run: Run, values: list[Any], place: Place) -> list[Any]: ...


class Position:
    """A shape where null may or may not stand.

    `name` is the field's, as errors call it; `plain`: no objects are in it.
    """

    __slots__ = ("_name", "_nodes", "_nullable", "_shape", "plain")

    def __init__(self, shape: Shape, nullable: bool, name: str, nodes: list[FieldNode]) -> None:
        self._shape = shape
        self.plain: bool = isinstance(shape, Leaf) or (isinstance(shape, Listed) and shape.items.plain)
        self._nullable = nullable
        self._name = name
        self._nodes = nodes

    async def complete(self, run: Run, values: Sequence[Any], place: Place) -> list[Any]:
        """Values as they go into the answer; exceptions among them become errors.

        Failures are left where null may not stand: they are for the object or list around.
        """
        before = run.failures
        if flags_of(set(map(type, values))) & 2:
            completed = await self._complete_some(run, values, place)
        else:
            completed = await self._shape.complete(run, list(values), place)
        if self._nullable and run.failures != before:
            completed = list(completed)
            for index, value in enumerate(completed):
                if type(value) is Failure:
                    run.null(value, place, index)
                    completed[index] = None
        return completed

    def at_once(self, run: Run, values: Sequence[Any], kinds: set[type], flags: int) -> list[Any] | None:
        """Scalars without a fault in them, a whole column; None if they must be completed as all else is."""
        if not isinstance(self._shape, Leaf) or flags & 4 or (flags & 2 and not self._nullable):
            return None
        if dict in kinds or list in kinds:
            run.counted = False
        return self._shape.at_once(values, kinds - _NULL if flags & 2 else kinds)

    async def _complete_some(self, run: Run, values: Sequence[Any], place: Place) -> list[Any]:
        indexes = [index for index, value in enumerate(values) if not isinstance(value, _NOTHING)]
        found: Iterable[Any] = ()
        if indexes:
            chosen = [values[index] for index in indexes]
            found = await self._shape.complete(run, chosen, Chosen(place, indexes))
        completed = list(map(self._nothing, [run] * len(values), values))
        for index, value in zip(indexes, found, strict=True):
            completed[index] = value
        return completed

    def _nothing(self, run: Run, value: Any) -> Failure | None:
        if isinstance(value, BaseException):
            return run.fail(value, self._nodes)
        if self._nullable or not isinstance(value, _NOTHING):
            return None
        missing = TypeError(f"Cannot return null for non-nullable field {self._name}.")
        return run.fail(missing, self._nodes)


class Leaf:
    """A scalar or enum."""

    def __init__(self, kind: GraphQLLeafType, nodes: list[FieldNode]) -> None:
        self._kind = kind
        self._whole = whole_column(kind)
        self._nodes = nodes

    async def complete(self, run: Run, values: list[Any], place: Place) -> list[Any]:
        """See `Shape`."""
        if not values:
            return values
        found = set(map(type, values))
        if dict in found or list in found:
            run.counted = False
        column = self._whole(values, found)
        return [self._one(run, value) for value in values] if column is None else column

    def at_once(self, values: Sequence[Any], kinds: set[type]) -> list[Any] | None:
        """The column if all of it can be had without a look at each value. `kinds`: their types, but for null."""
        column = values if type(values) is list else list(values)
        return self._whole(column, kinds) if kinds else column

    def _one(self, run: Run, value: Any) -> Any:
        try:
            return complete_leaf(self._kind, value)
        except Exception as error:  # noqa: BLE001 -- becomes an error of the answer
            return run.fail(error, self._nodes)


class Listed:
    """A list."""

    def __init__(self, items: Position, name: str, nodes: list[FieldNode]) -> None:
        self.items = items
        self._name = name
        self._nodes = nodes

    async def complete(self, run: Run, values: list[Any], place: Place) -> list[Any]:
        """See `Shape`."""
        before = run.failures
        lists = read = values
        if set(map(type, values)) != {list}:
            read = [value if type(value) is list else self._read(run, value) for value in values]
            lists = [[] if type(one) is Failure else one for one in read]
        lengths = list(map(len, lists))
        flat = list(chain.from_iterable(lists))
        items = await self.items.complete(run, flat, Items(place, lengths))
        rest = iter(items)
        completed: list[Any] = [list(islice(rest, length)) for length in lengths]
        return completed if run.failures == before else list(map(_or_failure, read, completed))

    def _read(self, run: Run, value: Any) -> Any:
        try:
            if is_iterable(value):
                return list(value)
            raise GraphQLError(f"Expected Iterable, but did not find one for field '{self._name}'.")  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 -- becomes an error of the answer
            return run.fail(error, self._nodes)


def _or_failure(read: Any, completed: list[Any]) -> Any:
    """A list is not there if it could not be read, or if an item is not there that must be."""
    if type(read) is Failure:
        return read
    for position, item in enumerate(completed):
        if type(item) is Failure:
            return item.under(position)
    return completed


class Objects:
    """Objects of one type. What stands in several places is built once. ``plain``: there are no objects in them."""

    def __init__(
        self, kind: GraphQLObjectType, details: FieldDetailsList, rows: Rows, *, plain: bool
    ) -> None:
        self._kind = kind
        self._details = details
        self._rows = rows
        self._plain = plain

    async def complete(self, run: Run, values: list[Any], place: Place) -> list[Any]:
        """See `Shape`."""
        run.objects += len(values)
        wrong = self._wrong(run, values)
        if wrong:
            right = [index for index in range(len(values)) if index not in wrong]
            found = await self._build(run, [values[index] for index in right], Chosen(place, right))
            return _put_together(len(values), [(list(wrong), list(wrong.values())), (right, found)])
        return await self._build(run, values, place)

    def _wrong(self, run: Run, values: list[Any]) -> dict[int, Failure]:
        """What is not of the type, by index."""
        check = self._kind.is_type_of
        if check is None:
            return {}
        if getattr(check, "by_class", False):
            kinds = {type(value): value for value in values}
            if all(check(value, None) for value in kinds.values()):  # type: ignore[arg-type]
                return {}
        wrong = {}
        for index, value in enumerate(values):
            try:
                if not check(value, None):  # type: ignore[arg-type]
                    raise invalid_return_type_error(self._kind, value, self._details)  # noqa: TRY301
            except Exception as error:  # noqa: BLE001 -- becomes an error of the answer
                wrong[index] = run.fail(error, to_nodes(self._details))
        return wrong

    async def _build(self, run: Run, values: list[Any], place: Place) -> list[Any]:
        identities = list(map(id, values))
        by_identity = dict(zip(identities, values, strict=True))
        if len(by_identity) == len(values):
            built: list[Any] = await self._rows(run, values, place)
            return built
        order = {identity: number for number, identity in enumerate(by_identity)}
        numbers = list(map(order.__getitem__, identities))
        rows = await self._rows(run, list(by_identity.values()), Shared(place, numbers))
        if not self._plain:
            run.counted = False  # what is within them stands as often as they do
        return list(map(rows.__getitem__, numbers))


class Abstract:
    """Objects of an interface or union: each is completed as the type it is of."""

    def __init__(
        self,
        kind: GraphQLAbstractType,
        details: FieldDetailsList,
        info: Callable[[Run], GraphQLResolveInfo[Any]],
        objects: Callable[[GraphQLObjectType], Objects],
    ) -> None:
        self._kind = kind
        self._details = details
        self._info = info
        self._objects = objects
        self._by_name: dict[str, Objects] = {}

    async def complete(self, run: Run, values: list[Any], place: Place) -> list[Any]:
        """See `Shape`."""
        info = self._info(run)
        kinds: dict[str, list[int]] = {}
        failed: list[int] = []
        failures: list[Any] = []
        for index, value in enumerate(values):
            try:
                kinds.setdefault(self._kind_of(run, value, info), []).append(index)
            except Exception as error:  # noqa: BLE001 -- becomes an error of the answer
                failed.append(index)
                failures.append(run.fail(error, to_nodes(self._details)))
        if len(kinds) == 1 and not failed:
            return await self._by_name[next(iter(kinds))].complete(run, values, place)
        parts = [(failed, failures)]
        for name, indexes in kinds.items():
            chosen = [values[index] for index in indexes]
            found = await self._by_name[name].complete(run, chosen, Chosen(place, indexes))
            parts.append((indexes, found))
        return _put_together(len(values), parts)

    def _kind_of(self, run: Run, value: Any, info: GraphQLResolveInfo[Any]) -> str:
        """The name of the type that a value is of. Raises `GraphQLError` if it is none of the possible ones."""
        resolve = self._kind.resolve_type or run.executor.type_resolver
        name: Any = resolve(value, info, self._kind)
        if name not in self._by_name:
            kind = run.executor.ensure_valid_runtime_type(name, self._kind, self._details, info, value)
            self._by_name[name] = self._objects(kind)
        return name  # type: ignore[no-any-return]


def _put_together(length: int, parts: Iterable[tuple[list[int], list[Any]]]) -> list[Any]:
    whole: list[Any] = [None] * length
    for indexes, values in parts:
        for index, value in zip(indexes, values, strict=True):
            whole[index] = value
    return whole
