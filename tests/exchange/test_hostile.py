"""Exports that were tampered with: refused by their line before anything is written; and what stands in the way."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from app.exchange.checking import Checks, Unfit
from app.exchange.writing import MODELS
from app.ids import new_id
from tests.client import JSON
from tests.exchange.test_round_trip import exported, fetched, furnished
from tests.exchange.test_uploads import sent
from tests.ledger import Log
from tests.world import World, uuids

KIND = "application/jsonl"
BAD: tuple[Any, ...] = (
    None, True, "", "x" * 200_000, "a\0", 0, -1, 2**40, 1e300, [], ["x"], {}, {"x": 1}, "0" * 8,
    "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z",
)  # fmt: skip


async def everything(world: World) -> list[JSON]:
    """An export with something of everything."""
    await furnished(world)
    sprint, milestone = await world.sprint(), await world.milestone()
    field = await world.custom_field("Choice", "SELECT", options=[{"name": "One"}])
    text = await world.custom_field("Text")
    await world.owner.do(
        "transitionCreate", projectId=world.eng["id"], name="Begin", toStatusId=world.status("In progress"),
        conditions=[{"role": "MEMBER"}], actions=[{"setField": {"closeReason": "x"}}],
    )  # fmt: skip
    values = [
        {"fieldId": field["id"], "value": {"optionId": field["options"][0]["id"]}},
        {"fieldId": text["id"], "value": {"text": str(new_id())}},
    ]
    await world.task("Full", sprintId=sprint["id"], milestoneId=milestone["id"], fields=values, estimate=3)
    return await exported(world.owner, world.eng["id"])


def written(lines: list[JSON]) -> str:
    return "".join(json.dumps(line) + "\n" for line in lines)


async def fresh(world: World) -> str:
    """The address of imports into a new workspace of the outsider's."""
    workspace = (await world.outsider.do("workspaceCreate", name="Fresh"))["workspace"]
    return f"/imports/workspaces/{workspace['id']}"


def changes(line: JSON) -> Iterator[tuple[str, JSON]]:
    """A line with each bad value in each of its fields."""
    for field in (*line["state"], "id", "project", "state"):
        for value in BAD:
            inside = field in line["state"] and field != "id"
            yield (
                field,
                {**line, "state": {**line["state"], field: value}} if inside else {**line, field: value},
            )


async def test_no_field_can_be_anything(world: World) -> None:
    """Each field of each type with each bad value: refused by its line, or imported like any other."""
    lines = await everything(world)
    address = await fresh(world)
    first = {
        line["type"]: place for place, line in reversed(list(enumerate(lines))) if line.get("type") in MODELS
    }
    assert set(first) == set(MODELS)
    accepted: dict[str, list[JSON]] = {name: [] for name in first}
    for name, place in first.items():
        for field, changed in changes(lines[place]):
            try:
                Checks().take(place + 1, changed)
            except Unfit:
                continue
            assert field not in ("id", "project", "state", "number", "created_at", "kind", "category"), (
                changed
            )
            accepted[name].append(changed)
    for turn in range(3):
        some = {
            first[name]: fitting[turn]
            for name, fitting in accepted.items()
            if name not in ("project", "link")
        }
        content = written([some.get(place, line) for place, line in enumerate(lines)])
        _, done = await sent(world.outsider, address, content, KIND)
        assert done[-1]["type"] == "done", (done[-1], some)


SPOILT: dict[str, tuple[str, JSON]] = {
    "a status whose tasks go nowhere": ("status", {"successor_id": str(UUID(int=7))}),
    "a status of no category": ("status", {"category": "soon"}),
    "a field of no kind": ("custom_field", {"kind": "rich"}),
    "a role that nobody has": ("transition", {"conditions": {"role": "king"}}),
    "a condition that is none": ("transition", {"conditions": {"luck": True}}),
    "an action that is none": ("transition", {"actions": {"pay": 3}}),
    "an action without a value": ("transition", {"actions": {"set_priority": "high"}}),
    "a status that is not there": ("task", {"status_id": str(UUID(int=7))}),
    "a label that is not there": ("task", {"label_ids": [str(UUID(int=7))]}),
    "no value of a field": ("task", {"fields": {str(UUID(int=7)): {"option": 1}}}),
    "config that is too deep": ("task", {"config": {"x": json.loads("[" * 40 + "]" * 40)}}),
    "a comment on nothing": ("comment", {"task_id": str(UUID(int=7))}),
    "a link to itself": ("link", {"target_task_id": str(UUID(int=7)), "source_task_id": str(UUID(int=7))}),
    "an archaic project": ("project", {"visibility": "everybody"}),
}


