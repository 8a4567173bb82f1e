"""What a field is given: worked out once where it stands in the document, looked up where a variable says it.

Only what is right and plain is; of everything else graphql-core and Strawberry have the word, as on the ordinary path.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    ListValueNode,
    Node,
    ObjectValueNode,
    VariableNode,
    get_argument_values,
    is_non_null_type,
)
from graphql.execution import Executor
from strawberry.schema.schema_converter import GraphQLCoreConverter
from strawberry.types.field import StrawberryField

from schema.readings import reading_arguments, stays

_MISSING = object()


class Arguments:
    """Those of a field at one place of a document, by the names that its resolver has for them."""

    def __init__(
        self, converter: GraphQLCoreConverter, definition: GraphQLField, declared: StrawberryField | None,
        node: FieldNode,
    ) -> None:  # fmt: skip
        self._definition = definition
        self._node = node
        self._read = None if declared is None else reading_arguments(declared.arguments, converter)
        self._alone = _variables_alone(definition, node)
        self._fixed: dict[str, Any] | None = None
        self._looked_up = None if declared is None else _looked_up(converter, definition, declared, node)

    def given(self, executor: Executor[Any]) -> dict[str, Any]:
        """As graphql-core coerces them. Raises `GraphQLError`."""
        if not self._definition.args:
            return {}
        if self._alone is not None:
            coerced = executor.variable_values.coerced
            found = {name: coerced.get(variable) for name, variable in self._alone}
            if None not in found.values():  # what null means there is graphql-core's to say
                return found
        return get_argument_values(
            self._definition, self._node, executor.variable_values, None, executor.hide_suggestions
        )

    def made(self, executor: Executor[Any]) -> dict[str, Any]:
        """As the resolver takes them, made anew: nobody else has them. Raises `GraphQLError`."""
        if self._read is None or not self._definition.args:
            return {}
        return self._read(self.given(executor))

    def of(self, executor: Executor[Any]) -> dict[str, Any]:
        """As the resolver takes them, who changes nothing in them. Raises `GraphQLError`."""
        if self._fixed is not None and self._looked_up is not None:
            arguments = dict(self._fixed)
            coerced = executor.variable_values.coerced
            for name, variable, nullable in self._looked_up:
                value = coerced.get(variable, _MISSING)
                if value is _MISSING or (value is None and not nullable):
                    break
                arguments[name] = value
            else:
                return arguments
        arguments = self.made(executor)
        if self._looked_up is not None:
            said = {name for name, _, _ in self._looked_up}
            self._fixed = {name: value for name, value in arguments.items() if name not in said}
        return arguments


def _variables_alone(definition: GraphQLField, node: FieldNode) -> list[tuple[str, str]] | None:
    """The variables that a field's arguments are, where all are given so."""
    given = {argument.name.value: argument.value for argument in node.arguments or ()}
    found = []
    for name, argument in definition.args.items():
        value = given.get(name)
        if not isinstance(value, VariableNode):
            return None
        found.append((argument.out_name or name, value.name.value))
    return found


def _looked_up(
    converter: GraphQLCoreConverter, definition: GraphQLField, declared: StrawberryField, node: FieldNode
) -> list[tuple[str, str, bool]] | None:
    """The arguments that variables say: their names, those of the variables, and whether null may be said.

    None if one of them has to be made of its variable's value, or holds it somewhere inside.
    """
    arguments = {converter.config.name_converter.from_argument(one): one for one in declared.arguments}
    found = []
    for one in node.arguments or ():
        name = one.name.value
        if not any(_variables(one.value)):
            continue
        if not isinstance(one.value, VariableNode) or not stays(arguments[name].type, converter):
            return None
        required = is_non_null_type(definition.args[name].type)
        found.append((arguments[name].python_name, one.value.name.value, not required))
    return found


def _variables(node: Node) -> Iterator[VariableNode]:
    """Those within a value of a document."""
    if isinstance(node, VariableNode):
        yield node
    elif isinstance(node, ListValueNode):
        for one in node.values:
            yield from _variables(one)
    elif isinstance(node, ObjectValueNode):
        for field in node.fields:
            yield from _variables(field.value)
