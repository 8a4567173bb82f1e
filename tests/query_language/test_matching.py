"""The evaluator and the database agree on which tasks a filter matches, over GraphQL and with missing values."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from app.config import Settings
from app.query_language.custom import COMPARED
from app.query_language.names import Names, Word, Words
from app.tasks.events import task_state
from app.tasks.grammar import MOST_CONDITIONS, Compared, FilterScope, TaskFilter, custom_name, normal
from app.tasks.matching import Surroundings, matches
from app.tasks.reads import tasks_by_key
from schema.query_language.spelling import filter_as_input
from tests.client import JSON
from tests.conftest import Template
from tests.databases import Databases
from tests.query_language.filters import EXAMPLES, TEXTS, filters
from tests.query_language.test_round_trips import depth
from tests.service import Doors, serve
from tests.world import World, uuids

LISTED = "query($f: TaskFilter) { tasks(filter: $f, first: 100) { nodes { id } } }"
TITLES = ("under", "Ünder 100%", "UNDER x1", 'a \\ "b"', "İ or two words")
STATUSES = ("Backlog", "To do", "In progress", "Done", "Cancelled")


@dataclass
class Furnished:
    """A project's tasks as states, and what a filter may name."""

    world: World
    states: list[JSON]
    ids: dict[str, list[UUID]]
    names: Names
    around: Surroundings


@pytest.fixture(scope="module")
async def furnished(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings]
) -> AsyncIterator[Furnished]:
    """Tasks of ENG with all kinds of values, many missing, some deleted, some blocked."""
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        world = World(service, template.kept)
        labels = [(await world.label(one))["id"] for one in ("a", "b", "gone")]
        fields = await custom_fields(world)
        made: list[JSON] = []
        for number in range(20):
            more: JSON = {}
            if number % 3:
                more |= {"estimate": number % 4 + 0.5 * (number % 2), "dueDate": f"2030-01-0{number % 4 + 1}"}
            if number % 4 == 1:
                more |= {"parentId": made[0]["id"], "externalRef": "x1"}
            made.append(await world.task(
                TITLES[number % 5], by=("member", "owner")[number % 2], priority=number % 5,
                statusId=world.status(STATUSES[number % 4]),
                labelIds=labels[2:] if number % 7 == 6 else labels[: number % 3],
                assigneeIds=[[], [world.member.user_id], [world.member.user_id, world.owner.user_id]][number % 3],
                fields=custom_values(world, fields, number),
                sections=[{"name": "notes", "text": "Under\n100%"}] if number % 7 == 0 else [], **more,
            ))  # fmt: skip
        for source, target in ((1, 2), (3, 4), (5, 6)):
            await world.owner.do(
                "linkAdd", sourceId=made[source]["id"], kind="blocks", targetId=made[target]["id"]
            )
        for number in (5, 9):
            await world.member.do("taskDelete", id=made[number]["id"], expectedVersion=1)
        await world.owner.do("labelDelete", id=labels[2], expectedVersion=1)
        await world.owner.do("customFieldDelete", id=fields["URL"]["id"], expectedVersion=1)
        kept = [{"id": one["id"], "name": one["name"]} for one in fields["MULTI_SELECT"]["options"][:2]]
        await world.owner.do(
            "customFieldUpdate", id=fields["MULTI_SELECT"]["id"], expectedVersion=1, options=kept
        )
        yield await _furnished(world, made, labels, fields)


async def custom_fields(world: World) -> dict[str, JSON]:
    """One of each kind, by the kind."""
    options: JSON = {"options": [{"name": "Low"}, {"name": "Two words"}, {"name": "Gone"}]}
    return {
        kind: await world.custom_field(f"The {kind}", kind, **(options if "SELECT" in kind else {}))
        for kind in ("TEXT", "NUMBER", "DATE", "SELECT", "MULTI_SELECT", "USER", "URL")
    }


def custom_values(world: World, fields: dict[str, JSON], number: int) -> list[JSON]:
    """Some values for a task, others missing."""
    several = [option["id"] for option in fields["MULTI_SELECT"]["options"]]
    values: dict[str, JSON] = {
        "TEXT": {"text": TEXTS[number % 10] or "under"}, "NUMBER": {"number": (0.0, 1.0, 2.5)[number % 3]},
        "DATE": {"date": f"2030-01-0{number % 4 + 1}"},
        "MULTI_SELECT": {"optionIds": several[number % 3 : number % 3 + 2]},
        "SELECT": {"optionId": fields["SELECT"]["options"][number % 2]["id"]},
        "USER": {"userId": (world.member, world.owner)[number % 2].user_id},
        "URL": {"url": "https://lockstep.example/"},
    }  # fmt: skip
    return [
        {"fieldId": fields[kind]["id"], "value": value}
        for place, (kind, value) in enumerate(values.items())
        if (number + place) % 3
    ]


