"""What is asked of everybody: the same documents, and what makes their answers comparable."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

BOARD = """query Board($key: String!, $first: Int!) { project(key: $key) { id name statuses { id name category
  tasks(first: $first) { nodes { id key title priority dueDate estimate rank version
    assignees { id name avatarUrl } labels { id name color } commentCount } } } } }"""
PAGE = """query Page($key: String!, $first: Int!) { project(key: $key) { tasks(first: $first ORDER) {
  pageInfo { hasNextPage endCursor } edges { cursor node { id key title priority status { id name }
    assignees { id name } commentCount } } } } }"""
TASK = """query Task($key: String!, $first: Int!) { task(key: $key) { id key title description priority createdAt
  status { id name } type { id name } assignees { id name } labels { id name color }
  comments(first: $first) { nodes { id body createdAt author { id name avatarUrl } } } } }"""


@dataclass(frozen=True)
class Operation:
    """A document with its variables."""

    name: str
    document: str
    variables: dict[str, Any]

    def body(self, *, ours: bool) -> bytes:
        """The JSON to send. Ours is told the order of a list; the peers know one only."""
        document = self.document.replace("ORDER", ", orderBy: [{field: CREATED_AT}]" if ours else "")
        return json.dumps(
            {"query": document, "operationName": self.name, "variables": self.variables}
        ).encode()


def board(key: str, first: int = 500) -> Operation:
    """A project with its statuses, and `first` tasks of each, with who and what belongs to them."""
    return Operation("Board", BOARD, {"key": key, "first": first})


def page(key: str, first: int = 50) -> Operation:
    """A connection of a project's tasks."""
    return Operation("Page", PAGE, {"key": key, "first": first})


def task(key: str, first: int = 20) -> Operation:
    """A task with its first comments."""
    return Operation("Task", TASK, {"key": key, "first": first})


def comparable(body: bytes) -> Any:
    """An answer's data, with each server's own spelling of ids, times and cursors taken out of it.

    Raises ValueError if it is an answer without data, or with errors.
    """
    answer = json.loads(body)
    if answer.get("errors") or not answer.get("data"):
        raise ValueError(f"no answer: {body[:500].decode(errors='replace')}")
    return {name: _plain("", value) for name, value in answer["data"].items()}


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(name, inner) for inner in value]
    if name == "id":
        return _uuid(value)
    if name in {"cursor", "endCursor"} and value:
        return "a cursor"
    if name.endswith("At") and value:
        return datetime.fromisoformat(value).timestamp()
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _uuid(given: str) -> UUID:
    """Of a uuid as it is, or of an opaque id of ours, whose last part is one."""
    try:
        return UUID(given)
    except ValueError:
        pass
    try:
        text = base64.b64decode(given + "=" * (-len(given) % 4)).decode("ascii")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{given} is no id") from error
    return UUID(hex=text.rsplit(":", 1)[-1])
