"""Selects of custom fields."""

from __future__ import annotations

from app.fields.models import CustomField
from app.projects.reads import by_key, of_projects
from app.statements import Statement

CUSTOM_FIELDS: Statement[CustomField] = of_projects(CustomField, "project_id", "rank", "id")
"""The fields of some projects (``app.projects.reads.by_project``), deleted ones too, in order."""
CUSTOM_FIELDS_BY_KEY: Statement[CustomField] = by_key(CustomField)
