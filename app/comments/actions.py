"""Every write of comments."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app import metrics
from app.comments.commands import CommentEdit, NewComment
from app.comments.decisions import Decision, decide_edit, decide_new, new_mentions
from app.comments.events import COMMENT_ADDED, COMMENT_DELETED, COMMENT_RESTORED, COMMENT_UPDATED
from app.comments.facts import facts_for_edits, facts_for_new
from app.comments.models import Comment, CommentLocation
from app.errors import LimitReached, Refusal, ValidationFailed
from app.events.deltas import State
from app.ids import accept_client_id, new_id
from app.inbox.arrivals import Arrival, deliver
from app.inbox.models import InboxReason
from app.outcomes import Result
from app.projects.models import ConflictPolicy
from app.work import Action, RaceLost, Work
from app.writes import compare_and_set, ids_in_use, insert_rows

ADDED_AT_ONCE = 1000

Mentions = Sequence[frozenset[UUID]]


def add_comment(
    task_id: UUID, body: str, *, parent_id: UUID | None = None, client_id: UUID | None = None
) -> Action:
    """Comment on a task, or answer a comment on it (a deleted one too: it keeps its place)."""
    return add_comments([NewComment(task_id, body, parent_id, client_id)])


def with_comment(action: Action, task_id: UUID, body: str) -> Action:
    """Do something with a task and comment on it, in one unit: both or neither. The result is the action's."""

    async def both(work: Work) -> Result:
        work.batch_id = new_id()
        result = await action(work)
        try:
            await add_comment(task_id, body)(work)
        except Refusal as refusal:
            refusal.path = ("comment",) if refusal.path == ("body",) else refusal.path
            raise
        return result

    return both


def add_comments(comments: Sequence[NewComment]) -> Action:
    """Make comments, all or none; the result's ``comment_ids`` are in the order given."""

    async def action(work: Work) -> Result:
        if len(comments) > ADDED_AT_ONCE:
            raise LimitReached(f"At most {ADDED_AT_ONCE} comments at once.", limit=ADDED_AT_ONCE)
        ids = [accept_client_id(comment.client_id) for comment in comments]
        facts = await facts_for_new(work, comments)
        states = [decide_new(comment, id_, facts) for comment, id_ in zip(comments, ids, strict=True)]
        given = [comment.client_id for comment in comments if comment.client_id]
        # Asked last: only someone who may comment here learns that an id is taken.
        if len(set(ids)) < len(ids) or await ids_in_use(work, given):
            raise ValidationFailed(
                "This id is taken. A retry sends the same clientMutationId too.", path=("id",)
            )
        places = [facts.project_of(comment.task_id).id for comment in comments]
        told = [
            new_mentions(place, "", state["body"], facts) for place, state in zip(places, states, strict=True)
        ]
        if len(comments) > 1:
            work.batch_id = new_id()
        await write_new_comments(work, places, states, told)
        return {"comment_ids": [str(comment_id) for comment_id in ids]}

    return action


async def write_new_comments(
    work: Work, project_ids: Sequence[UUID], states: Sequence[State], mentions: Mentions | None = None
) -> None:
    """Insert comments of any state, each in its project, with their events and notices; checks nothing."""
    rows = [comment_row(state, place) for place, state in zip(project_ids, states, strict=True)]
    await insert_rows(work, Comment, rows)
    locations = [{"comment_id": row["id"], "project_id": row["project_id"]} for row in rows]
    await insert_rows(work, CommentLocation, locations)
    arrivals: list[Arrival] = []
    for place, row, state, people in zip(
        project_ids, rows, states, mentions or [frozenset()] * len(rows), strict=True
    ):
        event_id = work.record(
            place,
            COMMENT_ADDED,
            row["id"],
            {"state": state},
            version=state["version"],
            occurred_at=row["created_at"],
        )
        arrivals += _notices(place, row["task_id"], row["id"], people, event_id)
    await deliver(work, arrivals)


