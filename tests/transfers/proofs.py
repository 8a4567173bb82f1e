"""What the proofs of mutations need: tasks that go to another project."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import Proof, Proofs
from tests.world import World


async def task_transfer(world: World, by: Client) -> JSON:
    label = await world.label("Travelling")
    task = await world.task(labelIds=[label["id"]], assigneeIds=[world.member.user_id], description="Words")
    other, child = await world.task("Other"), await world.task("Child", parentId=task["id"])
    comment = await world.comment(task, "First")
    await world.comment(task, "Answer", parentId=comment["id"])
    await world.member.do("linkAdd", sourceId=task["id"], kind="blocks", targetId=other["id"])
    await world.member.do("linkAdd", sourceId=task["id"], kind="relates", targetId=child["id"])
    return {
        "id": task["id"], "projectId": world.ops["id"], "expectedVersion": 1,
        "statusId": world.status("Done", world.ops),
    }  # fmt: skip


PROOFS: Proofs = {
    "taskTransfer": Proof(
        task_transfer,
        ("eng", "ops"),
        (
            "TaskLeft",
            "TaskUpdated",
            "CommentLeft",
            "CommentLeft",
            "LinkAdded",
            "LinkAdded",
            "LabelCreated",
            "TaskArrived",
            "CommentArrived",
            "CommentArrived",
            "LinkAdded",
            "LinkAdded",
        ),
        {"statusId": None},
        {"statusId": "missing"},
        "NOT_FOUND",
        may=("owner", "admin", "member"),
        sees=(),
    ),
}
