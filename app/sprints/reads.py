"""Selects of sprints."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ARRAY, ColumnElement, Text, func, literal

from app.projects.reads import by_key, of_projects
from app.sprints.models import Sprint, SprintStage
from app.statements import Statement, table

SPRINTS: Statement[Sprint] = of_projects(Sprint, "project_id", "rank", "id")
"""The sprints of some projects (``app.projects.reads.by_project``), deleted ones too, in order."""
SPRINTS_BY_KEY: Statement[Sprint] = by_key(Sprint)


def at_stages(stages: Sequence[SprintStage]) -> ColumnElement[bool]:
    """The condition that a sprint is at one of these stages."""
    values = [SprintStage(stage).value for stage in stages]
    among: ColumnElement[bool] = table(Sprint).c.stage == func.any(literal(values, ARRAY(Text)))
    return among
