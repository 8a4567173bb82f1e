"""Custom fields wherever tasks are asked for: in texts of queries, live lists, saved views, and lists of the past."""

from __future__ import annotations

import asyncio
from typing import Any

from app.history.checkpoints import write_checkpoints
from tests.client import JSON, PATIENCE_SECONDS
from tests.service import Service
from tests.views.test_live import FOLLOWED
from tests.world import World

OPTIONS = [{"name": "Low"}, {"name": "Very high"}, {"name": "Middle"}]
LISTED = (
    "query($q: String, $p: [ID!]) { tasks(query: $q, projectIds: $p, first: 100) { nodes { id title } } }"
)
PARSED = """query($t: String!, $c: Int, $p: [ID!]) { queryParse(text: $t, cursor: $c, projectIds: $p) {
  filter text orderBy { field customFieldId direction }
  errors { code start end meant } suggestions { text start } } }"""
PRINTED = "query($f: TaskFilter, $o: [TaskOrder!]) { queryPrint(filter: $f, orderBy: $o) }"


def value(field: JSON, **value: Any) -> list[JSON]:
    """An input's ``fields`` of one value."""
    return [{"fieldId": field["id"], "value": value}]


async def furnish(world: World, project: JSON | None = None) -> dict[str, JSON]:
    """Fields, and tasks A to D that have something in them."""
    fields = {
        "Severity": await world.custom_field("Severity", "SELECT", project, options=OPTIONS),
        "Story points": await world.custom_field("Story points", "NUMBER", project),
        "Notes": await world.custom_field("Notes", "TEXT", project),
        "Tester": await world.custom_field("Tester", "USER", project),
        "Day": await world.custom_field("Day", "DATE", project),
    }
    severity, points, notes, tester, day = fields.values()
    options = [one["id"] for one in severity["options"]]
    place = {"projectId": (project or world.eng)["id"]}
    for title, values in {
        "A": [*value(severity, optionId=options[1]), *value(points, number=3.0), *value(notes, text="A pear tree")],
        "B": [*value(severity, optionId=options[0]), *value(points, number=0.5), *value(day, date="2030-01-31")],
        "C": [*value(points, number=8.0), *value(tester, userId=world.member.user_id)],
        "D": [],
    }.items():  # fmt: skip
        await world.task(title, by="member" if project is None else "owner", fields=values, **place)
    return fields


async def listed(world: World, text: str, *projects: JSON) -> str:
    """The titles that a query gives, one after the other."""
    within = [one["id"] for one in projects or (world.eng,)]
    found = await world.owner.query(LISTED, q=f"({text}) sort:title", p=within)
    return "".join(one["title"] for one in found["tasks"]["nodes"])


async def parsed(world: World, text: str, cursor: int | None = None) -> JSON:
    """What a text means in ENG."""
    found: JSON = (await world.member.query(PARSED, t=text, c=cursor, p=[world.eng["id"]]))["queryParse"]
    return found


async def test_a_text_asks_by_custom_fields_and_comes_back(world: World) -> None:
    fields = await furnish(world)
    for text, wanted in (
        ('field.Severity:"Very high"', "A"), ("field.severity:low,none", "BCD"), ("-field.Severity:Low", "ACD"),
        ("field.Severity:!=Low", "ACD"), ('field."Story points":>0.5', "AC"), ('field."story points":0.5..3', "AB"),
        ("field.Notes:PEAR", "A"), ("field.Notes:=pear", ""), ("field.Tester:me", ""), ("has:field.Tester", "C"),
        ('no:field."Story points"', "D"), ("field.Day:<=2030-01-31 or field.Tester:!=none", "BC"),
        (f"field.#{'0' * 32}.number:>3", ""),
    ):  # fmt: skip
        assert await listed(world, text) == wanted, text
        found = await parsed(world, text)
        assert found["errors"] == []
        assert await listed(world, found["text"]) == wanted, found["text"]
        again = await world.member.query(PRINTED, f=found["filter"])
        assert again["queryPrint"] == found["text"]
    text = 'field.Severity:"Very high",Low sort:-field."Story points",title'
    found = await parsed(world, text)
    assert found["text"] == 'field.Severity:Low,"Very high" sort:-field."Story points",title'
    assert found["orderBy"] == [
        {"field": None, "customFieldId": fields["Story points"]["id"], "direction": "DESC"},
        {"field": "TITLE", "customFieldId": None, "direction": "ASC"},
    ]
    printed = await world.member.query(PRINTED, f=found["filter"], o=found["orderBy"])
    assert printed["queryPrint"] == found["text"]


