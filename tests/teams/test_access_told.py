"""Whoever gains or loses sight of something is told of what: in their inbox's log, and by the end of their streams."""

from __future__ import annotations

import asyncio

import pytest

from app.inbox import scopes
from tests.client import JSON, Client
from tests.folding import Scope
from tests.invariants import EVENTS_AFTER, events_over_http, fold
from tests.ledger import Log
from tests.live.places import on_this_machine
from tests.teams.ways import GAINING, LOSING, Way, scope_of
from tests.world import World

BOUND_SECONDS = 1.0
NODE = "query($id: ID!) { node(id: $id) { __typename } }"


async def scopes_of(world: World, way: Way, made: JSON) -> set[str]:
    """The scopes that a way is about."""
    found = (await world.owner.query("{ workspaces { scope directoryScope } }"))["workspaces"][0]
    place = (found["directoryScope"], found["scope"])
    return {scope_of(world, name, made, *place) for name in way.lost}


async def read(client: Client) -> dict[str, JSON]:
    """What somebody is told that they may read, by scope."""
    found = (await client.query("{ viewer { scopes { id kind nodeId } } }"))["viewer"]["scopes"]
    return {one["id"]: one for one in found}


async def answered(client: Client, scope: str, cursor: str = "") -> bool:
    """Whether somebody may read a scope's events, as the service answers it."""
    async with client.socket() as socket:
        document = "subscription($s: ID!) { events(scope: $s) { kind } }"
        message = await socket.message(await socket.start(document, s=scope))
        return bool(message["type"] == "next")


@pytest.mark.parametrize("name", sorted(LOSING))
async def test_who_loses_something_is_told_to_forget_it(world: World, log: Log, name: str) -> None:
    """State = fold of events, for what one may read too; streams end in time, and others go on."""
    way, made = LOSING[name], dict[str, str]()
    await way.prepare(world, made)
    person, lost = world.person(way.who), await scopes_of(world, way, made)
    inbox = Scope("inbox")
    copy = await inbox.fetch(person)
    before = await read(person)
    assert lost <= before.keys()
    async with person.socket() as socket:
        told = await socket.follow(copy.scope, copy.cursor)
        streams = [await socket.follow(scope) for scope in sorted(before)]
        await way.step(world, made)
        async with asyncio.timeout(await on_this_machine(world.owner, BOUND_SECONDS)):
            for stream, scope in zip(streams, sorted(before), strict=True):
                if scope in lost:
                    last = await stream.ended()
                    assert (last["reason"], last["events"]) == ("ACCESS_LOST", [])
        fresh = await inbox.fetch(person)
        events = await told.until(fresh.seq)
        fold(copy, events, fresh)
        assert {one["objectId"] for one in events if one["kind"] == "ScopeRemoved"} == lost
        assert set(await read(person)) == before.keys() - lost
    for scope in lost:
        assert not await answered(person, scope)
        if before[scope]["kind"] == "PROJECT":
            assert (await person.query(NODE, id=before[scope]["nodeId"]))["node"] is None
    for scope in before.keys() - lost:
        assert await answered(person, scope)
    await log.check_order()


@pytest.mark.parametrize("name", sorted(LOSING))
async def test_it_is_told_though_nothing_was_followed(world: World, name: str) -> None:
    """A client that comes back finds it in the log of its inbox."""
    way, made = LOSING[name], dict[str, str]()
    await way.prepare(world, made)
    person, lost = world.person(way.who), await scopes_of(world, way, made)
    copy = await Scope("inbox").fetch(person)
    await way.step(world, made)
    events = await events_over_http(person, copy.scope, copy.cursor)
    fold(copy, events, await Scope("inbox").fetch(person))
    assert {one["objectId"] for one in events if one["kind"] == "ScopeRemoved"} == lost
    assert not [one for one in events if one["kind"] == "ScopeAdded"]


@pytest.mark.parametrize("name", sorted(GAINING))
async def test_who_gains_something_is_told_where_it_is(world: World, name: str) -> None:
    way, made = GAINING[name], dict[str, str]()
    await way.prepare(world, made)
    person = world.person(way.who)
    copy = await Scope("inbox").fetch(person)
    before = await read(person)
    async with person.follow(copy.scope, copy.cursor) as told:
        await way.step(world, made)
        gained = await scopes_of(world, way, made)
        fresh = await Scope("inbox").fetch(person)
        events = await told.until(fresh.seq)
        fold(copy, events, fresh)
    assert gained.isdisjoint(before)
    added = {one["objectId"]: one["ScopeState"] for one in events if one["kind"] == "ScopeAdded"}
    assert added.keys() == gained
    now = await read(person)
    for scope, state in added.items():
        assert now[scope] == state
        assert (await person.query(NODE, id=state["nodeId"]))["node"] is not None
        assert await answered(person, scope)


async def test_who_sees_it_by_another_way_loses_nothing(world: World) -> None:
    """A team's role beside one's own, and the workspace's beside both: the last way that is left is enough."""
    ops, colleague = world.ops["id"], world.colleague
    team = await world.team("colleague", roles={"ops": "MANAGER"})
    await world.owner.do("projectMemberAdd", projectId=ops, userId=colleague.user_id, role="MEMBER")
    await world.owner.do("projectUpdate", id=ops, expectedVersion=1, visibility="WORKSPACE")
    role = "query($id: ID!) { node(id: $id) { ... on Project { viewerRole } } }"
    copy = await Scope("inbox").fetch(colleague)
    async with colleague.follow(world.ops["scope"]) as stream:
        assert (await colleague.query(role, id=ops))["node"] == {"viewerRole": "MANAGER"}
        await world.owner.do("teamMemberRemove", teamId=team["id"], userId=colleague.user_id)
        assert (await colleague.query(role, id=ops))["node"] == {"viewerRole": "MEMBER"}
        await world.owner.do("projectMemberRemove", projectId=ops, userId=colleague.user_id)
        assert (await colleague.query(role, id=ops))["node"] == {"viewerRole": "VIEWER"}
        assert await events_over_http(colleague, copy.scope, copy.cursor) == []
        await world.task(by="owner", projectId=ops)
        await stream.until((await world.position(world.ops))["seq"])
        await world.owner.do("projectUpdate", id=ops, expectedVersion=2, visibility="PRIVATE")
        assert (await stream.ended())["reason"] == "ACCESS_LOST"
    kinds = [one["kind"] for one in await events_over_http(colleague, copy.scope, copy.cursor)]
    assert kinds == ["ScopeRemoved"]


async def test_what_comes_after_the_end_is_told_to_nobody_who_lost_access(world: World) -> None:
    """It is in no frame of who was removed, nor to be had by their old cursor."""
    team = await world.team("colleague", roles={"ops": "MEMBER"})
    async with world.colleague.follow(world.ops["scope"]) as stream:
        cursor = stream.cursor
        await world.owner.do("teamDelete", "", id=team["id"], expectedVersion=1)
        await stream.ended()
        await world.task("Not for you", by="owner", projectId=world.ops["id"])
    assert not [one for one in stream.events if one["kind"] == "TaskCreated"]
    answer = await world.colleague.ask(
        EVENTS_AFTER, {"scope": world.ops["scope"], "after": cursor, "first": 5}
    )
    assert answer.codes == ["NOT_FOUND"]


async def test_a_planted_silence_is_caught(world: World, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    async def nobody(*_: object) -> set[object]:
        return set()

    monkeypatch.setattr(scopes, "_readers", nobody)
    with pytest.raises((AssertionError, TimeoutError)):
        await test_who_loses_something_is_told_to_forget_it(world, log, "the team was deleted")
