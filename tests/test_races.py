"""Rules that read rows they do not write, raced with real commits: each has one winner, or loses nothing."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from app.links import actions
from app.links.reads import edges_along
from app.work import Work
from tests.client import JSON
from tests.folding import Scope
from tests.invariants import one_winner, verify_events
from tests.ledger import Log
from tests.world import World

ROUNDS = 4
"""A race that is lost once in a while shows in a few rounds; a planted fault shows in the first."""


async def test_two_links_do_not_close_a_cycle_together(world: World, log: Log) -> None:
    for _ in range(ROUNDS):
        first, second, third = [(await world.task())["id"] for _ in range(3)]
        await world.member.do("linkAdd", sourceId=first, kind="blocks", targetId=second)
        _, (error,) = await one_winner(
            world.member.answer("linkAdd", sourceId=second, kind="blocks", targetId=third),
            world.manager.answer("linkAdd", sourceId=third, kind="blocks", targetId=first),
        )
        assert error["code"] == "CYCLE_REFUSED"
        assert set(error["cycle"]) == {first, second, third}
    await log.check_order()


async def test_a_cycle_through_another_project_is_refused_too(world: World) -> None:
    here, there = (await world.task())["id"], (await world.task(projectId=world.ops["id"]))["id"]
    _, (error,) = await one_winner(
        world.member.answer("linkAdd", sourceId=here, kind="blocks", targetId=there),
        world.owner.answer("linkAdd", sourceId=there, kind="blocks", targetId=here),
    )
    assert error["code"] == "CYCLE_REFUSED"


async def test_two_parents_do_not_close_a_cycle_together(world: World, log: Log) -> None:
    for _ in range(ROUNDS):
        first, second = [(await world.task())["id"] for _ in range(2)]
        _, (error,) = await one_winner(
            world.member.answer("taskUpdate", id=first, expectedVersion=1, patch={"parentId": second}),
            world.manager.answer("taskUpdate", id=second, expectedVersion=1, patch={"parentId": first}),
        )
        assert error["code"] == "CYCLE_REFUSED"
    await log.check_order()


async def test_the_last_owner_stays(world: World, log: Log) -> None:
    workspace = world.workspace["id"]
    await world.owner.do(
        "workspaceMemberUpdate", workspaceId=workspace, userId=world.admin.user_id, role="OWNER"
    )
    _, (error,) = await one_winner(
        world.owner.answer(
            "workspaceMemberUpdate", workspaceId=workspace, userId=world.owner.user_id, role="MEMBER"
        ),
        world.admin.answer("workspaceMemberRemove", workspaceId=workspace, userId=world.admin.user_id),
    )
    assert error["code"] == "VALIDATION_FAILED"
    owners = await log.connection.fetchval(
        "SELECT count(*) FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id "
        "WHERE w.name = 'Works' AND m.role = 'owner'"
    )
    assert owners == 1


async def test_two_owners_do_not_demote_each_other(world: World) -> None:
    workspace = world.workspace["id"]
    await world.owner.do(
        "workspaceMemberUpdate", workspaceId=workspace, userId=world.admin.user_id, role="OWNER"
    )
    payloads = await asyncio.gather(
        world.owner.answer(
            "workspaceMemberUpdate", workspaceId=workspace, userId=world.admin.user_id, role="MEMBER"
        ),
        world.admin.answer(
            "workspaceMemberUpdate", workspaceId=workspace, userId=world.owner.user_id, role="MEMBER"
        ),
    )
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1]


@pytest.mark.parametrize("use", ["taskCreate", "taskUpdate", "taskMove", "taskTransfer", "taskRestore"])
async def test_a_status_is_not_taken_while_it_goes(world: World, log: Log, use: str) -> None:
    """Whichever comes first: never does a task that is there stand in a status that is not."""
    for round_number in range(ROUNDS):
        status = (
            await world.owner.do(
                "statusCreate",
                projectId=world.eng["id"],
                name=f"Short-lived {round_number}",
                category="STARTED",
            )
        )["status"]["id"]
        task: JSON = {}
        if use == "taskTransfer":
            task = await world.task(projectId=world.ops["id"])
        elif use == "taskRestore":
            task = await world.task(statusId=status)
            await world.member.do("taskDelete", id=task["id"], expectedVersion=1)
        elif use != "taskCreate":
            task = await world.task()
        inputs: dict[str, JSON] = {
            "taskCreate": {"projectId": world.eng["id"], "title": "New", "statusId": status},
            "taskUpdate": {"id": task.get("id"), "expectedVersion": 1, "patch": {"statusId": status}},
            "taskMove": {"id": task.get("id"), "expectedVersion": 1, "statusId": status},
            "taskTransfer": {
                "id": task.get("id"), "expectedVersion": 1, "projectId": world.eng["id"], "statusId": status,
            },
            "taskRestore": {"id": task.get("id"), "expectedVersion": 2},
        }  # fmt: skip
        used, deleted = await asyncio.gather(
            world.member.answer(use, **inputs[use]),
            world.manager.answer("statusDelete", id=status, expectedVersion=1),
        )
        if use != "taskRestore":
            assert len(used["errors"]) + len(deleted["errors"]) == 1, (used["errors"], deleted["errors"])
        lost = await log.connection.fetchval(
            "SELECT count(*) FROM tasks t JOIN statuses s ON s.project_id = t.project_id AND s.id = t.status_id "
            "WHERE t.deleted_at IS NULL AND s.deleted_at IS NOT NULL"
        )
        assert lost == 0
    await log.check_order()


async def test_no_write_commits_after_a_removal(world: World, log: Log) -> None:
    """Thirty writes and a removal at once: in the log, none of the removed one's events is after the removal."""
    task = await world.task()

    async def write(number: int) -> JSON:
        if number % 2:
            return await world.member.answer("taskCreate", projectId=world.eng["id"], title=f"Task {number}")
        return await world.member.answer("commentAdd", taskId=task["id"], body=f"Comment {number}")

    async def remove() -> None:
        await world.owner.do("projectMemberRemove", projectId=world.eng["id"], userId=world.member.user_id)

    writes = [write(number) for number in range(30)]
    payloads = await asyncio.gather(*writes[:15], remove(), *writes[15:])
    refused = [one["errors"][0]["code"] for one in payloads if one is not None and one["errors"]]
    assert set(refused) <= {"NOT_FOUND"}
    events = await log.events(scope_id=world.scope_uuid())
    removal = next(event["seq"] for event in events if event["kind"] == "ProjectMemberRemoved")
    assert not [
        event for event in events if event["seq"] > removal and event["actor_id"] == world.uuid("member")
    ]
    done = sum(1 for one in payloads if one is not None and not one["errors"])
    by_member = [event for event in events if event["actor_id"] == world.uuid("member")]
    assert len(by_member) == done + 1, (
        "what was acknowledged is in the log, and nothing else (the task before too)"
    )
    await log.check_order()


