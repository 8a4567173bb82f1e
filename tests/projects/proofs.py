"""What the proofs of mutations need: a project, its members and its words."""

from __future__ import annotations

from tests.client import JSON, Client
from tests.proving import ADMINS, BLANK, COLLEAGUES, MANAGERS, MANAGING, Proof, Proofs, in_workspace
from tests.world import World


async def project_create(world: World, by: Client) -> JSON:
    return {**await in_workspace(world, by), "key": "NEW", "name": "New", "description": "Words."}


async def project_update(world: World, by: Client) -> JSON:
    return {"id": world.eng["id"], "expectedVersion": 1, "name": "Renamed", "description": "Of engines."}


async def project_member_add(world: World, by: Client) -> JSON:
    return {"projectId": world.eng["id"], "userId": world.colleague.user_id, "role": "MEMBER"}


async def project_member(world: World, by: Client) -> JSON:
    return {"projectId": world.eng["id"], "userId": world.viewer.user_id}


async def project_role(world: World, by: Client) -> JSON:
    return {**await project_member(world, by), "role": "MEMBER"}


async def status_create(world: World, by: Client) -> JSON:
    return {
        "projectId": world.eng["id"], "name": "Review", "category": "STARTED", "beforeId": world.status("Done"),
    }  # fmt: skip


async def status_update(world: World, by: Client) -> JSON:
    return {
        "id": world.status("To do"), "expectedVersion": 1, "name": "Next", "color": "#112233", "category": "BACKLOG",
        "afterId": world.status("Done"),
    }  # fmt: skip


async def status_delete(world: World, by: Client) -> JSON:
    await world.task(statusId=world.status("Cancelled"))
    return {"id": world.status("Cancelled"), "expectedVersion": 1, "moveTasksTo": world.status("Done")}


async def word_create(world: World, by: Client) -> JSON:
    return {"projectId": world.eng["id"], "name": "Urgent", "color": "#112233"}


async def label_update(world: World, by: Client) -> JSON:
    return {"id": (await world.label("Old"))["id"], "expectedVersion": 1, "name": "New", "color": "#112233"}


async def label_delete(world: World, by: Client) -> JSON:
    label = await world.label("Old")
    await world.task(labelIds=[label["id"]])
    return {"id": label["id"], "expectedVersion": 1}


async def type_update(world: World, by: Client) -> JSON:
    return {"id": world.type("bug"), "expectedVersion": 1, "name": "defect", "color": "#112233"}


async def type_delete(world: World, by: Client) -> JSON:
    return {"id": world.type("epic"), "expectedVersion": 1}


PROOFS: Proofs = {
    "projectCreate": Proof(
        project_create,
        ("workspace", "inbox:admin"),
        ("ProjectListed", "ScopeAdded"),
        {"name": "Else"},
        {"key": "ENG"},
        may=("owner", "admin", "manager", "member", "viewer", "colleague"),
        sees=COLLEAGUES,
    ),
    "projectUpdate": Proof(
        project_update,
        ("eng",),
        ("ProjectUpdated",),
        {"name": "Else"},
        {"workspaceRole": "ADMIN"},
        may=ADMINS,
    ),
    "projectMemberAdd": Proof(
        project_member_add,
        ("eng", "inbox:colleague"),
        ("ProjectMemberAdded", "ScopeAdded", "InboxItemAdded"),
        {"role": "VIEWER"},
        {"userId": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
    "projectMemberUpdate": Proof(
        project_role,
        ("eng",),
        ("ProjectMemberUpdated",),
        {"role": "VIEWER"},
        {"userId": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
    "projectMemberRemove": Proof(
        project_member,
        ("eng", "inbox:viewer"),
        ("ProjectMemberRemoved", "ScopeRemoved", "InboxItemAdded"),
        {"userId": "missing"},
        {"userId": "missing"},
        "NOT_FOUND",
        may=(*MANAGERS, "viewer"),
    ),
    "statusCreate": Proof(
        status_create, ("eng",), ("StatusCreated",), {"name": "Else"}, {"name": "done"}, **MANAGING
    ),
    "statusUpdate": Proof(
        status_update, ("eng",), ("StatusUpdated",), {"name": "Else"}, {"color": "red"}, **MANAGING
    ),
    "statusDelete": Proof(
        status_delete,
        ("eng",),
        ("StatusUpdated", "TaskMoved", "StatusDeleted"),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
    "labelCreate": Proof(word_create, ("eng",), ("LabelCreated",), {"name": "Else"}, **BLANK, **MANAGING),
    "labelUpdate": Proof(label_update, ("eng",), ("LabelUpdated",), {"name": "Else"}, **BLANK, **MANAGING),
    "labelDelete": Proof(
        label_delete,
        ("eng",),
        ("LabelDeleted",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
    "taskTypeCreate": Proof(
        word_create, ("eng",), ("TaskTypeCreated",), {"name": "Else"}, {"name": "BUG"}, **MANAGING
    ),
    "taskTypeUpdate": Proof(
        type_update, ("eng",), ("TaskTypeUpdated",), {"name": "Else"}, **BLANK, **MANAGING
    ),
    "taskTypeDelete": Proof(
        type_delete,
        ("eng",),
        ("TaskTypeDeleted",),
        {"expectedVersion": 2},
        {"id": "missing"},
        "NOT_FOUND",
        **MANAGING,
    ),
}
