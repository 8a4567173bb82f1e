"""Writing, editing and deleting comments."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from app.comments import actions
from app.comments.commands import NewComment
from app.comments.laned import AddComment
from app.work import Action
from schema.comments.types import Comment
from schema.edges import Info
from schema.ids import read_id, read_optional_id
from schema.inputs import POLICY, VERSION, given, key_field, optional
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import node_edge
from schema.projects.enums import ConflictPolicy
from schema.tasks.inputs import read_policy


@strawberry.type(description="A comment that was made or changed.")
class CommentPayload(Payload):
    comment_id: strawberry.Private[UUID | None] = None
    comment: Comment | None = node_edge(
        "Comment", "comment_id", "The comment as it is now; null if nothing was done."
    )


@strawberry.input(description="A new comment.")
class CommentAddInput:
    task_id: strawberry.ID = strawberry.field(description="The task.")
    body: str = strawberry.field(description="Markdown; the `mention` of a person tells them of it.")
    parent_id: strawberry.ID | None = optional("The comment it answers, on the same task.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A new text for a comment.")
class CommentUpdateInput:
    id: strawberry.ID = strawberry.field(description="The comment.")
    expected_version: int | None = optional(VERSION + " Required unless `onConflict` is OVERWRITE.")
    body: str = strawberry.field(description="The new markdown, whole; merged with other edits by words.")
    on_conflict: ConflictPolicy | None = optional(POLICY)
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A comment to be deleted or restored.")
class CommentDeleteInput:
    id: strawberry.ID = strawberry.field(description="The comment.")
    expected_version: int | None = optional(VERSION + " Required unless `onConflict` is OVERWRITE.")
    on_conflict: ConflictPolicy | None = optional(POLICY)
    client_mutation_id: UUID | None = key_field()


async def _written(info: Info, input: Any, action: Action) -> CommentPayload:
    outcome = await write(info, input, action)
    return CommentPayload(comment_id=UUID(outcome.result["comment_ids"][0]), positions=positions_of(outcome))


@strawberry.type
class CommentMutations:
    @mutation("Comment on a task, or answer a comment.")
    async def comment_add(self, info: Info, input: CommentAddInput) -> CommentPayload:
        comment = NewComment(
            read_id(input.task_id, "Task"), input.body, read_optional_id(given(input.parent_id), "Comment"),
            given(input.id),
        )  # fmt: skip
        return await _written(info, input, AddComment(comment))

    @mutation("Change the text of your own comment.")
    async def comment_update(self, info: Info, input: CommentUpdateInput) -> CommentPayload:
        action = actions.update_comment(
            read_id(input.id, "Comment"), given(input.expected_version), input.body,
            read_policy(given(input.on_conflict)),
        )  # fmt: skip
        return await _written(info, input, action)

    @mutation("Delete your own comment, or as a manager anyone's. It keeps its place in the thread.")
    async def comment_delete(self, info: Info, input: CommentDeleteInput) -> CommentPayload:
        policy = read_policy(given(input.on_conflict))
        action = actions.delete_comment(read_id(input.id, "Comment"), given(input.expected_version), policy)
        return await _written(info, input, action)

    @mutation("Bring a deleted comment back with the text it had.")
    async def comment_restore(self, info: Info, input: CommentDeleteInput) -> CommentPayload:
        policy = read_policy(given(input.on_conflict))
        action = actions.restore_comment(read_id(input.id, "Comment"), given(input.expected_version), policy)
        return await _written(info, input, action)
