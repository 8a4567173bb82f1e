"""Many tasks at once: chosen by a filter, tried first, moved and deleted."""

from __future__ import annotations

from uuid import uuid4

import pytest

from app.tasks.actions import bulk
from app.tasks.actions.edit import EDITED_AT_ONCE
from tests.client import JSON
from tests.folding import Scope
from tests.invariants import refused_unchanged, verify_events
from tests.ledger import Log
from tests.selections import ERRORS
from tests.world import World

RESULTS = f"""batchId results {{ ok outcome error {{ {ERRORS} }} task {{ id }}
  changes {{ __typename ... on ValueChange {{ field old new }} }} }}"""


async def test_tried_then_done(world: World, log: Log) -> None:
    tasks = [await world.task(f"Task {number}", priority=number) for number in range(4)]
    where = {"projectId": world.eng["id"], "filter": {"priority": {"gte": 2}}}
    patch = {"priority": 3, "title": "Same"}
    before = await log.fingerprint()
    tried = await world.member.do("taskBulkUpdate", RESULTS, where=where, patch=patch, dryRun=True)
    assert await log.fingerprint() == before
    assert [one["outcome"] for one in tried["results"]] == ["APPLIED", "APPLIED"]
    assert [[change["field"] for change in one["changes"]] for one in tried["results"]] == [
        ["priority", "title"], ["title"]
    ]  # fmt: skip
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        done = await world.member.do("taskBulkUpdate", RESULTS, where=where, patch=patch)
    assert verified.kinds == ["TaskUpdated"] * 2
    assert [one["changes"] for one in done["results"]] == [one["changes"] for one in tried["results"]]
    again = await world.member.do("taskBulkUpdate", RESULTS, where=where, patch=patch)
    assert [one["outcome"] for one in again["results"]] == ["UNCHANGED"] * 2
    assert {one["task"]["id"] for one in done["results"]} == {task["id"] for task in tasks[2:]}


async def test_moved_and_deleted(world: World) -> None:
    for number in range(3):
        await world.task(f"Task {number}")
    where = {"projectId": world.eng["id"], "filter": {"title": {"contains": "Task"}}}
    for name, kind, more in (
        ("taskBulkMove", "TaskMoved", {"statusId": world.status("Done")}),
        ("taskBulkDelete", "TaskDeleted", {}),
    ):
        async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
            done = await world.member.do(name, where=where, **more)
        assert verified.kinds == [kind] * 3
        assert all(one["ok"] for one in done["results"])
    none = await world.member.do("taskBulkDelete", where=where)
    assert (none["results"], none["batchId"]) == ([], None), "deleted ones match no more"


async def test_chosen_by_a_query(world: World) -> None:
    """The text chooses as the typed filter does; with both, both must hold."""
    tasks = [await world.task(f"Task {number}", priority=number) for number in range(4)]
    where = {"projectId": world.eng["id"], "query": "project:ENG priority:>=2 assignee:none"}
    tried = await world.member.do("taskBulkUpdate", RESULTS, where=where, patch={"priority": 1}, dryRun=True)
    assert {one["task"]["id"] for one in tried["results"]} == {task["id"] for task in tasks[2:]}
    where["filter"] = {"priority": {"lt": 3}}
    done = await world.member.do("taskBulkUpdate", RESULTS, where=where, patch={"priority": 1})
    assert [one["task"]["id"] for one in done["results"]] == [tasks[2]["id"]]
    elsewhere = {"projectId": world.eng["id"], "query": "-project:ENG"}
    assert (await world.member.do("taskBulkDelete", RESULTS, where=elsewhere))["results"] == []


@pytest.mark.parametrize(
    ("where", "code", "path"),
    [
        ({"query": "stattus:open"}, "QUERY_INVALID", ["where", "query"]),
        ({"query": "project:NOPE"}, "QUERY_INVALID", ["where", "query"]),
        ({"query": "a\x00b"}, "VALIDATION_FAILED", ["where", "query"]),
        ({}, "VALIDATION_FAILED", ["where"]),
        ({"query": ""}, "VALIDATION_FAILED", ["where"]),
    ],
)  # fmt: skip
async def test_a_query_without_meaning(
    world: World, log: Log, where: JSON, code: str, path: list[str]
) -> None:
    await world.task("Task")
    asked = {"projectId": world.eng["id"], **where}
    refused = await refused_unchanged(log, world.member.refused("taskBulkDelete", where=asked))
    assert (refused["code"], refused["path"]) == (code, path)


async def test_each_on_its_own_while_it_is_tried(world: World) -> None:
    tasks = [await world.task(f"Task {number}") for number in range(2)]
    await world.owner.do("taskUpdate", id=tasks[0]["id"], expectedVersion=1, patch={"title": "Theirs"})
    items = [{"id": task["id"], "expectedVersion": 1} for task in tasks]
    asked: JSON = {"items": items, "patch": {"title": "Mine"}, "atomic": False}
    tried = await world.member.do("taskBulkUpdate", **asked, dryRun=True)
    assert [one["outcome"] for one in tried["results"]] == ["CONFLICT", "APPLIED"]
    assert tried["results"][0]["error"]["clashes"][0]["theirs"] == "Theirs"


