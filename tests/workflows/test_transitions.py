"""Transitions: which moves a workflow allows, what they ask for, and what they do besides."""

from __future__ import annotations

from typing import Any

from tests.client import JSON, Client
from tests.folding import Scope
from tests.invariants import refused_unchanged, verify_events
from tests.ledger import Log
from tests.world import World

AVAILABLE = """query($id: ID!) { node(id: $id) { ... on Task { availableTransitions {
  allowed commentRequired transition { name } status { name } reasons { kind role fields taskIds limit } } } } }"""


async def way(world: World, name: str, begins: str | None, ends: str, **input: Any) -> JSON:
    """A new transition of ENG by the names of its statuses."""
    begin = None if begins is None else world.status(begins)
    made: JSON = await world.owner.do(
        "transitionCreate", projectId=world.eng["id"], name=name, fromStatusId=begin,
        toStatusId=world.status(ends), **input,
    )  # fmt: skip
    found: JSON = made["transition"]
    return found


async def available(client: Client, task: JSON) -> dict[str, JSON]:
    """What somebody may do with a task, by the name of the status."""
    found = (await client.query(AVAILABLE, id=task["id"]))["node"]["availableTransitions"]
    return {one["status"]["name"]: one for one in found}


async def move(client: Client, task: JSON, status: str, version: int = 1, **input: Any) -> JSON:
    return await client.answer("taskMove", id=task["id"], statusId=status, expectedVersion=version, **input)


async def test_without_transitions_every_move_is_allowed(world: World) -> None:
    task = await world.task()
    ways = await available(world.member, task)
    assert ways.keys() == {"Backlog", "In progress", "Done", "Cancelled"}
    assert all(one["allowed"] and one["transition"] is None for one in ways.values())
    barred = await available(world.viewer, task)
    assert barred.keys() == ways.keys()
    assert not any(one["allowed"] for one in barred.values()), "who may not edit is told why"
    assert {(reason["kind"], reason["role"]) for one in barred.values() for reason in one["reasons"]} == {
        ("ROLE", "MEMBER")
    }


async def test_a_move_takes_a_transition_or_is_refused(world: World, log: Log) -> None:
    await way(world, "Start", "To do", "In progress")
    await way(world, "Cancel", None, "Cancelled")
    task = await world.task()
    assert set(await available(world.member, task)) == {"In progress", "Cancelled"}
    done = world.status("Done")
    for name, given in (
        ("taskMove", {"statusId": done}),
        ("taskUpdate", {"patch": {"statusId": done, "title": "Never"}}),
    ):
        refusal = world.member.refused(name, id=task["id"], expectedVersion=1, **given)
        error = await refused_unchanged(log, refusal)
        assert (error["code"], [one["kind"] for one in error["reasons"]]) == (
            "TRANSITION_REFUSED",
            ["NO_TRANSITION"],
        )
    items = [
        {"id": task["id"], "expectedVersion": 1},
        {"id": (await world.task())["id"], "expectedVersion": 1},
    ]
    bulk = {"items": items, "atomic": False, "clientMutationId": "018f0000-0000-7000-8000-000000000001"}
    payload = await world.member.do("taskBulkUpdate", patch={"statusId": done}, **bulk)
    again = await world.member.do("taskBulkUpdate", patch={"statusId": done}, **bulk)
    assert payload == again, "a kept refusal is told again with its reasons"
    assert [one["error"]["reasons"][0]["kind"] for one in again["results"]] == ["NO_TRANSITION"] * 2
    assert (await move(world.member, task, world.status("In progress")))["errors"] == []
    # What keeps its status is no move.
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=2, patch={"title": "New"})


async def test_a_type_with_ways_of_its_own_is_bound_by_those_alone(world: World) -> None:
    await way(world, "Start", None, "In progress")
    await way(world, "Fix", None, "Done", typeId=world.type("bug"))
    task, bug = await world.task(), await world.task(typeId=world.type("bug"))
    assert set(await available(world.member, task)) == {"In progress"}
    assert set(await available(world.member, bug)) == {"Done"}


