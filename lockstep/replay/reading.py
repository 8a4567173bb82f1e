"""Reading the outcome back: the log over plain HTTP, as everybody, and a fresh query of the whole board."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from lockstep.replay.copies import FoldError, State, empty_board, fold_event
from lockstep.replay.documents import BOARD, LOG, MORE_COMMENTS, OWN_ECHOES
from lockstep.replay.doors import Door
from lockstep.replay.oracle.records import Entry
from lockstep.replay.preparing import Stage

Board = dict[str, dict[str, State]]


async def read_log(door: Door, stage: Stage) -> tuple[list[Entry], Board, list[str]]:
    """Every event since the preparations, the board that they fold to, and what did not fit."""
    echoes: dict[int, str] = {}
    for own in await asyncio.gather(*(_echoes(door, stage, account.token) for account in stage.accounts[1:])):
        echoes |= own
    board, log, faults = empty_board(), [], []
    async for event in _events(door, stage, stage.accounts[0].token, LOG):
        after = None
        try:
            after = fold_event(board, event)[1]
        except (FoldError, KeyError) as fault:
            faults.append(f"the log at seq {event['seq']}: {fault!r}")
        key = event["clientMutationId"] or echoes.get(event["seq"])
        kind, version = event["__typename"], event["objectVersion"]
        log.append(Entry(event["seq"], kind, event["objectId"], version, key, event["occurredAt"], after))
    return log, board, faults


async def _echoes(near: Door, stage: Stage, token: str) -> dict[int, str]:
    """The keys of what one account sent, by seq."""
    door = Door(near.addresses, near.at)
    try:
        events = _events(door, stage, token, OWN_ECHOES)
        return {event["seq"]: key async for event in events if (key := event["clientMutationId"]) is not None}
    finally:
        door.abort()


async def _events(door: Door, stage: Stage, token: str, document: str) -> AsyncIterator[dict[str, Any]]:
    door.token, cursor, more = token, stage.cursor, True
    while more:
        frame = (await door.data(document, {"scope": stage.scope, "after": cursor}))["events"]
        if frame["kind"] == "RESYNC":
            raise RuntimeError(f"the log cannot be read on: {frame['reason']}")
        for event in frame["events"]:
            yield event
        cursor, more = frame["position"]["cursor"], frame["more"]


async def read_board(door: Door, stage: Stage) -> Board:
    """Every task, link and comment, as a query gives them, in the form that events have."""
    door.token = stage.accounts[0].token
    board, after = empty_board(), None
    while True:
        page = (await door.data(BOARD, {"projects": [stage.project], "after": after}))["tasks"]
        for node in page["nodes"]:
            await _rest_of_comments(door, node)
            _take(board, node)
        if not page["pageInfo"]["hasNextPage"]:
            return board
        after = page["pageInfo"]["endCursor"]


async def _rest_of_comments(door: Door, node: dict[str, Any]) -> None:
    page = node["comments"]
    while page["pageInfo"]["hasNextPage"]:
        wanted = {"id": node["id"], "after": page["pageInfo"]["endCursor"]}
        page = (await door.data(MORE_COMMENTS, wanted))["node"]["comments"]
        node["comments"]["nodes"] += page["nodes"]


def _take(board: Board, node: dict[str, Any]) -> None:
    task = _flat(node, status="statusId", type="typeId", parent="parentId", creator="creatorId")
    task["sections"] = {section["name"]: section["text"] for section in node["sections"]}
    for many, name in (("assignees", "assigneeIds"), ("labels", "labelIds")):
        task[name] = sorted(one["id"] for one in task.pop(many))
    for at in task.pop("links"):
        link = at["link"]
        if at["direction"] == "OUTGOING":
            state = _flat(link, source="sourceTaskId", target="targetTaskId", creator="creatorId")
            board["link"][link["id"]] = state
    for comment in task.pop("comments")["nodes"]:
        board["comment"][comment["id"]] = _flat(comment, task="taskId", parent="parentId", author="authorId")
    board["task"][node["id"]] = task


def _flat(node: dict[str, Any], **references: str) -> State:
    """A node with its references as ids."""
    flat = {name: value for name, value in node.items() if name not in references}
    return {**flat, **{name: node[one]["id"] if node[one] else None for one, name in references.items()}}
