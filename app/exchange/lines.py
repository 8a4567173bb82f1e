"""The form of an export: one JSON object a line. What a line holds is what events hold, so nothing is left out.

{"lockstep": "export", "version": 1, "at": time, "workspace": {"id", "name"}, "projects": [{"id", "seq"}]}
{"type": "project", "project": id, "state": {…}}
{"type": "status" | "label" | "task_type" | "sprint" | …, "project": id, "id": id, "state": {…}}
{"type": "task" | "comment" | "link", "project": id, "id": id, "state": {…}}
{"type": "event", "project": id, "seq": …, "kind": …, …}                          (if asked for)
{"type": "person", "id": id, "name": …, "kind": …}                                 (everybody who is named)
{"type": "end", "lines": how many came before}                                     (else it was cut off)
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from app.tasks.grammar import Kind, kind_of

Line = dict[str, Any]

FORMAT, VERSION = "export", 1

WORK = ("task", "comment", "link")
"""Types of which there are many: after all others, in this order."""

LISTED = ("project_member", "project_team")
"""Who had access: told, and never given by an import, but that placeholders join what they were members of."""

_PEOPLE = ("creator_id", "author_id", "user_id", "assignee_ids")


def header(at: str, workspace: dict[str, Any], projects: list[dict[str, Any]]) -> dict[str, Any]:
    """The first line."""
    return {"lockstep": FORMAT, "version": VERSION, "at": at, "workspace": workspace, "projects": projects}


def people_in(state: dict[str, Any]) -> Iterator[UUID]:
    """The people whom a state names by id."""
    for name in _PEOPLE:
        value = state.get(name)
        for one in value if isinstance(value, list) else [value]:
            if one is not None:
                yield UUID(one)
    yield from _in_fields(state)
    for node in comparisons_of(state.get("filter")):
        if node["op"] not in ("me", "null") and kind_of(node["field"]) is Kind.PERSON:
            yield from map(UUID, node["value"] if isinstance(node["value"], list) else [node["value"]])


def joining_in(name: str, state: dict[str, Any]) -> Iterator[UUID]:
    """Those of them who are members of the project: by this line, or because only members can stand there."""
    if name == "project_member":
        yield UUID(state["user_id"])
    elif name == "task":
        yield from map(UUID, state["assignee_ids"])
        yield from _in_fields(state)


def _in_fields(state: dict[str, Any]) -> Iterator[UUID]:
    for value in (state.get("fields") or {}).values():
        if isinstance(value, dict) and value.get("user_id"):
            yield UUID(value["user_id"])


def comparisons_of(kept: dict[str, Any] | None) -> Iterator[dict[str, Any]]:
    """The comparisons of a filter of a view or board, as it is kept."""
    waiting = [] if kept is None else [kept["filter"]]
    while waiting:
        node = waiting.pop()
        if "field" in node:
            yield node
        else:
            waiting += [*node.get("all", ()), *node.get("any", ()), *([node["not"]] if "not" in node else ())]
