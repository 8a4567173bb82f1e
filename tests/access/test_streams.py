"""Every subscription × everybody × every scope: begun, or refused like a missing one; and what streams carry."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from tests.access.conftest import Access
from tests.access.places import PERSONS, mark
from tests.client import JSON, Socket
from tests.invariants import missing, without_ids

SUBSCRIPTIONS = {
    "events": "subscription($x: ID!) { events(scope: $x) { kind } }",
    "viewEvents": "subscription($x: ID!) { viewEvents(projectId: $x) { kind } }",
}
"""Every subscription, by the id that it is about."""

ABOUT = {"events": ("Scope", "Project", "Workspace"), "viewEvents": ("Project",)}
"""What that id names."""


async def test_every_subscription_is_known(access: Access) -> None:
    assert access.fields.schema.subscription_type is not None
    fields = access.fields.schema.subscription_type.fields
    assert fields.keys() == SUBSCRIPTIONS.keys()
    assert fields["events"].args.keys() == {"scope", "after"}
    listed = {"projectId", "viewId", "boardId", "filter", "query", "orderBy", "after"}
    assert fields["viewEvents"].args.keys() == listed


@pytest.mark.parametrize("person", PERSONS)
async def test_a_hidden_scope_is_like_a_missing_one(access: Access, person: str) -> None:
    await prove_streams_alike(access, person)


async def prove_streams_alike(access: Access, person: str) -> None:
    """By the ids of scopes, and of the projects and workspaces whose they are."""
    followed = [one for one in access.oracle.things() if one.kind in ("Scope", "Project", "Workspace")]
    failures = []
    async with access.person(person).socket() as socket:
        for name, thing in ((name, one) for name in ABOUT for one in followed if one.kind in ABOUT[name]):
            first = await _first(socket, thing.id, name)
            # A guest is in the workspace, and does not read its log.
            seen = any(
                access.oracle.sees(person, one)
                for one in followed
                if one.place == thing.place and one.kind == "Scope"
            )
            if seen and "EVENTS" not in first and "HEARTBEAT" not in first:
                failures.append(f"{person} cannot follow {thing}: {first}")
            elif not seen and first != await _first(socket, missing(thing.id), name):
                failures.append(f"{thing} tells {person}: {first}")
    assert not failures, "\n".join(failures)


async def _first(socket: Socket, identifier: str, name: str = "events") -> str:
    """The first message of a subscription, without the ids of it and the request."""
    operation = await socket.start(SUBSCRIPTIONS[name], x=identifier)
    message = await socket.message(operation)
    if message["type"] == "next" and message["payload"].get("data"):
        await socket.send(id=operation, type="complete")
    message.pop("id")
    text = orjson.dumps(message)
    return without_ids(_Body(text), identifier)  # type: ignore[arg-type]


class _Body:
    def __init__(self, body: bytes) -> None:
        self.body = body


async def test_signed_out_nothing_is_followed(access: Access) -> None:
    async with access.world.nobody.socket() as socket:
        for place in ("ENG", "ELS"):
            assert "UNAUTHENTICATED" in await _first(socket, access.places.of(place, "Scope"))


@pytest.mark.parametrize("person", PERSONS)
async def test_streams_carry_nothing_hidden(access: Access, person: str) -> None:
    await prove_streams_clean(access, person)


async def prove_streams_clean(access: Access, person: str) -> None:
    """Somebody follows all they may, while things happen in places they do not see, and between those and theirs."""
    client = access.person(person)
    scopes = list(dict.fromkeys(access.oracle.scopes(person)))
    async with client.socket() as socket:
        streams = {scope: await socket.follow(scope) for scope in scopes}
        await _happen(access)
        for scope, stream in streams.items():
            frame = (
                await client.query(
                    "query($s: ID!, $c: String!) { events(scope: $s, after: $c) { position { seq } } }",
                    s=scope, c=stream.cursor,
                )
            )["events"]  # fmt: skip
            if frame["position"] is not None:
                await stream.until(frame["position"]["seq"])
            access.watches[person].read(orjson.dumps(stream.frames), f"the stream of {scope}")
    access.check()


async def _happen(access: Access) -> None:
    """In SEC and ELS, and from ENG into SEC and back."""
    owner, places = access.world.owner, access.places
    eng, secret = places.of("ENG", "Task"), places.of("SEC", "Task")
    for by, place in ((owner, "SEC"), (access.world.outsider, "ELS")):
        project = places.of(place, "Project")
        made = await by.do("taskCreate", projectId=project, title=f"New {mark(place)}")
        await by.do("commentAdd", taskId=made["task"]["id"], body=f"New {mark(place)}")
    link = await owner.do("linkAdd", sourceId=eng, kind="duplicates", targetId=secret)
    await owner.do("linkRemove", id=link["link"]["id"])
    task = (await owner.do("taskCreate", projectId=places.of("ENG", "Project"), title="Leaves"))["task"]
    moved: JSON = await owner.do(
        "taskTransfer", id=task["id"], projectId=places.of("SEC", "Project"), expectedVersion=1
    )
    patch: Any = {"title": f"Left {mark('SEC')}"}
    await owner.do("taskUpdate", id=task["id"], expectedVersion=moved["task"]["version"], patch=patch)
    await owner.do("taskCreate", projectId=places.of("ENG", "Project"), title="Last")
