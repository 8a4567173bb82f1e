"""Batches over real doors: one that cannot be done takes nobody down, and what was told was committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.endings import Ending
from app.errors import ClientError, Refusal
from app.events import appending
from app.lanes import batches, lanes
from app.lanes.commands import Seen
from app.lanes.places import Places
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.laned import EditTask
from app.work import Actor, RaceLost, run_unit
from tests.client import JSON, PATIENCE_SECONDS, mutation_document, new_key
from tests.faults.test_killed import running
from tests.folding import Scope
from tests.invariants import verify_events
from tests.ledger import Log
from tests.service import Service
from tests.world import World, uuids

CROWD = 12


async def crowd(world: World) -> list[JSON]:
    """Tasks, each with an edit of its own under a key."""
    tasks = await asyncio.gather(*(world.task(f"Task {number}") for number in range(CROWD)))
    return [
        {"id": task["id"], "expectedVersion": 1, "patch": {"title": "Edited"}, "clientMutationId": new_key()}
        for task in tasks
    ]


def sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many commands went together, batch by batch."""
    found: list[int] = []
    commit = batches.commit_batch

    async def counting(store: Any, items: Any, *more: Any) -> Any:
        found.append(len(items))
        return await commit(store, items, *more)

    monkeypatch.setattr(lanes, "commit_batch", counting)
    return found


