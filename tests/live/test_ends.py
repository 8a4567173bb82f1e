"""How a stream ends, or refuses to begin: typed, within a second, and telling nobody what is hidden."""

from __future__ import annotations

import asyncio
import base64
import math
import time
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from app.config import Settings
from app.errors import NotFound, PermissionDenied
from app.events import arrivals, resuming, watch
from app.events.cursors import Cursor
from app.events.models import Scope
from schema.ids import global_id
from tests.client import JSON, PATIENCE_SECONDS, Client, Socket, Stream
from tests.conftest import Template
from tests.invariants import EVENTS_AFTER
from tests.ledger import Log
from tests.live.places import SCOPES, check_whole, on_this_machine, place
from tests.service import Doors, serve
from tests.world import World, uuids

BOUND_SECONDS = 1.0
OF_THE_VIEWER = """kind reason position { seq cursor }
  events { seq ... on TaskCreated { task { viewerCanUpdate } } }"""
"""Frames that nobody shares."""


async def ended_within(world: World, stream: Stream, seconds: float = BOUND_SECONDS) -> JSON:
    """The last frame, which must have come in time."""
    async with asyncio.timeout(await on_this_machine(world.owner, seconds)):
        return await stream.ended()


async def resync(stream: Stream) -> str:
    """The reason of the RESYNC frame that must be the last."""
    while stream.frames[-1]["kind"] != "RESYNC":
        await stream.frame()
    assert (await stream.socket.message(stream.identifier))["type"] == "complete"
    reason: str = stream.frames[-1]["reason"]
    return reason


async def test_a_removed_member_hears_nothing_more(world: World) -> None:
    scopes = (await world.member.query(SCOPES))["workspaces"][0]
    followed = [world.eng["scope"], world.ops["scope"], scopes["scope"], scopes["directoryScope"]]
    async with world.member.socket() as socket, world.viewer.follow(world.eng["scope"]) as staying:
        eng, ops, workspace, directory = [await socket.follow(scope) for scope in followed]
        await world.owner.do("projectMemberRemove", projectId=world.eng["id"], userId=world.member.user_id)
        last = await ended_within(world, eng)
        assert (last["kind"], last["reason"], last["events"]) == ("ENDED", "ACCESS_LOST", [])
        await world.owner.do("taskCreate", "", projectId=world.ops["id"], title="Still followed")
        await ops.until(ops.seq + 1)
        await world.owner.do(
            "workspaceMemberRemove", workspaceId=world.workspace["id"], userId=world.member.user_id
        )
        for stream in (ops, workspace, directory):
            assert (await ended_within(world, stream))["reason"] == "ACCESS_LOST"
        await world.task(by="owner")
        await staying.until((await world.position())["seq"])


async def test_what_is_done_after_a_loss_is_told_to_nobody_who_lost(
    world: World, doors: Doors, database: str, make_settings: Callable[..., Settings], template: Template
) -> None:
    """Whichever way it was lost, in the process that heard of it first and in another: no comparison is waited for."""
    eng = world.eng
    team = (await world.team("colleague", roles={"eng": "VIEWER"}))["id"]
    place = {"workspaceId": world.workspace["id"]}
    ways: list[tuple[str, str, JSON]] = [
        ("member", "projectMemberRemove", {"projectId": eng["id"], "userId": world.member.user_id}),
        ("colleague", "teamMemberRemove", {"teamId": team, "userId": world.colleague.user_id}),
        ("viewer", "workspaceMemberRemove", place | {"userId": world.viewer.user_id}),
    ]
    settings = make_settings(database, compare_interval_ms=1000)
    async with serve(doors, settings) as one, serve(doors, settings) as other:
        worlds = [World(process, template.kept) for process in (one, other)]
        for person, mutation, loss in ways:
            async with worlds[0].person(person).socket() as near, worlds[1].person(person).socket() as far:
                streams = [
                    await socket.follow(eng["scope"], selection=fields)
                    for socket in (near, far) for fields in (None, OF_THE_VIEWER)
                ]  # fmt: skip
                await worlds[0].owner.do(mutation, "", **loss)
                before = (await world.position())["seq"]
                await worlds[0].task(by="owner")
                for stream in streams:
                    assert (await stream.ended())["reason"] == "ACCESS_LOST"
                    assert all(event["seq"] <= before for event in stream.events)


async def test_only_the_streams_of_a_lost_scope_wait(world: World) -> None:
    """Nobody can hold up others by taking away access all the time."""
    feeds = world.service.application.hub._feeds
    async with world.member.socket() as socket:
        eng, ops = await socket.follow(world.eng["scope"]), await socket.follow(world.ops["scope"])
        doubted = feeds[world.scope_uuid()]
        doubted.doubted_at = math.inf
        await world.task()
        await world.task(projectId=world.ops["id"])
        await ops.until((await world.position(world.ops))["seq"])
        assert not eng.events
        doubted.doubted_at = -math.inf
        await eng.until((await world.position())["seq"])


