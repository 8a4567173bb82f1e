"""Root fields about hidden places are like those about missing ones; signed out, nothing is even looked up."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, get_named_type

from tests.access.alike import ghosts_of, told
from tests.access.conftest import Access, beginning
from tests.access.fields import variables_of
from tests.access.oracle import ADMINS, ROLES
from tests.access.places import PERSONS, PROJECTS, mark
from tests.client import JSON
from tests.invariants import missing

FILTERED = {
    "status": "Status",
    "type": "TaskType",
    "assignee": "User",
    "creator": "User",
    "label": "Label",
    "parent": "Task",
    "sprint": "Sprint",
    "milestone": "Milestone",
    "project": "Project",
}
"""Filters by an id, and what it names."""

SEARCHED = {"title": "contains", "externalRef": "contains", "text": "contains"}
"""Filters by a text that somebody wrote."""

PUBLIC: dict[str, JSON] = {
    "viewer": {"viewer": None},
    "rateLimit": {},
    "signInProviders": {"signInProviders": []},
}
"""Root fields that answer without a sign-in, and what they say: nothing of anybody."""


async def test_signed_out_nothing_is_looked_up(access: Access) -> None:
    client, schema = access.world.nobody, access.fields.schema
    assert schema.query_type is not None
    for name in schema.query_type.fields:
        for document in access.fields.root(name, 0).values():
            variables = variables_of(document, access.root_values("ENG"))
            with access.service.statements() as counted:
                answer = await client.ask(document, variables)
            assert len(counted) == 0, (name, str(counted))
            if name in PUBLIC:
                assert answer.codes == []
                assert PUBLIC[name] in ({}, answer.json["data"])
            else:
                assert answer.codes == ["UNAUTHENTICATED"], name


@pytest.mark.parametrize("person", PERSONS)
async def test_a_hidden_place_is_like_a_missing_one(access: Access, person: str) -> None:
    await prove_roots_alike(access, person)


async def prove_roots_alike(access: Access, person: str) -> None:
    """By id, key, scope and filter: body and statements."""
    schema, failures = access.fields.schema, []
    assert schema.query_type is not None
    for place in PROJECTS:
        if person in ROLES[place]:
            continue
        values = access.root_values(place)
        values["nodes"] = [
            one for one in values["nodes"] if access.oracle.knows_id(person, one) is False
        ]  # colleagues know a team of a project that they do not see
        ghosts, ids = _ghosts(access, values)
        documents = {
            one: text
            for name in schema.query_type.fields
            for one, text in access.fields.root(name, 0).items()
        }
        for name, document in documents.items():
            asked = variables_of(document, values)
            if asked:
                failures += await _compared(
                    access, person, name, document, asked, variables_of(document, ghosts), ids
                )
        for name, document, given, ghost in _filters(access, place):
            failures += await _compared(
                access, person, name, document, {"x": given}, {"x": ghost}, [given, ghost]
            )
    assert not failures, "\n".join(failures)
    access.check()


async def test_filters_are_all_known(access: Access) -> None:
    """A new filter by an id or a text is tried too, or fails here."""
    kind = access.fields.schema.type_map["TaskFilter"]
    assert isinstance(kind, GraphQLInputObjectType)
    by_kind: dict[str, set[str]] = {}
    for name, one in kind.fields.items():
        by_kind.setdefault(get_named_type(one.type).name, set()).add(name)
    assert by_kind["IdComparator"] | by_kind["UserComparator"] == FILTERED.keys()
    assert by_kind["StringComparator"] | by_kind["ContainsComparator"] == SEARCHED.keys()
    others = {"IntComparator", "FloatComparator", "DateComparator", "DateTimeComparator", "BooleanComparator",
              "StatusCategoryComparator", "TaskFilter", "TaskFieldFilter"}  # fmt: skip
    assert by_kind.keys() == others | {
        "IdComparator",
        "UserComparator",
        "StringComparator",
        "ContainsComparator",
    }


@pytest.mark.parametrize("person", PERSONS)
async def test_counts_and_orders_know_only_what_is_seen(access: Access, person: str) -> None:
    await prove_counts(access, person)


async def prove_counts(access: Access, person: str) -> None:
    """In every order: as many as counted, and those of the projects that are seen, as many as the owner finds there."""
    order = access.fields.schema.type_map["TaskOrderField"]
    assert isinstance(order, GraphQLEnumType)
    whole = "{ totalCount nodes { id project { id } } }"
    fields = " ".join(
        f"{name}: tasks(first: 200, filter: {{deleted: {{eq: {deleted}}}}}, orderBy: [{{field: {one}}}]) {whole}"
        for one in order.values
        for name, deleted in ((one, "false"), (f"{one}_", "true"))
    )
    seen = {access.places.of(place, "Project") for place in PROJECTS if person in ROLES[place]}
    found = await access.person(person).query(f"{{ {fields} }}")
    teller = "outsider" if person == "outsider" else "owner"
    for name, answer in (await access.person(teller).query(f"{{ {fields} }}")).items():
        wanted = [one["id"] for one in answer["nodes"] if one["project"]["id"] in seen]
        got = [one["id"] for one in found[name]["nodes"]]
        assert (sorted(got), found[name]["totalCount"]) == (sorted(wanted), len(wanted)), name


@pytest.mark.parametrize("person", ADMINS)
async def test_the_audit_log_knows_only_its_own(access: Access, person: str) -> None:
    document = """query($w: ID!, $x: ID!) { node(id: $w) { ... on Workspace {
      a: auditLog(first: 5, filter: {actor: $x}) { totalCount nodes { id } }
    } } }"""
    target = document.replace("actor: $x", "target: $x")
    workspace = access.places.of("WRK", "Workspace")
    failures = []
    for given, text in (
        (access.places.of("of:outsider", "User"), document),
        (access.places.of("ELS", "Task"), target),
    ):
        ghost = missing(given)
        failures += await _compared(
            access,
            person,
            "auditLog",
            text,
            {"w": workspace, "x": given},
            {"w": workspace, "x": ghost},
            [given, ghost],
        )
    assert not failures


async def _compared(
    access: Access, person: str, name: str, document: str, hidden: JSON, ghosts: JSON, ids: list[str]
) -> list[str]:
    client = access.person(person)
    first = await told(access.service, client, document, hidden, ids)
    second = await told(access.service, client, document, ghosts, ids)
    return [] if first == second else [f"{name} tells {person} of {hidden}: {first}\n{second}"]


def _ghosts(access: Access, values: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The same of a place that there is not; and all the ids in both."""
    scope, project, node, *nodes = ghosts_of(
        [values["scope"], values["project"], values["node"], *values["nodes"]]
    )
    ghosts = {
        "node": node, "nodes": nodes, "projectKey": "ZZZ", "taskKey": "ZZZ-1", "project": project, "scope": scope,
        "cursor": beginning(scope), "workspace": values["workspace"],
    }  # fmt: skip
    singles = ("node", "project", "scope")
    return ghosts, [
        one for each in (values, ghosts) for one in (*each["nodes"], *(each[name] for name in singles))
    ]


