"""What the decisions on a batch of comments need to know: tasks held first, then read in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.comments.commands import CommentEdit, NewComment
from app.comments.events import COMMENT_RESTORED, comment_state
from app.comments.gathered import COMMENTS
from app.comments.models import Comment
from app.comments.reads import comments_by_key, locate_comments, lock_comments
from app.events.deltas import State
from app.events.log import history_since
from app.events.models import Event
from app.gathering import Gathering
from app.lanes.commands import Seen
from app.projects.gathered import PROJECTS, ROLES, projects_of
from app.projects.models import Project
from app.projects.reads import readers_among
from app.tasks.gathered import SHORT_TASKS
from app.tasks.holding import Held, hold_tasks
from app.tasks.reads import locate_tasks
from app.tasks.rules import mentioned
from app.values import now_utc
from app.work import RaceLost, Work
from app.workspaces.access import access_guard
from app.writes import TAKEN


@dataclass
class Facts:
    """One moment's knowledge. Decisions write what they decided back, so that later ones see it.

    ``history`` holds each comment's events after the version its edit expects (a restoration's: from its
    deletion on); ``readers`` the (project, person) pairs among those whom the new texts mention; ``taken`` those of
    the ids that clients made which are something's already.
    """

    now: datetime
    viewer_id: UUID
    held: Held
    rows: dict[UUID, Comment] = field(default_factory=dict)
    states: dict[UUID, State] = field(default_factory=dict)
    readers: set[tuple[UUID, UUID]] = field(default_factory=set)
    history: dict[UUID, list[Event]] = field(default_factory=dict)
    taken: set[UUID] = field(default_factory=set)

    def project_of(self, task_id: UUID) -> Project:
        return self.held.projects[self.held.tasks[task_id].project_id]


def ask_for_new(asked: Gathering, new: Sequence[Seen]) -> None:
    """Ask for everything that decides new comments."""
    for seen in new:
        comment: NewComment = seen.command
        project_id = seen.project_id
        asked.ask(PROJECTS, [(project_id,)])
        asked.ask(SHORT_TASKS, [(project_id, comment.task_id)])
        asked.ask(ROLES, [(project_id, seen.viewer_id)])
        asked.ask(ROLES, [(project_id, user_id) for user_id in mentioned(comment.body)])
        if comment.parent_id is not None:
            asked.ask(COMMENTS, [(project_id, comment.parent_id)])
        if comment.client_id is not None:
            asked.ask(TAKEN, [(comment.client_id,)])


def facts_from(asked: Gathering, new: Sequence[Seen]) -> dict[UUID, Facts]:
    """What was found, for each viewer. A task that moved raises ``RaceLost``."""
    tasks = {row.id: row for row in asked.found(SHORT_TASKS)}
    if any(seen.command.task_id not in tasks for seen in new):
        raise RaceLost
    viewers, projects = {seen.viewer_id for seen in new}, {seen.project_id for seen in new}
    rows = {row.id: row for row in asked.found(COMMENTS)}
    states = {comment_id: comment_state(row) for comment_id, row in rows.items()}
    taken = {row.id for row in asked.found(TAKEN)}
    now, readers = now_utc(), {(row.project_id, row.user_id) for row in asked.found(ROLES)}
    found = {}
    for viewer_id, visible in projects_of(asked, viewers, projects).items():
        seen_by = {task_id: row for task_id, row in tasks.items() if row.project_id in visible}
        held = Held(visible, seen_by)
        found[viewer_id] = Facts(now, viewer_id, held, rows, states, readers, taken=taken)
    return found


async def facts_for_new(work: Work, comments: Sequence[NewComment]) -> Facts:
    """Everything that decides a batch of new comments of one person."""
    task_ids = list({comment.task_id for comment in comments})
    places: dict[UUID, Any] = dict(await locate_tasks(work, work.viewer_id, task_ids))
    seen = [
        Seen(work.viewer_id, place.project_id, place.workspace_id, comment)
        for comment in comments
        if (place := places.get(comment.task_id)) is not None
    ]
    await work.guard(*{access_guard(one.workspace_id) for one in seen})
    asked = Gathering()
    ask_for_new(asked, seen)
    await asked.run(work)
    return facts_from(asked, seen).get(work.viewer_id) or Facts(now_utc(), work.viewer_id, Held({}, {}))


async def facts_for_edits(work: Work, edits: Sequence[CommentEdit]) -> Facts:
    """Everything that decides a batch of edits."""
    places = await locate_comments(work, work.viewer_id, [edit.comment_id for edit in edits])
    held = await hold_tasks(work, {place.task_id: place for place in places.values()})
    facts = Facts(now_utc(), work.viewer_id, held)
    keys = [(place.project_id, id_) for id_, place in places.items() if place.project_id in held.projects]
    if work.attempt:
        await lock_comments(work, keys)
    await _read_rows(work, facts, keys)
    await _read_readers(work, facts, [edit.body for edit in edits])
    await _read_history(work, facts, edits)
    return facts


async def _read_rows(work: Work, facts: Facts, keys: Sequence[tuple[UUID, UUID]]) -> None:
    facts.rows = await comments_by_key(work, keys)
    facts.states = {comment_id: comment_state(row) for comment_id, row in facts.rows.items()}


async def _read_readers(work: Work, facts: Facts, bodies: Iterable[str]) -> None:
    people = {user_id for body in bodies for user_id in mentioned(body)}
    facts.readers = await readers_among(work, list(facts.held.projects), list(people))


async def _read_history(work: Work, facts: Facts, edits: Sequence[CommentEdit]) -> None:
    wanted: dict[UUID, dict[UUID, int]] = {}
    for edit in edits:
        row = facts.rows.get(edit.comment_id)
        if row is None:
            continue
        seen = row.version if edit.expected_version is None else edit.expected_version
        if edit.kind is COMMENT_RESTORED:
            # The last event of a deleted comment is its deletion, which has the text.
            seen = min(seen, row.version - 1)
        if seen < row.version:
            wanted.setdefault(row.project_id, {})[row.id] = seen
    for project_id, versions in wanted.items():
        facts.history |= await history_since(work, project_id, versions)
