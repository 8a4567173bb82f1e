"""Those who try to manage what they may not are told of, once, where it was; nothing else of the attempt is kept."""

from __future__ import annotations

from tests.audit.test_exports import audit_path, fetch
from tests.audit.trail import trail
from tests.ledger import Log
from tests.world import World, uuids


async def test_managing_without_the_role(world: World, log: Log) -> None:
    workspace = uuids(world.workspace["id"])[0]
    error = await world.member.refused(
        "projectMemberAdd", projectId=world.eng["id"], userId=world.colleague.user_id, role="MEMBER"
    )
    assert error["code"] == "PERMISSION_DENIED"
    await world.guest.refused("workspaceUpdate", id=world.workspace["id"], expectedVersion=1, name="Mine now")
    first, second = await trail(log, action="access.denied")
    assert (first["workspace_id"], first["target_id"], first["actor_id"]) == (
        workspace, uuids(world.eng["id"])[0], world.uuid("member")
    )  # fmt: skip
    assert first["data"] == {"operation": "projectMemberAdd"}
    assert (second["workspace_id"], second["target_id"]) == (workspace, workspace)
    assert second["actor_id"] == world.uuid("guest")
    assert "Mine now" not in str(second)


async def test_taking_the_log_away(world: World, log: Log) -> None:
    assert (await fetch(world.member, audit_path(world, "csv"))).status_code == 403
    (entry,) = await trail(log, action="access.denied")
    assert entry["data"] == {"operation": "auditExport"}


async def test_work_that_is_refused_and_what_is_hidden_are_not_told(world: World, log: Log) -> None:
    """A viewer who edits is no news; whoever does not see a place cannot fill its log."""
    task = await world.task()
    await world.viewer.refused("taskUpdate", id=task["id"], expectedVersion=1, patch={"title": "x"})
    await world.outsider.refused("workspaceUpdate", id=world.workspace["id"], expectedVersion=1, name="x")
    await world.colleague.refused("projectUpdate", id=world.eng["id"], expectedVersion=1, name="x")
    assert await trail(log, action="access.denied") == []
