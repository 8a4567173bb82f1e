"""Undoing moves: the way back is one of the workflow's, or the task stays."""

from __future__ import annotations

from tests.invariants import refused_unchanged
from tests.ledger import Log
from tests.workflows.test_transitions import move, way
from tests.world import World

UNDONE = """results { outcome error { code ... on TransitionRefused { reasons { kind } } }
  task { id status { name } assignees { id } } }"""


async def test_a_move_without_a_way_back_stays(world: World, log: Log) -> None:
    """Undone, or taken back to an older version; with what else the edit changed. The refusal says what goes on."""
    await way(world, "Start", "To do", "In progress")
    task = await world.task("Task")
    patch = {"statusId": world.status("In progress"), "title": "Other"}
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=1, patch=patch)
    given = {"id": task["id"], "toVersion": 1, "expectedVersion": 2}
    for refusal in (
        world.member.refused("undo", projectId=world.eng["id"]), world.member.refused("taskRevert", **given),
    ):  # fmt: skip
        error = await refused_unchanged(log, refusal)
        assert error["code"] == "TRANSITION_REFUSED"
        assert [one["kind"] for one in error["reasons"]] == ["NO_TRANSITION"]
    await way(world, "Back", "In progress", "To do")
    (undone,) = (await world.member.do("undo", UNDONE, projectId=world.eng["id"]))["results"]
    assert (undone["outcome"], undone["task"]["status"]["name"]) == ("APPLIED", "To do")


async def test_conditions_hold_on_the_way_back_and_actions_are_not_done(world: World) -> None:
    """Of many those go back that may; no undo comes with a comment."""
    await way(world, "Start", "To do", "In progress")
    actions = [{"assignToActor": True}]
    await way(world, "Back", "In progress", "To do", conditions=[{"fields": ["ESTIMATE"]}], actions=actions)
    tasks = [await world.task(estimate=1.0), await world.task()]
    items = [{"id": task["id"], "expectedVersion": 1} for task in tasks]
    await world.member.do("taskBulkMove", items=items, statusId=world.status("In progress"))
    gone, stays = (await world.member.do("undo", UNDONE, projectId=world.eng["id"]))["results"]
    assert (gone["outcome"], gone["task"]["status"]["name"]) == ("APPLIED", "To do")
    assert gone["task"]["assignees"] == [], "it is what it was"
    assert (stays["outcome"], stays["task"]["status"]["name"]) == ("REFUSED", "In progress")
    assert stays["error"] == {"code": "TRANSITION_REFUSED", "reasons": [{"kind": "FIELDS"}]}
    await way(world, "Finish", "In progress", "Done")
    await way(world, "Reopen", "Done", "In progress", conditions=[{"comment": True}])
    assert (await move(world.member, tasks[1], world.status("Done"), version=2))["errors"] == []
    error = await world.member.refused("undo", projectId=world.eng["id"])
    assert [one["kind"] for one in error["reasons"]] == ["COMMENT_REQUIRED"]
    begun = {"statusId": world.status("In progress"), "comment": "Not done yet."}
    assert (await move(world.member, tasks[1], begun.pop("statusId"), version=3, **begun))["errors"] == []


async def test_what_was_deleted_comes_back_whatever_the_workflow_says(world: World) -> None:
    await way(world, "Start", "To do", "In progress")
    task = await world.task(statusId=world.status("Done"))
    await world.member.do("taskDelete", id=task["id"], expectedVersion=1)
    (back,) = (await world.member.do("undo", UNDONE, projectId=world.eng["id"]))["results"]
    assert (back["outcome"], back["task"]["status"]["name"]) == ("APPLIED", "Done")
