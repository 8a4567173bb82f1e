"""Inputs of every mutation: what each needs is made first, as whoever shall send it will find it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from tests.client import JSON, Client
from tests.world import World

Prepare = Callable[[World, Client], Awaitable[JSON]]
"""Makes what a mutation needs; its input."""


def fixed(**input: object) -> Prepare:
    async def prepare(world: World, by: Client) -> JSON:
        return dict(input)

    return prepare


async def profile(world: World, by: Client) -> JSON:
    found = await by.query("{ viewer { user { version } } }")
    return {"expectedVersion": found["viewer"]["user"]["version"], "name": "Renamed"}


async def in_workspace(world: World, by: Client) -> JSON:
    return {"workspaceId": world.workspace["id"]}


async def workspace_update(world: World, by: Client) -> JSON:
    return {"id": world.workspace["id"], "expectedVersion": world.workspace["version"], "name": "Renamed"}


async def newcomer(world: World, by: Client) -> JSON:
    return {**await in_workspace(world, by), "email": world.outsider.email, "role": "MEMBER"}


async def workspace_member(world: World, by: Client) -> JSON:
    return {**await in_workspace(world, by), "userId": world.viewer.user_id}


async def workspace_role(world: World, by: Client) -> JSON:
    return {**await workspace_member(world, by), "role": "GUEST"}


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


async def team_create(world: World, by: Client) -> JSON:
    return {**await in_workspace(world, by), "name": "Riders", "color": "#112233"}


async def team_update(world: World, by: Client) -> JSON:
    team = await world.team()
    return {"id": team["id"], "expectedVersion": 1, "name": "Renamed", "color": "#445566"}


async def team_delete(world: World, by: Client) -> JSON:
    team = await world.team("viewer", roles={"ops": "MEMBER"})
    return {"id": team["id"], "expectedVersion": 1}


async def team_member_add(world: World, by: Client) -> JSON:
    team = await world.team(roles={"ops": "VIEWER"})
    return {"teamId": team["id"], "userId": world.viewer.user_id}


async def team_member_remove(world: World, by: Client) -> JSON:
    team = await world.team("viewer", roles={"ops": "VIEWER"})
    return {"teamId": team["id"], "userId": world.viewer.user_id}


async def project_team_add(world: World, by: Client) -> JSON:
    team = await world.team("colleague", "viewer")
    return {"projectId": world.eng["id"], "teamId": team["id"], "role": "MEMBER"}


async def project_team(world: World, by: Client) -> JSON:
    team = await world.team("colleague", roles={"eng": "VIEWER"})
    return {"projectId": world.eng["id"], "teamId": team["id"]}


async def project_team_update(world: World, by: Client) -> JSON:
    return {**await project_team(world, by), "role": "MEMBER"}


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


async def board(world: World, name: str = "Board", **input: object) -> JSON:
    made: JSON = await world.owner.do("boardCreate", projectId=world.eng["id"], name=name, **input)
    found: JSON = made["board"]
    return found


async def board_create(world: World, by: Client) -> JSON:
    columns = [
        {"name": "Doing", "statusIds": [world.status("To do"), world.status("In progress")], "limit": 3,
         "limitMode": "WARN"},
        {"name": "Done", "statusIds": [world.status("Done")]},
    ]  # fmt: skip
    return {
        "projectId": world.eng["id"], "name": "Mine", "swimlanes": "EPIC", "columns": columns,
        "viewId": (await world.view())["id"],
    }  # fmt: skip


async def board_update(world: World, by: Client) -> JSON:
    first, last = await board(world), await board(world, "Last")
    columns = [{"name": "Doing", "statusIds": [world.status("To do")], "limit": 5}]
    return {
        "id": first["id"], "expectedVersion": 1, "name": "Renamed", "swimlanes": "ASSIGNEE", "columns": columns,
        "afterId": last["id"],
    }  # fmt: skip


async def board_delete(world: World, by: Client) -> JSON:
    return {"id": (await board(world))["id"], "expectedVersion": 1}


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


_OPTIONS = [{"name": "Low", "color": "#112233"}, {"name": "High"}]


async def field_create(world: World, by: Client) -> JSON:
    other = await world.custom_field("Other")
    return {
        "projectId": world.eng["id"], "name": "Severity", "kind": "SELECT", "description": "How bad 🙂",
        "typeIds": [world.type("bug")], "options": _OPTIONS, "beforeId": other["id"],
    }  # fmt: skip


async def field_update(world: World, by: Client) -> JSON:
    field = await world.custom_field("Severity", "SELECT", options=_OPTIONS, description="How bad")
    other = await world.custom_field("Other")
    return {
        "id": field["id"], "expectedVersion": 1, "name": "Renamed", "description": "How good",
        "typeIds": [world.type("bug")], "afterId": other["id"],
        "options": [{"name": "New"}, {"id": field["options"][0]["id"], "name": "Lowest", "color": "#112233"}],
    }  # fmt: skip


async def field_delete(world: World, by: Client) -> JSON:
    field = await world.custom_field()
    await world.task(fields=[{"fieldId": field["id"], "value": {"text": "x"}}])
    return {"id": field["id"], "expectedVersion": 1}


async def one_of_each_field(world: World) -> list[JSON]:
    """A value for a new field of each kind."""
    values: list[JSON] = [
        {"text": "Words 🙂"}, {"number": 1.5}, {"date": "2030-01-31"}, {"url": "https://lockstep.example/"},
        {"userId": world.viewer.user_id},
    ]  # fmt: skip
    found = [
        {"fieldId": (await world.custom_field(kind, kind))["id"], "value": value}
        for kind, value in zip(("TEXT", "NUMBER", "DATE", "URL", "USER"), values, strict=True)
    ]
    one = await world.custom_field("One", "SELECT", options=_OPTIONS)
    more = await world.custom_field("More", "MULTI_SELECT", options=_OPTIONS)
    found.append({"fieldId": one["id"], "value": {"optionId": one["options"][0]["id"]}})
    return [
        *found,
        {"fieldId": more["id"], "value": {"optionIds": [option["id"] for option in more["options"]]}},
    ]


async def sprint_create(world: World, by: Client) -> JSON:
    other = await world.sprint("Later")
    return {
        "projectId": world.eng["id"], "name": "Next", "goal": "Ship 🙂", "startsOn": "2030-01-01",
        "endsOn": "2030-01-14", "capacity": 20.5, "beforeId": other["id"],
    }  # fmt: skip


async def sprint_update(world: World, by: Client) -> JSON:
    sprint, other = await world.sprint(goal="Ship it"), await world.sprint("Later")
    return {
        "id": sprint["id"], "expectedVersion": 1, "name": "Renamed", "goal": "Ship that", "endsOn": "2030-01-14",
        "capacity": 3.0, "afterId": other["id"],
    }  # fmt: skip


async def a_sprint(world: World, by: Client) -> JSON:
    return {"id": (await world.sprint())["id"], "expectedVersion": 1}


async def sprint_complete(world: World, by: Client) -> JSON:
    sprint, following = await world.sprint(), await world.sprint("Next")
    await world.owner.do("sprintStart", id=sprint["id"], expectedVersion=1)
    await world.task("Done", sprintId=sprint["id"], statusId=world.status("Done"))
    await world.task("Not yet", sprintId=sprint["id"])
    return {"id": sprint["id"], "expectedVersion": 2, "moveUnfinishedTo": following["id"]}


async def sprint_delete(world: World, by: Client) -> JSON:
    given = await a_sprint(world, by)
    await world.task(sprintId=given["id"])
    return given


async def milestone_delete(world: World, by: Client) -> JSON:
    milestone = await world.milestone()
    await world.task(milestoneId=milestone["id"])
    return {"id": milestone["id"], "expectedVersion": 1}


async def milestone_create(world: World, by: Client) -> JSON:
    other = await world.milestone("2.0")
    return {
        "projectId": world.eng["id"], "name": "1.0", "description": "The first 🙂", "startsOn": "2030-01-01",
        "dueOn": "2030-02-01", "beforeId": other["id"],
    }  # fmt: skip


async def milestone_update(world: World, by: Client) -> JSON:
    milestone = await world.milestone(description="One two")
    return {
        "id": milestone["id"], "expectedVersion": 1, "name": "Renamed", "description": "One 2", "dueOn": "2030-02-01",
        "afterId": (await world.milestone("2.0"))["id"],
    }  # fmt: skip


async def milestone_release(world: World, by: Client) -> JSON:
    return {"id": (await world.milestone())["id"], "expectedVersion": 1, "releasedAt": "2030-01-01T00:00:00Z"}


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


async def transition(world: World, name: str = "Start", ends: str = "In progress", **input: object) -> JSON:
    made: JSON = await world.owner.do(
        "transitionCreate", projectId=world.eng["id"], name=name, toStatusId=world.status(ends), **input
    )
    found: JSON = made["transition"]
    return found


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


async def view_create(world: World, by: Client) -> JSON:
    return {
        "projectId": world.eng["id"], "name": "Mine 🙂", "shared": True, "groupBy": "STATUS",
        "columns": ["title", "due"],
        "query": 'assignee:me status:"In progress" due:<7d sort:-updated',
    }  # fmt: skip


async def view_update(world: World, by: Client) -> JSON:
    view = await world.view(groupBy="LABEL")
    return {
        "id": view["id"], "expectedVersion": 1, "name": "Renamed", "query": "is:closed or priority:high",
        "groupBy": None, "columns": ["title"],
    }  # fmt: skip


async def a_view(world: World, by: Client) -> JSON:
    return {"id": (await world.view())["id"], "expectedVersion": 1}


async def joining_domain_add(world: World, by: Client) -> JSON:
    await world.confirmed(by)
    return {**await in_workspace(world, by), "domain": "Lockstep.example", "role": "GUEST"}


async def joining_domain(world: World, by: Client) -> JSON:
    made = await world.owner.do("joiningDomainAdd", **await joining_domain_add(world, world.owner))
    return {"id": made["joiningDomain"]["id"]}


async def invitation_create(world: World, by: Client) -> JSON:
    projects = [{"projectId": world.eng["id"], "role": "VIEWER"}]
    return {**await in_workspace(world, by), "email": "invited@lockstep.example", "projects": projects}


async def invitation(world: World, by: Client) -> JSON:
    made = await world.owner.do("invitationCreate", **await invitation_create(world, by))
    return {"id": made["invitation"]["id"]}


async def service_account(world: World, by: Client) -> JSON:
    made = await world.owner.do("serviceAccountCreate", workspaceId=world.workspace["id"], name="Robot")
    user_id = made["serviceAccount"]["user"]["id"]
    await world.owner.do("projectMemberAdd", projectId=world.eng["id"], userId=user_id, role="MEMBER")
    return {"userId": user_id}


async def service_account_update(world: World, by: Client) -> JSON:
    return {**await service_account(world, by), "expectedVersion": 1, "name": "Renamed"}


async def service_account_create(world: World, by: Client) -> JSON:
    return {**await in_workspace(world, by), "name": "Robot", "role": "MEMBER"}


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


async def bulk(world: World, by: Client) -> JSON:
    tasks = [await world.task(f"Task {number}") for number in range(3)]
    items = [{"id": task["id"], "expectedVersion": 1} for task in tasks]
    return {"items": items, "patch": {"statusId": world.status("Done")}}


async def bulk_move(world: World, by: Client) -> JSON:
    return {"items": (await bulk(world, by))["items"], "statusId": world.status("Done")}


async def bulk_deletion(world: World, by: Client) -> JSON:
    return {"items": (await bulk(world, by))["items"]}


async def a_change(world: World, by: Client) -> JSON:
    task = await world.task()
    await by.do("taskUpdate", id=task["id"], expectedVersion=1, patch={"title": "Changed"})
    return {"projectId": world.eng["id"]}


async def edited_task(world: World, by: Client) -> JSON:
    task = await world.task()
    for version, title in enumerate(("Changed", "Changed again"), 1):
        await world.member.do("taskUpdate", id=task["id"], expectedVersion=version, patch={"title": title})
    return {"id": task["id"], "toVersion": 1, "expectedVersion": 3}


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


async def comment_add(world: World, by: Client) -> JSON:
    task = await world.task()
    comment = await world.comment(task, "Question?")
    body = f"Ask @[Viewer](user:{world.uuid('viewer')}) 🙂"
    return {"taskId": task["id"], "body": body, "parentId": comment["id"]}


async def a_comment(world: World, by: Client) -> JSON:
    return {"id": (await world.comment(await world.task(), "One two three"))["id"], "expectedVersion": 1}


async def comment_update(world: World, by: Client) -> JSON:
    return {**await a_comment(world, by), "body": f"One 2 three @[Viewer](user:{world.uuid('viewer')})"}


async def deleted_comment(world: World, by: Client) -> JSON:
    comment = await a_comment(world, by)
    await world.member.do("commentDelete", **comment)
    return {**comment, "expectedVersion": 2}


async def link_add(world: World, by: Client) -> JSON:
    source, target = await world.task("Source"), await world.task("Target")
    return {"sourceId": source["id"], "kind": "blocks", "targetId": target["id"]}


async def link(world: World, by: Client) -> JSON:
    link = (await world.member.do("linkAdd", **await link_add(world, by)))["link"]
    return {"id": link["id"]}


async def inbox_items(world: World, by: Client) -> JSON:
    await world.task(assigneeIds=[world.member.user_id], by="manager")
    found = await world.member.query("{ inbox { items(first: 1) { nodes { id } } } }")
    return {"ids": [found["inbox"]["items"]["nodes"][0]["id"]]}