async def test_what_nobody_could_make_is_refused_by_its_line(world: World, log: Log) -> None:
    lines = await everything(world)
    address = await fresh(world)
    before = await log.fingerprint()
    for why, (name, values) in SPOILT.items():
        place = next(place for place, line in enumerate(lines) if line.get("type") == name)
        line = {**lines[place], "state": {**lines[place]["state"], **values}}
        content = written([*lines[:place], line, *lines[place + 1 :]])
        for way in ("", "?dryRun=true"):
            _, told = await sent(world.outsider, address + way, content, KIND)
            assert (told[-1]["type"], told[-1]["code"], told[-1].get("line")) == (
                "failed",
                "MALFORMED",
                place + 1,
            ), why
    tasks = [place for place, line in enumerate(lines) if line.get("type") == "task"]
    twice = [*lines[: tasks[0]], lines[tasks[0]], *lines[tasks[0] :]]
    circle = [dict(line) for line in lines]
    for one, other in zip(tasks[:2], tasks[1::-1], strict=True):
        circle[one] = {**lines[one], "state": {**lines[one]["state"], "parent_id": lines[other]["id"]}}
    words = [place for place, line in enumerate(lines) if line.get("type") == "status"][:2]
    around = [dict(line) for line in lines]
    for one, other in zip(words, words[::-1], strict=True):
        around[one] = {**lines[one], "state": {**lines[one]["state"], "successor_id": lines[other]["id"]}}
    for told_wrong in (twice, circle, around):
        _, told = await sent(world.outsider, address, written(told_wrong), KIND)
        assert (told[-1]["type"], told[-1]["code"]) == ("failed", "MALFORMED")
    assert await log.fingerprint() == before


async def test_a_field_that_may_be_empty_may_be_missing(world: World) -> None:
    """As in an export that is older than the field."""
    lines = await everything(world)
    shown = [line for line in lines if line.get("type") == "comment"]
    for line in shown:
        line["state"] = {name: value for name, value in line["state"].items() if value is not None}
        del line["state"]["author_id"]
    _, done = await sent(world.outsider, await fresh(world), written(lines), KIND)
    assert (done[-1]["type"], done[-1]["counts"]["comments"]) == ("done", len(shown)), done[-1]


def typed(lines: list[JSON]) -> list[str]:
    """The texts in custom fields."""
    values = [one for line in lines if line.get("type") == "task" for one in line["state"]["fields"].values()]
    return [value["text"] for value in values if "text" in value]


async def test_what_is_typed_stays_though_it_look_like_an_id(world: World) -> None:
    lines = await everything(world)
    address = await fresh(world)
    await sent(world.outsider, address, written(lines), KIND)
    found = (await world.outsider.query("{ projects { id key } }"))["projects"]
    here = next(one["id"] for one in found if one["key"] == "ENG")
    assert typed(await exported(world.outsider, here)) == typed(lines) != []


async def test_what_was_made_here_meanwhile_stays(world: World) -> None:
    """A newer export meets a task with its number, a link like its own, and two people of one name."""
    await furnished(world)
    one, two = await world.task("One"), await world.task("Two")
    address = await fresh(world)
    await sent(
        world.outsider,
        address,
        await fetched(world.owner, f"/exports/projects/{world.eng['id']}.jsonl"),
        KIND,
    )
    found = (await world.outsider.query("{ projects { id key tasks(first: 50) { nodes { id title } } } }"))[
        "projects"
    ]
    project = next(project for project in found if project["key"] == "ENG")
    here = {task["title"]: task["id"] for task in project["tasks"]["nodes"]}
    await world.outsider.do("linkAdd", sourceId=here["One"], kind="blocks", targetId=here["Two"])
    made = await world.outsider.do("taskCreate", projectId=project["id"], title="Made here")
    await world.member.do("linkAdd", sourceId=one["id"], kind="blocks", targetId=two["id"])
    both = [world.manager.user_id, world.viewer.user_id]
    there = await world.task("Made there", by="owner", assigneeIds=both)
    assert made["task"]["number"] == there["number"]
    lines = [
        {**line, "name": "Twin"} if line.get("type") == "person" else line
        for line in await exported(world.owner, world.eng["id"])
    ]
    _, told = await sent(world.outsider, address, written(lines), KIND)
    assert (told[-1]["type"], told[-1]["counts"]["created"], told[-1]["counts"]["links"]) == ("done", 1, 0), (
        told[-1]
    )
    assert [line["outcome"] for line in told if line.get("field") == "number"] == ["CHANGED"]
    again = (await sent(world.outsider, address, written(lines), KIND))[1][-1]
    assert (again["type"], again["events"]) == ("done", 0), again


