"""Every field of every type that an answer can hold, asked for by everybody; nothing hidden is in any answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from graphql import build_schema

from tests.access.conftest import Access, beginning
from tests.access.fields import Fields, NoWay, variables_of
from tests.access.oracle import ROLES
from tests.access.places import PERSONS, PROJECTS
from tests.access.watch import Watch
from tests.world import uuids

ONCE = ("viewer", "workspaces", "projects", "inbox", "rateLimit")
"""Root fields that are the same wherever one looks."""

UNREACHED = frozenset({"RateLimit", "SignInProvider"})
"""Of these there are none with a test's settings; they say nothing of anybody."""


def test_a_field_without_arguments_fails() -> None:
    schema = build_schema("type Query { a(b: Int): Int c(first: Int): [D] } type D { e(f: ID!): Int }")
    fields = Fields(schema)
    for name in ("a", "c"):
        with pytest.raises(NoWay):
            fields.root(name, 1)


async def test_every_field_is_asked_for_and_answers(access: Access) -> None:
    """Of each type an object was shown with each of its fields, to one of those who see most."""
    shown: set[str] = set()
    for person in ("owner", "colleague"):
        async for _, data in walk(access, person, depth=2):
            shown |= set(selected(data))
    workspace = access.fields.node("Workspace", 1)
    shown |= set(
        selected(await access.person("owner").query(workspace, id=access.places.of("WRK", "Workspace")))
    )
    for kind in ("Board", "CustomField", "View", "Task"):
        for identifier in access.places.ids["ENG"][kind]:
            document = access.fields.node(kind, 1)
            shown |= set(selected(await access.person("owner").query(document, id=identifier)))
    for thing in access.oracle.things():
        if thing.place.startswith("of:") and thing.kind in ("Identity", "Session", "InboxItem"):
            owner = access.person(thing.place.removeprefix("of:"))
            shown |= set(selected(await owner.query(access.fields.node(thing.kind, 0), id=thing.id)))
    wanted = {one for one in access.fields.every_field() if not one.startswith("Query.")}
    missed = {one for one in wanted - shown if one.split(".")[0] not in UNREACHED}
    assert not missed, f"never shown: {sorted(missed)}"
    assert access.fields.schema.query_type is not None
    roots = {f"Query.{name}" for name in access.fields.schema.query_type.fields}
    assert roots <= access.fields.asked
    access.check()


@pytest.mark.parametrize("person", PERSONS)
async def test_no_answer_holds_what_is_hidden(access: Access, person: str) -> None:
    await prove_nothing_hidden(access, person)


async def prove_nothing_hidden(access: Access, person: str) -> None:
    """Everything that somebody can ask for, searched for marks and ids of what they may not see."""
    client = access.person(person)
    watch = Watch(person, tuple(_forms(access.oracle.hidden_ids(person))))
    client._http.event_hooks["response"].append(watch.hear)
    try:
        async for errors, _ in walk(access, person, depth=1):
            assert not errors, errors
    finally:
        client._http.event_hooks["response"].remove(watch.hear)
    assert watch.answers
    watch.check()
    access.check()


async def walk(access: Access, person: str, depth: int) -> Any:
    """Every root field, by every way of asking, in every place that the person sees: errors and data."""
    client, schema = access.person(person), access.fields.schema
    assert schema.query_type is not None
    places = [key for key in PROJECTS if person in ROLES[key]]
    for name in schema.query_type.fields:
        documents = access.fields.root(name, depth if name in ("node", "inbox") else 1)
        for place in places[:1] if name in ONCE else () if name == "events" else places:
            for document in documents.values():
                values = access.root_values(place)
                answer = await client.ask(document, variables_of(document, values))
                yield answer.json.get("errors"), answer.json.get("data")
    events = access.fields.root("events", 1)["events/0"]
    for scope in access.oracle.scopes(person):
        answer = await client.ask(events, {"scope": scope, "cursor": beginning(scope)})
        yield answer.json.get("errors"), answer.json.get("data")


def selected(value: Any) -> Iterator[str]:
    """The `Type.field`s of an answer."""
    if isinstance(value, list):
        for one in value:
            yield from selected(one)
    elif isinstance(value, dict):
        kind = value.get("__typename", "")
        for name, one in value.items():
            plain = name.removeprefix(f"{kind}_").strip("_0123456789")
            yield f"{kind}.{plain}"
            yield from selected(one)


def _forms(identifiers: Iterator[str]) -> Iterator[bytes]:
    """An id as it may stand in an answer, or in what an answer encodes."""
    for identifier in identifiers:
        number: UUID = uuids(identifier)[-1]
        yield from (identifier.encode(), number.hex.encode(), str(number).encode(), number.bytes)
