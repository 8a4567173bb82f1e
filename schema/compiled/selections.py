"""Selection sets, compiled: which fields of which type, where their values come from and what becomes of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import (
    FragmentDefinitionNode,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_leaf_type,
    is_list_type,
    is_non_null_type,
)
from graphql.execution.collect_fields import (
    CollectedFields,
    FieldDetailsList,
    FragmentDetails,
    collect_fields,
    collect_subfields,
)
from graphql.execution.executor import to_nodes
from graphql.execution.values import VariableValues
from strawberry.exceptions import WrongNumberOfResultsReturned
from strawberry.schema.schema_converter import GraphQLCoreConverter

from app.collecting import Together
from app.keys import Rows
from app.statements import Row
from schema.compiled.builders import builder
from schema.compiled.mutations import mutation_source
from schema.compiled.places import Place, Under
from schema.compiled.positions import Abstract, Leaf, Listed, Objects, Position, Shape, Soon, flags_of
from schema.compiled.runs import Failure, Run
from schema.compiled.sources import (
    Attribute,
    Batched,
    Constant,
    Field,
    Ready,
    Source,
    dependence_of,
    reads_of,
    settled,
    source_of,
)
from schema.context import Columns
from schema.dependence import Dependence, strongest

_NONE: frozenset[type] = frozenset()


class Column:
    """One field of a selection set."""

    def __init__(
        self, name: str, source: Source, position: Position, reads: Columns, dependence: Dependence | None,
        *, alone: bool,
    ) -> None:  # fmt: skip
        self.alone = alone
        self.fixed = alone and getattr(source, "fixed", False)
        """Whether its values follow from the rows alone."""
        self.dependence = dependence
        self.name = name
        self.plain = position.plain
        self.reads = reads
        self._source: Any = source
        self.ready = isinstance(source, Ready)
        self.batched = isinstance(source, Batched)
        self.alone_waits = False
        """Whether what is at hand of it may be taken at once: there is nothing beside it that reads before."""
        self._position = position
        self._kinds = position.kinds or _NONE
        """The types of values that go into the answer as they are."""
        self.quick = Quick(source, self._kinds) if isinstance(source, Attribute) and position.kinds else None

    def takes_at_hand(self) -> None:
        """Nothing beside it waits."""
        self.alone_waits = isinstance(self._source, Batched) and self._source.knows

    def of(self, run: Run, parents: Sequence[Any], place: Place) -> Soon:
        """Its values as they go into the answer, one for each parent."""
        if self.ready:
            values = self._source.at_once(run, parents)
        elif (found := self._at_hand(run, parents)) is not None:
            values = found
        else:
            return self._waited(run, parents, place)
        kinds = set(map(type, values))
        if kinds and self._kinds.issuperset(kinds) and type(values) is list:
            return values
        flags = flags_of(kinds)
        if flags & 1:
            return self._settled(run, values, place)
        column = self._position.at_once(run, values, kinds, flags)
        if column is not None:
            return column
        return self._position.complete(run, values, Under(place, self.name), flags)

    def _at_hand(self, run: Run, parents: Sequence[Any]) -> Sequence[Any] | None:
        found: Sequence[Any] | None = self._source.kept(run, parents) if self.batched else None
        if found is None and self.alone_waits:
            found = self._source.at_hand(run, parents)
        return found

    async def _waited(self, run: Run, parents: Sequence[Any], place: Place) -> list[Any]:
        under = Under(place, self.name)
        try:
            values = await self._source.values(run, parents, under)
            if len(values) != len(parents):
                raise WrongNumberOfResultsReturned(expected=len(parents), received=len(values))  # noqa: TRY301
        except Exception as error:  # noqa: BLE001 -- becomes an error of the answer
            values = [error] * len(parents)
        kinds = set(map(type, values))
        if kinds and self._kinds.issuperset(kinds) and type(values) is list:
            return values
        flags = flags_of(kinds)
        if flags & 1:
            return await self._settled(run, values, place)
        column = self._position.at_once(run, values, kinds, flags)
        found = self._position.complete(run, values, under, flags) if column is None else column
        return found if type(found) is list else await found  # type: ignore[misc]

    async def _settled(self, run: Run, values: Sequence[Any], place: Place) -> list[Any]:
        """The same of values among which there are some to be awaited."""
        found = self._position.complete(run, await settled(values, run), Under(place, self.name))
        return found if type(found) is list else await found  # type: ignore[misc]


class Quick:
    """A column that need not be looked at value by value: how it is got, and the types that go as they are."""

    __slots__ = ("kinds", "of_object", "of_record")

    def __init__(self, source: Attribute, kinds: frozenset[type]) -> None:
        self.of_object = source.of_object
        self.of_record: Callable[[Any], Any] = source.of_record or source.of_object
        self.kinds = kinds


class Selection:
    """What is selected of objects of one type. `reads`: the columns of their rows that it needs, if all are known.

    `alone`: nothing besides those columns is needed for it.
    """

    def __init__(self, columns: list[Column], *, in_order: bool = False) -> None:
        """``in_order``: one after the other, as a mutation's fields are."""
        self._columns = columns
        self._in_order = in_order
        waiting = [column for column in columns if not column.ready]
        self._waits = bool(waiting)
        if len(waiting) == 1:
            waiting[0].takes_at_hand()
        reads = [column.reads for column in columns]
        self.reads: Columns = None if None in reads else frozenset().union(*filter(None, reads))
        self.alone = all(column.alone for column in columns)
        self._dependence = strongest(*(column.dependence for column in columns))
        self.plain = all(column.plain for column in columns)
        self.fixed = all(column.fixed for column in columns)
        self._build = builder(tuple(column.name for column in columns))

    def rows(self, run: Run, parents: Sequence[Any], place: Place) -> Soon:
        """A dict for each parent; a failure for those without a value that must be there.

        Fields are completed side by side, each with all that is below it, so that their statements go together.
        """
        if not self._columns:
            return [{} for _ in parents]
        self.note_dependence(run)
        before = run.failures
        if self._waits:
            parents = Rows(parents)
        if self._in_order:
            return self._one_by_one(run, parents, place, before)
        columns = self._complete(run, parents, place)
        later = [index for index, values in enumerate(columns) if type(values) is not list]
        return self._rest(run, columns, later, before) if later else self._rows(run, columns, before)

    def note_dependence(self, run: Run) -> None:
        """The answer depends on what this does."""
        if run.dependence is not self._dependence:
            run.dependence = strongest(run.dependence, self._dependence)

    def _complete(self, run: Run, parents: Sequence[Any], place: Place) -> list[Any]:
        """The values of each field, or a coroutine of them."""
        kinds = set(map(type, parents))
        of_rows = len(kinds) == 1 and issubclass(kinds.pop(), Row)
        columns: list[Any] = []
        for column in self._columns:
            if (quick := column.quick) is not None:
                # Most columns: what is there goes into the answer as it is, after one look at its types.
                try:
                    values = list(map(quick.of_record if of_rows else quick.of_object, parents))
                    if quick.kinds.issuperset(map(type, values)):
                        columns.append(values)
                        continue
                except Exception:  # noqa: BLE001, S110 -- each value's error becomes one of the answer
                    pass
            columns.append(column.of(run, parents, place))
        return columns

    async def _rest(self, run: Run, columns: list[Any], later: list[int], before: int) -> list[Any]:
        rest = [columns[index] for index in later]
        found = await Together(rest) if len(rest) > 1 else [await rest[0]]
        for index, values in zip(later, found, strict=True):
            columns[index] = values
        return self._rows(run, columns, before)

    async def _one_by_one(self, run: Run, parents: Sequence[Any], place: Place, before: int) -> list[Any]:
        columns = []
        for column in self._columns:
            values = column.of(run, parents, place)
            columns.append(values if type(values) is list else await values)  # type: ignore[misc]
        return self._rows(run, columns, before)

    def _rows(self, run: Run, columns: list[list[Any]], before: int) -> list[Any]:
        if run.failures == before:
            return self._build(*columns)
        for column, values in zip(self._columns, columns, strict=True):
            if values and all(type(value) is Failure for value in values):
                # Nothing of these objects will be shown.
                return [failure.under(column.name) for failure in values]
        rows: list[Any] = self._build(*columns)
        for column, values in zip(reversed(self._columns), reversed(columns), strict=True):
            for index, value in enumerate(values):
                if type(value) is Failure:
                    rows[index] = value.under(column.name)
        return rows