async def test_who_becomes_a_guest_loses_the_workspace_and_keeps_the_project(world: World) -> None:
    scopes = (await world.viewer.query(SCOPES))["workspaces"][0]
    async with world.viewer.socket() as socket:
        workspace = await socket.follow(scopes["scope"])
        directory = await socket.follow(scopes["directoryScope"])
        eng = await socket.follow(world.eng["scope"])
        await world.owner.do(
            "workspaceMemberUpdate",
            workspaceId=world.workspace["id"],
            userId=world.viewer.user_id,
            role="GUEST",
        )
        for stream in (workspace, directory):
            assert (await ended_within(world, stream))["reason"] == "ACCESS_LOST"
        await world.task(by="owner")
        await eng.until((await world.position())["seq"])


async def test_a_planted_blindness_to_access_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the second look at who may read, the stream goes on, and the test above would fail."""

    async def blind(*_: object) -> None:
        return None

    monkeypatch.setattr(watch.Watch, "_recheck", blind)
    async with world.member.follow(world.eng["scope"]) as stream:
        await world.owner.do("projectMemberRemove", projectId=world.eng["id"], userId=world.member.user_id)
        with pytest.raises(TimeoutError):
            await ended_within(world, stream)


async def test_a_recheck_that_failed_is_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    recheck, failed = watch.Watch._recheck, asyncio.Event()

    async def failing(self: watch.Watch, reader: Any, feeds: Any) -> None:
        if feeds and not failed.is_set():
            failed.set()
            raise OSError("planted")
        await recheck(self, reader, feeds)

    monkeypatch.setattr(watch.Watch, "_recheck", failing)
    async with world.member.follow(world.eng["scope"]) as stream:
        await world.owner.do("projectMemberRemove", projectId=world.eng["id"], userId=world.member.user_id)
        assert (await stream.ended())["reason"] == "ACCESS_LOST"
        assert failed.is_set()


def short_lived(world: World, seconds: int) -> str:
    """A new token of `member` that lives so long."""
    tokens = world.service.application.tokens
    viewer = tokens.read(world.member.token or "")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tokens, "lifetime_seconds", seconds)
        return tokens.issue(viewer.user_id, viewer.session_id)[0]


def _claims(token: str) -> bytes:
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


async def renew(socket: Socket, token: str | None) -> JSON:
    """Tells the socket a new token."""
    document = "mutation($token: String!) { socketRenew(input: {accessToken: $token}) { errors { code } } }"
    return await socket.run(document, token=token)


async def test_an_expired_token_ends_its_streams_and_a_renewed_one_goes_on(world: World) -> None:
    async with world.member.socket() as renewed, world.member.socket() as left:
        going_on = [await renewed.follow(world.eng["scope"]) for _ in range(2)]
        ending = [await left.follow(world.eng["scope"]) for _ in range(2)]
        refused = await renew(left, world.viewer.token)
        assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        short = short_lived(world, 2)
        for socket in (renewed, left):
            assert (await renew(socket, short))["data"]["socketRenew"]["errors"] == []
        await renew(renewed, world.member.token)
        for stream in ending:
            assert (await stream.ended())["reason"] == "TOKEN_EXPIRED"
        late = time.time() - float(orjson.loads(_claims(short))["exp"])
        assert 0 <= late < await on_this_machine(world.owner, BOUND_SECONDS)
        again = await left.run("{ workspaces { id } }")
        assert again["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        await world.task(by="owner")
        for stream in going_on:
            await stream.until((await world.position())["seq"])


async def test_signing_out_ends_streams_here_and_in_other_processes(
    world: World, other_process: Callable[..., Any]
) -> None:
    async with other_process() as there:
        assert there.service.url != world.service.url
        client = await world.service.client().sign_in(world.member.email)
        elsewhere = there.service.client(client.token)
        async with (
            client.follow(world.eng["scope"]) as here,
            elsewhere.follow(world.eng["scope"]) as far,
            world.member.follow(world.eng["scope"]) as other_sign_in,
        ):
            await client.do("signOut")
            assert (await ended_within(world, here, 0.2))["reason"] == "SIGNED_OUT"
            assert (await ended_within(world, far))["reason"] == "SIGNED_OUT"
            await world.task(by="owner")
            await other_sign_in.until((await world.position())["seq"])
        assert "UNAUTHENTICATED" in (await elsewhere.ask("{ workspaces { id } }")).codes


async def test_cursors_that_cannot_be_gone_on_from(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at = await place(world, "project")
    await at.grow_by(4)
    head = Cursor.decode((await at.head())["cursor"])
    forged = Cursor(at.id, head.seq, bytes(4))
    past = Cursor(at.id, head.seq - 1, bytes(4))
    future = Cursor.at(at.id, head.seq + 1, uuid4())
    begin = Cursor.at(at.id, 0, None)
    monkeypatch.setattr(resuming, "FURTHEST_BEHIND", head.seq - 1)
    for cursor, reason in (
        (forged, "OTHER_HISTORY"), (past, "OTHER_HISTORY"), (future, "FROM_THE_FUTURE"), (begin, "TOO_FAR_BEHIND"),
    ):  # fmt: skip
        async with at.client.follow(at.scope, cursor.encode()) as stream:
            assert await resync(stream) == reason
        frame = await at.read(cursor.encode())
        assert (frame["kind"], frame["reason"], frame["events"]) == ("RESYNC", reason, [])
        # Told where to load anew, and from there it can be gone on.
        assert frame["position"]["cursor"] == stream.frames[-1]["position"]["cursor"] == head.encode()


async def test_a_planted_trust_in_cursors_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that compared seqs alone would go on from any history."""
    at = await place(world, "project")

    def trusting(after: Cursor, clock: Scope, event_id: UUID | None) -> None:
        return None

    monkeypatch.setattr(arrivals, "refusal", trusting)
    forged = Cursor(at.id, (await at.head())["seq"], bytes(4))
    async with at.client.follow(at.scope, forged.encode()) as stream:
        assert stream.frames[0]["kind"] == "HEARTBEAT"


