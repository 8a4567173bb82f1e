"""A second run changes nothing; a newer file changes what it changed, and never what people did since."""

from __future__ import annotations

import asyncio
import copy
from pathlib import Path
from typing import Any

import pytest

from app.imports import run
from app.imports.reports import Outcome
from tests.audit.trail import trail
from tests.folding import Scope
from tests.imports.conftest import Importer
from tests.imports.sample import (
    ARCHIVE,
    ISSUES,
    comment,
    depends,
    issue,
    thread,
    write_archive,
    write_tracker,
)
from tests.imports.shown import compare_archive, compare_tracker
from tests.imports.test_kept import ODD
from tests.invariants import verify_events
from tests.ledger import Log
from tests.world import World, uuids

JSON = dict[str, Any]


def edited(id: str, **values: Any) -> list[JSON]:
    """The sample, with one issue changed."""
    issues = copy.deepcopy(ISSUES)
    next(one for one in issues if one["id"] == id).update(values)
    return issues


@pytest.mark.parametrize("file", ["tracker", "archive"])
async def test_a_second_run_changes_nothing(importer: Importer, tmp_path: Path, log: Log, file: str) -> None:
    path = tmp_path / "file"
    write_tracker(path, ISSUES) if file == "tracker" else write_archive(path, ARCHIVE)
    first = await importer.run(path)
    before = await log.fingerprint()
    second = await importer.run(path)
    assert await log.fingerprint() == before
    assert (second.report.events, second.report.units, second.report.changed) == (0, 0, False)
    assert second.report.counts["unchanged"] == first.report.counts["created"]
    # What the file could not keep is said again.
    assert second.notes == first.notes


async def test_each_run_is_audited(importer: Importer, tmp_path: Path, log: Log, world: World) -> None:
    await importer.run(write_tracker(tmp_path / "tracker.jsonl", ISSUES))
    (entry,) = await trail(log, action="import.run")
    assert entry["workspace_id"] == uuids(world.workspace["id"])[0]
    assert (entry["actor_kind"], list(entry["data"])) == ("import", ["source"])


