"""What the proofs of mutations need: what one has read."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import Proof, Proofs
from tests.world import World


async def inbox_items(world: World, by: Client) -> JSON:
    await world.task(assigneeIds=[world.member.user_id], by="manager")
    found = await world.member.query("{ inbox { items(first: 1) { nodes { id } } } }")
    return {"ids": [found["inbox"]["items"]["nodes"][0]["id"]]}


PROOFS: Proofs = {
    "inboxMark": Proof(
        inbox_items,
        ("inbox:member",),
        ("InboxItemRead",),
        {"read": False},
        {"ids": "missing"},
        "NOT_FOUND",
        may=("member",),
        sees=(),
    ),
}