async def _furnished(world: World, made: list[JSON], labels: list[str], fields: dict[str, JSON]) -> Furnished:
    viewer_id = uuids(world.member.user_id)[0]
    project_id = world.scope_uuid()
    async with world.service.application.database.snapshot(viewer_id) as reader:
        rows = await tasks_by_key(reader, [(project_id, uuids(one["id"])[0]) for one in made])
    statuses = [(uuids(one["id"])[-1], one) for one in world.eng["statuses"]]
    types = [(uuids(one["id"])[-1], one) for one in world.eng["taskTypes"]]
    categories = {str(known): one["category"].lower() for known, one in statuses}
    states = {str(row.id): task_state(row) for row in rows.values()}
    closed = {known for known, category in categories.items() if category in ("completed", "cancelled")}
    blocked = set()
    for source, target in ((1, 2), (3, 4), (5, 6)):
        blocker = states[str(uuids(made[source]["id"])[0])]
        if blocker["deleted_at"] is None and blocker["status_id"] not in closed:
            blocked.add(str(uuids(made[target]["id"])[0]))
    label_ids = [uuids(one)[-1] for one in labels]
    people = [uuids(world.member.user_id)[0], uuids(world.owner.user_id)[0]]
    names = Names(
        statuses=Words(Word(known, one["name"], project_id) for known, one in statuses),
        labels=Words(Word(known, "label", project_id) for known in label_ids),
        types=Words(Word(known, one["name"], project_id) for known, one in types),
        projects=Words([Word(project_id, "ENG", project_id)]),
        custom=Words(Word(uuids(one["id"])[-1], one["id"], project_id) for one in fields.values()),
    )
    ids = {
        "status_id": [known for known, _ in statuses], "type_id": [known for known, _ in types], "label": label_ids,
        "assignee": people, "creator_id": people, "parent_id": [uuids(made[0]["id"])[0]],
        "project_id": [project_id, UUID(int=7)],
        **{
            custom_name(uuids(field["id"])[-1], COMPARED[kind.lower()]):
                people if kind == "USER" else [uuids(one["id"])[-1] for one in field["options"]]
            for kind, field in fields.items()
        },
    }  # fmt: skip
    gone = {str(label_ids[2]), str(uuids(fields["URL"]["id"])[-1])}
    gone.add(str(uuids(fields["MULTI_SELECT"]["options"][2]["id"])[-1]))
    around = Surroundings(FilterScope(viewer_id=viewer_id), categories, blocked, gone, str(project_id))
    return Furnished(world, list(states.values()), ids, names, around)


async def test_the_evaluator_is_the_database(furnished: Furnished) -> None:
    """Also in what the schema makes of a filter that was written as an input."""
    asked: list[TaskFilter] = []

    @settings(
        max_examples=EXAMPLES, phases=[Phase.generate], database=None,
        suppress_health_check=list(HealthCheck), deadline=None,
    )  # fmt: skip
    @given(one=filters(furnished.ids))
    def draw(one: TaskFilter) -> None:
        if normal(one).size() <= MOST_CONDITIONS and depth(normal(one)) <= 8:
            asked.append(one)

    draw()
    await asyncio.gather(*(agree(furnished, asked[start::4]) for start in range(4)))
    assert len(asked) > EXAMPLES // 2


async def agree(furnished: Furnished, asked: list[TaskFilter]) -> None:
    """Asks one filter after the other."""
    for one in asked:
        spelled: Any = filter_as_input(normal(one), furnished.names)
        answer = await furnished.world.member.query(LISTED, f=spelled)
        found = {str(uuids(node["id"])[0]) for node in answer["tasks"]["nodes"]}
        expected = {state["id"] for state in furnished.states if matches(one, state, furnished.around)}
        assert found == expected, spelled
        assert expected == {
            state["id"] for state in furnished.states if matches(normal(one), state, furnished.around)
        }


