"""Events of comments: in the scope of the project that their task is in."""

from __future__ import annotations

from typing import Any

from app.events.deltas import Shape
from app.events.kinds import Effect, event_kind
from app.values import plain

COMMENT_ADDED = event_kind("CommentAdded", "comment", Effect.PUT)
COMMENT_UPDATED = event_kind("CommentUpdated", "comment", Effect.CHANGE)
COMMENT_DELETED = event_kind("CommentDeleted", "comment", Effect.CHANGE)
COMMENT_RESTORED = event_kind("CommentRestored", "comment", Effect.CHANGE)
COMMENT_LEFT = event_kind("CommentLeft", "comment", Effect.REMOVE)
COMMENT_ARRIVED = event_kind("CommentArrived", "comment", Effect.PUT)
COMMENT_REDACTED = event_kind("CommentRedacted", "comment", Effect.PUT)

COMMENT_SHAPE = Shape(texts=frozenset({"body"}))

FIELDS = (
    "id", "task_id", "parent_id", "author_id", "body", "version", "created_at", "updated_at", "deleted_at",
)  # fmt: skip


def comment_state(comment: Any) -> dict[str, Any]:
    """A comment as its events hold it. A deleted one has an empty body; the log can give it back."""
    return {name: plain(getattr(comment, name)) for name in FIELDS}
