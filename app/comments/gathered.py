"""What decisions on comments need to know, as selects that are gathered with others."""

from __future__ import annotations

from app.comments.models import Comment
from app.gathering import Select, columns_of

COMMENTS: Select[Comment] = Select(
    {"project_id": "uuid", "id": "uuid"},
    columns_of(Comment, "c"),
    "FROM $asked JOIN comments c ON c.project_id = $first AND c.id = asked.id",
    model=Comment,
)
"""Comments, deleted ones too."""
