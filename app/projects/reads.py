"""Selects of projects and their vocabularies, in batches."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select

from app.db import Reader, Statement, sql, table
from app.projects.models import Label, ProjectMember, Status, TaskType

_PROJECTS = ARRAY(Uuid)


def _of_projects(model: Any, *order: str) -> Statement[Any]:
    target = table(model)
    return Statement(
        select(target)
        .where(target.c.project_id == func.any(bindparam("projects", type_=_PROJECTS)))
        .order_by(*[target.c[name] for name in order]),
        model,
    )


STATUSES: Statement[Status] = _of_projects(Status, "project_id", "rank", "id")
LABELS: Statement[Label] = _of_projects(Label, "project_id", "name", "id")
TASK_TYPES: Statement[TaskType] = _of_projects(TaskType, "project_id", "name", "id")
MEMBERS: Statement[ProjectMember] = _of_projects(ProjectMember, "project_id", "created_at", "user_id")

_READERS_AMONG = sql("SELECT project_id, user_id FROM project_readers_among($1, $2)", "projects", "users")


async def by_project(
    reader: Reader, statement: Statement[Any], project_ids: list[UUID]
) -> dict[UUID, list[Any]]:
    """Rows of a vocabulary statement, grouped by project."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    if project_ids:
        for row in await reader.rows(statement, projects=project_ids):
            found[row.project_id].append(row)
    return found


async def readers_among(
    reader: Reader, project_ids: list[UUID], user_ids: list[UUID]
) -> set[tuple[UUID, UUID]]:
    """Those (project, person) pairs in which the person can see the project."""
    if not project_ids or not user_ids:
        return set()
    rows = await reader.rows(_READERS_AMONG, projects=project_ids, users=user_ids)
    return {(row.project_id, row.user_id) for row in rows}
