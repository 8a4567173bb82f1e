"""Undoing: what was is there again, or a conflict says who built on it and nothing is changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from app.boards import rebalancing
from tests.boards.test_order import grow, order
from tests.client import JSON, Client, new_key
from tests.folding import Scope
from tests.invariants import refused_unchanged, verify_events
from tests.ledger import Log
from tests.selections import flat
from tests.service import Service
from tests.world import World, uuids

TASK = f"query($id: ID!) {{ node(id: $id) {{ ... on Task {{ {flat('Task')} sections {{ name text }} }} }} }}"
LEFT_OUT = ("version", "updatedAt")


async def shown(world: World, task: JSON) -> JSON:
    """A task as it is, but for what every change raises."""
    found: JSON = (await world.owner.query(TASK, id=task["id"]))["node"]
    return {name: value for name, value in found.items() if name not in LEFT_OUT}


async def undo(world: World, by: Client, **which: Any) -> JSON:
    return await by.do("undo", projectId=world.eng["id"], **which)


async def edit(by: Client, task: JSON, version: int, **patch: Any) -> JSON:
    return await by.do("taskUpdate", id=task["id"], expectedVersion=version, patch=patch)


async def test_an_edit_of_every_field_is_undone_and_redone(world: World) -> None:
    label, other = await world.label("Urgent"), await world.label("Other")
    parent = await world.task("Parent")
    task = await world.task(
        description="One.\n\nTwo.", labelIds=[label["id"]], config=[{"key": "a", "value": 1}]
    )
    before = await shown(world, task)
    await edit(
        world.member, task, 1, title="Else", description="One.\n\nThree.", statusId=world.status("Done"), priority=2,
        addLabelIds=[other["id"]], removeLabelIds=[label["id"]], addAssigneeIds=[world.viewer.user_id],
        parentId=parent["id"], estimate=2.5, dueDate="2030-01-31", config=[{"key": "a"}, {"key": "b", "value": [1]}],
        sections=[{"name": "notes", "text": "New"}],
    )  # fmt: skip
    after = await shown(world, task)
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        undone = await undo(world, world.member)
    assert verified.kinds == ["TaskUpdated"]
    assert [one["outcome"] for one in undone["results"]] == ["APPLIED"]
    assert await shown(world, task) == before
    await undo(world, world.member, batchId=undone["batchId"])
    assert await shown(world, task) == after
    await undo(world, world.member)
    assert await shown(world, task) == before


async def test_ones_last_changes_one_after_the_other(world: World) -> None:
    task = await world.task()
    states = [await shown(world, task)]
    for version, title in enumerate(("One", "Two", "Three"), 1):
        await edit(world.member, task, version, title=title)
        states.append(await shown(world, task))
    for state in reversed(states[:-1]):
        await undo(world, world.member)
        assert await shown(world, task) == state
    await undo(world, world.member)
    assert (await shown(world, task))["deletedAt"], "what was made is deleted"
    error = await world.viewer.refused("undo", projectId=world.eng["id"])
    assert error["code"] == "PERMISSION_DENIED"
    assert (await world.guest.refused("undo", projectId=world.eng["id"]))["code"] == "NOT_FOUND"


async def test_what_others_changed_stays_or_is_a_conflict(world: World, log: Log) -> None:
    task = await world.task(description="One two three.\n\nFour five six.")
    key = new_key()
    await world.member.do(
        "taskUpdate", id=task["id"], expectedVersion=1, clientMutationId=key,
        patch={"title": "Mine", "description": "ONE two three.\n\nFour five six."},
    )  # fmt: skip
    await edit(world.owner, task, 2, priority=4, description="ONE two three.\n\nFour five SIX.")
    undone = await undo(world, world.member, mutationId=key)
    assert [one["outcome"] for one in undone["results"]] == ["MERGED"]
    now = await shown(world, task)
    assert (now["title"], now["priority"]) == ("A task", 4)
    assert now["description"] == "One two three.\n\nFour five SIX."
    await edit(world.member, task, 4, title="Mine again")
    await edit(world.owner, task, 5, title="Theirs")
    error = await refused_unchanged(log, world.member.refused("undo", projectId=world.eng["id"]))
    assert error["code"] == "VERSION_CONFLICT"
    [clash] = error["clashes"]
    assert (clash["field"], clash["theirs"], clash["yours"]) == ("title", "Theirs", "A task")
    assert clash["changedById"] == world.owner.user_id


async def test_deletions_moves_and_closings(world: World) -> None:
    first, task = await world.task("First"), await world.task("Second")
    before = await shown(world, task)
    await world.member.do("taskMove", id=task["id"], beforeId=first["id"])
    await world.member.do(
        "taskMove", id=task["id"], statusId=world.status("Done"), expectedVersion=1, afterId=first["id"]
    )
    closed = await shown(world, task)
    await edit(world.member, task, 2, statusId=world.status("Backlog"))
    await undo(world, world.member)
    assert await shown(world, task) == closed, "with the time of its closing"
    await world.member.do("taskDelete", id=task["id"], onConflict="OVERWRITE")
    await undo(world, world.member)
    assert await shown(world, task) == closed
    await undo(world, world.member)
    await undo(world, world.member)
    assert await shown(world, task) == before
    third = await world.task("Third", by="owner")
    await world.member.do("taskMove", id=task["id"], beforeId=first["id"])
    await world.owner.do("taskMove", id=task["id"], afterId=third["id"])
    error = await world.member.refused("undo", projectId=world.eng["id"])
    assert (error["code"], [clash["field"] for clash in error["clashes"]]) == ("VERSION_CONFLICT", ["rank"])


async def test_a_bulk_edit_is_undone_item_by_item(world: World, log: Log) -> None:
    tasks = [await world.task(f"Task {number}") for number in range(3)]
    done = await world.member.do(
        "taskBulkUpdate", where={"projectId": world.eng["id"], "filter": {"title": {"contains": "Task "}}},
        patch={"priority": 3},
    )  # fmt: skip
    await edit(world.owner, tasks[1], 2, priority=1)
    undone = await undo(world, world.member, batchId=done["batchId"])
    assert [one["outcome"] for one in undone["results"]] == ["APPLIED", "CONFLICT", "APPLIED"]
    assert undone["results"][1]["error"]["code"] == "VERSION_CONFLICT"
    assert [(await shown(world, task))["priority"] for task in tasks] == [0, 1, 0]
    events = await log.events(batch_id=UUID(undone["batchId"]))
    assert len(events) == 2
    assert all(event["caused_by"] for event in events), "each says which it takes back"


async def test_what_was_made_is_not_deleted_under_others(world: World) -> None:
    task = await world.task()
    await edit(world.owner, task, 1, priority=4)
    error = await world.member.refused("undo", projectId=world.eng["id"])
    assert (error["code"], error["clashes"][0]["field"]) == ("VERSION_CONFLICT", "priority")
    assert error["clashes"][0]["changedById"] == world.owner.user_id


@pytest.mark.parametrize("built", ["comments", "children", "links"])
@pytest.mark.parametrize("restored", [False, True])
async def test_what_others_attached_holds_a_task(world: World, log: Log, built: str, restored: bool) -> None:
    """One's own goes with it; a task that others commented on, divided or linked stays."""
    task, other = await world.task(), await world.task()
    if restored:
        await world.comment(task, "Long ago.", by="owner")
        await world.member.do("taskDelete", id=task["id"], expectedVersion=1)
    key = new_key()
    if restored:
        await world.member.do("taskRestore", id=task["id"], expectedVersion=2, clientMutationId=key)
    else:
        task = await world.task(clientMutationId=key)
    made = {
        "comments": ("commentAdd", {"taskId": task["id"], "body": "Mine too."}),
        "children": ("taskCreate", {"projectId": world.eng["id"], "title": "Part", "parentId": task["id"]}),
        "links": ("linkAdd", {"sourceId": other["id"], "kind": "blocks", "targetId": task["id"]}),
    }  # fmt: skip
    name, given = made[built]
    await world.owner.do(name, **given)
    error = await refused_unchanged(
        log, world.member.refused("undo", projectId=world.eng["id"], mutationId=key)
    )
    clash = error["clashes"][0]
    assert (error["code"], clash["field"], clash["changedById"]) == (
        "VERSION_CONFLICT", built, world.owner.user_id,
    )  # fmt: skip


