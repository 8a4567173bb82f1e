"""Bulk edits: n objects, n events, one batch, one frame, one result per item."""

from __future__ import annotations

from tests.client import JSON
from tests.folding import Scope
from tests.invariants import refused_unchanged, verify_events
from tests.ledger import Log
from tests.service import Service
from tests.world import World

MANY = 500
DONE = "results { ok error { code path } task { id version } } batchId positions { seq }"


async def _tasks(world: World, count: int) -> list[str]:
    """Tasks of one project, fifty made at once."""
    made: list[str] = []
    socket_document = (
        "mutation($input: TaskCreateInput!) { taskCreate(input: $input) { task { id } errors { code } } }"
    )
    async with world.member.socket() as socket:
        for start in range(0, count, 50):
            numbers = range(start, min(start + 50, count))
            running = [
                await socket.start(
                    socket_document, input={"projectId": world.eng["id"], "title": f"Task {number}"}
                )
                for number in numbers
            ]
            answers = [(await socket.message(identifier))["payload"]["data"] for identifier in running]
            made += [answer["taskCreate"]["task"]["id"] for answer in answers]
    return made


def _items(ids: list[str], version: int = 1) -> list[JSON]:
    return [{"id": one, "expectedVersion": version} for one in ids]


async def test_five_hundred_tasks_are_one_frame(world: World, service: Service, log: Log) -> None:
    ids = await _tasks(world, MANY)
    patch = {"statusId": world.status("Done"), "addAssigneeIds": [world.viewer.user_id]}
    with service.statements() as few:
        await world.member.do("taskBulkUpdate", DONE, items=_items(ids[:1]), patch=patch)
    # Nobody follows while statements are counted: a hub reads a frame this large from the log, and counts too.
    with service.statements() as many:
        payload = await world.member.do("taskBulkUpdate", DONE, items=_items(ids[1:]), patch=patch)
    assert len(many) == len(few), f"one task:\n{few}\n\n{MANY - 1}:\n{many}"
    assert [result["task"]["id"] for result in payload["results"]] == ids[1:], (
        "results are in the items' order"
    )
    assert all(result["ok"] and result["task"]["version"] == 2 for result in payload["results"])
    async with world.viewer.follow(world.eng["scope"]) as stream:
        again = [{"id": one, "expectedVersion": 2} for one in ids]
        payload = await world.member.do("taskBulkUpdate", DONE, items=again, patch={"priority": 1})
        seq = payload["positions"][0]["seq"]
        events = await stream.until(seq)
        frames = [frame for frame in stream.frames if frame["events"]]
    assert len(frames) == 1
    assert len(events) == MANY
    assert {event["batchId"] for event in events} == {payload["batchId"]}
    assert [event["seq"] for event in events] == list(range(seq - MANY + 1, seq + 1))
    await log.check_order()


async def test_atomic_is_all_or_nothing(world: World, log: Log) -> None:
    ids = await _tasks(world, 4)
    hidden = (await world.hidden(world.secret, "owner"))["Task"]
    await world.manager.do("taskUpdate", id=ids[1], expectedVersion=1, patch={"priority": 1})
    items = [*_items(ids), {"id": hidden, "expectedVersion": 1}]
    items[1]["patch"] = {"priority": 3}
    payload: JSON = {}

    async def refuse() -> JSON:
        payload.update(await world.member.answer("taskBulkUpdate", items=items, patch={"title": "New"}))
        return payload

    await refused_unchanged(log, refuse())
    assert [(error["code"], error["path"][0]) for error in payload["errors"]] == [
        ("VERSION_CONFLICT", "1"),
        ("NOT_FOUND", "4"),
    ]
    assert payload["results"] == []


async def test_partial_does_what_can_be_done(world: World, log: Log) -> None:
    ids = await _tasks(world, 3)
    await world.manager.do("taskUpdate", id=ids[1], expectedVersion=1, patch={"title": "Theirs"})
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        payload = await world.member.do(
            "taskBulkUpdate",
            DONE,
            items=_items(ids),
            patch={"title": "New"},
            atomic=False,
            onConflict="MERGE",
        )
    assert [result["ok"] for result in payload["results"]] == [True, False, True]
    assert payload["results"][1]["error"]["code"] == "VERSION_CONFLICT"
    assert [event["objectId"] for event in verified.events[0]] == [ids[0], ids[2]]


async def test_later_items_see_what_earlier_ones_decided(world: World, log: Log) -> None:
    """Each alone is no cycle of parents; together they are."""
    first, second = await _tasks(world, 2)
    items = [
        {"id": first, "expectedVersion": 1, "patch": {"parentId": second}},
        {"id": second, "expectedVersion": 1, "patch": {"parentId": first}},
    ]
    error = await refused_unchanged(log, world.member.refused("taskBulkUpdate", items=items))
    assert (error["code"], error["path"][0]) == ("CYCLE_REFUSED", "1")
    assert set(error["cycle"]) == {first, second}


async def _too_many(world: World, given: JSON) -> JSON:
    # With all fields of all errors it would be refused as too costly before.
    document = """mutation($input: TaskBulkUpdateInput!) { taskBulkUpdate(input: $input) {
      errors { __typename ... on LimitReached { limit } } } }"""
    error: JSON = (await world.member.query(document, input=given))["taskBulkUpdate"]["errors"][0]
    return error


async def test_bounds_of_a_bulk_edit(world: World, log: Log) -> None:
    (task,) = await _tasks(world, 1)
    error = await refused_unchanged(
        log, world.member.refused("taskBulkUpdate", items=_items([task, task]), patch={"title": "x"})
    )
    assert error["path"] == ["items"]
    error = await refused_unchanged(log, _too_many(world, {"items": _items([task] * 1001), "patch": {}}))
    assert (error["__typename"], error["limit"]) == ("LimitReached", 1000)
