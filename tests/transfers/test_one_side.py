"""A task that moves into or out of what somebody sees: it appears, or is gone, with all that hangs on it."""

from __future__ import annotations

from typing import Any

from tests.client import JSON, Client
from tests.folding import Copy, Scope
from tests.invariants import events_over_http
from tests.world import World

SEEN = """query(
  $project: ID!, $status: ID!, $task: ID!, $comment: ID!, $other: ID!, $link: ID!, $child: ID!, $key: String!
) {
  project: node(id: $project) { ... on Project { tasks { totalCount nodes { id } } } }
  status: node(id: $status) { ... on Status { tasks { totalCount } } }
  task: node(id: $task) { ... on Task { title commentCount comments { totalCount } children { totalCount }
    links { task { id } } } }
  nodes(ids: [$task, $comment, $link]) { id }
  comment: node(id: $comment) { id }
  link: node(id: $link) { id }
  other: node(id: $other) { ... on Task { links { task { id } } } }
  child: node(id: $child) { ... on Task { parent { id } } }
  byKey: task(key: $key) { id }
  tasks { totalCount nodes { id } }
  mine: tasks(filter: {title: {eq: "Travelling"}}) { totalCount }
  inbox { items(first: 1) { nodes { reason project { id } task { id } comment { id } } } }
}"""


async def seen(client: Client, project: JSON, made: JSON) -> JSON:
    """All that shows the task, for somebody who sees one project."""
    status = next(one["id"] for one in project["statuses"] if one["name"] == "In progress")
    found: JSON = await client.query(
        SEEN, project=project["id"], status=status,
        **{name: made[name] for name in ("task", "comment", "other", "link", "child", "key")},
    )  # fmt: skip
    return found


async def prepared(world: World) -> JSON:
    """A task of ENG with a child, a comment that mentions the viewer, and a link to another task of ENG."""
    other = await world.task("Other")
    task = await world.task("Travelling", statusId=world.status("In progress"))
    child = await world.task("Child", parentId=task["id"])
    comment = await world.comment(task, f"See this, @[Viewer](user:{world.uuid('viewer')})")
    payload = await world.member.do("linkAdd", sourceId=task["id"], kind="relates", targetId=other["id"])
    return {
        "task": task["id"], "child": child["id"], "other": other["id"], "comment": comment["id"],
        "link": payload["link"]["id"], "key": "ENG-2",
    }  # fmt: skip


async def move(world: World, task: str, version: int, project: JSON) -> None:
    await world.member.do("taskTransfer", "", id=task, projectId=project["id"], expectedVersion=version)


async def kept(client: Client, project: JSON) -> Copy:
    return await Scope("project", project["id"]).fetch(client)


async def check_kept(client: Client, project: JSON, copy: Copy) -> list[JSON]:
    """A copy that was kept by events alone shows what is fetched. A link with a far end is asked for, and not there."""
    events = await events_over_http(client, copy.scope, copy.cursor)
    for event in events:
        copy.apply(event)
    copy.cursor = (await kept(client, project)).cursor
    fresh = await kept(client, project)
    shown = copy.shown()
    for key, state in list(shown.items()):
        if None in (state.get("sourceTaskId", ""), state.get("targetTaskId", "")):
            node = await client.query("query($id: ID!) { node(id: $id) { id } }", id=key)
            if node["node"] is None:
                del shown[key]
    assert shown.keys() == fresh.objects.keys()
    for key, state in fresh.objects.items():
        assert {name: shown[key].get(name) for name in state} == state
    return events


def gone(found: JSON) -> None:
    """Nothing of the task is shown anywhere."""
    assert (found["task"], found["comment"], found["link"], found["byKey"]) == (None, None, None, None)
    assert found["nodes"] == [None, None, None]
    assert found["mine"]["totalCount"] == 0


async def test_out_of_sight_and_back(world: World) -> None:
    """For who sees ENG alone, by query, by events, and in their inbox."""
    viewer, made = world.viewer, await prepared(world)
    before = await seen(viewer, world.eng, made)
    assert (before["project"]["tasks"]["totalCount"], before["status"]["tasks"]["totalCount"]) == (3, 1)
    assert before["task"]["commentCount"] == 1
    assert before["task"]["children"]["totalCount"] == 1
    (item,) = before["inbox"]["items"]["nodes"]
    assert (item["task"], item["comment"]) == ({"id": made["task"]}, {"id": made["comment"]})
    copy = await kept(viewer, world.eng)

    await move(world, made["task"], 1, world.ops)
    away = await seen(viewer, world.eng, made)
    gone(away)
    assert (away["project"]["tasks"]["totalCount"], away["status"]["tasks"]["totalCount"]) == (2, 0)
    assert [one["id"] for one in away["tasks"]["nodes"]] == [
        one["id"] for one in away["project"]["tasks"]["nodes"]
    ]
    assert away["other"]["links"] == []
    assert away["child"] == {"parent": None}
    (item,) = away["inbox"]["items"]["nodes"]
    assert (item["reason"], item["task"], item["comment"]) == ("MENTIONED", None, None)
    events = await check_kept(viewer, world.eng, copy)
    kinds = {event["kind"] for event in events}
    assert kinds == {"TaskLeft", "TaskUpdated", "CommentLeft", "LinkAdded"}
    assert not any(one in str(events) for one in (world.ops["id"], world.ops["scope"]))

    await move(world, made["task"], 2, world.eng)
    back = await seen(viewer, world.eng, made)
    assert back["task"] == {**before["task"], "children": {"totalCount": 0}}
    assert (back["byKey"], back["comment"], back["link"]) == (
        before["byKey"],
        before["comment"],
        before["link"],
    )
    assert back["other"] == before["other"]
    assert back["project"]["tasks"]["totalCount"] == 3
    assert back["inbox"] == before["inbox"]
    await check_kept(viewer, world.eng, copy)


async def test_into_sight_and_away(world: World) -> None:
    """For who sees OPS alone, by a team; over a socket."""
    await world.team("colleague", roles={"ops": "VIEWER"})
    colleague, made = world.colleague, await prepared(world)
    nothing = await seen(colleague, world.ops, made)
    gone(nothing)
    assert nothing["project"]["tasks"]["totalCount"] == 0
    copy = await kept(colleague, world.ops)
    async with colleague.follow(world.ops["scope"], copy.cursor) as stream:
        await move(world, made["task"], 1, world.ops)
        found = await seen(colleague, world.ops, made)
        assert found["task"] == {
            "title": "Travelling", "commentCount": 1, "comments": {"totalCount": 1}, "children": {"totalCount": 0},
            "links": [],
        }  # fmt: skip
        assert found["link"] is None, "its other end is in ENG"
        assert (found["project"]["tasks"]["totalCount"], found["tasks"]["totalCount"]) == (1, 1)
        assert found["byKey"] is None, "ENG has no key for them, though the task had one there"
        assert (found["other"], found["child"]) == (None, None)
        events = await stream.until((await world.position(world.ops))["seq"])
        assert {event["kind"] for event in events} == {"TaskArrived", "CommentArrived", "LinkAdded"}
        hidden: list[Any] = [world.eng["id"], world.eng["scope"], made["other"], made["child"]]
        assert not any(one in str(events) for one in hidden)
        await check_kept(colleague, world.ops, copy)
        await move(world, made["task"], 2, world.eng)
        gone(await seen(colleague, world.ops, made))
        events = await stream.until((await world.position(world.ops))["seq"])
    assert events[-1]["kind"] in ("TaskLeft", "CommentLeft", "LinkRemoved")
    assert "TaskLeft" in {event["kind"] for event in events}
