"""Parents that are completed with the last of their sub-tasks."""

from __future__ import annotations

from typing import Any

from tests.client import JSON
from tests.folding import Scope
from tests.invariants import verify_events
from tests.workflows.test_transitions import way
from tests.world import World


async def chain(world: World, *titles: str, **last: Any) -> list[JSON]:
    """Tasks, each part of the one before."""
    found: list[JSON] = []
    for title in titles:
        above = {"parentId": found[-1]["id"]} if found else {}
        found.append(await world.task(title, **above, **(last if title == titles[-1] else {})))
    return found


CLOSED = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Task { completedAt } } }"


async def closed(world: World, tasks: list[JSON]) -> list[bool]:
    nodes = (await world.member.query(CLOSED, ids=[one["id"] for one in tasks]))["nodes"]
    return [one["completedAt"] is not None for one in nodes]


async def test_the_last_sub_task_closes_its_parents(world: World) -> None:
    """As far up as all is done: each by an event of its own, in one frame, caused by the one below."""
    await way(world, "Finish", None, "Done", actions=[{"closeParent": True}])
    await way(world, "Start", None, "In progress")
    tasks = await chain(world, "Top", "Above", "Parent", "Child")
    other, second = [
        await world.task(title, parentId=parent["id"])
        for title, parent in (("Open", tasks[0]), ("Second", tasks[2]))
    ]
    done = world.status("Done")
    await world.member.do("taskMove", id=tasks[3]["id"], statusId=done, expectedVersion=1)
    assert await closed(world, tasks) == [False, False, False, True]
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        await world.member.do("taskMove", id=second["id"], statusId=done, expectedVersion=1)
    events = verified.events[0]
    assert [one["objectId"] for one in events] == [second["id"], tasks[2]["id"], tasks[1]["id"]]
    assert [one["causedBy"] for one in events] == [None, events[0]["id"], events[1]["id"]]
    assert await closed(world, tasks) == [False, True, True, True], "its other sub-task is open"
    await world.member.do("taskMove", id=other["id"], statusId=done, expectedVersion=1)
    assert await closed(world, tasks) == [True] * 4


async def test_many_at_once_close_what_is_above_them(world: World) -> None:
    """Children of two parents in one batch; a level whose own way closes nothing is the last."""
    await way(world, "Finish", None, "Done", actions=[{"closeParent": True}])
    await way(world, "Ship", None, "Done", typeId=world.type("epic"))
    top = await world.task("Top")
    epic = await world.task("Epic", typeId=world.type("epic"), parentId=top["id"])
    stories = [await world.task("Story", parentId=epic["id"]) for _ in range(2)]
    items = [
        {"id": (await world.task("Child", parentId=story["id"]))["id"], "expectedVersion": 1}
        for story in stories
    ]
    await world.member.do("taskBulkUpdate", items=items, patch={"statusId": world.status("Done")})
    assert await closed(world, [*stories, epic, top]) == [True, True, True, False]


async def test_a_task_that_comes_closed_closes_its_new_parent_if_all_is_done(world: World) -> None:
    await way(world, "Finish", None, "Done", actions=[{"closeParent": True}])
    parent = await world.task("Parent")
    await world.task("Open", parentId=parent["id"])
    task, last = await world.task("Comes"), await world.task("Alone")
    patch = {"statusId": world.status("Done"), "parentId": parent["id"]}
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=1, patch=patch)
    assert await closed(world, [parent, task]) == [False, True], "one of its sub-tasks is open"
    patch["parentId"] = last["id"]
    second = await world.task("Comes too")
    await world.member.do("taskUpdate", id=second["id"], expectedVersion=1, patch=patch)
    assert await closed(world, [last]) == [True]