TOLD = "results { ok outcome error { code message path } changes { __typename } }"


@pytest.mark.parametrize("atomic", [True, False])
@pytest.mark.parametrize("name", ["taskBulkUpdate", "taskBulkMove", "taskBulkDelete", "where"])
async def test_a_trial_tells_what_the_real_run_tells(world: World, log: Log, name: str, atomic: bool) -> None:
    """Where some are refused: all of it, or each on its own."""
    tasks = [await world.task(f"Task {number}", priority=number) for number in range(3)]
    changed = {"title": "Theirs", "priority": 4, "statusId": world.status("In progress")}
    await world.owner.do("taskUpdate", id=tasks[0]["id"], expectedVersion=1, patch=changed)
    hidden = (await world.hidden(world.secret, "owner"))["Task"]
    items = [{"id": one, "expectedVersion": 1} for one in (*(task["id"] for task in tasks), hidden)]
    asked: JSON = {"items": items, "atomic": atomic, "onConflict": "REJECT"}
    if name == "taskBulkUpdate":
        asked["patch"] = {"priority": 2}
    elif name == "taskBulkMove":
        asked["statusId"] = world.status("Done")
    elif name == "where":
        # A task is no parent of its own, and the others can have it.
        where = {"projectId": world.eng["id"], "filter": {}}
        name, asked = (
            "taskBulkUpdate",
            {"where": where, "patch": {"parentId": tasks[0]["id"]}, "atomic": atomic},
        )
    before = await log.fingerprint()
    tried = await world.member.answer(name, TOLD, **asked, dryRun=True)
    assert await log.fingerprint() == before
    assert tried == await world.member.answer(name, TOLD, **asked)
    assert bool(tried["errors"]) is atomic
    told = {one["outcome"] for one in tried["results"]}
    assert told == set() if atomic else told >= {"APPLIED"} and told & {"CONFLICT", "REFUSED"}


async def test_a_trial_leaves_its_key_free(world: World, log: Log) -> None:
    """Tried twice, then meant, then sent again: under one key, and one effect."""
    task = await world.task("Task")
    asked = {"items": [{"id": task["id"], "expectedVersion": 1}], "patch": {"title": "New"}}
    asked["clientMutationId"] = str(uuid4())
    before = await log.fingerprint()
    for _ in range(2):
        tried = await world.member.do("taskBulkUpdate", RESULTS, **asked, dryRun=True)
        assert ([one["outcome"] for one in tried["results"]], tried["batchId"]) == (["APPLIED"], None)
    assert await log.fingerprint() == before
    done = await world.member.do("taskBulkUpdate", RESULTS, **asked, dryRun=False)
    assert done["batchId"]
    assert (await world.member.do("taskBulkUpdate", RESULTS, **asked))["batchId"] == done["batchId"]
    tried = await world.member.do("taskBulkUpdate", RESULTS, **asked, dryRun=True)
    assert [one["outcome"] for one in tried["results"]] == ["UNCHANGED"], "of what is there now"


async def test_what_is_tried_is_checked_as_what_is_done(world: World, log: Log) -> None:
    """The comment too: a trial that passes is one that the real run passes."""
    task = await world.task("Task")
    items = [{"id": task["id"], "expectedVersion": 1}]
    for body in (" ", "x" * 100_001):
        for name, more in (("taskBulkUpdate", {"patch": {"priority": 1}}), ("taskBulkMove", {})):
            asked: JSON = {"items": items, "comment": body, **more}
            if name == "taskBulkMove":
                asked["statusId"] = world.status("Done")
            tried = await refused_unchanged(log, world.member.refused(name, **asked, dryRun=True))
            assert tried == await refused_unchanged(log, world.member.refused(name, **asked))
            assert tried["path"] == ["comment"]
    same = {"items": items, "patch": {"title": "Task"}, "comment": " "}
    for trial in (True, False):
        told = await world.member.do("taskBulkUpdate", RESULTS, **same, dryRun=trial)
        assert [one["outcome"] for one in told["results"]] == ["UNCHANGED"], "nobody is to be commented on"


async def test_one_way_of_choosing_and_not_too_many(
    world: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = {"projectId": world.eng["id"], "filter": {}}
    wrong: list[JSON] = [{}, {"where": where, "items": []}, {"items": []}]
    for chosen in wrong:
        error = await refused_unchanged(log, world.member.refused("taskBulkDelete", **chosen))
        assert error["code"] == "VALIDATION_FAILED"
    for _ in range(3):
        await world.task()
    monkeypatch.setattr(bulk, "EDITED_AT_ONCE", 2)
    error = await refused_unchanged(log, world.member.refused("taskBulkDelete", where=where))
    assert error["code"] == "LIMIT_REACHED"
    assert "matches 3 tasks" in error["message"]
    assert EDITED_AT_ONCE == 1000
