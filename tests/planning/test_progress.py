"""How far trees of tasks and milestones are."""

from __future__ import annotations

from tests.client import JSON
from tests.invariants import refused_unchanged
from tests.ledger import Log
from tests.world import World

BELOW = """query($id: ID!, $depth: Int!) { node(id: $id) { ... on Task { progress(depth: $depth) {
  count estimate unestimated categories { category count estimate unestimated } } } } }"""
MILESTONE = """query($id: ID!) { node(id: $id) { ... on Milestone {
  releasedAt progress { count } tasks { totalCount } } } }"""


async def _below(world: World, task: JSON, depth: int) -> JSON:
    found: JSON = (await world.viewer.query(BELOW, id=task["id"], depth=depth))["node"]["progress"]
    return found


async def test_an_epic_is_as_far_as_what_is_below_it(world: World) -> None:
    """To the depth that is asked for; what is deleted does not count, nor what is below it."""
    epic = await world.task("Epic", typeId=world.type("epic"), estimate=100.0)
    story = await world.task("Story", parentId=epic["id"], estimate=3.0)
    await world.task("Done", parentId=epic["id"], estimate=0.1, statusId=world.status("Done"))
    await world.task("Part", parentId=story["id"], estimate=0.2)
    gone = await world.task("Gone", parentId=epic["id"], estimate=50.0)
    await world.task("Below", parentId=gone["id"], estimate=50.0)
    await world.member.do("taskDelete", id=gone["id"], expectedVersion=1)
    near, all_of_it = await _below(world, epic, 1), await _below(world, epic, 10)
    assert (near["count"], near["estimate"]) == (2, 3.1)
    assert (all_of_it["count"], all_of_it["estimate"], all_of_it["unestimated"]) == (3, 3.3, 0)
    assert [one["category"] for one in all_of_it["categories"]] == ["UNSTARTED", "COMPLETED"]
    assert (await _below(world, await world.task(), 1))["categories"] == []


async def test_a_milestone_is_released_once(world: World, log: Log) -> None:
    milestone = await world.milestone("1.0", dueOn="2030-01-01")
    task = await world.task(milestoneId=milestone["id"])
    given = {"id": milestone["id"], "expectedVersion": 1}
    await world.manager.do("milestoneRelease", **given, releasedAt="2030-01-02T00:00:00Z")
    await refused_unchanged(log, world.manager.refused("milestoneRelease", **given))
    found = (await world.viewer.query(MILESTONE, id=milestone["id"]))["node"]
    assert found == {
        "releasedAt": "2030-01-02T00:00:00.000000+00:00",
        "progress": {"count": 1},
        "tasks": {"totalCount": 1},
    }
    await world.manager.do("milestoneUpdate", id=milestone["id"], expectedVersion=2, released=False)
    assert (await world.viewer.query(MILESTONE, id=milestone["id"]))["node"]["releasedAt"] is None
    await world.manager.do("milestoneDelete", id=milestone["id"], expectedVersion=3)
    shown = await world.viewer.query(
        "query($id: ID!) { node(id: $id) { ... on Task { milestone { id } version } } }", id=task["id"]
    )
    assert shown["node"] == {"milestone": None, "version": 2}
