"""Searching: what is typed, in what a viewer sees, to hits in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, column, select, true
from sqlalchemy import types as kinds

from app.cursors import Order, PageRequest
from app.db import Reader
from app.keys import Key
from app.paging import Condition, Page
from app.search.index import ENOUGH, FEW, LOOKED_AT, MOST_AMONG, Found, SearchIndex
from app.search.terms import Term, correctable, corrected
from app.statements import Statement, as_keys, key_table
from app.tasks.filters import TASKS
from app.tasks.models import Task


@dataclass(frozen=True)
class Hit:
    """A task that matches, by itself or by one of its comments (then ``comment_id`` is the best of those)."""

    project_id: UUID
    task_id: UUID
    comment_id: UUID | None
    score: float
    changed_at: datetime


@dataclass(frozen=True)
class Findings:
    """``hits``: best first. ``complete``: whether these are all; a common word has more, older ones.

    ``terms``: what was looked for, with what misspelt words were taken for.
    """

    hits: list[Hit]
    terms: list[Term]
    complete: bool


ORDER = (
    Order(column("score", kinds.Float), "score", descending=True),
    Order(column("changed_at", kinds.DateTime(timezone=True)), "changed_at", descending=True),
    Order(column("task_id", Uuid), "task_id", descending=True),
)
_place = attrgetter("score", "changed_at", "task_id")


async def search_tasks(
    reader: Reader, index: SearchIndex, terms: Sequence[Term], project_ids: Sequence[UUID],
    conditions: Sequence[Condition] | None = None,
) -> Findings:  # fmt: skip
    """The tasks of these projects that match, and that a filter's ``conditions`` (on the table of tasks) let through.

    If nothing is found as it is typed, words that no text has are taken for those that look like them.
    """
    found = await _search(reader, index, terms, project_ids, conditions)
    if not found.hits and (words := correctable(terms)):
        others = await index.spellings(reader, words, project_ids)
        if others:
            return await _search(reader, index, corrected(terms, others), project_ids, conditions)
    return found


async def _search(
    reader: Reader, index: SearchIndex, terms: Sequence[Term], project_ids: Sequence[UUID],
    conditions: Sequence[Condition] | None,
) -> Findings:  # fmt: skip
    if conditions is None:
        found = await index.find(reader, terms, project_ids)
        return Findings(_hits(found.found), list(terms), found.complete)
    left, complete = await _left(reader, index, terms, project_ids, conditions)
    if not left:
        return Findings([], list(terms), complete)
    places, task_ids = as_keys(left)
    found = await index.find(reader, terms, places, task_ids, most=len(left))
    return Findings(_hits(found.found), list(terms), found.complete and complete)


async def _left(
    reader: Reader, index: SearchIndex, terms: Sequence[Term], project_ids: Sequence[UUID],
    conditions: Sequence[Condition],
) -> tuple[list[Key], bool]:  # fmt: skip
    """Tasks that a filter leaves, to look among, and whether no other one matches.

    Of the newest texts that match most are looked at in vain only if hardly any task passes the filter, or none of the
    newest: then the newest tasks that pass it are fewer.
    """
    left: list[Key] = []
    for most in LOOKED_AT:
        matching = await index.find(reader, terms, project_ids, ranked=False, most=most)
        keys: list[Key] = list({(one.project_id, one.task_id) for one in matching.found})
        left = await _filtered(reader, keys, conditions)
        exhausted = len(matching.found) < most  # by what phrases and beginnings are bounded by
        if matching.complete or len(left) >= (FEW if exhausted else ENOUGH):
            return left, matching.complete
        if exhausted or len(left) < FEW:
            break
    passing, complete = await _newest(reader, project_ids, conditions)
    return list({*left, *passing}), complete


async def _filtered(reader: Reader, keys: list[Key], conditions: Sequence[Condition]) -> list[Key]:
    if not keys:
        return []
    asked = key_table("project_id", "id")
    found = select(TASKS.c.project_id, TASKS.c.id).where(
        TASKS.c.project_id == asked.c.project_id, TASKS.c.id == asked.c.id, *conditions
    )
    project_ids, ids = as_keys(keys)
    rows = await reader.rows(Statement(found, Task), project_ids=project_ids, ids=ids)
    return [(row.project_id, row.id) for row in rows]


async def _newest(
    reader: Reader, project_ids: Sequence[UUID], conditions: Sequence[Condition]
) -> tuple[list[Key], bool]:
    """By the index of each project, at most twice as many as its part of them; and whether these are all."""
    asked = key_table("project_id")
    each = min(MOST_AMONG, max(40, 2 * MOST_AMONG // max(len(project_ids), 1)))
    one = select(TASKS.c.project_id, TASKS.c.id, TASKS.c.updated_at)
    one = one.where(TASKS.c.project_id == asked.c.project_id, *conditions)
    newest = one.order_by(TASKS.c.updated_at.desc(), TASKS.c.id.desc()).limit(each).lateral("newest")
    found = select(newest).select_from(asked.join(newest, true())).order_by(newest.c.updated_at.desc())
    rows = await reader.rows(Statement(found.limit(MOST_AMONG), Task), project_ids=list(project_ids))
    fullest = max(Counter(row.project_id for row in rows).values(), default=0)
    return [(row.project_id, row.id) for row in rows], len(rows) < MOST_AMONG and fullest < each


def _hits(found: Sequence[Found]) -> list[Hit]:
    """One hit for each task, by its best document; a comment is named if any matches."""
    by_task: dict[UUID, list[Found]] = {}
    for one in found:
        by_task.setdefault(one.task_id, []).append(one)
    hits = []
    for task_id, documents in by_task.items():
        comments = [one for one in documents if one.kind == "comment"]
        best = max(comments, key=lambda one: (one.score, one.changed_at), default=None)
        hits.append(
            Hit(
                documents[0].project_id, task_id, best.id if best else None,
                max(one.score for one in documents), max(one.changed_at for one in documents),
            )
        )  # fmt: skip
    return sorted(hits, key=_place, reverse=True)


def page_of_hits(hits: Sequence[Hit], request: PageRequest) -> Page:
    """A page of them, as of any list."""
    place: Any = request.place
    rows = list(hits)
    if place is not None and not request.backward:
        rows = [hit for hit in rows if _place(hit) < place]
    elif place is not None:
        rows = [hit for hit in rows if _place(hit) > place]
    more = len(rows) > request.size
    if request.backward:
        rows = rows[len(rows) - request.size :] if more else rows
        return Page(ORDER, rows, place is not None, more)
    return Page(ORDER, rows[: request.size], more, place is not None)
