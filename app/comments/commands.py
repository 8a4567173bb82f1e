"""What is asked of comments, as the actions take it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.events.kinds import EventKind
from app.projects.models import ConflictPolicy


@dataclass(frozen=True)
class NewComment:
    """A comment to be made. ``parent_id`` is the comment it answers, perhaps one earlier in the batch."""

    task_id: UUID
    body: str
    parent_id: UUID | None = None
    client_id: UUID | None = None
    created_at: datetime | None = None


@dataclass(frozen=True)
class CommentEdit:
    """A change of one comment. ``kind`` says which: only an update has a ``body``.

    ``policy`` None: the project's default.
    """

    comment_id: UUID
    kind: EventKind
    expected_version: int | None
    policy: ConflictPolicy | None = None
    body: str = ""