async def test_hidden_equals_missing(world: World) -> None:
    """A scope that is not there, and every one that is not there for the one who asks, by both doors."""
    scopes = (await world.owner.query(SCOPES))["workspaces"][0]
    inbox = (await world.owner.query(SCOPES))["viewer"]["inboxScope"]
    hidden = {
        "guest": [scopes["scope"], scopes["directoryScope"], inbox, world.secret["scope"]],
        "outsider": [scopes["scope"], scopes["directoryScope"], inbox, world.eng["scope"]],
        "colleague": [world.eng["scope"], inbox],
    }
    async with world.owner.follow(world.eng["scope"]), world.owner.follow(scopes["scope"]):
        for name, ids in hidden.items():
            person = world.person(name)
            none = global_id("Scope", uuid4())
            expected = [await refusal(person.socket, none), await over_http(person, none)]
            assert expected[0]["payload"][0]["extensions"]["code"] == "NOT_FOUND"
            for scope in ids:
                assert [await refusal(person.socket, scope), await over_http(person, scope)] == expected
        # Asking for what is not there for one makes the process listen to nothing.
        assert set(world.service.application.hub._feeds) == {
            uuids(world.eng["scope"])[0],
            uuids(scopes["scope"])[0],
        }


async def refusal(socket: Callable[..., Any], scope: str) -> JSON:
    """The error that answers a subscription."""
    async with socket() as opened:
        identifier = await opened.start("subscription($s: ID!) { events(scope: $s) { kind } }", s=scope)
        message: JSON = await opened.message(identifier)
        assert message["type"] == "error"
        return message


async def over_http(person: Client, scope: str) -> JSON:
    """The answer to the query, apart from its bytes' order."""
    after = Cursor.at(uuids(scope)[0], 0, None).encode()
    answer = (await person.ask(EVENTS_AFTER, {"scope": scope, "after": after, "first": 1})).json
    assert answer["data"] is None
    return answer


async def test_a_planted_word_too_much_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A different refusal for what exists is seen by the comparison above."""
    clock_of = arrivals.Arrivals._clock_of

    def telling(self: Any, user_id: Any, scope_id: Any, readable: Any, found: Any) -> Any:
        clock = clock_of(self, user_id, scope_id, readable, found)
        return PermissionDenied("Not yours.") if isinstance(clock, NotFound) and scope_id in found else clock

    monkeypatch.setattr(arrivals.Arrivals, "_clock_of", telling)
    with pytest.raises(AssertionError):
        await test_hidden_equals_missing(world)


async def test_heartbeats_tell_the_head(world: World, other_process: Callable[..., Any]) -> None:
    async with (
        other_process(heartbeat_seconds=0.1) as there,
        there.member.follow(world.eng["scope"]) as stream,
    ):
        assert (await stream.frame())["kind"] == "HEARTBEAT"
        task = await world.task()
        await stream.until((await world.position())["seq"])
        frame = await stream.frame()
        assert (frame["kind"], frame["events"], frame["reason"]) == ("HEARTBEAT", [], None)
        assert frame["position"] == await world.position()
        assert task["id"] == stream.events[-1]["objectId"]


async def test_coming_and_going_leaves_nothing_open(world: World, log: Log) -> None:
    """Many at once, most before their stream has begun; who stays loses nothing, and then nothing is left."""
    hub_here = world.service.application.hub
    backend: Any = hub_here._broadcast._backend
    channels = backend._channels
    at = await place(world, "project")
    document = "subscription($s: ID!) { events(scope: $s) { kind } }"

    async def come_and_go() -> None:
        for _ in range(5):
            async with at.client.socket() as socket:
                for _ in range(4):
                    await socket.send(id=await socket.start(document, s=at.scope), type="complete")

    await asyncio.gather(*(come_and_go() for _ in range(4)))
    async with at.client.follow(at.scope) as stream:
        await asyncio.gather(come_and_go(), at.grow_by(5))
        await check_whole(log, stream, at.id, stream.frames[0]["position"]["seq"])
        assert channels == {f"lockstep:{at.id}"}
    async with asyncio.timeout(PATIENCE_SECONDS):
        while hub_here._feeds or hub_here._closing:
            await world.owner.query("{ workspaces { id } }")
    assert channels == set()
    assert not hub_here._broadcast._subscribers
