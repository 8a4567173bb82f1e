"""Statuses, labels and task types: the words of a project. One set of actions for the three."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import SQLModel

from app.errors import LimitReached, NotFound, ValidationFailed, VersionConflict
from app.events.deltas import delta_between
from app.events.kinds import EventKind
from app.guards import Guard
from app.ids import accept_client_id
from app.outcomes import Result
from app.permissions import Permission
from app.projects import events
from app.projects.actions.opening import open_project
from app.projects.models import Label, Status, StatusCategory, TaskType
from app.projects.reads import LABELS, STATUSES, TASK_TYPES, by_project
from app.ranks import rank_between
from app.statements import Statement, sql
from app.values import check_color, check_name, now_utc, plain
from app.work import Action, Work
from app.writes import compare_and_set, ids_in_use, insert_rows

MOST_WORDS = 500


@dataclass(frozen=True)
class Vocabulary:
    """One of the three: its table, its events, and where tasks use it."""

    noun: str
    model: type[SQLModel]
    rows: Statement[Any]
    created: EventKind
    updated: EventKind
    deleted: EventKind
    state: Callable[[Any], dict[str, Any]]
    in_use: Statement[Any] | None


def _used_by(column: str) -> Statement[Any]:
    return sql(
        f"SELECT count(*) FROM tasks WHERE project_id = $1 AND {column} = $2 AND deleted_at IS NULL",  # noqa: S608
        "project",
        "id",
    )


STATUS = Vocabulary(
    "Status", Status, STATUSES, events.STATUS_CREATED, events.STATUS_UPDATED, events.STATUS_DELETED,
    events.status_state, _used_by("status_id"),
)  # fmt: skip
LABEL = Vocabulary(
    "Label",
    Label,
    LABELS,
    events.LABEL_CREATED,
    events.LABEL_UPDATED,
    events.LABEL_DELETED,
    events.label_state,
    None,
)
TASK_TYPE = Vocabulary(
    "Task type", TaskType, TASK_TYPES, events.TASK_TYPE_CREATED, events.TASK_TYPE_UPDATED, events.TASK_TYPE_DELETED,
    events.label_state, _used_by("type_id"),
)  # fmt: skip


def vocabulary_guard(project_id: UUID, *, shared: bool = True) -> Guard:
    """The guard of a project's words: tasks that take one share it, who removes one holds it."""
    return Guard.of("vocabulary", project_id, shared=shared)


def create_word(
    vocabulary: Vocabulary, project_id: UUID, values: dict[str, Any], *, client_id: UUID | None = None
) -> Action:
    """Add a word. Names are unique (letter case aside) among those that are not deleted."""

    async def action(work: Work) -> Result:
        words = await _open(work, vocabulary, project_id)
        if len(words) >= MOST_WORDS:
            raise LimitReached(f"A project has at most {MOST_WORDS} of these.", limit=MOST_WORDS)
        checked = _checked(vocabulary, values, words, None)
        row = {
            "project_id": project_id,
            "id": accept_client_id(client_id),
            "version": 1,
            "deleted_at": None,
            **checked,
        }
        if vocabulary is STATUS and "rank" not in row:
            row["rank"] = rank_between(words[-1].rank if words else None, None)
        taken = any(word.id == row["id"] for word in words)
        if taken or (client_id is not None and await ids_in_use(work, [client_id])):
            # Also a task's or a comment's: the history of an object is told by its id.
            raise ValidationFailed("This id is taken.", path=("id",))
        await record_word(work, vocabulary, row)
        return {"project_id": str(project_id), "id": str(row["id"])}

    return action


async def record_word(work: Work, vocabulary: Vocabulary, row: dict[str, Any]) -> None:
    """Insert a checked word with its event; the caller holds the guard."""
    await record_words(work, vocabulary, [row])


async def record_words(work: Work, vocabulary: Vocabulary, rows: list[dict[str, Any]]) -> None:
    """Insert checked words with their events; the caller holds the guard."""
    await insert_rows(work, vocabulary.model, rows)
    now = now_utc()
    for row in rows:
        state = vocabulary.state(vocabulary.model(**row))
        work.record(
            row["project_id"], vocabulary.created, row["id"], {"state": state}, version=1, occurred_at=now
        )