async def test_without_refs_a_second_run_would_double(
    importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The planted fault that the test above is there for."""
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    await importer.run(path)

    async def forgetful(*_: Any) -> dict[Any, Any]:
        return {}

    monkeypatch.setattr(run, "refs_by_key", forgetful)
    assert (await importer.run(path)).report.units > 0


async def test_a_newer_file(importer: Importer, world: World, tmp_path: Path) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    await importer.run(path, "ENG")
    newer = edited(
        "lk-1", title="Keep all the lamps lit", labels=["harbour", "pier"], assignee="mayor", priority=1,
        comments=[comment(7, "Oil is very low."), comment(9, "Oil is here.", author="mayor"), comment(11, "Lit.")],
        dependencies=[*ISSUES[0]["dependencies"], depends("lk-1", "lk-2")],
    )  # fmt: skip
    newer[1] |= {
        "status": "closed",
        "closed_at": "2025-05-01T00:00:00Z",
        "updated_at": "2025-05-02T00:00:00Z",
    }
    del newer[5]["metadata"], newer[2]["notes"]
    newer[2] |= {"status": "in-progress", "design": "D, and more\n"}
    newer.append(issue("lk-14", dependencies=[depends("lk-14", "lk-5", "parent-child")]))
    write_tracker(path, newer)
    async with verify_events(world.owner, Scope("project", world.eng["id"])):
        done = await importer.run(path, "ENG")
    compare_tracker(path, await importer.shown("ENG"), odd=ODD)
    counts = done.report.counts
    assert (counts["created"], counts["updated"], counts["unchanged"]) == (1, 4, len(ISSUES) - 4)
    assert (counts["comments"], counts["comments_updated"], counts["links"]) == (1, 1, 1)
    assert not (await importer.run(path, "ENG")).report.changed


async def test_what_people_did_since_stays(
    importer: Importer, world: World, tmp_path: Path, log: Log
) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    await importer.run(path, "ENG")
    tasks = await world.owner.query(
        "query($id: ID!) { node(id: $id) { ... on Project { tasks(first: 100) { nodes {"
        " id externalRef version comments(first: 9) { nodes { id version body } } } } } } }", id=world.eng["id"],
    )  # fmt: skip
    found = {one["externalRef"]: one for one in tasks["node"]["tasks"]["nodes"]}
    ours = {
        "title": "Ours",
        "sections": [{"name": "description", "text": "First line, ours\r\n\r\n* second — ünïcode 🪔\r\n"}],
    }
    await world.owner.do(
        "taskUpdate", id=found["lk-1"]["id"], expectedVersion=found["lk-1"]["version"], patch=ours
    )
    oil = found["lk-1"]["comments"]["nodes"][0]
    await world.owner.do("commentDelete", id=oil["id"], expectedVersion=oil["version"])
    await world.owner.do("taskDelete", id=found["lk-2"]["id"], expectedVersion=found["lk-2"]["version"])
    newer = edited(
        "lk-1", title="Theirs", priority=4, description="First line\r\n\r\n* second — ünïcode 🪔 and oil\r\n",
        comments=[comment(7, "Oil is very low."), *ISSUES[0]["comments"][1:]],
    )  # fmt: skip
    newer[1]["title"] = "Theirs too"
    write_tracker(path, newer)
    done = await importer.run(path, "ENG")
    shown = (await importer.shown("ENG"))["lk-1"]
    # The clash stays ours; what did not clash is taken over, and texts merge.
    assert (shown["title"], shown["priority"]) == ("Ours", 4)
    assert shown["sections"] == [
        {"name": "description", "text": "First line, ours\r\n\r\n* second — ünïcode 🪔 and oil\r\n"}
    ]
    assert done.noted(Outcome.IN_CONFLICT) == ["lk-1: title", "lk-2: the issue", "lk-1: comment 7"]
    before = await log.fingerprint()
    again = await importer.run(path, "ENG")
    assert again.noted(Outcome.IN_CONFLICT) == done.noted(Outcome.IN_CONFLICT)
    assert (again.report.changed, await log.fingerprint()) == (False, before)


async def test_what_people_took_away_stays_away(
    importer: Importer, world: World, tmp_path: Path, log: Log
) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    await importer.run(path, "ENG")
    found = await world.owner.query(
        "query($id: ID!) { node(id: $id) { ... on Project { members(first: 100) { nodes { user { id name } } }"
        " tasks(first: 100) { nodes { links { link { id } } } } } } }", id=world.eng["id"],
    )  # fmt: skip
    links = {way["link"]["id"] for task in found["node"]["tasks"]["nodes"] for way in task["links"]}
    for link in links:
        await world.owner.do("linkRemove", id=link)
    people = {one["user"]["name"]: one["user"]["id"] for one in found["node"]["members"]["nodes"]}
    await world.owner.do("projectMemberRemove", projectId=world.eng["id"], userId=people["crew/day-watch"])
    before = await log.fingerprint()
    again = await importer.run(path, "ENG")
    assert (again.report.changed, await log.fingerprint()) == (False, before)
    assert again.noted(Outcome.IN_CONFLICT) == ["None: the person 'crew/day-watch'"]
    # An issue that comes now is kept, with its author, and without the one who left.
    write_tracker(path, [*ISSUES, issue("lk-20", created_by="crew/day-watch", assignee="crew/day-watch")])
    await importer.run(path, "ENG")
    new = (await importer.shown("ENG"))["lk-20"]
    assert (new["creator"]["name"], new["assignees"]) == ("crew/day-watch", [])


async def test_two_runs_at_once_are_one(importer: Importer, world: World, tmp_path: Path, log: Log) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    done = await asyncio.gather(*(importer.run(path, "ENG") for _ in range(3)))
    compare_tracker(path, await importer.shown("ENG"), odd=ODD)
    assert sum(one.report.counts["created"] for one in done) == len(ISSUES)
    await log.check_order()


async def test_a_newer_archive(importer: Importer, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "archive.json", ARCHIVE)
    await importer.run(path)
    newer = copy.deepcopy(ARCHIVE)
    newer["issues"][0] |= {
        "state": "CLOSED",
        "closedAt": "2024-07-01T00:00:00Z",
        "updatedAt": "2024-07-01T00:00:00Z",
    }
    newer["issues"][0]["comments"][2] |= {"body": "Edited again", "updatedAt": "2024-07-01T01:00:00Z"}
    newer["issues"][0]["comments"].append(thread("mayor", "One more", "2024-07-01T02:00:00Z"))
    newer["pulls"].append(dict(newer["pulls"][0], number=5))
    write_archive(path, newer)
    done = await importer.run(path)
    compare_archive(path, await importer.shown())
    counts = done.report.counts
    assert (counts["created"], counts["updated"], counts["comments"], counts["comments_updated"]) == (
        1,
        1,
        1,
        1,
    )
