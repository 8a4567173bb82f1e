"""Keeping the index: a consumer of the projects' logs.

The unit that indexes a project locks its progress, reads the events after it, puts what their objects say now, and
moves the progress on: at least once, and the same however often. A process indexes what it has just committed itself;
once a second it looks for logs that a process left behind.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from app.comments.models import Comment
from app.comments.reads import comments_by_key
from app.db import Statement, sql
from app.events.kinds import KINDS, Effect
from app.events.models import ActorKind, Event
from app.outcomes import Result
from app.projects.models import Project
from app.search.index import Document, SearchIndex
from app.search.languages import language_of
from app.search.terms import spaced
from app.tasks.models import Task
from app.tasks.reads import tasks_by_key
from app.work import Actor, Doorbell, Store, Work, run_unit

log = structlog.get_logger(__name__)

BATCH = 500
SWEEP_SECONDS = 1.0
GATHERED_SECONDS = 0.05
LONGEST_TEXT = 100_000
_OBJECTS = ("task", "comment")

_BEGIN = sql("INSERT INTO search_progress (scope_id, seq) VALUES ($1, 0) ON CONFLICT DO NOTHING", "scope")
_PROGRESS = sql("SELECT seq FROM search_progress WHERE scope_id = $1 FOR UPDATE SKIP LOCKED", "scope")
_ADVANCE = sql("UPDATE search_progress SET seq = $2 WHERE scope_id = $1", "scope", "seq")
_DUE = sql("SELECT search_due($1) AS id", "batch")
_PROJECT: Statement[Project] = sql("SELECT * FROM projects WHERE id = $1", "id", model=Project)
_COMMENTS: Statement[Comment] = sql(
    "SELECT * FROM comments WHERE project_id = $1 AND task_id = ANY($2::uuid[]) AND deleted_at IS NULL",
    "project", "tasks",
    model=Comment,
)  # fmt: skip
# An edit that touches no text is not worth indexing: most are none.
_CHANGED: Statement[Any] = sql(
    """
    SELECT e.seq, e.kind, e.object_type, e.object_id,
           e.payload->'delta' IS NULL OR e.payload->'delta' ? 'text'
               OR coalesce(e.payload->'delta'->'set' ?| ARRAY['title', 'body', 'deleted_at'], false) AS telling
    FROM events e WHERE e.scope_id = $1 AND e.seq > $2 ORDER BY e.seq LIMIT $3
    """,
    "scope", "after", "batch",
)  # fmt: skip


@dataclass
class _Changes:
    """What a piece of the log touched. ``whole`` tasks came, went or came back: their comments with them."""

    seq: int
    tasks: set[UUID] = field(default_factory=set)
    whole: set[UUID] = field(default_factory=set)
    comments: set[UUID] = field(default_factory=set)
    redacted: bool = False
    full: bool = False


async def _changes(work: Work, scope_id: UUID, after: int) -> _Changes:
    rows = await work.rows(_CHANGED, scope=scope_id, after=after, batch=BATCH)
    found = _Changes(rows[-1].seq if rows else after, full=len(rows) == BATCH)
    for row in rows:
        if row.object_type not in _OBJECTS or not row.telling:
            continue
        found.redacted |= row.kind.endswith("Redacted")
        if row.object_type == "comment":
            found.comments.add(row.object_id)
            continue
        found.tasks.add(row.object_id)
        if KINDS[row.kind].effect is not Effect.CHANGE or row.kind in ("TaskDeleted", "TaskRestored"):
            found.whole.add(row.object_id)
    return found


def indexing(index: SearchIndex, scope_id: UUID) -> Any:
    """The action that indexes the next piece of a project's log; its result says whether there is ``more``."""

    async def action(work: Work) -> Result:
        await work.declare([scope_id])
        await work.run(_BEGIN, scope=scope_id)
        after = await work.value(_PROGRESS, scope=scope_id)
        if after is None:  # somebody else is at it
            return {"more": False}
        changes = await _changes(work, scope_id, after)
        if changes.seq == after:
            return {"more": False}
        await _index(work, index, scope_id, changes)
        await work.run(_ADVANCE, scope=scope_id, seq=changes.seq)
        return {"more": changes.full}

    return action


