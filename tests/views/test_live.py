"""A list that is followed: its changes, applied to what was loaded, give what is loaded afterwards."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.events.models import Event
from app.views.live import Change, LiveList
from tests.client import JSON, PATIENCE_SECONDS, Client, Socket
from tests.world import World

FOLLOWED = """subscription($p: ID!, $v: ID, $q: String, $after: String) {
  viewEvents(projectId: $p, viewId: $v, query: $q, after: $after) { kind reason more position { seq cursor }
    changes { kind taskId seq place task { id } } } }"""
LOADED = """query($p: ID!, $q: String) { node(id: $p) { ... on Project { position { seq cursor }
  tasks(query: $q, first: 500) { nodes { id rank priority } } } } }"""
QUERY = "(assignee:me or label:hot) is:open -priority:none sort:-priority,rank"


@dataclass
class List:
    """A list as a client keeps it: task ids by place."""

    socket: Socket
    identifier: str
    places: dict[str, list[Any]] = field(default_factory=dict)
    frames: list[JSON] = field(default_factory=list)

    async def frame(self) -> JSON:
        """The next frame, applied."""
        message = await self.socket.message(self.identifier)
        assert message["type"] == "next", message
        assert not message["payload"].get("errors"), message
        frame: JSON = message["payload"]["data"]["viewEvents"]
        self.frames.append(frame)
        for change in frame["changes"]:
            known = change["taskId"] in self.places
            assert known is (change["kind"] != "ENTERED"), change
            if change["kind"] == "LEFT":
                del self.places[change["taskId"]]
            else:
                self.places[change["taskId"]] = change["place"]
        return frame

    async def until(self, task: str, *, there: bool) -> None:
        """Until a task is in the list, or is not."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (task in self.places) is not there:
                await self.frame()

    @property
    def order(self) -> list[str]:
        """The ids in the list's order: -priority, rank."""
        return sorted(self.places, key=lambda one: (-self.places[one][0], self.places[one][1].encode()))


async def loaded(client: Client, world: World, text: str = QUERY) -> tuple[JSON, list[JSON]]:
    """The project's position, and the list."""
    found = (await client.query(LOADED, p=world.eng["id"], q=text))["node"]
    return found["position"], found["tasks"]["nodes"]


@asynccontextmanager
async def following(client: Client, world: World, start: tuple[JSON, list[JSON]]) -> AsyncIterator[List]:
    """The list as it was loaded, followed from there."""
    position, nodes = start
    async with client.socket() as socket:
        asked = {"q": QUERY, "p": world.eng["id"], "after": position["cursor"]}
        kept = List(socket, await socket.start(FOLLOWED, **asked))
        kept.places = {node["id"]: [node["priority"], node["rank"], ""] for node in nodes}
        yield kept


async def edit(world: World, tasks: list[JSON], label: str, chance: random.Random) -> None:
    """Something or other is done to one of the tasks."""
    task = chance.choice(tasks)
    update: JSON = {"id": task["id"], "expectedVersion": None, "onConflict": "OVERWRITE"}
    person = world.member.user_id
    match chance.randrange(7):
        case 0:
            tasks.append(
                await world.task("New", priority=chance.randrange(5), labelIds=[label][: chance.randrange(2)])
            )
        case 1:
            await world.member.answer("taskUpdate", **update, patch={"priority": chance.randrange(5)})
        case 2:
            way = chance.choice(["addLabelIds", "removeLabelIds"])
            await world.member.answer("taskUpdate", **update, patch={way: [label]})
        case 3:
            way = chance.choice(["addAssigneeIds", "removeAssigneeIds"])
            await world.member.answer("taskUpdate", **update, patch={way: [person]})
        case 4:
            status = world.status(chance.choice(["To do", "Done", "In progress"]))
            await world.member.answer("taskUpdate", **update, patch={"statusId": status})
        case 5:
            other = chance.choice(tasks)
            if other["id"] != task["id"]:
                await world.member.answer("taskMove", id=task["id"], afterId=other["id"])
        case 6:
            await world.member.answer("taskUpdate", **update, patch={"title": f"Title {chance.random()}"})


async def test_what_is_followed_is_what_is_loaded(world: World) -> None:
    """Live, and afterwards from where it began."""
    chance = random.Random(6)
    label = (await world.label("hot"))["id"]
    tasks = [await world.task(f"Task {n}", priority=n % 3, labelIds=[label][: n % 2]) for n in range(6)]
    start = await loaded(world.member, world)
    async with following(world.member, world, start) as live:
        for _ in range(40):
            await edit(world, tasks, label, chance)
        end = await world.task("The end", priority=1, labelIds=[label])
        _, nodes = await loaded(world.member, world)
        await live.until(end["id"], there=True)
    kinds = {change["kind"] for frame in live.frames for change in frame["changes"]}
    assert kinds == {"ENTERED", "CHANGED", "LEFT"}, "the edits did all of it"
    assert live.order == [node["id"] for node in nodes]
    async with following(world.member, world, start) as late:
        await late.until(end["id"], there=True)
    assert late.places == live.places


async def follow(socket: Socket, world: World, **asked: Any) -> tuple[str, JSON]:
    """A subscription, and its first message."""
    identifier = await socket.start(FOLLOWED, **{"p": world.eng["id"], **asked})
    return identifier, await socket.message(identifier)


