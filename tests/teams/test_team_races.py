"""Access that changes from two sides at once: real commits, one outcome, and everybody told the truth."""

from __future__ import annotations

import asyncio

from tests.client import JSON
from tests.folding import Copy, Scope
from tests.invariants import events_over_http, fold, one_winner
from tests.ledger import Log
from tests.world import World, uuids

ROUNDS = 4


async def copies_of(world: World, *people: str) -> dict[str, Copy]:
    return {person: await Scope("inbox").fetch(world.person(person)) for person in people}


async def check_told(world: World, copies: dict[str, Copy]) -> None:
    """What each was told folds to what each may read."""
    for person, copy in copies.items():
        client = world.person(person)
        events = await events_over_http(client, copy.scope, copy.cursor)
        fold(copy, events, await Scope("inbox").fetch(client))


async def test_a_team_is_not_given_a_role_while_it_goes(world: World, log: Log) -> None:
    copies = await copies_of(world, "colleague")
    for number in range(ROUNDS):
        team = (await world.team("colleague", name=f"Team {number}"))["id"]
        deleted, given = await asyncio.gather(
            world.owner.answer("teamDelete", id=team, expectedVersion=1),
            world.admin.answer("projectTeamAdd", projectId=world.ops["id"], teamId=team, role="MEMBER"),
        )
        assert deleted["errors"] == []
        assert [error["code"] for error in given["errors"]] in ([], ["NOT_FOUND"])
    assert await log.connection.fetchval("SELECT count(*) FROM project_teams") == 0
    assert (await world.colleague.query("{ projects { id } }"))["projects"] == []
    await check_told(world, copies)
    await log.check_order()


async def test_nobody_is_in_a_team_of_a_workspace_that_they_left(world: World, log: Log) -> None:
    team = (await world.team(roles={"ops": "MEMBER"}))["id"]
    place = {"workspaceId": world.workspace["id"]}
    copies = await copies_of(world, "colleague")
    for _ in range(ROUNDS):
        put, removed = await asyncio.gather(
            world.admin.answer("teamMemberAdd", teamId=team, userId=world.colleague.user_id),
            world.owner.answer("workspaceMemberRemove", **place, userId=world.colleague.user_id),
        )
        assert removed["errors"] == []
        assert [error["code"] for error in put["errors"]] in ([], ["NOT_FOUND"])
        assert await log.connection.fetchval("SELECT count(*) FROM team_members") == 0
        assert (await world.colleague.query("{ projects { id } workspaces { id } }")) == {
            "projects": [], "workspaces": [],
        }  # fmt: skip
        await world.owner.do("workspaceMemberAdd", **place, email=world.colleague.email, role="MEMBER")
    await check_told(world, copies)
    await log.check_order()


async def test_one_is_put_into_a_team_once(world: World, log: Log) -> None:
    team = (await world.team())["id"]
    given = {"teamId": team, "userId": world.colleague.user_id}
    _, (error,) = await one_winner(
        world.owner.answer("teamMemberAdd", **given), world.admin.answer("teamMemberAdd", **given)
    )
    assert error["code"] == "VALIDATION_FAILED"
    await log.check_order()


async def test_two_teams_do_not_get_one_name(world: World) -> None:
    given = {"workspaceId": world.workspace["id"], "name": "Same"}
    _, (error,) = await one_winner(
        world.owner.answer("teamCreate", **given),
        world.admin.answer("teamCreate", **{**given, "name": "sAME"}),
    )
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["name"])


async def test_no_write_commits_after_a_team_lost_its_role(world: World, log: Log) -> None:
    """Thirty writes and the loss at once: in the log, none of who lost it is after it."""
    team = (await world.team("colleague", roles={"eng": "MEMBER"}))["id"]

    async def write(number: int) -> JSON:
        return await world.colleague.answer("taskCreate", projectId=world.eng["id"], title=f"Task {number}")

    async def take() -> None:
        await world.owner.do("projectTeamRemove", "", projectId=world.eng["id"], teamId=team)

    writes = [write(number) for number in range(30)]
    payloads = await asyncio.gather(*writes[:15], take(), *writes[15:])
    refused = {one["errors"][0]["code"] for one in payloads if one is not None and one["errors"]}
    assert refused <= {"NOT_FOUND"}
    events = await log.events(scope_id=world.scope_uuid())
    loss = next(event["seq"] for event in events if event["kind"] == "ProjectTeamRemoved")
    theirs = [event["seq"] for event in events if event["actor_id"] == world.uuid("colleague")]
    assert not [seq for seq in theirs if seq > loss]
    assert len(theirs) == sum(1 for one in payloads if one is not None and not one["errors"])
    await log.check_order()


async def test_the_last_owner_stays_whatever_else_happens(world: World, log: Log) -> None:
    """Two owners go at once, one to be a guest in a team, one altogether: one of them stays."""
    place = {"workspaceId": world.workspace["id"]}
    owner, admin = world.owner, world.admin
    team = (await world.team("owner", "admin", roles={"eng": "ADMIN"}))["id"]
    await owner.do("workspaceMemberUpdate", **place, userId=admin.user_id, role="OWNER")
    copies = await copies_of(world, "owner", "admin")
    demoted, left, out = await asyncio.gather(
        owner.answer("workspaceMemberUpdate", **place, userId=owner.user_id, role="GUEST"),
        admin.answer("workspaceMemberRemove", **place, userId=admin.user_id),
        admin.answer("teamMemberRemove", teamId=team, userId=owner.user_id),
    )
    assert sorted(len(one["errors"]) for one in (demoted, left)) == [0, 1]
    assert len(out["errors"]) <= 1
    owners = await log.connection.fetchval(
        "SELECT count(*) FROM workspace_members WHERE workspace_id = $1 AND role = 'owner'",
        uuids(world.workspace["id"])[0],
    )
    assert owners == 1
    await check_told(world, copies)
    await log.check_order()


async def test_a_project_that_is_made_meanwhile_is_told_to_new_admins(world: World, log: Log) -> None:
    """Whoever becomes an admin while projects are made, shown and hidden, ends with just what they may read."""
    place = {"workspaceId": world.workspace["id"]}
    copies = await copies_of(world, "colleague", "viewer", "admin")
    for number in range(ROUNDS):
        visibility = "WORKSPACE" if number % 2 else "PRIVATE"
        version = 1 + number
        await asyncio.gather(
            world.owner.do(
                "workspaceMemberUpdate", **place, userId=world.colleague.user_id,
                role="MEMBER" if number % 2 else "ADMIN",
            ),
            world.member.do("projectCreate", **place, key=f"NEW{number}", name="New", visibility=visibility),
            world.admin.do(
                "projectUpdate", id=world.ops["id"], expectedVersion=version, name=f"Ops {number}",
                visibility="PRIVATE" if number % 2 else "WORKSPACE",
            ),
        )  # fmt: skip
    await check_told(world, copies)
    await log.check_order()