async def test_a_cycle_of_blocks_does_not_come_unmarked(world: World) -> None:
    """One in the file, and one that a link of the file closes with what is here; who flagged theirs keeps that."""
    tasks = [await world.task(f"Task {n}") for n in range(3)]
    for source, target in ((0, 1), (1, 2)):
        await world.owner.do(
            "linkAdd", sourceId=tasks[source]["id"], kind="blocks", targetId=tasks[target]["id"]
        )
    lines = await exported(world.owner, world.eng["id"])
    links = [line for line in lines if line.get("type") == "link"]
    first, last = (str(uuids(tasks[n]["id"])[-1]) for n in (0, 2))
    closing = {**links[0]["state"], "id": str(new_id()), "source_task_id": last, "target_task_id": first}
    more = {"type": "link", "project": links[0]["project"], "id": closing["id"], "state": closing}
    crafted = [*lines[:-1], more, {"type": "end", "lines": len(lines)}]
    address = await fresh(world)
    _, told = await sent(world.outsider, address, written(crafted), KIND)
    assert (told[-1]["type"], told[-1]["counts"]["links"]) == ("done", 3), told[-1]
    assert [line["outcome"] for line in told if line.get("field") == "the link"] == ["FLAGGED"] * 3
    query = "query($id: ID!) { node(id: $id) { ... on Task { links { link { id cyclic } } } } }"
    shown = "query($q: String!) { tasks(query: $q) { nodes { links { link { cyclic } } } } }"
    nodes = (await world.outsider.query(shown, q='"Task"'))["tasks"]["nodes"]
    assert [one["link"]["cyclic"] for task in nodes for one in task["links"]] == [True] * 6

    (way, *_) = (await world.owner.query(query, id=tasks[0]["id"]))["node"]["links"]
    await world.owner.do("linkRemove", id=way["link"]["id"])
    await world.owner.do("linkAdd", sourceId=tasks[2]["id"], kind="blocks", targetId=tasks[0]["id"])
    _, told = await sent(world.owner, f"/imports/workspaces/{world.workspace['id']}", written(lines), KIND)
    assert told[-1]["counts"]["links"] == 1
    assert [line["outcome"] for line in told if line.get("field") == "the link"] == ["FLAGGED"]


async def test_a_link_reaches_no_task_of_another_project(world: World) -> None:
    """Not even one that the importer sees: a file gives rights in its own projects alone."""
    seen = await world.task("Seen by the viewer")
    own = (await world.viewer.do("workspaceCreate", name="Mine"))["workspace"]
    lines = await exported(world.owner, world.ops["id"])
    moved = str(new_id())
    old = lines[0]["projects"][0]["id"]
    content = written(lines).replace(old, moved)
    task_id, victim, link_id = str(new_id()), str(uuids(seen["id"])[-1]), str(new_id())
    task = next(line for line in await exported(world.owner, world.eng["id"]) if line.get("type") == "task")
    words = {line["type"]: line["id"] for line in lines if line.get("type") in ("status", "task_type")}
    state = {
        **task["state"], "id": task_id, "status_id": words["status"], "type_id": words["task_type"], "creator_id": None,
    }  # fmt: skip
    link = {
        "id": link_id, "kind": "blocks", "source_task_id": victim, "target_task_id": task_id, "cyclic": False,
        "creator_id": None, "created_at": state["created_at"],
    }  # fmt: skip
    more = [
        {"type": "task", "project": moved, "id": task_id, "state": state},
        {"type": "link", "project": moved, "id": link_id, "state": link},
    ]
    body = content.splitlines()
    content = "\n".join([*body[:-1], *map(json.dumps, more), body[-1]])
    before = await world.position(world.eng)
    _, told = await sent(world.viewer, f"/imports/workspaces/{own['id']}", content, KIND)
    assert (told[-1]["type"], told[-1]["counts"].get("links", 0)) == ("done", 0), told[-1]
    assert [line["outcome"] for line in told if line.get("field") == "the link"] == ["LOST"]
    assert await world.position(world.eng) == before
