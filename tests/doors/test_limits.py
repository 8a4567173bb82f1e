"""Bounds on documents, by setting: judged before anything runs, each with one error that names the bound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse

from app.tasks.actions.edit import EDITED_AT_ONCE
from schema import schema
from schema.costs import CostRules, Plan
from schema.documents import DocumentLimits, Documents, choose_operation
from schema.doors import DoorLimits
from tests import selections
from tests.client import mutation_document
from tests.doors.conftest import Serve, Served

ALIASES = "{ node { " + " ".join(f"a{n}: number" for n in range(201)) + " } }"
HALF = " ".join(f"a{n}: number" for n in range(101))
HALVES = f"{{ node {{ {HALF} ...f }} }} fragment f on Node {{ {HALF} }}"


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("{ " + "node { " * 20 + "number" + " }" * 21, "more than 20 deep"),
        (ALIASES, "200 aliases"),
        (HALVES, "200 aliases"),
        ("{ " + " ".join(f"a{n}: __typename" for n in range(51)) + " }", "50 fields on its outermost"),
        (
            "{ ...f ...f } fragment f on Query { " + " ".join(f"a{n}: __typename" for n in range(26)) + " }",
            "50 fields",
        ),
        (
            "mutation { " + " ".join(f'a{n}: write(text: "x")' for n in range(51)) + " }",
            "50 fields on its outermost",
        ),
        ("{ " + "__typename " * 500 + "}", "50 fields on its outermost"),
        ("{ __typename " + "@aa" * 10 + " }", "4 directives at one place"),
        ("query " + "@aa" * 10 + " { __typename }", "4 directives at one place"),
        ("query ($a: Int " + "@aa" * 10 + ") { add(a: $a) }", "4 directives at one place"),
        ("{ ...f } fragment f on Query " + "@aa" * 10 + " { __typename }", "4 directives at one place"),
        ("{ node { " + "number @skip(if: false) " * 101 + "} }", "100 directives"),
    ],
)
async def test_what_is_too_much_is_one_error(served: Served, query: str, says: str) -> None:
    response = await served.query(query)
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert says in error["message"]
    assert served.application.written == []


async def test_fifty_root_fields_and_two_hundred_aliases_are_fine(served: Served) -> None:
    for query in (
        "{ " + " ".join(f"a{n}: __typename" for n in range(50)) + " }",
        "{ node { " + " ".join(f"a{n}: number" for n in range(200)) + " } }",
        # Wide, but not on the outermost level.
        "{ node { ...f } } fragment f on Node { " + "number " * 200 + "}",
    ):
        assert (await served.query(query)).status_code == 200


async def test_bounds_are_set(serve: Serve) -> None:
    served = await serve(document_limits=DocumentLimits(root_fields=1, directives_at_once=0))
    assert (await served.query("{ a: __typename b: __typename }")).status_code == 400
    assert (await served.query("{ __typename @skip(if: false) }")).status_code == 400
    assert (await served.query("{ __typename }")).status_code == 200


async def test_variables_hold_so_many_values(serve: Serve) -> None:
    """Objects, fields and list items, wherever they are: coercing them takes the process's time."""
    served = await serve(document_limits=DocumentLimits(values=10))
    within: list[Any] = [list(range(9)), [{"b": 1}, {"b": [2, 3]}, {"b": {}}]]
    for value in within:
        response = await served.query("{ __typename }", variables={"a": value})
        assert response.status_code == 200, value
        refused = await served.query("{ __typename }", variables={"a": [*value, 4], "b": 5})
        assert refused.status_code == 400, value
        [error] = refused.json()["errors"]
        assert error["extensions"]["code"] == "BAD_USER_INPUT"
        assert "10 values" in error["message"]


async def test_a_batch_costs_so_much_together(serve: Serve) -> None:
    served = await serve(DoorLimits(batch=5, batch_cost=3))
    response = await served.http.post("/graphql", json=[{"query": "{ node { inner { number } } }"}] * 2)
    first, second = response.json()
    assert first["data"] == {"node": {"inner": {"number": 2}}}
    assert second["errors"][0]["extensions"]["code"] == "QUERY_TOO_COSTLY"


