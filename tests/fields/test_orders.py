"""Pages in the order of custom fields: forwards and backwards they are the order that the evaluator of states gives."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from app.config import Settings
from app.tasks.field_values import SORTED, value_to_sort
from tests.client import JSON
from tests.conftest import Template
from tests.databases import Databases
from tests.service import Doors, serve
from tests.world import World

CONNECTION = "totalCount pageInfo { hasNextPage hasPreviousPage } edges { cursor node { title priority } }"
LISTED = f"""query($f: TaskFilter, $q: String, $o: [TaskOrder!], $p: [ID!], $first: Int, $after: String, $last: Int,
  $before: String) {{ page: tasks(filter: $f, query: $q, orderBy: $o, projectIds: $p, first: $first, after: $after,
  last: $last, before: $before) {{ {CONNECTION} }} }}"""
VIEWED = f"""query($v: ID!, $first: Int, $after: String, $last: Int, $before: String) {{ node(id: $v) {{ ... on View {{
  page: tasks(first: $first, after: $after, last: $last, before: $before) {{ {CONNECTION} }} }} }} }}"""

EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "10"))

KINDS = ("NUMBER", "TEXT", "DATE", "SELECT", "MULTI_SELECT", "USER")
PEOPLE = {"member": "über", "viewer": "UNDER", "manager": "under", "owner": "Özer"}


@dataclass
class Furnished:
    """Fields by kind, and of each task by title what stands in them, as a state has it."""

    world: World
    fields: dict[str, JSON] = field(default_factory=dict)
    values: dict[str, dict[str, JSON]] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)

    def key(self, task: JSON, by: str) -> Any:
        """What a task is sorted by."""
        if by == "PRIORITY":
            return task["priority"]
        options = {
            one["id"]: {"place": place} for place, one in enumerate(self.fields[by].get("options") or ())
        }
        value = self.values.get(task["title"], {}).get(by, {})
        found = value_to_sort(SORTED[by.lower()], value, options)
        return self.names[found].lower() if found and by == "USER" else found


def _inputs(number: int, options: list[str], people: list[str]) -> dict[str, JSON]:
    """Many equal values, many missing ones; of several options in every order."""
    found: dict[str, JSON] = {}
    if number % 3:
        found["NUMBER"] = {"number": float(number % 4) - 1}
    if number % 5 > 1:
        found["TEXT"] = {"text": ("über", "under", "UNDER", "%")[number % 4]}
    if number % 7 == 0:
        found["DATE"] = {"date": f"2030-01-{number % 2 + 1:02}"}
    if number % 4:
        found["SELECT"] = {"optionId": options[number % 3]}
    if number % 6:
        found["MULTI_SELECT"] = {"optionIds": [options[number % 3], options[number % 4]][: 1 + number % 2]}
    if number % 5:
        found["USER"] = {"userId": people[min(number % 7, 3)]}
    return found


@pytest.fixture(scope="module")
def few() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture(scope="module")
async def furnished(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings],
    few: pytest.MonkeyPatch,
) -> AsyncIterator[Furnished]:  # fmt: skip
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        few.setattr("app.page_selects.LOOKED_AT", 5)  # some people and options have more, some fewer
        made = Furnished(World(service, template.kept))
        for person, shown in PEOPLE.items():
            client = made.world.person(person)
            await client.do("profileUpdate", expectedVersion=1, name=shown)
            made.names[client.user_id] = shown
        for kind in KINDS:
            more: JSON = {"options": [{"name": one} for one in "dcba"]} if "SELECT" in kind else {}
            made.fields[kind] = await made.world.custom_field(kind.title(), kind, **more)
        for number in range(28):
            if number == 14:
                await _give_options(made, [*reversed(made.fields["MULTI_SELECT"]["options"])])
            title, values = f"T{number}", {}
            for kind in KINDS:
                options = [one["id"] for one in made.fields[kind].get("options") or ()] or [""] * 4
                if (value := _inputs(number, options, [*made.names]).get(kind)) is not None:
                    if "optionIds" in value:
                        value = {"optionIds": list(dict.fromkeys(value["optionIds"]))}
                    values[kind] = value
            given = [{"fieldId": made.fields[kind]["id"], "value": value} for kind, value in values.items()]
            await made.world.task(title, priority=number % 3, fields=given)
            states = {"optionId": "option_id", "optionIds": "option_ids", "userId": "user_id"}
            made.values[title] = {
                kind: {states.get(name, name): one for name, one in value.items()}
                for kind, value in values.items()
            }
        await _give_options(
            made, made.fields["MULTI_SELECT"]["options"][:2] + made.fields["MULTI_SELECT"]["options"][3:]
        )
        for number in range(28, 33):
            await made.world.task(f"T{number}", priority=number % 3, projectId=made.world.ops["id"])
        yield made


async def _give_options(made: Furnished, options: list[JSON]) -> None:
    """Of several options another one may be the first one from now on."""
    field = made.fields["MULTI_SELECT"]
    named = [{"id": one["id"], "name": one["name"]} for one in options]
    answer = await made.world.owner.do(
        "customFieldUpdate",
        "customField { version }",
        id=field["id"],
        expectedVersion=field["version"],
        options=named,
    )
    made.fields["MULTI_SELECT"] = {**field, "options": named, **answer["customField"]}


async def pages(made: Furnished, document: str, size: int, backward: bool, **asked: Any) -> list[JSON]:
    """All pages, put together in order."""
    found: list[JSON] = []
    place = None
    while True:
        page = {"last": size, "before": place} if backward else {"first": size, "after": place}
        answer = await made.world.member.query(document, **asked, **page)
        connection = (answer.get("node") or answer)["page"]
        edges, info = connection["edges"], connection["pageInfo"]
        nodes = [edge["node"] for edge in edges]
        found = nodes + found if backward else found + nodes
        if not info["hasPreviousPage" if backward else "hasNextPage"]:
            assert connection["totalCount"] == len(found), [one["title"] for one in found]
            return found
        assert len(edges) == size, "only the last page is short"
        place = edges[0 if backward else -1]["cursor"]


def may_precede(made: Furnished, one: JSON, other: JSON, orders: list[tuple[str, str]]) -> bool:
    """Whether the evaluator puts one before the other, or has no opinion; missing values are last."""
    for by, direction in orders:
        left, right = made.key(one, by), made.key(other, by)
        if left == right:
            continue
        if left is None or right is None:
            return right is None
        if isinstance(left, str):
            left, right = left.encode(), right.encode()
        return bool(left < right) is (direction == "ASC")
    return True


ORDERS = st.lists(
    st.tuples(st.sampled_from([*KINDS, "PRIORITY"]), st.sampled_from(["ASC", "DESC"])),
    min_size=1, max_size=3, unique_by=lambda order: order[0],
)  # fmt: skip


def _asked(
    made: Furnished, orders: list[tuple[str, str]], filter: str | None, as_text: bool, both: bool
) -> JSON:
    number = made.fields["NUMBER"]["id"]
    filters: dict[str | None, JSON | None] = {
        None: None, "other": {"priority": {"gte": 1}}, "own": {"field": {"fieldId": number, "number": {"gte": 0.0}}},
        "missing": {"field": {"fieldId": number, "null": True}},
    }  # fmt: skip
    projects = [made.world.eng, made.world.ops] if both else [made.world.eng]
    asked: JSON = {"p": [one["id"] for one in projects], "f": filters[filter]}
    if as_text:
        names = (f"{'-' * (way == 'DESC')}{_written(by)}" for by, way in orders)
        return asked | {"q": f"sort:{','.join(names)}"}
    terms = [
        {"direction": way} | ({"field": by} if by == "PRIORITY" else {"customFieldId": made.fields[by]["id"]})
        for by, way in orders
    ]
    return asked | {"o": terms}


def _written(by: str) -> str:
    return "priority" if by == "PRIORITY" else f"field.{by.title()}"


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(
    orders=ORDERS, filter=st.sampled_from([None, "other", "own", "missing"]), size=st.integers(1, 12),
    as_text=st.booleans(), both=st.booleans(),
)  # fmt: skip
@example(orders=[("USER", "ASC"), ("PRIORITY", "DESC")], filter=None, size=4, as_text=False, both=False)
@example(orders=[("USER", "DESC"), ("TEXT", "ASC")], filter="other", size=3, as_text=True, both=True)
async def test_pages_both_ways_are_the_evaluators_order(
    furnished: Furnished,
    orders: list[tuple[str, str]],
    filter: str | None,
    size: int,
    as_text: bool,
    both: bool,
) -> None:
    asked = _asked(furnished, orders, filter, as_text, both)
    forward = await pages(furnished, LISTED, size, False, **asked)
    assert await pages(furnished, LISTED, size, True, **asked) == forward
    assert all(may_precede(furnished, one, other, orders) for one, other in pairwise(forward))
    elsewhere: dict[str, dict[str, JSON]] = {f"T{number}": {} for number in range(28, 33)} if both else {}
    there = furnished.values | elsewhere
    number = {title: values.get("NUMBER", {}).get("number") for title, values in there.items()}
    wanted = {
        title for title, of_it in number.items()
        if {None: True, "other": int(title[1:]) % 3 >= 1, "own": of_it is not None and of_it >= 0,
            "missing": of_it is None}[filter]
    }  # fmt: skip
    assert len(forward) == len(wanted)
    assert {task["title"] for task in forward} == wanted


@pytest.mark.parametrize("kind", ["TEXT", "MULTI_SELECT", "USER"])
async def test_a_view_is_paged_in_such_an_order_as_well(furnished: Furnished, kind: str) -> None:
    """With the cursors of its edges."""
    view = await furnished.world.view(kind, query=f"priority:<5 sort:-field.{kind.title()}")
    forward = await pages(furnished, VIEWED, 5, False, v=view["id"])
    assert await pages(furnished, VIEWED, 5, True, v=view["id"]) == forward
    assert len(forward) == len(furnished.values)
    assert all(may_precede(furnished, one, other, [(kind, "DESC")]) for one, other in pairwise(forward))
