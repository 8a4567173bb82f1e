"""What the proofs of mutations need: sprints."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import MANAGING, Proof, Proofs
from tests.world import World


async def sprint_create(world: World, by: Client) -> JSON:
    other = await world.sprint("Later")
    return {
        "projectId": world.eng["id"], "name": "Next", "goal": "Ship 🙂", "startsOn": "2030-01-01",
        "endsOn": "2030-01-14", "capacity": 20.5, "beforeId": other["id"],
    }  # fmt: skip


async def sprint_update(world: World, by: Client) -> JSON:
    sprint, other = await world.sprint(goal="Ship it"), await world.sprint("Later")
    return {
        "id": sprint["id"], "expectedVersion": 1, "name": "Renamed", "goal": "Ship that", "endsOn": "2030-01-14",
        "capacity": 3.0, "afterId": other["id"],
    }  # fmt: skip


async def a_sprint(world: World, by: Client) -> JSON:
    return {"id": (await world.sprint())["id"], "expectedVersion": 1}


async def sprint_complete(world: World, by: Client) -> JSON:
    sprint, following = await world.sprint(), await world.sprint("Next")
    await world.owner.do("sprintStart", id=sprint["id"], expectedVersion=1)
    await world.task("Done", sprintId=sprint["id"], statusId=world.status("Done"))
    await world.task("Not yet", sprintId=sprint["id"])
    return {"id": sprint["id"], "expectedVersion": 2, "moveUnfinishedTo": following["id"]}


async def sprint_delete(world: World, by: Client) -> JSON:
    given = await a_sprint(world, by)
    await world.task(sprintId=given["id"])
    return given


PROOFS: Proofs = {
    "sprintCreate": Proof(
        sprint_create,
        ("eng",),
        ("SprintCreated",),
        {"name": "Else"},
        {"endsOn": "2029-01-01"},
        **MANAGING,
    ),
    "sprintUpdate": Proof(
        sprint_update, ("eng",), ("SprintUpdated",), {"name": "Else"}, {"capacity": -1.0}, **MANAGING
    ),
    "sprintStart": Proof(
        a_sprint,
        ("eng",),
        ("SprintStarted",),
        {"parallel": True},
        {"id": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
    "sprintComplete": Proof(
        sprint_complete,
        ("eng",),
        ("SprintCompleted", "TaskUpdated"),
        {"moveUnfinishedTo": None},
        {"expectedVersion": 99},
        "VERSION_CONFLICT",
        **MANAGING,
    ),
    "sprintDelete": Proof(
        sprint_delete,
        ("eng",),
        ("TaskUpdated", "SprintDeleted"),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
}
