"""Whole states of comments, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.events.states import State


@strawberry.type(description="A comment with all its own fields, by ids.")
class CommentState(State, id="Comment", parent_id="Comment"):
    id: strawberry.ID = strawberry.field(description="The comment.")
    task_id: strawberry.ID = strawberry.field(description="The task it is on.")
    parent_id: strawberry.ID | None = strawberry.field(description="The comment it answers.")
    author_id: strawberry.ID | None = strawberry.field(description="Who wrote it.")
    body: str = strawberry.field(description="The markdown; empty once deleted.")
    version: int = strawberry.field(description="Its version.")
    created_at: datetime = strawberry.field(description="When it was written.")
    updated_at: datetime = strawberry.field(description="When it was last edited.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")
