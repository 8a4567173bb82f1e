"""What the proofs of mutations need: domains whose people join by signing in."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import ADMINS, IN_WORKSPACE, Proof, Proofs, in_workspace
from tests.world import World


async def joining_domain_add(world: World, by: Client) -> JSON:
    await world.confirmed(by)
    return {**await in_workspace(world, by), "domain": "Lockstep.example", "role": "GUEST"}


async def joining_domain(world: World, by: Client) -> JSON:
    made = await world.owner.do("joiningDomainAdd", **await joining_domain_add(world, world.owner))
    return {"id": made["joiningDomain"]["id"]}


PROOFS: Proofs = {
    "joiningDomainAdd": Proof(
        joining_domain_add,
        ("workspace",),
        ("JoiningDomainAdded",),
        {"role": "MEMBER"},
        {"domain": "gmail.com"},
        **IN_WORKSPACE,
    ),
    "joiningDomainRemove": Proof(
        joining_domain,
        ("workspace",),
        ("JoiningDomainRemoved",),
        {"id": "missing"},
        {"id": "missing"},
        "NOT_FOUND",
        may=ADMINS,
        sees=("manager", "member", "viewer", "colleague"),
    ),
}