async def test_seq_has_no_gaps_when_many_write_at_once(world: World, log: Log) -> None:
    """Forty writers over three scopes, some refused: every scope's seq is 1, 2, 3 … in the order of commit."""
    task = await world.task()
    people = itertools.cycle(("member", "manager", "guest", "owner"))

    async def write(number: int, by: str) -> None:
        client = world.person(by)
        await client.answer(
            "taskCreate", projectId=world.eng["id"], title=f"T{number}", assigneeIds=[world.viewer.user_id]
        )
        await client.answer("taskUpdate", id=task["id"], expectedVersion=1, patch={"title": f"T{number}"})
        await client.answer("taskCreate", projectId=world.ops["id"], title=f"T{number}")

    async with verify_events(
        world.owner, Scope("project", world.eng["id"]), Scope("project", world.ops["id"])
    ):
        await asyncio.gather(*(write(number, next(people)) for number in range(20)))
    await log.check_order()
    keys = await log.connection.fetch("SELECT project_id, number FROM tasks")
    assert len(set(map(tuple, keys))) == len(keys), "no number is given twice"


async def test_moves_at_once_leave_one_order(world: World, log: Log) -> None:
    """Many drops in the same gap: the order is total, and the same for everybody."""
    ids = [(await world.task(f"Task {number}"))["id"] for number in range(8)]

    async def drop(by: str, moved: str, anchor: str, below: bool) -> JSON:
        place = {"afterId": anchor} if below else {"beforeId": anchor}
        return await world.person(by).answer("taskMove", id=moved, **place)

    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        for round_number in range(3):
            moves = [
                drop(by, ids[(n + round_number) % 7 + 1], ids[0], below=bool(n % 2))
                for n, by in enumerate(("member", "manager", "guest", "owner", "admin", "member", "manager"))
            ]
            payloads = await asyncio.gather(*moves)
            assert all(payload["errors"] == [] for payload in payloads)
    ranks = [row["rank"] for row in await log.connection.fetch("SELECT rank FROM tasks")]
    assert len(set(ranks)) == len(ids)
    orders = []
    for by in ("member", "viewer"):
        document = "query($id: ID!) { node(id: $id) { ... on Project { tasks { nodes { id rank } } } } }"
        nodes = (await world.person(by).query(document, id=world.eng["id"]))["node"]["tasks"]["nodes"]
        assert [node["rank"].encode() for node in nodes] == sorted(node["rank"].encode() for node in nodes)
        orders.append([node["id"] for node in nodes])
    assert orders[0] == orders[1]


async def test_a_race_without_its_guard_is_caught(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The planted fault: nobody takes the guard, and both wait until both have read."""
    both = asyncio.Barrier(2)

    async def no_guard(self: Work, *guards: object) -> None:
        return None

    async def read_together(*arguments: object) -> object:
        found = await edges_along(*arguments)  # type: ignore[arg-type]
        async with asyncio.timeout(10):
            await both.wait()
        return found

    monkeypatch.setattr(Work, "guard", no_guard)
    monkeypatch.setattr(actions, "edges_along", read_together)
    first, second = [(await world.task())["id"] for _ in range(2)]
    with pytest.raises(AssertionError, match="2 of 2 were done"):
        await one_winner(
            world.member.answer("linkAdd", sourceId=first, kind="blocks", targetId=second),
            world.manager.answer("linkAdd", sourceId=second, kind="blocks", targetId=first),
        )
