"""Every way in which somebody gains or loses sight of something, and what of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.client import JSON
from tests.world import World

Step = Callable[[World, JSON], Awaitable[Any]]
WORKSPACE = ("workspace", "directory")


@dataclass(frozen=True)
class Way:
    """`who` loses (or gains) `lost` and nothing else by `step`, which `prepare` makes possible."""

    who: str
    lost: tuple[str, ...]
    prepare: Step
    step: Step


async def _nothing(world: World, made: JSON) -> None:
    return None


def _in_team(*projects: str, who: str = "colleague", also: Step = _nothing) -> Step:
    async def prepare(world: World, made: JSON) -> None:
        made["team"] = (await world.team(who, roles=dict.fromkeys(projects, "MEMBER")))["id"]
        await also(world, made)

    return prepare


def _visible(visibility: str) -> Step:
    async def change(world: World, made: JSON) -> None:
        found = await world.owner.query(
            "query($id: ID!) { node(id: $id) { ... on Project { version } } }", id=world.ops["id"]
        )
        version = found["node"]["version"]
        await world.owner.do(
            "projectUpdate", id=world.ops["id"], expectedVersion=version, visibility=visibility
        )

    return change


def _project_member(mutation: str, project: str, who: str, by: str = "owner", **more: str) -> Step:
    async def change(world: World, made: JSON) -> None:
        place, person = getattr(world, project)["id"], world.person(who).user_id
        await world.person(by).do(mutation, "", projectId=place, userId=person, **more)

    return change


def _workspace_member(mutation: str, who: str, by: str = "owner", **more: str) -> Step:
    async def change(world: World, made: JSON) -> None:
        given = {"workspaceId": world.workspace["id"], **more}
        if mutation == "workspaceMemberAdd":
            given["email"] = world.person(who).email
        else:
            given["userId"] = world.person(who).user_id
        await world.person(by).do(mutation, "", **given)

    return change


def _team_member(mutation: str, who: str, by: str = "owner") -> Step:
    async def change(world: World, made: JSON) -> None:
        await world.person(by).do(mutation, "", teamId=made["team"], userId=world.person(who).user_id)

    return change


def _project_team(mutation: str, project: str, **more: str) -> Step:
    async def change(world: World, made: JSON) -> None:
        await world.owner.do(
            mutation, "", projectId=getattr(world, project)["id"], teamId=made["team"], **more
        )

    return change


async def _delete_team(world: World, made: JSON) -> None:
    await world.owner.do("teamDelete", "", id=made["team"], expectedVersion=1)


async def _create(world: World, made: JSON, visibility: str = "PRIVATE") -> None:
    payload = await world.owner.do(
        "projectCreate", workspaceId=world.workspace["id"], key="NEW", name="New", visibility=visibility
    )
    made["new"] = payload["project"]["scope"]


async def _create_visible(world: World, made: JSON) -> None:
    await _create(world, made, "WORKSPACE")


LOSING: dict[str, Way] = {
    "taken out of the project": Way(
        "viewer", ("eng",), _nothing, _project_member("projectMemberRemove", "eng", "viewer")
    ),
    "left the project": Way(
        "viewer", ("eng",), _nothing, _project_member("projectMemberRemove", "eng", "viewer", "viewer")
    ),
    "taken out of the team": Way(
        "colleague", ("eng", "ops"), _in_team("eng", "ops"), _team_member("teamMemberRemove", "colleague")
    ),
    "left the team": Way(
        "guest",
        ("ops",),
        _in_team("ops", "eng", who="guest"),
        _team_member("teamMemberRemove", "guest", "guest"),
    ),
    "the team was deleted": Way("colleague", ("eng", "ops"), _in_team("eng", "ops"), _delete_team),
    "the team's role was taken": Way(
        "colleague", ("ops",), _in_team("eng", "ops"), _project_team("projectTeamRemove", "ops")
    ),
    "the project was made private": Way("colleague", ("ops",), _visible("WORKSPACE"), _visible("PRIVATE")),
    "taken out of the workspace": Way(
        "viewer",
        ("eng", "ops", *WORKSPACE),
        _in_team("ops", who="viewer"),
        _workspace_member("workspaceMemberRemove", "viewer"),
    ),
    "left the workspace": Way(
        "viewer",
        ("eng", "ops", *WORKSPACE),
        _visible("WORKSPACE"),
        _workspace_member("workspaceMemberRemove", "viewer", "viewer"),
    ),
    "made a guest": Way(
        "viewer",
        ("ops", *WORKSPACE),
        _visible("WORKSPACE"),
        _workspace_member("workspaceMemberUpdate", "viewer", role="GUEST"),
    ),
    "an admin no more": Way(
        "admin",
        ("eng", "secret"),
        _project_member("projectMemberAdd", "ops", "admin", role="VIEWER"),
        _workspace_member("workspaceMemberUpdate", "admin", role="MEMBER"),
    ),
}

GAINING: dict[str, Way] = {
    "added to the project": Way(
        "colleague", ("eng",), _nothing, _project_member("projectMemberAdd", "eng", "colleague")
    ),
    "put into a team": Way(
        "colleague",
        ("eng", "ops"),
        _in_team("eng", "ops", who="viewer"),
        _team_member("teamMemberAdd", "colleague"),
    ),
    "a guest put into a team": Way(
        "guest", ("ops",), _in_team("eng", "ops", who="viewer"), _team_member("teamMemberAdd", "guest")
    ),
    "the team got a role": Way(
        "colleague", ("ops",), _in_team("eng"), _project_team("projectTeamAdd", "ops", role="VIEWER")
    ),
    "the project was shown to the workspace": Way("viewer", ("ops",), _nothing, _visible("WORKSPACE")),
    "added to the workspace": Way(
        "outsider",
        ("ops", *WORKSPACE),
        _visible("WORKSPACE"),
        _workspace_member("workspaceMemberAdd", "outsider", role="MEMBER"),
    ),
    "a guest no more": Way(
        "guest",
        ("ops", *WORKSPACE),
        _visible("WORKSPACE"),
        _workspace_member("workspaceMemberUpdate", "guest", role="MEMBER"),
    ),
    "made an admin": Way(
        "viewer",
        ("ops", "secret"),
        _nothing,
        _workspace_member("workspaceMemberUpdate", "viewer", role="ADMIN"),
    ),
    "somebody made a project": Way("admin", ("new",), _nothing, _create),
    "somebody made one for all": Way("colleague", ("new",), _nothing, _create_visible),
}


def scope_of(world: World, name: str, made: JSON, directory: str, workspace: str) -> str:
    """The scope that a word of a way means."""
    if name in made:
        return str(made[name])
    return {"workspace": workspace, "directory": directory}.get(name) or str(getattr(world, name)["scope"])
