"""Pure decisions on comments: commands and facts in, new states out, or a refusal with its data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.comments.commands import CommentEdit, NewComment
from app.comments.events import COMMENT_DELETED, COMMENT_RESTORED, COMMENT_SHAPE, COMMENT_UPDATED
from app.comments.facts import Facts
from app.comments.rules import check_body
from app.errors import NotFound, PermissionDenied, ValidationFailed
from app.events.deltas import Delta, State, apply_delta, delta_between, invert_delta
from app.events.kinds import EventKind, current_payload
from app.events.merging import changes_since, check_expected, merge_fields
from app.events.models import Event
from app.permissions import Permission, permits
from app.projects.access import check_permission
from app.projects.models import ConflictPolicy, Project
from app.tasks.rules import mentioned
from app.values import plain


@dataclass(frozen=True)
class Decision:
    """What one edit does: from the old state to the new, as one event (none if the delta is empty).

    ``mentions``: who is mentioned and was not before. ``merged``: with changes of others.
    """

    project_id: UUID
    comment_id: UUID
    old: State
    new: State
    delta: Delta
    kind: EventKind
    merged: bool
    mentions: frozenset[UUID] = frozenset()


def decide_new(comment: NewComment, comment_id: UUID, facts: Facts) -> State:
    """The first state of a comment; raises a refusal."""
    task = facts.held.task(comment.task_id, "taskId")
    check_permission(facts.held.projects[task.project_id], Permission.COMMENT)
    if comment.parent_id is not None:
        parent = facts.states.get(comment.parent_id)
        if parent is None or parent["task_id"] != str(comment.task_id):
            raise NotFound("Comment on this task", path=("parentId",))
    at = plain(comment.created_at or facts.now)
    state = {
        "id": str(comment_id),
        "task_id": str(comment.task_id),
        "parent_id": plain(comment.parent_id),
        "author_id": str(facts.viewer_id),
        "body": check_body(comment.body),
        "version": 1,
        "created_at": at,
        "updated_at": at,
        "deleted_at": None,
    }
    # Asked last: only someone who may comment here learns that an id is taken.
    if comment_id in facts.taken:
        raise ValidationFailed("This id is taken. A retry sends the same clientMutationId too.", path=("id",))
    facts.taken.add(comment_id)
    facts.states[comment_id] = state
    return state


def decide_edit(edit: CommentEdit, facts: Facts) -> Decision:
    """An edit, deletion or restoration of one comment; raises a refusal."""
    row, current = facts.rows.get(edit.comment_id), facts.states.get(edit.comment_id)
    if row is None or current is None:
        raise NotFound("Comment", path=("id",))
    project = facts.project_of(row.task_id)
    _check_may(edit, current, project, facts)
    facts.held.task(row.task_id, "id")
    new, merged = _resolved(edit, current, ConflictPolicy(project.conflict_policy), facts)
    delta = delta_between(current, new, COMMENT_SHAPE)
    if delta:
        new["version"], new["updated_at"] = current["version"] + 1, plain(facts.now)
    facts.states[edit.comment_id] = new
    mentions = new_mentions(row.project_id, current["body"], new["body"], facts)
    if edit.kind is COMMENT_RESTORED:
        mentions = frozenset()
    return Decision(row.project_id, row.id, current, new, delta, edit.kind, merged, mentions)


def new_mentions(project_id: UUID, old: str, new: str, facts: Facts) -> frozenset[UUID]:
    """Who is mentioned now, was not before, and can see it."""
    fresh = mentioned(new) - mentioned(old)
    return frozenset(user_id for user_id in fresh if (project_id, user_id) in facts.readers)


_TOLD = {
    COMMENT_UPDATED.name: (Permission.EDIT_COMMENT, "Only its author may change a comment."),
    COMMENT_DELETED.name: (
        Permission.DELETE_COMMENT,
        "Only its author, or a manager of the project, may delete a comment.",
    ),
    COMMENT_RESTORED.name: (
        Permission.DELETE_COMMENT,
        "Only who deleted it, or a manager of the project, may restore a comment.",
    ),
}


def _check_may(edit: CommentEdit, current: State, project: Project, facts: Facts) -> None:
    permission, refusal = _TOLD[edit.kind.name]
    check_permission(project, permission, own=True)
    own = current["author_id"] == str(facts.viewer_id)
    if edit.kind is COMMENT_RESTORED and current["deleted_at"] is not None:
        deletion = _deletion(current, facts)
        own = deletion is not None and deletion.actor_id == facts.viewer_id
    elif edit.kind is COMMENT_RESTORED:
        own = True
    if not permits(project.role, permission, own=own):  # type: ignore[attr-defined]
        raise PermissionDenied(refusal)


def _deletion(current: State, facts: Facts) -> Event | None:
    """The event that deleted a comment: its last one, unless it came from another project since."""
    for event in facts.history.get(UUID(current["id"]), ()):
        if event.kind == COMMENT_DELETED.name and event.object_version == current["version"]:
            return event
    return None


def _resolved(edit: CommentEdit, current: State, default: ConflictPolicy, facts: Facts) -> tuple[State, bool]:
    policy, expected = edit.policy or default, edit.expected_version
    check_expected("comment", expected, current["version"], optional=policy is ConflictPolicy.OVERWRITE)
    wanted = _wanted(edit, current, facts.now)
    merged = False
    if wanted and expected is not None and expected < current["version"]:
        if policy is not ConflictPolicy.OVERWRITE:
            history = facts.history.get(edit.comment_id, [])
            seen = [event for event in history if (event.object_version or 0) > expected]
            since, reject = changes_since(current, seen), policy is ConflictPolicy.REJECT
            wanted = merge_fields(
                "comment", current, wanted, since, COMMENT_SHAPE, expected=expected, reject=reject
            )
            merged = True
        if "body" in wanted:
            check_body(wanted["body"])
    new = {**current, **wanted}
    if wanted and edit.kind is COMMENT_DELETED:
        new["body"] = ""
    elif wanted and edit.kind is COMMENT_RESTORED:
        new["body"] = _body_before(current, facts)
    return new, merged


def _wanted(edit: CommentEdit, current: State, now: datetime) -> dict[str, Any]:
    """What an edit sets; nothing if it asks for what is so already."""
    deleted = current["deleted_at"] is not None
    if edit.kind is COMMENT_DELETED:
        return {} if deleted else {"deleted_at": plain(now)}
    if edit.kind is COMMENT_RESTORED:
        return {"deleted_at": None} if deleted else {}
    if deleted:
        raise ValidationFailed("This comment is deleted. Restore it first (commentRestore).", path=("id",))
    return {"body": check_body(edit.body)}


def _body_before(current: State, facts: Facts) -> str:
    deletion = _deletion(current, facts)
    if deletion is None:
        raise ValidationFailed(
            "Its text stayed in the project that it was deleted in, and cannot be restored here.",
            path=("id",),
        )
    delta = current_payload(deletion.kind, deletion.payload_version, deletion.payload)["delta"]
    body: str = apply_delta(current, invert_delta(delta))["body"]
    return body
