"""Tasks as rows of a table, in words: for spreadsheets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from app.accounts.reads import users_by_id
from app.db import Database, Reader
from app.exchange.exporting import may_export, objects_of
from app.history.moments import Moment, load_words, states_then
from app.history.states import State

COLUMNS = (
    "key", "title", "status", "type", "priority", "assignees", "labels", "parent", "estimate", "dueDate", "creator",
    "createdAt", "updatedAt", "completedAt", "closeReason", "externalRef", "description",
)  # fmt: skip


async def task_rows(database: Database, viewer_id: UUID, moment: Moment) -> AsyncIterator[list[list[Any]]]:
    """The tasks of a project at a moment that were not deleted, by when they were made, in pages."""
    check = may_export(viewer_id, [moment.scope_id])
    async for page in objects_of(database, viewer_id, check, moment, ("task",), among=True):
        states = [line["state"] for line in page if not line["state"]["deleted_at"]]
        if states:
            async with database.snapshot(viewer_id) as reader:
                yield await _rows(reader, moment, states)


async def _rows(reader: Reader, moment: Moment, states: list[State]) -> list[list[Any]]:
    await load_words(reader, [moment])
    words = moment.words or {}
    named = {one["id"]: one["name"] for kind in ("status", "task_type", "label") for one in words[kind]}
    people = {one for state in states for one in (*state["assignee_ids"], state["creator_id"]) if one}
    users = await users_by_id(reader, [UUID(one) for one in people])
    named |= {str(user.id): user.name for user in users.values()}
    parents = list(dict.fromkeys(state["parent_id"] for state in states if state["parent_id"]))
    above = await states_then(reader, [(moment, ("task", UUID(one))) for one in parents])
    key = words["project"][0]["key"]
    keys = {one: f"{key}-{state['number']}" for one, state in zip(parents, above, strict=True) if state}

    def listed(ids: list[str]) -> str:
        return ", ".join(sorted(named[one] for one in ids if one in named))

    return [
        [
            f"{key}-{one['number']}", one["title"], named.get(one["status_id"]), named.get(one["type_id"]),
            one["priority"], listed(one["assignee_ids"]), listed(one["label_ids"]), keys.get(one["parent_id"]),
            one["estimate"], one["due_date"], named.get(one["creator_id"]), one["created_at"], one["updated_at"],
            one["completed_at"], one["close_reason"], one["external_ref"], one["sections"].get("description"),
        ]
        for one in states
    ]  # fmt: skip
