"""What a retry answers: the outcome that was kept, under the access of today, and never a secret."""

from __future__ import annotations

from tests.client import new_key
from tests.ledger import Log
from tests.world import World


async def test_a_retry_is_answered_under_the_access_of_today(world: World) -> None:
    key = new_key()
    given = {"projectId": world.eng["id"], "title": "Mine", "clientMutationId": key}
    made = (await world.member.do("taskCreate", **given))["task"]
    await world.manager.do("taskUpdate", id=made["id"], expectedVersion=1, patch={"title": "Theirs"})
    again = await world.member.do("taskCreate", **given)
    assert (again["task"]["id"], again["task"]["title"]) == (made["id"], "Theirs"), "as it is now"
    await world.owner.do("projectMemberRemove", projectId=world.eng["id"], userId=world.member.user_id)
    hidden = await world.member.answer("taskCreate", **given)
    assert hidden["task"] is None


async def test_a_key_is_of_one_person(world: World, log: Log) -> None:
    given = {"projectId": world.eng["id"], "title": "Mine", "clientMutationId": new_key()}
    tasks = [(await world.person(by).do("taskCreate", **given))["task"]["id"] for by in ("member", "manager")]
    assert tasks[0] != tasks[1]
    kept = await log.connection.fetchval("SELECT count(*) FROM mutation_outcomes")
    assert kept == 2


async def test_an_outcome_holds_ids_and_no_contents(world: World, log: Log) -> None:
    words = "Words that are in no outcome"
    task = (
        await world.member.do(
            "taskCreate", projectId=world.eng["id"], title=words, clientMutationId=new_key()
        )
    )["task"]
    await world.member.do("commentAdd", taskId=task["id"], body=words, clientMutationId=new_key())
    assert not await log.connection.fetchval(
        "SELECT count(*) FROM mutation_outcomes WHERE outcome::text LIKE '%' || $1 || '%'", words
    )


async def test_a_refusal_is_not_kept(world: World, log: Log) -> None:
    """What was refused may be sent again under its key, once it can be done."""
    key = new_key()
    given = {"projectId": world.eng["id"], "name": "Label", "clientMutationId": key}
    await world.member.refused("labelCreate", **given)
    assert await log.connection.fetchval("SELECT count(*) FROM mutation_outcomes") == 0
    await world.owner.do(
        "projectMemberUpdate", projectId=world.eng["id"], userId=world.member.user_id, role="MANAGER"
    )
    await world.member.do("labelCreate", **given)


async def test_ones_own_echo_is_known_by_its_key(world: World, log: Log) -> None:
    """Frames are the same for all who look on, so others see the key too: under their own name it is of no use."""
    key = new_key()
    given = {"projectId": world.eng["id"], "title": "Echo", "clientMutationId": key}
    async with world.member.follow(world.eng["scope"]) as stream:
        payload = await world.member.do("taskCreate", **given)
        (event,) = await stream.until(payload["positions"][0]["seq"])
    assert event["clientMutationId"] == key
    other = await world.manager.do("taskCreate", **given)
    assert other["task"]["id"] != payload["task"]["id"]
