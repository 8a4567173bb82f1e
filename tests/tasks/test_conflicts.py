"""Edits of an older version, under the three policies."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.client import JSON
from tests.folding import Scope
from tests.invariants import one_winner, refused_unchanged, verify_events
from tests.ledger import Log
from tests.world import World

TEXT = "One two three.\n\nFour five six 🙂 seven.\n\nEight nine ten."


async def edit(world: World, task: JSON, version: int | None, by: str = "member", **patch: Any) -> JSON:
    """An edit of this version that must be done; the task after it."""
    policy = patch.pop("onConflict", None)
    given = {"id": task["id"], "expectedVersion": version, "patch": patch, "onConflict": policy}
    done: JSON = (await world.person(by).do("taskUpdate", **given))["task"]
    return done


async def clash(world: World, log: Log, task: JSON, version: int, policy: str | None, **patch: Any) -> JSON:
    """The conflict of an edit, which changes nothing."""
    error = await refused_unchanged(
        log,
        world.member.refused(
            "taskUpdate", id=task["id"], expectedVersion=version, patch=patch, onConflict=policy
        ),
    )
    assert error["__typename"] == "VersionConflict", error
    assert error["expectedVersion"] == version
    assert error["current"] == {"id": task["id"]}
    return error


async def test_fields_that_nobody_else_touched_are_merged(world: World) -> None:
    task = await world.task("First", description=TEXT)
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        await edit(world, task, 1, "manager", title="Theirs", priority=1)
        merged = await edit(world, task, 1, statusId=world.status("Done"), estimate=3.0)
    assert (merged["title"], merged["priority"], merged["estimate"]) == ("Theirs", 1, 3.0)
    assert merged["version"] == 3
    assert merged["completedAt"] is not None, "rules run on the merged result"


async def test_a_field_that_both_changed_is_a_conflict_with_its_data(world: World, log: Log) -> None:
    task = await world.task("Base", config=[{"key": "a", "value": 1}])
    theirs = await edit(
        world,
        task,
        1,
        "manager",
        title="Theirs",
        statusId=world.status("Done"),
        config=[{"key": "a", "value": 2}],
    )
    error = await clash(
        world, log, task, 1, "MERGE", title="Yours", statusId=task["status"]["id"], priority=4,
        config=[{"key": "a", "value": 3}],
    )  # fmt: skip
    assert error["currentVersion"] == 2
    found = {one["field"]: one for one in error["clashes"]}
    assert found.keys() == {"title", "config.a"}, "the status that I set is the one it had: no clash"
    title = found["title"]
    assert (title["base"], title["theirs"], title["yours"]) == ("Base", "Theirs", "Yours")
    assert title["changedById"] == world.manager.user_id
    assert title["changedAt"] == theirs["updatedAt"]
    assert [found["config.a"][side] for side in ("base", "theirs", "yours")] == [1, 2, 3]
    after = await edit(world, task, error["currentVersion"], title="Yours")
    assert after["title"] == "Yours"


async def test_both_making_it_the_same_is_no_conflict(world: World) -> None:
    task = await world.task("Base")
    await edit(world, task, 1, "manager", title="Same")
    assert (await edit(world, task, 1, title="Same", priority=2))["title"] == "Same"


async def test_reject_refuses_any_older_version(world: World, log: Log) -> None:
    task = await world.task("Base")
    await edit(world, task, 1, "manager", priority=1)
    error = await clash(world, log, task, 1, "REJECT", title="Yours")
    assert error["clashes"] == []
    error = await clash(world, log, task, 1, "REJECT", priority=3)
    assert [one["field"] for one in error["clashes"]] == ["priority"]


async def test_overwrite_is_said_and_wins(world: World, log: Log) -> None:
    task = await world.task("Base")
    await edit(world, task, 1, "manager", title="Theirs")
    assert (await edit(world, task, 1, title="Mine", onConflict="OVERWRITE"))["title"] == "Mine"
    assert (await edit(world, task, None, title="Again", onConflict="OVERWRITE"))["title"] == "Again"
    for policy in (None, "MERGE", "REJECT"):
        error = await refused_unchanged(
            log, world.member.refused("taskUpdate", id=task["id"], patch={"title": "x"}, onConflict=policy)
        )
        assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["expectedVersion"])


async def test_the_project_says_what_happens_if_the_edit_does_not(world: World, log: Log) -> None:
    task = await world.task("Base")
    await edit(world, task, 1, "manager", priority=1)
    await world.owner.do("projectUpdate", id=world.eng["id"], expectedVersion=1, conflictPolicy="REJECT")
    await clash(world, log, task, 1, None, title="Mine")
    assert (await edit(world, task, 1, title="Mine", onConflict="MERGE"))["title"] == "Mine"


async def test_a_version_that_never_was_is_refused(world: World, log: Log) -> None:
    task = await world.task()
    for version in (0, -1, 2, 2**31 - 1):
        error = await refused_unchanged(
            log,
            world.member.refused("taskUpdate", id=task["id"], expectedVersion=version, patch={"title": "x"}),
        )
        assert error["path"] == ["expectedVersion"]


async def test_long_texts_merge_where_the_edits_do_not_overlap(world: World, log: Log) -> None:
    task = await world.task(description=TEXT, sections=[{"name": "notes", "text": TEXT}])
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        await edit(world, task, 1, "manager", description=TEXT.replace("two", "2 🙂"))
        merged = await edit(world, task, 1, description=TEXT.replace("nine", "9"))
        await edit(world, task, 1, sections=[{"name": "notes", "text": ""}])
    assert merged["description"] == TEXT.replace("two", "2 🙂").replace("nine", "9")
    error = await clash(
        world, log, task, 1, "MERGE", description=TEXT.replace("two", "zwei"), title="Not alone"
    )
    (found,) = error["clashes"]
    assert found["field"] == "sections.description"
    assert found["base"] == TEXT
    assert found["theirs"] == merged["description"]
    error = await clash(world, log, task, 1, "MERGE", sections=[{"name": "notes", "text": TEXT + " More."}])
    assert error["clashes"][0]["theirs"] == "", "they took it away while I went on writing"


async def test_sets_merge_by_what_was_added_and_removed(world: World) -> None:
    labels = [(await world.label(name))["id"] for name in ("a", "b", "c")]
    task = await world.task(labelIds=labels[:1], assigneeIds=[world.member.user_id])
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        await edit(world, task, 1, "manager", addLabelIds=[labels[1]], addAssigneeIds=[world.viewer.user_id])
        merged = await edit(
            world,
            task,
            1,
            addLabelIds=[labels[2]],
            removeLabelIds=[labels[0]],
            removeAssigneeIds=[world.member.user_id],
        )
        again = await edit(world, task, 1, addLabelIds=[labels[2]])
    assert sorted(one["id"] for one in merged["labels"]) == sorted(labels[1:])
    assert [one["id"] for one in merged["assignees"]] == [world.viewer.user_id]
    assert again["version"] == merged["version"], "adding what is there changes nothing"
    assert len(verified.kinds) == 2


async def test_config_merges_by_key(world: World, log: Log) -> None:
    task = await world.task(config=[{"key": name, "value": 1} for name in "abc"])
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        await edit(world, task, 1, "manager", config=[{"key": "a", "value": {"deep": [None]}}, {"key": "c"}])
        merged = await edit(world, task, 1, config=[{"key": "b"}, {"key": "d", "value": None}])
    assert merged["config"] == {"a": {"deep": [None]}, "d": None}
    error = await clash(world, log, task, 1, "MERGE", config=[{"key": "c", "value": 2}])
    assert [(one["field"], one["theirs"]) for one in error["clashes"]] == [("config.c", None)]
    gone = await edit(world, task, 1, config=[{"key": "c"}])
    assert gone["config"] == merged["config"]


async def test_config_is_bounded(world: World, log: Log) -> None:
    task = await world.task()
    error = await refused_unchanged(
        log,
        world.member.refused(
            "taskUpdate",
            id=task["id"],
            expectedVersion=1,
            patch={"config": [{"key": "a", "value": "x" * 17_000}]},
        ),
    )
    assert (error["__typename"], error["limit"]) == ("LimitReached", 16_384)


async def test_true_is_not_one_and_false_is_not_nothing(world: World, log: Log) -> None:
    """In JSON they are told apart, though Python calls them equal."""
    task = await world.task(config=[{"key": "a", "value": 1}, {"key": "b", "value": {"c": [0]}}])
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        told = await edit(world, task, 1, config=[{"key": "a", "value": True}])
        assert told["config"]["a"] is True
        told = await edit(world, task, 2, config=[{"key": "b", "value": {"c": [False]}}])
        assert told["config"]["b"]["c"][0] is False
    error = await clash(world, log, task, 1, "MERGE", config=[{"key": "b", "value": {"c": [1]}}])
    assert [one["field"] for one in error["clashes"]] == ["config.b"]
    same = await edit(world, task, 3, config=[{"key": "a", "value": True}])
    assert same["version"] == 3


def nested(levels: int) -> Any:
    """A list in a list in a list."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [32, 60, 150, 250, 500])
