"""Operations compiled once and run many times.

What an operation selects can depend on variables only by `@skip` and `@include`. The values of those that stand there
are part of the key; everything else that variables may change is looked up while it runs.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any
from weakref import WeakKeyDictionary

import strawberry
from graphql import (
    DirectiveNode,
    ExecutionResult,
    FragmentDefinitionNode,
    GraphQLError,
    OperationDefinitionNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution import Executor
from graphql.execution.values import VariableValues

from app.foreseeing import Foresight
from app.metrics import COMPILED, NOT_COMPILED
from schema.compiled.places import Whole
from schema.compiled.runs import Failure, Run
from schema.compiled.selections import Compiler, Selection
from schema.documents import Document

KEPT_OF_A_DOCUMENT = 16
"""Operations kept of one document: each choice of its conditions is one."""

_UNDERSTOOD = {"skip", "include"}


class NotCompiled(Exception):
    """An operation runs on the ordinary path; `reason` is a label of the metric."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Operation:
    """A compiled operation."""

    def __init__(self, root: Selection) -> None:
        self._root = root

    async def run(
        self, executor: Executor[Any], *, together: bool = True, foresight: Foresight | None = None
    ) -> ExecutionResult:
        """What `executor.execute_operation()` would give, from the same resolvers and batch functions.

        ``together``: statements that do not need one another's rows go together, if the context collects them;
        ``foresight``: of those that will be wanted later.
        """
        run = Run(executor)
        run.context.alone = True
        place = Whole()
        collect = getattr(run.context, "collect", None) if together else None
        found: Any = self._root.rows(run, [executor.root_value], place)
        if type(found) is not list:
            found = await (found if collect is None else collect(found, foresight))
        data = found[0]
        run.context.dependence = run.dependence
        run.context.objects = run.objects if run.counted and not run.failures else None
        if type(data) is Failure:
            run.null(data, place, 0)
            data = None
        return ExecutionResult(data, run.errors() or None if run.failures else None)


class CompiledOperations:
    """The compiled operations of a schema; they are kept as long as their documents are."""

    def __init__(self, schema: strawberry.Schema) -> None:
        self._schema = schema
        self._known: WeakKeyDictionary[Document, _Compiled] = WeakKeyDictionary()

    def find(self, document: Document, executor: Executor[Any]) -> Operation | None:
        """The operation that the executor would run; None if the ordinary path must, which is counted."""
        try:
            operation = self._find(document, executor)
        except NotCompiled as fault:
            NOT_COMPILED.labels(fault.reason).inc()
            return None
        COMPILED.inc()
        return operation

    def _find(self, document: Document, executor: Executor[Any]) -> Operation:
        known = self._known.get(document)
        if known is None:
            known = self._known[document] = _Compiled(document)
        return known.operation(self._schema, executor)


class _Compiled:
    """What is known of one document."""

    def __init__(self, document: Document) -> None:
        found = _Directives()
        visit(document.node, found)
        self._reason = found.reason
        self._conditions = sorted(found.conditions)
        self._kept: OrderedDict[tuple[Any, ...], Operation] = OrderedDict()

    def operation(self, schema: strawberry.Schema, executor: Executor[Any]) -> Operation:
        if self._reason is not None:
            raise NotCompiled(self._reason)
        coerced = executor.variable_values.coerced
        chosen = [name for name in self._conditions if name in executor.variable_values.sources]
        key = (id(executor.operation), *(coerced.get(name) for name in chosen))
        operation = self._kept.get(key)
        if operation is not None:
            self._kept.move_to_end(key)
            return operation
        operation = self._kept[key] = _compile(schema, executor, chosen)
        if len(self._kept) > KEPT_OF_A_DOCUMENT:
            self._kept.popitem(last=False)
        return operation


class _Directives(Visitor):
    """The directives of a document: variables that are conditions, and whether there is one that is not understood."""

    def __init__(self) -> None:
        super().__init__()
        self.conditions: set[str] = set()
        self.reason: str | None = None

    def enter_directive(self, node: DirectiveNode, *_: Any) -> None:
        if node.name.value not in _UNDERSTOOD:
            self.reason = "directive"
        for argument in node.arguments or ():
            if isinstance(argument.value, VariableNode):
                self.conditions.add(argument.value.name.value)

    def enter_fragment_definition(self, node: FragmentDefinitionNode, *_: Any) -> None:
        if node.variable_definitions:
            self.reason = "fragment variables"


def _compile(schema: strawberry.Schema, executor: Executor[Any], chosen: list[str]) -> Operation:
    given = executor.variable_values
    if any(not isinstance(given.coerced.get(name), bool) for name in chosen):
        # null for a variable with a default: the field where it stands is an error, found while running.
        raise NotCompiled("condition")
    # No others: a plan must not keep what was in one request.
    conditions = VariableValues(
        {name: given.sources[name] for name in chosen}, {name: given.coerced[name] for name in chosen}
    )
    operation: OperationDefinitionNode = executor.operation
    compiler = Compiler(
        executor.schema, schema.schema_converter, operation, executor.fragment_definitions, conditions
    )
    try:
        return Operation(compiler.root())
    except GraphQLError as error:
        raise NotCompiled("condition") from error
