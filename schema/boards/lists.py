"""Lists of boards, apart from their type, which needs those that list them."""

from __future__ import annotations

from typing import Any

from app.boards.reads import BOARDS
from app.projects.reads import by_project
from schema.context import Columns, Context


async def boards_of_projects(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    """The boards of each project, in their order."""
    found = await by_project(await context.reader(), BOARDS, list({parent.id for parent in parents}))
    return [[row for row in found[parent.id] if row.deleted_at is None] for parent in parents]
