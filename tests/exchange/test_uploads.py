"""Imports over HTTP: a file goes in, what becomes of it comes out line by line; tried first, sent again in vain."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.imports.csv_tables import Table, UnknownColumn
from app.imports.json_items import MalformedJson
from app.imports.reports import Report, unheard
from tests.client import JSON, Client
from tests.exchange.test_round_trip import fetched, furnished
from tests.ledger import Log
from tests.world import World

TABLE = """Summary,Status,Issue key,Assignee,Labels,Priority,Story points,Parent,Created,Description
Slow board,In progress,OLD-1,Ada,"ui, speed",High,3,,2031-05-01,"Two
lines"
"=Dates, grey",Frozen,OLD-2,"Ada; Grace",ui,Lowest,,OLD-1,2031-05-02T10:00:00Z,
,Done,OLD-3,,,9,,,not a time,
"""
TASKS = """query($id: ID!) { node(id: $id) { ... on Project { tasks(first: 50, orderBy: [{field: NUMBER}]) { nodes {
  title externalRef priority status { name } assignees { name } labels { name } parent { externalRef } config createdAt
  description } } } } }"""


async def sent(client: Client, address: str, content: str | bytes, kind: str = "text/csv") -> tuple[int, Any]:
    """The status and the lines of the answer; of a refusal the code."""
    headers = {"Authorization": f"Bearer {client.token}", "Content-Type": kind}
    response = await client._http.post(address, content=content, headers=headers)
    if response.status_code != 200:
        return response.status_code, response.json()["errors"][0]["extensions"]["code"]
    return 200, [json.loads(line) for line in response.content.splitlines()]


async def _tasks(world: World) -> list[JSON]:
    found: list[JSON] = (await world.owner.query(TASKS, id=world.ops["id"]))["node"]["tasks"]["nodes"]
    return found


async def test_a_table_is_tried_imported_and_sent_again(world: World, log: Log) -> None:
    address = f"/imports/projects/{world.ops['id']}"
    before = await log.fingerprint()
    _, tried = await sent(world.owner, f"{address}?dryRun=true", TABLE)
    assert await log.fingerprint() == before
    assert tried[-1]["type"], tried[-1]["dryRun"] == ("done", True)
    assert tried[-1]["counts"]["created"] == 3
    notes = {(line["line"], line["field"]) for line in tried if line["type"] == "note"}
    assert notes >= {(5, "created_at"), (5, "priority")}, "by the line of the file, which has a text of two"
    _, done = await sent(world.owner, address, TABLE)
    assert done[-1]["counts"]["created"] == 3
    assert any(line["type"] == "progress" for line in done)
    first, second, third = await _tasks(world)
    assert (first["title"], first["externalRef"], first["priority"]) == ("Slow board", "OLD-1", 2)
    assert (first["status"]["name"], first["description"]) == ("In progress", "Two\nlines")
    assert [one["name"] for one in first["labels"]] == ["speed", "ui"]
    assert first["config"] == {"Story points": "3"}
    assert second["parent"] == {"externalRef": "OLD-1"}
    assert [one["name"] for one in second["assignees"]] == ["Ada", "Grace"]
    assert (second["priority"], second["status"]["name"]) == (4, "Frozen")
    assert (third["title"], third["config"]["priority"]) == ("(OLD-3)", 9)
    _, again = await sent(world.owner, address, TABLE)
    assert (again[-1]["counts"], again[-1]["events"]) == ({"unchanged": 3}, 0)


async def test_columns_by_a_mapping(world: World) -> None:
    address = f"/imports/projects/{world.ops['id']}?map=title=What&map=status=Where"
    _, done = await sent(world.owner, address, "What,Where,Title\nDo it,Done,not this\n")
    assert done[-1]["type"] == "done"
    [task] = await _tasks(world)
    assert (task["title"], task["status"]["name"], task["config"]) == ("Do it", "Done", {"Title": "not this"})
    for mapping, told in (("title=None", "no column 'None'"), ("speed=What", "no speed")):
        _, failed = await sent(world.owner, f"/imports/projects/{world.ops['id']}?map={mapping}", "What\nx\n")
        assert (failed[-1]["type"], failed[-1]["code"]) == ("failed", "MALFORMED")
        assert told in failed[-1]["message"]
    assert await sent(world.owner, f"/imports/projects/{world.ops['id']}?map=title", "x") == (
        400,
        "BAD_USER_INPUT",
    )


async def test_who_may_import(world: World) -> None:
    address = f"/imports/projects/{world.eng['id']}"
    for person, answer in (
        ("member", (403, "PERMISSION_DENIED")), ("viewer", (403, "PERMISSION_DENIED")),
        ("outsider", (404, "NOT_FOUND")),
    ):  # fmt: skip
        assert await sent(world.person(person), address, TABLE) == answer
    status, lines = await sent(world.manager, f"{address}?dryRun=true", "title\nWithout people\n")
    assert (status, lines[-1]["type"]) == (200, "done")
    refused = await world.nobody._http.post(address, content=TABLE)
    assert refused.status_code == 401


async def test_an_export_is_sent_into_a_workspace(world: World) -> None:
    await furnished(world)
    content = await fetched(world.owner, f"/exports/projects/{world.eng['id']}.jsonl")
    workspace = (await world.outsider.do("workspaceCreate", name="Fresh"))["workspace"]
    address = f"/imports/workspaces/{workspace['id']}"
    _, tried = await sent(world.outsider, f"{address}?dryRun=true", content, "application/jsonl")
    assert tried[-1]["counts"]["created"] == 3
    _, done = await sent(world.outsider, address, content, "application/jsonl")
    assert (done[-1]["type"], done[-1]["counts"]["created"]) == ("done", 3)
    _, cut = await sent(world.outsider, address, content[:-20], "application/jsonl")
    assert (cut[-1]["type"], cut[-1]["code"]) == ("failed", "MALFORMED")
    assert (await sent(world.owner, address, content))[0] == 404


def test_what_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("One,Two\n1,2\n")
    with pytest.raises(UnknownColumn, match="no column is the title"):
        Table(path, {})
    path.write_text('Title,Text\nFine,1\n"never ended')
    with pytest.raises(MalformedJson) as raised:
        list(Table(path, {}).records(Report(unheard)))
    assert raised.value.line >= 3


async def test_what_looks_like_a_formula_comes_back_as_it_was(world: World) -> None:
    titles = ["=1+1", "'=1+1", "''@x", "-5", "'quoted'", "plain"]
    for title in titles:
        await world.task(title, description=f"{title}\n=2")
    table = await fetched(world.owner, f"/exports/projects/{world.eng['id']}.csv")
    _, done = await sent(world.owner, f"/imports/projects/{world.ops['id']}", table)
    assert done[-1]["type"] == "done"
    tasks = await _tasks(world)
    assert [task["title"] for task in tasks] == titles
    assert [task["description"] for task in tasks] == [f"{title}\n=2" for title in titles]


async def test_people_whom_one_may_not_add_are_refused_before_anything_is_written(
    world: World, log: Log
) -> None:
    """A project's manager adds nobody to the workspace: told by the trial too, and with nobody new it is imported."""
    export = await fetched(world.owner, f"/exports/projects/{world.eng['id']}.jsonl")
    project, workspace = (
        f"/imports/projects/{world.eng['id']}",
        f"/imports/workspaces/{world.workspace['id']}",
    )
    renamed = export.replace(b'"name":"Admin"', b'"name":"Unknown"').replace(b'"key":"ENG"', b'"key":"NEW"')
    before = await log.fingerprint()
    for address, content, kind in (
        (project, TABLE.encode(), "text/csv"),
        (workspace, renamed, "application/jsonl"),
    ):
        for way in ("?dryRun=true", ""):
            _, lines = await sent(world.manager, address + way, content, kind)
            assert (lines[-1]["type"], lines[-1]["code"]) == ("failed", "PERMISSION_DENIED"), (address, way)
    assert await log.fingerprint() == before
    _, done = await sent(world.manager, project, "title\nWithout people\n")
    assert done[-1]["type"] == "done"
