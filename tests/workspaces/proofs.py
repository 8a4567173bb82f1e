"""What the proofs of mutations need: a workspace and its members."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import ADMINS, BLANK, COLLEAGUES, IN_WORKSPACE, Proof, Proofs, fixed, in_workspace
from tests.world import World


async def workspace_update(world: World, by: Client) -> JSON:
    return {"id": world.workspace["id"], "expectedVersion": world.workspace["version"], "name": "Renamed"}


async def newcomer(world: World, by: Client) -> JSON:
    return {**await in_workspace(world, by), "email": world.outsider.email, "role": "MEMBER"}


async def workspace_member(world: World, by: Client) -> JSON:
    return {**await in_workspace(world, by), "userId": world.viewer.user_id}


async def workspace_role(world: World, by: Client) -> JSON:
    return {**await workspace_member(world, by), "role": "GUEST"}


PROOFS: Proofs = {
    "workspaceCreate": Proof(
        fixed(name="Mine"), (), (), {"name": "Else"}, **BLANK, may=(*COLLEAGUES, "outsider")
    ),
    "workspaceUpdate": Proof(
        workspace_update,
        ("workspace",),
        ("WorkspaceUpdated",),
        {"name": "Else"},
        **BLANK,
        **IN_WORKSPACE,
    ),
    "workspaceMemberAdd": Proof(
        newcomer,
        ("workspace", "directory", "inbox:outsider"),
        ("WorkspaceMemberAdded", "PersonAdded", "ScopeAdded", "ScopeAdded", "InboxItemAdded"),
        {"role": "GUEST"},
        {"email": "no"},
        **IN_WORKSPACE,
    ),
    "workspaceMemberUpdate": Proof(
        workspace_role,
        ("workspace", "inbox:viewer"),
        ("WorkspaceMemberUpdated", "ScopeRemoved", "ScopeRemoved"),
        {"role": "MEMBER"},
        {"userId": "missing"},
        "NOT_FOUND",
        **IN_WORKSPACE,
    ),
    "workspaceMemberRemove": Proof(
        workspace_member,
        ("workspace", "directory", "eng", "inbox:viewer"),
        (
            "WorkspaceMemberRemoved",
            "PersonRemoved",
            "ProjectMemberRemoved",
            "InboxItemAdded",
            "ScopeRemoved",
            "ScopeRemoved",
            "ScopeRemoved",
        ),
        {"userId": "missing"},
        {"userId": "missing"},
        "NOT_FOUND",
        may=(*ADMINS, "viewer"),
        sees=COLLEAGUES,
    ),
}
