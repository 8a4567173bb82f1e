"""What a search finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import strawberry

from app.comments.reads import comments_by_key
from app.paging import Page
from app.search.finding import ORDER, Findings, Hit, page_of_hits
from app.search.highlights import Marked, mark
from app.search.index import MOST_COUNTED
from app.tasks.reads import tasks_by_key
from schema.comments.types import Comment
from schema.context import Columns, Context
from schema.edges import column, derived, edge
from schema.paging import Connection, Paging, connection, paged
from schema.tasks.types import Task


@strawberry.enum(description="Where it matched.")
class SearchPlace(Enum):
    TITLE = strawberry.enum_value("title", description="In the title.")
    TEXT = strawberry.enum_value("text", description="In the description or another section.")
    COMMENT = strawberry.enum_value("comment", description="In the comment.")


@strawberry.type(description="Part of a text that matched. Counted in UTF-16, as browsers count.")
class SearchRange:
    start: int = column("Where it begins in `text`.")
    length: int = column("How long it is.")


@strawberry.type(description="A text that matched: whole if it is a title, else the telling parts of it.")
class SearchHighlight:
    place: SearchPlace = column("Where it stands.")
    text: str = column("Plain text or markdown, never HTML: escape it, and mark the ranges yourself.")
    ranges: list[SearchRange] = column("What matched in it.")


@dataclass
class _Piece:
    hit: Any
    place: SearchPlace
    text: str

    @property
    def whole(self) -> bool:
        return self.place is SearchPlace.TITLE


async def _tasks(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    keys = {(parent.hit.project_id, parent.hit.task_id) for parent in parents}
    found = await tasks_by_key(await context.reader(), list(keys))
    return [found.get(parent.hit.task_id) for parent in parents]


async def _comments(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    keys = {(parent.hit.project_id, parent.hit.comment_id) for parent in parents if parent.hit.comment_id}
    found = await comments_by_key(await context.reader(), list(keys))
    return [found.get(parent.hit.comment_id) for parent in parents]


async def _highlights(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    pieces = [
        piece
        for parent, task, comment in zip(
            parents,
            await _tasks(context, parents, columns),
            await _comments(context, parents, columns),
            strict=True,
        )
        for piece in _pieces(parent, task, comment)
    ]
    terms = parents[0].findings.terms
    marked = await mark(await context.reader(), terms, pieces) if pieces else []
    found: dict[int, list[SearchHighlight]] = {id(parent): [] for parent in parents}
    for piece, one in zip(pieces, marked, strict=True):
        if one.ranges:
            found[id(piece.hit)].append(_highlight(piece.place, one))
    return [found[id(parent)] for parent in parents]


def _pieces(parent: Any, task: Any, comment: Any) -> list[_Piece]:
    pieces = []
    if task is not None:
        pieces.append(_Piece(parent, SearchPlace.TITLE, task.title))
        body = "\n".join(text for _, text in sorted(task.sections.items()))
        pieces.append(_Piece(parent, SearchPlace.TEXT, body))
    if comment is not None:
        pieces.append(_Piece(parent, SearchPlace.COMMENT, comment.body))
    return [piece for piece in pieces if piece.text]


def _highlight(place: SearchPlace, marked: Marked) -> SearchHighlight:
    ranges = [SearchRange(start=start, length=length) for start, length in marked.ranges]
    return SearchHighlight(place=place, text=marked.text, ranges=ranges)


def _score(root: Any) -> float:
    hit: Hit = root.hit
    return hit.score


@strawberry.type(description="A task that matches, by itself or by a comment on it.")
class SearchHit:
    hit: strawberry.Private[Hit]
    findings: strawberry.Private[Findings]
    task: Task | None = edge(_tasks, "The task; null if it went while this was read.")
    comment: Comment | None = edge(_comments, "The comment that matches best; null if none does.")
    highlights: list[SearchHighlight] = edge(_highlights, "What matched, and where.")

    score: float = derived(
        _score, "How well it matches: larger is better, within one search alone.", reads=()
    )


@strawberry.type(description="A word that no text has, and what it was taken for.")
class SearchCorrection:
    word: str = column("As it was typed.")
    taken_for: list[str] = column("Words that are there and look like it.")


async def _count(context: Context, keys: list[Any]) -> Sequence[int]:
    result = keys[0]
    findings: Findings = result.findings
    if findings.complete or result.filtered:
        return [len(findings.hits) for _ in keys]
    index = context.application.search
    counted = await index.count(await context.reader(), findings.terms, result.project_ids)
    return [max(min(counted, MOST_COUNTED), len(findings.hits)) for _ in keys]


@paged
async def _hits(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    request = page.request(ORDER)
    found = []
    for parent in parents:
        hits = page_of_hits(parent.findings.hits, request)
        rows = [SearchHit(hit=hit, findings=parent.findings) for hit in hits.rows]
        shown = _HitPage(ORDER, rows, hits.has_next, hits.has_previous)
        found.append(connection(shown, _count, parent))
    return found


def _complete(root: Any) -> bool:
    findings: Findings = root.findings
    return findings.complete


def _corrections(root: Any) -> list[SearchCorrection]:
    terms = root.findings.terms
    return [SearchCorrection(word=term.text, taken_for=list(term.others)) for term in terms if term.others]


class _HitPage(Page):
    def cursors(self, rows: Sequence[Any]) -> list[str]:
        return super().cursors([row.hit for row in rows])


@strawberry.type(description="What was found.")
class SearchResult:
    findings: strawberry.Private[Findings]
    project_ids: strawberry.Private[list[Any]]
    filtered: strawberry.Private[bool]
    hits: Connection[SearchHit] = edge(
        _hits,
        f"Best first. `totalCount` is exact up to {MOST_COUNTED:,} without a filter, and never counts what is hidden "
        "from you.",
    )

    complete: bool = derived(
        _complete,
        "Whether `hits` are all. Of a common word only the newest texts, some hundreds, are ranked: add a word or a "
        "filter.",
        reads=(),
    )
    corrections: list[SearchCorrection] = derived(
        _corrections, "What was looked for instead of words that no text has; else empty.", reads=()
    )
