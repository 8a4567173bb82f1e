"""Every GraphQL snippet of the documentation against the schema's snapshot."""

import re
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

ROOT = Path(__file__).parents[2]
PAGES = [*sorted((ROOT / "docs").rglob("*.md")), *sorted(ROOT.glob("*.md"))]
FENCED = re.compile(r"^```graphql\n(.*?)^```", re.MULTILINE | re.DOTALL)
# Documents within the JavaScript of a page.
QUOTED = re.compile(r"= `((?:query|mutation|subscription) .*?)`;", re.DOTALL)


def snippets() -> list[tuple[str, str]]:
    """(page and number, document)."""
    found = []
    for page in PAGES:
        text = page.read_text()
        documents = [*FENCED.findall(text), *QUOTED.findall(text)]
        found += [(f"{page.stem}-{number}", document) for number, document in enumerate(documents, 1)]
    return found


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    """The schema's committed snapshot."""
    return build_schema((ROOT / "tests" / "schema.graphql").read_text())


@pytest.mark.parametrize(
    ("name", "document"), snippets(), ids=lambda value: value if "\n" not in value else ""
)
def test_snippet_is_valid(schema: GraphQLSchema, name: str, document: str) -> None:
    """It parses, and fits the schema."""
    assert validate(schema, parse(document)) == [], name


def test_a_wrong_snippet_is_noticed(schema: GraphQLSchema) -> None:
    """Planted: a field that is not there, a required argument left out."""
    assert len(snippets()) > 12
    [(_, document), *_] = snippets()
    assert validate(schema, parse(document.replace("{", "{ nowhere ", 1)))
    assert validate(schema, parse("{ events(scope: 1) { kind } }"))
