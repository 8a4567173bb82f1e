"""What is done before anything of an operation runs: its document read, its variables coerced, its cost reckoned.

All of it that does not depend on the request's variables is done once, and kept with the document.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import orjson
import strawberry
from graphql import GraphQLError, OperationDefinitionNode, OperationType
from graphql.execution import Executor
from graphql.execution.values import VariableValues, get_variable_values
from strawberry.execution import optimized_is_awaitable

from app.errors import ClientError
from schema.answers import BAD_USER_INPUT, TOO_COSTLY, VALIDATION_FAILED, refused
from schema.coercion import Coercion
from schema.costs import Cost, CostRules
from schema.documents import Document, Documents, choose_operation
from schema.persisted import PersistedQueries
from schema.requests import GraphQLRequest

MOST_VARIABLE_ERRORS = 50
MOST_BODIES, LONGEST_BODY = 1000, 4000
"""Bodies of requests that are known again as they are; and the most bytes of such."""
MOST_KNOWN, LONGEST_KNOWN = 2000, 1000
"""Variables of queries that stay coerced, with what their operation costs; and the most bytes of such."""


@dataclass(slots=True)
class Prepared:
    """An operation that may run: its document is valid, its variables are coerced, and it is not too costly.

    `cost`: what it was reckoned to cost (see `schema.costs`), which a rate limit would charge; `fixed`: of that, what
    it costs whatever it answers. `executor` is made when it is first asked for: what is compiled or kept needs none.
    """

    request: GraphQLRequest
    operation: OperationDefinitionNode
    document: Document
    variables: VariableValues
    cost: int
    fixed: int
    _template: Executor[Any]
    _make: Callable[[Executor[Any], VariableValues, dict[str, Any]], Executor[Any]]
    _executor: Executor[Any] | None = None

    @property
    def executor(self) -> Executor[Any]:
        """What runs it, once."""
        if self._executor is None:
            self._executor = self._make(self._template, self.variables, self.request.extensions)
        return self._executor

    def bare(self, context: Any) -> Executor[Any]:
        """An executor that executes nothing, for what is compiled: it has what differs from one execution to the next,
        and what all of them have. Another's errors and deferred parts are in no place that is looked at."""
        made: Executor[Any] = object.__new__(type(self._template))
        made.__dict__.update(
            self._template.__dict__, variable_values=self.variables, context_value=context,
            operation_extensions=self.request.extensions,
        )  # fmt: skip
        return made

    def again(self) -> Prepared:
        """The same, to be run once more."""
        return Prepared(
            self.request,
            self.operation,
            self.document,
            self.variables,
            self.cost,
            self.fixed,
            self._template,
            self._make,
        )

    @property
    def kind(self) -> OperationType:
        """Query, mutation or subscription."""
        return self.operation.operation


def _asked(document: Document, request: GraphQLRequest) -> tuple[Document, str | None, bytes] | None:
    """What is asked, to be known again; None for variables too deep to be written out, which are refused later."""
    try:
        return document, request.operation_name, orjson.dumps(request.variables)
    except orjson.JSONEncodeError:
        return None