async def test_conditions_on_who_and_what(world: World) -> None:
    conditions = [{"role": "MANAGER"}, {"fields": ["ESTIMATE", "DESCRIPTION"]}, {"comment": True}]
    await way(world, "Finish", None, "Done", conditions=conditions)
    task, done = await world.task(), world.status("Done")
    told = (await available(world.member, task))["Done"]
    assert not told["allowed"]
    assert told["commentRequired"]
    assert [(one["kind"], one["role"], one["fields"]) for one in told["reasons"]] == [
        ("ROLE", "MANAGER", []),
        ("FIELDS", None, ["ESTIMATE", "DESCRIPTION"]),
    ]
    error = (await move(world.manager, task, done))["errors"][0]
    assert [one["kind"] for one in error["reasons"]] == ["FIELDS", "COMMENT_REQUIRED"]
    patch = {"statusId": done, "estimate": 2, "description": "Why"}
    scope = Scope("project", world.eng["id"])
    async with verify_events(world.owner, scope) as verified:
        await world.manager.do(
            "taskUpdate", id=task["id"], expectedVersion=1, patch=patch, comment="Because it works."
        )
    assert verified.kinds == ["TaskUpdated", "CommentAdded"]
    assert len({one["batchId"] for one in verified.events[0]}) == 1
    assert (await available(world.manager, task)) == {}, "it is where the only way leads"


REASONS = """query($id: ID!) { node(id: $id) { ... on Task { availableTransitions {
  reasons { kind message labelIds customFieldIds fields } } } } }"""


async def test_conditions_on_labels_fields_and_plans(world: World) -> None:
    """What is gone, or is of no use for tasks of the type, is not asked for."""
    red, blocked = await world.label("Red"), await world.label("Blocked")
    severity = await world.custom_field("Severity")
    only_bugs = await world.custom_field("Only of bugs", typeIds=[world.type("bug")])
    sprint = await world.sprint()
    made = await way(
        world, "Finish", None, "Done",
        conditions=[
            {"customFieldIds": [severity["id"], only_bugs["id"]]}, {"labelIds": [red["id"]]},
            {"withoutLabelIds": [blocked["id"]]}, {"fields": ["SPRINT"]},
        ],
    )  # fmt: skip
    told = {one["kind"]: one for one in made["conditions"]}
    assert told["CUSTOM_FIELDS"]["customFieldIds"] == [severity["id"], only_bugs["id"]]
    assert told["WITHOUT_LABELS"]["labelIds"] == [blocked["id"]]
    task = await world.task(labelIds=[blocked["id"]])
    found = (await world.member.query(REASONS, id=task["id"]))["node"]["availableTransitions"][0]["reasons"]
    assert {one["kind"]: one["customFieldIds"] + one["labelIds"] + one["fields"] for one in found} == {
        "CUSTOM_FIELDS": [severity["id"]], "LABELS": [red["id"]], "WITHOUT_LABELS": [blocked["id"]],
        "FIELDS": ["SPRINT"],
    }  # fmt: skip
    assert "“Severity”" in found[1]["message"]
    patch: JSON = {
        "statusId": world.status("Done"), "addLabelIds": [red["id"]], "removeLabelIds": [blocked["id"]],
        "sprintId": sprint["id"],
    }  # fmt: skip
    items = [{"id": task["id"], "expectedVersion": 1}]
    key = "018f0000-0000-7000-8000-000000000002"
    for _ in range(2):
        payload = await world.member.do(
            "taskBulkUpdate", items=items, patch=patch, atomic=False, clientMutationId=key
        )
        (reason,) = payload["results"][0]["error"]["reasons"]
        assert (reason["kind"], reason["customFieldIds"]) == ("CUSTOM_FIELDS", [severity["id"]])
    fields = [{"fieldId": severity["id"], "value": {"text": "High"}}]
    await world.member.do("taskUpdate", id=task["id"], expectedVersion=1, patch=patch | {"fields": fields})
    other = await world.task(labelIds=[red["id"]], sprintId=sprint["id"])
    await world.owner.do("customFieldDelete", id=severity["id"], expectedVersion=1)
    assert (await move(world.member, other, world.status("Done")))["errors"] == []


