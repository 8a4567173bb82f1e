"""GraphQL documents: parsed, weighed and validated once, then kept by their text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import strawberry
from graphql import (
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLSchema,
    Node,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)
from graphql.execution import Executor
from graphql.language import FieldNode
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from app.errors import BadInput
from schema.answers import OPERATION_UNKNOWN, PARSE_FAILED, VALIDATION_FAILED, refused
from schema.costs import CostRules, Plan
from schema.sharing import Sharing

# How much graphql-core compares fields of one name before it refuses a document. Its own 500,000 let a few
# kilobytes hold the process for a second; 60 fragments that spread one another, as generated ones do, need
# 60,000.
overlapping_fields_can_be_merged.MAX_COMPLEXITY_BUDGET = 100_000


@dataclass(frozen=True, slots=True)
class DocumentLimits:
    """Bounds on a document, judged before anything of it runs.

    `characters`: of the text; long values belong into variables. `tokens`: lexical tokens, and comments.
    `depth`: fields within fields (the usual introspection query needs 15). `fields`: selected fields, each
    fragment counted wherever it is spread, so that a few fragments spreading one another cannot ask for
    millions; of them `aliases` with a name of their own, and `root_fields` on the outermost level.
    `directives`: in all, and `directives_at_once` at one place. `values`: objects, fields and list items in the
    variables. `errors`: reported at once. `kept_characters`: total length of the texts kept parsed; each character
    takes about a hundred bytes.
    """

    characters: int = 100_000
    tokens: int = 10_000
    depth: int = 20
    fields: int = 20_000
    aliases: int = 200
    root_fields: int = 50
    directives: int = 100
    directives_at_once: int = 4
    values: int = 20_000
    errors: int = 20
    kept_characters: int = 1_000_000


def count_values(value: Any, enough: int) -> int:
    """How many values (objects, fields, list items) are within a decoded JSON value; counting ends at `enough`."""
    count = 0
    left: list[Any] = [value]
    while left and count <= enough:
        inner = left.pop()
        count += len(inner)
        for one in inner.values() if type(inner) is dict else inner:
            if type(one) is dict or type(one) is list:
                left.append(one)  # noqa: PERF401 (a generator for each object takes longer than to look)
    return count


class Document:
    """A valid document, and what each of its operations costs."""

    def __init__(self, schema: GraphQLSchema, node: DocumentNode, rules: CostRules) -> None:
        self.node = node
        self._schema = schema
        self._rules = rules
        self._plans: dict[int, Plan] = {}
        self.executors: dict[str | None, Executor[Any]] = {}
        """By the operation's name, as it was asked for: what others are made after."""
        self._sharings: dict[int, Sharing] = {}

    def plan(self, operation: OperationDefinitionNode) -> Plan:
        """The plan of one of its operations, made once."""
        plan = self._plans.get(id(operation))
        if plan is None:
            plan = self._plans[id(operation)] = Plan(self._schema, self.node, operation, self._rules)
        return plan

    def sharing(self, operation: OperationDefinitionNode) -> Sharing:
        """How one of its operations is shared by those who subscribe by it."""
        sharing = self._sharings.get(id(operation))
        if sharing is None:
            sharing = self._sharings[id(operation)] = Sharing.of(self._schema, self.node, operation)
        return sharing