async def test_config_is_not_too_deep(world: World, log: Log, levels: int) -> None:
    """Neither stored (it could be written into no answer and no frame then) nor walked into the ground."""
    task = await world.task()
    fine = await edit(world, task, 1, config=[{"key": "a", "value": nested(31)}])
    deep = [{"key": "a", "value": nested(levels)}]
    patch = {"title": "Deep", "config": deep}
    document = "mutation($i: TaskUpdateInput!) { taskUpdate(input: $i) { task { id } errors { code } } }"
    # A clash has `yours`, so an edit that would be refused anyway must not bring it along either.
    for version in (1, 2):
        variables = {"i": {"id": task["id"], "expectedVersion": version, "patch": patch}}
        answer = await world.member.ask(document, variables)
        if levels > 64:  # past 200 it is not even read
            assert answer.codes == ["BAD_REQUEST" if levels > 200 else "BAD_USER_INPUT"]
        else:
            code = "VERSION_CONFLICT" if version == 1 else "LIMIT_REACHED"
            assert [error["code"] for error in answer.data["taskUpdate"]["errors"]] == [code]
    answer = await world.member.ask(
        "query($id: ID!) { node(id: $id) { ... on Task { config version } } }", {"id": task["id"]}
    )
    assert answer.data["node"] == {"config": fine["config"], "version": 2}


