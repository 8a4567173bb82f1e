"""The fold that clients use, and what a copy notices about the order of what it gets."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest

from lockstep.replay.copies import Copy, FoldError, empty_board, fold_event, with_edits


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def created(seq: int, **state: Any) -> dict[str, Any]:
    whole = {
        "id": "T", "title": "old", "sections": [{"name": "notes", "text": "a 😀 b"}], "assigneeIds": ["z", "a"],
        "labelIds": [], "config": {"issue": "demo-1", "k": 1}, "version": 1, "updatedAt": "then", **state,
    }  # fmt: skip
    return {"__typename": "TaskCreated", "seq": seq, "objectId": "T", "objectVersion": 1, "state": whole,
            "changes": [], "recordedAt": "2031-05-01T00:00:00+00:00", "occurredAt": "then"}  # fmt: skip


def updated(seq: int, *changes: dict[str, Any], version: int = 2) -> dict[str, Any]:
    return {"__typename": "TaskUpdated", "seq": seq, "objectId": "T", "objectVersion": version,
            "changes": list(changes), "recordedAt": "2031-05-01T00:00:01+00:00", "occurredAt": "now"}  # fmt: skip


def text_change(old: str, new: str, *edits: tuple[int, str, str]) -> dict[str, Any]:
    return {"__typename": "TextChange", "field": "sections.notes", "baseHash": digest(old), "resultHash": digest(new),
            "edits": [{"at": at, "removed": gone, "inserted": come} for at, gone, come in edits]}  # fmt: skip


def frame(*events: dict[str, Any]) -> dict[str, Any]:
    return {"events": list(events), "position": {"cursor": f"after {events[-1]['seq']}"}}


def test_every_kind_of_change_is_applied() -> None:
    board = empty_board()
    fold_event(board, created(1))
    event = updated(
        2,
        {"__typename": "ValueChange", "field": "title", "new": "new"},
        {"__typename": "MembersChange", "field": "assigneeIds", "added": ["m"], "removed": ["z"]},
        {"__typename": "EntryChange", "field": "config", "key": "k", "exists": False, "entry": None},
        {"__typename": "EntryChange", "field": "config", "key": "l", "exists": True, "entry": None},
        text_change("a 😀 b", "A 😀 B", (0, "a", "A"), (5, "b", "B")),
    )
    what, state = fold_event(board, event)
    assert what == "task"
    assert state == board["task"]["T"] == {
        "id": "T", "title": "new", "sections": {"notes": "A 😀 B"}, "assigneeIds": ["a", "m"], "labelIds": [],
        "config": {"issue": "demo-1", "l": None}, "version": 2, "updatedAt": "now",
    }  # fmt: skip
    assert fold_event(board, {**updated(3), "__typename": "TaskLeft"}) == ("task", None)


def test_a_text_that_is_not_the_one_that_was_changed_is_refused() -> None:
    change = text_change("a b", "a c", (2, "b", "c"))
    assert with_edits("a b", change) == "a c"
    with pytest.raises(FoldError):
        with_edits("a x", change)
    with pytest.raises(FoldError):
        with_edits("a b", {**change, "resultHash": digest("a d")})
    with pytest.raises(FoldError):
        with_edits("a b", {**change, "edits": [{"at": 0, "removed": "b", "inserted": "c"}]})


@pytest.mark.parametrize("event", [updated(1), {**updated(1), "__typename": "TaskMelted"}])
def test_an_event_that_does_not_fit_is_noted(event: dict[str, Any]) -> None:
    copy = Copy(0, "start")
    copy.take(frame(event), 0)
    assert len(copy.faults) == 1


def test_gaps_and_doubles_are_noted() -> None:
    copy = Copy(0, "start", ["demo-1"])
    copy.take(frame(created(1)), 0)
    copy.take(frame(created(1), updated(4)), 0)
    assert (copy.gaps, copy.doubles, copy.seq, copy.events, copy.cursor) == ([(2, 3)], [1], 4, 2, "after 4")
    assert [state["version"] for state in copy.histories["T"]] == [1, 2]


async def test_who_waits_for_a_place_is_told_when_it_is_reached() -> None:
    copy = Copy(0, "start")
    waiting = [asyncio.create_task(copy.reached(seq)) for seq in (2, 1, 3)]
    await asyncio.sleep(0)
    copy.take(frame(created(1), updated(2)), 0)
    await asyncio.gather(*waiting[:2])
    assert not waiting[2].done()
    copy.take(frame(updated(3)), 0)
    await waiting[2]
    await copy.reached(1)
