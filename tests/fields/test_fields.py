"""Custom fields: what may stand in them, how it merges, how tasks are found and ordered by it, what becomes of it."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest

from tests.client import JSON
from tests.folding import Scope
from tests.invariants import refused_unchanged, verify_events
from tests.ledger import Log
from tests.world import World

VALUES = """query($id: ID!) { node(id: $id) { ... on Task { version fields { field { name } value text number date url
  option { name } options { name } user { id } } } } }"""
OPTIONS = [{"name": "Low"}, {"name": "Middle"}, {"name": "High"}]


async def _values(world: World, task_id: str) -> dict[str, JSON]:
    found = (await world.member.query(VALUES, id=task_id))["node"]["fields"]
    return {one["field"]["name"]: one for one in found}


def _value(field: JSON, **value: Any) -> list[JSON]:
    return [{"fieldId": field["id"], "value": value}]


async def _set(world: World, task: JSON, version: int, fields: list[JSON], by: str = "member") -> JSON:
    patch = {"fields": fields}
    return await world.person(by).answer("taskUpdate", id=task["id"], expectedVersion=version, patch=patch)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("TEXT", {"text": "x" * 501}), ("TEXT", {"number": 1.0}), ("NUMBER", {"number": 1e300}),
        ("URL", {"url": "javascript:x"}), ("URL", {"url": "http://[x"}), ("DATE", {"text": "2030-01-01"}),
    ],
)  # fmt: skip
async def test_what_does_not_fit_is_refused(world: World, log: Log, kind: str, value: JSON) -> None:
    field, task = await world.custom_field(kind=kind), await world.task()
    given = {"id": task["id"], "expectedVersion": 1, "patch": {"fields": _value(field, **value)}}
    error = await refused_unchanged(log, world.member.refused("taskUpdate", **given))
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["patch", "fields"])


async def test_a_field_is_for_its_types_and_may_be_required(world: World, log: Log) -> None:
    field = await world.custom_field("Severity", typeIds=[world.type("bug")], required=True)
    task = await world.task()
    refused = await _set(world, task, 1, _value(field, text="x"))
    assert refused["errors"][0]["message"] == "Tasks of this type have no field Severity."
    bug = {"projectId": world.eng["id"], "title": "Bug", "typeId": world.type("bug")}
    error = await refused_unchanged(log, world.member.refused("taskCreate", **bug))
    assert error["message"] == "Severity is required."
    made = await world.task(**bug, fields=_value(field, text="High"))
    cleared = await _set(world, made, 1, [{"fieldId": field["id"]}])
    assert cleared["errors"][0]["message"] == "Severity is required."


async def test_different_fields_merge_and_the_same_one_clashes(world: World) -> None:
    one, other = await world.custom_field("One"), await world.custom_field("Other", "NUMBER")
    task = await world.task(fields=_value(one, text="first"))
    assert (await _set(world, task, 1, _value(one, text="theirs"), "manager"))["errors"] == []
    assert (await _set(world, task, 1, _value(other, number=2.5)))["errors"] == []
    clash = (
        await world.member.answer(
            "taskUpdate", "errors { code ... on VersionConflict { clashes { field base theirs yours } } }",
            id=task["id"], expectedVersion=1, patch={"fields": _value(one, text="yours")},
        )
    )["errors"][0]["clashes"]  # fmt: skip
    told = [{name: one[name] for name in ("field", "base", "theirs", "yours")} for one in clash]
    assert told == [
        {
            "field": f"fields.{one['id']}", "base": {"text": "first"}, "theirs": {"text": "theirs"},
            "yours": {"text": "yours"},
        }
    ]  # fmt: skip
    found = await _values(world, task["id"])
    assert (found["One"]["text"], found["Other"]["number"]) == ("theirs", 2.5)


async def test_what_is_deleted_is_not_shown(world: World) -> None:
    """Neither a deleted field's value nor a deleted option; the copies of clients agree."""
    gone = await world.custom_field("Gone")
    chosen = await world.custom_field("Chosen", "MULTI_SELECT", options=OPTIONS)
    ids = [one["id"] for one in chosen["options"]]
    task = await world.task(fields=[*_value(gone, text="x"), *_value(chosen, optionIds=ids[:2])])
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        await world.owner.do("customFieldDelete", id=gone["id"], expectedVersion=1)
        left = [{"id": ids[2], "name": "High"}, {"id": ids[1], "name": "Medium"}]
        await world.owner.do("customFieldUpdate", id=chosen["id"], expectedVersion=1, options=left)
    found = await _values(world, task["id"])
    assert found.keys() == {"Chosen"}
    assert found["Chosen"]["options"] == [{"name": "Medium"}]
    refused = await _set(world, task, 1, _value(chosen, optionIds=[ids[0]]))
    assert refused["errors"][0]["code"] == "NOT_FOUND"


