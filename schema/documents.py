"""GraphQL documents: parsed, weighed and validated once, then kept by their text."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import strawberry
from graphql import (
    ASTValidationRule,
    DocumentNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
    specified_rules,
    validate,
)
from graphql.language import FieldNode
from graphql.validation.rules import overlapping_fields_can_be_merged
from strawberry.schema.validation_rules.maybe_null import MaybeNullValidationRule
from strawberry.schema.validation_rules.one_of import OneOfInputValidationRule

from schema.answers import OPERATION_UNKNOWN, PARSE_FAILED, VALIDATION_FAILED, refused

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
    millions. `errors`: reported at once. `kept_characters`: total length of the texts kept parsed; each
    character takes about a hundred bytes.
    """

    characters: int = 100_000
    tokens: int = 10_000
    depth: int = 20
    fields: int = 20_000
    errors: int = 20
    kept_characters: int = 1_000_000


class Documents:
    """The documents of one schema. Valid ones are kept, the least recently used leave first."""

    def __init__(
        self, schema: strawberry.Schema, limits: DocumentLimits, *, introspection: bool = True
    ) -> None:
        self._schema = schema._schema  # noqa: SLF001 -- Strawberry has no public name for its GraphQLSchema
        self._hide_suggestions = schema.config.disable_field_suggestions
        self._limits = limits
        rules: list[type[ASTValidationRule]] = [
            *specified_rules,
            MaybeNullValidationRule,
            OneOfInputValidationRule,
        ]
        if not introspection:
            rules.append(NoSchemaIntrospectionCustomRule)
        self._rules = rules
        self._kept: OrderedDict[str, DocumentNode] = OrderedDict()
        self._kept_characters = 0

    def read(self, text: str) -> DocumentNode:
        """The valid document of a text. Raises `Refused` with every fault found, up to the limit."""
        kept = self._kept.get(text)
        if kept is not None:
            self._kept.move_to_end(text)
            return kept
        document = self._parse(text)
        self._weigh(document)
        errors = validate(self._schema, document, self._rules, self._limits.errors, self._hide_suggestions)
        if errors:
            raise refused(errors, VALIDATION_FAILED)
        self._keep(text, document)
        return document

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
            depth, fields = Weight(document).total()
        except RecursionError:
            depth = fields = limits.depth + 1
        if depth > limits.depth:
            message = f"The document nests fields more than {limits.depth} deep."
        elif fields > limits.fields:
            message = f"The document selects more than {limits.fields} fields."
        else:
            return
        raise refused([GraphQLError(message)], VALIDATION_FAILED)

    def _keep(self, text: str, document: DocumentNode) -> None:
        # One huge document must not drive out all others.
        if len(text) > self._limits.kept_characters // 20:
            return
        self._kept[text] = document
        self._kept_characters += len(text)
        while self._kept_characters > self._limits.kept_characters:
            leaving, _ = self._kept.popitem(last=False)
            self._kept_characters -= len(leaving)


class Weight:
    """Depth and number of the fields that a document's operations select, in time linear in its size."""

    def __init__(self, document: DocumentNode) -> None:
        self._operations = [
            node for node in document.definitions if isinstance(node, OperationDefinitionNode)
        ]
        self._fragments = {
            node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)
        }
        self._known: dict[str, tuple[int, int]] = {}

    def total(self) -> tuple[int, int]:
        """(depth, fields) of the deepest and of the largest operation. Raises `RecursionError`."""
        weights = [self._selections(operation.selection_set) for operation in self._operations]
        return max((depth for depth, _ in weights), default=0), max(
            (fields for _, fields in weights), default=0
        )

    def _selections(self, selections: SelectionSetNode | None) -> tuple[int, int]:
        deepest = fields = 0
        for node in selections.selections if selections else ():
            if isinstance(node, FieldNode):
                depth, inner = self._selections(node.selection_set)
                depth, inner = depth + 1, inner + 1
            elif isinstance(node, FragmentSpreadNode):
                depth, inner = self._fragment(node.name.value)
            else:
                depth, inner = self._selections(node.selection_set)  # type: ignore[attr-defined]
            deepest, fields = max(deepest, depth), fields + inner
        return deepest, fields

    def _fragment(self, name: str) -> tuple[int, int]:
        if name not in self._known:
            # Stands while the fragment is being weighed: a cycle adds nothing here, validation refuses it.
            self._known[name] = (0, 0)
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
