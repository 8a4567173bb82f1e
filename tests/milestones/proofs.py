"""What the proofs of mutations need: milestones."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import BLANK, MANAGING, Proof, Proofs
from tests.world import World


async def milestone_create(world: World, by: Client) -> JSON:
    other = await world.milestone("2.0")
    return {
        "projectId": world.eng["id"], "name": "1.0", "description": "The first 🙂", "startsOn": "2030-01-01",
        "dueOn": "2030-02-01", "beforeId": other["id"],
    }  # fmt: skip


async def milestone_update(world: World, by: Client) -> JSON:
    milestone = await world.milestone(description="One two")
    return {
        "id": milestone["id"], "expectedVersion": 1, "name": "Renamed", "description": "One 2", "dueOn": "2030-02-01",
        "afterId": (await world.milestone("2.0"))["id"],
    }  # fmt: skip


async def milestone_release(world: World, by: Client) -> JSON:
    return {"id": (await world.milestone())["id"], "expectedVersion": 1, "releasedAt": "2030-01-01T00:00:00Z"}


async def milestone_delete(world: World, by: Client) -> JSON:
    milestone = await world.milestone()
    await world.task(milestoneId=milestone["id"])
    return {"id": milestone["id"], "expectedVersion": 1}


PROOFS: Proofs = {
    "milestoneCreate": Proof(
        milestone_create,
        ("eng",),
        ("MilestoneCreated",),
        {"name": "Else"},
        {"dueOn": "2029-01-01"},
        **MANAGING,
    ),
    "milestoneUpdate": Proof(
        milestone_update, ("eng",), ("MilestoneUpdated",), {"name": "Else"}, **BLANK, **MANAGING
    ),
    "milestoneRelease": Proof(
        milestone_release,
        ("eng",),
        ("MilestoneReleased",),
        {"releasedAt": "2030-01-02T00:00:00Z"},
        {"id": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
    "milestoneDelete": Proof(
        milestone_delete,
        ("eng",),
        ("TaskUpdated", "MilestoneDeleted"),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
}
