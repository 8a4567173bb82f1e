"""Milestones."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.milestones import models
from app.milestones.reads import MILESTONES_BY_KEY
from app.permissions import Permission
from app.planning.progress import OF_MILESTONES
from app.statements import table
from schema.context import Columns, Context
from schema.edges import column, edge
from schema.nodes import FETCHERS, Node, is_row_of
from schema.paging import Connection, Paging, connections, paged
from schema.planning.progress import Progress, progress_within
from schema.projects.objects import fetching, in_order, permitted, projects_of
from schema.tasks.connections import tasks_of_milestones

if TYPE_CHECKING:
    from schema.projects.types import Project
    from schema.tasks.types import Task

MILESTONES = table(models.Milestone)
_ORDER, _LIVING = in_order(MILESTONES)


@strawberry.type(description="A milestone or release: what shall be there by when.")
class Milestone(Node):
    name: str = column("Its name, unique in the project.")
    description: str = column("What it is about, in markdown.")
    starts_on: date | None = column("When work on it begins.")
    due_on: date | None = column("When it is due.")
    rank: str = column("Milestones are ordered by this, bytewise.")
    released_at: datetime | None = column("When it was reached or released.")
    version: int = column("For `expectedVersion`.")
    deleted_at: datetime | None = column("When it was deleted; history may still name it.")
    project: Annotated[Project, strawberry.lazy("schema.projects.types")] = edge(
        projects_of, "Its project.", reads=("project_id",)
    )
    tasks: Connection[Annotated[Task, strawberry.lazy("schema.tasks.types")]] = edge(
        tasks_of_milestones,
        "The tasks in it, by rank unless another order is asked for.",
        reads=("project_id", "id"),
    )
    progress: Progress = edge(
        progress_within(OF_MILESTONES), "How far the tasks in it are.", reads=("project_id", "id")
    )
    viewer_can_update: bool = edge(
        permitted(Permission.PLAN),
        "Whether you may change, release and delete it.",
        reads=("project_id", "deleted_at"),
    )

    is_type_of = is_row_of(models.Milestone, "Milestone", within_project=True)


@paged
async def milestones_of_projects(
    context: Context, parents: list[Any], columns: Columns, page: Paging, released: bool | None = None
) -> list[Any]:
    """The milestones of each project, in order."""
    conditions: Any = _LIVING
    if released is not None:
        at = MILESTONES.c.released_at
        conditions = [*_LIVING, at.is_not(None) if released else at.is_(None)]
    keys = [(parent.id,) for parent in parents]
    return await connections(
        context, MILESTONES, models.Milestone, ("project_id",), keys, _ORDER, page, conditions, columns
    )


FETCHERS["Milestone"] = fetching(MILESTONES_BY_KEY)
