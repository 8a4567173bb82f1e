"""One scope of each kind, who follows it, and how its log is made to grow."""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.tasks.actions.create import create_tasks
from app.tasks.commands import NewTask
from app.work import Actor, run_unit
from tests.client import JSON, Client, Stream
from tests.invariants import EVENTS_AFTER
from tests.ledger import Log
from tests.world import World, uuids

SCOPES = "{ workspaces { id scope directoryScope version } viewer { inboxScope } }"
SHORT = "kind reason more position { scope seq cursor } events { id seq kind }"
KINDS = ("project", "workspace", "directory", "inbox")


@dataclass(frozen=True)
class Place:
    """A scope that `client` may follow; `grow()` appends one event or more to its log."""

    scope: str
    client: Client
    grow: Callable[[], Awaitable[Any]]

    @property
    def id(self) -> UUID:
        return uuids(self.scope)[0]

    async def grow_by(self, times: int) -> None:
        for _ in range(times):
            await self.grow()

    async def read(self, after: str, first: int = 500) -> JSON:
        """The same over plain HTTP: one frame."""
        return (await self.client.query(EVENTS_AFTER, scope=self.scope, after=after, first=first))["events"]  # type: ignore[no-any-return]

    async def head(self) -> JSON:
        """A position at its head, from a stream that begins there."""
        async with self.client.follow(self.scope) as stream:
            return stream.frames[0]["position"]  # type: ignore[no-any-return]


async def place(world: World, kind: str) -> Place:
    """The scope of a kind that `member` follows."""
    member = world.member
    found = await member.query(SCOPES)
    workspace = found["workspaces"][0]
    if kind == "project":
        return Place(world.eng["scope"], member, lambda: world.task("Another"))
    if kind == "inbox":
        mine = [member.user_id]
        return Place(found["viewer"]["inboxScope"], member, lambda: world.task(by="owner", assigneeIds=mine))
    if kind == "workspace":
        return Place(workspace["scope"], member, _renamed(world, "workspaceUpdate", id=workspace["id"]))
    return Place(workspace["directoryScope"], member, _renamed(world, "profileUpdate"))


def _renamed(world: World, mutation: str, **input: Any) -> Callable[[], Awaitable[Any]]:
    versions: list[int] = []

    async def rename() -> None:
        if not versions:
            found = await world.owner.query("{ workspaces { version } viewer { user { version } } }")
            versions.append((found["workspaces"][0] if input else found["viewer"]["user"])["version"])
        version = versions.pop()
        await world.owner.do(mutation, "", **input, expectedVersion=version, name=f"Name {version}")
        versions.append(version + 1)

    return rename


async def grow_at_once(world: World, count: int) -> None:
    """As many new tasks in ENG, 500 in a unit: what it takes to have many pages."""
    project, person = uuids(world.eng["id"])[0], world.uuid("member")
    for first in range(0, count, 500):
        tasks = [NewTask(project, f"Task {number}") for number in range(first, min(first + 500, count))]
        await run_unit(world.service.application.store, Actor(person), create_tasks(tasks))


async def on_this_machine(client: Client, seconds: float) -> float:
    """A bound that is promised of a machine that answers a small query in 50 ms; a busy one gets more."""
    took = []
    for _ in range(5):
        began = time.monotonic()
        await client.query("{ workspaces { id } }")
        took.append(time.monotonic() - began)
    return seconds * max(1.0, statistics.median(took) / 0.05)


async def check_whole(log: Log, stream: Stream, scope: UUID, after: int = 0) -> None:
    """The stream has told exactly what the log holds, in order; positions say where each frame ends."""
    rows = [row for row in await log.events(scope_id=scope) if row["seq"] > after]
    await stream.until(rows[-1]["seq"] if rows else after)
    assert [(event["seq"], uuids(event["id"])[0]) for event in stream.events] == [
        (row["seq"], row["id"]) for row in rows
    ]
    for frame in stream.frames:
        if frame["events"]:
            assert frame["position"]["seq"] == frame["events"][-1]["seq"]
