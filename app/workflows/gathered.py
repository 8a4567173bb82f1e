"""What decisions on moves need to know of a workflow, as a select that is gathered with others."""

from __future__ import annotations

from typing import Any

from app.gathering import Select, columns_of
from app.workflows.models import Transition

TRANSITIONS: Select[Transition] = Select(
    {"project_id": "uuid"},
    columns_of(Transition, "w"),
    """FROM $asked JOIN transitions w ON w.project_id = asked.project_id AND w.deleted_at IS NULL
       ORDER BY w.project_id, w.rank, w.id""",
    model=Transition,
)
"""The transitions of projects, in their order, without deleted ones."""

LIMITS: Select[Any] = Select(
    {"project_id": "uuid"},
    (
        "b.project_id",
        "c.value ->> 'name' AS name",
        "(c.value ->> 'limit')::int AS most",
        "c.value -> 'status_ids' AS ids",
    ),
    """FROM $asked JOIN boards b ON b.project_id = asked.project_id AND b.deleted_at IS NULL
       CROSS JOIN LATERAL jsonb_each(b.columns) AS c
       WHERE c.value ->> 'limit_mode' = 'refuse' AND c.value ->> 'limit' IS NOT NULL""",
    model=Any,
)
"""The columns of projects' boards that refuse more tasks than their limit."""
