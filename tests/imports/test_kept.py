"""Everything in a file is kept, or noted with why; seen through GraphQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.imports import drafts
from app.imports.reports import Outcome
from tests.folding import Scope
from tests.imports.conftest import Importer
from tests.imports.sample import ARCHIVE, BROKEN_LINES, ISSUES, write_archive, write_tracker
from tests.imports.shown import compare_archive, compare_tracker, moment
from tests.invariants import verify_events
from tests.ledger import Log
from tests.world import World

ODD = frozenset({"lk-12", "lk-13", "lk-10"})
"""Issues with values that cannot stay as they are."""


async def test_sample_tracker(importer: Importer, tmp_path: Path) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    done = await importer.run(path)
    shown = await importer.shown()
    compare_tracker(path, shown, odd=ODD)
    assert done.report.counts["created"] == len(ISSUES)
    categories = {one["status"]["name"]: one["status"]["category"] for one in shown.values()}
    assert categories == {
        "open": "UNSTARTED", "hooked": "STARTED", "In progress": "STARTED", "closed": "COMPLETED",
        "tombstone": "CANCELLED",
    }  # fmt: skip


async def test_values_that_cannot_stay_as_they_are(importer: Importer, tmp_path: Path) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES, BROKEN_LINES)
    done = await importer.run(path)
    shown = await importer.shown()
    odd = shown["lk-12"]
    sections = {one["name"]: one["text"] for one in odd["sections"]}
    assert odd["title"] == "T" * 999 + "…"
    assert sections["title"] == "T" * 1001
    assert sections["description"] == "NUL  and half \ufffd pair"
    assert sections["close_reason"] == "r" * 10_001
    assert odd["closeReason"] == "r" * 10_000
    assert (odd["priority"], odd["config"]["priority"]) == (0, 9)
    assert odd["config"]["big"] == str(2**70)
    assert odd["config"]["exact_times"] == {"created_at": "2025-03-01T09:00:00.123456789Z"}
    # An open issue is not completed, whatever the file says of its closing.
    assert odd["completedAt"] is None
    assert moment(odd["config"]["closed_at"]) == moment("2025-03-05T00:00:00Z")
    empty = shown["lk-13"]
    assert (empty["title"], empty["config"]["created_at"]) == ("(lk-13)", "yesterday")
    assert empty["createdAt"] == empty["updatedAt"]
    assert [one["name"] for one in empty["sections"]] == ["transcript"]
    lost = [(note.line, note.external_id, note.field) for note in done.notes if note.outcome is Outcome.LOST]
    lines = range(len(ISSUES) + 1, len(ISSUES) + len(BROKEN_LINES) + 1)
    thirteenth = [(13, "lk-13", name) for name in ("comment 1", "comments", "dependencies", "dependencies")]
    assert lost == [*thirteenth, *((line, None, "the whole line") for line in lines)]


async def test_links_parents_and_cycles(importer: Importer, tmp_path: Path) -> None:
    done = await importer.run(write_tracker(tmp_path / "tracker.jsonl", ISSUES))
    shown = await importer.shown()
    links = {
        (name, way["link"]["kind"], way["task"]["externalRef"]): way["link"]["cyclic"]
        for name, task in shown.items()
        for way in task["links"]
        if way["direction"] == "OUTGOING"
    }
    assert links == {
        ("lk-4", "blocks", "lk-1"): False, ("lk-1", "discovered-from", "lk-3"): False,
        ("lk-5", "parent-child", "lk-3"): False, ("lk-8", "blocks", "lk-7"): True, ("lk-7", "blocks", "lk-8"): True,
        ("lk-7", "relates-to", "lk-1"): False, ("lk-10", "parent-child", "lk-9"): True,
        ("lk-10", "replies-to", "lk-1"): False,
    }  # fmt: skip
    parents = {name: task["parent"]["externalRef"] for name, task in shown.items() if task["parent"]}
    assert parents == {"lk-4": "lk-3", "lk-5": "lk-6", "lk-9": "lk-10"}
    flagged = done.noted(Outcome.FLAGGED)
    assert len(flagged) == 3
    # Setting a later parent is no change of the issue: its times are the file's.
    assert moment(shown["lk-5"]["updatedAt"]) == moment("2025-03-02T08:30:00.5Z")


async def test_sample_archive(importer: Importer, tmp_path: Path) -> None:
    path = write_archive(tmp_path / "archive.json", ARCHIVE)
    done = await importer.run(path)
    compare_archive(path, await importer.shown())
    assert [note.field for note in done.notes if note.outcome is Outcome.LOST] == [
        "timestamp", "label urgent's description", "comment 4",
    ]  # fmt: skip
    assert all(note.line for note in done.notes)


async def test_people_are_the_same_in_every_file(
    importer: Importer, world: World, tmp_path: Path, log: Log
) -> None:
    email = world.member.email
    named = [dict(ISSUES[0], created_by=email, assignee="mayor", dependencies=[])]
    await importer.run(write_tracker(tmp_path / "one.jsonl", named), "ONE")
    await importer.run(write_tracker(tmp_path / "two.jsonl", named), "TWO")
    one, two = (await importer.shown("ONE"))["lk-1"], (await importer.shown("TWO"))["lk-1"]
    assert (one["creator"]["name"], one["creator"]["kind"]) == ("Member", "PERSON")
    assert one["assignees"] == two["assignees"] == [{"name": "mayor"}]
    placeholders = await log.connection.fetch(
        "SELECT name FROM users WHERE kind = 'placeholder' ORDER BY name"
    )
    assert [row["name"] for row in placeholders] == ["crew/day-watch", "mayor"]


@pytest.mark.parametrize("file", ["tracker", "archive"])
async def test_state_is_the_fold_of_the_events(
    importer: Importer, world: World, tmp_path: Path, log: Log, file: str
) -> None:
    path = tmp_path / "file"
    write_tracker(path, ISSUES) if file == "tracker" else write_archive(path, ARCHIVE)
    workspace = world.workspace["id"]
    scopes = (Scope("project", world.eng["id"]), Scope("workspace", workspace), Scope("directory", workspace))
    async with verify_events(world.owner, *scopes):
        await importer.run(path, "ENG")
    await log.check_order()
    events = await log.events(actor_kind="import", kind="TaskCreated")
    assert {event["batch_id"] for event in events} != {None}
    for event in events:
        assert event["occurred_at"] == moment(json.loads(event["payload"])["state"]["created_at"])


async def test_the_comparison_sees_what_is_lost(
    importer: Importer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tracker(tmp_path / "tracker.jsonl", ISSUES)
    whole = drafts.Draft.section

    def clipped(draft: drafts.Draft, name: str, value: object) -> None:
        whole(draft, name, value[:-1] if isinstance(value, str) else value)

    monkeypatch.setattr(drafts.Draft, "section", clipped)
    await importer.run(path)
    with pytest.raises(AssertionError):
        compare_tracker(path, await importer.shown(), odd=ODD)


async def test_real_tracker(importer: Importer, real: Callable[[str], Path]) -> None:
    path = real("tracker-issues.jsonl")
    done = await importer.run(path)
    compare_tracker(path, await importer.shown())
    assert done.noted(Outcome.LOST) == []
    assert not (await importer.run(path)).report.changed


async def test_real_archive(importer: Importer, real: Callable[[str], Path]) -> None:
    path = real("github-archive.json")
    done = await importer.run(path)
    compare_archive(path, await importer.shown())
    assert len(done.noted(Outcome.LOST)) == 2
    assert not (await importer.run(path)).report.changed


def test_without_the_real_input_ci_fails(
    real: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="not there"):
        real("nowhere.jsonl")