class Compiler:
    """Compiles the selection sets of one operation; those of an interface's types when they are first met.

    `conditions` are the variables that decide what is selected at all; with others it is another operation.
    """

    def __init__(
        self,
        schema: GraphQLSchema,
        converter: GraphQLCoreConverter,
        operation: OperationDefinitionNode,
        fragments: dict[str, FragmentDefinitionNode],
        conditions: VariableValues,
    ) -> None:
        self._schema = schema
        self._converter = converter
        self._operation = operation
        self._fragments = {name: FragmentDetails(fragment) for name, fragment in fragments.items()}
        self._conditions = conditions

    def root(self) -> Selection:
        """The operation's own selection set. Raises `GraphQLError` for conditions without a value."""
        kind = self._schema.get_root_type(self._operation.operation)
        assert kind is not None
        found = collect_fields(self._schema, self._fragments, self._conditions, kind, self._operation)
        in_order = self._operation.operation is OperationType.MUTATION
        return self._selection(kind, found, in_order=in_order)

    def _selection(
        self, kind: GraphQLObjectType, found: CollectedFields, *, in_order: bool = False
    ) -> Selection:
        columns = [self._column(kind, name, details) for name, details in found.grouped_field_set.items()]
        return Selection(columns, in_order=in_order)

    def _column(self, kind: GraphQLObjectType, name: str, details: FieldDetailsList) -> Column:
        field_name = details[0].node.name.value
        definition = self._schema.get_field(kind, field_name)
        assert definition is not None, "the document is valid"
        field = Field(self._converter, kind, definition, to_nodes(details))
        named = get_named_type(definition.type)
        below = self._below(named, details) if isinstance(named, GraphQLObjectType) else None
        reads = below.reads if below else None
        alone = below.alone if below else is_leaf_type(named)
        source: Source
        if field_name == "__typename":
            source = Constant(kind.name)
        elif kind is self._schema.mutation_type:
            source = mutation_source(field, reads)
        else:
            source = source_of(field, reads, alone=alone)
        within = _Within(f"{kind}.{field_name}", field, details, below)
        position = self._position(definition.type, within)
        return Column(
            name, source, position, reads_of(field, reads), dependence_of(field),
            alone=alone and isinstance(source, Ready),
        )  # fmt: skip

    def _position(self, kind: GraphQLOutputType, within: _Within) -> Position:
        shape = self._shape(get_nullable_type(kind), within)
        return Position(shape, not is_non_null_type(kind), within.name, within.field.nodes)

    def _shape(self, kind: Any, within: _Within) -> Shape:
        if is_list_type(kind):
            return Listed(self._position(kind.of_type, within), within.name, within.field.nodes)
        if is_leaf_type(kind):
            return Leaf(kind, within.field.nodes)
        details = within.details
        if is_abstract_type(kind):

            def objects(found: GraphQLObjectType) -> Objects:
                below = self._below(found, details)
                return _objects(found, details, below)

            return Abstract(kind, details, within.field.info, objects)
        assert within.below is not None
        return _objects(kind, details, within.below)

    def _below(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Selection:
        found = collect_subfields(
            self._schema, self._fragments, self._conditions, self._operation, kind, details
        )
        return self._selection(kind, found)


def _objects(kind: GraphQLObjectType, details: FieldDetailsList, below: Selection) -> Objects:
    return Objects(
        kind, details, below.rows, plain=below.plain, fixed=below.note_dependence if below.fixed else None
    )


@dataclass(frozen=True, slots=True)
class _Within:
    """A field while the parts of its type are compiled; `below` is what is selected of it, if that is of one type."""

    name: str
    field: Field
    details: FieldDetailsList
    below: Selection | None
