"""Lists of transitions, apart from their type, which needs those that list them."""

from __future__ import annotations

from typing import Any

from app.projects.reads import by_project
from app.workflows.reads import TRANSITIONS
from schema.context import Columns, Context


async def transitions_of_projects(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    """The transitions of each project, in their order."""
    found = await by_project(await context.reader(), TRANSITIONS, list({parent.id for parent in parents}))
    return [[row for row in found[parent.id] if row.deleted_at is None] for parent in parents]
