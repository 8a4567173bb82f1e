"""Boards of then: whatever has happened since, they show what was shown at the moment that is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.config import Settings
from app.history.checkpoints import write_checkpoints
from lockstep.embedded import Servers
from tests import test_sequences
from tests.boards.proofs import board
from tests.client import JSON, Client
from tests.conftest import Template
from tests.databases import Databases, named
from tests.service import Doors, Service, serve
from tests.world import World

NOW = """query($ids: [ID!]!) { nodes(ids: $ids) { ... on Board { name swimlanes filter
  lanes { key priority user { id } label { id name } epic { id } } view { id name }
  columns { id name limit limitMode count overLimit statuses { id name category }
    cards(first: 3) { totalCount pageInfo { hasNextPage endCursor } nodes { id key title version rank } } } } } }"""
THEN = """query($ids: [ID!]!, $at: AsOfInput!) { nodes(ids: $ids) { ... on Board { asOf(at: $at) {
  position { seq } state { name swimlanes filter deletedAt }
  lanes { key priority user { id } label { id name } epic { state { id } } } view { id name }
  columns { state { id name limit limitMode } count overLimit statuses { id name category }
    cards(first: 3) { totalCount pageInfo { hasNextPage endCursor }
      nodes { key state { id title version rank } } } } } } } }"""


def as_now(found: JSON) -> JSON:
    """What was, in the form of what is."""
    lanes = [one | {"epic": one["epic"] and one["epic"]["state"]} for one in found["lanes"]]
    columns = []
    for one in found["columns"]:
        nodes = [{"key": node["key"]} | node["state"] for node in one["cards"]["nodes"]]
        columns.append({**one["state"], **one, "cards": one["cards"] | {"nodes": nodes}})
        del columns[-1]["state"]
    return {
        **{name: found["state"][name] for name in ("name", "swimlanes", "filter")},
        "lanes": lanes, "view": found["view"], "columns": columns,
    }  # fmt: skip


async def then(client: Client, ids: list[str], **at: Any) -> list[Any]:
    """Boards as of a moment; None for one that was not there."""
    return [one["asOf"] for one in (await client.query(THEN, ids=ids, at=at))["nodes"]]


NAMES = ("retitle", "limit", "swim", "unmap", "filter", "view", "unview", "word", "epic", "gone")
EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "1"))
CHANGES = st.lists(
    st.one_of(
        test_sequences.OPERATIONS.map(lambda some: some[0]),
        st.tuples(st.sampled_from(NAMES), st.integers(0, 2), st.integers(0, 4), st.booleans()),
    ),
    min_size=6,
    max_size=8 if EXAMPLES == 1 else 20,
)


class Boards:
    """Three boards of a project: of all tasks, of a view's, of a query's; and what happens to them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.tasks = test_sequences.Board(world)
        self.boards: list[JSON] = []
        self.view: JSON = {}
        self.recorded: list[tuple[int, list[JSON]]] = []

    async def begin(self) -> None:
        self.view = await self.world.view("Some", query="priority:<3", by="owner")
        self.boards = [
            await board(self.world, "All", swimlanes="LABEL"),
            await board(self.world, "View", viewId=self.view["id"], swimlanes="ASSIGNEE"),
            await board(self.world, "Query", query="-is:closed OR due:<+3w", swimlanes="PRIORITY"),
        ]

    @property
    def ids(self) -> list[str]:
        return [one["id"] for one in self.boards]

    async def record(self) -> None:
        seq = (await self.world.position())["seq"]
        shown = await self.world.member.query(NOW, ids=self.ids)
        self.recorded.append((seq, shown["nodes"]))

    async def run(self, change: tuple[Any, ...]) -> None:
        if change[0] not in NAMES:
            await self.tasks.run(change)
            return
        name, which, number, flag = change
        query = "query($id: ID!) { node(id: $id) { ... on Board { version } } }"
        found = (await self.world.owner.query(query, id=self.ids[which]))["node"]
        at = {"id": self.ids[which], "expectedVersion": found["version"]}
        await getattr(self, f"_{name}")(at, number, flag)

    async def _update(self, at: JSON, **values: Any) -> None:
        await self.world.owner.answer("boardUpdate", **at, **values)

    async def _retitle(self, at: JSON, number: int, flag: bool) -> None:
        await self._update(at, name=f"Named {number}")

    async def _limit(self, at: JSON, number: int, flag: bool) -> None:
        statuses = [self.world.status("Done"), self.world.status("To do")][: 2 if flag else 1]
        await self._update(at, columns=[{"name": "Few", "statusIds": statuses, "limit": number + 1}])

    async def _unmap(self, at: JSON, number: int, flag: bool) -> None:
        done = [{"name": "Done", "statusIds": [self.world.status("Done")]}]
        await self._update(at, columns=done if flag else [])

    async def _swim(self, at: JSON, number: int, flag: bool) -> None:
        await self._update(at, swimlanes=("NONE", "ASSIGNEE", "PRIORITY", "EPIC", "LABEL")[number])

    async def _filter(self, at: JSON, number: int, flag: bool) -> None:
        await self._update(at, query=f"priority:<{number}" if flag else None)

    async def _view(self, at: JSON, number: int, flag: bool) -> None:
        found = {"id": self.view["id"], "expectedVersion": self.view["version"]}
        changed = await self.world.owner.answer("viewUpdate", **found, query=f"-priority:{number} is:open")
        self.view = changed["view"] or self.view

    async def _unview(self, at: JSON, number: int, flag: bool) -> None:
        found = {"id": self.view["id"], "expectedVersion": self.view["version"]}
        await self.world.owner.answer("viewDelete", **found)

    async def _word(self, at: JSON, number: int, flag: bool) -> None:
        todo = {"id": self.world.status("To do"), "expectedVersion": 1}
        await self.world.owner.answer("statusUpdate", **todo, name=f"Open {number}")

    async def _epic(self, at: JSON, number: int, flag: bool) -> None:
        epic = await self.world.task("Epic", typeId=self.world.type("epic"))
        for task in self.tasks.tasks[number : number + 1]:
            edit = {"id": task, "onConflict": "OVERWRITE"}
            await self.world.owner.answer("taskUpdate", **edit, patch={"parentId": epic["id"]})

    async def _gone(self, at: JSON, number: int, flag: bool) -> None:
        await self.world.owner.answer("boardDelete", **at)


