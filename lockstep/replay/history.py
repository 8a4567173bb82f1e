"""The edits file: one change a line, in the order of time."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CLOSED = frozenset({"closed", "tombstone"})
"""Statuses of the file that mean that nothing is left to do."""

STARTED = frozenset({"in_progress", "hooked"})


class ReplayError(Exception):
    """Something a person can do something about; the message says what."""


@dataclass(frozen=True)
class Edit:
    """A line of the file. `fields` holds what it sets: values, whole lists, null for nothing."""

    line: int
    issue: str
    creates: bool
    fields: dict[str, Any]


def read_history(path: Path, limit: int | None = None) -> list[Edit]:
    """The file's lines, at most `limit`; raises ReplayError naming the first line that is none."""
    edits: list[Edit] = []
    try:
        with path.open(encoding="utf-8") as lines:
            for number, text in enumerate(lines, 1):
                if limit is not None and number > limit:
                    break
                edits.append(_edit(number, json.loads(text)))
    except OSError as error:
        raise ReplayError(f"cannot read {path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ReplayError(f"{path}, line {len(edits) + 1}: not an edit ({error!r})") from error
    if not edits:
        raise ReplayError(f"{path} holds no edits")
    return edits


def _edit(number: int, row: dict[str, Any]) -> Edit:
    if row["op"] not in {"create", "update"} or not isinstance(row["fields"], dict):
        raise ValueError("op is create or update, and fields an object")
    return Edit(number, str(row["id"]), row["op"] == "create", row["fields"])


def names_in(labels: list[str] | None) -> list[str]:
    """Labels as a project can have them: without white space around them, and not blank."""
    return [label.strip() for label in labels or () if label.strip()]


@dataclass(frozen=True)
class Named:
    """The words that a history uses, in order of first use."""

    statuses: list[str]
    types: list[str]
    labels: list[str]
    people: list[str]


def named_in(history: list[Edit]) -> Named:
    """Every status, type, label and assignee."""
    seen: tuple[dict[str, None], ...] = ({}, {}, {}, {})
    for edit in history:
        for place, field in enumerate(("status", "issue_type", "labels", "assignee")):
            value = edit.fields.get(field)
            for one in names_in(value) if isinstance(value, list) else [value] if value else []:
                seen[place][one] = None
    return Named(*(list(names) for names in seen))