async def test_a_comment_with_many_moves(world: World) -> None:
    """A workflow that asks for one lets go those that move; the comment stands at each of them, in the same batch."""
    await way(world, "Finish", "To do", "Done", conditions=[{"comment": True}])
    first, second, there = (
        await world.task(),
        await world.task(),
        await world.task(statusId=world.status("Done")),
    )
    done, where = world.status("Done"), {"projectId": world.eng["id"], "filter": {}}
    error = await world.member.refused("taskBulkMove", where=where, statusId=done)
    assert {one["kind"] for one in error["reasons"]} == {"COMMENT_REQUIRED"}
    items = [{"id": one["id"], "expectedVersion": 1} for one in (first, second, there)]
    error = await world.member.refused("taskBulkMove", items=items, statusId=done, comment=" ")
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["comment"])
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        payload = await world.member.do("taskBulkMove", where=where, statusId=done, comment="All done.")
    assert [one["outcome"] for one in payload["results"]] == ["APPLIED", "APPLIED", "UNCHANGED"]
    assert verified.kinds == ["TaskMoved", "TaskMoved", "CommentAdded", "CommentAdded"]
    assert {one["batchId"] for one in verified.events[0]} == {payload["batchId"]}
    update: JSON = {"patch": {"statusId": world.status("To do")}, "comment": "No.", "onConflict": "OVERWRITE"}
    await way(world, "Again", "Done", "To do", conditions=[{"comment": True}])
    dry = await world.member.do("taskBulkUpdate", items=[{"id": first["id"]}], dryRun=True, **update)
    assert dry["results"][0]["ok"]
    await world.member.do("taskBulkUpdate", items=[{"id": first["id"]}], **update)
    document = (
        "query($id: ID!) { node(id: $id) { ... on Task { status { name } comments { nodes { body } } } } }"
    )
    found = (await world.member.query(document, id=first["id"]))["node"]
    assert (found["status"]["name"], [one["body"] for one in found["comments"]["nodes"]]) == (
        "To do", ["All done.", "No."],
    )  # fmt: skip


async def test_an_edit_whose_comment_is_refused_is_none(world: World, log: Log) -> None:
    task = await world.task()
    refusal = world.member.refused(
        "taskMove", id=task["id"], statusId=world.status("Done"), expectedVersion=1, comment=" "
    )
    error = await refused_unchanged(log, refusal)
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["comment"])


async def test_actions_do_more_than_move(world: World) -> None:
    actions: list[JSON] = [
        {"assignToActor": True}, {"setField": {"priority": 1}}, {"setField": {"estimate": 0.5}},
        {"setField": {"closeReason": "fixed"}}, {"setField": {"dueInDays": 3}},
    ]  # fmt: skip
    await way(world, "Finish", None, "Done", actions=actions)
    await way(world, "Reopen", None, "To do", actions=[{"unassign": True}, {"setField": {"closeReason": ""}}])
    task = await world.task()
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        payload = await move(world.member, task, world.status("Done"))
    found = payload["task"]
    assert (found["priority"], found["estimate"], found["closeReason"]) == (1, 0.5, "fixed")
    assert found["assignees"] == [{"id": world.member.user_id}]
    assert found["dueDate"] is not None
    assert found["version"] == 2, "it is one edit"
    found = (await move(world.member, task, world.status("To do"), 2))["task"]
    assert (found["assignees"], found["closeReason"]) == ([], None)


