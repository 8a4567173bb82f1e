"""Sprints."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.permissions import Permission
from app.planning.progress import OF_SPRINTS
from app.sprints import models
from app.sprints.reads import SPRINTS_BY_KEY, at_stages
from app.statements import table
from schema.context import Columns, Context
from schema.edges import column, edge
from schema.nodes import FETCHERS, Node, is_row_of
from schema.paging import Connection, Paging, connections, paged
from schema.planning.progress import Progress, progress_within
from schema.planning.reports import SprintReport, reports_of_sprints
from schema.projects.objects import fetching, in_order, permitted, projects_of
from schema.sprints.enums import SprintStage
from schema.tasks.connections import tasks_of_sprints

if TYPE_CHECKING:
    from schema.projects.types import Project
    from schema.tasks.types import Task

SPRINTS = table(models.Sprint)
_ORDER, _LIVING = in_order(SPRINTS)


@strawberry.type(description="A sprint: what a team takes on for a while.")
class Sprint(Node):
    name: str = column("Its name, unique in the project.")
    goal: str = column("What it is for, in markdown.")
    stage: SprintStage = column("How far it is.")
    starts_on: date | None = column("Its first day, as planned.")
    ends_on: date | None = column("Its last day, as planned.")
    capacity: float | None = column("How much the team can do in it, in the unit of the estimates.")
    rank: str = column("Sprints are ordered by this, bytewise.")
    started_at: datetime | None = column("When it was started.")
    completed_at: datetime | None = column("When it was completed.")
    version: int = column("For `expectedVersion`.")
    deleted_at: datetime | None = column("When it was deleted; history may still name it.")
    project: Annotated[Project, strawberry.lazy("schema.projects.types")] = edge(
        projects_of, "Its project.", reads=("project_id",)
    )
    tasks: Connection[Annotated[Task, strawberry.lazy("schema.tasks.types")]] = edge(
        tasks_of_sprints,
        "The tasks in it, by rank unless another order is asked for.",
        reads=("project_id", "id"),
    )
    progress: Progress = edge(
        progress_within(OF_SPRINTS), "How far the tasks in it are.", reads=("project_id", "id")
    )
    report: SprintReport | None = edge(
        reports_of_sprints,
        "What became of it since its start, from the log; null before. Of an imported sprint that had begun: since its "
        "recorded start, with what it held when it was imported.",
        reads=("project_id", "id"),
    )
    viewer_can_update: bool = edge(
        permitted(Permission.PLAN),
        "Whether you may change, start, complete and delete it.",
        reads=("project_id", "deleted_at"),
    )

    is_type_of = is_row_of(models.Sprint, "Sprint", within_project=True)


@paged
async def sprints_of_projects(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    stages: list[SprintStage] | None = None,
) -> list[Any]:
    """The sprints of each project, in order."""
    conditions: Any = _LIVING
    if stages is not None:
        conditions = [*_LIVING, at_stages(stages)]
    keys = [(parent.id,) for parent in parents]
    return await connections(
        context, SPRINTS, models.Sprint, ("project_id",), keys, _ORDER, page, conditions, columns
    )


FETCHERS["Sprint"] = fetching(SPRINTS_BY_KEY)
