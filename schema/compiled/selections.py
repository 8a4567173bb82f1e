"""Selection sets, compiled: which fields of which type, where their values come from and what becomes of them."""

from __future__ import annotations

from collections.abc import Sequence
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
from strawberry.schema.schema_converter import GraphQLCoreConverter

from app.collecting import Together
from app.keys import Rows
from schema.compiled.builders import builder
from schema.compiled.mutations import mutation_source
from schema.compiled.places import Place, Under
from schema.compiled.positions import Abstract, Leaf, Listed, Objects, Position, Shape, flags_of
from schema.compiled.runs import Failure, Run
from schema.compiled.sources import (
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


class Column:
    """One field of a selection set."""

    def __init__(
        self, name: str, source: Source, position: Position, reads: Columns, dependence: Dependence | None,
        *, alone: bool,
    ) -> None:  # fmt: skip
        self.alone = alone
        self.dependence = dependence
        self.name = name
        self.plain = position.plain
        self.reads = reads
        self._source: Any = source
        self._ready = isinstance(source, Ready)
        self._position = position

    def at_once(self, run: Run, parents: Sequence[Any]) -> list[Any] | Pending:
        """Its values as they go into the answer, one for each parent, if nothing has to be waited for."""
        if not self._ready:
            return Pending(None)
        values = self._source.at_once(run, parents)
        kinds = set(map(type, values))
        flags = flags_of(kinds)
        column = None if flags & 1 else self._position.at_once(run, values, kinds, flags)
        return Pending(values) if column is None else column

    async def of(self, run: Run, parents: Sequence[Any], place: Place, pending: Pending) -> list[Any]:
        """The same if something has to be."""
        under = Under(place, self.name)
        values = pending.values
        if values is None:
            values = await self._source.values(run, parents, under)
        kinds = set(map(type, values))
        flags = flags_of(kinds)
        if flags & 1:
            values = await settled(values, run)
        elif (column := self._position.at_once(run, values, kinds, flags)) is not None:
            return column
        return await self._position.complete(run, values, under)


class Pending:
    """A column that is not complete; ``values``: what it is completed of, if that is known."""

    __slots__ = ("values",)

    def __init__(self, values: Sequence[Any] | None) -> None:
        self.values = values


class Selection:
    """What is selected of objects of one type. `reads`: the columns of their rows that it needs, if all are known.

    `alone`: nothing besides those columns is needed for it.
    """

    def __init__(self, columns: list[Column], *, in_order: bool = False) -> None:
        """``in_order``: one after the other, as a mutation's fields are."""
        self._columns = columns
        self._in_order = in_order
        reads = [column.reads for column in columns]
        self.reads: Columns = None if None in reads else frozenset().union(*filter(None, reads))
        self.alone = all(column.alone for column in columns)
        self._dependence = strongest(*(column.dependence for column in columns))
        self.plain = all(column.plain for column in columns)
        self._build = builder(tuple(column.name for column in columns))

    async def rows(self, run: Run, parents: Sequence[Any], place: Place) -> list[Any]:
        """A dict for each parent; a failure for those without a value that must be there.

        Fields are completed side by side, each with all that is below it, so that their statements go together.
        """
        if not self._columns:
            return [{} for _ in parents]
        run.dependence = strongest(run.dependence, self._dependence)
        before = run.failures
        columns = await self._complete(run, Rows(parents), place)
        if run.failures != before and parents:
            for column, values in zip(self._columns, columns, strict=True):
                if all(type(value) is Failure for value in values):
                    # Nothing of these objects will be shown.
                    return [failure.under(column.name) for failure in values]
        rows: list[Any] = self._build(*columns)
        if run.failures != before:
            for column, values in zip(reversed(self._columns), reversed(columns), strict=True):
                for index, value in enumerate(values):
                    if type(value) is Failure:
                        rows[index] = value.under(column.name)
        return rows

    async def _complete(self, run: Run, parents: Rows, place: Place) -> list[list[Any]]:
        """The values of each field."""
        columns: list[Any] = []
        later: list[int] = []
        for index, column in enumerate(self._columns):
            values = column.at_once(run, parents)
            if type(values) is Pending and self._in_order:
                values = await column.of(run, parents, place, values)
            elif type(values) is Pending:
                later.append(index)
            columns.append(values)
        rest = [self._columns[index].of(run, parents, place, columns[index]) for index in later]
        found = await Together(rest) if len(rest) > 1 else [await one for one in rest]
        for index, values in zip(later, found, strict=True):
            columns[index] = values
        return columns


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
                return Objects(found, details, below.rows, plain=below.plain)

            return Abstract(kind, details, within.field.info, objects)
        assert within.below is not None
        return Objects(kind, details, within.below.rows, plain=within.below.plain)

    def _below(self, kind: GraphQLObjectType, details: FieldDetailsList) -> Selection:
        found = collect_subfields(
            self._schema, self._fragments, self._conditions, self._operation, kind, details
        )
        return self._selection(kind, found)


@dataclass(frozen=True, slots=True)
class _Within:
    """A field while the parts of its type are compiled; `below` is what is selected of it, if that is of one type."""

    name: str
    field: Field
    details: FieldDetailsList
    below: Selection | None
