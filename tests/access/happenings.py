"""Every kind of event, made to happen where everybody of ENG and the workspace can read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.boards import rebalancing
from app.events.models import ActorKind
from app.outcomes import Result
from app.statements import sql
from app.work import Actor, Work, run_unit
from tests.client import PASSWORD, Client
from tests.world import World, uuids

if TYPE_CHECKING:
    from tests.access.places import Places


async def happen(world: World, places: Places) -> None:
    """Each mutation that leaves nothing behind, in an order in which one undoes another."""
    project, workspace = places.of("ENG", "Project"), places.of("WRK", "Workspace")
    await _words(world.owner, project)
    await _plans(world.owner, project)
    await _tasks(world, places, project)
    await _ends(world, project)
    await _members(world, project, workspace)
    await _teams(world, project, workspace)
    await _people(world, workspace)


async def _words(by: Client, project: str) -> None:
    for word, more in (("status", {"category": "STARTED"}), ("label", {}), ("taskType", {})):
        name = "passing" if word == "taskType" else "Passing"
        made = await by.do(f"{word}Create", projectId=project, name=name, **more)
        one = {"id": made[word]["id"]}
        await by.do(f"{word}Update", **one, expectedVersion=1, color="#112233")
        await by.do(f"{word}Delete", **one, expectedVersion=2)


async def _plans(by: Client, project: str) -> None:
    options = {"kind": "SELECT", "options": [{"name": "Passing"}]}
    for word, more in (("milestone", {}), ("sprint", {}), ("customField", options)):
        made = await by.do(f"{word}Create", projectId=project, name="Passing", **more)
        one = {"id": made[word]["id"]}
        await by.do(f"{word}Update", **one, expectedVersion=1, name="Passed")
        await by.do(f"{word}Delete", **one, expectedVersion=2)


async def _ends(world: World, project: str) -> None:
    """What plans come to, views that go, and ranks that are spaced anew."""
    by = world.owner
    sprint = (await by.do("sprintCreate", projectId=project, name="Ended"))["sprint"]["id"]
    await by.do("sprintStart", id=sprint, expectedVersion=1, parallel=True)
    await by.do("sprintComplete", id=sprint, expectedVersion=2)
    milestone = (await by.do("milestoneCreate", projectId=project, name="Out"))["milestone"]["id"]
    await by.do("milestoneRelease", id=milestone, expectedVersion=1)
    view = await by.do("viewCreate", projectId=project, name="Passing", shared=True, query="passing")
    await by.do("viewUpdate", id=view["view"]["id"], expectedVersion=1, name="Passed")
    await by.do("viewDelete", id=view["view"]["id"], expectedVersion=2)

    async def spaced(work: Work) -> Result:
        scope = uuids(project)[0]
        await work.declare([scope])
        rows = await work.rows(
            sql("SELECT * FROM tasks WHERE project_id = $1 ORDER BY rank DESC LIMIT 1", "id"), id=scope
        )
        await rebalancing._write(work, scope, [(rows[0], rows[0].rank + "V")])
        return {}

    await run_unit(world.service.application.store, Actor(None, ActorKind.SYSTEM), spaced)


async def _tasks(world: World, places: Places, project: str) -> None:
    by = world.owner
    task = (await by.do("taskCreate", projectId=project, title="Passing"))["task"]["id"]
    places.add("ENG", "Task", task)
    patch = {"config": [{"key": "passing", "value": 1}], "description": "Passing"}
    await by.do("taskUpdate", id=task, expectedVersion=1, patch=patch)
    await by.do("taskMove", id=task, beforeId=places.of("ENG", "Task"), expectedVersion=2)
    comment = (await by.do("commentAdd", taskId=task, body="Passing"))["comment"]["id"]
    places.add("ENG", "Comment", comment)
    await by.do("commentUpdate", id=comment, expectedVersion=1, body="Passed")
    await by.do("commentDelete", id=comment, expectedVersion=2)
    await by.do("commentRestore", id=comment, expectedVersion=3)
    link = await by.do("linkAdd", sourceId=task, kind="relates", targetId=places.of("ENG", "Task"))
    await by.do("linkRemove", id=link["link"]["id"])
    version = 2
    for there in (places.of("OPS", "Project"), project):
        moved = await by.do("taskTransfer", id=task, projectId=there, expectedVersion=version)
        version = moved["task"]["version"]
    # What is redacted later, when nobody looks.
    redacted = (await by.do("taskCreate", projectId=project, title="Regretted"))["task"]["id"]
    places.add("RED", "Task", redacted)
    said = await by.do("commentAdd", taskId=redacted, body="Regretted")
    places.add("RED", "Comment", said["comment"]["id"])
    deleted = await by.do("taskDelete", id=task, expectedVersion=version)
    await by.do("taskRestore", id=task, expectedVersion=deleted["task"]["version"])


async def _members(world: World, project: str, workspace: str) -> None:
    by, colleague = world.owner, world.colleague
    one = {"projectId": project, "userId": colleague.user_id}
    await by.do("projectMemberAdd", **one, role="VIEWER")
    await by.do("projectMemberUpdate", **one, role="MEMBER")
    await by.do("projectMemberRemove", **one)
    items = await colleague.query("{ inbox { items(first: 1) { nodes { id } } } }")
    await colleague.do("inboxMark", ids=[items["inbox"]["items"]["nodes"][0]["id"]])
    await by.do("workspaceMemberUpdate", workspaceId=workspace, userId=colleague.user_id, role="ADMIN")
    await by.do("workspaceMemberUpdate", workspaceId=workspace, userId=colleague.user_id, role="MEMBER")


async def _teams(world: World, project: str, workspace: str) -> None:
    by = world.owner
    team = (await by.do("teamCreate", workspaceId=workspace, name="Passing"))["team"]["id"]
    await by.do("teamUpdate", id=team, expectedVersion=1, name="Passed")
    await by.do("teamMemberAdd", teamId=team, userId=world.member.user_id)
    await by.do("teamMemberRemove", teamId=team, userId=world.member.user_id)
    await by.do("projectTeamAdd", projectId=project, teamId=team, role="VIEWER")
    await by.do("projectTeamUpdate", projectId=project, teamId=team, role="MEMBER")
    await by.do("projectTeamRemove", projectId=project, teamId=team)
    await by.do("teamDelete", id=team, expectedVersion=2)


async def _people(world: World, workspace: str) -> None:
    by = world.owner
    made = await by.do("serviceAccountCreate", workspaceId=workspace, name="Passing")
    robot = made["serviceAccount"]["user"]["id"]
    await by.do("serviceAccountUpdate", userId=robot, expectedVersion=1, name="Passed")
    await by.do("serviceAccountDelete", userId=robot)
    email = "passing@passing.example"
    leaving = await world.nobody.sign_up(email, "Passing")
    await by.do("workspaceMemberAdd", workspaceId=workspace, email=email, role="MEMBER")
    await leaving.do("accountErase", password=PASSWORD, confirmation=email)
    invited = await by.do("invitationCreate", workspaceId=workspace, email="passing@invited.example")
    await by.do("invitationResend", id=invited["invitation"]["id"])
    await by.do("invitationRevoke", id=invited["invitation"]["id"])
