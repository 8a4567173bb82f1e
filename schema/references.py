"""Rows that others refer to, as an execution finds them kept: by the projects that it has looked up."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.kept_rows import Listing
from app.projects.references import people_at_hand, people_of, words_at_hand, words_of
from schema.context import Context


def known_people(context: Context) -> Listing | None:
    """The people of the one workspace that the execution has looked projects up in, if they are kept."""
    project = context.in_one_workspace()
    return None if project is None else people_at_hand(context.application.kept_rows, project)


async def find_people(context: Context) -> Listing | None:
    """The same; read for all who come after, where that pays."""
    project = context.in_one_workspace()
    if project is None:
        return None
    return await people_of(context.application.kept_rows, await context.reader(), project)


def known_words(context: Context, model: type[Any], project_id: UUID | None) -> Listing | None:
    """The statuses, types or labels of a project that the execution has looked up, if they are kept."""
    project = context.looked_up(project_id)
    return None if project is None else words_at_hand(context.application.kept_rows, model, project)


async def find_words(context: Context, model: type[Any], project_id: UUID | None) -> Listing | None:
    """The same; read for all who come after, where that pays."""
    project = context.looked_up(project_id)
    if project is None:
        return None
    return await words_of(context.application.kept_rows, await context.reader(), model, project)
