"""A project's tasks as a table: what a list has, in its order and in words."""

from __future__ import annotations

import csv
import io
from urllib.parse import urlencode

from tests.client import JSON
from tests.exchange.test_round_trip import fetched
from tests.service import Service
from tests.world import World


async def test_a_table_of_tasks_runs_nothing(world: World) -> None:
    await world.task("=1+1", description="Line\nline", assigneeIds=[world.viewer.user_id])
    gone = await world.task("Gone")
    await world.member.do("taskDelete", id=gone["id"], expectedVersion=1)
    table = (await fetched(world.member, f"/exports/projects/{world.eng['id']}.csv")).decode()
    assert table.startswith("key,title,status")
    assert "ENG-1,'=1+1,To do,task,0,Viewer," in table
    assert "Gone" not in table


async def test_a_table_of_what_a_view_or_a_query_chooses(world: World) -> None:
    for number in range(3):
        await world.task(f"Task {number}", priority=number, estimate=(None, 2, 1)[number])
    view = await world.view("Estimated", query="-estimate:none sort:-title")
    personal = await world.view("Own", by="owner", shared=False)
    address = f"/exports/projects/{world.eng['id']}.csv"

    async def titles(asked: JSON) -> list[str]:
        headers = {"Authorization": f"Bearer {world.member.token}"}
        response = await world.member._http.get(address, params=asked, headers=headers)
        assert response.status_code == 200, response.text
        return [line.split(",")[1] for line in response.text.splitlines()[1:]]

    assert await titles({}) == ["Task 0", "Task 1", "Task 2"]
    assert await titles({"query": "sort:estimate"}) == ["Task 2", "Task 1", "Task 0"]
    assert await titles({"query": "sort:-estimate"}) == ["Task 1", "Task 2", "Task 0"]
    assert await titles({"view": view["id"]}) == ["Task 2", "Task 1"]
    assert await titles({"view": view["id"], "query": "priority:1"}) == ["Task 1"]
    for asked, code in (
        ({"view": personal["id"]}, 404), ({"query": "nothing:such"}, 400), ({"other": "1"}, 400)
    ):  # fmt: skip
        headers = {"Authorization": f"Bearer {world.member.token}"}
        response = await world.member._http.get(address, params=asked, headers=headers)
        assert response.status_code == code, (asked, response.text)


async def test_a_table_has_what_a_list_has(world: World, service: Service) -> None:
    """In its order, by custom fields too, and of what is blocked: by tasks that whoever asks sees."""
    options: JSON = {"options": [{"name": "High"}, {"name": "Low"}, {"name": "Gone"}]}
    fields = [
        await world.custom_field("Points", "NUMBER"), await world.custom_field("Notes", "TEXT"),
        await world.custom_field("Severity", "MULTI_SELECT", **options),
    ]  # fmt: skip
    chosen = [one["id"] for one in fields[2]["options"]]
    label = await world.label("bug")
    tasks = []
    for number in range(9):
        values: list[JSON] = [
            {"number": float(number % 4)}, {"text": "zÄaé🙂"[number % 5]}, {"optionIds": chosen[number % 3 :]}
        ]  # fmt: skip
        given = [
            {"fieldId": field["id"], "value": value}
            for place, (field, value) in enumerate(zip(fields, values, strict=True))
            if (number + place) % 3
        ]
        labels = [label["id"]] if number % 2 else []
        tasks.append(await world.task(f"Task {number}", fields=given, labelIds=labels))
    hidden = await world.task("Secret", by="owner", projectId=world.secret["id"])
    for source, target in ((tasks[0], tasks[1]), (tasks[2], tasks[3]), (hidden, tasks[4])):
        await world.owner.do("linkAdd", sourceId=source["id"], kind="blocks", targetId=target["id"])
    done = {"statusId": world.status("Done"), "expectedVersion": 1}
    await world.owner.do("taskMove", id=tasks[2]["id"], **done)
    kept = [{"id": one["id"], "name": one["name"]} for one in fields[2]["options"][:2]]
    await world.owner.do("customFieldUpdate", id=fields[2]["id"], expectedVersion=1, options=kept)
    await world.owner.do("labelDelete", id=label["id"], expectedVersion=1)
    document = "query($q: String!, $p: [ID!]) { tasks(query: $q, projectIds: $p) { nodes { title } } }"
    blocked = {world.member: ["Task 1"], world.owner: ["Task 1", "Task 4"]}
    for client, titles in blocked.items():
        for query in (
            "is:blocked sort:title", "-is:blocked sort:-field.Points,field.Notes", "sort:-field.Notes",
            "sort:field.Severity,-number", "field.Severity:none sort:field.Points,title", "label:none sort:number",
        ):  # fmt: skip
            listed = await client.query(document, q=query, p=[world.eng["id"]])
            expected = [one["title"] for one in listed["tasks"]["nodes"]]
            address = f"/exports/projects/{world.eng['id']}.csv?{urlencode({'query': query})}"
            with service.statements() as counted:
                table = (await fetched(client, address)).decode().splitlines()
            assert [line.split(",")[1] for line in table[1:]] == expected, query
            assert len(counted) < 40, counted
            assert "is:blocked" not in query.split() or expected == titles
            assert not any("bug" in line or "Gone" in line for line in table), "nothing that is gone"


async def test_a_table_has_what_is_planned_in_words(world: World) -> None:
    sprint, milestone = await world.sprint(), await world.milestone()
    options: JSON = {"options": [{"name": "High"}, {"name": "Low, or so"}]}
    kinds = ("SELECT", "MULTI_SELECT", "USER", "NUMBER", "DATE", "URL")
    fields = {
        kind: await world.custom_field(kind.title(), kind, **(options if "SELECT" in kind else {}))
        for kind in kinds
    }
    chosen = {kind: [one["id"] for one in fields[kind]["options"]] for kind in ("SELECT", "MULTI_SELECT")}
    values: dict[str, JSON] = {
        "SELECT": {"optionId": chosen["SELECT"][1]}, "MULTI_SELECT": {"optionIds": chosen["MULTI_SELECT"]},
        "USER": {"userId": world.viewer.user_id}, "NUMBER": {"number": 2.5}, "DATE": {"date": "2030-01-31"},
        "URL": {"url": "https://lockstep.example/"},
    }  # fmt: skip
    given = [{"fieldId": fields[kind]["id"], "value": value} for kind, value in values.items()]
    await world.task("Full", sprintId=sprint["id"], milestoneId=milestone["id"], fields=given)
    await world.task("Empty")
    table = (await fetched(world.member, f"/exports/projects/{world.eng['id']}.csv")).decode()
    full, empty = csv.DictReader(io.StringIO(table))
    assert (full["sprint"], full["milestone"]) == (sprint["name"], milestone["name"])
    assert [full[f"field.{kind.title()}"] for kind in kinds] == [
        "Low, or so", "High, Low, or so", "Viewer", "2.5", "2030-01-31", "https://lockstep.example/"
    ]  # fmt: skip
    assert {empty[f"field.{kind.title()}"] for kind in kinds} | {empty["sprint"]} == {""}