async def test_a_value_and_the_end_of_its_field_take_turns(world: World, log: Log) -> None:
    for number in range(3):
        field = await world.custom_field(f"Field {number}")
        task = await world.task()
        _, told = await asyncio.gather(
            world.owner.do("customFieldDelete", id=field["id"], expectedVersion=1),
            _set(world, task, 1, _value(field, text="x")),
        )
        assert not told["errors"] or told["errors"][0]["code"] == "NOT_FOUND"
        assert await _values(world, task["id"]) == {}
    await log.check_order()


FIND = """query($p: [ID!], $f: TaskFilter, $o: [TaskOrder!], $n: Int, $a: String) {
  tasks(projectIds: $p, filter: $f, orderBy: $o, first: $n, after: $a) {
    totalCount nodes { title } pageInfo { hasNextPage endCursor } } }"""


async def _found(world: World, filter: JSON, order: list[JSON] | None = None) -> list[str]:
    titles: list[str] = []
    after = None
    while True:
        page = (
            await world.member.query(
                FIND, p=[world.eng["id"]], f=filter, o=order or [{"field": "TITLE"}], n=2, a=after
            )
        )["tasks"]
        titles += [one["title"] for one in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            assert page["totalCount"] == len(titles)
            return titles
        after = page["pageInfo"]["endCursor"]


async def test_tasks_are_found_and_ordered_by_what_stands_in_fields(world: World) -> None:
    """By each kind, page by page; tasks without a value come last in either direction."""
    number, text = await world.custom_field("N", "NUMBER"), await world.custom_field("T")
    day, user = await world.custom_field("D", "DATE"), await world.custom_field("U", "USER")
    one = await world.custom_field("O", "SELECT", options=OPTIONS)
    more = await world.custom_field("M", "MULTI_SELECT", options=OPTIONS)
    options = [option["id"] for option in one["options"]]
    several = [option["id"] for option in more["options"]]
    rows: dict[str, list[JSON]] = {
        "A": [*_value(number, number=2.0), *_value(text, text="Pear"), *_value(one, optionId=options[2])],
        "B": [*_value(number, number=-1.5), *_value(one, optionId=options[0]), *_value(more, optionIds=several[:2])],
        "C": [*_value(number, number=10.0), *_value(day, date="2030-01-31"), *_value(more, optionIds=several[1:])],
        "D": [*_value(text, text="apple"), *_value(one, optionId=options[1]),
              *_value(user, userId=world.member.user_id)],
        "E": [],
    }  # fmt: skip
    for title, fields in rows.items():
        await world.task(title, fields=fields)

    def of(field: JSON, **compared: Any) -> JSON:
        return {"field": {"fieldId": field["id"], **compared}}

    for asked, wanted in (
        (of(number, number={"gt": 0.0}), "AC"),
        (of(number, number={"neq": 2.0}), "BCDE"),
        (of(number, number={"gte": -1.5, "lt": 10.0}), "AB"),
        (of(number), "ABC"),
        (of(number, null=True), "DE"),
        (of(text, text={"contains": "P"}), "AD"),
        (of(text, text={"in": ["apple", "x"]}), "D"),
        (of(day, date={"lt": "2030-02-01"}), "C"),
        (of(user, user={"me": True}), "D"),
        (of(user, user={"eq": world.viewer.user_id}), ""),
        (of(one, option={"nin": options[:2]}), "ACE"),
        (of(more, option={"eq": several[1]}), "BC"),
        (of(more, option={"neq": several[0]}), "ACDE"),
        ({"not": of(number, number={"gt": 0.0})}, "BDE"),
        ({"and": [of(number), of(one)]}, "AB"),
    ):
        assert "".join(await _found(world, asked)) == wanted, asked
    for field, upward, downward in (
        (number, "BACDE", "CABDE"), (one, "BDACE", "ADBCE"), (more, "BCADE", "CBADE"), (day, "CABDE", "CABDE"),
        (user, "DABCE", "DABCE"),
    ):  # fmt: skip
        for direction, wanted in (("ASC", upward), ("DESC", downward)):
            order = [{"customFieldId": field["id"], "direction": direction}, {"field": "TITLE"}]
            assert "".join(await _found(world, {}, order)) == wanted, (field["name"], direction)


async def test_what_has_a_place_in_the_other_project_goes_along(world: World) -> None:
    here = [
        await world.custom_field("Text"), await world.custom_field("Number", "NUMBER"),
        await world.custom_field("One", "SELECT", options=OPTIONS),
        await world.custom_field("More", "MULTI_SELECT", options=OPTIONS),
        await world.custom_field("Who", "USER"), await world.custom_field("Whose", "USER"),
    ]  # fmt: skip
    text, number, one, more, who, whose = here
    for name, kind, options in (
        ("text", "TEXT", []), ("Number", "TEXT", []), ("One", "SELECT", [{"name": "high"}]), ("Who", "USER", []),
        ("More", "MULTI_SELECT", [{"name": "LOW"}, {"name": "Other"}]), ("Whose", "USER", []),
    ):  # fmt: skip
        more_of_it = {"options": options} if options else {}
        await world.custom_field(name, kind, world.ops, **more_of_it)
    milestone, sprint = await world.milestone("1.0"), await world.sprint()
    there = await world.milestone("1.0", world.ops)
    task = await world.task(
        milestoneId=milestone["id"], sprintId=sprint["id"],
        fields=[
            *_value(text, text="x"), *_value(number, number=1.0), *_value(one, optionId=one["options"][2]["id"]),
            *_value(more, optionIds=[option["id"] for option in more["options"]]),
            *_value(who, userId=world.member.user_id), *_value(whose, userId=world.viewer.user_id),
        ],
    )  # fmt: skip
    scopes = [Scope("project", project["id"]) for project in (world.eng, world.ops)]
    async with verify_events(world.owner, *scopes):
        await world.member.do("taskTransfer", id=task["id"], projectId=world.ops["id"], expectedVersion=1)
    found = await _values(world, task["id"])
    assert found.keys() == {"text", "One", "More", "Who"}
    assert found["One"]["option"] == {"name": "high"}
    assert found["More"]["options"] == [{"name": "LOW"}]
    shown = await world.member.query(
        "query($id: ID!) { node(id: $id) { ... on Task { sprint { id } milestone { id } } } }", id=task["id"]
    )
    assert shown["node"] == {"sprint": None, "milestone": {"id": there["id"]}}


async def test_an_option_stands_once_among_those_of_a_field(world: World, log: Log) -> None:
    field = await world.custom_field(kind="SELECT", options=OPTIONS)
    option = field["options"][0]["id"]
    twice = [{"id": option, "name": "One"}, {"id": option, "name": "Two"}]
    given = {"id": field["id"], "expectedVersion": 1, "options": twice}
    error = await refused_unchanged(log, world.owner.refused("customFieldUpdate", **given))
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["options"])


async def test_what_a_task_is_called_elsewhere_fits_into_its_index(world: World, log: Log) -> None:
    """Random, so that it cannot be compressed; of three bytes a character."""
    letters = random.Random(1).choices([chr(place) for place in range(0x4E00, 0x9FFF)], k=2048)
    asked = {"projectId": world.eng["id"], "title": "Long", "externalRef": "".join(letters)}
    error = await refused_unchanged(log, world.member.refused("taskCreate", **asked))
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["externalRef"])
    await world.task(externalRef="".join(letters[:682]))