@settings(
    max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(changes=CHANGES)
async def test_what_was_shown_is_shown_of_then(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings], quiet: None,
    changes: list[Any],
) -> None:  # fmt: skip
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        world = World(service, template.kept)
        boards = Boards(world)
        before = (await world.position())["seq"]
        await boards.begin()
        for place, change in enumerate(changes):
            await boards.run(change)
            await boards.record()
            if place == len(changes) // 2:
                await write_checkpoints(service.application.store, every=4)
        for seq, shown in boards.recorded:
            told = await then(world.member, boards.ids, seq=seq)
            assert {one["position"]["seq"] for one in told} == {seq}
            assert list(map(as_now, told)) == shown, seq
        assert await then(world.member, boards.ids, seq=before) == [None] * 3


async def test_pages_lanes_and_filters_of_then(world: World, service: Service) -> None:
    """Each column has pages of its own, a lane its cards, and a filter beside the board's is of then too."""
    found = await board(world, query="priority:>0", swimlanes="PRIORITY")
    for number in range(5):
        await world.task(f"Task {number}", priority=1 + number % 2, dueDate="2030-01-01")
    seq = (await world.position())["seq"]
    await write_checkpoints(service.application.store, every=4)
    await world.owner.do("boardDelete", id=found["id"], expectedVersion=1)
    document = """query($id: ID!, $at: AsOfInput!, $n: Int, $after: String, $last: Int, $lane: String, $f: TaskFilter) {
      node(id: $id) { ... on Board { asOf(at: $at) { state { deletedAt } columns { state { name }
        cards(first: $n, after: $after, last: $last, lane: $lane, filter: $f) {
          nodes { state { title } } totalCount pageInfo { hasNextPage hasPreviousPage endCursor } } } } } } }"""

    async def cards(**more: Any) -> tuple[list[str], JSON]:
        asked: JSON = {"id": found["id"], "at": {"seq": seq}}
        shown = (await world.viewer.query(document, **asked | more))["node"]["asOf"]
        todo = next(one for one in shown["columns"] if one["state"]["name"] == "To do")["cards"]
        return [node["state"]["title"][-1] for node in todo["nodes"]], todo

    titles, page = await cards(n=3)
    assert (titles, page["totalCount"], page["pageInfo"]["hasNextPage"]) == (["0", "1", "2"], 5, True)
    titles, page = await cards(n=3, after=page["pageInfo"]["endCursor"])
    assert (titles, page["pageInfo"]["hasNextPage"]) == (["3", "4"], False)
    assert (await cards(last=2))[0] == ["3", "4"]
    titles, page = await cards(lane="2")
    assert (titles, page["totalCount"]) == (["1", "3"], 2)
    assert (await cards(f={"priority": {"eq": 1}, "dueDate": {"gte": "today"}}))[0] == ["0", "2", "4"]
    (shown,) = await then(world.viewer, [found["id"]], seq=(await world.position())["seq"])
    assert shown["state"]["deletedAt"], "deleted, and told so, as a task is"