async def test_actions_fill_fields_and_change_labels(world: World) -> None:
    """In one edit; what is gone by then is passed over. A definition names what there is."""
    chosen = await world.custom_field("Result", "SELECT", options=[{"name": "Fixed"}, {"name": "Left"}])
    notes, gone = await world.custom_field("Notes"), await world.custom_field("Gone")
    person = await world.custom_field("Tester", "USER")
    labels = [await world.label(name) for name in ("done", "fresh", "old")]
    fixed, left = (one["id"] for one in chosen["options"])
    filled: list[JSON] = [
        {"fieldId": chosen["id"], "value": {"optionId": fixed}}, {"fieldId": notes["id"]},
        {"fieldId": gone["id"], "value": {"text": "x"}},
    ]  # fmt: skip
    actions: list[JSON] = [
        {"setCustomFields": filled}, {"addLabelIds": [labels[0]["id"], labels[2]["id"]]},
        {"removeLabelIds": [labels[1]["id"]]},
    ]  # fmt: skip
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        made = await way(world, "Finish", None, "Done", actions=actions)
    shown = """query($id: ID!) { node(id: $id) { ... on Transition { actions { kind value labelIds } } } }"""
    told = (await world.member.query(shown, id=made["id"]))["node"]["actions"]
    by_kind = {one["kind"]: one for one in told}
    assert set(by_kind["ADD_LABELS"]["labelIds"]) == {labels[0]["id"], labels[2]["id"]}
    values = {one["fieldId"]: one["value"] for one in by_kind["SET_CUSTOM_FIELDS"]["value"]}
    assert values == {one["fieldId"]: one.get("value") for one in filled}
    task = await world.task(
        labelIds=[labels[1]["id"]], fields=[{"fieldId": notes["id"], "value": {"text": "x"}}]
    )
    await world.owner.do("customFieldDelete", id=gone["id"], expectedVersion=1)
    await world.owner.do("labelDelete", id=labels[2]["id"], expectedVersion=1)
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        found = (await move(world.member, task, world.status("Done")))["task"]
    assert found["version"] == 2, "it is one edit"
    asked = (
        "query($id: ID!) { node(id: $id) { ... on Task { labels { id } fields { field { id } value } } } }"
    )
    now = (await world.member.query(asked, id=task["id"]))["node"]
    assert now["labels"] == [{"id": labels[0]["id"]}]
    assert now["fields"] == [{"field": {"id": chosen["id"]}, "value": {"optionId": fixed}}]
    place = {"projectId": world.eng["id"], "name": "N", "toStatusId": world.status("To do")}
    refused: list[JSON] = [
        {"addLabelIds": [labels[2]["id"]]}, {"addLabelIds": []},
        {"setCustomFields": [{"fieldId": notes["id"], "value": {"optionId": left}}]},
        {"setCustomFields": [{"fieldId": gone["id"]}]},
        {"setCustomFields": [{"fieldId": person["id"], "value": {"userId": world.member.user_id}}]},
    ]  # fmt: skip
    for wrong in refused:
        error = await world.owner.refused("transitionCreate", **place, actions=[wrong])
        assert error["path"] == ["actions"], (wrong, error)


async def test_blockers_and_sub_tasks_hold_a_move_up(world: World) -> None:
    await way(world, "Finish", None, "Done", conditions=[{"blockersDone": True}, {"childrenDone": True}])
    await way(world, "Reopen", None, "To do")
    task, blocker = await world.task(), await world.task("Blocker")
    child = await world.task("Child", parentId=task["id"])
    await world.member.do("linkAdd", sourceId=blocker["id"], kind="blocks", targetId=task["id"])
    hidden = await world.task("Hidden", "owner", projectId=world.secret["id"])
    await world.owner.do("linkAdd", sourceId=hidden["id"], kind="blocks", targetId=task["id"])
    told = (await available(world.member, task))["Done"]["reasons"]
    assert [(one["kind"], one["taskIds"]) for one in told] == [
        ("BLOCKERS_OPEN", [blocker["id"]]),
        ("CHILDREN_OPEN", [child["id"]]),
    ]
    done = world.status("Done")
    error = (await move(world.member, task, done))["errors"][0]
    assert error["reasons"][0]["taskIds"] == [blocker["id"]]
    items = [{"id": one["id"], "expectedVersion": 1} for one in (blocker, child, task)]
    assert (await move(world.owner, task, done))["errors"][0]["reasons"][0]["taskIds"] == [
        blocker["id"],
        hidden["id"],
    ], "a blocker that one does not see holds nobody up but those who see it"
    # Later edits of a batch see earlier ones.
    await world.member.do("taskBulkUpdate", items=items, patch={"statusId": done})