class Documents:
    """The documents of one schema. Valid ones are kept, the least recently used leave first."""

    def __init__(
        self,
        schema: strawberry.Schema,
        limits: DocumentLimits,
        *,
        introspection: bool = True,
        suggestions: bool = True,
        costs: CostRules | None = None,
    ) -> None:
        self._schema = schema._schema  # noqa: SLF001 -- Strawberry has no public name for its GraphQLSchema
        self._hide_suggestions = schema.config.disable_field_suggestions or not suggestions
        self._limits = limits
        self._costs = costs or CostRules()
        rules: list[type[ASTValidationRule]] = [
            *specified_rules,
            MaybeNullValidationRule,
            OneOfInputValidationRule,
        ]
        if not introspection:
            rules.append(NoSchemaIntrospectionCustomRule)
        self._rules = rules
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._kept_characters = 0

    def read(self, text: str) -> Document:
        """The valid document of a text. Raises `Refused` with every fault found, up to the limit."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        node = self._parse(text)
        self._weigh(node)
        errors = validate(self._schema, node, self._rules, self._limits.errors, self._hide_suggestions)
        if errors:
            raise refused(errors, VALIDATION_FAILED)
        document = Document(self._schema, node, self._costs)
        self._keep(text, document)
        return document

    def check_variables(self, variables: Mapping[str, Any]) -> None:
        """Raises a `ClientError` if there are more values in the variables than can be read in good time."""
        if count_values(variables, self._limits.values) > self._limits.values:
            raise BadInput(f"The variables hold more than {self._limits.values} values.")

    def _parse(self, text: str) -> DocumentNode:
        limits = self._limits
        try:
            return parse(
                text,
                max_source_length=limits.characters,
                max_lexical_tokens=limits.tokens,
                max_comments=limits.tokens,
            )
        except GraphQLError as error:
            raise refused([error], PARSE_FAILED) from None

    def _weigh(self, document: DocumentNode) -> None:
        limits = self._limits
        try:
            weight = Weigher(document).total()
        except RecursionError:
            weight = Weight(depth=limits.depth + 1)
        for found, limit, problem in (
            (weight.depth, limits.depth, "nests fields more than {} deep"),
            (weight.fields, limits.fields, "selects more than {} fields"),
            (weight.aliases, limits.aliases, "has more than {} aliases"),
            (weight.root_fields, limits.root_fields, "selects more than {} fields on its outermost level"),
            (weight.directives, limits.directives, "has more than {} directives"),
            (weight.crowd, limits.directives_at_once, "has more than {} directives at one place"),
        ):
            if found > limit:
                raise refused([GraphQLError(f"The document {problem.format(limit)}.")], VALIDATION_FAILED)

    def _keep(self, text: str, document: Document) -> None:
        # One huge document must not drive out all others.
        if len(text) > self._limits.kept_characters // 20:
            return
        self._kept[text] = document
        self._kept_characters += len(text)
        while self._kept_characters > self._limits.kept_characters:
            leaving, _ = self._kept.popitem(last=False)
            self._kept_characters -= len(leaving)


@dataclass(slots=True)
class Weight:
    """How much a selection holds. Depth and fields count with the fragments spread there, aliases and directives as
    they are written; `crowd` is the most directives at one place.
    """

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    crowd: int = 0
    root_fields: int = 0

    def add(self, other: Weight, *, deeper: int = 0, spread: bool = False) -> None:
        """Counts what stands beside or (`deeper` 1) below, or is spread here."""
        self.depth = max(self.depth, other.depth + deeper)
        self.fields += other.fields
        if not deeper:
            self.root_fields += other.root_fields
        if not spread:
            self.aliases += other.aliases
            self.directives += other.directives
            self.crowd = max(self.crowd, other.crowd)

    def add_definition(self, other: Weight, *, runs: bool) -> None:
        """Counts another definition of the document; `runs`: it is an operation, of which only one will run."""
        self.aliases += other.aliases
        self.directives += other.directives
        self.crowd = max(self.crowd, other.crowd)
        if runs:
            self.depth = max(self.depth, other.depth)
            self.fields = max(self.fields, other.fields)
            self.root_fields = max(self.root_fields, other.root_fields)

    def decorate(self, node: Node) -> None:
        """Counts a node's directives."""
        directives = len(getattr(node, "directives", None) or ())
        self.directives += directives
        self.crowd = max(self.crowd, directives)


class Weigher:
    """Weighs a document's operations, in time linear in its size."""

    def __init__(self, document: DocumentNode) -> None:
        self._definitions = document.definitions
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, Weight] = {}

    def total(self) -> Weight:
        """The weight of the whole document. Raises `RecursionError`."""
        total = Weight()
        for node in self._definitions:
            if isinstance(node, FragmentDefinitionNode):
                weight = replace(self._fragment(node.name.value))
            else:
                weight = self._selections(getattr(node, "selection_set", None))
            for decorated in (node, *(getattr(node, "variable_definitions", None) or ())):
                weight.decorate(decorated)
            total.add_definition(weight, runs=isinstance(node, OperationDefinitionNode))
        return total

    def _selections(self, selections: SelectionSetNode | None) -> Weight:
        total = Weight()
        for node in selections.selections if selections else ():
            total.decorate(node)
            if isinstance(node, FieldNode):
                total.add(self._selections(node.selection_set), deeper=1)
                total.fields += 1
                total.root_fields += 1
                total.aliases += node.alias is not None
            elif isinstance(node, FragmentSpreadNode):
                total.add(self._fragment(node.name.value), spread=True)
            else:
                total.add(self._selections(node.selection_set))  # type: ignore[attr-defined]
        return total

    def _fragment(self, name: str) -> Weight:
        if name not in self._known:
            # Stands while the fragment is being weighed: a cycle adds nothing here, validation refuses it.
            self._known[name] = Weight()
            fragment = self._fragments.get(name)
            self._known[name] = self._selections(fragment.selection_set if fragment else None)
        return self._known[name]


def choose_operation(document: DocumentNode, name: str | None) -> OperationDefinitionNode:
    """The operation to run. Raises `Refused` if the name is missing where needed, or unknown.

    Source: GraphQL specification, "GetOperation()".
    """
    operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    if name is not None:
        operations = [node for node in operations if node.name and node.name.value == name]
        problem = f"Unknown operation named '{name}'."
    elif operations:
        problem = "Must provide operation name if query contains multiple operations."
    else:
        problem = "Must provide an operation."
    if len(operations) != 1:
        raise refused([GraphQLError(problem)], OPERATION_UNKNOWN)
    return operations[0]
