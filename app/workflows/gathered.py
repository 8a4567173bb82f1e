"""What decisions on moves need to know of a workflow, as a select that is gathered with others."""

from __future__ import annotations

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
