"""Races over what a transition asks of other rows: its guards hold."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from app.guards import Guard
from app.ids import new_id
from app.workflows import facts
from app.workflows.reads import count_tasks_in
from tests.invariants import one_winner
from tests.ledger import Log
from tests.workflows.test_transitions import move, way
from tests.world import World, uuids

ROUNDS = 3


async def test_two_do_not_take_the_last_place(world: World, log: Log) -> None:
    await way(world, "Start", None, "In progress", conditions=[{"wipLimit": 1}])
    await way(world, "Put off", None, "Backlog")
    started = world.status("In progress")
    for _ in range(ROUNDS):
        one, other = await world.task(), await world.task()
        winner, (error,) = await one_winner(
            move(world.member, one, started), move(world.manager, other, started)
        )
        assert error["reasons"][0]["kind"] == "WIP_LIMIT"
        await world.member.do(
            "taskMove", id=winner["task"]["id"], statusId=world.status("Backlog"), expectedVersion=2
        )
    await log.check_order()


@pytest.mark.parametrize("guarded", [True, False])
async def test_what_keeps_the_second_out_is_the_guard(
    world: World, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """Each waits, after counting, for the other to count too; without the guard both find the last place free."""
    await way(world, "Start", None, "In progress", conditions=[{"wipLimit": 1}])
    counted, both = [], asyncio.Event()

    async def meet(reader: Any, statuses: Any) -> Any:
        found = await count_tasks_in(reader, statuses)
        counted.append(found)
        if len(counted) == 2:
            both.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(1 if guarded else 60):
                await both.wait()
        return found

    monkeypatch.setattr(facts, "count_tasks_in", meet)
    if not guarded:
        monkeypatch.setattr(facts, "entering_guard", lambda status_id: Guard.of("nothing", new_id()))
    started = world.status("In progress")
    items = [[{"id": (await world.task())["id"], "expectedVersion": 1}] for _ in range(2)]
    # Bulk moves are units of their own; moves one by one take turns in their project's lane.
    payloads = await asyncio.gather(
        *(world.member.answer("taskBulkMove", items=one, statusId=started) for one in items)
    )
    assert len([one for one in payloads if one["errors"]]) == (1 if guarded else 0)


@pytest.mark.parametrize("relation", ["blocker", "child", "new child", "new blocker"])
async def test_nothing_opens_while_a_task_is_closed(world: World, log: Log, relation: str) -> None:
    """Whichever comes first: what is open was not so when the task was closed."""
    conditions = [{"blockersDone": True}, {"childrenDone": True}]
    await way(world, "Finish", None, "Done", conditions=conditions)
    await way(world, "Reopen", None, "To do")
    done, open_ = world.status("Done"), world.status("To do")
    for _ in range(ROUNDS):
        task = await world.task()
        fresh = relation.startswith("new")
        parent = {"parentId": task["id"]} if relation == "child" else {}
        other = await world.task("Other", statusId=open_ if fresh else done, **parent)
        if relation == "blocker":
            await world.member.do("linkAdd", sourceId=other["id"], kind="blocks", targetId=task["id"])
        opening = {
            "new child": ("taskUpdate", {"id": other["id"], "expectedVersion": 1, "patch": {"parentId": task["id"]}}),
            "new blocker": ("linkAdd", {"sourceId": other["id"], "kind": "blocks", "targetId": task["id"]}),
        }.get(relation, ("taskMove", {"id": other["id"], "expectedVersion": 1, "statusId": open_}))  # fmt: skip
        closed, opened = await asyncio.gather(
            move(world.member, task, done), world.manager.answer(opening[0], **opening[1])
        )
        assert opened["errors"] == []
        events = await log.events(scope_id=world.scope_uuid())
        seqs = {event["object_id"].hex: event["seq"] for event in events}
        if not closed["errors"]:
            last = [event["object_type"] for event in events][-1]
            assert last == ("link" if relation == "new blocker" else "task")
            assert max(seqs.values()) != seqs[_hex(task["id"])], "it was closed after its blocker was open"
        else:
            assert closed["errors"][0]["code"] == "TRANSITION_REFUSED"
    await log.check_order()


def _hex(identifier: str) -> str:
    return uuids(identifier)[0].hex


async def test_two_last_sub_tasks_close_their_parent_together(world: World) -> None:
    """Each alone would find the other one open."""
    await way(world, "Finish", None, "Done", actions=[{"closeParent": True}])
    document = "query($id: ID!) { node(id: $id) { ... on Task { completedAt } } }"
    for turn in range(ROUNDS):
        parent = await world.task("Parent")
        places = [parent, parent]
        if turn % 2:  # each closes a parent of its own, and both the one above
            places = [await world.task("Between", parentId=parent["id"]) for _ in range(2)]
        children = [await world.task("Child", parentId=place["id"]) for place in places]
        pairs = zip((world.member, world.manager), children, strict=True)
        payloads = await asyncio.gather(
            *(move(by, child, world.status("Done")) for by, child in pairs)
        )  # fmt: skip
        assert all(one["errors"] == [] for one in payloads)
        assert (await world.member.query(document, id=parent["id"]))["node"]["completedAt"] is not None
