"""What rows refer to again and again: a workspace's people, and a project's statuses, types and labels.

They are kept (``app.kept_rows``) by where the logs stand that tell of their changes, as the row of a project says it
that was read in the same snapshot. Who may read a project may read all words of it. Everybody whose workspaces it is
declared to be may read its people (policy ``known_people``); guests are not told where the directory's log stands, so
theirs are read each time.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from app.accounts.models import User
from app.db import Reader
from app.kept_rows import MOST, KeptRows, Listing
from app.projects.models import Label, Project, Status, TaskType
from app.projects.reads import LABELS, STATUSES, TASK_TYPES
from app.statements import Statement, sql, table

_SHOWN = ("id", "kind", "name", "avatar_url", "version")
"""All of a person that others see. What changes it leaves an event in the directories they stand in, or moves the
access stamp of the workspaces they have left.
"""
_PEOPLE: Statement[User] = sql(
    f"""
    SELECT {", ".join(f"u.{name}" for name in _SHOWN)} FROM workspace_people p JOIN users u ON u.id = p.user_id
    WHERE p.workspace_id = $1 ORDER BY u.name, u.id LIMIT $2
    """,  # noqa: S608 (names of ours)
    "workspace", "most",
    model=User,
)  # fmt: skip
_WORDS: dict[type[Any], tuple[Statement[Any], tuple[str, ...]]] = {
    model: (statement, tuple(column.name for column in table(model).c))
    for model, statement in ((Status, STATUSES), (TaskType, TASK_TYPES), (Label, LABELS))
}

Where = tuple[Hashable, Hashable]
"""A place, and where its log stands."""


def _people_at(project: Project) -> Where | None:
    row: Any = project
    seq = getattr(row, "directory_seq", None)
    if seq is None:
        return None
    return (User, row.workspace_id), (seq, row.directory_event_id, row.access_stamp)


def _words_at(model: type[Any], project: Project) -> Where:
    row: Any = project
    return (model, row.id), (row.head_seq, row.head_event_id)


def people_at_hand(kept: KeptRows, project: Project) -> Listing | None:
    """Everybody whose name a project's workspace may need, by name, if they are kept."""
    where = _people_at(project)
    return None if where is None else kept.find(*where)


def words_at_hand(kept: KeptRows, model: type[Any], project: Project) -> Listing | None:
    """A project's statuses, types or labels in their order, deleted ones too, if they are kept."""
    return kept.find(*_words_at(model, project))


async def people_of(kept: KeptRows, reader: Reader, project: Project) -> Listing | None:
    """The same; read, if they have often been asked for since they last changed."""
    where = _people_at(project)
    if where is None:
        return None
    found = kept.find(*where)
    if found is None and kept.wanted(*where):
        rows = await reader.rows(_PEOPLE, workspace=project.workspace_id, most=MOST + 1)
        kept.put(*where, _SHOWN, rows)
        found = kept.find(*where)
    return found


async def words_of(kept: KeptRows, reader: Reader, model: type[Any], project: Project) -> Listing | None:
    """The same; read, if they have often been asked for since they last changed."""
    where = _words_at(model, project)
    found = kept.find(*where)
    if found is None and kept.wanted(*where):
        statement, names = _WORDS[model]
        kept.put(*where, names, await reader.rows(statement, projects=[project.id]))
        found = kept.find(*where)
    return found