async def test_a_list_across_projects_means_the_field_of_each(world: World) -> None:
    await furnish(world)
    await furnish(world, world.ops)
    both = (world.eng, world.ops)
    assert await listed(world, 'field.Severity:Low or field."Story points":8', *both) == "BBCC"
    assert await listed(world, "no:field.Severity", *both) == "CCDD"
    assert await listed(world, "field.Severity:!=Low field.Severity:!=none", *both) == "AA"
    answer = await world.owner.ask(LISTED, {"q": "sort:field.Severity", "p": [one["id"] for one in both]})
    [fault] = answer.json["errors"][0]["extensions"]["queryErrors"]
    assert (fault["code"], len(fault["meant"])) == ("AMBIGUOUS_NAME", 2)


FAULTS: tuple[tuple[str, str, str, list[str]], ...] = (
    ("🚀 field.Severty:Low", "UNKNOWN_NAME", "field.Severty", ["field.Severity"]),
    ("field.Severity:Lowe", "UNKNOWN_NAME", "Lowe", ["Low"]),
    ("field.Severity:>Low", "BAD_COMPARISON", "field.Severity:>Low", []),
    ('field."Story points":many', "BAD_VALUE", "many", []),
    ("field.Day:someday", "BAD_VALUE", "someday", []),
    ("field.Severity:", "MISSING_VALUE", ":", []),
    ("severity:Low", "UNKNOWN_FIELD", "severity:Low", ["field.Severity"]),
    ("no:field.Note", "UNKNOWN_NAME", "field.Note", ["field.Notes"]),
)


async def test_faults_are_placed(world: World) -> None:
    await furnish(world)
    for text, code, part, meant in FAULTS:
        [fault] = (await parsed(world, text))["errors"]
        shown = text.encode("utf-16-le")[2 * fault["start"] : 2 * fault["end"]].decode("utf-16-le")
        assert (fault["code"], shown) == (code, part), text
        assert fault["meant"][: len(meant)] == meant, text


async def test_what_may_stand_at_the_cursor(world: World) -> None:
    """Fields and their options, of what one sees."""
    await furnish(world)
    await world.custom_field("Secret level", "TEXT", world.secret)
    for text, wanted in (
        ("fie", "field."), ("field.sev", "field.Severity:"), ('field."story', 'field."Story points":'),
        ("field.Severity:v", '"Very high"'), ("field.Tester:", "me"), ("no:field.D", "field.Day"),
        ("field.Day:", "today"), ("sort:-field.S", '-field."Story points"'),
    ):  # fmt: skip
        found = (await parsed(world, text, len(text)))["suggestions"]
        assert wanted in [one["text"] for one in found], (text, found)
    everywhere = (await world.member.query(PARSED, t="field.secret", c=12))["queryParse"]
    assert "Secret" not in str(everywhere["suggestions"])


