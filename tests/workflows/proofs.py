"""What the proofs of mutations need: transitions and templates."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import BLANK, MANAGING, Proof, Proofs
from tests.world import World


async def transition(world: World, name: str = "Start", ends: str = "In progress", **input: object) -> JSON:
    made: JSON = await world.owner.do(
        "transitionCreate", projectId=world.eng["id"], name=name, toStatusId=world.status(ends), **input
    )
    found: JSON = made["transition"]
    return found


async def transition_create(world: World, by: Client) -> JSON:
    first = await transition(world)
    return {
        "projectId": world.eng["id"], "name": "Finish", "fromStatusId": world.status("In progress"),
        "toStatusId": world.status("Done"), "typeId": world.type("bug"),
        "conditions": [
            {"role": "MEMBER"}, {"fields": ["ESTIMATE", "ASSIGNEE"]}, {"blockersDone": True}, {"childrenDone": True},
            {"comment": True}, {"wipLimit": 3},
        ],
        "actions": [
            {"assignToActor": True}, {"setField": {"closeReason": "done"}}, {"closeParent": True},
        ],
        "beforeId": first["id"],
    }  # fmt: skip


async def transition_update(world: World, by: Client) -> JSON:
    found, last = await transition(world, typeId=world.type("bug")), await transition(world, "Finish", "Done")
    return {
        "id": found["id"], "expectedVersion": 1, "name": "Begin", "fromStatusId": world.status("To do"),
        "toStatusId": world.status("Cancelled"), "typeId": world.type("epic"), "conditions": [{"role": "MANAGER"}],
        "actions": [{"setField": {"priority": 1}}], "afterId": last["id"],
    }  # fmt: skip


async def transition_delete(world: World, by: Client) -> JSON:
    return {"id": (await transition(world))["id"], "expectedVersion": 1}


async def workflow(world: World, by: Client) -> JSON:
    await transition(world)
    return {"projectId": world.eng["id"], "template": "KANBAN", "replace": True}


PROOFS: Proofs = {
    "transitionCreate": Proof(
        transition_create,
        ("eng",),
        ("TransitionCreated",),
        {"name": "Else"},
        {"conditions": [{"wipLimit": 0}]},
        **MANAGING,
    ),
    "transitionUpdate": Proof(
        transition_update, ("eng",), ("TransitionUpdated",), {"name": "Else"}, **BLANK, **MANAGING
    ),
    "transitionDelete": Proof(
        transition_delete,
        ("eng",),
        ("TransitionDeleted",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
    "workflowApplyTemplate": Proof(
        workflow,
        ("eng",),
        ("TransitionDeleted", "StatusCreated", *("TransitionCreated",) * 6),
        {"template": "SCRUM"},
        {"replace": False},
        **MANAGING,
    ),
}
