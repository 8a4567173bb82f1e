"""The example operations of `web/examples/` against the schema: each must run as it stands."""

import json
from pathlib import Path

import pytest
from graphql import FieldNode, GraphQLSchema, OperationDefinitionNode, build_schema, parse, validate
from graphql.execution.values import get_variable_values

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "web" / "examples").glob("*.graphql"))


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema's committed snapshot."""
    return build_schema((ROOT / "tests" / "schema.graphql").read_text())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_is_valid(schema: GraphQLSchema, path: Path) -> None:
    """One named operation with a title above it, valid, and with variables that the schema takes."""
    text = path.read_text()
    assert text.startswith("# "), "the first line is the title"
    document = parse(text)
    assert validate(schema, document) == []
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    assert operation.name is not None
    values = path.with_suffix(".json")
    given = json.loads(values.read_text()) if values.exists() else {}
    variables = get_variable_values(schema, operation.variable_definitions or (), given)
    assert not isinstance(variables, list), variables


def test_every_file_of_variables_has_its_operation() -> None:
    """No variables are left behind."""
    assert {path.stem for path in (ROOT / "web" / "examples").glob("*.json")} <= {
        path.stem for path in EXAMPLES
    }


def test_every_operation_has_an_example(schema: GraphQLSchema) -> None:
    """Each field of the three roots stands in some example."""
    shown = {
        selection.name.value
        for path in EXAMPLES
        for node in parse(path.read_text()).definitions
        if isinstance(node, OperationDefinitionNode)
        for selection in node.selection_set.selections
        if isinstance(selection, FieldNode)
    }
    roots = (schema.query_type, schema.mutation_type, schema.subscription_type)
    assert {name for root in roots if root is not None for name in root.fields} <= shown
