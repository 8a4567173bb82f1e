"""The order of cards: total, the same for everybody, and untouched by rebalancing while people move cards."""

from __future__ import annotations

import asyncio
import os
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.boards import rebalancing
from app.events.models import ActorKind
from app.outcomes import Result
from app.ranks import LENGTH_LIMIT, rank_between, respread
from app.tasks.reads import tasks_by_key
from app.work import Actor, Work, run_unit
from tests.client import JSON
from tests.folding import Scope
from tests.invariants import verify_events
from tests.ledger import Log
from tests.service import Service
from tests.world import World, uuids

EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "20"))


@given(
    drops=st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=60),
    most=st.integers(1, 9),
    open_ends=st.tuples(st.booleans(), st.booleans()),
)
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True)
def test_respreading_keeps_the_order_at_every_step(
    drops: list[tuple[int, bool]], most: int, open_ends: tuple[bool, bool]
) -> None:
    ranks = ["a0", "a1"]
    for place, again in drops:
        at = (place if not again else 1) % (len(ranks) + 1)
        lower, upper = ranks[at - 1] if at else None, ranks[at] if at < len(ranks) else None
        ranks.insert(at, rank_between(lower, upper))
    before = None if open_ends[0] else rank_between(None, ranks[0])
    after = None if open_ends[1] else rank_between(ranks[-1], None)
    for _ in range(len(ranks) + 1):
        changed = respread(ranks, before, after, most)
        if not changed:
            break
        assert len(changed) <= most
        ranks = [changed.get(place, rank) for place, rank in enumerate(ranks)]
        whole = [one for one in (before, *ranks, after) if one is not None]
        assert whole == sorted(set(whole))
    assert respread(ranks, before, after, most) == {}, "it comes to an end"


async def order(world: World, by: str = "viewer") -> list[str]:
    document = "query($id: ID!) { node(id: $id) { ... on Project { tasks { nodes { id rank } } } } }"
    nodes = (await world.person(by).query(document, id=world.eng["id"]))["node"]["tasks"]["nodes"]
    ranks = [node["rank"] for node in nodes]
    assert ranks == sorted(set(ranks)), "the order is total"
    return [node["id"] for node in nodes]


@settings(
    max_examples=max(2, EXAMPLES // 10), deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    groups=st.lists(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.booleans()), min_size=2, max_size=4),
        min_size=1, max_size=3,
    )
)  # fmt: skip
async def test_any_interleaving_of_drops_ends_in_oneorder(
    world: World, groups: list[list[tuple[int, int, bool]]]
) -> None:
    ids = [(await world.task(f"Task {number}"))["id"] for number in range(5)]
    people = ("member", "manager", "guest", "owner")

    async def drop(by: str, moved: int, anchor: int, below: bool) -> JSON:
        place = {"afterId": ids[anchor]} if below else {"beforeId": ids[anchor]}
        return await world.person(by).answer("taskMove", id=ids[moved], **place)

    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        # The first is always a move, so that something happens.
        await drop("member", 0, 4, below=True)
        for group in groups:
            await asyncio.gather(
                *(
                    drop(by, moved, anchor, below)
                    for by, (moved, anchor, below) in zip(people, group, strict=False)
                    if moved != anchor
                )
            )
    assert await order(world) == await order(world, "member")


async def test_ranks_are_spaced_anew_while_cards_are_moved(
    world: World, service: Service, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No order and no version changes by it; what people do meanwhile is done, and all clients fold both."""
    monkeypatch.setattr(rebalancing, "PIECE", 3)
    project_id = world.scope_uuid()
    tasks = [await world.task(f"Task {number}") for number in range(9)]
    await grow(service, project_id, [uuids(task["id"])[0] for task in tasks])
    versions = await log.connection.fetch("SELECT id, version, updated_at FROM tasks ORDER BY id")
    before = await order(world)
    store = service.application.store
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        await rebalancing.rebalance_ranks(store)
    assert set(verified.kinds) == {"RanksRebalanced"}
    assert {event["actorKind"] for event in verified.events[0]} == {"SYSTEM"}
    assert await order(world) == before
    assert await log.connection.fetch("SELECT id, version, updated_at FROM tasks ORDER BY id") == versions
    assert await log.connection.fetchval("SELECT max(length(rank)) FROM tasks") <= LENGTH_LIMIT

    await grow(service, project_id, [uuids(one)[0] for one in before])
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        await asyncio.gather(
            rebalancing.rebalance_ranks(store),
            *(
                world.member.do("taskMove", id=one, afterId=before[place])
                for place, one in enumerate(before[3:6])
            ),
        )
    await rebalancing.rebalance_ranks(store)
    assert await order(world) == await order(world, "member")
    assert await log.connection.fetchval("SELECT max(length(rank)) FROM tasks") <= LENGTH_LIMIT
    await log.check_order()


async def grow(service: Service, project_id: UUID, ids: list[UUID]) -> None:
    """Give tasks, in this order, ranks as hundreds of drops in one place leave them; each with its event."""
    ranks = ["a1"]
    while len(ranks[-1]) <= LENGTH_LIMIT:
        ranks.append(rank_between("a0", ranks[-1]))
    long = sorted(ranks)[: len(ids)]

    async def action(work: Work) -> Result:
        await work.declare([project_id])
        rows = await tasks_by_key(work, [(project_id, task_id) for task_id in ids])
        changed = [(rows[task_id], rank) for task_id, rank in zip(ids, long, strict=True)]
        await rebalancing._write(work, project_id, changed)
        return {}

    await run_unit(service.application.store, Actor(None, ActorKind.SYSTEM), action)
