"""Searching: what is typed, in what a viewer sees, to hits in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Uuid, column
from sqlalchemy import types as kinds

from app.cursors import Order, PageRequest
from app.db import Reader
from app.keys import Key
from app.paging import Condition, Page
from app.search.index import ENOUGH, FEW, LOOKED_AT, Found, Matches, Passing, SearchIndex
from app.search.terms import Term, correctable, corrected
from app.statements import as_keys


class Hit(NamedTuple):
    """A task that matches, by itself or by one of its comments (then ``comment_id`` is the best of those)."""

    project_id: UUID
    task_id: UUID
    comment_id: UUID | None
    score: float
    changed_at: datetime


@dataclass(frozen=True)
class Findings:
    """``hits``: best first. ``complete``: whether these are all; a common word has more, older ones.

    ``terms``: what was looked for, with what misspelt words were taken for. ``matching``: whether any text matches,
    though a filter may leave none.
    """

    hits: list[Hit]
    terms: list[Term]
    complete: bool
    matching: bool


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
    if not found.matching and (words := correctable(terms)):
        others = await index.spellings(reader, words, project_ids)
        if others:
            return await _search(reader, index, corrected(terms, others), project_ids, conditions)
    return found


async def _search(
    reader: Reader, index: SearchIndex, terms: Sequence[Term], project_ids: Sequence[UUID],
    conditions: Sequence[Condition] | None,
) -> Findings:  # fmt: skip
    if conditions is None:
        plain = await index.find(reader, terms, project_ids)
        return Findings(_hits(plain.found), list(terms), plain.complete, bool(plain.found))
    found: Passing = await index.find_passing(reader, terms, project_ids, conditions, most=LOOKED_AT[0])
    if found.complete or _enough(found, LOOKED_AT[0]):
        return Findings(_hits(found.found), list(terms), found.complete, found.looked_at > 0)
    matches = await _further(reader, index, terms, project_ids, conditions, found)
    return Findings(_hits(matches.found), list(terms), matches.complete, found.looked_at > 0)


def _tasks_of(matches: Matches) -> set[Key]:
    return {(one.project_id, one.task_id) for one in matches.found}


def _enough(passing: Passing, most: int) -> bool:
    exhausted = passing.looked_at < most  # by what phrases and beginnings are bounded by
    return len(_tasks_of(passing)) >= (FEW if exhausted else ENOUGH)


async def _further(
    reader: Reader, index: SearchIndex, terms: Sequence[Term], project_ids: Sequence[UUID],
    conditions: Sequence[Condition], first: Passing,
) -> Matches:  # fmt: skip
    """What passes of more texts, where a filter leaves some of the newest.

    If hardly any task passes it, or none of the newest, they are looked at in vain: the tasks that pass are fewer.
    """
    left = _tasks_of(first)
    if first.looked_at >= LOOKED_AT[0] and len(left) >= FEW:
        more = await index.find_passing(
            reader, terms, project_ids, conditions, ranked=False, most=LOOKED_AT[1]
        )
        left |= _tasks_of(more)
        if more.complete or _enough(more, LOOKED_AT[1]):
            places, task_ids = as_keys(list(left))
            found = await index.find(reader, terms, places, task_ids, most=len(left))
            return Matches(found.found, found.complete and more.complete)
    return await index.find_among_newest(reader, terms, project_ids, conditions, left)


def _hits(found: Sequence[Found]) -> list[Hit]:
    """One hit for each task, by its best document; a comment is named if any matches."""
    hits: dict[UUID, Hit] = {}
    comments: dict[UUID, tuple[float, datetime]] = {}
    for project_id, task_id, document_id, kind, score, changed_at in found:
        known, place = hits.get(task_id), (score, changed_at)
        comment_id = known.comment_id if known else None
        if kind == "comment" and (comment_id is None or place > comments[task_id]):
            comment_id, comments[task_id] = document_id, place
        best, newest = (
            place if known is None else (max(score, known.score), max(changed_at, known.changed_at))
        )
        hits[task_id] = Hit(project_id, task_id, comment_id, best, newest)
    return sorted(hits.values(), key=_place, reverse=True)


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