async def test_suggestions_can_be_switched_off(serve: Serve, served: Served) -> None:
    silent = await serve(suggestions=False)
    for query, variables in (
        ("{ nod { number } }", None),
        ('{ ech(text: "x") }', None),
        ("query ($p: Point!) { place(point: $p) }", {"p": {"x": 1, "labl": "y"}}),
        ("{ paint(colour: RDE) }", None),
    ):
        told = [(await each.query(query, variables=variables)).text for each in (served, silent)]
        assert ["Did you mean" in text for text in told] == [True, False], query


SDL = """
type Query { me: Person  people(first: Int, last: Int): People  found: [Thing!]!  several(ids: [ID!]!): [Person]!
  since(first: Int! = 100): Frame  name: String }
type People { nodes: [Person!]!  edges: [Edge!]!  total: Int!  page: Page! }
type Edge { node: Person! }
type Page { more: Boolean! }
type Person implements Thing { name: String!  friends(first: Int): People!  tags: [String!]!  boss: Person }
type Robot implements Thing { name: String!  maker: Person }
interface Thing { name: String! }
type Frame { events: [Thing!]! }
type Mutation { write(input: WriteInput): Person  edit(input: EditInput): Edited }
type Edited { done: [Person!]! }
input WriteInput { ids: [ID!]  name: String }
input EditInput { items: [Item!]! }
input Item { a: Int }
"""


@pytest.fixture(scope="module")
def sdl() -> GraphQLSchema:
    """A schema of pages and lists."""
    return build_schema(SDL)


def plan(sdl: GraphQLSchema, text: str) -> Plan:
    document = parse(text)
    [operation] = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
    return Plan(sdl, document, operation, CostRules(assumed_list=5, page=50, largest_page=500))


@pytest.mark.parametrize(
    ("text", "cost"),
    [
        ("{ name __typename }", 0),
        ("{ __schema { types { fields { type { name } } } } }", 1_000),
        (
            '{ a: __schema { types { name } } b: __schema { types { name } } c: __type(name: "X") { name } }',
            2_100,
        ),
        ("{ __typename }", 0),
        ("{ me { name tags } }", 1),
        ("{ me { boss { boss { name } } } }", 3),
        ("{ people { total } }", 1),
        ("{ people { nodes { name } } }", 1 + 50),
        ("{ people(first: 7) { nodes { name } } }", 1 + 7),
        ("{ people(last: 7) { edges { node { name } } page { more } } }", 1 + 7 + 7 + 1),
        ("{ people(first: null, last: 3) { nodes { name } } }", 1 + 3),
        ("{ people(first: 10) { nodes { friends(first: 20) { nodes { name } } } } }", 1 + 10 * (1 + 1 + 20)),
        ("{ people(first: 0) { nodes { friends { nodes { name } } } } }", 1),
        ("{ people(first: -5) { nodes { name } } }", 1),
        ("{ people(first: 100000) { nodes { name } } }", 1 + 500),
        ("{ found { name } }", 5),
        ('{ several(ids: ["a", "b"]) { boss { name } } }', 4),
        ("{ since { events { name } } }", 1 + 100),
        ("{ since(first: 3) { events { name } } }", 1 + 3),
        (
            "{ found { ... on Person { boss { name } } ... on Robot { maker { boss { name } } } } }",
            5 * (1 + 2),
        ),
        ("{ found { ... on Thing { name } ... { name } } }", 5),
        ("{ ...f ...f } fragment f on Query { me { name } }", 2),
        ("mutation { write { name } a: write { name } }", 2 * 11),
        (
            'mutation { write(input: {ids: ["a", "b", "c"], name: "x"}) { name friends { total } } }',
            10 + 2 * 3 + 2,
        ),
        ("mutation { edit(input: {items: [{a: 1}, {a: 2}]}) { done { name } } }", 10 + 2 * 2 + 1 + 2),
        ("mutation { edit(input: {items: []}) { done { name } } }", 10 + 1 + 5),
    ],
)
def test_what_an_operation_costs(sdl: GraphQLSchema, text: str, cost: int) -> None:
    assert plan(sdl, text).costs({})[0] == cost
    assert plan(sdl, text).dearest({}).requested == cost


@pytest.mark.parametrize(("variables", "cost"), [({"n": 3}, 4), ({}, 51), ({"n": None}, 51), ({"n": 0}, 1)])
def test_sizes_come_from_variables_too(sdl: GraphQLSchema, variables: dict[str, Any], cost: int) -> None:
    assert plan(sdl, "query ($n: Int) { people(first: $n) { nodes { name } } }").costs(variables)[0] == cost
    ids = plan(sdl, "query ($ids: [ID!]!) { several(ids: $ids) { name } }")
    assert ids.costs({"ids": ["a"] * cost})[0] == cost


