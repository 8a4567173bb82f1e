"""What was: a project as of any position is the fold of its events up to there, whatever was kept meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings

from app.config import Settings
from app.history.checkpoints import write_checkpoints
from tests.client import JSON
from tests.conftest import Template
from tests.databases import Databases
from tests.folding import Copy
from tests.history.past import beginning, compare, then
from tests.invariants import events_over_http
from tests.service import Doors, Service, serve
from tests.test_sequences import OPERATIONS, Board
from tests.world import World


async def folded(world: World, project: JSON) -> tuple[Copy, list[JSON]]:
    """A copy that knows nothing yet, and all events of a project."""
    cursor = beginning(project)
    return Copy(project["scope"], cursor, 0), await events_over_http(world.owner, project["scope"], cursor)


async def every_moment(world: World, project: JSON, step: int = 1) -> None:
    """Compares at every so many positions, and at the last one."""
    copy, events = await folded(world, project)
    for event in events:
        copy.apply(event)
        if event["seq"] % step == 0 or event is events[-1]:
            compare(copy, await then(world.owner, project["id"], {"seq": event["seq"]}))


EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "1"))


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(operations=OPERATIONS)
async def test_any_history_as_of_every_position(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings], quiet: None,
    operations: list[Any],
) -> None:  # fmt: skip
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        world = World(service, template.kept)
        board = Board(world)
        for place, operation in enumerate(operations):
            await board.run(operation)
            if place == len(operations) // 2:
                await write_checkpoints(service.application.store, every=4)
        await every_moment(world, world.eng)
        await every_moment(world, world.ops, step=5)


async def test_checkpoints_change_nothing_that_is_told(world: World, service: Service) -> None:
    """The same answers with none, with some, and with one at every event."""
    await world.hidden(world.eng, "owner")
    asked = [{"seq": seq} for seq in (1, 7, 12, (await world.position())["seq"])]
    store = service.application.store
    told = [await then(world.owner, world.eng["id"], at) for at in asked]
    assert await write_checkpoints(store, every=5) > 0
    assert [await then(world.owner, world.eng["id"], at) for at in asked] == told
    assert await write_checkpoints(store, every=1) > 0
    assert await write_checkpoints(store, every=1) == 0, "written once"
    assert [await then(world.owner, world.eng["id"], at) for at in asked] == told
