"""Tasks of several projects, asked for by project."""

from __future__ import annotations

import pytest

from tests.world import World

ASKED = """query($q: String!) { tasks(query: $q) { nodes { key } }
  queryParse(text: $q) { filter text errors { code meant } } }"""
TYPED = "query($f: TaskFilter) { tasks(filter: $f) { nodes { key } } queryPrint(filter: $f) }"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("project:ENG", ["ENG-1"]),
        ("project:eng,ops", ["ENG-1", "OPS-1"]),
        ("-project:ENG", ["OPS-1"]),
        ("title:Task project:!=OPS", ["ENG-1"]),
        ("project:ENG project:OPS", []),
    ],
)
async def test_by_key(world: World, text: str, keys: list[str]) -> None:
    """The text, what it is written as again, and the typed filter that it means find the same."""
    for project in (world.eng, world.ops):
        await world.owner.do("taskCreate", projectId=project["id"], title="Task")
    answer = await world.member.query(ASKED, q=text)
    assert sorted(node["key"] for node in answer["tasks"]["nodes"]) == keys
    typed = await world.member.query(TYPED, f=answer["queryParse"]["filter"])
    assert sorted(node["key"] for node in typed["tasks"]["nodes"]) == keys
    again = await world.member.query(ASKED, q=typed["queryPrint"])
    assert again["queryParse"]["text"] == answer["queryParse"]["text"] == typed["queryPrint"]
    assert again["queryParse"]["filter"] == answer["queryParse"]["filter"]


async def test_hidden_is_missing(world: World) -> None:
    """A project that one does not see has no key here, is not suggested, and has no tasks by its id."""
    await world.owner.do("taskCreate", projectId=world.secret["id"], title="Task")
    hidden = (await world.member.ask(ASKED, {"q": "project:SEC"})).json
    missing = (await world.member.ask(ASKED, {"q": "project:SEX"})).json
    assert str(hidden["errors"]).replace("SEC", "…") == str(missing["errors"]).replace("SEX", "…")
    assert hidden["errors"][0]["extensions"]["queryErrors"][0]["code"] == "UNKNOWN_NAME"
    typed = await world.member.query(TYPED, f={"project": {"eq": world.secret["id"]}})
    assert typed["tasks"]["nodes"] == []
    assert "SEC" not in typed["queryPrint"]
    suggested = "query($q: String!) { queryParse(text: $q, cursor: 8) { suggestions { text } } }"
    told = (await world.member.query(suggested, q="project:"))["queryParse"]["suggestions"]
    assert [one["text"] for one in told] == ["ENG", "OPS"]
