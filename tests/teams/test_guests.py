"""Guests see what they were given, also by a team, and of teams no more than that."""

from __future__ import annotations

from tests.client import mutation_document
from tests.invariants import hidden_equals_missing
from tests.service import Service
from tests.world import World

TEAM = """query($id: ID!) { node(id: $id) { id ... on Team {
  name members { totalCount } projects { project { key } } } } }"""
USER = "query($id: ID!) { node(id: $id) { id } }"
WORKSPACES = (
    "{ workspaces { teams { totalCount } members { totalCount } projects { key } position { seq } } }"
)


async def test_what_the_workspace_sees_a_guest_does_not(world: World, service: Service) -> None:
    await world.owner.do("projectUpdate", id=world.ops["id"], expectedVersion=1, visibility="WORKSPACE")
    assert [one["key"] for one in (await world.colleague.query("{ projects { key } }"))["projects"]] == [
        "OPS"
    ]
    (seen,) = (await world.guest.query(WORKSPACES))["workspaces"]
    assert seen == {"teams": None, "members": None, "projects": [{"key": "ENG"}], "position": None}
    node = "query($id: ID!) { node(id: $id) { id } }"
    await hidden_equals_missing(service, world.guest, node, {"id": ""}, ("id",), world.ops["id"])
    task = await world.task(by="owner", projectId=world.ops["id"])
    await hidden_equals_missing(service, world.guest, node, {"id": ""}, ("id",), task["id"])


async def test_a_guest_has_what_their_team_was_given(world: World) -> None:
    team = await world.team("guest", "viewer", roles={"ops": "MEMBER"})
    found = (await world.guest.query(TEAM, id=team["id"]))["node"]
    assert found["name"] == "Team"
    assert found["members"] is None, "who is in it stands in the workspace's log"
    assert found["projects"] == [{"project": {"key": "OPS"}}]
    await world.task(by="guest", projectId=world.ops["id"])
    await world.owner.do("projectTeamUpdate", projectId=world.ops["id"], teamId=team["id"], role="VIEWER")
    error = await world.guest.refused("taskCreate", projectId=world.ops["id"], title="No more")
    assert error["code"] == "PERMISSION_DENIED"


async def test_of_which_teams_a_guest_knows(world: World, service: Service) -> None:
    """Their own, and those of the projects that they see; another is as if it were not there."""
    own = await world.team("guest", name="Own")
    here = await world.team("member", name="Here", roles={"eng": "VIEWER", "ops": "VIEWER"})
    there = await world.team("member", name="There", roles={"ops": "VIEWER"})
    assert (await world.guest.query(TEAM, id=own["id"]))["node"]["projects"] == []
    found = (await world.guest.query(TEAM, id=here["id"]))["node"]
    assert found["projects"] == [{"project": {"key": "ENG"}}], "of OPS they are told nothing"
    document = (
        "query($id: ID!) { node(id: $id) { ... on Project { teams { nodes { role team { name } } } } } }"
    )
    teams = (await world.guest.query(document, id=world.eng["id"]))["node"]["teams"]["nodes"]
    assert teams == [{"role": "VIEWER", "team": {"name": "Here"}}]
    await hidden_equals_missing(service, world.guest, TEAM, {"id": ""}, ("id",), there["id"])
    for name, given in (
        ("teamUpdate", {"id": "", "expectedVersion": 1, "name": "x"}),
        ("teamMemberRemove", {"teamId": "", "userId": world.guest.user_id}),
    ):
        place = ("input", "id" if "id" in given else "teamId")
        document = mutation_document(name)
        await hidden_equals_missing(service, world.guest, document, {"input": given}, place, there["id"])


async def test_whom_a_guest_may_look_up(world: World, service: Service) -> None:
    """The people of their projects, those who are there by a team too; nobody else of the workspace."""
    assert (await world.guest.query(USER, id=world.manager.user_id))["node"] is not None
    await hidden_equals_missing(service, world.guest, USER, {"id": ""}, ("id",), world.colleague.user_id)
    team = await world.team("colleague", roles={"eng": "VIEWER"})
    assert (await world.guest.query(USER, id=world.colleague.user_id))["node"] is not None
    await world.owner.do("teamMemberRemove", teamId=team["id"], userId=world.colleague.user_id)
    assert (await world.guest.query(USER, id=world.colleague.user_id))["node"] is None
    # Who sees it because the whole workspace does is no person of the project.
    await world.owner.do("projectUpdate", id=world.eng["id"], expectedVersion=1, visibility="WORKSPACE")
    assert (await world.guest.query(USER, id=world.colleague.user_id))["node"] is None
    assert (await world.colleague.query(USER, id=world.guest.user_id))["node"] is not None


async def test_a_team_of_another_workspace_holds_no_role(world: World, service: Service) -> None:
    """Even for somebody who is in both."""
    await world.owner.do("workspaceMemberAdd", workspaceId=world.workspace["id"], email=world.outsider.email)
    found = (await world.outsider.query("{ workspaces { id name } }"))["workspaces"]
    far = next(one for one in found if one["name"] == "Elsewhere")
    team = (await world.outsider.do("teamCreate", workspaceId=far["id"], name="Far"))["team"]
    await world.owner.do(
        "projectMemberAdd", projectId=world.eng["id"], userId=world.outsider.user_id, role="ADMIN"
    )
    given = {"projectId": world.eng["id"], "teamId": team["id"], "role": "VIEWER"}
    error = await world.outsider.refused("projectTeamAdd", **given)
    assert (error["code"], error["path"]) == ("NOT_FOUND", ["teamId"])
    put = {"teamId": team["id"], "userId": world.member.user_id}
    assert (await world.outsider.refused("teamMemberAdd", **put))["path"] == ["userId"]