def update_comment(
    comment_id: UUID, expected_version: int | None, body: str, policy: ConflictPolicy | None = None
) -> Action:
    """Change the text of one's own comment; merges with what was changed meanwhile, as the policy says."""
    return edit_comments([CommentEdit(comment_id, COMMENT_UPDATED, expected_version, policy, body)])


def delete_comment(
    comment_id: UUID, expected_version: int | None, policy: ConflictPolicy | None = None
) -> Action:
    """Delete a comment: one's own, or as a manager anyone's. Its place in the thread stays, its text goes."""
    return edit_comments([CommentEdit(comment_id, COMMENT_DELETED, expected_version, policy)])


def restore_comment(
    comment_id: UUID, expected_version: int | None, policy: ConflictPolicy | None = None
) -> Action:
    """Bring a deleted comment back with the text it had, which the log holds."""
    return edit_comments([CommentEdit(comment_id, COMMENT_RESTORED, expected_version, policy)])


def edit_comments(edits: Sequence[CommentEdit]) -> Action:
    """Edit comments, all or none; a comment may stand in a batch once."""

    async def action(work: Work) -> Result:
        if len(edits) > ADDED_AT_ONCE:
            raise LimitReached(f"At most {ADDED_AT_ONCE} comments at once.", limit=ADDED_AT_ONCE)
        if len({edit.comment_id for edit in edits}) < len(edits):
            raise ValidationFailed("A comment may stand in a batch once.", path=("id",))
        facts = await facts_for_edits(work, edits)
        decisions = [decide_edit(edit, facts) for edit in edits]
        if len(edits) > 1:
            work.batch_id = new_id()
        await write_decisions(work, decisions)
        return {"comment_ids": [str(edit.comment_id) for edit in edits]}

    return action


async def write_decisions(work: Work, decisions: Sequence[Decision]) -> None:
    """Write changed comments with their events and notices. A row that changed meanwhile: the unit runs again."""
    changed = [decision for decision in decisions if decision.delta]
    rows = [
        comment_row(decision.new, decision.project_id) | {"version": decision.old["version"]}
        for decision in changed
    ]
    columns = {"body", "updated_at", "deleted_at"}
    written = await compare_and_set(work, Comment, rows, columns, keys=("project_id", "id"))
    if len(written) < len(rows):
        raise RaceLost
    arrivals: list[Arrival] = []
    for decision, row in zip(changed, rows, strict=True):
        event_id = _record_change(work, decision)
        arrivals += _notices(
            decision.project_id, row["task_id"], decision.comment_id, decision.mentions, event_id
        )
    await deliver(work, arrivals)
    metrics.MERGES.inc(sum(1 for decision in changed if decision.merged))
    for decision in decisions:
        work.reflect(decision.project_id)


def _record_change(work: Work, decision: Decision) -> UUID:
    payload = {"delta": decision.delta}
    return work.record(
        decision.project_id,
        decision.kind,
        decision.comment_id,
        payload,
        version=decision.new["version"],
        occurred_at=datetime.fromisoformat(decision.new["updated_at"]),
    )


def _notices(
    project_id: UUID, task_id: UUID, comment_id: UUID, people: frozenset[UUID], event_id: UUID
) -> list[Arrival]:
    return [
        Arrival(user_id, InboxReason.MENTIONED, project_id, task_id, comment_id, caused_by=event_id)
        for user_id in sorted(people)
    ]


def comment_row(state: State, project_id: UUID) -> dict[str, Any]:
    """The row of a comment from its state."""

    def key(name: str) -> UUID | None:
        return UUID(state[name]) if state[name] else None

    def time(name: str) -> datetime | None:
        return datetime.fromisoformat(state[name]) if state[name] else None

    return {
        "project_id": project_id,
        "id": UUID(state["id"]),
        "task_id": UUID(state["task_id"]),
        "parent_id": key("parent_id"),
        "author_id": key("author_id"),
        "body": state["body"],
        "version": state["version"],
        "created_at": time("created_at"),
        "updated_at": time("updated_at"),
        "deleted_at": time("deleted_at"),
    }
