"""What a partial bulk edit says of the items that it refused."""

from typing import Any

from tests.client import new_key
from tests.world import World

RESULTS = """
results {
  ok
  task { id title }
  error {
    __typename code message path
    ... on VersionConflict { expectedVersion currentVersion clashes { field base theirs yours } current { id } }
    ... on LimitReached { limit }
    ... on CycleRefused { cycle }
  }
}
"""


async def bulk(world: World, items: list[dict[str, Any]], **more: Any) -> list[dict[str, Any]]:
    payload = await world.member.do("taskBulkUpdate", RESULTS, items=items, atomic=False, **more)
    results: list[dict[str, Any]] = payload["results"]
    return results


async def test_each_refused_item_has_an_error_of_its_own_type(world: World) -> None:
    """Conflicts with their clashes, limits with their bound, cycles with their tasks; the rest is done."""
    tasks = [await world.task(f"Task {number}") for number in range(4)]
    renamed, below, large, fine = (task["id"] for task in tasks)
    await world.member.do("taskUpdate", id=renamed, expectedVersion=1, patch={"title": "Theirs"})
    await world.member.do("taskUpdate", id=fine, expectedVersion=1, patch={"parentId": below})
    results = await bulk(
        world,
        [
            {"id": renamed, "expectedVersion": 1, "patch": {"title": "Mine"}},
            {"id": below, "expectedVersion": 1, "patch": {"parentId": fine}},
            {"id": large, "expectedVersion": 1, "patch": {"config": [{"key": "k", "value": "x" * 20_000}]}},
            {"id": fine, "expectedVersion": 2, "patch": {"title": "Done"}},
        ],
    )
    conflict, cycle, limit = (result["error"] for result in results[:3])
    assert conflict["__typename"] == "VersionConflict"
    assert (conflict["expectedVersion"], conflict["currentVersion"]) == (1, 2)
    assert conflict["clashes"] == [{"field": "title", "base": "Task 0", "theirs": "Theirs", "yours": "Mine"}]
    assert conflict["current"] == {"id": renamed}
    assert (cycle["__typename"], set(cycle["cycle"])) == ("CycleRefused", {below, fine})
    assert (limit["__typename"], limit["limit"]) == ("LimitReached", 16_384)
    assert results[3] == {"ok": True, "task": {"id": fine, "title": "Done"}, "error": None}


async def test_a_retry_tells_the_same_types_without_contents(world: World) -> None:
    """The kept outcome holds versions, limits and ids; clashes are contents and are not in it."""
    task, other = await world.task("First"), await world.task("Second")
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=1, patch={"title": "Theirs"})
    items = [
        {"id": task["id"], "expectedVersion": 1, "patch": {"title": "Mine"}},
        {"id": other["id"], "expectedVersion": 1, "patch": {"priority": 9}},
    ]
    key = new_key()
    first = await bulk(world, items, clientMutationId=key)
    again = await bulk(world, items, clientMutationId=key)
    assert [result["error"]["__typename"] for result in again] == ["VersionConflict", "ValidationFailed"]
    assert first[0]["error"].pop("clashes")
    assert again[0]["error"].pop("clashes") == []
    assert again == first