async def test_days_count_from_then(world: World, servers: Servers, database: str) -> None:
    """A board of what is due within a week shows what was due within a week of that moment."""
    document = """query($id: ID!, $at: AsOfInput!) { node(id: $id) { ... on Project { asOf(at: $at) {
      boards { state { name } filter board { id } columns { count cards { nodes { state { title } } } } } } } } }"""
    soon = await board(world, "Soon", query="due:<=+1w due:>=today")
    await world.task("Due then", dueDate=str(datetime.now(UTC).date() - timedelta(days=28)))
    await world.task("Due now", dueDate=str(datetime.now(UTC).date() + timedelta(days=2)))
    connection = await asyncpg.connect(named(servers.owner_url, database))
    await connection.execute("UPDATE events SET recorded_at = recorded_at - interval '30 days'")
    await connection.close()
    at = {"seq": (await world.position())["seq"]}
    (told,) = (await world.member.query(document, id=world.eng["id"], at=at))["node"]["asOf"]["boards"]
    cards = [node["state"]["title"] for one in told["columns"] for node in one["cards"]["nodes"]]
    assert (cards, sum(one["count"] for one in told["columns"])) == (["Due then"], 1)
    assert told["board"] == {"id": soon["id"]}


async def test_what_is_not_kept_is_refused_and_hidden_boards_are_missing(world: World) -> None:
    blocked = await board(world, query="is:blocked")
    head = (await world.position())["seq"]
    answer = await world.owner.ask(THEN, {"ids": [blocked["id"]], "at": {"seq": head}})
    assert answer.codes == ["BAD_USER_INPUT"], "what other projects held then is not known"
    message = answer.json["errors"][0]["message"]
    assert "Leave `blocked` (`is:blocked`) out" in message
    assert "`asOf { tasks }`" in message
    document = """query($id: ID!, $at: AsOfInput!) { node(id: $id) { ... on Board { asOf(at: $at) {
      filter columns { state { name } } } } } }"""
    told = await world.owner.query(document, id=blocked["id"], at={"seq": head})
    assert told["node"]["asOf"]["columns"], "all but its cards is told"
    answer = await world.owner.ask(THEN, {"ids": [blocked["id"]], "at": {"seq": head + 1}})
    assert answer.codes == ["BAD_USER_INPUT"]
    made = await world.owner.do("boardCreate", projectId=world.secret["id"], name="Hidden")
    missing = await world.member.query(THEN, ids=[made["board"]["id"]], at={"seq": 1})
    assert missing["nodes"] == [None]


async def test_two_moments_beside_one_another(world: World) -> None:
    """One fragment at two moments: each shows its own."""
    document = """query($id: ID!, $a: AsOfInput!, $b: AsOfInput!) { node(id: $id) { ... on Board {
      a: asOf(at: $a) { ...Shown } b: asOf(at: $b) { ...Shown } } } }
      fragment Shown on BoardAsOf { state { name } columns { count cards(first: 1) { totalCount nodes { key } } } }"""
    found = await board(world, "First")
    first = (await world.position())["seq"]
    await world.task()
    await world.owner.do("boardUpdate", id=found["id"], expectedVersion=1, name="Second")
    moments = {"a": {"seq": first}, "b": {"seq": (await world.position())["seq"]}}
    told = (await world.member.query(document, id=found["id"], **moments))["node"]
    assert [told[one]["state"]["name"] for one in "ab"] == ["First", "Second"]
    assert [told[one]["columns"][0]["count"] for one in "ab"] == [0, 1]
    assert [told[one]["columns"][0]["cards"]["totalCount"] for one in "ab"] == [0, 1]


async def test_its_view_is_the_view_of_then(world: World) -> None:
    """Changed and deleted since, it chooses what it chose."""
    view = await world.view("First", by="owner", query="priority:1")
    over = await board(world, viewId=view["id"])
    for priority in (1, 2):
        await world.task(f"Of {priority}", priority=priority)
    seq = (await world.position())["seq"]
    await world.owner.do("viewUpdate", id=view["id"], expectedVersion=1, name="Second", query="priority:2")
    await world.owner.do("viewDelete", id=view["id"], expectedVersion=2)
    for at, name, title in ((seq, "First", "Of 1"), (seq + 1, "Second", "Of 2"), (seq + 3, None, "Of 2")):
        (told,) = await then(world.viewer, [over["id"]], seq=at)
        assert (told["view"] or {"name": None})["name"] == name
        cards = [node["state"]["title"] for one in told["columns"] for node in one["cards"]["nodes"]]
        assert cards == [title], at