async def test_what_cannot_be_followed_is_refused(world: World) -> None:
    view = await world.view("Elsewhere", by="owner", projectId=world.ops["id"])
    secret = await world.view("Own", by="owner", shared=False)
    async with world.member.socket() as socket:
        for text, fields in (
            ("due:<7d", ["due_date"]),
            ("is:overdue", ["due_date"]),
            ("is:blocked", ["blocked"]),
        ):
            _, message = await follow(socket, world, q=text)
            [error] = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert error["extensions"]["notLive"] == fields
        for asked in ({"p": world.secret["id"]}, {"v": secret["id"]}, {"v": view["id"]}):
            _, message = await follow(socket, world, **asked)
            [error] = message["payload"] if message["type"] == "error" else message["payload"]["errors"]
            assert error["extensions"]["code"] == "NOT_FOUND", asked


TOO_LARGE: dict[str, JSON] = {
    "comparisons": {"or": [{"priority": {"eq": 1}}] * 51},
    "values": {"number": {"in": list(range(501))}},
    "characters": {"title": {"contains": "x" * 2049}},
}


@pytest.mark.parametrize("what", TOO_LARGE)
async def test_a_filter_that_is_too_large_is_neither_run_nor_followed(world: World, what: str) -> None:
    asked = TOO_LARGE[what]
    listed = "query($f: TaskFilter) { tasks(filter: $f) { totalCount } }"
    followed = "subscription($p: ID!, $f: TaskFilter) { viewEvents(projectId: $p, filter: $f) { kind } }"
    errors = (await world.member.ask(listed, {"f": asked})).json["errors"]
    async with world.member.socket() as socket:
        identifier = await socket.start(followed, p=world.eng["id"], f=asked)
        message = await socket.message(identifier)
        errors += message["payload"] if message["type"] == "error" else message["payload"]["errors"]
    assert [error["extensions"]["code"] for error in errors] == ["BAD_USER_INPUT"] * 2
    assert all(what in error["message"] for error in errors)


async def test_a_list_that_changes_as_a_whole_is_loaded_anew(world: World) -> None:
    view = await world.view(query="is:open")
    for change in ("view", "status"):
        async with world.member.socket() as socket:
            identifier, message = await follow(socket, world, v=view["id"])
            assert message["payload"]["data"]["viewEvents"]["kind"] == "HEARTBEAT"
            if change == "view":
                await world.member.do(
                    "viewUpdate", id=view["id"], expectedVersion=1, query="is:open label:none"
                )
            else:
                status = world.status("To do")
                await world.manager.do("statusUpdate", id=status, expectedVersion=1, category="COMPLETED")
            frame = (await socket.message(identifier))["payload"]["data"]["viewEvents"]
            assert (frame["kind"], frame["reason"]) == ("RESYNC", "VIEW_CHANGED")
            assert (await socket.message(identifier))["type"] == "complete"


async def test_who_loses_the_project_loses_the_list(world: World) -> None:
    async with world.viewer.socket() as socket:
        identifier, _ = await follow(socket, world, q="")
        removed = {"projectId": world.eng["id"], "userId": world.viewer.user_id}
        await world.owner.do("projectMemberRemove", **removed)
        frame: JSON = {}
        while frame.get("kind") != "ENDED":
            frame = (await socket.message(identifier))["payload"]["data"]["viewEvents"]
            assert not frame["changes"]
        assert frame["reason"] == "ACCESS_LOST"


SHARED = FOLLOWED.replace(" task { id }", "")


async def test_equal_lists_are_worked_out_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """For whom they are equal: `me` is somebody else to each. Who comes later, from an older place, gets the same."""
    worked_out: list[tuple[Any, int]] = []
    changes = LiveList.changes

    async def counted(live: LiveList, events: Sequence[Event]) -> list[Change]:
        if events:
            worked_out.append((live.meant, events[0].seq))
        return await changes(live, events)

    monkeypatch.setattr(LiveList, "changes", counted)
    people = (world.owner, world.member, world.viewer)
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(one.socket()) for one in people]

        async def told(which: dict[Socket, str]) -> list[JSON]:
            return [(await one.message(name))["payload"]["data"]["viewEvents"] for one, name in which.items()]

        for query, times in (("is:open", 1), ("is:open (label:none or assignee:me)", len(people))):
            asked = {"p": world.eng["id"], "q": query}
            lists = {socket: await socket.start(SHARED, **asked) for socket in sockets}
            [start, *_] = await told(lists)
            worked_out.clear()
            task = await world.task("Told")
            first, *others = await told(lists)
            assert [change["taskId"] for change in first["changes"]] == [task["id"]]
            assert others == [first] * len(others)
            assert len(worked_out) == len({meant for meant, _ in worked_out}) == times
            await world.comment(task, "It is no matter of the list.")
            await world.member.do(
                "taskUpdate", id=task["id"], expectedVersion=1, patch={"title": "Told again"}
            )
            [second, *_] = await told(lists)
            assert [change["kind"] for change in second["changes"]] == ["CHANGED"]
            late = await sockets[0].start(SHARED, **asked, after=start["position"]["cursor"])
            replayed: list[JSON] = []
            while not replayed or replayed[-1]["seq"] < second["changes"][-1]["seq"]:
                replayed += (await told({sockets[0]: late}))[0]["changes"]
            assert replayed[-1]["place"] == second["changes"][-1]["place"]
            await world.member.do(
                "taskUpdate", id=task["id"], expectedVersion=2, patch={"title": "And again"}
            )
            [third, *_] = await told(lists)
            assert await told({sockets[0]: late}) == [third]
            for socket, name in (*lists.items(), (sockets[0], late)):
                await socket.send(id=name, type="complete")
