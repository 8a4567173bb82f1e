"""What the proofs of mutations need: links."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import Proof, Proofs
from tests.world import World


async def link_add(world: World, by: Client) -> JSON:
    source, target = await world.task("Source"), await world.task("Target")
    return {"sourceId": source["id"], "kind": "blocks", "targetId": target["id"]}


async def link(world: World, by: Client) -> JSON:
    link = (await world.member.do("linkAdd", **await link_add(world, by)))["link"]
    return {"id": link["id"]}


PROOFS: Proofs = {
    "linkAdd": Proof(link_add, ("eng",), ("LinkAdded",), {"kind": "relates"}, {"kind": "Not a kind"}),
    "linkRemove": Proof(link, ("eng",), ("LinkRemoved",), {"id": "missing"}, {"id": "missing"}, "NOT_FOUND"),
}
