"""What blocks a task and what it blocks, further along."""

from __future__ import annotations

import itertools

from tests.client import JSON
from tests.world import World

WAYS = """query($id: ID!, $depth: Int!) { node(id: $id) { ... on Task { blockedBy { id } blocking { id }
  dependencies(direction: BLOCKING, depth: $depth) { complete tasks { depth task { id title } }
    links { id source { id } target { id } } }
  back: dependencies(direction: BLOCKED_BY) { tasks { task { id } } links { id } } } } }"""


async def _ways(world: World, task: JSON, by: str = "member", depth: int = 10) -> JSON:
    found: JSON = (await world.person(by).query(WAYS, id=task["id"], depth=depth))["node"]
    return found


async def _chain(world: World, *tasks: JSON) -> None:
    for one, other in itertools.pairwise(tasks):
        await world.owner.do("linkAdd", sourceId=one["id"], kind="blocks", targetId=other["id"])


async def test_it_goes_on_to_the_depth_that_is_asked_for(world: World) -> None:
    """A diamond is told once, each task at its shortest distance, with all links; other kinds of links are none."""
    first, left, right, last = [await world.task(title) for title in ("First", "Left", "Right", "Last")]
    gone, behind, other = [await world.task(title) for title in ("Gone", "Behind", "Other")]
    await _chain(world, first, left, last)
    await _chain(world, first, right, last)
    await _chain(world, first, last)
    await _chain(world, first, gone, behind)
    await world.member.do("linkAdd", sourceId=first["id"], kind="relates", targetId=other["id"])
    await world.member.do("taskDelete", id=gone["id"], expectedVersion=1)
    found = await _ways(world, first)
    assert {(one["task"]["title"], one["depth"]) for one in found["dependencies"]["tasks"]} == {
        ("Left", 1), ("Right", 1), ("Last", 1),
    }  # fmt: skip
    assert found["dependencies"]["complete"]
    assert len(found["dependencies"]["links"]) == 5
    assert {one["id"] for one in found["blocking"]} == {left["id"], right["id"], last["id"]}
    near = (await _ways(world, left, depth=1))["dependencies"]
    assert [one["task"]["id"] for one in near["tasks"]] == [last["id"]]
    back = await _ways(world, last)
    assert {one["task"]["id"] for one in back["back"]["tasks"]} == {first["id"], left["id"], right["id"]}
    assert {one["id"] for one in back["blockedBy"]} == {first["id"], left["id"], right["id"]}


async def test_nothing_is_told_of_what_is_hidden_nor_of_what_is_behind_it(world: World) -> None:
    here, end = await world.task("Here"), await world.task("End")
    hidden = await world.task("Hidden", "owner", projectId=world.secret["id"])
    await _chain(world, here, hidden, end)
    seen = (await _ways(world, here, "owner"))["dependencies"]
    assert [one["task"]["title"] for one in seen["tasks"]] == ["Hidden", "End"]
    found = await _ways(world, here)
    assert found["dependencies"] == {"complete": True, "tasks": [], "links": []}
    assert found["blocking"] == []
    assert (await _ways(world, end))["blockedBy"] == []
