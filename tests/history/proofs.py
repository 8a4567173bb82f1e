"""What the proofs of mutations need: going back."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import NO_KEY, Proof, Proofs
from tests.world import World


async def a_change(world: World, by: Client) -> JSON:
    task = await world.task()
    await by.do("taskUpdate", id=task["id"], expectedVersion=1, patch={"title": "Changed"})
    return {"projectId": world.eng["id"]}


async def edited_task(world: World, by: Client) -> JSON:
    task = await world.task()
    for version, title in enumerate(("Changed", "Changed again"), 1):
        await world.member.do("taskUpdate", id=task["id"], expectedVersion=version, patch={"title": title})
    return {"id": task["id"], "toVersion": 1, "expectedVersion": 3}


PROOFS: Proofs = {
    "undo": Proof(
        a_change,
        ("eng",),
        ("TaskUpdated",),
        {"mutationId": NO_KEY},
        {"mutationId": NO_KEY},
        "NOT_FOUND",
    ),
    "taskRevert": Proof(edited_task, ("eng",), ("TaskUpdated",), {"toVersion": 2}, {"toVersion": 0}),
}
