"""PostgreSQL cut off or frozen: streams pause and go on, requests get typed answers, and no edit is done twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from app.events.watch import Watch
from tests.client import JSON, PATIENCE_SECONDS, Answer, Client, new_key
from tests.faults.conftest import OtherProcess
from tests.faults.proxy import Proxy
from tests.faults.test_redis_away import metric
from tests.ledger import Log
from tests.live.places import SHORT, check_whole, place
from tests.service import Service
from tests.world import World, uuids


@pytest.fixture
async def cut_off(proxy: Proxy, other_process: OtherProcess) -> AsyncIterator[World]:
    """A service that reaches PostgreSQL by way of the proxy."""
    async with other_process(proxy, pool_size=4) as there:
        yield there


async def readiness(service: Service, status: int) -> None:
    """Once `/health/ready` answers so."""
    async with httpx.AsyncClient(base_url=service.url) as http, asyncio.timeout(PATIENCE_SECONDS):
        while (await http.get("/health/ready")).status_code != status:
            pass
        assert (await http.get("/health/live")).status_code == 200


@pytest.mark.parametrize("how", ["cut", "freeze"])
async def test_streams_pause_and_go_on(
    world: World, log: Log, proxy: Proxy, cut_off: World, how: str
) -> None:
    """While it cannot be known who may still read what, nothing is sent; then all of it is, or the end."""
    at = await place(world, "project")
    async with (
        cut_off.viewer.follow(at.scope) as staying,
        cut_off.manager.follow(at.scope) as leaving,
        cut_off.member.follow(at.scope) as resumed,
    ):
        await (proxy.cut() if how == "cut" else asyncio.to_thread(proxy.freeze))
        await readiness(cut_off.service, 503)
        # Redis still tells of these, but the hub cannot know for whom.
        for _ in range(3):
            await at.grow()
        await world.owner.do("projectMemberRemove", projectId=world.eng["id"], userId=world.manager.user_id)
        seen = staying.seq
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await staying.until(seen + 1)
        async with asyncio.timeout(PATIENCE_SECONDS):  # the other service of this process says 0
            while await metric(cut_off.service, "lockstep_hub_paused") != 1:
                pass
        proxy.mend()
        await readiness(cut_off.service, 200)
        await check_whole(log, staying, at.id, staying.frames[0]["position"]["seq"])
        await check_whole(log, resumed, at.id, resumed.frames[0]["position"]["seq"])
        last = await leaving.ended()
        assert (last["reason"], leaving.events) == ("ACCESS_LOST", [])
        assert await metric(cut_off.service, "lockstep_hub_paused") == 0


async def test_a_planted_stream_that_does_not_pause_is_caught(
    world: World, proxy: Proxy, cut_off: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with cut_off.viewer.follow(world.eng["scope"]) as stream:
        await proxy.cut()
        await readiness(cut_off.service, 503)
        monkeypatch.setattr(Watch, "_compared_ago", lambda watch: 0.0)
        await world.task()
        # The test above demands that nothing comes here.
        message = await stream.socket.message(stream.identifier)
        assert message["payload"]["data"]["events"]["kind"] == "EVENTS"


async def test_answers_are_typed_and_all_is_well_afterwards(
    world: World, log: Log, proxy: Proxy, cut_off: World
) -> None:
    """Queries, mutations and new streams, while it is away and while it goes away."""
    member = cut_off.member
    project = {"projectId": world.eng["id"], "title": "While it is away"}
    before = await log.count()
    await proxy.cut()
    answer = await member.ask(CREATE, {"input": project})
    assert answer.codes == ["UNAVAILABLE"]
    assert (await member.ask("{ workspaces { id } }")).codes == ["UNAVAILABLE"]
    async with member.socket() as socket:
        identifier = await socket.start(
            "subscription($s: ID!) { events(scope: $s) { kind } }", s=world.eng["scope"]
        )
        message = await socket.message(identifier)
        assert message["payload"][0]["extensions"]["code"] == "UNAVAILABLE"
        proxy.mend()
        await readiness(cut_off.service, 200)
        # What is nested under an event may be unreadable for a moment: null, with a typed error for that field.
        stream = await socket.follow(world.eng["scope"], selection=SHORT)
        assert await log.count() == before
        # All connections are reset under many edits at once.
        edits = [asyncio.create_task(member.ask(CREATE, {"input": project})) for _ in range(20)]
        await stream.frame()
        await proxy.cut()
        answers = await asyncio.gather(*edits)
        proxy.mend()
        await readiness(cut_off.service, 200)
        check_answers(answers, await log.count() - before)
        await check_whole(log, stream, uuids(world.eng["id"])[0], stream.frames[0]["position"]["seq"])
    await log.check_order()


def check_answers(answers: list[Answer], written: int) -> None:
    """Each is done or typed; what was done was written, and nothing else but what is not known."""
    for answer in answers:
        assert answer.status in (200, 503)
        assert set(answer.codes) <= {"UNAVAILABLE", "OUTCOME_UNKNOWN"}
    # What was committed and could not be read back is told as done, with an error for the field.
    done = sum((answer.json.get("data") or {}).get("taskCreate") is not None for answer in answers)
    unknown = sum(answer.codes == ["OUTCOME_UNKNOWN"] for answer in answers)
    assert done <= written <= done + unknown


async def test_sessions_that_the_server_ends(world: World, log: Log) -> None:
    """As PostgreSQL does when it restarts or fails over: every session is told to go, under many edits."""
    async with world.member.socket() as socket:
        stream = await socket.follow(world.eng["scope"], selection=SHORT)
        before = await log.count()
        answers: list[Answer] = []
        for _ in range(3):
            project = {"projectId": world.eng["id"], "title": "While sessions end"}
            edits = [asyncio.create_task(world.member.ask(CREATE, {"input": project})) for _ in range(20)]
            await stream.frame()
            await log.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            answers += await asyncio.gather(*edits)
        check_answers(answers, await log.count() - before)
        assert any(answer.codes for answer in answers)
        await check_whole(log, stream, uuids(world.eng["id"])[0], stream.frames[0]["position"]["seq"])
    await log.check_order()


CREATE = "mutation($input: TaskCreateInput!) { taskCreate(input: $input) { errors { code } task { id } } }"


@pytest.mark.parametrize("arrived", [False, True])
async def test_an_unknown_outcome_is_told_by_the_same_key(
    world: World, log: Log, proxy: Proxy, cut_off: World, arrived: bool
) -> None:
    """Cut off at COMMIT, before it arrives or before its answer does: the retry, elsewhere, has one effect."""
    keyed = {"projectId": world.eng["id"], "title": "Once", "clientMutationId": new_key()}
    async with world.viewer.follow(world.eng["scope"]) as stream:
        before = await log.count()
        happened = proxy.cut_once(b"COMMIT", arrived=arrived)
        answer = await cut_off.member.ask(CREATE, {"input": keyed})
        assert happened.is_set()
        assert answer.codes == ["OUTCOME_UNKNOWN"]
        assert await log.count() == before + int(arrived)
        told = await _created(world.member, keyed)
        proxy.before = proxy.after = None
        proxy.answers_lost = False
        proxy.mend()
        await readiness(cut_off.service, 200)
        assert await _created(cut_off.member, keyed) == told
        assert await log.count() == before + 1
        await check_whole(log, stream, uuids(world.eng["id"])[0], stream.frames[0]["position"]["seq"])


@pytest.mark.parametrize("arrived", [False, True])
async def test_the_same_of_what_is_written_and_committed_at_once(
    world: World, log: Log, proxy: Proxy, cut_off: World, arrived: bool
) -> None:
    """An edit like others before goes together with its COMMIT."""
    task = await world.task()

    def edit(number: int, title: str) -> JSON:
        keyed = {"id": task["id"], "expectedVersion": number, "clientMutationId": new_key()}
        return {"input": keyed | {"patch": {"title": title}}}

    for number in range(1, 5):
        assert not (await cut_off.member.ask(UPDATE, edit(number, f"Title {number}"))).codes
    async with world.viewer.follow(world.eng["scope"]) as stream:
        before = await log.count()
        happened = proxy.cut_once(b"Unlike all before", arrived=arrived)
        keyed = edit(5, "Unlike all before")
        answer = await cut_off.member.ask(UPDATE, keyed)
        assert happened.is_set()
        assert answer.codes == ["OUTCOME_UNKNOWN"]
        # Whether what arrived was done nobody knows: the session may have been ended before.
        assert await log.count() - before in ((0, 1) if arrived else (0,))
        told = await world.member.query(UPDATE, **keyed)
        assert told["taskUpdate"] == {"errors": [], "task": {"title": "Unlike all before", "version": 6}}
        assert await log.count() == before + 1
        await check_whole(log, stream, uuids(world.eng["id"])[0], stream.frames[0]["position"]["seq"])


UPDATE = """mutation($input: TaskUpdateInput!) {
  taskUpdate(input: $input) { errors { code } task { title version } } }"""


async def _created(client: Client, keyed: dict[str, str]) -> str:
    answer = (await client.query(CREATE, input=keyed))["taskCreate"]
    assert answer["errors"] == []
    identifier: str = answer["task"]["id"]
    return identifier
