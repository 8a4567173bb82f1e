"""Sprints: what they let happen, what they take along when they end, and what the log tells of them afterwards."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from tests.client import JSON
from tests.folding import Scope
from tests.invariants import one_winner, refused_unchanged, verify_events
from tests.ledger import Log
from tests.world import World

SPRINT = """query($id: ID!) { node(id: $id) { ... on Sprint { stage startedAt completedAt version
  tasks { nodes { id } } progress { count estimate unestimated categories { category count estimate } } } } }"""
REPORT = """query($id: ID!) { node(id: $id) { ... on Sprint { report {
  committed { count estimate } added { count estimate } removed { count estimate } reestimated { count estimate }
  completed { count estimate } cancelled { count estimate } unfinished { count estimate }
  changes { kind task { id } previousEstimate estimate actor { id } }
  burndown { day total { count estimate } remaining { count estimate } } } } } }"""
WHERE = "query($id: ID!) { node(id: $id) { ... on Task { sprint { id name } version } } }"


async def _shown(world: World, sprint: JSON, document: str = SPRINT) -> JSON:
    found: JSON = (await world.viewer.query(document, id=sprint["id"]))["node"]
    return found


async def _sprint_of(world: World, task: JSON) -> str | None:
    found = (await world.viewer.query(WHERE, id=task["id"]))["node"]["sprint"]
    return None if found is None else str(found["name"])


async def _start(world: World, sprint: JSON, **more: Any) -> None:
    await world.manager.do("sprintStart", id=sprint["id"], expectedVersion=1, **more)


async def test_a_sprint_from_its_plan_to_its_end(world: World, log: Log) -> None:
    """What is unfinished goes on in the same batch, what is done stays; nothing is put into it any more."""
    sprint, following = await world.sprint("One"), await world.sprint("Two")
    await _start(world, sprint)
    done = await world.task("Done", sprintId=sprint["id"], statusId=world.status("Done"), estimate=2.0)
    dropped = await world.task("Dropped", sprintId=sprint["id"], statusId=world.status("Cancelled"))
    open_ones = [
        await world.task(f"Open {number}", sprintId=sprint["id"], estimate=1.5) for number in range(3)
    ]
    progress = (await _shown(world, sprint))["progress"]
    assert (progress["count"], progress["estimate"], progress["unestimated"]) == (5, 6.5, 1)
    assert progress["categories"] == [
        {"category": "UNSTARTED", "count": 3, "estimate": 4.5},
        {"category": "COMPLETED", "count": 1, "estimate": 2.0},
        {"category": "CANCELLED", "count": 1, "estimate": 0.0},
    ]
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        await world.manager.do(
            "sprintComplete", id=sprint["id"], expectedVersion=2, moveUnfinishedTo=following["id"]
        )
    assert verified.kinds == ["SprintCompleted", *["TaskUpdated"] * 3]
    assert len({event["batchId"] for event in verified.events[0]} - {None}) == 1, "one batch"
    assert [await _sprint_of(world, task) for task in open_ones] == ["Two"] * 3
    assert [await _sprint_of(world, task) for task in (done, dropped)] == ["One"] * 2
    shown = await _shown(world, sprint)
    assert shown["stage"] == "COMPLETED"
    error = await refused_unchanged(
        log,
        world.member.refused(
            "taskUpdate", id=open_ones[0]["id"], expectedVersion=2, patch={"sprintId": sprint["id"]}
        ),
    )
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["patch", "sprintId"])
    for name in ("sprintStart", "sprintComplete"):
        await refused_unchanged(log, world.manager.refused(name, id=sprint["id"], expectedVersion=3))


async def test_one_is_active_unless_it_is_said(world: World) -> None:
    first, second, third = [await world.sprint(name) for name in ("One", "Two", "Three")]
    _, (error,) = await one_winner(
        world.manager.answer("sprintStart", id=first["id"], expectedVersion=1),
        world.owner.answer("sprintStart", id=second["id"], expectedVersion=1),
    )
    assert error["path"] == ["parallel"]
    await _start(world, third, parallel=True)
    found = await world.viewer.query(
        "query($id: ID!) { node(id: $id) { ... on Project { sprints(stages: [ACTIVE]) { totalCount } } } }",
        id=world.eng["id"],
    )
    assert found["node"]["sprints"]["totalCount"] == 2


async def test_what_is_added_while_it_ends_is_not_lost(world: World, log: Log) -> None:
    """It is moved with the others, or it is refused; none stays behind unfinished."""
    for number in range(4):
        sprint, task = await world.sprint(f"Sprint {number}"), await world.task()
        await _start(world, sprint)
        ended, added = await asyncio.gather(
            world.manager.answer("sprintComplete", id=sprint["id"], expectedVersion=2),
            world.member.answer(
                "taskUpdate", id=task["id"], expectedVersion=1, patch={"sprintId": sprint["id"]}
            ),
        )
        assert ended["errors"] == []
        assert await _sprint_of(world, task) is None, added["errors"]
    await log.check_order()


async def test_what_is_restored_is_not_left_behind(world: World) -> None:
    """Deleted while the sprint ran, it comes back when that is over: the unfinished one into the backlog."""
    sprint = await world.sprint()
    done, unfinished = [
        await world.task(sprintId=sprint["id"], statusId=world.status(name)) for name in ("Done", "To do")
    ]
    await _start(world, sprint)
    for task in (done, unfinished):
        await world.member.do("taskDelete", id=task["id"], expectedVersion=1)
    await world.manager.do("sprintComplete", id=sprint["id"], expectedVersion=2)
    for task in (done, unfinished):
        await world.member.do("taskRestore", id=task["id"], expectedVersion=2)
    assert [await _sprint_of(world, task) for task in (done, unfinished)] == ["Sprint", None]


async def test_a_deleted_sprint_leaves_its_tasks(world: World) -> None:
    sprint = await world.sprint()
    task, gone = await world.task(sprintId=sprint["id"]), await world.task(sprintId=sprint["id"])
    await world.member.do("taskDelete", id=gone["id"], expectedVersion=1)
    await world.manager.do("sprintDelete", id=sprint["id"], expectedVersion=1)
    assert await _sprint_of(world, task) is None
    await world.member.do("taskRestore", id=gone["id"], expectedVersion=2)
    assert await _sprint_of(world, gone) is None
    found = await world.viewer.query("{ tasks(filter: {sprint: {null: true}}) { totalCount } }")
    assert found["tasks"]["totalCount"] == 2


@dataclass
class Model:
    """What a person who watched would have counted."""

    inside: dict[str, tuple[float | None, str]] = field(default_factory=dict)
    told: list[tuple[str, str, float | None, float | None]] = field(default_factory=list)

    def amount(self, *statuses: str) -> JSON:
        among = [estimate for estimate, status in self.inside.values() if status in statuses]
        return {"count": len(among), "estimate": sum(one or 0.0 for one in among)}


async def test_a_report_tells_what_happened(world: World) -> None:  # noqa: C901 (its parts are the things that happen)
    """Tasks come, go, are estimated, done, deleted, restored and transferred, at random: counted twice."""
    chance = random.Random(20260101)
    sprint = await world.sprint()
    statuses = ("To do", "Done", "Cancelled")
    tasks: dict[str, JSON] = {}
    for number in range(6):
        made = await world.task(
            f"Task {number}", estimate=float(number), sprintId=sprint["id"] if number % 2 else None
        )
        tasks[made["id"]] = {
            "in": number % 2 == 1,
            "estimate": float(number),
            "status": "To do",
            "deleted": False,
        }
    await _start(world, sprint)
    model = Model()

    def inside(task: JSON) -> bool:
        return bool(task["in"] and not task["deleted"])

    committed = [task["estimate"] for task in tasks.values() if inside(task)]
    ids = list(tasks)
    for _ in range(30):
        id_ = chance.choice(ids)
        task, before = tasks[id_], dict(tasks[id_])
        what = chance.choice(("move", "estimate", "status", "delete"))
        given = {"id": id_, "onConflict": "OVERWRITE"}
        if what == "delete":
            await world.member.do("taskRestore" if task["deleted"] else "taskDelete", **given)
            task["deleted"] = not task["deleted"]
        elif task["deleted"]:
            continue
        elif what == "move":
            task["in"] = not task["in"]
            patch: JSON = {"sprintId": sprint["id"] if task["in"] else None}
            await world.member.do("taskUpdate", **given, patch=patch)
        elif what == "estimate":
            task["estimate"] = chance.choice((None, 0.5, 3.0, 8.0))
            await world.member.do("taskUpdate", **given, patch={"estimate": task["estimate"]})
        else:
            task["status"] = chance.choice(statuses)
            await world.member.do("taskUpdate", **given, patch={"statusId": world.status(task["status"])})
        if inside(before) != inside(task):
            kind = "ADDED" if inside(task) else "REMOVED"
            previous = before["estimate"] if kind == "REMOVED" else None
            model.told.append((kind, id_, previous, task["estimate"]))
        elif inside(task) and before["estimate"] != task["estimate"]:
            model.told.append(("ESTIMATED", id_, before["estimate"], task["estimate"]))
    went = next(id_ for id_, task in tasks.items() if inside(task))
    await world.member.do(
        "taskTransfer", id=went, projectId=world.ops["id"],
        expectedVersion=(await world.member.query(WHERE, id=went))["node"]["version"],
    )  # fmt: skip
    model.told.append(("REMOVED", went, tasks[went]["estimate"], tasks[went]["estimate"]))
    del tasks[went]
    model.inside = {id_: (task["estimate"], task["status"]) for id_, task in tasks.items() if inside(task)}
    for completed in (False, True):
        if completed:
            await world.manager.do("sprintComplete", id=sprint["id"], expectedVersion=2)
        report = (await _shown(world, sprint, REPORT))["report"]
        told = [
            (one["kind"], (one["task"] or {"id": went})["id"], one["previousEstimate"], one["estimate"])
            for one in report["changes"]
        ]
        assert told == model.told
        assert report["committed"] == {"count": 3, "estimate": sum(committed)}
        assert report["completed"] == model.amount("Done")
        assert report["cancelled"] == model.amount("Cancelled")
        assert report["unfinished"] == model.amount("To do"), "as it was when it was completed"
        total = report["committed"]["estimate"] + report["added"]["estimate"] - report["removed"]["estimate"]
        assert total + report["reestimated"]["estimate"] == model.amount(*statuses)["estimate"]
        assert report["burndown"][-1]["total"] == model.amount(*statuses)
        assert report["burndown"][-1]["remaining"] == model.amount("To do")


async def test_nothing_is_told_before_the_start(world: World) -> None:
    assert (await _shown(world, await world.sprint(), REPORT))["report"] is None