async def test_ones_own_goes_with_what_one_made(world: World) -> None:
    key = new_key()
    task = await world.task(clientMutationId=key)
    await world.comment(task, "A note to myself.", by="member")
    await undo(world, world.member, mutationId=key)
    assert (await shown(world, task))["deletedAt"] is not None


async def test_a_task_is_taken_back_to_a_version(world: World) -> None:
    task = await world.task(description="First")
    first = await shown(world, task)
    await edit(world.member, task, 1, title="Two", description="Second")
    await edit(world.owner, task, 2, statusId=world.status("Done"))
    await world.member.do("taskRevert", id=task["id"], toVersion=1, expectedVersion=3)
    assert await shown(world, task) == first
    await world.member.do("taskRevert", id=task["id"], toVersion=2, expectedVersion=4)
    assert (await shown(world, task))["title"] == "Two"
    await edit(world.owner, task, 5, title="Theirs")
    error = await world.member.refused("taskRevert", id=task["id"], toVersion=1, expectedVersion=5)
    assert (error["code"], error["clashes"][0]["field"]) == ("VERSION_CONFLICT", "title")
    for wrong in ({"toVersion": 5, "expectedVersion": 5}, {"toVersion": 0, "expectedVersion": 5}):
        assert (await world.member.refused("taskRevert", id=task["id"], **wrong))[
            "code"
        ] == "VALIDATION_FAILED"
    assert uuids(task["id"])


