"""What was deleted is not shown, and so not found: options, fields and labels, wherever tasks are asked for."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import Any

from tests.boards.proofs import board
from tests.boards.test_boards import shown, titles
from tests.client import JSON
from tests.fields.test_asking import OPTIONS, value
from tests.world import World

LISTED = """query($p: [ID!], $f: TaskFilter) { tasks(projectIds: $p, filter: $f, orderBy: [{field: TITLE}]) {
  nodes { title } } }"""
QUERIED = "query($p: [ID!], $q: String) { tasks(projectIds: $p, query: $q) { nodes { title } } }"
FOLLOWED = """subscription($p: ID!, $f: TaskFilter) { viewEvents(projectId: $p, filter: $f) {
  kind reason changes { kind } } }"""


async def found(world: World, f: JSON) -> str:
    nodes = (await world.member.query(LISTED, f=f, p=[world.eng["id"]]))["tasks"]["nodes"]
    return "".join(one["title"] for one in nodes)


@asynccontextmanager
async def loaded_anew(world: World, f: JSON) -> Any:
    """Whoever follows the list is told to load it anew, and nothing else."""
    async with world.member.socket() as socket:
        operation = await socket.start(FOLLOWED, p=world.eng["id"], f=f)
        assert (await socket.message(operation))["payload"]["data"]["viewEvents"]["kind"] == "HEARTBEAT"
        yield
        frame = (await socket.message(operation))["payload"]["data"]["viewEvents"]
        assert (frame["kind"], frame["reason"]) == ("RESYNC", "VIEW_CHANGED")


async def test_an_option_a_field_a_label(world: World) -> None:
    field = await world.custom_field("Severity", "SELECT", options=OPTIONS)
    options = [{"id": one["id"], "name": one["name"]} for one in field["options"]]
    low, high = (one["id"] for one in options[:2])
    label = (await world.label("bug"))["id"]
    await world.task("A", fields=value(field, optionId=low), labelIds=[label])
    await world.task("B", fields=value(field, optionId=high))
    await world.task("C")
    over = await board(world, query="field.Severity:Low", swimlanes="LABEL")
    every = await board(world, swimlanes="LABEL")
    of: JSON = {"fieldId": field["id"]}
    chosen: JSON = {"field": of | {"option": {"eq": low}}}
    other: JSON = {"field": of | {"option": {"eq": high}}}
    empty: JSON = {"field": of | {"null": True}}
    named: JSON = {"label": {"eq": label}}
    asked = [chosen, other, empty, named, {"label": {"null": True}}]
    assert [await found(world, one) for one in asked] == ["A", "B", "C", "A", "BC"]
    assert titles((await shown(world.member, over))["columns"][0]) == ["A"]
    at: JSON = {"id": field["id"]}
    async with loaded_anew(world, chosen):
        options[1]["name"] = "Higher"
        await world.owner.do("customFieldUpdate", **at, expectedVersion=1, options=options)
        await world.owner.do("customFieldUpdate", **at, expectedVersion=2, options=options[1:])
    assert [await found(world, one) for one in asked] == ["", "B", "AC", "A", "BC"]
    assert titles((await shown(world.member, over))["columns"][0]) == []
    answer = await world.member.ask(QUERIED, {"q": "field.Severity:Low", "p": [world.eng["id"]]})
    assert answer.codes == ["BAD_USER_INPUT"], "its name is nobody's"
    async with loaded_anew(world, named):
        await world.owner.do("labelDelete", id=label, expectedVersion=1)
    async with loaded_anew(world, other):
        await world.owner.do("customFieldDelete", **at, expectedVersion=3)
    assert [await found(world, one) for one in asked] == ["", "", "ABC", "", "ABC"]
    (lane,) = (await shown(world.member, every))["lanes"]
    assert lane["label"] is None, "no lane of a label that is gone"
    assert titles((await shown(world.member, every, lane=lane["key"]))["columns"][0]) == ["A", "B", "C"]
