"""How much is compiled: all that is documented, and nearly all that is valid."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from graphql import FragmentDefinitionNode, GraphQLSyntaxError, OperationDefinitionNode, parse, validate
from graphql.execution.values import VariableValues
from hypothesis import HealthCheck, Phase, given, settings

from schema import schema
from schema.compiled import CompiledOperations
from schema.costs import CostRules
from schema.documents import Document
from tests.compiled.operations import Operation, operations
from tests.compiled.population import Pool
from tests.docs.test_snippets import snippets

ROOT = Path(__file__).parents[2]
SCHEMA = schema._schema
QUOTED = re.compile(r"`(\s*(?:query|mutation|subscription|\{|fragment)[^`]*)`", re.DOTALL)
BARE = Pool(("UHJvamVjdDox", "V29ya3NwYWNlOjE"), ("scope",), ("page",), ("log",))


def documents() -> dict[str, str]:
    """The operations of the docs, of GraphiQL's examples, and of the clients' tests, by where they stand."""
    found = dict(snippets())
    found |= {path.name: path.read_text() for path in sorted((ROOT / "web" / "examples").glob("*.graphql"))}
    for path in sorted((ROOT / "tests" / "clients").glob("*.[jt]s")):
        found |= {f"{path.name}-{at}": text for at, text in enumerate(QUOTED.findall(path.read_text()))}
    return found


def compiled(text: str) -> list[bool]:
    """For each operation of a document whether it is compiled; conditions hold."""
    try:
        node = parse(text)
    except GraphQLSyntaxError:  # made while running
        return []
    if validate(SCHEMA, node):
        return []
    document, known, answers = Document(SCHEMA, node, CostRules()), CompiledOperations(schema), []
    fragments = {one.name.value: one for one in node.definitions if isinstance(one, FragmentDefinitionNode)}
    for operation in node.definitions:
        if isinstance(operation, OperationDefinitionNode):
            names = [definition.variable.name.value for definition in operation.variable_definitions or ()]
            given = VariableValues(dict.fromkeys(names), dict.fromkeys(names, True))  # type: ignore[arg-type]
            executor: Any = SimpleNamespace(
                schema=SCHEMA, operation=operation, fragment_definitions=fragments, variable_values=given
            )
            answers.append(known.find(document, executor) is not None)
    return answers


def test_what_is_documented_is_compiled() -> None:
    answers = {where: compiled(text) for where, text in documents().items()}
    counted = [one for several in answers.values() for one in several]
    assert len(counted) > 60
    assert sum(counted) >= 0.99 * len(counted), [where for where, found in answers.items() if not all(found)]


COUNTED: list[bool] = []


@settings(
    max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None,
    phases=[Phase.generate],
)  # fmt: skip
@given(operation=operations(SCHEMA, BARE))
def _draw(operation: Operation) -> None:
    COUNTED.extend(compiled(operation.text))


def test_nearly_all_that_is_valid_is_compiled() -> None:
    COUNTED.clear()
    _draw()
    assert len(COUNTED) > 150
    assert sum(COUNTED) >= 0.95 * len(COUNTED)
