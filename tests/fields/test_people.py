"""Tasks in the order of the people who stand in a field: by the names that are shown now, wherever tasks are listed."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import urlencode

from app.history.checkpoints import write_checkpoints
from tests.client import JSON, PATIENCE_SECONDS
from tests.exchange.test_round_trip import fetched
from tests.fields.test_asking import AS_OF, value
from tests.privacy.test_erasure import erase
from tests.service import Service
from tests.views.test_live import FOLLOWED
from tests.world import World

LISTED = """query($p: [ID!], $q: String, $o: [TaskOrder!], $after: String) {
  tasks(projectIds: $p, query: $q, orderBy: $o, first: 2, after: $after) {
    nodes { title } pageInfo { hasNextPage endCursor } } }"""
VIEWED = "query($id: ID!) { node(id: $id) { ... on View { query tasks { nodes { title } } } } }"


async def _furnish(world: World) -> JSON:
    field = await world.custom_field("Tester", "USER")
    for title, person in (("A", "viewer"), ("B", "member"), ("C", "manager"), ("D", None), ("E", "viewer")):
        given = [] if person is None else value(field, userId=world.person(person).user_id)
        await world.task(title, fields=given)
    return field


async def _pages(world: World, **asked: Any) -> list[str]:
    found, after = [], None
    while True:
        page = (await world.owner.query(LISTED, p=[world.eng["id"]], after=after, **asked))["tasks"]
        found += [one["title"] for one in page["nodes"]]
        if not page["pageInfo"]["hasNextPage"]:
            return found
        after = page["pageInfo"]["endCursor"]


async def _everywhere(world: World, field: JSON, view: JSON, seq: int) -> str:
    """The titles in the field's order and then by title, which is the same one wherever it is asked for."""
    orders = [{"customFieldId": field["id"]}, {"field": "TITLE"}]
    found = await _pages(world, o=orders)
    assert await _pages(world, q="sort:field.Tester,title") == found
    shown = (await world.owner.query(VIEWED, id=view["id"]))["node"]
    assert [one["title"] for one in shown["tasks"]["nodes"]] == found
    asked = {"id": world.eng["id"], "at": {"seq": seq}, "o": orders}
    then = (await world.owner.query(AS_OF, **asked))["node"]["asOf"]["tasks"]["nodes"]
    assert [one["state"]["title"] for one in then] == found
    address = f"/exports/projects/{world.eng['id']}.csv?{urlencode({'query': 'sort:field.Tester,title'})}"
    table = (await fetched(world.owner, address)).decode().splitlines()
    assert [line.split(",")[1] for line in table[1:]] == found
    down = await _pages(world, o=[{**orders[0], "direction": "DESC"}, orders[1]])
    assert down[-1] == found[-1] == "D", "missing values are last"
    return "".join(found)


async def test_names_order_as_they_are_shown_now(world: World, service: Service) -> None:
    field = await _furnish(world)
    view = await world.view("By tester", query="sort:field.Tester,title")
    await write_checkpoints(service.application.store, every=3)
    seq = (await world.position())["seq"]
    assert await _everywhere(world, field, view, seq) == "CBAED", "manager, member, viewer"
    await world.viewer.do("profileUpdate", expectedVersion=1, name="an earlier one")
    assert await _everywhere(world, field, view, seq) == "AECBD", "letter case aside"
    assert (await erase(world.manager))["erased"]
    assert await _everywhere(world, field, view, seq) == "AECBD", "as Deleted person"
    await world.viewer.do("profileUpdate", expectedVersion=2, name="deleted person")
    assert await _everywhere(world, field, view, seq) == "ACEBD", "the same name: then by title"


async def test_a_page_goes_on_after_a_name(world: World) -> None:
    """Whoever is called otherwise in between moves, and nobody else."""
    field = await _furnish(world)
    asked = {"p": [world.eng["id"]], "o": [{"customFieldId": field["id"]}]}
    page = (await world.owner.query(LISTED, **asked))["tasks"]
    assert [one["title"] for one in page["nodes"]] == ["C", "B"]
    await world.manager.do("profileUpdate", expectedVersion=1, name="Zz")
    rest = (await world.owner.query(LISTED, **asked, after=page["pageInfo"]["endCursor"]))["tasks"]
    assert [one["title"] for one in rest["nodes"]] == ["A", "E"]
    last = (await world.owner.query(LISTED, **asked, after=rest["pageInfo"]["endCursor"]))["tasks"]
    assert [one["title"] for one in last["nodes"]] == ["C", "D"]


async def test_a_list_that_is_followed_tells_the_name(world: World) -> None:
    field = await _furnish(world)
    start = (await world.position())["cursor"]
    frame: JSON = {}

    async def place(task: JSON) -> list[Any]:
        nonlocal frame
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not any(one["taskId"] == task["id"] for one in frame.get("changes", ())):
                frame = (await socket.message(identifier))["payload"]["data"]["viewEvents"]
        [found] = [one["place"] for one in frame["changes"] if one["taskId"] == task["id"]]
        frame = {}
        return found[:-1]  # type: ignore[no-any-return]

    async with world.member.socket() as socket:
        asked = {"p": world.eng["id"], "q": "sort:-field.Tester,title", "after": start}
        identifier = await socket.start(FOLLOWED, **asked)
        task = await world.task("F", fields=value(field, userId=world.viewer.user_id))
        assert await place(task) == ["viewer", "F"]
        await world.viewer.do("profileUpdate", expectedVersion=1, name="Another")
        patch: JSON = {"title": "G"}
        await world.member.do("taskUpdate", id=task["id"], expectedVersion=1, patch=patch)
        assert await place(task) == ["another", "G"]
        patch = {"fields": [{"fieldId": field["id"]}]}
        await world.member.do("taskUpdate", id=task["id"], expectedVersion=2, patch=patch)
        assert await place(task) == [None, "G"]