async def test_a_view_is_sorted_by_a_custom_field_and_followed(world: World) -> None:
    """What is followed is what is loaded, whatever is done to values, options and the order itself."""
    fields = await furnish(world)
    severity = fields["Severity"]
    query = 'field."Story points":>0 sort:-field.Severity,field."Story points"'
    view = await world.view(query=query)
    shown = """query($id: ID!) { node(id: $id) { position: __typename ... on View { query
      orderBy { customFieldId } tasks { nodes { id title } } } } }"""
    found = (await world.member.query(shown, id=view["id"]))["node"]
    assert found["query"] == query
    assert [one["customFieldId"] for one in found["orderBy"]] == [
        severity["id"],
        fields["Story points"]["id"],
    ]
    assert [one["title"] for one in found["tasks"]["nodes"]] == ["A", "B", "C"]
    places: dict[str, Any] = {}
    frame: JSON = {}
    start = (await world.position())["cursor"]
    async with world.member.socket() as socket:
        identifier = await socket.start(FOLLOWED, p=world.eng["id"], v=view["id"], after=start)
        new = await world.task("E", fields=[
            *value(fields["Story points"], number=1.0), *value(severity, optionId=severity["options"][2]["id"])
        ])  # fmt: skip
        await world.member.do(
            "taskUpdate",
            id=new["id"],
            expectedVersion=1,
            patch={"fields": value(fields["Story points"], number=2.5)},
        )
        a, _, c = found["tasks"]["nodes"]
        for task, points in ((a, 0.0), (c, 4.0)):
            changed = {"fields": value(fields["Story points"], number=points)}
            await world.member.do("taskUpdate", id=task["id"], expectedVersion=1, patch=changed)
        seen: list[tuple[str, str, Any]] = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not seen or seen[-1][1] != c["id"]:
                frame = (await socket.message(identifier))["payload"]["data"]["viewEvents"]
                for change in frame["changes"]:
                    seen.append((change["kind"], change["taskId"], change["place"] and change["place"][:2]))
                    places[change["taskId"]] = change["place"]
        assert {kind for kind, task_id, _ in seen if task_id == new["id"]} <= {"ENTERED", "CHANGED"}
        assert places[new["id"]][:2] == [2, 2.5]
        assert ("LEFT", a["id"], None) in seen
        assert seen[-1] == ("CHANGED", c["id"], [None, 4.0])
        kept = [{"id": one["id"], "name": one["name"]} for one in severity["options"][::-1]]
        await world.owner.do("customFieldUpdate", id=severity["id"], expectedVersion=1, options=kept)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while frame["kind"] != "RESYNC":
                frame = (await socket.message(identifier))["payload"]["data"]["viewEvents"]
        assert frame["reason"] == "VIEW_CHANGED"


AS_OF = """query($id: ID!, $at: AsOfInput!, $f: TaskFilter, $o: [TaskOrder!]) { node(id: $id) { ... on Project {
  asOf(at: $at) { tasks(filter: $f, orderBy: $o) { nodes { state { title } } totalCount } } } } }"""


async def test_the_past_is_asked_by_the_values_of_then(world: World, service: Service) -> None:
    """In a checkpoint and after it, in the order that the options had."""
    fields = await furnish(world)
    severity, points = fields["Severity"], fields["Story points"]
    await write_checkpoints(service.application.store, every=3)
    late = await world.task("E", fields=value(severity, optionId=severity["options"][2]["id"]))
    seq = (await world.position())["seq"]
    await world.member.do(
        "taskUpdate", id=late["id"], expectedVersion=1, patch={"fields": [{"fieldId": severity["id"]}]}
    )
    kept = [{"id": one["id"], "name": one["name"]} for one in severity["options"][::-1]]
    await world.owner.do("customFieldUpdate", id=severity["id"], expectedVersion=1, options=kept)

    async def then(filter: JSON | None = None, order: JSON | None = None) -> str:
        asked = {"id": world.eng["id"], "at": {"seq": seq}, "f": filter, "o": order and [order]}
        page = (await world.viewer.query(AS_OF, **asked))["node"]["asOf"]["tasks"]
        assert page["totalCount"] == len(page["nodes"])
        return "".join(one["state"]["title"] for one in page["nodes"])

    by_points = {"field": {"fieldId": points["id"], "number": {"gt": 0.5}}}
    assert await then(by_points) == "AC"
    assert await then({"field": {"fieldId": severity["id"], "null": True}}) == "CD"
    assert await then(by_points, {"customFieldId": points["id"], "direction": "DESC"}) == "CA"
    with_severity = {"field": {"fieldId": severity["id"], "null": False}}
    assert await then(with_severity, {"customFieldId": severity["id"]}) == "BAE"
