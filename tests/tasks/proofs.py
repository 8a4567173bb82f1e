"""What the proofs of mutations need: tasks, one by one and in bulk."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.fields.proofs import one_of_each_field
from tests.proving import VERSION, Proof, Proofs
from tests.world import World


async def task_create(world: World, by: Client) -> JSON:
    label, other = await world.label("Urgent"), await world.task("Other")
    return {
        "projectId": world.eng["id"], "title": "New", "description": "Words 🙂", "priority": 2, "estimate": 1.5,
        "sections": [{"name": "notes", "text": "Notes"}], "statusId": world.status("In progress"),
        "typeId": world.type("bug"), "assigneeIds": [world.viewer.user_id], "labelIds": [label["id"]],
        "parentId": other["id"], "dueDate": "2030-01-31", "closeReason": "none", "externalRef": "X-1",
        "config": [{"key": "a", "value": {"b": [1, None]}}], "beforeId": other["id"],
        "sprintId": (await world.sprint())["id"], "milestoneId": (await world.milestone())["id"],
        "fields": await one_of_each_field(world),
    }  # fmt: skip


async def task_update(world: World, by: Client) -> JSON:
    label, old, parent = await world.label("Urgent"), await world.label("Old"), await world.task("Parent")
    cleared = await world.custom_field("Cleared")
    task = await world.task(
        fields=[{"fieldId": cleared["id"], "value": {"text": "x"}}],
        description="One two three 🙂 four.", labelIds=[old["id"]], assigneeIds=[world.manager.user_id],
        config=[{"key": "a", "value": 1}, {"key": "b", "value": 2}],
    )  # fmt: skip
    patch = {
        "title": "Changed", "description": "One 2 three 🙂 four!", "sections": [{"name": "notes", "text": "New"}],
        "statusId": world.status("Done"), "typeId": world.type("bug"), "priority": 1, "parentId": parent["id"],
        "addAssigneeIds": [world.viewer.user_id], "removeAssigneeIds": [world.manager.user_id],
        "addLabelIds": [label["id"]], "removeLabelIds": [old["id"]], "estimate": 2.0, "dueDate": "2030-01-31",
        "closeReason": "done", "externalRef": "X-2", "sprintId": (await world.sprint())["id"],
        "milestoneId": (await world.milestone())["id"],
        "config": [{"key": "a"}, {"key": "b", "value": {"c": 1}}, {"key": "d", "value": None}],
        "fields": [{"fieldId": cleared["id"]}, *await one_of_each_field(world)],
    }  # fmt: skip
    return {"id": task["id"], "expectedVersion": 1, "patch": patch}


async def task_move(world: World, by: Client) -> JSON:
    first, second = await world.task("First"), await world.task("Second")
    return {
        "id": second["id"], "statusId": world.status("Done"), "expectedVersion": 1, "beforeId": first["id"],
    }  # fmt: skip


async def a_task(world: World, by: Client) -> JSON:
    return {"id": (await world.task())["id"], "expectedVersion": 1}


async def deleted_task(world: World, by: Client) -> JSON:
    task = await a_task(world, by)
    await world.member.do("taskDelete", **task)
    return {**task, "expectedVersion": 2}


async def bulk(world: World, by: Client) -> JSON:
    tasks = [await world.task(f"Task {number}") for number in range(3)]
    items = [{"id": task["id"], "expectedVersion": 1} for task in tasks]
    return {"items": items, "patch": {"statusId": world.status("Done")}}


async def bulk_move(world: World, by: Client) -> JSON:
    return {"items": (await bulk(world, by))["items"], "statusId": world.status("Done")}


async def bulk_deletion(world: World, by: Client) -> JSON:
    return {"items": (await bulk(world, by))["items"]}


PROOFS: Proofs = {
    "taskCreate": Proof(
        task_create,
        ("eng", "inbox:viewer"),
        ("TaskCreated", "InboxItemAdded"),
        {"title": "Else"},
        {"priority": 5},
    ),
    "taskUpdate": Proof(
        task_update,
        ("eng", "inbox:viewer"),
        ("TaskUpdated", "InboxItemAdded"),
        {"patch": {"title": "Else"}},
        {"patch": {"title": ""}},
    ),
    "taskMove": Proof(
        task_move,
        ("eng",),
        ("TaskMoved",),
        {"expectedVersion": 2},
        {"beforeId": "missing"},
        "NOT_FOUND",
    ),
    "taskDelete": Proof(a_task, ("eng",), ("TaskDeleted",), {"onConflict": "MERGE"}, **VERSION),
    "taskRestore": Proof(deleted_task, ("eng",), ("TaskRestored",), {"onConflict": "MERGE"}, **VERSION),
    "taskBulkUpdate": Proof(
        bulk, ("eng",), ("TaskUpdated",) * 3, {"patch": {"priority": 1}}, {"patch": {"title": ""}}
    ),
    "taskBulkMove": Proof(
        bulk_move,
        ("eng",),
        ("TaskMoved",) * 3,
        {"atomic": False},
        {"statusId": "missing"},
        "NOT_FOUND",
    ),
    "taskBulkDelete": Proof(bulk_deletion, ("eng",), ("TaskDeleted",) * 3, {"atomic": False}, {"items": []}),
}
