"""What the proofs of mutations need: boards."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import BLANK, MANAGING, Proof, Proofs
from tests.world import World


async def board(world: World, name: str = "Board", **input: object) -> JSON:
    made: JSON = await world.owner.do("boardCreate", projectId=world.eng["id"], name=name, **input)
    found: JSON = made["board"]
    return found


async def board_create(world: World, by: Client) -> JSON:
    columns = [
        {"name": "Doing", "statusIds": [world.status("To do"), world.status("In progress")], "limit": 3,
         "limitMode": "WARN"},
        {"name": "Done", "statusIds": [world.status("Done")]},
    ]  # fmt: skip
    return {
        "projectId": world.eng["id"], "name": "Mine", "swimlanes": "EPIC", "columns": columns,
        "viewId": (await world.view())["id"],
    }  # fmt: skip


async def board_update(world: World, by: Client) -> JSON:
    first, last = await board(world), await board(world, "Last")
    columns = [{"name": "Doing", "statusIds": [world.status("To do")], "limit": 5}]
    return {
        "id": first["id"], "expectedVersion": 1, "name": "Renamed", "swimlanes": "ASSIGNEE", "columns": columns,
        "afterId": last["id"],
    }  # fmt: skip


async def board_delete(world: World, by: Client) -> JSON:
    return {"id": (await board(world))["id"], "expectedVersion": 1}


PROOFS: Proofs = {
    "boardCreate": Proof(board_create, ("eng",), ("BoardCreated",), {"name": "Else"}, **BLANK, **MANAGING),
    "boardUpdate": Proof(board_update, ("eng",), ("BoardUpdated",), {"name": "Else"}, **BLANK, **MANAGING),
    "boardDelete": Proof(
        board_delete,
        ("eng",),
        ("BoardDeleted",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
}