async def test_edits_at_once_are_few_batches(world: World, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    inputs, found = await crowd(world), sizes(monkeypatch)
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        done = await asyncio.gather(*(world.member.do("taskUpdate", **one) for one in inputs))
    assert {payload["task"]["version"] for payload in done} == {2}
    assert sum(found) == CROWD
    assert len(found) < CROWD, found
    # Each was told the position of its own event.
    for one, payload in zip(inputs, done, strict=True):
        (event,) = await log.events(client_mutation_id=UUID(one["clientMutationId"]))
        assert (event["seq"], event["object_id"]) == (payload["positions"][0]["seq"], uuids(one["id"])[-1])
    again = await asyncio.gather(*(world.member.do("taskUpdate", **one) for one in inputs))
    assert [one["positions"] for one in again] == [one["positions"] for one in done]
    await log.check_order()


async def test_the_next_is_decided_while_one_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many lanes are due, nobody waits for the disk to decide."""
    commit, first, second = batches.commit_batch, asyncio.Event(), asyncio.Event()
    monkeypatch.setattr(lanes, "FEW", 1)
    monkeypatch.setattr(lanes, "ENOUGH", 1)

    async def written_at_last(store: Any, items: Any, ending: Callable[[], None]) -> Any:
        if first.is_set():
            second.set()
            return await commit(store, items, ending)
        first.set()
        ending()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await second.wait()
        return await commit(store, items)

    monkeypatch.setattr(lanes, "commit_batch", written_at_last)
    tasks = await world.task(), await world.task(projectId=world.ops["id"])
    edits = [{"id": task["id"], "expectedVersion": 1, "patch": {"title": "Edited"}} for task in tasks]
    one = asyncio.create_task(world.owner.do("taskUpdate", **edits[0]))
    await first.wait()
    await world.owner.do("taskUpdate", **edits[1])
    await one


async def test_edits_of_one_task_have_one_winner(world: World) -> None:
    task = await world.task()
    edits = [
        world.person(by).answer("taskUpdate", id=task["id"], expectedVersion=1, patch={"title": f"{by} {n}"})
        for n in range(3)
        for by in ("member", "manager", "owner")
    ]
    payloads = await asyncio.gather(*edits)
    assert sum(not payload["errors"] for payload in payloads) == 1
    codes = {payload["errors"][0]["code"] for payload in payloads if payload["errors"]}
    assert codes == {"VERSION_CONFLICT"}


@pytest.mark.parametrize("met", [False, True])
@pytest.mark.parametrize(("patch", "version"), [({"title": "Mine"}, 2), ({"priority": 1}, 3)])
async def test_what_changed_after_it_was_read_is_not_overwritten(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch, patch: JSON, version: int, met: bool
) -> None:
    """Another process commits between a batch's facts and its writes: it is decided anew, and merges or is refused.

    ``met``: where such edits were made before, they are written and committed in one round trip.
    """
    task, other = await world.task(), await world.task()
    for number in range(4 * met):
        again = {key: f"{key} {number}" if key == "title" else number + 1 for key in patch}
        await world.member.do("taskUpdate", id=other["id"], expectedVersion=number + 1, patch=again)
    task_id = uuids(task["id"])[-1]
    of, send = appending.Appending.of, Ending.send
    late: list[Any] = []
    together: list[str] = []

    async def later(reader: Any, parts: Any, staged: Any) -> Any:
        if not late:
            late.append(parts)
            edit = EditTask(TaskEdit(task_id, 1, TaskPatch({"title": "Theirs"})))
            await run_unit(service.application.store, Actor(world.uuid("owner")), edit)
        return await of(reader, parts, staged)

    async def counting(ending: Ending, arguments: Any) -> str:
        together.append("sent")
        return await send(ending, arguments)

    monkeypatch.setattr(appending.Appending, "of", later)
    monkeypatch.setattr(Ending, "send", counting)
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        payload = await world.member.answer("taskUpdate", id=task["id"], expectedVersion=1, patch=patch)
    assert late
    assert bool(together) == met
    found = await world.owner.query(
        "query($id: ID!) { node(id: $id) { ... on Task { title version } } }", id=task["id"]
    )
    assert found["node"] == {"title": "Theirs", "version": version}
    assert bool(payload["errors"]) == (version == 2)


async def test_one_that_breaks_takes_nobody_down(
    world: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever fails a batch fails it again and again until the one is alone."""
    inputs = await crowd(world)
    bad = uuids(inputs[3]["id"])[-1]
    commit = batches.commit_batch

    async def breaking(store: Any, items: Any, *more: Any) -> Any:
        if any(item.command.task_id == bad for item in items):
            raise RaceLost
        return await commit(store, items, *more)

    monkeypatch.setattr(lanes, "commit_batch", breaking)
    await asyncio.gather(*(world.member.do("taskUpdate", **one) for one in inputs))
    for one in inputs:
        assert len(await log.events(client_mutation_id=UUID(one["clientMutationId"]))) == 1


@pytest.mark.parametrize(
    "faulty",
    [
        TaskPatch({"title": "Wanted"}, config={"__proto__": 1}),
        TaskPatch({"title": "Wanted", "status_id": UUID(int=1)}),
        TaskPatch({"title": "Wanted"}, add={"assignee_ids": frozenset([UUID(int=1)])}),
    ],
)
async def test_a_refused_edit_leaves_nothing_to_the_next(
    world: World, service: Service, faulty: TaskPatch
) -> None:
    """Else the next of its batch would find there what it wants, be told that it is done, and write nothing."""
    task = await world.task()
    task_id, actor, store = uuids(task["id"])[-1], Actor(world.uuid("owner")), service.application.store
    place = await Places(store.database).find(world.uuid("owner"), task_id)
    assert place is not None
    patches = [faulty, TaskPatch({"title": "Wanted"})]
    commands = [EditTask(TaskEdit(task_id, 1, patch)) for patch in patches]
    room = commands[0].room
    assert room is not None
    items = [
        batches.Item(
            actor, command, None, room, Seen(world.uuid("owner"), place.project_id, place.workspace_id, command.asked),
            asyncio.get_running_loop().create_future(),
        )
        for command in commands
    ]  # fmt: skip
    events = await batches.commit_batch(store, items)
    assert isinstance(items[0].failure, Refusal)
    assert items[1].failure is None
    assert [event.object_version for event in events] == [2]
    found = await world.owner.query(
        "query($id: ID!) { node(id: $id) { ... on Task { title version } } }", id=task["id"]
    )
    assert found["node"] == {"title": "Wanted", "version": 2}


async def test_a_task_is_found_where_it_went(world: World) -> None:
    """Where it was is remembered: it went to another project meanwhile, and then its editor may not see that."""
    task = await world.task()
    await world.owner.do("taskUpdate", id=task["id"], expectedVersion=1, patch={"title": "Here"})
    await world.owner.do("taskTransfer", id=task["id"], projectId=world.ops["id"], expectedVersion=2)
    done = await world.owner.do("taskUpdate", id=task["id"], expectedVersion=3, patch={"title": "There"})
    assert done["task"]["version"] == 4


async def test_nobody_knows_of_a_commit(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What became of it is not known, so it is not tried again, and every caller hears so."""
    inputs = await crowd(world)
    tries = []

    async def lost(store: Any, items: Any, *more: Any) -> Any:
        tries.append(items)
        raise ClientError("OUTCOME_UNKNOWN", "The database went away.")

    monkeypatch.setattr(lanes, "commit_batch", lost)
    document = mutation_document("taskUpdate")
    answers = await asyncio.gather(*(world.member.ask(document, {"input": one}) for one in inputs))
    assert all(answer.codes == ["OUTCOME_UNKNOWN"] for answer in answers)
    assert sum(map(len, tries)) == CROWD


@pytest.mark.parametrize("barrier", ["before-commit", "after-commit"])
async def test_a_killed_process_loses_nothing_it_told(
    world: World, service: Service, log: Log, barrier: str
) -> None:
    inputs = await crowd(world)
    async with running(service.settings, world, f"{barrier}:2") as (process, client):
        # The first one alone passes the barrier once; the next batch, whichever edits are in it, is its last.
        answers: list[Any] = [await client.do("taskUpdate", **inputs[0])]
        sent = [client.do("taskUpdate", **one) for one in inputs[1:]]
        answers += await asyncio.gather(*sent, return_exceptions=True)
        assert await asyncio.to_thread(process.ended_by)
    assert any(isinstance(answer, httpx.HTTPError) for answer in answers)
    for one, answer in zip(inputs, answers, strict=True):
        events = await log.events(client_mutation_id=UUID(one["clientMutationId"]))
        assert len(events) <= 1
        if not isinstance(answer, BaseException):
            assert events, "it was told and is not there"
    for one in inputs:
        await world.member.do("taskUpdate", **one)
        assert len(await log.events(client_mutation_id=UUID(one["clientMutationId"]))) == 1
    await log.check_order()
