"""Selects of milestones."""

from __future__ import annotations

from app.milestones.models import Milestone
from app.projects.reads import by_key, of_projects
from app.statements import Statement

MILESTONES: Statement[Milestone] = of_projects(Milestone, "project_id", "rank", "id")
"""The milestones of some projects (``app.projects.reads.by_project``), deleted ones too, in order."""
MILESTONES_BY_KEY: Statement[Milestone] = by_key(Milestone)
