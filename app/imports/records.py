"""What a file says, in one form whatever its format: texts, names and times, no ids of ours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

PARENT = "parent-child"
"""The kind of link whose target may become the task's parent."""

Fingerprint = dict[str, str]
"""A short hash for each field of a record: a later version of the file changes what differs from it."""


@dataclass(frozen=True)
class SourceComment:
    """A comment. ``key`` tells it from the others of its issue, in every version of the file."""

    key: str
    author: str | None
    body: str
    created_at: datetime
    updated_at: datetime

    def fingerprint(self) -> Fingerprint:
        return {"body": _hash(self.body)}


@dataclass(frozen=True)
class SourceLink:
    """A link between issues, by their ids in the file; ``raw`` is the entry as it stands there."""

    kind: str
    source: str
    target: str
    creator: str | None
    created_at: datetime | None
    raw: dict[str, Any]

    @property
    def key(self) -> str:
        return orjson.dumps([self.source, self.kind, self.target]).decode()

    @property
    def far_end(self) -> str:
        """The issue that the entry names: the one it depends on."""
        return self.source if self.kind == "blocks" else self.target


@dataclass
class Record:
    """One issue. ``line`` is where it begins in the file, counted from 1."""

    line: int
    external_id: str
    title: str
    status: str
    type: str
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    priority: int = 0
    creator: str | None = None
    assignees: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    close_reason: str | None = None
    sections: dict[str, str] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    comments: list[SourceComment] = field(default_factory=list)
    links: list[SourceLink] = field(default_factory=list)

    def people(self) -> Iterator[str]:
        """Everyone named where a person can stand."""
        yield from self.assignees
        named = [self.creator, *(c.author for c in self.comments), *(link.creator for link in self.links)]
        yield from (name for name in named if name is not None)

    def fingerprint(self) -> Fingerprint:
        short = {
            name: getattr(self, name) for name in ("title", "status", "type", "priority", "close_reason")
        }
        values = {**short, "closed_at": self.closed_at and self.closed_at.isoformat()}
        for owner, entries in (("sections", self.sections), ("config", self.config)):
            values |= {f"{owner}.{name}": value for name, value in entries.items()}
        for owner, names in (("labels", self.labels), ("assignees", self.assignees)):
            values |= {f"{owner}.{name}": True for name in names}
        return {name: _hash(value) for name, value in values.items()}

    def size(self) -> int:
        """About how many characters it has: batches are bounded by it."""
        return sum(map(len, self.sections.values())) + sum(len(comment.body) for comment in self.comments)


def _hash(value: Any) -> str:
    return hashlib.blake2b(orjson.dumps(value, option=orjson.OPT_SORT_KEYS), digest_size=6).hexdigest()