def _filters(access: Access, place: str) -> list[tuple[str, str, str, str]]:
    page = "{ totalCount nodes { id } }"
    found = []
    for name, kind in FILTERED.items():
        if kind == "User" and place != "ELS":
            continue
        given = access.places.of("of:outsider" if kind == "User" else place, kind)
        for op in ("eq: $x", "neq: $x", "in: [$x]", "nin: [$x]"):
            document = f"query($x: ID!) {{ tasks(filter: {{{name}: {{{op}}}}}) {page} }}"
            found.append((f"tasks by {name}", document, given, missing(given)))
    for name, op in SEARCHED.items():
        document = f"query($x: String!) {{ tasks(filter: {{{name}: {{{op}: $x}}}}) {page} }}"
        # Each looks for another nothing: an answer that is kept would take fewer statements.
        found.append((f"tasks by {name}", document, mark(place), f"zqno{place.lower()}zq"))
    document = (
        f"query($x: String!) {{ search(text: $x) {{ complete corrections {{ takenFor }} hits {page} }} }}"
    )
    found.append(("search", document, mark(place), f"zqno{place.lower()}zq"))
    given = access.places.of(place, "CustomField")
    for test in ('text: {contains: "zq"}', "null: true", "null: false"):
        document = f"query($x: ID!) {{ tasks(filter: {{field: {{fieldId: $x, {test}}}}}) {page} }}"
        found.append(("tasks by field", document, given, missing(given)))
    return found
