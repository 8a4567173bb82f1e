"""Making tasks."""

import time

from tests.world import World


async def test_a_task_comes_with_its_defaults(world: World) -> None:
    task = await world.task("First")
    assert (task["key"], task["title"], task["version"], task["priority"]) == ("ENG-1", "First", 1, 0)
    assert task["creator"] == {"id": world.member.user_id}


async def test_followers_hear_of_it(world: World) -> None:
    async with world.viewer.follow(world.eng["scope"]) as stream:
        payload = await world.member.do("taskCreate", projectId=world.eng["id"], title="Heard")
        events = await stream.until(payload["positions"][0]["seq"])
    assert [event["kind"] for event in events] == ["TaskCreated"]
