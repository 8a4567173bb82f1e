"""Keeping the index: a consumer of the projects' logs.

The unit that indexes some projects locks their progress, reads the events after it, puts what their objects say now,
and moves the progress on: at least once, and the same however often. A process indexes what it has just committed
itself; once a second it looks for logs that a process left behind.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import structlog

from app.comments.models import Comment
from app.comments.reads import comments_by_key
from app.events.kinds import KINDS, Effect
from app.events.models import ActorKind, Event
from app.outcomes import Result
from app.projects.models import Project
from app.search.index import Document, SearchIndex
from app.search.languages import language_of
from app.search.terms import spaced
from app.statements import Statement, as_keys, sql
from app.tasks.models import Task
from app.work import Actor, Doorbell, Store, Work, run_unit

log = structlog.get_logger(__name__)

BATCH = 500
LEAST = 20
"""Events that are read at once: of one log, and at least of each of several."""

TOGETHER = 50
"""Projects whose logs are read in one unit."""

SWEEP_SECONDS = 1.0
GATHERED_SECONDS, LONGEST_SECONDS, PAUSES = 0.2, 0.6, 8
"""How long what is typed at once is gathered: so many times as long as the round before took, within bounds. Of many
texts each costs less, and edits come first.
"""
LONGEST_TEXT = 100_000
_OBJECTS = ("task", "comment")

# A plan is kept: one from when next to nothing was there would read all that is there by now, for each text.
_BY_KEYS = "SET LOCAL enable_seqscan = off"
_BEGIN = sql(
    "INSERT INTO search_progress (scope_id, seq) SELECT id, 0 FROM unnest($1::uuid[]) AS asked(id) ORDER BY id "
    "ON CONFLICT DO NOTHING",
    "scopes",
)  # fmt: skip
_PROGRESS: Statement[Any] = sql(
    "SELECT scope_id, seq FROM search_progress WHERE scope_id = ANY($1::uuid[]) "
    "ORDER BY scope_id FOR UPDATE SKIP LOCKED",
    "scopes",
)  # fmt: skip
_ADVANCE = sql(
    "UPDATE search_progress p SET seq = given.seq FROM unnest($1::uuid[], $2::bigint[]) AS given(scope_id, seq) "
    "WHERE p.scope_id = given.scope_id",
    "scopes", "seqs",
)  # fmt: skip
_DUE = sql("SELECT search_due($1) AS id", "batch")
_PROJECTS: Statement[Project] = sql("SELECT * FROM projects WHERE id = ANY($1::uuid[])", "ids", model=Project)
# Nothing but what is indexed.
_TASKS: Statement[Task] = sql(
    """
    SELECT t.project_id, t.id, t.number, t.title, t.sections, t.updated_at
    FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN tasks t ON t.project_id = asked.project_id AND t.id = asked.id AND t.deleted_at IS NULL
    """,
    "project_ids", "task_ids",
    model=Task,
)  # fmt: skip
_COMMENTS: Statement[Comment] = sql(
    """
    SELECT c.* FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, task_id)
    JOIN comments c ON c.project_id = asked.project_id AND c.task_id = asked.task_id AND c.deleted_at IS NULL
    """,
    "project_ids", "task_ids",
    model=Comment,
)  # fmt: skip
# An edit that touches no text is not worth indexing: most are none.
_CHANGED: Statement[Any] = sql(
    """
    SELECT e.scope_id, e.seq, e.kind, e.object_type, e.object_id,
           e.payload->'delta' IS NULL OR e.payload->'delta' ? 'text'
               OR coalesce(e.payload->'delta'->'set' ?| ARRAY['title', 'body', 'deleted_at'], false) AS telling,
           e.payload->'delta' IS NULL OR e.payload->'delta' ? 'text'
               OR coalesce(e.payload->'delta'->'set' ?| ARRAY['body', 'deleted_at'], false) AS rewritten
    FROM unnest($1::uuid[], $2::bigint[]) AS asked(scope_id, after), LATERAL (
        SELECT * FROM events found WHERE found.scope_id = asked.scope_id AND found.seq > asked.after
        ORDER BY found.seq LIMIT $3
    ) AS e ORDER BY e.scope_id, e.seq
    """,
    "scopes", "afters", "batch",
)  # fmt: skip

Key = tuple[UUID, UUID]
"""(project, object)"""


@dataclass
class _Changes:
    """What pieces of some logs touched. ``whole`` tasks came, went or came back: their comments with them.

    ``rewritten``: of these tasks and comments something else than the title.
    ``seqs``: how far each log was read; ``full``: those that may have more.
    """

    seqs: dict[UUID, int] = field(default_factory=dict)
    tasks: set[Key] = field(default_factory=set)
    whole: set[Key] = field(default_factory=set)
    comments: set[Key] = field(default_factory=set)
    rewritten: set[Key] = field(default_factory=set)
    redacted: set[UUID] = field(default_factory=set)
    full: set[UUID] = field(default_factory=set)


async def _changes(work: Work, afters: dict[UUID, int]) -> _Changes:
    batch = max(BATCH // len(afters), LEAST)
    rows = await work.rows(_CHANGED, scopes=list(afters), afters=list(afters.values()), batch=batch)
    found, read = _Changes(), Counter(row[0] for row in rows)
    found.full = {scope_id for scope_id, count in read.items() if count == batch}
    for scope_id, seq, kind, object_type, object_id, telling, rewritten in rows:
        found.seqs[scope_id] = seq
        if object_type not in _OBJECTS or not telling:
            continue
        key = (scope_id, object_id)
        if rewritten:
            found.rewritten.add(key)
        if kind.endswith("Redacted"):
            found.redacted.add(scope_id)
        if object_type == "comment":
            found.comments.add(key)
            continue
        found.tasks.add(key)
        if KINDS[kind].effect is not Effect.CHANGE or kind in ("TaskDeleted", "TaskRestored"):
            found.whole.add(key)
    return found


def indexing(index: SearchIndex, scope_ids: Sequence[UUID]) -> Any:
    """The action that indexes the next piece of some projects' logs; its result's ``more`` says which have more."""

    async def action(work: Work) -> Result:
        scopes = sorted(scope_ids)
        await work.declare(scopes)
        await work.script(_BY_KEYS)
        await work.run(_BEGIN, scopes=scopes)
        # A log that somebody else is at is left to them.
        afters = {row.scope_id: row.seq for row in await work.rows(_PROGRESS, scopes=scopes)}
        changes = await _changes(work, afters) if afters else _Changes()
        if changes.seqs:
            await _index(work, index, changes)
            await work.run(_ADVANCE, scopes=list(changes.seqs), seqs=list(changes.seqs.values()))
        return {"more": sorted(map(str, changes.full))}

    return action


async def _index(work: Work, index: SearchIndex, changes: _Changes) -> None:
    touched = {project_id for project_id, _ in changes.tasks | changes.comments}
    if not touched:
        return
    projects = {row.id: row for row in await work.rows(_PROJECTS, ids=sorted(touched))}
    await work.declare(workspaces={row.workspace_id for row in projects.values()})
    comments = await comments_by_key(work, sorted(changes.comments))
    wanted = changes.tasks | {(one.project_id, one.task_id) for one in comments.values()}
    project_ids, task_ids = as_keys(sorted(wanted))
    read = await work.rows(_TASKS, project_ids=project_ids, task_ids=task_ids)
    tasks = {(row.project_id, row.id): row for row in read}
    said = [
        one for one in comments.values() if one.deleted_at is None and (one.project_id, one.task_id) in tasks
    ]
    if whole := sorted(changes.whole & tasks.keys()):
        project_ids, task_ids = as_keys(whole)
        others = await work.rows(_COMMENTS, project_ids=project_ids, task_ids=task_ids)
        said += [one for one in others if one.id not in comments]
    documents = [
        _of_task(projects[key[0]], tasks[key], body_known=key not in changes.rewritten | changes.whole)
        for key in sorted(changes.tasks & tasks.keys())
    ]
    documents += [_of_comment(projects[one.project_id], one) for one in said]
    kept = {one.id for one in documents}
    for project_id in sorted(touched):
        gone = sorted(key for place, key in changes.tasks - tasks.keys() if place == project_id)
        unsaid = sorted(key for place, key in changes.comments if place == project_id and key not in kept)
        await index.remove(work, project_id, gone, unsaid)
    await index.put(work, documents)
    for project_id in sorted(changes.redacted):
        await index.forget_words(work, project_id)


def _of_task(project: Project, task: Task, *, body_known: bool) -> Document:
    title, body = task.title, "\n".join(text for _, text in sorted(task.sections.items()))[:LONGEST_TEXT]
    return Document(
        project.workspace_id, project.id, task.id, task.id, "task", f"{project.key}-{task.number}",
        spaced(title), spaced(body), language_of(f"{title} {body}"), task.updated_at,
        body_known,
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
            await self._projects(store, due)

    async def run(self, store: Store) -> None:
        """Until it is cancelled."""
        pause = GATHERED_SECONDS
        while True:
            self._wake.clear()
            try:
                async with asyncio.timeout(SWEEP_SECONDS * random.uniform(0.7, 1.3)):
                    await self._wake.wait()
                await asyncio.sleep(pause)  # what is typed at once is indexed at once
                due = list(self._noted)
                self._noted.clear()
            except TimeoutError:
                due = []
            began = time.monotonic()
            try:
                await self._projects(store, due or await self._due(store))
            except Exception as fault:  # noqa: BLE001 (the next round does what this one could not)
                log.warning("search_indexing_failed", error=repr(fault))
            took = time.monotonic() - began
            pause = min(max(PAUSES * took, GATHERED_SECONDS), LONGEST_SECONDS)

    async def _due(self, store: Store) -> list[UUID]:
        async with store.database.snapshot() as reader:
            return [row.id for row in await reader.rows(_DUE, batch=BATCH)]

    async def _projects(self, store: Store, scope_ids: Sequence[UUID]) -> None:
        """Index what these logs have, many together. What fails is raised once the others are done."""
        failed: Exception | None = None
        for first in range(0, len(scope_ids), TOGETHER):
            some = scope_ids[first : first + TOGETHER]
            try:
                await self._some(store, some)
            except Exception as fault:  # noqa: BLE001 (whose it is shows when they are apart)
                failed = await self._apart(store, some) if len(some) > 1 else fault
        if failed is not None:
            raise failed

    async def _apart(self, store: Store, scope_ids: Sequence[UUID]) -> Exception | None:
        failed = None
        for one in scope_ids:
            try:
                await self._some(store, [one])
            except Exception as fault:  # noqa: BLE001 (raised by our caller)
                failed = fault
        return failed

    async def _some(self, store: Store, scope_ids: Sequence[UUID]) -> None:
        more = list(scope_ids)
        while more:
            done = await run_unit(store, Actor(None, ActorKind.SYSTEM), indexing(self._index, more))
            more = [UUID(one) for one in done.result["more"]]


class NotingDoorbell:
    """Rings a doorbell, and tells the indexer of this process."""

    def __init__(self, doorbell: Doorbell, indexer: Indexer) -> None:
        self._doorbell = doorbell
        self._indexer = indexer

    async def ring(self, events: Sequence[Event]) -> None:
        self._indexer.note(events)
        await self._doorbell.ring(events)
