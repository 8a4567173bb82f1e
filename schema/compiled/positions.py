"""What a field's values become in the answer: null, a leaf, a list, or objects; many values at a time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
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

from app.kept_rows import KeptRow
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


Soon = list[Any] | Coroutine[Any, Any, list[Any]]
"""Values, or a coroutine of them if something has to be waited for: most are there at once, and cost no coroutine."""

Rows = Callable[[Run, Sequence[Any], Place], Soon]
"""Builds what is selected of objects of one type: a dict for each, or a failure."""


class Shape(Protocol):
    """Completes values that are neither null nor errors: as many, in their order, some of them failures."""

    def complete(self, run: Run, values: list[Any], place: Place) -> Soon: ...


class Position:
    """A shape where null may or may not stand.

    `name` is the field's, as errors call it; `plain`: no objects are in it.
    """

    __slots__ = ("_name", "_nodes", "_nullable", "_shape", "kinds", "plain")

    def __init__(self, shape: Shape, nullable: bool, name: str, nodes: list[FieldNode]) -> None:
        self._shape = shape
        self.plain: bool = isinstance(shape, Leaf) or (isinstance(shape, Listed) and shape.items.plain)
        self._nullable = nullable
        self._name = name
        self._nodes = nodes
        kinds = shape.kinds if isinstance(shape, Leaf) else None
        self.kinds = kinds | _NULL if kinds and nullable else kinds
        """The types of values that go as they are, where that depends on nothing else."""

    def complete(self, run: Run, values: Sequence[Any], place: Place, flags: int | None = None) -> Soon:
        """Values as they go into the answer; exceptions among them become errors. ``flags``: theirs, if they are known.

        Failures are left where null may not stand: they are for the object or list around.
        """
        before = run.failures
        if (flags_of(set(map(type, values))) if flags is None else flags) & 2:
            completed = self._complete_some(run, values, place)
        else:
            every = values if type(values) is list else list(values)
            completed = self._shape.complete(run, every, place)
        if type(completed) is list:
            same = run.failures == before
            return completed if same else self._nulled(run, completed, place, before)
        return self._completed(run, completed, place, before)

    async def _completed(self, run: Run, completed: Any, place: Place, before: int) -> list[Any]:
        return self._nulled(run, await completed, place, before)

    def _nulled(self, run: Run, completed: list[Any], place: Place, before: int) -> list[Any]:
        """The values with null for those that failed, where it may stand."""
        if self._nullable and run.failures != before:
            completed = list(completed)
            for index, value in enumerate(completed):
                if type(value) is Failure:
                    run.null(value, place, index)
                    completed[index] = None
        return completed

    def at_once(self, run: Run, values: Sequence[Any], kinds: set[type], flags: int) -> list[Any] | None:
        """Scalars without a fault in them, a whole column; None if they must be completed as all else is."""
        if type(self._shape) is not Leaf or flags & 4 or (flags & 2 and not self._nullable):
            return None
        if dict in kinds or list in kinds:
            run.counted = False
        return self._shape.at_once(values, kinds - _NULL if flags & 2 else kinds)

    def _complete_some(self, run: Run, values: Sequence[Any], place: Place) -> Soon:
        indexes = [index for index, value in enumerate(values) if not isinstance(value, _NOTHING)]
        completed: list[Any] = list(map(self._nothing, [run] * len(values), values))
        if not indexes:
            return completed
        chosen = [values[index] for index in indexes]
        found = self._shape.complete(run, chosen, Chosen(place, indexes))
        return _then(found, lambda there: _put(completed, indexes, there))

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
        self.kinds: frozenset[type] | None = getattr(self._whole, "kinds", None)
        self._nodes = nodes

    def complete(self, run: Run, values: list[Any], place: Place) -> list[Any]:
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

    def complete(self, run: Run, values: list[Any], place: Place) -> Soon:
        """See `Shape`."""
        before = run.failures
        lists = read = values
        if set(map(type, values)) != {list}:
            read = [value if type(value) is list else self._read(run, value) for value in values]
            lists = [[] if type(one) is Failure else one for one in read]
        lengths = list(map(len, lists))
        flat = lists[0] if len(lists) == 1 else list(chain.from_iterable(lists))
        if not flat and run.failures == before:  # as a mutation's errors mostly are
            return [[] for _ in lists]

        def listed(items: list[Any]) -> list[Any]:
            rest = iter(items)
            completed: list[Any] = [list(islice(rest, length)) for length in lengths]
            return completed if run.failures == before else list(map(_or_failure, read, completed))

        return _then(self.items.complete(run, flat, Items(place, lengths)), listed)

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


MOST_BUILT = 16
"""Objects that are kept with one row: each place in a document makes its own of it."""


class Objects:
    """Objects of one type. What stands in several places is built once. ``plain``: there are no objects in them.

    ``fixed``: they follow from their rows alone, so that those of kept rows are kept with them; then it is called for
    each execution, whose answer depends on it.
    """

    def __init__(
        self, kind: GraphQLObjectType, details: FieldDetailsList, rows: Rows, *, plain: bool,
        fixed: Callable[[Run], None] | None,
    ) -> None:  # fmt: skip
        self._kind = kind
        self._details = details
        self._rows = rows
        self._plain = plain
        self._fixed = fixed
        self._right: set[type] = set()
        """Classes all of whose objects are of the type."""

    def complete(self, run: Run, values: list[Any], place: Place) -> Soon:
        """See `Shape`."""
        run.objects += len(values)
        kinds = set(map(type, values))
        if self._right.issuperset(kinds):
            if self._fixed is not None and len(kinds) == 1 and issubclass(kinds.pop(), KeptRow):
                return self._of_kept(run, values, place)
            return self._build(run, values, place)
        wrong = self._wrong(run, values)
        if not wrong:
            return self._build(run, values, place)
        right = [index for index in range(len(values)) if index not in wrong]
        found = self._build(run, [values[index] for index in right], Chosen(place, right))
        return _then(
            found,
            lambda there: _put_together(len(values), [(list(wrong), list(wrong.values())), (right, there)]),
        )

    def _wrong(self, run: Run, values: list[Any]) -> dict[int, Failure]:
        """What is not of the type, by index."""
        check = self._kind.is_type_of
        if check is None:
            return {}
        if getattr(check, "by_class", False):
            kinds = {type(value): value for value in values}
            if all(check(value, None) for value in kinds.values()):  # type: ignore[arg-type]
                self._right |= kinds.keys()
                return {}
        wrong = {}
        for index, value in enumerate(values):
            try:
                if not check(value, None):  # type: ignore[arg-type]
                    raise invalid_return_type_error(self._kind, value, self._details)  # noqa: TRY301
            except Exception as error:  # noqa: BLE001 -- becomes an error of the answer
                wrong[index] = run.fail(error, to_nodes(self._details))
        return wrong

    def _of_kept(self, run: Run, values: list[Any], place: Place) -> Soon:
        assert self._fixed is not None
        self._fixed(run)
        try:
            return [row.built[self] for row in values]
        except KeyError:
            pass  # of some of them nothing has been made yet
        before, counted = run.failures, run.counted
        rows = self._build(run, values, place)
        if type(rows) is list and run.failures == before and run.counted is counted:
            for row, one in zip(values, rows, strict=True):
                if len(row.built) >= MOST_BUILT:
                    row.built.clear()
                row.built[self] = one
        return rows

    def _build(self, run: Run, values: list[Any], place: Place) -> Soon:
        identities = list(map(id, values))
        by_identity = dict(zip(identities, values, strict=True))
        if len(by_identity) == len(values):
            return self._rows(run, values, place)
        if not self._plain:
            run.counted = False  # what is within them stands as often as they do
        found = self._rows(run, list(by_identity.values()), Shared(place, identities))
        return _then(
            found, lambda rows: list(map(dict(zip(by_identity, rows, strict=True)).__getitem__, identities))
        )


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
            return await _there(self._by_name[next(iter(kinds))].complete(run, values, place))
        parts = [(failed, failures)]
        for name, indexes in kinds.items():
            chosen = [values[index] for index in indexes]
            found = await _there(self._by_name[name].complete(run, chosen, Chosen(place, indexes)))
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


def _then(found: Soon, made: Callable[[list[Any]], list[Any]]) -> Soon:
    """What is made of values, at once if they are there."""
    return made(found) if type(found) is list else _made(found, made)  # type: ignore[arg-type]


async def _made(found: Coroutine[Any, Any, list[Any]], made: Callable[[list[Any]], list[Any]]) -> list[Any]:
    return made(await found)


async def _there(found: Soon) -> list[Any]:
    return found if type(found) is list else await found  # type: ignore[misc]


def _put(whole: list[Any], indexes: Iterable[int], values: Iterable[Any]) -> list[Any]:
    for index, value in zip(indexes, values, strict=True):
        whole[index] = value
    return whole


def _put_together(length: int, parts: Iterable[tuple[list[int], list[Any]]]) -> list[Any]:
    whole: list[Any] = [None] * length
    for indexes, values in parts:
        _put(whole, indexes, values)
    return whole