def update_word(
    vocabulary: Vocabulary, project_id: UUID, word_id: UUID, expected_version: int, values: dict[str, Any]
) -> Action:
    """Rename, recolour, or (a status) recategorise and reorder a word."""

    async def action(work: Work) -> Result:
        words = await _open(work, vocabulary, project_id)
        word = find_word(vocabulary, words, word_id)
        checked = _checked(vocabulary, values, words, word_id)
        if not checked:
            raise ValidationFailed("Nothing to change was given.")
        await change_word(work, vocabulary, word, expected_version, checked, vocabulary.updated)
        return {"project_id": str(project_id), "id": str(word_id)}

    return action


def delete_word(vocabulary: Vocabulary, project_id: UUID, word_id: UUID, expected_version: int) -> Action:
    """Delete a word. A status or type that tasks still have is refused: move them first."""

    async def action(work: Work) -> Result:
        words = await _open(work, vocabulary, project_id)
        word = find_word(vocabulary, words, word_id)
        if vocabulary.in_use is not None:
            used = await work.value(vocabulary.in_use, project=project_id, id=word_id)
            if used:
                raise ValidationFailed(
                    f"{used} tasks still have it. Give them another one first.", path=("id",)
                )
            check_last(words)
        await change_word(
            work, vocabulary, word, expected_version, {"deleted_at": now_utc()}, vocabulary.deleted
        )
        return {"project_id": str(project_id), "id": str(word_id)}

    return action


async def _open(work: Work, vocabulary: Vocabulary, project_id: UUID) -> list[Any]:
    await open_project(work, project_id, Permission.MANAGE_WORDS, vocabulary_guard(project_id, shared=False))
    return (await by_project(work, vocabulary.rows, [project_id]))[project_id]


def find_word(vocabulary: Vocabulary, words: list[Any], word_id: UUID) -> Any:
    """A word that is there; raises ``NotFound``."""
    for word in words:
        if word.id == word_id and word.deleted_at is None:
            return word
    raise NotFound(vocabulary.noun, path=("id",))


def check_last(words: list[Any]) -> None:
    """Raise unless a word may go: a project keeps at least one."""
    if (
        len([one for one in words if one.deleted_at is None and getattr(one, "successor_id", None) is None])
        <= 1
    ):
        raise ValidationFailed("A project keeps at least one.", path=("id",))


async def change_word(
    work: Work, vocabulary: Vocabulary, word: Any, expected: int, values: dict[str, Any], kind: EventKind
) -> None:
    """Write a changed word with its event; the caller holds the guard. Raises ``VersionConflict``."""
    old = vocabulary.state(word)
    new = {**old, **{name: plain(value) for name, value in values.items()}}
    delta = delta_between(old, new, events.VOCABULARY_SHAPE)
    row = {"project_id": word.project_id, "id": word.id, "version": expected, **values}
    if word.version != expected or (
        delta
        and not await compare_and_set(work, vocabulary.model, [row], set(values), keys=("project_id", "id"))
    ):
        raise VersionConflict(
            vocabulary.noun.lower(), word.id, expected=expected, current=word.version, clashes=[]
        )
    if delta:
        work.record(
            word.project_id, kind, word.id, {"delta": delta}, version=expected + 1, occurred_at=now_utc()
        )


def _checked(
    vocabulary: Vocabulary, values: dict[str, Any], words: list[Any], word_id: UUID | None
) -> dict[str, Any]:
    checked = {name: value for name, value in values.items() if name not in ("before_id", "after_id")}
    if "name" in checked:
        checked["name"] = check_name(checked["name"] or "", "name", length=80)
        folded = checked["name"].casefold()
        if any(w.id != word_id and w.deleted_at is None and w.name.casefold() == folded for w in words):
            raise ValidationFailed(f"There is a {vocabulary.noun.lower()} of this name.", path=("name",))
    if "color" in checked:
        checked["color"] = check_color(checked["color"] or "", "color")
    if "category" in checked:
        if checked["category"] is None:
            raise ValidationFailed(
                "There is no status without it: leave it out to keep it.", path=("category",)
            )
        checked["category"] = StatusCategory(checked["category"]).value
    if values.get("before_id") or values.get("after_id"):
        checked["rank"] = _place(words, word_id, values.get("before_id"), values.get("after_id"))
    return checked


def _place(words: list[Any], word_id: UUID | None, before_id: UUID | None, after_id: UUID | None) -> str:
    others = [word for word in words if word.id != word_id]
    places = {word.id: place for place, word in enumerate(others)}
    anchor = after_id or before_id
    if anchor not in places:
        raise NotFound("Status", path=("afterId" if after_id else "beforeId",))
    place = places[anchor] + 1 if after_id else places[anchor]
    lower = others[place - 1].rank if place else None
    upper = others[place].rank if place < len(others) else None
    return rank_between(lower, upper)
