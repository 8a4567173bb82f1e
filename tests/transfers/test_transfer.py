"""A task that goes to another project."""

from __future__ import annotations

from tests.client import JSON
from tests.folding import Scope
from tests.invariants import one_winner, refused_unchanged, verify_events
from tests.ledger import Log
from tests.world import World

TASK = """query($id: ID!) { node(id: $id) { ... on Task {
  key version project { id } parent { id } status { name category }
  labels { name } assignees { id } commentCount comments { nodes { id body parent { id } } }
  links { link { id kind } task { id } direction } history { nodes { kind scope } totalCount } } } }"""


async def _go(
    world: World, task: JSON, version: int, project: JSON, by: str = "member", **more: object
) -> JSON:
    given = {"id": task["id"], "projectId": project["id"], "expectedVersion": version, **more}
    found: JSON = (await world.person(by).do("taskTransfer", **given))["task"]
    return found


async def test_everything_that_hangs_on_it_goes_too(world: World, log: Log) -> None:
    label = await world.label("Travelling")
    task = await world.task(
        labelIds=[label["id"]], assigneeIds=[world.member.user_id, world.viewer.user_id],
        statusId=world.status("In progress"),
    )  # fmt: skip
    child, other = await world.task("Child", parentId=task["id"]), await world.task("Other")
    comment = await world.comment(task, "Question")
    await world.comment(task, "Answer", parentId=comment["id"])
    await world.member.do("linkAdd", sourceId=task["id"], kind="blocks", targetId=other["id"])
    scopes = [Scope("project", project["id"]) for project in (world.eng, world.ops)]
    async with verify_events(world.owner, *scopes) as verified:
        gone = await _go(world, task, 1, world.ops)
    assert (gone["id"], gone["key"]) == (task["id"], "OPS-1"), "its id stays, its key changes"
    found = (await world.member.query(TASK, id=task["id"]))["node"]
    assert found["status"]["name"] == "In progress"
    assert [one["name"] for one in found["labels"]] == ["Travelling"], "made there"
    assert [one["id"] for one in found["assignees"]] == [world.member.user_id], (
        "the viewer of ENG does not see OPS"
    )
    assert [one["body"] for one in found["comments"]["nodes"]] == ["Question", "Answer"]
    assert found["comments"]["nodes"][1]["parent"] == {"id": comment["id"]}
    assert found["links"][0]["task"] == {"id": other["id"]}
    assert [one["kind"] for one in found["history"]["nodes"]] == ["TaskArrived"], (
        "history stops at the arrival"
    )
    assert (await world.member.query(TASK, id=child["id"]))["node"]["parent"] is None
    batches = {event["batchId"] for events in verified.events for event in events}
    assert len(batches) == 1, "one batch"
    assert None not in batches
    assert len({event["actor"]["id"] for events in verified.events for event in events}) == 1


async def test_the_old_key_redirects(world: World) -> None:
    task = await world.task()
    await _go(world, task, 1, world.ops)
    find = "query($key: String!) { task(key: $key) { id key } }"
    for key in ("ENG-1", "OPS-1", "eng-1"):
        assert (await world.member.query(find, key=key))["task"] == {"id": task["id"], "key": "OPS-1"}
    back = await _go(world, task, 2, world.eng)
    assert back["key"] == "ENG-1", "it comes back to the number that it had"
    assert (await world.member.query(find, key="OPS-1"))["task"] == {"id": task["id"], "key": "ENG-1"}
    assert (await world.manager.query(find, key="OPS-1"))["task"] is None, (
        "who does not see OPS has no such key"
    )


async def test_who_does_not_see_the_target_sees_it_leave(world: World) -> None:
    task = await world.task()
    async with world.viewer.follow(world.eng["scope"]) as stream:
        gone = await _go(world, task, 1, world.ops)
        seq = (await world.position())["seq"]
        events = await stream.until(seq)
    assert [event["kind"] for event in events] == ["TaskLeft"]
    assert gone["id"] == events[0]["objectId"]
    assert (await world.viewer.query(TASK, id=task["id"]))["node"] is None
    ids = {world.ops["id"], world.ops["scope"]}
    assert not any(one in str(events) for one in ids), "an event names nothing of another scope"


async def test_an_edit_of_a_version_from_before_conflicts_without_a_base(world: World, log: Log) -> None:
    task = await world.task("Base")
    await _go(world, task, 1, world.ops)
    error = await refused_unchanged(
        log, world.member.refused("taskUpdate", id=task["id"], expectedVersion=1, patch={"title": "Mine"})
    )
    assert error["code"] == "VERSION_CONFLICT"
    assert error["clashes"][0]["baseKnown"] is False
    assert (error["clashes"][0]["theirs"], error["clashes"][0]["yours"]) == ("Base", "Mine")


async def test_a_race_of_two_transfers_has_one_winner(world: World, log: Log) -> None:
    for _ in range(3):
        task = await world.task()
        _, (error,) = await one_winner(
            world.member.answer("taskTransfer", id=task["id"], projectId=world.ops["id"], expectedVersion=1),
            world.owner.answer(
                "taskTransfer", id=task["id"], projectId=world.secret["id"], expectedVersion=1
            ),
        )
        assert error["code"] in ("VERSION_CONFLICT", "NOT_FOUND"), "SEC is not there for the member"
    await log.check_order()


async def test_who_may_only_look_may_not_transfer(world: World, log: Log) -> None:
    task = await world.task(projectId=world.ops["id"])
    to_eng = {"id": task["id"], "projectId": world.eng["id"], "expectedVersion": 1}
    await world.owner.do(
        "projectMemberUpdate", projectId=world.ops["id"], userId=world.member.user_id, role="VIEWER"
    )
    error = await refused_unchanged(log, world.member.refused("taskTransfer", **to_eng))
    assert error["code"] == "PERMISSION_DENIED"
    here = await world.task(by="guest")
    error = await refused_unchanged(
        log,
        world.member.refused("taskTransfer", id=here["id"], projectId=world.ops["id"], expectedVersion=1),
    )
    assert error["code"] == "PERMISSION_DENIED"
    for project in (world.eng, world.elsewhere):
        error = await refused_unchanged(
            log,
            world.owner.refused("taskTransfer", id=here["id"], projectId=project["id"], expectedVersion=1),
        )
        assert error["path"] == ["projectId"]
