"""Selects of projects and their vocabularies, in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, bindparam, func, select

from app.db import Reader
from app.projects.models import Label, ProjectMember, Status, TaskType
from app.statements import Statement, as_keys, sql, table

_PROJECTS = ARRAY(Uuid)


def of_projects(model: Any, *order: str) -> Statement[Any]:
    """All rows of a table that has a `project_id`, of some projects, in an order of columns."""
    target = table(model)
    return Statement(
        select(target)
        .where(target.c.project_id == func.any(bindparam("projects", type_=_PROJECTS)))
        .order_by(*[target.c[name] for name in order]),
        model,
    )


STATUSES: Statement[Status] = of_projects(Status, "project_id", "rank", "id")
LABELS: Statement[Label] = of_projects(Label, "project_id", "name", "id")
TASK_TYPES: Statement[TaskType] = of_projects(TaskType, "project_id", "name", "id")
MEMBERS: Statement[ProjectMember] = of_projects(ProjectMember, "project_id", "created_at", "user_id")

_READERS_AMONG = sql("SELECT project_id, user_id FROM project_readers_among($1, $2)", "projects", "users")


async def by_project(
    reader: Reader, statement: Statement[Any], project_ids: list[UUID]
) -> dict[UUID, list[Any]]:
    """Rows of a vocabulary statement, grouped by project."""
    found: dict[UUID, list[Any]] = defaultdict(list)
    if project_ids:
        rows = await reader.rows(statement, projects=project_ids)
        if len(project_ids) == 1:
            found[project_ids[0]] = rows
        else:
            for row in rows:
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


def by_key(model: Any) -> Statement[Any]:
    """Rows of a table whose key is (project_id, id), by their keys."""
    target = table(model)
    return sql(
        f"SELECT t.* FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id) JOIN {target.name} t "  # noqa: S608
        "ON t.project_id = asked.project_id AND t.id = asked.id",
        "project_ids", "ids",
        model=model,
    )  # fmt: skip


async def rows_by_key(
    reader: Reader, statement: Statement[Any], keys: Iterable[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], Any]:
    """Those that are there of (project, id) keys, with a statement of ``by_key``."""
    asked = list(dict.fromkeys(keys))
    if not asked:
        return {}
    project_ids, ids = as_keys(asked)
    rows = await reader.rows(statement, project_ids=project_ids, ids=ids)
    return {(row.project_id, row.id): row for row in rows}