async def test_each_field_decides(furnished: Furnished) -> None:
    """Planted: no filter of one field is the same for all tasks, so that the random ones are worth something."""
    planted: dict[str, dict[str, Any]] = {
        "text": {"contains": "100%"}, "blocked": {"eq": True}, "due_date": {"lt": "2030-01-02"},
        "assignee": {"me": True}, "status_category": {"in": ["completed"]}, "deleted": {"eq": True},
        "title": {"contains": "üNDER"}, "estimate": {"null": True}, "updated_at": {"since": "today"},
        "parent_id": {"neq": furnished.ids["parent_id"][0]},
    }  # fmt: skip
    for name, ops in planted.items():
        one = TaskFilter((Compared(name, ops),))
        found = [state for state in furnished.states if matches(one, state, furnished.around)]
        assert found, name
        assert len(found) < len(furnished.states), name
        await agree(furnished, [one])


QUERIED = "query($q: String, $p: [ID!]) { tasks(query: $q, projectIds: $p) { totalCount nodes { title } } }"
PARSED = """query($t: String!, $c: Int, $p: [ID!]) { queryParse(text: $t, cursor: $c, projectIds: $p) {
  filter text orderBy { field direction } errors { code message start end meant } suggestions { text start } } }"""


async def test_a_list_by_text(furnished: Furnished) -> None:
    world = furnished.world
    found = (await world.member.query(QUERIED, q='assignee:me status:"in progress" -label:b sort:-priority'))[
        "tasks"
    ]
    assert found["totalCount"] == len(found["nodes"]) > 0
    document = """query($id: ID!, $q: String) { node(id: $id) { ... on Project { tasks(query: $q) { totalCount }
      statuses { name tasks(query: $q) { totalCount } } } } }"""
    one = (await world.member.query(document, id=world.eng["id"], q="is:open label:a"))["node"]
    counts = {status["name"]: status["tasks"]["totalCount"] for status in one["statuses"]}
    assert one["tasks"]["totalCount"] == sum(counts.values()) > 0
    assert counts["Done"] == 0
    wrong = await world.member.ask(QUERIED, {"q": "😀 statuss:Done"})
    assert wrong.codes == ["BAD_USER_INPUT"]
    [fault] = wrong.json["errors"][0]["extensions"]["queryErrors"]
    assert (fault["code"], fault["start"], fault["end"], fault["meant"]) == (
        "UNKNOWN_FIELD",
        3,
        15,
        ["status"],
    )


async def test_a_text_is_parsed_and_printed(furnished: Furnished) -> None:
    world = furnished.world
    text = 'assignee:me status:"in PROGRESS" label:a due:<7d sort:-updated'
    parsed = (await world.member.query(PARSED, t=text, c=None))["queryParse"]
    assert parsed["errors"] == []
    assert parsed["text"] == 'assignee:me status:"In progress" label:a due:<+7d sort:-updated'
    assert parsed["orderBy"] == [{"field": "UPDATED_AT", "direction": "DESC"}]
    document = "query($f: TaskFilter, $o: [TaskOrder!]) { queryPrint(filter: $f, orderBy: $o) }"
    printed = await world.member.query(document, f=parsed["filter"], o=parsed["orderBy"])
    # The fields of an input have no order.
    assert sorted(printed["queryPrint"].split(" ")) == sorted(parsed["text"].split(" "))


async def test_names_that_are_hidden_are_unknown(furnished: Furnished) -> None:
    """Neither resolved nor suggested, in no project and of no person that the viewer does not see."""
    world = furnished.world
    await world.label("classified", world.secret)
    for person, seen in ((world.member, False), (world.owner, True)):
        for text, name in (("label:classified", "classified"), ("label:clasified", "classified")):
            parsed = (await person.query(PARSED, t=text, c=len(text)))["queryParse"]
            assert (
                name in str(parsed["suggestions"] + parsed["errors"]).replace(text, "")
            ) is seen or not seen
            assert ("classified" in [one["text"] for one in parsed["suggestions"]]) is seen
            assert any("classified" in one["meant"] for one in parsed["errors"]) is (
                seen and text == "label:clasified"
            )
    outsider = (await world.member.query(PARSED, t="assignee:Outsider", c=17))["queryParse"]
    assert outsider["suggestions"] == []
    assert [one["code"] for one in outsider["errors"]] == ["UNKNOWN_NAME"]
