"""Boards: their columns and cards, lanes, limits, the backlog, and statuses that go with their tasks moved."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.boards import retiring
from app.errors import TimedOut
from tests.boards.proofs import board
from tests.client import JSON, Client
from tests.folding import Scope
from tests.invariants import fold, one_winner, refused_unchanged, verify_events
from tests.ledger import Log
from tests.service import Service
from tests.world import World

CARDS = """query($id: ID!, $n: Int!, $after: String, $lane: String) { node(id: $id) { ... on Board {
  lanes { key priority user { id } label { id } epic { id } }
  columns { id name count overLimit statuses { name } cards(first: $n, after: $after, lane: $lane) {
    totalCount nodes { id rank title } pageInfo { hasNextPage hasPreviousPage endCursor } } } } } }"""


async def shown(client: Client, found: JSON, n: int = 50, **more: Any) -> JSON:
    node: JSON = (await client.query(CARDS, id=found["id"], n=n, **more))["node"]
    return node


def titles(column: JSON) -> list[str]:
    return [one["title"] for one in column["cards"]["nodes"]]


async def test_a_column_of_several_statuses_is_one_order(world: World) -> None:
    todo, started = world.status("To do"), world.status("In progress")
    columns = [
        {"name": "Open", "statusIds": [started, todo], "limit": 3},
        {"name": "Done", "statusIds": [world.status("Done")]},
    ]
    found = await board(world, columns=columns)
    for number in range(5):
        await world.task(f"Task {number}", statusId=(todo, started)[number % 2])
    opened, done = (await shown(world.viewer, found, 3))["columns"]
    assert titles(opened) == ["Task 0", "Task 1", "Task 2"]
    assert (opened["count"], opened["overLimit"], opened["cards"]["totalCount"]) == (5, True, 5)
    assert opened["cards"]["pageInfo"]["hasNextPage"]
    assert (done["count"], done["overLimit"], titles(done)) == (0, False, [])
    after = opened["cards"]["pageInfo"]["endCursor"]
    opened, _ = (await shown(world.viewer, found, 3, after=after))["columns"]
    assert titles(opened) == ["Task 3", "Task 4"]
    assert not opened["cards"]["pageInfo"]["hasNextPage"]


async def test_twenty_columns_take_as_many_statements_as_one(world: World, service: Service) -> None:
    many = [
        (await world.owner.do("statusCreate", projectId=world.eng["id"], name=f"S{n}", category="STARTED"))["status"]
        for n in range(18)
    ]  # fmt: skip
    first, found = (
        await board(world, columns=[{"name": "One", "statusIds": [many[0]["id"]]}]),
        await board(world),
    )
    for one in many[:4]:
        await world.task(statusId=one["id"])
    counts = []
    for one in (first, found):
        with service.statements() as counted:
            await shown(world.viewer, one)
        counts.append(len(counted))
    assert counts[0] == counts[1]


async def test_the_board_that_is_made_without_columns(world: World) -> None:
    found = await board(world)
    assert [one["name"] for one in (await shown(world.viewer, found))["columns"]] == [
        "To do", "In progress", "Done", "Cancelled",
    ]  # fmt: skip


@pytest.mark.parametrize("swimlanes", ["ASSIGNEE", "PRIORITY", "EPIC", "LABEL", "NONE"])
async def test_lanes(world: World, swimlanes: str) -> None:
    label, epic = await world.label("Urgent"), await world.task("Epic", typeId=world.type("epic"))
    given: JSON = {"assigneeIds": [world.viewer.user_id], "priority": 1, "parentId": epic["id"]}
    await world.task("Rich", **given, labelIds=[label["id"]])
    await world.task("Plain", parentId=(await world.task("No epic"))["id"])
    found = await board(world, swimlanes=swimlanes)
    lanes = (await shown(world.viewer, found))["lanes"]
    if swimlanes == "NONE":
        assert lanes == []
        return
    assert len(lanes) == 2
    cards = {}
    for lane in lanes:
        column = (await shown(world.viewer, found, lane=lane["key"]))["columns"][0]
        assert column["cards"]["totalCount"] == len(titles(column))
        cards[lane["key"]] = titles(column)
    rich = next(key for key, names in cards.items() if "Rich" in names)
    others = next(names for key, names in cards.items() if key != rich)
    assert (cards[rich], others) == (["Rich"], ["Epic", "No epic", "Plain"])
    told = next(one for one in lanes if one["key"] == rich)
    assert told["priority"] == 1 or any(told[name] for name in ("user", "label", "epic"))


async def _ways(world: World, task: JSON, status_id: str) -> tuple[bool, tuple[str, ...]]:
    """Whether a task may take a status, and why not."""
    document = """query($id: ID!) { node(id: $id) { ... on Task {
      availableTransitions { status { id } allowed reasons { kind } } } } }"""
    found = (await world.member.query(document, id=task["id"]))["node"]["availableTransitions"]
    (way,) = [one for one in found if one["status"]["id"] == status_id]
    return way["allowed"], tuple(reason["kind"] for reason in way["reasons"])


@pytest.mark.parametrize(
    ("swimlanes", "lane", "told"),
    [
        ("NONE", "none", "no lanes"), ("PRIORITY", "5", "from 0 to 4"), ("PRIORITY", "9" * 20, "from 0 to 4"),
    ],
)  # fmt: skip
async def test_a_lane_that_cannot_be_is_refused(world: World, swimlanes: str, lane: str, told: str) -> None:
    found = await board(world, swimlanes=swimlanes)
    answer = await world.viewer.ask(CARDS, {"id": found["id"], "n": 5, "lane": lane})
    assert answer.codes == ["BAD_USER_INPUT"]
    assert told in answer.json["errors"][0]["message"]


async def test_a_column_that_refuses_has_a_limit(world: World, log: Log) -> None:
    columns = [{"name": "Doing", "statusIds": [world.status("To do")], "limitMode": "REFUSE"}]
    found = await board(world)
    for name, given in (
        ("boardCreate", {"projectId": world.eng["id"], "name": "New"}),
        ("boardUpdate", {"id": found["id"], "expectedVersion": 1}),
    ):  # fmt: skip
        error = await refused_unchanged(log, world.owner.refused(name, **given, columns=columns))
        assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["columns", "limitMode"])
        assert "give it one" in error["message"]


async def test_a_limit_that_refuses_holds_for_whatever_comes(world: World, log: Log) -> None:
    todo, started, done = (world.status(name) for name in ("To do", "In progress", "Done"))
    columns = [{"name": "Doing", "statusIds": [todo, started], "limit": 1, "limitMode": "REFUSE"}]
    gone = await world.task("Gone", statusId=started)
    await world.member.do("taskDelete", id=gone["id"], expectedVersion=1)
    there = await world.task("There", projectId=world.ops["id"])
    found = await board(world, columns=columns)
    inside, outside = await world.task("Inside"), await world.task("Outside", statusId=done)
    for name, given in (
        ("taskCreate", {"projectId": world.eng["id"], "title": "New"}),
        ("taskMove", {"id": outside["id"], "expectedVersion": 1, "statusId": started}),
        ("taskUpdate", {"id": outside["id"], "expectedVersion": 1, "patch": {"statusId": todo}}),
        ("taskRestore", {"id": gone["id"], "expectedVersion": 2}),
        ("taskTransfer", {"id": there["id"], "expectedVersion": 1, "projectId": world.eng["id"]}),
    ):
        error = await refused_unchanged(log, world.member.refused(name, **given))
        assert error["code"] == "TRANSITION_REFUSED", (name, error)
        assert [(one["kind"], one["limit"]) for one in error["reasons"]] == [("WIP_LIMIT", 1)]
    # What may be done says so before it is tried; within the column nothing enters it.
    assert {await _ways(world, outside, status) for status in (todo, started)} == {(False, ("WIP_LIMIT",))}
    assert await _ways(world, inside, started) == (True, ())
    await world.member.do("taskMove", id=inside["id"], expectedVersion=1, statusId=started)
    columns[0]["limitMode"] = "WARN"
    await world.owner.do("boardUpdate", id=found["id"], expectedVersion=1, columns=columns)
    await world.member.do("taskMove", id=outside["id"], expectedVersion=1, statusId=started)
    assert (await shown(world.viewer, found))["columns"][0]["overLimit"]


async def test_two_do_not_take_the_last_place_of_a_column(world: World) -> None:
    """One moves there, one makes a task in another status of the column."""
    todo, started = world.status("To do"), world.status("In progress")
    await board(
        world, columns=[{"name": "D", "statusIds": [todo, started], "limit": 1, "limitMode": "REFUSE"}]
    )
    for _ in range(3):
        task = await world.task(statusId=world.status("Done"))
        winner, _ = await one_winner(
            world.member.answer("taskMove", id=task["id"], expectedVersion=1, statusId=started),
            world.manager.answer("taskCreate", projectId=world.eng["id"], title="New", statusId=todo),
        )
        moved = winner["task"]
        await world.member.do("taskDelete", id=moved["id"], expectedVersion=moved["version"])


async def test_the_backlog_is_in_the_order_of_the_board(world: World) -> None:
    backlog = world.status("Backlog")
    first, second = [await world.task(f"Task {n}", statusId=backlog) for n in range(2)]
    await world.task("Elsewhere")
    await world.member.do("taskMove", id=second["id"], beforeId=first["id"])
    backlog_of = "backlog(first: 9) { totalCount nodes { title } }"
    document = f"query($id: ID!) {{ node(id: $id) {{ ... on Project {{ {backlog_of} }} }} }}"
    found = (await world.viewer.query(document, id=world.eng["id"]))["node"]["backlog"]
    assert (found["totalCount"], [one["title"] for one in found["nodes"]]) == (2, ["Task 1", "Task 0"])


async def test_two_drag_one_card(world: World) -> None:
    """One to Done, one to Blocked: both screens end alike, and one is told why."""
    blocked = (
        await world.owner.do("statusCreate", projectId=world.eng["id"], name="Blocked", category="STARTED")
    )["status"]["id"]
    task, scope = await world.task("Card"), Scope("project", world.eng["id"])
    async with (
        world.member.follow(world.eng["scope"]) as one,
        world.manager.follow(world.eng["scope"]) as other,
    ):
        copies = [await scope.fetch(world.member), await scope.fetch(world.manager)]
        winner, (error,) = await one_winner(
            world.member.answer("taskMove", id=task["id"], expectedVersion=1, statusId=world.status("Done")),
            world.manager.answer("taskMove", id=task["id"], expectedVersion=1, statusId=blocked),
        )
        assert error["code"] == "VERSION_CONFLICT"
        (clash,) = error["clashes"]
        assert (clash["field"], clash["base"]) == ("statusId", world.status("To do"))
        assert clash["theirs"] == winner["task"]["status"]["id"]
        assert {clash["theirs"], clash["yours"]} == {world.status("Done"), blocked}
        fresh = await scope.fetch(world.viewer)
        for copy, stream in zip(copies, (one, other), strict=True):
            events = [event for event in await stream.until(fresh.seq) if event["seq"] > copy.seq]
            assert [event["kind"] for event in events] == ["TaskMoved"], "a move is one event"
            fold(copy, events, fresh)


async def test_a_status_goes_and_its_tasks_move(
    world: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one unit if they are few; else in batches, at each moment of which every task is in a status that is there."""
    started, done = world.status("In progress"), world.status("Done")
    found = await board(world)
    for round_number, batch in enumerate((500, 2)):
        name = f"Leaving {round_number}"
        made = await world.owner.do(
            "statusCreate", projectId=world.eng["id"], name=name, category="STARTED", afterId=started
        )
        leaving = made["status"]["id"]
        await world.owner.do(
            "transitionCreate", projectId=world.eng["id"], name="Never", fromStatusId=leaving, toStatusId=started,
            conditions=[{"role": "ADMIN"}],
        )  # fmt: skip
        tasks = [await world.task(f"Task {n}", statusId=leaving) for n in range(5)]
        monkeypatch.setattr(retiring, "BATCH", batch)
        async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
            payload = await world.manager.do("statusDelete", id=leaving, expectedVersion=1, moveTasksTo=done)
        assert payload["status"]["deletedAt"] is not None
        kinds = verified.kinds
        assert (kinds.count("TaskMoved"), kinds[-1]) == (5, "StatusDeleted")
        assert len({event["batchId"] for event in verified.events[0]}) == 1
        document = "query($id: ID!) { node(id: $id) { ... on Task { status { id } completedAt version } } }"
        for task in tasks:
            one = (await world.viewer.query(document, id=task["id"]))["node"]
            assert (one["status"]["id"], one["version"]) == (done, 2)
            assert one["completedAt"] is not None
    await log.check_order()
    assert (await shown(world.viewer, found))["columns"]