def test_the_path_leads_to_what_costs_most(sdl: GraphQLSchema) -> None:
    text = (
        "{ me { name } all: people(first: 9) { nodes { f: friends(first: 8) { nodes { boss { name } } } } } }"
    )
    assert plan(sdl, text).dearest({}).path == ("all", "nodes", "f", "nodes")
    union = "{ found { ... on Robot { maker { friends(first: 9) { nodes { name } } } } } }"
    assert plan(sdl, union).dearest({}).path == ("found", "maker", "friends", "nodes")


async def test_every_answer_says_what_it_cost_and_a_refusal_where(serve: Serve) -> None:
    served = await serve(costs=CostRules(limit=3))
    cheap = await served.query("{ node { inner { number } } }")
    assert cheap.json()["extensions"]["cost"] == {"requested": 2, "limit": 3, "spent": 2}
    refused = await served.query("{ node { inner { inner { inner { number } } } } }")
    assert refused.status_code == 400
    [error] = refused.json()["errors"]
    assert error["extensions"] == {
        "code": "QUERY_TOO_COSTLY",
        "cost": {"requested": 4, "limit": 3, "path": ["node"]},
    }
    async with served.socket(init={}) as client:
        await client.subscribe("1", "{ node { inner { inner { inner { number } } } } }")
        message = await client.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "QUERY_TOO_COSTLY")
        await client.subscribe("2", "{ node { number } }")
        message = await client.receive()
        assert message["payload"]["extensions"]["cost"] == {"requested": 1, "limit": 3, "spent": 1}


async def test_a_costly_mutation_writes_nothing(serve: Serve) -> None:
    served = await serve(costs=CostRules(limit=3, mutation=10))
    response = await served.query('mutation { write(text: "x") }')
    assert response.json()["errors"][0]["extensions"]["code"] == "QUERY_TOO_COSTLY"
    assert served.application.written == []


@pytest.mark.parametrize(("count", "cost"), [(1, 10 + 2 + 1 + 1), (500, 10 + 1000 + 1 + 500)])
def test_a_bulk_edit_costs_by_its_items(sdl: GraphQLSchema, count: int, cost: int) -> None:
    """Whether its items are variables, or its whole input is."""
    items = [{"a": 1}] * count
    whole = plan(sdl, "mutation ($input: EditInput) { edit(input: $input) { done { name } } }")
    parts = plan(sdl, "mutation ($items: [Item!]!) { edit(input: {items: $items}) { done { name } } }")
    assert whole.costs({"input": {"items": items}}) == parts.costs({"items": items}) == (cost, 10 + 2 * count)


OPERATIONS = sorted((Path(__file__).parents[2] / "web" / "examples").glob("*.graphql"))


def test_the_operations_of_front_ends_are_far_from_every_bound() -> None:
    """The examples cost a tenth of the limit at most, so that a front end may ask for ten times as much."""
    documents = Documents(schema, DocumentLimits())
    rules = CostRules()
    assert OPERATIONS
    for path in OPERATIONS:
        document = documents.read(path.read_text())
        values = path.with_suffix(".json")
        variables = orjson.loads(values.read_bytes()) if values.exists() else {}
        cost = document.plan(choose_operation(document.node, None)).dearest(variables)
        assert cost.requested <= rules.limit / 10, (path.name, cost)


def test_the_largest_bulk_edit_may_ask_for_everything() -> None:
    """1,000 items, with whole tasks and every field of every error: either is answered, never both."""
    document = parse(mutation_document("taskBulkUpdate"))
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    plan = Plan(selections.SCHEMA, document, operation, CostRules())
    items = [{"id": "x", "expectedVersion": 1}] * EDITED_AT_ONCE
    assert plan.costs({"input": {"items": items}})[0] <= CostRules().limit
    few, errors = (
        Plan(selections.SCHEMA, one, one.definitions[0], CostRules()).costs({"input": {"items": items}})[0]  # type: ignore[arg-type]
        for one in (
            parse(mutation_document("taskBulkUpdate", "results { ok }")),
            parse(mutation_document("taskBulkUpdate", "batchId")),
        )
    )
    assert few == errors, "the errors are dearer"
