"""Statuses, types and labels of a file as words of the project."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.db import Reader
from app.ids import new_id
from app.imports.reports import Note, Outcome
from app.imports.surveys import Survey
from app.imports.values import one_line
from app.projects.actions.vocabulary import LABEL, MOST_WORDS, STATUS, TASK_TYPE, Vocabulary, record_words
from app.projects.models import StatusCategory
from app.projects.reads import LABELS, STATUSES, TASK_TYPES, by_project
from app.ranks import rank_between
from app.tasks.decisions import CLOSED
from app.values import check_color
from app.work import Work

WORD_LENGTH = 80

_CATEGORIES = {
    StatusCategory.BACKLOG: ("backlog", "triage", "deferred", "icebox", "someday", "later", "pinned", "draft"),
    StatusCategory.STARTED: (
        "in progress", "started", "doing", "active", "hooked", "review", "in review", "testing", "blocked", "wip",
    ),
    StatusCategory.COMPLETED: ("closed", "done", "completed", "complete", "resolved", "fixed", "merged", "shipped"),
    StatusCategory.CANCELLED: (
        "tombstone", "cancelled", "canceled", "deleted", "rejected", "declined", "duplicate", "wontfix", "won't fix",
        "invalid", "abandoned",
    ),
}  # fmt: skip
_CATEGORY_OF = {name: category for category, names in _CATEGORIES.items() for name in names}
_COLORS = {
    StatusCategory.BACKLOG: "#9aa4b2", StatusCategory.UNSTARTED: "#6b7bd6", StatusCategory.STARTED: "#e0a92e",
    StatusCategory.COMPLETED: "#3fa45b", StatusCategory.CANCELLED: "#b0565c",
}  # fmt: skip
_PALETTE = (
    "#6b7bd6", "#c9494f", "#3fa45b", "#8e5bd0", "#e0a92e", "#2f9ea8", "#b0565c", "#7a8699", "#d0703c", "#4f8df7",
)  # fmt: skip
_ORDER = list(StatusCategory)


def category_of(status: str) -> StatusCategory:
    """What a status means, guessed by its name; one that says nothing is not started."""
    return _CATEGORY_OF.get(_folded(status), StatusCategory.UNSTARTED)


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name).strip().casefold()


def _label_folded(name: str) -> str:
    return one_line(name, WORD_LENGTH).casefold()


@dataclass
class Words:
    """A project's words by the names a file uses. ``closed`` are the statuses that end a task."""

    statuses: dict[str, Any] = field(default_factory=dict)
    types: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, Any] = field(default_factory=dict)

    def status(self, name: str) -> Any | None:
        return self.statuses.get(_folded(name))

    def type(self, name: str) -> Any | None:
        return self.types.get(_folded(name))

    def label_id(self, name: str) -> UUID | None:
        label = self.labels.get(_label_folded(name))
        return None if label is None else label.id

    def closes(self, name: str) -> bool:
        status = self.status(name)
        return status is not None and status.category in CLOSED


async def read_words(reader: Reader, project_id: UUID) -> Words:
    """The words of a project that are not deleted."""

    async def words(statement: Any, fold: Callable[[str], str]) -> dict[str, Any]:
        rows = (await by_project(reader, statement, [project_id]))[project_id]
        return {fold(row.name): row for row in reversed(rows) if row.deleted_at is None}

    return Words(
        await words(STATUSES, _folded), await words(TASK_TYPES, _folded), await words(LABELS, _label_folded)
    )


async def make_words(work: Work, project_id: UUID, survey: Survey, colors: dict[str, str]) -> int:
    """Make the words that the project lacks; the caller holds the guard. Returns how many there were."""
    known = await read_words(work, project_id)
    lacking = lacking_words(survey, known, [])
    for vocabulary, names in zip((STATUS, TASK_TYPE, LABEL), lacking, strict=True):
        await _make(work, vocabulary, project_id, names, known, colors)
    return sum(map(len, lacking))


def lacking_words(survey: Survey, known: Words, notes: list[Note]) -> tuple[list[str], list[str], list[str]]:
    """The statuses, types and labels to be made; ``notes`` hears of those that are too many."""
    return (
        _lacking(survey.statuses, known.statuses, _folded, notes),
        _lacking(survey.types, known.types, _folded, notes),
        _lacking(survey.labels, known.labels, _label_folded, notes),
    )


def respelled(survey: Survey, known: Words) -> list[Note]:
    """Labels that are written in another way here. (A status or type keeps its spelling in its issues' config.)"""
    notes = []
    for name, line in survey.labels.items():
        label = known.labels.get(_label_folded(name))
        if label is not None and label.name != name:
            why = (
                f"it is {label.name!r} here: names have {WORD_LENGTH} characters and differ by more than case"
            )
            notes.append(Note(Outcome.CHANGED, line, None, f"the label {name!r}", why))
    return notes


def _lacking(
    asked: dict[str, int], known: dict[str, Any], fold: Callable[[str], str], notes: list[Note]
) -> list[str]:
    lacking: dict[str, str] = {}
    for name, line in asked.items():
        if fold(name) in known or fold(name) in lacking:
            continue
        if len(known) + len(lacking) >= MOST_WORDS:
            why = f"a project has at most {MOST_WORDS} of these; its issues have it in config"
            notes.append(Note(Outcome.MOVED, line, None, f"the word {name!r}", why))
            continue
        lacking[fold(name)] = one_line(name, WORD_LENGTH)
    return list(lacking.values())


async def _make(
    work: Work,
    vocabulary: Vocabulary,
    project_id: UUID,
    names: Iterable[str],
    known: Words,
    colors: dict[str, str],
) -> None:
    rows: list[dict[str, Any]] = []
    board = sorted((word.rank, word.category) for word in known.statuses.values())
    for name in names:
        row: dict[str, Any] = {
            "project_id": project_id, "id": new_id(), "name": name, "color": _color(name, colors), "version": 1,
            "deleted_at": None,
        }  # fmt: skip
        if vocabulary is STATUS:
            category = category_of(name)
            row |= {"category": category.value, "color": _COLORS[category], "rank": _place(board, category)}
        rows.append(row)
    await record_words(work, vocabulary, rows)


def _place(board: list[tuple[str, str]], category: StatusCategory) -> str:
    """After the last status of its category or of one before it, so that the board reads from left to right."""
    before = [rank for rank, other in board if _ORDER.index(StatusCategory(other)) <= _ORDER.index(category)]
    lower = max(before, default=None)
    upper = min((rank for rank, _ in board if lower is None or rank > lower), default=None)
    rank = rank_between(lower, upper)
    board.append((rank, category.value))
    return rank


def _color(name: str, colors: dict[str, str]) -> str:
    given = colors.get(name, "")
    if re.fullmatch(r"#[0-9a-f]{6}", given):
        return check_color(given)
    # The same name has the same colour in every project.
    return _PALETTE[hashlib.blake2b(name.encode(), digest_size=2).digest()[0] % len(_PALETTE)]
