"""Boards over a saved view or a query: their columns show what matches, live too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.boards.proofs import board
from tests.boards.test_boards import shown, titles
from tests.client import JSON
from tests.folding import Scope
from tests.invariants import verify_events
from tests.service import Service
from tests.world import World

ABOUT = "query($id: ID!) { node(id: $id) { ... on Board { version query filter view { id name } } } }"
FOLLOWED = """subscription($p: ID!, $b: ID, $v: ID, $after: String) {
  viewEvents(projectId: $p, boardId: $b, viewId: $v, after: $after) {
    kind reason changes { kind taskId place } } }"""


async def about(world: World, found: JSON) -> JSON:
    node: JSON = (await world.viewer.query(ABOUT, id=found["id"]))["node"]
    return node


async def test_its_columns_show_what_its_view_lists(world: World) -> None:
    """The view changes, and the board with it; it goes, and the board goes on showing what it showed."""
    label = await world.label("bug")
    view = await world.view("Bugs", query="label:bug sort:-priority")
    given: JSON = {"labelIds": [label["id"]], "assigneeIds": [world.viewer.user_id]}
    await world.task("A bug", **given)
    await world.task("No bug", priority=1)
    found = await board(world, viewId=view["id"], swimlanes="ASSIGNEE")
    told = await shown(world.viewer, found)
    todo = told["columns"][0]
    assert (titles(todo), todo["count"], todo["cards"]["totalCount"]) == (["A bug"], 1, 1)
    assert [lane["user"] and lane["user"]["id"] for lane in told["lanes"]] == [world.viewer.user_id]
    lane = await shown(world.viewer, found, lane=told["lanes"][0]["key"])
    assert titles(lane["columns"][0]) == ["A bug"]
    assert (await about(world, found))["view"] == {"id": view["id"], "name": "Bugs"}

    changed = await world.member.do("viewUpdate", id=view["id"], expectedVersion=1, query="-label:bug")
    assert titles((await shown(world.viewer, found))["columns"][0]) == ["No bug"]
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        await world.member.do("viewDelete", id=view["id"], expectedVersion=changed["view"]["version"])
    assert verified.kinds == ["ViewRemoved", "BoardUpdated"]
    kept = await about(world, found)
    assert (kept["view"], kept["query"], kept["version"]) == (None, "-label:bug", 2)
    assert titles((await shown(world.viewer, found))["columns"][0]) == ["No bug"]
    await world.owner.do("boardUpdate", id=found["id"], expectedVersion=2, query=None)
    assert titles((await shown(world.viewer, found))["columns"][0]) == ["A bug", "No bug"]


@pytest.mark.parametrize("swimlanes", ["PRIORITY", "EPIC", "LABEL"])
async def test_only_lanes_of_what_it_shows(world: World, swimlanes: str) -> None:
    epic, label = await world.task("Epic", typeId=world.type("epic")), await world.label("bug")
    await world.task("In it", parentId=epic["id"], priority=2, labelIds=[label["id"]], estimate=1)
    await world.task("Other", priority=3)
    found = await board(world, query="estimate:1", swimlanes=swimlanes)
    (lane,) = (await shown(world.viewer, found))["lanes"]
    told = {"PRIORITY": lane["priority"], "EPIC": lane["epic"], "LABEL": lane["label"]}[swimlanes]
    assert told in (2, {"id": epic["id"]}, {"id": label["id"]})


async def test_boards_over_different_views_take_as_many_statements_as_over_two(
    world: World, service: Service
) -> None:
    document = """query($id: ID!) { node(id: $id) { ... on Project { boards {
      query view { id } lanes { key } columns { count cards(first: 2) { totalCount nodes { title } } }
    } } } }"""
    await world.task("Third", priority=3)
    counts, boards = [], []
    for number in range(4):
        view = await world.view(f"Of {number}", query=f"priority:{number}")
        await board(world, f"Own {number}", query=f"priority:<{number + 1}", swimlanes="PRIORITY")
        await board(world, f"View {number}", viewId=view["id"], swimlanes="PRIORITY")
        with service.statements() as counted:
            boards = (await world.viewer.query(document, id=world.eng["id"]))["node"]["boards"]
        counts.append(len(counted))
    assert counts[1] == counts[3]
    assert [one["columns"][0]["count"] for one in boards] == [0, 0, 0, 0, 0, 0, 1, 1]
    assert [len(one["columns"][0]["cards"]["nodes"]) for one in boards] == [0, 0, 0, 0, 0, 0, 1, 1]


async def test_what_no_board_can_show(world: World) -> None:
    own = await world.view("Own", by="owner", shared=False)
    elsewhere = await world.view("Elsewhere", by="owner", projectId=world.ops["id"])
    hidden = await world.view("Hidden", by="owner", projectId=world.secret["id"])
    refuses = [{"name": "R", "statusIds": [world.status("To do")], "limit": 1, "limitMode": "REFUSE"}]
    shared = await world.view("Shared")
    for given, code, path in (
        ({"viewId": own["id"]}, "VALIDATION_FAILED", "viewId"),
        ({"viewId": elsewhere["id"]}, "VALIDATION_FAILED", "viewId"),
        ({"viewId": shared["id"], "query": "is:open"}, "VALIDATION_FAILED", "query"),
        ({"query": "is:open sort:due"}, "VALIDATION_FAILED", "query"),
        ({"query": "nothing:such"}, "QUERY_INVALID", "query"),
        ({"query": "is:open", "columns": refuses}, "VALIDATION_FAILED", "columns"),
    ):
        error = await world.owner.refused("boardCreate", projectId=world.eng["id"], name="B", **given)
        assert (error["code"], error["path"][0]) == (code, path), given
    error = await world.manager.refused(
        "boardCreate", projectId=world.eng["id"], name="B", viewId=hidden["id"]
    )
    assert error["code"] == "NOT_FOUND"
    refusing = await board(world, columns=refuses)
    error = await world.owner.refused(
        "boardUpdate", id=refusing["id"], expectedVersion=1, viewId=shared["id"]
    )
    assert error["code"] == "VALIDATION_FAILED"


async def test_its_cards_are_followed(world: World) -> None:
    """What enters, moves within and leaves it; who changes it, or its view, makes another list."""
    view = await world.view("Mine", query="priority:1")
    found = await board(world, viewId=view["id"])
    task = await world.task("Card", priority=2)
    asked: dict[str, Any] = {"p": world.eng["id"], "b": found["id"]}
    async with world.viewer.socket() as socket:
        operation = await socket.start(FOLLOWED, **asked)

        async def frame() -> JSON:
            told: JSON = (await socket.message(operation))["payload"]["data"]["viewEvents"]
            return told

        assert (await frame())["kind"] == "HEARTBEAT"
        edit: JSON = {"id": task["id"], "expectedVersion": None, "onConflict": "OVERWRITE"}
        await world.member.do("taskUpdate", **edit, patch={"priority": 1})
        (change,) = (await frame())["changes"]
        assert (change["kind"], change["taskId"], len(change["place"])) == ("ENTERED", task["id"], 2)
        await world.member.do("taskMove", **edit, statusId=world.status("Done"))
        assert [one["kind"] for one in (await frame())["changes"]] == ["CHANGED"]
        await world.member.do("taskMove", **edit, statusId=world.status("Backlog"))
        assert [one["kind"] for one in (await frame())["changes"]] == ["LEFT"], "no column is of this status"
        await world.member.do("viewUpdate", id=view["id"], expectedVersion=1, query="priority:2")
        last = await frame()
        assert (last["kind"], last["reason"]) == ("RESYNC", "VIEW_CHANGED")
        for more, code in (({"v": view["id"]}, "BAD_USER_INPUT"), ({"p": world.ops["id"]}, "NOT_FOUND")):
            operation = await socket.start(FOLLOWED, **asked | more)
            message = await socket.message(operation)
            assert message["type"] == "error", message
            assert message["payload"][0]["extensions"]["code"] == code


async def test_the_backlog_without_what_is_in_a_sprint(world: World) -> None:
    sprint, backlog = await world.sprint(), world.status("Backlog")
    await world.task("Planned", statusId=backlog, sprintId=sprint["id"])
    await world.task("Open", statusId=backlog)
    document = """query($id: ID!, $in: Boolean) { node(id: $id) { ... on Project {
      backlog(inSprint: $in) { totalCount nodes { title } } } } }"""
    for asked, names in ((None, ["Planned", "Open"]), (True, ["Planned"]), (False, ["Open"])):
        found = (await world.viewer.query(document, id=world.eng["id"], **{"in": asked}))["node"]["backlog"]
        assert [one["title"] for one in found["nodes"]] == names
        assert found["totalCount"] == len(names)