async def test_a_limit_counts_the_tasks_there(world: World) -> None:
    await way(world, "Start", None, "In progress", conditions=[{"wipLimit": 2}])
    tasks, started = [await world.task() for _ in range(3)], world.status("In progress")
    items = [{"id": one["id"], "expectedVersion": 1} for one in tasks]
    payload = await world.member.do("taskBulkUpdate", items=items, patch={"statusId": started}, atomic=False)
    assert [one["ok"] for one in payload["results"]] == [True, True, False]
    (reason,) = payload["results"][2]["error"]["reasons"]
    assert (reason["kind"], reason["limit"]) == ("WIP_LIMIT", 2)
    assert not (await available(world.member, tasks[2]))["In progress"]["allowed"]


async def test_templates(world: World) -> None:
    for template, names in (
        ("SCRUM", {"Put off", "Make ready", "Cancel"}),
        ("BUG_TRACKING", {"Confirm", "Reject"}),
        ("KANBAN", {"Put off", "Plan", "Start", "Finish", "Cancel"}),
    ):
        payload = await world.owner.do(
            "workflowApplyTemplate", projectId=world.eng["id"], template=template, replace=True
        )
        statuses = {one["id"] for one in payload["project"]["statuses"]}
        assert {one["id"] for one in world.eng["statuses"]} <= statuses, "what was there stays"
        first = "Reported" if template == "BUG_TRACKING" else "Backlog"
        project = await world.member.query(
            "query($id: ID!) { node(id: $id) { ... on Project { statuses { id name } transitions { id } } } }",
            id=world.eng["id"],
        )
        status = next(one["id"] for one in project["node"]["statuses"] if one["name"] == first)
        task = await world.task(statusId=status)
        ways = await available(world.member, task)
        assert {one["transition"]["name"] for one in ways.values()} == names - (
            {"Put off"} if first == "Backlog" else set()
        ), template


async def test_a_project_begins_with_a_template(world: World) -> None:
    made = await world.owner.do(
        "projectCreate", workspaceId=world.workspace["id"], key="BUG", name="Bugs", template="BUG_TRACKING"
    )
    document = (
        "query($id: ID!) { node(id: $id) { ... on Project { statuses { name } transitions { name } } } }"
    )
    found = (await world.owner.query(document, id=made["project"]["id"]))["node"]
    assert [one["name"] for one in found["statuses"]] == [
        "Reported", "Confirmed", "In progress", "Fixed", "Verified", "Rejected",
    ]  # fmt: skip
    assert len(found["transitions"]) == 9
    task = await world.task(by="owner", projectId=made["project"]["id"])
    assert set(await available(world.owner, task)) == {"In progress", "Rejected"}, "it begins unstarted"


async def test_a_status_that_goes_takes_its_ways_along(world: World) -> None:
    await way(world, "Cancel", None, "Cancelled")
    await way(world, "Finish", None, "Done", typeId=world.type("epic"))
    scope = Scope("project", world.eng["id"])
    async with verify_events(world.owner, scope) as verified:
        await world.owner.do("statusDelete", id=world.status("Cancelled"), expectedVersion=1)
        await world.owner.do("taskTypeDelete", id=world.type("epic"), expectedVersion=1)
    assert verified.kinds == ["TransitionDeleted", "StatusDeleted", "TransitionDeleted", "TaskTypeDeleted"]
    assert set(await available(world.member, await world.task())) == {"Backlog", "In progress", "Done"}
