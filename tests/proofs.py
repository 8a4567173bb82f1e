"""Every mutation, with what its proofs need: one entry each, and a mutation without one fails the suite."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.client import JSON, Client
from tests.folding import Scope
from tests.world import World

Prepare = Callable[[World, Client], Awaitable[JSON]]
"""Makes what a mutation needs, as whoever shall send it will find it; its input."""

EDITORS = ("owner", "admin", "manager", "member", "guest")
MANAGERS = ("owner", "admin", "manager")
ADMINS = ("owner", "admin")
INSIDE = (*EDITORS, "viewer")
COLLEAGUES = (*INSIDE, "colleague")


@dataclass(frozen=True)
class Proof:
    """What is known of a mutation.

    `may`: who may send it; of the others those of `sees` are told that they may not, the rest that it is not there.
    `scopes`: what it changes (as `owner` sees it, inboxes as their person), with `kinds`, its events there in order.
    `other`: a change of its input that asks for something else. `wrong`: one that is refused, and the code.
    """

    prepare: Prepare
    scopes: tuple[str, ...]
    kinds: tuple[str, ...]
    other: JSON
    wrong: JSON
    code: str = "VALIDATION_FAILED"
    may: tuple[str, ...] = EDITORS
    sees: tuple[str, ...] = INSIDE
    versioned: bool = False
    more: dict[str, Prepare] = field(default_factory=dict)


def scope_of(world: World, name: str) -> tuple[Client, Scope]:
    """Who verifies a scope, and the scope: `eng`, `workspace`, `directory`, `inbox:member` …"""
    kind, _, person = name.partition(":")
    if kind == "inbox":
        return world.person(person), Scope("inbox")
    if kind in ("workspace", "directory"):
        return world.owner, Scope(kind, world.workspace["id"])
    return world.owner, Scope("project", getattr(world, kind)["id"])


def _fixed(**input: object) -> Prepare:
    async def prepare(world: World, by: Client) -> JSON:
        return dict(input)

    return prepare


async def _profile(world: World, by: Client) -> JSON:
    found = await by.query("{ viewer { user { version } } }")
    return {"expectedVersion": found["viewer"]["user"]["version"], "name": "Renamed"}


async def _in_workspace(world: World, by: Client) -> JSON:
    return {"workspaceId": world.workspace["id"]}


async def _workspace_update(world: World, by: Client) -> JSON:
    return {"id": world.workspace["id"], "expectedVersion": world.workspace["version"], "name": "Renamed"}


async def _newcomer(world: World, by: Client) -> JSON:
    return {**await _in_workspace(world, by), "email": world.outsider.email, "role": "MEMBER"}


async def _workspace_member(world: World, by: Client) -> JSON:
    return {**await _in_workspace(world, by), "userId": world.viewer.user_id}


async def _workspace_role(world: World, by: Client) -> JSON:
    return {**await _workspace_member(world, by), "role": "GUEST"}


async def _project_create(world: World, by: Client) -> JSON:
    return {**await _in_workspace(world, by), "key": "NEW", "name": "New", "description": "Words."}


async def _project_update(world: World, by: Client) -> JSON:
    return {"id": world.eng["id"], "expectedVersion": 1, "name": "Renamed", "description": "Of engines."}


async def _project_member_add(world: World, by: Client) -> JSON:
    return {"projectId": world.eng["id"], "userId": world.colleague.user_id, "role": "MEMBER"}


async def _project_member(world: World, by: Client) -> JSON:
    return {"projectId": world.eng["id"], "userId": world.viewer.user_id}


async def _project_role(world: World, by: Client) -> JSON:
    return {**await _project_member(world, by), "role": "MEMBER"}


async def _status_create(world: World, by: Client) -> JSON:
    return {
        "projectId": world.eng["id"], "name": "Review", "category": "STARTED", "beforeId": world.status("Done"),
    }  # fmt: skip


async def _status_update(world: World, by: Client) -> JSON:
    return {
        "id": world.status("To do"), "expectedVersion": 1, "name": "Next", "color": "#112233", "category": "BACKLOG",
        "afterId": world.status("Done"),
    }  # fmt: skip


async def _status_delete(world: World, by: Client) -> JSON:
    return {"id": world.status("Cancelled"), "expectedVersion": 1}


async def _word_create(world: World, by: Client) -> JSON:
    return {"projectId": world.eng["id"], "name": "Urgent", "color": "#112233"}


async def _label_update(world: World, by: Client) -> JSON:
    return {"id": (await world.label("Old"))["id"], "expectedVersion": 1, "name": "New", "color": "#112233"}


async def _label_delete(world: World, by: Client) -> JSON:
    label = await world.label("Old")
    await world.task(labelIds=[label["id"]])
    return {"id": label["id"], "expectedVersion": 1}


async def _type_update(world: World, by: Client) -> JSON:
    return {"id": world.type("bug"), "expectedVersion": 1, "name": "defect", "color": "#112233"}


async def _type_delete(world: World, by: Client) -> JSON:
    return {"id": world.type("epic"), "expectedVersion": 1}


async def _task_create(world: World, by: Client) -> JSON:
    label, other = await world.label("Urgent"), await world.task("Other")
    return {
        "projectId": world.eng["id"], "title": "New", "description": "Words 🙂", "priority": 2, "estimate": 1.5,
        "sections": [{"name": "notes", "text": "Notes"}], "statusId": world.status("In progress"),
        "typeId": world.type("bug"), "assigneeIds": [world.viewer.user_id], "labelIds": [label["id"]],
        "parentId": other["id"], "dueDate": "2030-01-31", "closeReason": "none", "externalRef": "X-1",
        "config": [{"key": "a", "value": {"b": [1, None]}}], "beforeId": other["id"],
    }  # fmt: skip


async def _task_update(world: World, by: Client) -> JSON:
    label, old, parent = await world.label("Urgent"), await world.label("Old"), await world.task("Parent")
    task = await world.task(
        description="One two three 🙂 four.", labelIds=[old["id"]], assigneeIds=[world.manager.user_id],
        config=[{"key": "a", "value": 1}, {"key": "b", "value": 2}],
    )  # fmt: skip
    patch = {
        "title": "Changed", "description": "One 2 three 🙂 four!", "sections": [{"name": "notes", "text": "New"}],
        "statusId": world.status("Done"), "typeId": world.type("bug"), "priority": 1, "parentId": parent["id"],
        "addAssigneeIds": [world.viewer.user_id], "removeAssigneeIds": [world.manager.user_id],
        "addLabelIds": [label["id"]], "removeLabelIds": [old["id"]], "estimate": 2.0, "dueDate": "2030-01-31",
        "closeReason": "done", "externalRef": "X-2",
        "config": [{"key": "a"}, {"key": "b", "value": {"c": 1}}, {"key": "d", "value": None}],
    }  # fmt: skip
    return {"id": task["id"], "expectedVersion": 1, "patch": patch}


async def _bulk(world: World, by: Client) -> JSON:
    tasks = [await world.task(f"Task {number}") for number in range(3)]
    items = [{"id": task["id"], "expectedVersion": 1} for task in tasks]
    return {"items": items, "patch": {"statusId": world.status("Done")}}


async def _task_move(world: World, by: Client) -> JSON:
    first, second = await world.task("First"), await world.task("Second")
    return {
        "id": second["id"], "statusId": world.status("Done"), "expectedVersion": 1, "beforeId": first["id"],
    }  # fmt: skip


async def _task(world: World, by: Client) -> JSON:
    return {"id": (await world.task())["id"], "expectedVersion": 1}


async def _deleted_task(world: World, by: Client) -> JSON:
    task = await _task(world, by)
    await world.member.do("taskDelete", **task)
    return {**task, "expectedVersion": 2}


async def _task_transfer(world: World, by: Client) -> JSON:
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


async def _comment_add(world: World, by: Client) -> JSON:
    task = await world.task()
    comment = await world.comment(task, "Question?")
    body = f"Ask @[Viewer](user:{world.uuid('viewer')}) 🙂"
    return {"taskId": task["id"], "body": body, "parentId": comment["id"]}


async def _comment(world: World, by: Client) -> JSON:
    return {"id": (await world.comment(await world.task(), "One two three"))["id"], "expectedVersion": 1}


async def _comment_update(world: World, by: Client) -> JSON:
    return {**await _comment(world, by), "body": f"One 2 three @[Viewer](user:{world.uuid('viewer')})"}


async def _deleted_comment(world: World, by: Client) -> JSON:
    comment = await _comment(world, by)
    await world.member.do("commentDelete", **comment)
    return {**comment, "expectedVersion": 2}


async def _link_add(world: World, by: Client) -> JSON:
    source, target = await world.task("Source"), await world.task("Target")
    return {"sourceId": source["id"], "kind": "blocks", "targetId": target["id"]}


async def _link(world: World, by: Client) -> JSON:
    link = (await world.member.do("linkAdd", **await _link_add(world, by)))["link"]
    return {"id": link["id"]}


async def _inbox_items(world: World, by: Client) -> JSON:
    await world.task(assigneeIds=[world.member.user_id], by="manager")
    found = await world.member.query("{ inbox { items(first: 1) { nodes { id } } } }")
    return {"ids": [found["inbox"]["items"]["nodes"][0]["id"]]}


_IN_WORKSPACE = {"may": ADMINS, "sees": COLLEAGUES}
_MANAGING = {"may": MANAGERS, "sees": INSIDE}
_STALE = {"versioned": True}
_BLANK: JSON = {"wrong": {"name": " "}}
_VERSION: JSON = {"wrong": {"expectedVersion": 99}}

PROOFS: dict[str, Proof] = {
    "profileUpdate": Proof(_profile, ("directory",), ("PersonUpdated",), {"name": "Else"}, **_BLANK, may=("member",),
                           versioned=True),
    "workspaceCreate": Proof(_fixed(name="Mine"), (), (), {"name": "Else"}, **_BLANK, may=(*COLLEAGUES, "outsider")),
    "workspaceUpdate": Proof(_workspace_update, ("workspace",), ("WorkspaceUpdated",), {"name": "Else"}, **_BLANK,
                             **_IN_WORKSPACE, versioned=True),
    "workspaceMemberAdd": Proof(
        _newcomer, ("workspace", "directory", "inbox:outsider"),
        ("WorkspaceMemberAdded", "PersonAdded", "InboxItemAdded"), {"role": "GUEST"}, {"email": "no"}, **_IN_WORKSPACE),
    "workspaceMemberUpdate": Proof(_workspace_role, ("workspace",), ("WorkspaceMemberUpdated",), {"role": "MEMBER"},
                                   {"userId": "missing"}, "NOT_FOUND", **_IN_WORKSPACE),
    "workspaceMemberRemove": Proof(
        _workspace_member, ("workspace", "directory", "eng", "inbox:viewer"),
        ("WorkspaceMemberRemoved", "PersonRemoved", "ProjectMemberRemoved", "InboxItemAdded"), {"userId": "missing"},
        {"userId": "missing"}, "NOT_FOUND", may=(*ADMINS, "viewer"), sees=COLLEAGUES),
    "projectCreate": Proof(_project_create, ("workspace",), ("ProjectListed",), {"name": "Else"}, {"key": "ENG"},
                           may=("owner", "admin", "manager", "member", "viewer", "colleague"), sees=COLLEAGUES),
    "projectUpdate": Proof(_project_update, ("eng",), ("ProjectUpdated",), {"name": "Else"}, **_BLANK, may=ADMINS,
                           versioned=True),
    "projectMemberAdd": Proof(_project_member_add, ("eng", "inbox:colleague"), ("ProjectMemberAdded", "InboxItemAdded"),
                              {"role": "VIEWER"}, {"userId": "missing"}, "NOT_FOUND", **_MANAGING),
    "projectMemberUpdate": Proof(_project_role, ("eng",), ("ProjectMemberUpdated",), {"role": "VIEWER"},
                                 {"userId": "missing"}, "NOT_FOUND", **_MANAGING),
    "projectMemberRemove": Proof(_project_member, ("eng", "inbox:viewer"), ("ProjectMemberRemoved", "InboxItemAdded"),
                                 {"userId": "missing"}, {"userId": "missing"}, "NOT_FOUND", may=(*MANAGERS, "viewer")),
    "statusCreate": Proof(_status_create, ("eng",), ("StatusCreated",), {"name": "Else"}, {"name": "done"}, **_MANAGING),
    "statusUpdate": Proof(_status_update, ("eng",), ("StatusUpdated",), {"name": "Else"}, {"color": "red"}, **_MANAGING,
                          **_STALE),
    "statusDelete": Proof(_status_delete, ("eng",), ("StatusDeleted",), {"expectedVersion": 2}, {"id": "missing"},
                          "NOT_FOUND", **_MANAGING, **_STALE),
    "labelCreate": Proof(_word_create, ("eng",), ("LabelCreated",), {"name": "Else"}, **_BLANK, **_MANAGING),
    "labelUpdate": Proof(_label_update, ("eng",), ("LabelUpdated",), {"name": "Else"}, **_BLANK, **_MANAGING, **_STALE),
    "labelDelete": Proof(_label_delete, ("eng",), ("LabelDeleted",), {"expectedVersion": 2}, {"id": "missing"},
                         "NOT_FOUND", **_MANAGING, **_STALE),
    "taskTypeCreate": Proof(_word_create, ("eng",), ("TaskTypeCreated",), {"name": "Else"}, {"name": "BUG"}, **_MANAGING),
    "taskTypeUpdate": Proof(_type_update, ("eng",), ("TaskTypeUpdated",), {"name": "Else"}, **_BLANK, **_MANAGING,
                            **_STALE),
    "taskTypeDelete": Proof(_type_delete, ("eng",), ("TaskTypeDeleted",), {"expectedVersion": 2}, {"id": "missing"},
                            "NOT_FOUND", **_MANAGING, **_STALE),
    "taskCreate": Proof(_task_create, ("eng", "inbox:viewer"), ("TaskCreated", "InboxItemAdded"), {"title": "Else"},
                        {"priority": 5}),
    "taskUpdate": Proof(_task_update, ("eng", "inbox:viewer"), ("TaskUpdated", "InboxItemAdded"),
                        {"patch": {"title": "Else"}}, {"patch": {"title": ""}}, **_STALE),
    "taskBulkUpdate": Proof(_bulk, ("eng",), ("TaskUpdated",) * 3, {"patch": {"priority": 1}}, {"patch": {"title": ""}}),
    "taskMove": Proof(_task_move, ("eng",), ("TaskMoved",), {"expectedVersion": 2}, {"beforeId": "missing"}, "NOT_FOUND",
                      **_STALE),
    "taskDelete": Proof(_task, ("eng",), ("TaskDeleted",), {"onConflict": "MERGE"}, **_VERSION, **_STALE),
    "taskRestore": Proof(_deleted_task, ("eng",), ("TaskRestored",), {"onConflict": "MERGE"}, **_VERSION, **_STALE),
    "taskTransfer": Proof(
        _task_transfer, ("eng", "ops"),
        ("TaskLeft", "TaskUpdated", "CommentLeft", "CommentLeft", "LinkAdded", "LinkAdded",
         "LabelCreated", "TaskArrived", "CommentArrived", "CommentArrived", "LinkAdded", "LinkAdded"),
        {"statusId": None}, {"statusId": "missing"}, "NOT_FOUND", may=("owner", "admin", "member"), sees=INSIDE,
        **_STALE),
    "commentAdd": Proof(_comment_add, ("eng", "inbox:viewer"), ("CommentAdded", "InboxItemAdded"), {"body": "Else"},
                        {"body": " "}),
    "commentUpdate": Proof(_comment_update, ("eng", "inbox:viewer"), ("CommentUpdated", "InboxItemAdded"),
                           {"body": "Else"}, {"body": ""}, may=("member",), **_STALE),
    "commentDelete": Proof(_comment, ("eng",), ("CommentDeleted",), {"onConflict": "MERGE"}, **_VERSION,
                           may=(*MANAGERS, "member"), **_STALE),
    "commentRestore": Proof(_deleted_comment, ("eng",), ("CommentRestored",), {"onConflict": "MERGE"}, **_VERSION,
                            may=(*MANAGERS, "member"), **_STALE),
    "linkAdd": Proof(_link_add, ("eng",), ("LinkAdded",), {"kind": "relates"}, {"kind": "Not a kind"}),
    "linkRemove": Proof(_link, ("eng",), ("LinkRemoved",), {"id": "missing"}, {"id": "missing"}, "NOT_FOUND"),
    "inboxMark": Proof(_inbox_items, ("inbox:member",), ("InboxItemRead",), {"read": False}, {"ids": "missing"},
                       "NOT_FOUND", may=("member",), sees=()),
}  # fmt: skip

APART = frozenset({"signUp", "signIn", "tokenRefresh", "signOut", "socketRenew"})
"""Mutations of a sign-in, which belong to no scope: tests/accounts proves them."""
