"""What the proofs of mutations need: teams, and their roles in projects."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import (
    ADMINS,
    BLANK,
    COLLEAGUES,
    IN_WORKSPACE,
    MANAGERS,
    MANAGING,
    Named,
    Proof,
    Proofs,
    in_workspace,
)
from tests.world import World


async def team_create(world: World, by: Client) -> JSON:
    return {**await in_workspace(world, by), "name": "Riders", "color": "#112233"}


async def team_update(world: World, by: Client) -> JSON:
    team = await world.team()
    return {"id": team["id"], "expectedVersion": 1, "name": "Renamed", "color": "#445566"}


async def team_delete(world: World, by: Client) -> JSON:
    team = await world.team("viewer", roles={"ops": "MEMBER"})
    return {"id": team["id"], "expectedVersion": 1}


async def team_member_add(world: World, by: Client) -> JSON:
    team = await world.team(roles={"ops": "VIEWER"})
    return {"teamId": team["id"], "userId": world.viewer.user_id}


async def team_member_remove(world: World, by: Client) -> JSON:
    team = await world.team("viewer", roles={"ops": "VIEWER"})
    return {"teamId": team["id"], "userId": world.viewer.user_id}


async def project_team_add(world: World, by: Client) -> JSON:
    team = await world.team("colleague", "viewer")
    return {"projectId": world.eng["id"], "teamId": team["id"], "role": "MEMBER"}


async def project_team(world: World, by: Client) -> JSON:
    team = await world.team("colleague", roles={"eng": "VIEWER"})
    return {"projectId": world.eng["id"], "teamId": team["id"]}


async def project_team_update(world: World, by: Client) -> JSON:
    return {**await project_team(world, by), "role": "MEMBER"}


_KNOWING = tuple(one for one in COLLEAGUES if one != "guest")
_ON_TEAM: Named = {"may": ADMINS, "sees": _KNOWING}

PROOFS: Proofs = {
    "teamCreate": Proof(
        team_create,
        ("directory", "workspace"),
        ("TeamCreated", "TeamRosterCreated"),
        {"name": "Else"},
        **BLANK,
        **IN_WORKSPACE,
    ),
    "teamUpdate": Proof(team_update, ("directory",), ("TeamUpdated",), {"name": "Else"}, **BLANK, **_ON_TEAM),
    "teamDelete": Proof(
        team_delete,
        ("directory", "workspace", "ops", "inbox:viewer"),
        ("TeamRemoved", "TeamRosterRemoved", "ProjectTeamRemoved", "ScopeRemoved", "InboxItemAdded"),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **_ON_TEAM,
    ),
    "teamMemberAdd": Proof(
        team_member_add,
        ("workspace", "inbox:viewer"),
        ("TeamRosterUpdated", "ScopeAdded", "InboxItemAdded"),
        {"userId": "missing"},
        {"userId": "missing"},
        "NOT_FOUND",
        **_ON_TEAM,
    ),
    "teamMemberRemove": Proof(
        team_member_remove,
        ("workspace", "inbox:viewer"),
        ("TeamRosterUpdated", "ScopeRemoved", "InboxItemAdded"),
        {"userId": "missing"},
        {"userId": "missing"},
        "NOT_FOUND",
        may=(*ADMINS, "viewer"),
        sees=_KNOWING,
    ),
    "projectTeamAdd": Proof(
        project_team_add,
        ("eng", "inbox:colleague"),
        ("ProjectTeamAdded", "ScopeAdded", "InboxItemAdded"),
        {"role": "VIEWER"},
        {"teamId": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
    "projectTeamUpdate": Proof(
        project_team_update,
        ("eng",),
        ("ProjectTeamUpdated",),
        {"role": "VIEWER"},
        {"teamId": "missing"},
        "NOT_FOUND",
        may=MANAGERS,
        sees=COLLEAGUES,
    ),
    "projectTeamRemove": Proof(
        project_team,
        ("eng", "inbox:colleague"),
        ("ProjectTeamRemoved", "ScopeRemoved", "InboxItemAdded"),
        {"teamId": "missing"},
        {"teamId": "missing"},
        "NOT_FOUND",
        may=MANAGERS,
        sees=COLLEAGUES,
    ),
}