class Preparation:
    """Prepares the operations of one schema."""

    def __init__(
        self,
        schema: strawberry.Schema,
        documents: Documents,
        persisted: PersistedQueries,
        costs: CostRules,
        *,
        suggestions: bool,
    ) -> None:
        self._schema = schema._schema  # noqa: SLF001 -- Strawberry has no public name for its GraphQLSchema
        self._executors: Any = schema.execution_context_class
        self._hide_suggestions = schema.config.disable_field_suggestions or not suggestions
        self._documents = documents
        self._persisted = persisted
        self._costs = costs
        self._coercions: WeakKeyDictionary[Document, dict[str | None, Coercion]] = WeakKeyDictionary()
        self._known: OrderedDict[Hashable, tuple[VariableValues, int, int]] = OrderedDict()
        self._bodies: OrderedDict[bytes, Prepared] = OrderedDict()

    def prepare(self, request: GraphQLRequest) -> Prepared:
        """Everything that can be judged without running anything. Raises `Refused` and `ClientError`."""
        self._documents.check_variables(request.variables)
        request = self._persisted.resolve(request)
        document = self._documents.read(request.query)
        template = document.executors.get(request.operation_name)
        asked = None
        if template is not None and template.operation.operation is OperationType.QUERY:
            asked = _asked(document, request)
            known = None if asked is None else self._known.get(asked)
            if known is not None:
                self._known.move_to_end(asked)
                self._persisted.remember(request)
                return Prepared(request, template.operation, document, *known, template, self._another)
        template, values = self._begin(document, request)
        operation = template.operation
        plan = document.plan(operation)
        cost, fixed = plan.costs(values.coerced)
        if cost > self._costs.limit:
            raise self._too_costly(plan.dearest(values.coerced))
        self._persisted.remember(request)
        if asked is not None and len(asked[2]) <= LONGEST_KNOWN:
            self._known[asked] = values, cost, fixed
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)
        return Prepared(request, operation, document, values, cost, fixed, template, self._another)

    def recall(self, body: bytes) -> Prepared | None:
        """What was prepared of the same bytes before: then nothing of them has to be read again."""
        known = self._bodies.get(body)
        return None if known is None else known.again()

    def keep(self, body: bytes, prepared: Prepared) -> None:
        """Recall this from now on: a query, which holds no secrets, and is the same whoever asks it."""
        request = prepared.request
        alone = request.query and not request.extensions and not request.document_id
        if alone and prepared.kind is OperationType.QUERY and len(body) <= LONGEST_BODY:
            self._bodies[body] = prepared.again()
            if len(self._bodies) > MOST_BODIES:
                self._bodies.popitem(last=False)

    def _begin(self, document: Document, request: GraphQLRequest) -> tuple[Executor[Any], VariableValues]:
        """What executors of the operation are made after, and the request's variables. Raises `Refused`."""
        kept = document.executors.get(request.operation_name)
        if kept is None:
            executor = self._build(document, request)
            # Without the variables: what was in one request is not kept.
            kept = self._another(executor, VariableValues({}, {}), {})
            document.executors[request.operation_name] = kept
            return kept, executor.variable_values
        values = self._coercion(document, kept).values(request.variables) or get_variable_values(
            self._schema, kept.operation.variable_definitions or (), request.variables,
            max_errors=MOST_VARIABLE_ERRORS, hide_suggestions=self._hide_suggestions,
        )  # fmt: skip
        if isinstance(values, list):
            raise refused(values, BAD_USER_INPUT)
        return kept, values

    def _coercion(self, document: Document, kept: Executor[Any]) -> Coercion:
        known = self._coercions.setdefault(document, {})
        name = kept.operation.name.value if kept.operation.name else None
        if name not in known:
            known[name] = Coercion(self._schema, kept.operation)
        return known[name]

    def _another(
        self, kept: Executor[Any], values: VariableValues, extensions: dict[str, Any]
    ) -> Executor[Any]:
        made: Executor[Any] = self._executors(
            kept.schema, kept.fragment_definitions, kept.fragments, None, None, kept.operation, values,
            kept.field_resolver, kept.type_resolver, kept.subscribe_field_resolver,
            is_awaitable=optimized_is_awaitable, hide_suggestions=self._hide_suggestions,
            operation_extensions=extensions,
        )  # fmt: skip
        return made

    def _build(self, document: Document, request: GraphQLRequest) -> Executor[Any]:
        operation = choose_operation(document.node, request.operation_name)
        if self._schema.get_root_type(operation.operation) is None:
            problem = f"This schema has no {operation.operation.value}s."
            raise refused([GraphQLError(problem, operation)], VALIDATION_FAILED)
        executor: Executor[Any] | list[GraphQLError] = self._executors.build(
            self._schema,
            document.node,
            raw_variable_values=request.variables,
            operation_name=request.operation_name,
            max_coercion_errors=MOST_VARIABLE_ERRORS,
            is_awaitable=optimized_is_awaitable,
            hide_suggestions=self._hide_suggestions,
            operation_extensions=request.extensions,
        )
        if isinstance(executor, list):
            raise refused(executor, BAD_USER_INPUT)
        return executor

    def _too_costly(self, cost: Cost) -> ClientError:
        path = ".".join(cost.path)
        message = (
            f"This operation would cost {cost.requested}, more than {self._costs.limit}. Most of it is at {path}: "
            "ask for shorter pages there, for less within them, or for fewer lists and counts of filtered tasks."
        )
        told = {"requested": cost.requested, "limit": self._costs.limit, "path": list(cost.path)}
        return ClientError(TOO_COSTLY, message, cost=told)
