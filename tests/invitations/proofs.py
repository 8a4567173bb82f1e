"""What the proofs of mutations need: invitations."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import ADMINS, IN_WORKSPACE, Proof, Proofs, in_workspace
from tests.world import World


async def invitation_create(world: World, by: Client) -> JSON:
    projects = [{"projectId": world.eng["id"], "role": "VIEWER"}]
    return {**await in_workspace(world, by), "email": "invited@lockstep.example", "projects": projects}


async def invitation(world: World, by: Client) -> JSON:
    made = await world.owner.do("invitationCreate", **await invitation_create(world, by))
    return {"id": made["invitation"]["id"]}


PROOFS: Proofs = {
    "invitationCreate": Proof(
        invitation_create,
        ("workspace",),
        ("InvitationCreated",),
        {"role": "GUEST"},
        {"email": "no"},
        **IN_WORKSPACE,
    ),
    "invitationResend": Proof(
        invitation,
        ("workspace",),
        ("InvitationRenewed",),
        {"id": "missing"},
        {"id": "missing"},
        "NOT_FOUND",
        may=ADMINS,
        sees=(),
    ),
    "invitationRevoke": Proof(
        invitation,
        ("workspace",),
        ("InvitationRemoved",),
        {"id": "missing"},
        {"id": "missing"},
        "NOT_FOUND",
        may=ADMINS,
        sees=(),
    ),
}
