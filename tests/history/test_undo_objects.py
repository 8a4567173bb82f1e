"""Undoing what was done to other things than tasks: by any mutation of theirs, and undone again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.boards.proofs import board
from tests.client import JSON, new_key
from tests.folding import Scope
from tests.invariants import refused_unchanged, verify_events
from tests.ledger import Log
from tests.proofs import PROOFS
from tests.world import World

SILENT = ("version", "updatedAt", "rank")
MUTATIONS = [
    f"{noun}{verb}"
    for noun in (
        "label",
        "status",
        "taskType",
        "sprint",
        "milestone",
        "customField",
        "transition",
        "board",
        "view",
    )
    for verb in ("Create", "Update", "Delete")
    if (noun, verb) not in (("label", "Delete"), ("status", "Delete"), ("customField", "Delete"))
]
MUTATIONS += ["commentAdd", "commentUpdate", "commentDelete", "commentRestore", "linkAdd", "linkRemove"]
MUTATIONS += ["milestoneRelease"]


async def living(world: World) -> dict[str, JSON]:
    """What is there, not deleted: all but versions and places."""
    copy = await Scope("project", world.eng["id"]).fetch(world.owner)
    return {
        one: {name: value for name, value in state.items() if name not in SILENT}
        for one, state in copy.objects.items()
        if not state.get("deletedAt")
    }


@pytest.mark.parametrize("name", MUTATIONS)
async def test_what_a_mutation_did_is_undone_and_redone(world: World, name: str) -> None:
    """What is there afterwards is what was there before; and once more, what was there after it."""
    by = world.member if name.startswith("comment") else world.owner
    given = await PROOFS[name].prepare(world, by)
    before, key = await living(world), new_key()
    await by.do(name, **given, clientMutationId=key)
    after = await living(world)
    assert after != before
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        payload = await by.do("undo", projectId=world.eng["id"], mutationId=key)
    assert all(one["outcome"] == "APPLIED" for one in payload["results"])
    assert {event["batchId"] for event in verified.events[0]} == {payload["batchId"]}
    assert await living(world) == before
    await by.do("undo", projectId=world.eng["id"], batchId=payload["batchId"])
    assert await living(world) == after


async def test_the_last_change_of_whatever_kind(world: World) -> None:
    """One after the other; who sees the project is not among them."""
    task = await world.task("Task", by="owner")
    label = await world.label("Red")
    comment = await world.comment(task, "Said", by="owner")
    await world.owner.do("commentUpdate", id=comment["id"], expectedVersion=1, body="Said otherwise")
    await world.owner.do("labelUpdate", id=label["id"], expectedVersion=1, name="Blue")
    await world.owner.do(
        "projectUpdate", id=world.eng["id"], expectedVersion=world.eng["version"], visibility="WORKSPACE"
    )
    document = """query($l: ID!, $c: ID!) { label: node(id: $l) { ... on Label { name deletedAt } }
      comment: node(id: $c) { ... on Comment { body deletedAt } } }"""
    found, shown = [], JSON()
    for _ in range(4):
        payload = await world.owner.do("undo", "results { object { id } }", projectId=world.eng["id"])
        shown = await world.owner.query(document, l=label["id"], c=comment["id"])
        found.append(
            (payload["results"][0]["object"]["id"], shown["label"]["name"], shown["comment"]["body"])
        )
    red, blue = (label["id"], "Red"), (comment["id"], "Red")
    assert [(one, name) for one, name, _ in found] == [red, blue, blue, red]
    assert [body for *_, body in found] == ["Said otherwise", "Said", "", ""]
    assert shown["label"]["deletedAt"] is not None


async def test_what_others_built_on_it(world: World, log: Log) -> None:
    label, (one, other) = await world.label("Red"), (new_key(), new_key())
    place: dict[str, Any] = {"projectId": world.eng["id"]}
    await world.owner.do("labelUpdate", id=label["id"], expectedVersion=1, name="Blue", clientMutationId=one)
    await world.admin.do("labelUpdate", id=label["id"], expectedVersion=2, name="Green")
    error = await refused_unchanged(log, world.owner.refused("undo", **place, mutationId=one))
    assert (error["code"], [clash["field"] for clash in error["clashes"]]) == ("VERSION_CONFLICT", ["name"])
    await world.owner.do("labelDelete", id=label["id"], expectedVersion=3, clientMutationId=other)
    await world.admin.do("labelCreate", **place, name="green")
    error = await refused_unchanged(log, world.owner.refused("undo", **place, mutationId=other))
    assert error["code"] == "VALIDATION_FAILED", "there is another of this name"
    comment = await world.comment(await world.task(), "First words of a comment.", by="member")
    key = new_key()
    await world.member.do(
        "commentUpdate",
        id=comment["id"],
        expectedVersion=1,
        body="Other words of a comment.",
        clientMutationId=key,
    )
    await world.member.do(
        "commentUpdate", id=comment["id"], expectedVersion=2, body="Other words of a comment!"
    )
    await world.member.do("undo", **place, mutationId=key)
    document = "query($id: ID!) { node(id: $id) { ... on Comment { body } } }"
    assert (await world.member.query(document, id=comment["id"]))["node"][
        "body"
    ] == "First words of a comment!"


async def test_moves_go_back_with_their_comments(world: World) -> None:
    tasks = [await world.task(f"Task {n}") for n in range(2)]
    items = [{"id": one["id"], "expectedVersion": 1} for one in tasks]
    before = await living(world)
    moved = await world.member.do("taskBulkMove", items=items, statusId=world.status("Done"), comment="Done.")
    payload = await world.member.do("undo", projectId=world.eng["id"], batchId=moved["batchId"])
    assert [one["outcome"] for one in payload["results"]] == ["APPLIED"] * 4
    assert await living(world) == before


async def test_what_has_no_way_back_says_so(world: World, log: Log) -> None:
    sprint, key = await world.sprint(), new_key()
    await world.owner.do("sprintStart", id=sprint["id"], expectedVersion=1, clientMutationId=key)
    error = await refused_unchanged(
        log, world.owner.refused("undo", projectId=world.eng["id"], mutationId=key)
    )
    assert error["code"] == "VALIDATION_FAILED"
    key = new_key()
    await world.owner.do(
        "projectUpdate",
        id=world.eng["id"],
        expectedVersion=world.eng["version"],
        name="N",
        visibility="WORKSPACE",
        clientMutationId=key,
    )
    error = await world.owner.refused("undo", projectId=world.eng["id"], mutationId=key)
    assert (error["code"], "change it back" in error["message"]) == ("VALIDATION_FAILED", True)


async def test_what_has_no_way_back_bars_no_older_change(world: World, log: Log) -> None:
    """It is named, with what one says to go on to the one before it; so is what others have built on."""
    sprint, place = await world.sprint(), {"projectId": world.eng["id"]}
    tasks = [await world.task(title, by="owner") for title in "AB"]
    for task in tasks:
        patch = {"title": "Else", "priority": 2}
        await world.owner.do("taskUpdate", id=task["id"], expectedVersion=1, patch=patch)
    await world.owner.do("sprintStart", id=sprint["id"], expectedVersion=1)
    error = await refused_unchanged(log, world.owner.refused("undo", **place))
    assert (error["code"], "SprintStarted" in error["message"]) == ("VALIDATION_FAILED", True)
    seq = (await world.position())["seq"]
    assert f"`beforeSeq: {seq}`" in error["message"]
    theirs = {"id": tasks[1]["id"], "expectedVersion": 2, "patch": {"priority": 4}}
    await world.member.do("taskUpdate", **theirs)
    error = await refused_unchanged(log, world.owner.refused("undo", **place, beforeSeq=seq))
    assert (error["code"], f"`beforeSeq: {seq - 1}`" in error["message"]) == ("VERSION_CONFLICT", True)
    done = await world.owner.do("undo", "results { task { title priority } }", **place, beforeSeq=seq - 1)
    assert done["results"] == [{"task": {"title": "A", "priority": 0}}]
    error = await world.owner.refused("undo", **place, beforeSeq=seq, batchId=new_key())
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["beforeSeq"])


async def test_settings_go_back_but_not_who_sees_it(world: World, log: Log) -> None:
    document = """query($id: ID!) { node(id: $id) { ... on Project { name description conflictPolicy visibility
      archivedAt version } } }"""

    async def shown() -> JSON:
        found: JSON = (await world.owner.query(document, id=world.eng["id"]))["node"]
        return {**found, "version": None, "archivedAt": bool(found["archivedAt"])}

    async def change(by: str = "owner", **values: Any) -> str:
        found, key = (await world.owner.query(document, id=world.eng["id"]))["node"], new_key()
        given = {"id": world.eng["id"], "expectedVersion": found["version"], "clientMutationId": key}
        await world.person(by).do("projectUpdate", **given, **values)
        return key

    first, place = await shown(), {"projectId": world.eng["id"]}
    await change(name="Named", description="Of engines.", conflictPolicy="REJECT")
    second = await shown()
    await change(archived=True)
    await change(visibility="WORKSPACE" if first["visibility"] == "PRIVATE" else "PRIVATE")
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        archived = await world.owner.do("undo", "batchId results { object { id } }", **place)
    assert archived["results"][0]["object"]["id"] == world.eng["id"]
    assert (await shown()) | {"visibility": 0} == second | {"visibility": 0}, (
        "not archived; who sees it stays"
    )
    await world.owner.do("undo", **place, batchId=archived["batchId"])
    assert (await shown())["archivedAt"], "done again"
    await change(archived=False)
    key = await change(name="Third")
    await change("admin", name="Theirs")
    error = await refused_unchanged(log, world.owner.refused("undo", **place, mutationId=key))
    assert (error["code"], [one["field"] for one in error["clashes"]]) == ("VERSION_CONFLICT", ["name"])
    error = await refused_unchanged(log, world.member.refused("undo", **place, mutationId=key))
    assert error["code"] == "NOT_FOUND", "another's"


async def test_a_view_comes_back_under_its_boards(world: World) -> None:
    view = await world.view("Bugs", by="owner", query="priority:1")
    over = await board(world, viewId=view["id"])
    before, key = await living(world), new_key()
    await world.owner.do("viewDelete", id=view["id"], expectedVersion=1, clientMutationId=key)
    document = "query($id: ID!) { node(id: $id) { ... on Board { query view { id version } } } }"
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        undone = await world.owner.do("undo", projectId=world.eng["id"], mutationId=key)
    assert await living(world) == before
    shown = (await world.owner.query(document, id=over["id"]))["node"]
    assert shown["view"] == {"id": view["id"], "version": 2}
    await world.owner.do("undo", projectId=world.eng["id"], batchId=undone["batchId"])
    assert (await world.owner.query(document, id=over["id"]))["node"] == {
        "query": "priority:urgent",
        "view": None,
    }


@pytest.mark.parametrize("noun", ["label", "customField", "sprint", "milestone", "status"])
async def test_what_tasks_have_is_not_taken_from_them(world: World, log: Log, noun: str) -> None:
    given: JSON = {"status": {"category": "STARTED"}, "customField": {"kind": "TEXT"}}.get(noun, {})
    place = {"projectId": world.eng["id"]}
    made = (await world.owner.do(f"{noun}Create", **place, name="Used", **given))[noun]
    used: dict[str, JSON] = {
        "label": {"labelIds": [made["id"]]},
        "customField": {"fields": [{"fieldId": made["id"], "value": {"text": "x"}}]},
        **{one: {f"{one}Id": made["id"]} for one in ("sprint", "milestone", "status")},
    }  # fmt: skip
    task = await world.task(**used[noun])
    error = await refused_unchanged(log, world.owner.refused("undo", **place))
    assert (error["code"], "1 tasks" in error["message"]) == ("VALIDATION_FAILED", True)
    await world.member.do("taskDelete", id=task["id"], expectedVersion=1)
    if noun != "status":  # a deleted task keeps its own
        await world.owner.do("undo", **place)
        assert made["id"] not in await living(world)


@pytest.mark.parametrize("noun", ["label", "status", "customField"])
async def test_what_no_task_has_is_there_again(world: World, log: Log, noun: str) -> None:
    """What tasks have would come back to them unheard of by who loaded them without it."""
    given: JSON = {"category": "STARTED"} if noun == "status" else {}
    if noun == "customField":
        given = {"kind": "TEXT"}
    place = {"projectId": world.eng["id"]}
    made = (await world.owner.do(f"{noun}Create", **place, name="Used", **given))[noun]
    before = await living(world)
    await world.owner.do(f"{noun}Delete", id=made["id"], expectedVersion=1)
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        payload = await world.owner.do("undo", **place)
    assert await living(world) == before
    await world.owner.do("undo", **place, batchId=payload["batchId"])
    assert made["id"] not in await living(world)
    await world.owner.do("undo", **place)
    used: dict[str, JSON] = {
        "label": {"labelIds": [made["id"]]},
        "customField": {"fields": [{"fieldId": made["id"], "value": {"text": "x"}}]},
        "status": {"statusId": made["id"]},
    }  # fmt: skip
    await world.task(**used[noun])
    key, version = new_key(), 5
    more = {"moveTasksTo": world.status("Done")} if noun == "status" else {}
    await world.owner.do(
        f"{noun}Delete", id=made["id"], expectedVersion=version, **more, clientMutationId=key
    )
    error = await refused_unchanged(log, world.owner.refused("undo", **place, mutationId=key))
    assert error["code"] == "VALIDATION_FAILED"
