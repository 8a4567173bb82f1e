"""Every write of comments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app import metrics
from app.comments.commands import CommentEdit, NewComment
from app.comments.decisions import Decision, decide_edit, decide_new, new_mentions
from app.comments.events import COMMENT_ADDED, COMMENT_DELETED, COMMENT_RESTORED, COMMENT_UPDATED, FIELDS
from app.comments.facts import Facts, facts_for_edits, facts_for_new
from app.comments.models import Comment, CommentLocation
from app.errors import LimitReached, Refusal, ValidationFailed
from app.events.deltas import State
from app.ids import accept_client_id, new_id
from app.inbox.arrivals import Arrival, deliver
from app.inbox.models import InboxReason
from app.outcomes import Result, Written
from app.projects.models import ConflictPolicy
from app.staging import Staged, inserting
from app.tasks.actions.deciding import TaskOutcome
from app.tasks.holding import HELD
from app.work import Action, RaceLost, Work
from app.writes import compare_and_set, insert_rows

ADDED_AT_ONCE = 1000

_INTO_COMMENTS = inserting(
    Comment,
    ("project_id", "id", "task_id", "parent_id", "author_id", "body", "version", "created_at", "updated_at",
     "deleted_at"),
)  # fmt: skip
_INTO_LOCATIONS = inserting(CommentLocation, ("comment_id", "project_id"))

Mentions = Sequence[frozenset[UUID]]


def with_comment(action: Action, task_id: UUID, body: str) -> Action:
    """Do something with a task and comment on it, in one unit: both or neither. The result is the action's."""

    async def both(work: Work) -> Result:
        work.batch_id = new_id()
        result = await action(work)
        await _add_beside(work, [task_id], body)
        return result

    return both


def with_comments(action: Action, body: str, *, dry_run: bool = False) -> Action:
    """Do something with many tasks and comment on each that it changes, in one unit and one batch.

    The result is the action's, as ``edit_in_bulk`` gives it. ``dry_run``: refuse what would be, and write nothing.
    """

    async def both(work: Work) -> Result:
        result = await action(work)
        done = (TaskOutcome.APPLIED.value, TaskOutcome.MERGED.value)
        changed = [UUID(one["task_id"]) for one in result["items"] if one["outcome"] in done]
        if changed:
            await _add_beside(work, changed, body, dry_run)
        return result

    return both


async def _add_beside(work: Work, task_ids: Sequence[UUID], body: str, dry_run: bool = False) -> None:
    comments = [NewComment(task_id, body) for task_id in task_ids]
    try:
        if dry_run:
            await _decide_new(work, comments)
        else:
            await add_comments(comments)(work)
    except Refusal as refusal:
        refusal.path = ("comment",) if refusal.path == ("body",) else refusal.path
        raise


def add_comments(comments: Sequence[NewComment]) -> Action:
    """Make comments, all or none; the result's ``comment_ids`` are in the order given."""

    async def action(work: Work) -> Result:
        added = await _decide_new(work, comments)
        if len(comments) > 1:
            work.batch_id = work.batch_id or new_id()
        stage_new(work.staged, added)
        record_new(work, added)
        return {"comment_ids": [one.state["id"] for one in added]}

    return action


async def _decide_new(work: Work, comments: Sequence[NewComment]) -> list[Addition]:
    if len(comments) > ADDED_AT_ONCE:
        raise LimitReached(f"At most {ADDED_AT_ONCE} comments at once.", limit=ADDED_AT_ONCE)
    facts = await facts_for_new(work, comments)
    return [decide_addition(comment, facts) for comment in comments]


@dataclass(frozen=True)
class Addition:
    """A new comment that was decided on, and whom it mentions."""

    project_id: UUID
    state: State
    mentions: frozenset[UUID]


def decide_addition(comment: NewComment, facts: Facts) -> Addition:
    """A new comment with an id; raises a refusal."""
    state = decide_new(comment, accept_client_id(comment.client_id), facts)
    project_id = facts.project_of(comment.task_id).id
    return Addition(project_id, state, new_mentions(project_id, "", state["body"], facts))


def stage_new(staged: Staged, added: Sequence[Addition]) -> None:
    """Have new comments written; their tasks are held as they are, unless the same statement changes them."""
    rows = [comment_row(one.state, one.project_id) for one in added]
    staged.add(_INTO_COMMENTS, rows)
    staged.add(_INTO_LOCATIONS, [{"comment_id": row["id"], "project_id": row["project_id"]} for row in rows])
    keys = {(row["project_id"], row["task_id"]) for row in rows}
    staged.add(HELD, [{"project_id": place, "id": task_id} for place, task_id in sorted(keys)])


def record_new(work: Work, added: Sequence[Addition]) -> None:
    """Record new comments, with notices to whom they mention."""
    arrivals: list[Arrival] = []
    for one in added:
        state = one.state
        comment_id, at = UUID(state["id"]), datetime.fromisoformat(state["created_at"])
        event_id = work.record(
            one.project_id,
            COMMENT_ADDED,
            comment_id,
            {"state": state},
            version=state["version"],
            occurred_at=at,
        )
        arrivals += _notices(one.project_id, UUID(state["task_id"]), comment_id, one.mentions, event_id)
    deliver(work, arrivals)


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
    deliver(work, arrivals)


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
    deliver(work, arrivals)
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


_KEYS = frozenset({"id", "task_id", "parent_id", "author_id"})
_TIMES = frozenset({"created_at", "updated_at", "deleted_at"})


def column_value(name: str, value: Any) -> Any:
    """A state's value as its column takes it."""
    if value is None:
        return None
    if name in _KEYS:
        return UUID(value)
    return datetime.fromisoformat(value) if name in _TIMES else value


def comment_row(state: State, project_id: UUID) -> dict[str, Any]:
    """The row of a comment from its state."""
    return {"project_id": project_id, **{name: column_value(name, state[name]) for name in FIELDS}}


class WrittenComment(Written):
    """A new comment: nobody can have changed it before it was there."""

    model = Comment
    columns = frozenset(("project_id", *FIELDS))

    def column(self, name: str, value: Any) -> Any:
        return column_value(name, value)