async def test_a_new_task_has_no_more_sections_than_an_old_one(world: World, log: Log) -> None:
    sections = [{"name": f"part_{n}", "text": "x"} for n in range(33)]
    error = await refused_unchanged(
        log,
        world.member.refused("taskCreate", projectId=world.eng["id"], title="Wide", sections=sections),
    )
    assert (error["__typename"], error["limit"]) == ("LimitReached", 32)
    assert len((await world.task("Wide", sections=sections[1:]))["sections"]) == 32


@pytest.mark.parametrize("policy", ["MERGE", "REJECT"])
async def test_a_race_for_one_field_has_one_winner(world: World, log: Log, policy: str) -> None:
    task = await world.task()
    attempts = [
        world.member.answer(
            "taskUpdate", id=task["id"], expectedVersion=1, patch={"title": f"Take {n}"}, onConflict=policy
        )
        for n in range(8)
    ]
    winner, losers = await one_winner(*attempts)
    assert {error["code"] for error in losers} == {"VERSION_CONFLICT"}
    found = await world.member.query(
        "query($id: ID!) { node(id: $id) { ... on Task { title version } } }", id=task["id"]
    )
    assert found["node"] == {"title": winner["task"]["title"], "version": 2}
    await log.check_order()


async def test_a_race_for_different_fields_loses_nothing(world: World, log: Log) -> None:
    """Thirty edits of one version at once: every one is merged, none lost."""
    task = await world.task(description=" ".join(f"word{n}." for n in range(30)))
    words = [f"word{n}." for n in range(30)]
    fields: list[JSON] = [{"config": [{"key": f"k{n}", "value": n}]} for n in range(10)]
    fields += [
        {"title": "T"},
        {"priority": 3},
        {"estimate": 1.0},
        {"dueDate": "2030-01-31"},
        {"externalRef": "x"},
    ]
    async with verify_events(world.owner, Scope("project", world.eng["id"])) as verified:
        payloads = await _all(world, task, fields)
    assert all(payload["errors"] == [] for payload in payloads)
    assert len(verified.kinds) == len(fields)
    found = await world.member.query(
        "query($id: ID!) { node(id: $id) { ... on Task { title priority estimate config version description } } }",
        id=task["id"],
    )
    assert found["node"] == {
        "title": "T", "priority": 3, "estimate": 1.0, "config": {f"k{n}": n for n in range(10)},
        "version": len(fields) + 1, "description": " ".join(words),
    }  # fmt: skip
    await log.check_order()


async def _all(world: World, task: JSON, patches: list[JSON]) -> list[JSON]:
    return await asyncio.gather(
        *(
            world.member.answer("taskUpdate", id=task["id"], expectedVersion=1, patch=patch)
            for patch in patches
        )
    )
