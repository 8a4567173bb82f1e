"""What decisions on tasks need to know, as selects that are gathered with others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from app.events.models import EventRow
from app.gathering import Select, columns_of
from app.statements import Row
from app.tasks.events import SHORT_COLUMNS
from app.tasks.models import Task

_KEYS = {"project_id": "uuid", "id": "uuid"}
_OF_KEYS = "FROM $asked JOIN tasks t ON t.project_id = $first AND t.id = asked.id"

TASKS: Select[Task] = Select(
    _KEYS,
    (
        *columns_of(Task, "t"),
        """ARRAY(SELECT a.user_id FROM task_assignees a WHERE a.project_id = t.project_id AND a.task_id = t.id)
           AS assignee_ids""",
        """ARRAY(SELECT l.label_id FROM task_labels l WHERE l.project_id = t.project_id AND l.task_id = t.id)
           AS label_ids""",
    ),
    _OF_KEYS,
    model=Task,
)
"""Tasks, deleted ones too, with ``assignee_ids`` and ``label_ids``."""

SHORT_TASKS: Select[Task] = Select(
    _KEYS, tuple(f"t.{name}" for name in ("project_id", *SHORT_COLUMNS)), _OF_KEYS, model=Task
)
"""The same without their texts, free-form values, people and labels: most edits leave those alone."""

HISTORY: Select[Any] = Select(
    _KEYS | {"version": "int"},
    columns_of(EventRow, "e"),
    "FROM $asked JOIN events e ON e.scope_id = $first AND e.object_id = asked.id AND e.object_version > asked.version"
    " ORDER BY e.seq",
    model=Row,
)
"""What happened to tasks after a version."""

_NEAREST = "SELECT n.rank FROM tasks n WHERE n.project_id = $first AND n.id <> ALL(asked.placed::uuid[])"
ANCHORS: Select[Any] = Select(
    {"project_id": "uuid", "id": "uuid", "below": "boolean", "placed": "text"},
    (
        "t.project_id",
        "t.id",
        "asked.below",
        "t.rank",
        "CASE WHEN asked.below THEN low.rank ELSE high.rank END AS neighbour",
    ),
    f"""
    FROM $asked JOIN tasks t ON t.project_id = $first AND t.id = asked.id
    LEFT JOIN LATERAL ({_NEAREST} AND asked.below AND n.rank < t.rank ORDER BY n.rank DESC LIMIT 1) low ON true
    LEFT JOIN LATERAL ({_NEAREST} AND NOT asked.below AND n.rank > t.rank ORDER BY n.rank LIMIT 1) high ON true
    """,
    model=Row,
)
"""What tasks are placed next to: its rank, and the nearest one ``below`` it (or above) that is not ``placed`` too."""


def as_array(ids: Iterable[UUID]) -> str:
    """Ids as PostgreSQL writes an array of them."""
    return "{" + ",".join(sorted(map(str, ids))) + "}"