async def test_a_task_is_taken_back_over_what_others_did_since(world: World) -> None:
    """Theirs stays. Where somebody has taken it back before, nothing is left to do: it is as it was, and no version."""
    task = await world.task("One")
    await edit(world.member, task, 1, title="Two")
    await edit(world.member, task, 2, priority=2)
    await edit(world.owner, task, 3, estimate=3.0)
    await edit(world.owner, task, 4, title="Theirs")
    for _ in range(2):
        back = await world.member.do(
            "taskRevert",
            "task { version title priority estimate }",
            id=task["id"],
            toVersion=2,
            expectedVersion=3,
        )
        assert back["task"] == {"version": 6, "title": "Theirs", "priority": 0, "estimate": 3.0}


@pytest.mark.parametrize("grown", ["before", "after"])
async def test_ranks_that_the_service_spaced_anew_are_nobodys_building(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch, grown: str
) -> None:
    """A move is taken back to where it was among its neighbours; whoever moved it since is still a conflict."""
    monkeypatch.setattr(rebalancing, "PIECE", 3)
    tasks = [await world.task(f"Task {number}") for number in range(6)]
    ids = [uuids(one["id"])[0] for one in tasks]
    if grown == "before":
        await grow(service, world.scope_uuid(), ids)
    await world.member.do("taskMove", id=tasks[1]["id"], afterId=tasks[4]["id"])
    await world.member.do(
        "taskMove",
        id=tasks[2]["id"],
        statusId=world.status("Done"),
        expectedVersion=1,
        beforeId=tasks[0]["id"],
    )
    moved = await order(world)
    if grown == "after":
        await grow(service, world.scope_uuid(), [uuids(one)[0] for one in moved])
    await rebalancing.rebalance_ranks(service.application.store)
    assert await order(world) == moved
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        await undo(world, world.member)
        await undo(world, world.member)
    assert verified.kinds == ["TaskMoved", "TaskMoved"]
    assert await order(world) == [one["id"] for one in tasks]
    await world.member.do("taskMove", id=tasks[1]["id"], afterId=tasks[4]["id"])
    await grow(service, world.scope_uuid(), [uuids(one)[0] for one in await order(world)])
    await rebalancing.rebalance_ranks(service.application.store)
    await world.owner.do("taskMove", id=tasks[1]["id"], afterId=tasks[5]["id"])
    error = await world.member.refused("undo", projectId=world.eng["id"])
    assert (error["code"], [clash["field"] for clash in error["clashes"]]) == ("VERSION_CONFLICT", ["rank"])
