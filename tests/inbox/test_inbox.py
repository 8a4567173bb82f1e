"""What reaches a person, and what they have read."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.folding import Scope
from tests.invariants import refused_unchanged, verify_events
from tests.ledger import Log
from tests.world import World

ITEMS = """query($unread: Boolean!) { inbox { items(unread: $unread) { totalCount nodes {
  id reason readAt actor { id } project { id } task { id } comment { id } } } } }"""


async def items(client: Client, unread: bool = False) -> list[JSON]:
    """Newest first, without those of the world's making: access gained to what everybody has."""
    found: list[JSON] = (await client.query(ITEMS, unread=unread))["inbox"]["items"]["nodes"]
    return [one for one in found if one["reason"] != "ACCESS_GAINED"]


async def test_mentions_and_assignments_arrive(world: World) -> None:
    mention = f"Look, @[Viewer](user:{world.uuid('viewer')})!"
    async with verify_events(world.viewer, Scope("inbox")) as verified:
        task = await world.task(assigneeIds=[world.viewer.user_id], description=mention)
        comment = await world.comment(task, mention)
        await world.member.do(
            "commentUpdate", id=comment["id"], expectedVersion=1, body=mention + " Again, " + mention
        )
    assert verified.kinds == ["InboxItemAdded"] * 3, "who is mentioned already is not told again"
    found = await items(world.viewer)
    assert sorted(one["reason"] for one in found) == ["ASSIGNED", "MENTIONED", "MENTIONED"]
    assert {one["task"]["id"] for one in found} == {task["id"]}
    assert found[0]["comment"] == {"id": comment["id"]}
    assert {one["actor"]["id"] for one in found} == {world.member.user_id}


async def test_one_hears_nothing_of_what_one_did_oneself(world: World, log: Log) -> None:
    await world.task(assigneeIds=[world.member.user_id])
    assert await items(world.member) == []


async def test_a_mention_of_someone_who_cannot_see_it_does_not_reach_them(world: World, log: Log) -> None:
    task = await world.task()
    for name in ("colleague", "outsider"):
        await world.comment(task, f"@[x](user:{world.uuid(name)})")
        assert await items(world.person(name)) == []
    assert not await log.events(scope_id=world.uuid("outsider"), kind="InboxItemAdded")


async def test_access_gained_and_lost_is_told(world: World) -> None:
    project = {"projectId": world.eng["id"], "userId": world.colleague.user_id}
    await world.owner.do("projectMemberAdd", **project)
    gained = (await world.colleague.query(ITEMS, unread=False))["inbox"]["items"]["nodes"][0]
    assert (gained["reason"], gained["project"]) == ("ACCESS_GAINED", {"id": world.eng["id"]})
    task = await world.task(assigneeIds=[world.colleague.user_id])
    assert (await items(world.colleague))[0]["task"] == {"id": task["id"]}
    await world.owner.do("projectMemberRemove", **project)
    found = await items(world.colleague)
    assert [one["reason"] for one in found] == ["ACCESS_LOST", "ASSIGNED"]
    assert all(one["project"] is None and one["task"] is None for one in found), (
        "what they point at is hidden now"
    )


async def test_read_marks(world: World, log: Log) -> None:
    for number in range(3):
        await world.task(f"Task {number}", assigneeIds=[world.viewer.user_id])
    ids = [one["id"] for one in await items(world.viewer)]
    async with verify_events(world.viewer, Scope("inbox")) as verified:
        await world.viewer.do("inboxMark", ids=ids[:2])
        await world.viewer.do("inboxMark", ids=ids, read=True)
        await world.viewer.do("inboxMark", ids=ids[:1], read=False)
    assert verified.kinds == ["InboxItemRead"] * 4, "what is read already is not marked again"
    assert [one["id"] for one in await items(world.viewer, unread=True)] == ids[:1]
    error = await refused_unchanged(log, world.member.refused("inboxMark", ids=ids[:1]))
    assert error["code"] == "NOT_FOUND", "it is another's"
