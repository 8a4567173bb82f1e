"""What a token may do: every mutation of the schema, over both doors."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNonNull,
    get_nullable_type,
    is_required_input_field,
)

from app.access_tokens.models import AccessScope
from schema.token_scopes import NEEDS, ONLY_SIGNED_IN, OPEN
from tests import selections
from tests.access_tokens.conftest import Granted
from tests.client import JSON
from tests.world import World

assert selections.SCHEMA.mutation_type is not None
MUTATIONS = selections.SCHEMA.mutation_type.fields
WHO = "{ viewer { email user { id } } }"


def test_every_mutation_says_what_it_needs() -> None:
    assert NEEDS.keys() | ONLY_SIGNED_IN | OPEN == MUTATIONS.keys()
    assert len(NEEDS) + len(ONLY_SIGNED_IN) + len(OPEN) == len(MUTATIONS), "each in one place"


def sample(kind: Any, identifier: str) -> Any:
    """The least value of an input type that a document is accepted with."""
    kind = get_nullable_type(kind)
    if isinstance(kind, GraphQLList):
        return [sample(kind.of_type, identifier)]
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        return {
            name: sample(field.type, identifier)
            for name, field in kind.fields.items()
            if is_required_input_field(field)
        }
    values: JSON = {
        "ID": identifier, "Int": 1, "Float": 1.0, "Boolean": True, "Date": "2030-01-31", "JSON": {},
        "DateTime": "2030-01-31T00:00:00Z", "UUID": "01890000-0000-7000-8000-000000000000",
    }  # fmt: skip
    return values.get(kind.name, "x")


def request(name: str, world: World) -> tuple[str, JSON]:
    """A mutation with an input that would be taken."""
    field = MUTATIONS[name].args["input"]
    assert isinstance(field.type, GraphQLNonNull)
    document = f"mutation($input: {field.type}) {{ {name}(input: $input) {{ errors {{ code }} }} }}"
    return document, {"input": sample(field.type, world.eng["id"])}


def needing(*scopes: str) -> set[str]:
    """The mutations that a token with these scopes may send."""
    return {name for name, needed in NEEDS.items() if needed.name in scopes} | OPEN


@pytest.mark.parametrize("scopes", [("READ",), ("WRITE",), ("ADMIN",), ("READ", "WRITE", "ADMIN")])
async def test_a_token_is_refused_what_it_is_not_for(
    world: World, granted: Granted, scopes: tuple[str, ...]
) -> None:
    """The rest gets past the check, whatever comes of it then."""
    client = await granted(*scopes, by="owner")
    refused = set()
    async with client.socket() as socket:
        for name in MUTATIONS:
            document, variables = request(name, world)
            answer = await client.ask(document, variables)
            over_socket = await socket.run(document, **variables)
            forbidden = "FORBIDDEN" in answer.codes
            assert forbidden is ("FORBIDDEN" in str(over_socket)), name
            if forbidden:
                refused.add(name)
                assert answer.json["data"] is None
    assert refused == MUTATIONS.keys() - needing(*scopes)


async def test_without_scopes_there_is_no_token(world: World) -> None:
    error = await world.member.refused("accessTokenCreate", name="x", scopes=[])
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["scopes"])


async def test_a_token_acts_as_its_owner_within_its_scopes(world: World, granted: Granted) -> None:
    reading, writing = await granted("READ"), await granted("WRITE")
    assert (await reading.query(WHO))["viewer"]["user"]["id"] == world.member.user_id
    task = (await writing.do("taskCreate", projectId=world.eng["id"], title="By a program"))["task"]
    assert task["creator"]["id"] == world.member.user_id
    error = await (await granted("ADMIN")).refused(
        "workspaceUpdate", id=world.workspace["id"], expectedVersion=1, name="x"
    )
    assert error["code"] == "PERMISSION_DENIED", "a scope gives no role"
    async with reading.follow(world.eng["scope"]) as stream:
        task = await world.task()
        assert [event["objectId"] for event in await stream.until(stream.seq + 1)] == [task["id"]]


async def test_a_planted_gap_is_caught(
    world: World, granted: Granted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mutation that asks for too little would be seen by the test above."""
    monkeypatch.setitem(NEEDS, "projectUpdate", AccessScope.READ)
    client = await granted("READ", by="owner")
    document, variables = request("projectUpdate", world)
    assert (await client.ask(document, variables)).codes == []
