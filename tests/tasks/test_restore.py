"""Deleting and bringing back, also when what a task stood in is gone."""

from __future__ import annotations

from typing import Any

from tests.client import JSON
from tests.folding import Scope
from tests.invariants import refused_unchanged, verify_events
from tests.ledger import Log
from tests.world import World


async def _deleted(world: World, **given: Any) -> JSON:
    task = await world.task(**given)
    return dict((await world.member.do("taskDelete", id=task["id"], expectedVersion=1))["task"])


async def test_a_deleted_task_is_in_no_list_and_comes_back(world: World, log: Log) -> None:
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        task = await _deleted(world)
        lists = "{ tasks { totalCount } all: tasks(filter: {deleted: {eq: true}}) { totalCount } }"
        found = await world.member.query(lists)
        assert (found["tasks"]["totalCount"], found["all"]["totalCount"]) == (0, 1)
        back = await world.member.do("taskRestore", id=task["id"], expectedVersion=2)
    assert (back["task"]["deletedAt"], back["task"]["version"]) == (None, 3)
    assert verified.kinds == ["TaskCreated", "TaskDeleted", "TaskRestored"]


async def test_deleting_twice_is_deleting_once(world: World, log: Log) -> None:
    task = await _deleted(world)
    before = await log.fingerprint()
    await world.member.do("taskDelete", id=task["id"], expectedVersion=2)
    assert await log.fingerprint() == before


async def test_what_is_deleted_cannot_be_edited(world: World, log: Log) -> None:
    task = await _deleted(world)
    for name, more in (
        ("taskUpdate", {"patch": {"title": "x"}}),
        ("taskMove", {"statusId": world.status("Done")}),
    ):
        error = await refused_unchanged(
            log, world.member.refused(name, id=task["id"], expectedVersion=2, **more)
        )
        assert error["code"] == "VALIDATION_FAILED"


async def test_a_status_that_is_gone_is_replaced_by_one_alike(world: World) -> None:
    project = world.eng["id"]
    status = (await world.owner.do("statusCreate", projectId=project, name="Review", category="STARTED"))[
        "status"
    ]
    task = await _deleted(world, statusId=status["id"])
    await world.owner.do("statusDelete", id=status["id"], expectedVersion=1)
    async with verify_events(world.owner, Scope("project", project)):
        back = await world.member.do("taskRestore", id=task["id"], expectedVersion=2)
    assert back["task"]["status"]["id"] == world.status("In progress")


async def test_a_parent_that_is_gone_is_left(world: World) -> None:
    parent = await world.task()
    task = await _deleted(world, parentId=parent["id"])
    await world.member.do("taskDelete", id=parent["id"], expectedVersion=1)
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        back = await world.member.do("taskRestore", id=task["id"], expectedVersion=2)
    assert back["task"]["parent"] is None


async def test_its_number_is_never_given_again(world: World) -> None:
    task = await _deleted(world)
    assert (task["key"], (await world.task())["key"]) == ("ENG-1", "ENG-2")


async def test_a_restored_task_closes_no_cycle_of_parents(world: World) -> None:
    """While it was away its parent was put below it."""
    parent = await world.task("Parent")
    task = await _deleted(world, parentId=parent["id"])
    moved = await world.member.answer(
        "taskUpdate", id=parent["id"], expectedVersion=1, patch={"parentId": task["id"]}
    )
    assert moved["errors"], "a deleted task is no parent"
