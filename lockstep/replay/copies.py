"""A client's own copy of a project: the fold of its events, written from their GraphQL types alone."""

from __future__ import annotations

import asyncio
import hashlib
import heapq
from array import array
from collections.abc import Iterable
from datetime import datetime
from typing import Any

State = dict[str, Any]

PUT = {
    "TaskCreated": ("task", "state"),
    "CommentAdded": ("comment", "comment"),
    "LinkAdded": ("link", "link"),
}
CHANGED = {
    "TaskUpdated": "task", "TaskMoved": "task", "TaskDeleted": "task", "TaskRestored": "task",
    "CommentUpdated": "comment", "CommentDeleted": "comment", "CommentRestored": "comment",
}  # fmt: skip
REMOVED = {"LinkRemoved": "link", "TaskLeft": "task", "CommentLeft": "comment"}


class FoldError(Exception):
    """An event that does not fit the copy."""


def fold_event(objects: dict[str, dict[str, State]], event: dict[str, Any]) -> tuple[str, State | None]:
    """Apply one event to objects by type and id; the type and the state after, None if it is gone.

    Raises FoldError if it does not fit: an unknown kind or object, or a text that is not the one it changes.
    """
    kind, object_id = event["__typename"], event["objectId"]
    if kind in PUT:
        what, name = PUT[kind]
        state = dict(event[name])
        if what == "task":
            state |= {name: sorted(state[name]) for name in ("assigneeIds", "labelIds")}
            state["sections"] = {section["name"]: section["text"] for section in state["sections"]}
        objects[what][object_id] = state
        return what, state
    if kind in REMOVED:
        what = REMOVED[kind]
        if objects[what].pop(object_id, None) is None:
            raise FoldError(f"{kind} of {object_id}, which is not there")
        return what, None
    what = CHANGED.get(kind, "")
    before = objects.get(what, {}).get(object_id)
    if before is None:
        raise FoldError(f"{kind} of {object_id}, which is not there")
    state = dict(before)
    for change in event["changes"]:
        _change(state, change)
    if event["objectVersion"] is not None and event["objectVersion"] != state["version"]:
        state["version"], state["updatedAt"] = event["objectVersion"], event["occurredAt"]
    objects[what][object_id] = state
    return what, state


def _change(state: State, change: dict[str, Any]) -> None:
    field = change["field"]
    match change["__typename"]:
        case "ValueChange":
            state[field] = change["new"]
        case "TextChange":
            owner, _, name = field.partition(".")
            if not name:
                state[owner] = with_edits(state[owner], change)
                return
            sections = dict(state[owner])
            text = with_edits(sections.pop(name, ""), change)
            state[owner] = {**sections, name: text} if text else sections
        case "MembersChange":
            state[field] = sorted((set(state[field]) - set(change["removed"])) | set(change["added"]))
        case "EntryChange":
            entries = {key: value for key, value in state[field].items() if key != change["key"]}
            state[field] = {**entries, change["key"]: change["entry"]} if change["exists"] else entries
        case other:
            raise FoldError(f"a change of an unknown kind: {other}")


def with_edits(text: str, change: dict[str, Any]) -> str:
    """A text with a TextChange applied; places are in UTF-16 code units. Raises FoldError unless both hashes fit."""
    if _hash(text) != change["baseHash"]:
        raise FoldError(f"{change['field']} is not the text that was changed")
    units, result, done = text.encode("utf-16-le"), b"", 0
    for edit in change["edits"]:
        start, removed = edit["at"] * 2, edit["removed"].encode("utf-16-le")
        if units[start : start + len(removed)] != removed:
            raise FoldError(f"{change['field']} does not hold what was removed")
        result += units[done:start] + edit["inserted"].encode("utf-16-le")
        done = start + len(removed)
    outcome = (result + units[done:]).decode("utf-16-le")
    if _hash(outcome) != change["resultHash"]:
        raise FoldError(f"{change['field']} did not become what it should")
    return outcome


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def empty_board() -> dict[str, dict[str, State]]:
    """No objects of any type."""
    return {"task": {}, "comment": {}, "link": {}}


class Copy:
    """What one client has on its screen, and how it came there.

    `histories`: the states, oldest first, of the tasks of `remembered` issues, for edits made on an older
    version. `latencies`: seconds from an event's commit to its arrival here.
    """

    def __init__(self, seq: int, cursor: str, remembered: Iterable[str] = ()) -> None:
        self.objects = empty_board()
        self.seq, self.cursor = seq, cursor
        self.histories: dict[str, list[State]] = {}
        self.gaps: list[tuple[int, int]] = []
        self.doubles: list[int] = []
        self.faults: list[str] = []
        self.events = 0
        self.latencies = array("d")
        self._remembered = frozenset(remembered)
        self._waiting: list[tuple[int, int, asyncio.Future[None]]] = []
        self._waits = 0

    def take(self, frame: dict[str, Any], received_at: float) -> None:
        """Fold a frame's events, whatever was wrong with their order; then wake who waited for them."""
        for event in frame["events"]:
            self._take(event, received_at)
        if frame["position"] is not None:
            self.cursor = frame["position"]["cursor"]
        while self._waiting and self._waiting[0][0] <= self.seq:
            waiter = heapq.heappop(self._waiting)[2]
            if not waiter.done():
                waiter.set_result(None)

    def _take(self, event: dict[str, Any], received_at: float) -> None:
        seq = event["seq"]
        if seq <= self.seq:
            self.doubles.append(seq)
            return
        if seq > self.seq + 1:
            self.gaps.append((self.seq + 1, seq - 1))
        self.seq = seq
        self.events += 1
        self.latencies.append(received_at - datetime.fromisoformat(event["recordedAt"]).timestamp())
        try:
            what, state = fold_event(self.objects, event)
        except (FoldError, KeyError, UnicodeDecodeError) as fault:
            self.faults.append(f"seq {seq}: {fault!r}")
            return
        if what == "task" and state is not None and state["config"].get("issue") in self._remembered:
            self.histories.setdefault(state["id"], []).append(state)

    async def reached(self, seq: int) -> None:
        """Returns when the copy holds everything up to `seq`."""
        if self.seq >= seq:
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waits += 1
        heapq.heappush(self._waiting, (seq, self._waits, waiter))
        await waiter
