"""What decisions in a project need to know of it, as selects that are gathered with others."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from app.gathering import Gathering, Select, columns_of
from app.projects.models import Label, Project, Status, TaskType
from app.statements import Row

PROJECTS: Select[Project] = Select(
    {"id": "uuid"},
    (*columns_of(Project, "p"), "NULL::text AS role"),
    "FROM $asked JOIN projects p ON p.id = asked.id",
    model=Project,
)
"""Projects, seen or not: whoever asks looks at ``ROLES`` first. ``role`` is filled in for each viewer."""

ROLES: Select[Any] = Select(
    {"project_id": "uuid", "user_id": "uuid"},
    ("r.project_id", "r.user_id", "r.role"),
    "FROM project_roles_of($keys) AS r",
    model=Row,
)
"""The roles of people in projects, pair by pair; none for who does not see the project."""


def of_project(model: Any, order: str) -> Select[Any]:
    """All rows of a table that projects have, deleted ones too."""
    source = f"FROM $asked JOIN {model.__tablename__} w ON w.project_id = asked.project_id ORDER BY {order}"
    return Select({"project_id": "uuid"}, columns_of(model, "w"), source, model=model)


STATUSES: Select[Status] = of_project(Status, "w.project_id, w.rank, w.id")
LABELS: Select[Label] = of_project(Label, "w.project_id, w.name, w.id")
TASK_TYPES: Select[TaskType] = of_project(TaskType, "w.project_id, w.name, w.id")


def projects_of(
    asked: Gathering, viewers: Iterable[UUID], projects: Iterable[UUID]
) -> dict[UUID, dict[UUID, Project]]:
    """For each viewer, those of the projects that they see, with their ``role``; both were asked for."""
    found: dict[UUID, dict[UUID, Project]] = {viewer_id: {} for viewer_id in viewers}
    rows = {row.id: row for row in asked.found(PROJECTS)}
    wanted = set(projects)
    alike: dict[tuple[UUID, str], Project] = {}
    for row in asked.found(ROLES):
        if row.user_id in found and row.project_id in wanted:
            key = (row.project_id, row.role)
            if key not in alike:
                alike[key] = rows[row.project_id]._replace(role=row.role)  # type: ignore[attr-defined]
            found[row.user_id][row.project_id] = alike[key]
    return found
