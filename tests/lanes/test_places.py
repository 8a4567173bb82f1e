"""Where tasks are is remembered, and told to nobody who does not see them."""

from __future__ import annotations

import asyncio

from app.lanes.places import BUSY, Places
from tests.world import World, uuids


async def test_of_a_busy_project_the_rest_is_looked_up(world: World) -> None:
    tasks = [uuids(task["id"])[0] for task in await asyncio.gather(*(world.task() for _ in range(BUSY + 2)))]
    asked, beside = tasks[:BUSY], tasks[BUSY:]
    database = world.service.application.database
    places = Places(database)
    owner, stranger = (uuids(one.user_id)[0] for one in (world.owner, world.colleague))
    found = await asyncio.gather(*(places.find(owner, task_id) for task_id in asked))
    assert {place.project_id for place in found if place} == {uuids(world.eng["id"])[0]}
    await places.close()
    with world.service.statements() as counted:
        assert [await places.find(owner, task_id) for task_id in beside] == found[:2]
        assert not counted.texts
        # What is known of them is nothing to somebody else.
        assert [await places.find(stranger, task_id) for task_id in beside] == [None, None]
    places.forget((owner, beside[0]))
    with world.service.statements() as counted:
        assert await places.find(owner, beside[0]) == found[0]
        assert len(counted) == 1
