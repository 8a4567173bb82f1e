"""Selects of sprints."""

from __future__ import annotations

from app.db import Statement
from app.projects.reads import by_key, of_projects
from app.sprints.models import Sprint

SPRINTS: Statement[Sprint] = of_projects(Sprint, "project_id", "rank", "id")
"""The sprints of some projects (``app.projects.reads.by_project``), deleted ones too, in order."""
SPRINTS_BY_KEY: Statement[Sprint] = by_key(Sprint)
