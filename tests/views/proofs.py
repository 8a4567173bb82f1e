"""What the proofs of mutations need: views."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import MANAGERS, Proof, Proofs
from tests.world import World


async def view_create(world: World, by: Client) -> JSON:
    return {
        "projectId": world.eng["id"], "name": "Mine 🙂", "shared": True, "groupBy": "STATUS",
        "columns": ["title", "due"],
        "query": 'assignee:me status:"In progress" due:<7d sort:-updated',
    }  # fmt: skip


async def view_update(world: World, by: Client) -> JSON:
    view = await world.view(groupBy="LABEL")
    return {
        "id": view["id"], "expectedVersion": 1, "name": "Renamed", "query": "is:closed or priority:high",
        "groupBy": None, "columns": ["title"],
    }  # fmt: skip


async def a_view(world: World, by: Client) -> JSON:
    return {"id": (await world.view())["id"], "expectedVersion": 1}


PROOFS: Proofs = {
    "viewCreate": Proof(
        view_create, ("eng",), ("ViewCreated",), {"name": "Else"}, {"query": "nowhere:x"}, "QUERY_INVALID"
    ),
    "viewUpdate": Proof(
        view_update,
        ("eng",),
        ("ViewUpdated",),
        {"name": "Else"},
        {"query": "label:"},
        "QUERY_INVALID",
        may=(*MANAGERS, "member"),
    ),
    "viewDelete": Proof(
        a_view,
        ("eng",),
        ("ViewRemoved",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        may=(*MANAGERS, "member"),
    ),
}
