"""Pages and filters: keyset pages put together are the whole order, whatever the order and filter."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.config import Settings
from tests.client import JSON, Client
from tests.conftest import Template
from tests.databases import Databases
from tests.service import Doors, serve
from tests.world import World

PAGE = """query($f: TaskFilter, $o: [TaskOrder!], $first: Int, $after: String, $last: Int, $before: String) {
  tasks(filter: $f, orderBy: $o, first: $first, after: $after, last: $last, before: $before) {
    totalCount pageInfo { hasNextPage hasPreviousPage startCursor endCursor } edges { cursor node {
    id title number priority estimate dueDate createdAt updatedAt completedAt rank
    status { id category } labels { id } assignees { id } parent { id } } } } }"""

FIELDS = {
    "RANK": "rank", "NUMBER": "number", "TITLE": "title", "PRIORITY": "priority", "ESTIMATE": "estimate",
    "DUE_DATE": "dueDate", "CREATED_AT": "createdAt", "UPDATED_AT": "updatedAt", "COMPLETED_AT": "completedAt",
}  # fmt: skip


@pytest.fixture(scope="module")
async def full(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings]
) -> AsyncIterator[World]:
    """Thirty tasks with many equal and many missing values."""
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        world = World(service, template.kept)
        labels = [(await world.label(one))["id"] for one in ("a", "b")]
        for number in range(30):
            project = world.ops if number % 5 == 0 else world.eng
            more: JSON = {"priority": number % 3, "externalRef": f"x{number % 2}" if number % 4 else None}
            if number % 3:
                more |= {"estimate": float(number % 4), "dueDate": f"2030-01-{number % 5 + 1:02}"}
            if project is world.eng:
                more["labelIds"] = labels[: number % 3]
            status = ("To do", "In progress", "Done", "Cancelled")[number % 4]
            await world.task(
                ("Ünder", "über", "under", "UNDER", "%_\\")[number % 5], projectId=project["id"],
                statusId=world.status(status, project), assigneeIds=[world.member.user_id] if number % 2 else [],
                **more,
            )  # fmt: skip
        yield world


async def pages(client: Client, size: int, backward: bool, **asked: Any) -> list[JSON]:
    """All pages, put together in order."""
    found: list[JSON] = []
    place = None
    while True:
        page = {"last": size, "before": place} if backward else {"first": size, "after": place}
        answer = (await client.query(PAGE, **asked, **page))["tasks"]
        edges, info = answer["edges"], answer["pageInfo"]
        assert len(edges) <= size
        nodes = [edge["node"] for edge in edges]
        found = nodes + found if backward else found + nodes
        more = info["hasPreviousPage"] if backward else info["hasNextPage"]
        if not more:
            assert answer["totalCount"] == len(found)
            return found
        assert len(edges) == size, "only the last page is short"
        assert (info["startCursor"], info["endCursor"]) == (edges[0]["cursor"], edges[-1]["cursor"])
        place = info["startCursor" if backward else "endCursor"]


def before(one: JSON, other: JSON, orders: list[JSON]) -> bool:
    """Whether one may come before the other; missing values are last."""
    for order in orders:
        name = FIELDS[order["field"]]
        left, right = one[name], other[name]
        if left == right:
            continue
        if left is None or right is None:
            return right is None
        if isinstance(left, str):
            left, right = left.encode(), right.encode()
        return bool(left < right) is (order["direction"] == "ASC")
    return True


ORDERS = st.lists(
    st.fixed_dictionaries({"field": st.sampled_from(sorted(FIELDS)), "direction": st.sampled_from(["ASC", "DESC"])}),
    max_size=3, unique_by=lambda order: order["field"],
)  # fmt: skip

LEAVES = st.sampled_from(
    [
        ({"priority": {"gte": 1}}, lambda task: task["priority"] >= 1),
        ({"priority": {"in": [0, 2]}}, lambda task: task["priority"] in (0, 2)),
        ({"priority": {"nin": [0]}}, lambda task: task["priority"] != 0),
        ({"title": {"contains": "UNDER"}}, lambda task: "under" in task["title"].lower()),
        ({"title": {"contains": "%_"}}, lambda task: "%_" in task["title"]),
        ({"title": {"eq": "under"}}, lambda task: task["title"] == "under"),
        ({"estimate": {"null": True}}, lambda task: task["estimate"] is None),
        ({"estimate": {"gt": 1.0}}, lambda task: task["estimate"] is not None and task["estimate"] > 1),
        ({"dueDate": {"lte": "2030-01-03"}}, lambda task: (task["dueDate"] or "3") <= "2030-01-03"),
        ({"statusCategory": {"eq": "COMPLETED"}}, lambda task: task["status"]["category"] == "COMPLETED"),
        ({"completedAt": {"null": False}}, lambda task: task["completedAt"] is not None),
        ({"assignee": {"null": True}}, lambda task: not task["assignees"]),
        ({"label": {"null": False}}, lambda task: bool(task["labels"])),
    ]
)  # fmt: skip


def _not(one: Any) -> Any:
    return {"not": one[0]}, lambda task: not one[1](task)


def _all(some: list[Any]) -> Any:
    return {"and": [one[0] for one in some]}, lambda task: all(one[1](task) for one in some)


def _any(some: list[Any]) -> Any:
    return {"or": [one[0] for one in some]}, lambda task: any(one[1](task) for one in some)


FILTERS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        inner.map(_not),
        st.lists(inner, min_size=1, max_size=3).map(_all),
        st.lists(inner, min_size=1, max_size=3).map(_any),
    ),
    max_leaves=4,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(orders=ORDERS, chosen=st.none() | FILTERS, size=st.integers(1, 12), backward=st.booleans())
async def test_pages_together_are_the_whole_order(
    full: World, orders: list[JSON], chosen: Any, size: int, backward: bool
) -> None:
    asked = {"o": orders or None, "f": chosen[0] if chosen else None}
    found = await pages(full.member, size, backward, **asked)
    whole = await pages(full.member, 100, False, **asked)
    assert found == whole
    assert len({task["id"] for task in whole}) == len(whole)
    assert all(before(one, other, orders) for one, other in pairwise(whole))
    everything = await pages(full.member, 100, False, o=None, f=None)
    wanted = {task["id"] for task in everything if chosen is None or chosen[1](task)}
    assert {task["id"] for task in whole} == wanted


GARBAGE = st.one_of(
    st.text(max_size=30),
    st.binary(max_size=40).map(lambda data: base64.urlsafe_b64encode(data).decode().rstrip("=")),
    st.sampled_from(
        ["", "null", "W10", "W251bGxd", "WyJjcmVhdGVkX2F0LGlkIiwxLDJd", "=" * 5, "é", "A" * 5000]
    ),
)


@settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(cursor=GARBAGE)
async def test_a_garbled_cursor_is_the_clients_fault(full: World, cursor: str) -> None:
    for document in (
        "query($c: String!) { tasks(first: 2, after: $c) { totalCount } }",
        "query($c: String!) { inbox { items(last: 2, before: $c) { totalCount } } }",
        f'query($c: String!) {{ events(scope: "{full.eng["scope"]}", after: $c) {{ kind }} }}',
        "query($c: ID!) { node(id: $c) { id } }",
        "query($c: String!) { task(key: $c) { id } }",
    ):
        answer = await full.member.ask(document, {"c": cursor})
        assert set(answer.codes) <= {"BAD_USER_INPUT", "NOT_FOUND"}, (document, cursor, answer.body)


@settings(
    max_examples=30, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(place=st.integers(0, 60), put=st.integers(0, 255), orders=ORDERS)
async def test_a_tampered_cursor_never_fails(full: World, place: int, put: int, orders: list[JSON]) -> None:
    cursor = (await full.member.query(PAGE, first=3, o=orders or None))["tasks"]["pageInfo"]["endCursor"]
    data = bytearray(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    data[place % len(data)] = put
    tampered = base64.urlsafe_b64encode(bytes(data)).rstrip(b"=").decode()
    answer = await full.member.ask(PAGE, {"first": 3, "after": tampered, "o": orders or None})
    assert set(answer.codes) <= {"BAD_USER_INPUT"}, answer.body
