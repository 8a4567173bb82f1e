"""How people are shown: a directory follows its members' profiles, whoever comes and goes meanwhile."""

from __future__ import annotations

import asyncio

from tests.folding import Scope
from tests.invariants import verify_events
from tests.ledger import Log
from tests.world import World


async def test_a_rename_and_coming_or_going_at_once(world: World, log: Log) -> None:
    """A directory must never hold an old name, nor hear of someone who is not in it."""
    workspace = {"workspaceId": world.workspace["id"]}
    version = 1
    for number in range(6):
        coming = number % 2 == 0
        change = (
            world.owner.do("workspaceMemberAdd", **workspace, email=world.outsider.email)
            if coming
            else world.owner.do("workspaceMemberRemove", **workspace, userId=world.outsider.user_id)
        )
        async with verify_events(world.owner, Scope("directory", world.workspace["id"])) as verified:
            rename = world.outsider.do("profileUpdate", expectedVersion=version, name=f"Name {number}")
            await asyncio.gather(*((rename, change) if number % 3 else (change, rename)))
        version += 1
        assert ("PersonAdded" if coming else "PersonRemoved") in verified.kinds
    await log.check_order()