async def _index(work: Work, index: SearchIndex, project_id: UUID, changes: _Changes) -> None:
    if not changes.tasks and not changes.comments:
        return
    project = await work.row(_PROJECT, id=project_id)
    if project is None:
        return
    await work.declare(workspaces=[project.workspace_id])
    comments = await comments_by_key(work, [(project_id, one) for one in changes.comments])
    wanted = {*changes.tasks, *(one.task_id for one in comments.values())}
    tasks = {
        key: row
        for key, row in (await tasks_by_key(work, [(project_id, one) for one in wanted])).items()
        if row.deleted_at is None
    }
    said = [one for one in comments.values() if one.deleted_at is None and one.task_id in tasks]
    if whole := changes.whole & tasks.keys():
        said += [
            one
            for one in await work.rows(_COMMENTS, project=project_id, tasks=list(whole))
            if one.id not in comments
        ]
    documents = [_of_task(project, tasks[one]) for one in sorted(changes.tasks & tasks.keys())]
    documents += [_of_comment(project, one) for one in said]
    kept = {one.id for one in documents}
    await index.remove(
        work, project_id, sorted(changes.tasks - tasks.keys()), sorted(changes.comments - kept)
    )
    await index.put(work, documents)
    if changes.redacted:
        await index.forget_words(work, project_id)


def _of_task(project: Project, task: Task) -> Document:
    body = "\n".join(text for _, text in sorted(task.sections.items()))[:LONGEST_TEXT]
    return Document(
        project.workspace_id, project.id, task.id, task.id, "task", f"{project.key}-{task.number}",
        spaced(task.title), spaced(body), language_of(f"{task.title} {body}"), task.updated_at,
    )  # fmt: skip


def _of_comment(project: Project, comment: Comment) -> Document:
    body = comment.body[:LONGEST_TEXT]
    return Document(
        project.workspace_id, project.id, comment.id, comment.task_id, "comment", "", "", spaced(body),
        language_of(body), comment.updated_at,
    )  # fmt: skip


class Indexer:
    """Indexes what this process commits, at once, and what others left behind, within a second or two."""

    def __init__(self, index: SearchIndex) -> None:
        self._index = index
        self._noted: set[UUID] = set()
        self._wake = asyncio.Event()

    def note(self, events: Sequence[Event]) -> None:
        """Projects whose tasks or comments have just changed."""
        noted = {event.scope_id for event in events if event.object_type in _OBJECTS}
        if noted:
            self._noted |= noted
            self._wake.set()

    async def catch_up(self, store: Store) -> None:
        """Index all that is due now."""
        while due := await self._due(store):
            for scope_id in due:
                await self._project(store, scope_id)

    async def run(self, store: Store) -> None:
        """Until it is cancelled."""
        while True:
            self._wake.clear()
            try:
                async with asyncio.timeout(SWEEP_SECONDS * random.uniform(0.7, 1.3)):
                    await self._wake.wait()
                await asyncio.sleep(GATHERED_SECONDS)  # what is typed at once is indexed at once
                due = list(self._noted)
                self._noted.clear()
            except TimeoutError:
                due = []
            try:
                for scope_id in due or await self._due(store):
                    await self._project(store, scope_id)
            except Exception as fault:  # noqa: BLE001 (the next round does what this one could not)
                log.warning("search_indexing_failed", error=repr(fault))

    async def _due(self, store: Store) -> list[UUID]:
        async with store.database.snapshot() as reader:
            return [row.id for row in await reader.rows(_DUE, batch=BATCH)]

    async def _project(self, store: Store, scope_id: UUID) -> None:
        more = True
        while more:
            unit = indexing(self._index, scope_id)
            more = (await run_unit(store, Actor(None, ActorKind.SYSTEM), unit)).result["more"]


class NotingDoorbell:
    """Rings a doorbell, and tells the indexer of this process."""

    def __init__(self, doorbell: Doorbell, indexer: Indexer) -> None:
        self._doorbell = doorbell
        self._indexer = indexer

    async def ring(self, events: Sequence[Event]) -> None:
        self._indexer.note(events)
        await self._doorbell.ring(events)
