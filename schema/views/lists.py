"""Lists of saved views."""

from __future__ import annotations

from typing import Any

from app.cursors import Order
from app.views import models
from app.views.reads import VIEWS, seen_in_project
from schema.context import Columns, Context
from schema.paging import Paging, connections, paged

_ORDER = [Order(VIEWS.c.name, "name"), Order(VIEWS.c.id, "id")]


@paged
async def views_of_projects(
    context: Context, parents: list[Any], columns: Columns, page: Paging
) -> list[Any]:
    """The shared views of each project, and the viewer's own."""
    seen = [seen_in_project(context.viewer_id)]
    keys = [(parent.id,) for parent in parents]
    return await connections(
        context, VIEWS, models.SavedView, ("project_id",), keys, _ORDER, page, seen, columns
    )


@paged
async def views_of_people(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    """One's own views."""
    keys = [(parent.id,) for parent in parents]
    return await connections(
        context, VIEWS, models.SavedView, ("scope_id",), keys, _ORDER, page, columns=columns
    )
