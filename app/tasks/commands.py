"""What is asked of a task, as the actions take it: one edit is a batch of one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.events.kinds import EventKind
from app.events.merging import ABSENT
from app.projects.models import ConflictPolicy
from app.tasks.events import TASK_UPDATED

REMOVE = ABSENT
"""The value of a ``config`` key that is to go."""


@dataclass(frozen=True)
class TaskPatch:
    """What an edit changes; what it does not name stays.

    ``values``: short fields by column name. ``sections``: texts by name (empty: the section goes). ``config``:
    values by key, or ``REMOVE``; ``fields``: the same by the custom field's id. Labels and assignees are added and
    taken away by id, so that they merge.
    """

    values: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, str] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    add: dict[str, frozenset[UUID]] = field(default_factory=dict)
    remove: dict[str, frozenset[UUID]] = field(default_factory=dict)

    def user_ids(self) -> set[UUID]:
        named = {
            UUID(value["user_id"])
            for value in self.fields.values()
            if value is not REMOVE and "user_id" in value
        }
        return named | set(self.add.get("assignee_ids", ()))


class TaskEdit(NamedTuple):
    """An edit of one task. ``policy`` None: the project's default. ``kind`` is the event it makes.

    ``before_id`` or ``after_id``: it also gets the place there; ``after_id`` wins where both are given.
    ``commented``: a comment is written in the same unit, which a transition may ask for.
    ``exact``: it brings back values of an earlier state, from which nothing else follows (no new time of closing).
    """

    task_id: UUID
    expected_version: int | None
    patch: TaskPatch
    policy: ConflictPolicy | None = None
    kind: EventKind = TASK_UPDATED
    occurred_at: datetime | None = None
    before_id: UUID | None = None
    after_id: UUID | None = None
    commented: bool = False
    exact: bool = False

    @property
    def anchor_id(self) -> UUID | None:
        """The task that this one is placed next to, if it is."""
        return self.after_id or self.before_id


@dataclass(frozen=True)
class NewTask:
    """A task to be made. Status and type default to the project's first; times are for imports."""

    project_id: UUID
    title: str
    client_id: UUID | None = None
    patch: TaskPatch = field(default_factory=TaskPatch)
    after_id: UUID | None = None
    before_id: UUID | None = None
    creator_id: UUID | None = None
    created_at: datetime | None = None
