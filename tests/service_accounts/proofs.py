"""What the proofs of mutations need: service accounts."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import ADMINS, BLANK, IN_WORKSPACE, Proof, Proofs, in_workspace
from tests.world import World


async def service_account(world: World, by: Client) -> JSON:
    made = await world.owner.do("serviceAccountCreate", workspaceId=world.workspace["id"], name="Robot")
    user_id = made["serviceAccount"]["user"]["id"]
    await world.owner.do("projectMemberAdd", projectId=world.eng["id"], userId=user_id, role="MEMBER")
    return {"userId": user_id}


async def service_account_update(world: World, by: Client) -> JSON:
    return {**await service_account(world, by), "expectedVersion": 1, "name": "Renamed"}


async def service_account_create(world: World, by: Client) -> JSON:
    return {**await in_workspace(world, by), "name": "Robot", "role": "MEMBER"}


PROOFS: Proofs = {
    "serviceAccountCreate": Proof(
        service_account_create,
        ("workspace", "directory"),
        ("WorkspaceMemberAdded", "PersonAdded"),
        {"name": "Else"},
        {"role": "OWNER"},
        **IN_WORKSPACE,
    ),
    "serviceAccountUpdate": Proof(
        service_account_update,
        ("directory",),
        ("PersonUpdated",),
        {"name": "Else"},
        **BLANK,
        may=ADMINS,
        sees=(),
    ),
    "serviceAccountDelete": Proof(
        service_account,
        ("workspace", "directory", "eng"),
        ("WorkspaceMemberRemoved", "PersonRemoved", "ProjectMemberRemoved"),
        {"userId": "missing"},
        {"userId": "missing"},
        "NOT_FOUND",
        may=ADMINS,
        sees=(),
    ),
}
