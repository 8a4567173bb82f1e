"""What is looked through is reckoned: lists of tasks under filters, their counts, searches."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLSyntaxError, OperationDefinitionNode, parse

from schema.costs import CostRules, Plan
from tests import selections
from tests.compiled.test_coverage import documents
from tests.limits.conftest import Limited
from tests.world import World

WORD = 'tasks(query: "word") { totalCount }'
PAGE, COUNT = 250 + 1_500, 250 + 1_500 + 150
"""Of a list under one text."""


def within(world: World, fields: str) -> str:
    return f'{{ node(id: "{world.eng["id"]}") {{ ... on Project {{ {fields} }} }} }}'


def many(count: int, field: str) -> str:
    return " ".join(f"a{n}: {field}" for n in range(count))


async def test_many_counts_under_a_text_are_refused(world: World) -> None:
    answer = await world.viewer.ask(within(world, many(150, WORD)))
    assert answer.status == 400
    [error] = answer.json["errors"]
    assert error["extensions"] == {
        "code": "QUERY_TOO_COSTLY",
        "cost": {
            "requested": 151 + 150 * (PAGE + COUNT),
            "limit": 50_000,
            "path": ["node", "a0", "totalCount"],
        },
    }
    largest = await world.viewer.ask(within(world, many(13, WORD)))
    assert largest.data["node"]["a12"] == {"totalCount": 0}
    assert (await world.viewer.ask(within(world, many(14, WORD)))).status == 400


async def test_what_was_looked_through_is_spent(limited: Limited) -> None:
    """However little was found; or small answers could have the database busy for ever."""
    async with limited(cost_per_minute=10_000) as world:
        for _ in range(2):
            answer = await world.viewer.ask(within(world, WORD))
            assert answer.json["extensions"]["cost"]["spent"] == 2 + PAGE + COUNT
        assert (await world.viewer.ask(within(world, WORD))).status == 429


def cost(text: str, variables: dict[str, Any] | None = None) -> int:
    document = parse(text)
    operation = document.definitions[0]
    assert isinstance(operation, OperationDefinitionNode)
    return Plan(selections.SCHEMA, document, operation, CostRules()).costs(variables or {})[0]


FILTERED = "query ($f: TaskFilter, $q: String) { tasks(filter: $f, query: $q, first: 0) { __typename } }"


@pytest.mark.parametrize(
    ("variables", "looked"),
    [
        ({}, 0),
        ({"f": {}, "q": ""}, 0),
        ({"f": None, "q": None}, 0),
        ({"f": {"priority": {"eq": 1}, "label": {"in": ["a", "b"]}}}, 250),
        ({"f": {"title": {"contains": "x"}}}, 250 + 1_500),
        (
            {"f": {"or": [{"text": {"contains": "x"}}, {"not": {"externalRef": {"contains": "x"}}}]}},
            250 + 3_000,
        ),
        ({"f": {"field": {"fieldId": "a", "text": {"contains": "x"}}}}, 250 + 1_500),
        ({"q": "is:open assignee:me -label:bug due:<7d"}, 250),
        ({"q": '"exact words" or (-crash title:a,b)'}, 250 + 4 * 1_500),
        ({"q": "field.Notes:x"}, 250 + 1_500),
        ({"f": {"title": {"contains": "x"}}, "q": "word"}, 250 + 2 * 1_500),
        ({"q": "word " * 300}, 250 + 50 * 1_500),
    ],
)
def test_filters_are_priced_by_what_they_look_into(variables: dict[str, Any], looked: int) -> None:
    assert cost(FILTERED, variables) == 1 + looked


@pytest.mark.parametrize(
    ("fields", "looked"),
    [
        ("tasks(first: 0) { totalCount }", 150),
        ("tasks(first: 0, filter: {number: {gt: 1}}) { a: totalCount b: totalCount }", 250 + 2 * 400),
        ('tasks(first: 0, query: "w") { ... on TaskConnection { ...f } }', PAGE + COUNT),
        # The columns of a project are read together.
        ('statuses { tasks(first: 0, query: "w") { totalCount } }', 10 + PAGE + COUNT - 1),
        ("views(first: 3) { nodes { tasks(first: 0) { totalCount } groups { count } } }", 3 * (2 + 5 + 1350)),
    ],
)
def test_looks_are_paid_for_by_each_whole(fields: str, looked: int) -> None:
    fragment = "fragment f on TaskConnection { totalCount }" if "...f" in fields else ""
    text = f"query ($ids: [ID!]!) {{ nodes(ids: $ids) {{ ... on Project {{ {fields} }} }} }} {fragment}"
    assert cost(text, {"ids": ["a"]}) == 2 + looked
    assert cost(text, {"ids": ["a"] * 3}) == 3 * (2 + looked)


@pytest.mark.parametrize(
    ("around", "price"),
    [
        # The projects of 50 tasks hold no more tasks than there are to be seen.
        ("tasks(first: 50) { edges { node { project { %s } } } }", 1 + 4 * 50 + PAGE + COUNT),
        (
            "viewer { views(first: 3) { edges { node { tasks(first: 0) { totalCount } } } } }",
            2 + 3 * 3 + 3 * 950,
        ),
    ],
)
def test_looks_are_shared_by_what_is_read_together(around: str, price: int) -> None:
    assert cost("{" + around.replace("%s", 'tasks(first: 0, query: "w") { totalCount }') + "}") == price


def test_bulk_edits_look_for_their_tasks() -> None:
    text = "mutation ($input: TaskBulkDeleteInput!) { taskBulkDelete(input: $input) { batchId } }"
    plain = cost(text, {"input": {"items": []}})
    assert (
        cost(text, {"input": {"where": {"projectId": "a", "query": "word is:open"}}}) == plain + 250 + 1_500
    )
    parts = text.replace("$input: TaskBulkDeleteInput!", "$q: String").replace(
        "$input", '{where: {projectId: "a", filter: {title: {contains: "x"}}, query: $q}}'
    )
    assert [cost(parts, {"q": q}) - plain for q in ("", "word")] == [250 + 1_500, 250 + 3_000]


def test_what_is_documented_is_far_from_the_bound() -> None:
    """Also where it is asked with a word, a quoted text and a filter that looks into a text."""
    given = {"query": 'assignee:me crash "some words"', "filter": {"text": {"contains": "x"}}}
    for where, text in documents().items():
        try:
            document = parse(text)
        except GraphQLSyntaxError:
            continue
        for operation in document.definitions:
            if isinstance(operation, OperationDefinitionNode):
                plan = Plan(selections.SCHEMA, document, operation, CostRules())
                assert plan.costs(given)[0] <= CostRules().limit / 4, where