async def test_a_status_left_half_emptied_is_emptied_later(
    world: World, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, leaving = world.status("Done"), world.status("Cancelled")
    tasks = [await world.task(f"Task {n}", statusId=leaving) for n in range(5)]
    monkeypatch.setattr(retiring, "BATCH", 2)
    monkeypatch.setattr("schema.projects.words.finish", _crash)
    answer = await world.manager.ask(
        "mutation($i: StatusDeleteInput!) { statusDelete(input: $i) { errors { code } } }",
        {"i": {"id": leaving, "expectedVersion": 1, "moveTasksTo": done}},
    )
    assert answer.codes == ["TIMEOUT"]
    error = await world.member.refused("taskCreate", projectId=world.eng["id"], title="New", statusId=leaving)
    assert error["code"] == "NOT_FOUND", "nothing enters it"
    error = await world.manager.refused(
        "statusDelete", id=done, expectedVersion=1, moveTasksTo=world.status("To do")
    )
    assert error["code"] == "VALIDATION_FAILED", "tasks are on their way there"
    document = "query($id: ID!) { node(id: $id) { ... on Status { successor { id } deletedAt tasks { totalCount } } } }"
    half = (await world.viewer.query(document, id=leaving))["node"]
    assert (half["successor"]["id"], half["deletedAt"], half["tasks"]["totalCount"]) == (done, None, 3)
    await retiring.finish_all(service.application.store)
    whole = (await world.viewer.query(document, id=leaving))["node"]
    assert (whole["tasks"]["totalCount"], whole["deletedAt"] is not None) == (0, True)
    await retiring.finish_all(service.application.store)
    assert len(tasks) == 5


async def _crash(*arguments: Any) -> None:
    raise TimedOut


async def test_nothing_enters_a_status_while_it_is_emptied(world: World, log: Log) -> None:
    for round_number in range(3):
        made = await world.owner.do(
            "statusCreate", projectId=world.eng["id"], name=f"Going {round_number}", category="STARTED"
        )
        leaving, task = made["status"]["id"], await world.task()
        used, deleted = await asyncio.gather(
            world.member.answer("taskMove", id=task["id"], expectedVersion=1, statusId=leaving),
            world.manager.answer(
                "statusDelete", id=leaving, expectedVersion=1, moveTasksTo=world.status("Done")
            ),
        )
        assert deleted["errors"] == []
        assert [one["code"] for one in used["errors"]] in ([], ["NOT_FOUND"])
        lost = await log.connection.fetchval(
            "SELECT count(*) FROM tasks t JOIN statuses s ON s.id = t.status_id WHERE s.deleted_at IS NOT NULL"
        )
        assert lost == 0
    await log.check_order()
