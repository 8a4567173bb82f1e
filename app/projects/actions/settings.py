"""Making a project and changing its settings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.accounts.actions import new_scopes
from app.errors import ValidationFailed, VersionConflict
from app.events.deltas import delta_between
from app.events.models import ScopeKind
from app.ids import accept_client_id, new_id
from app.inbox.scopes import telling_access
from app.outcomes import Result
from app.permissions import Permission
from app.projects.actions.opening import open_project
from app.projects.events import (
    PROJECT_CREATED,
    PROJECT_MEMBER_ADDED,
    PROJECT_SHAPE,
    PROJECT_UPDATED,
    STATUS_CREATED,
    TASK_TYPE_CREATED,
    label_state,
    project_state,
    status_state,
)
from app.projects.models import (
    ConflictPolicy,
    Project,
    ProjectMember,
    ProjectRole,
    ProjectVisibility,
    Status,
    StatusCategory,
    TaskCounter,
    TaskType,
)
from app.ranks import rebalanced
from app.statements import sql
from app.values import check_name, check_text, now_utc, plain
from app.work import Action, Work
from app.workspaces.access import hold_workspace
from app.workspaces.events import PROJECT_LISTED, member_state
from app.writes import compare_and_set, ids_in_use, insert_rows

_KEY = re.compile(r"[A-Z][A-Z0-9]{1,9}")

FIRST_STATUSES = (
    ("Backlog", StatusCategory.BACKLOG, "#9aa4b2"),
    ("To do", StatusCategory.UNSTARTED, "#6b7bd6"),
    ("In progress", StatusCategory.STARTED, "#e0a92e"),
    ("Done", StatusCategory.COMPLETED, "#3fa45b"),
    ("Cancelled", StatusCategory.CANCELLED, "#b0565c"),
)
FIRST_TYPES = (("task", "#6b7bd6"), ("bug", "#c9494f"), ("feature", "#3fa45b"), ("epic", "#8e5bd0"))


def check_key(key: str) -> str:
    """A project key: 2 to 10 capital letters and digits, beginning with a letter."""
    key = key.strip().upper()
    if not _KEY.fullmatch(key):
        raise ValidationFailed(
            "A project key is 2 to 10 letters and digits and begins with a letter, such as ENG.",
            path=("key",),
        )
    return key


@dataclass(frozen=True)
class Past:
    """What a project has of its time elsewhere."""

    version: int
    created_at: datetime
    updated_at: datetime
    conflict_policy: ConflictPolicy


def create_project(
    workspace_id: UUID,
    key: str,
    name: str,
    *,
    description: str = "",
    client_id: UUID | None = None,
    visibility: ProjectVisibility = ProjectVisibility.PRIVATE,
    workspace_role: ProjectRole = ProjectRole.VIEWER,
    statuses: Sequence[tuple[str, StatusCategory, str]] = FIRST_STATUSES,
    words: bool = True,
    past: Past | None = None,
) -> Action:
    """Make a project with first statuses (name, category, colour) and types; its maker administers it.

    Without ``words`` the caller makes them at once. ``past`` is of one that is imported.
    """

    async def action(work: Work) -> Result:
        await hold_workspace(work, workspace_id, Permission.MAKE_PROJECT)
        now = now_utc()
        was = past or Past(1, now, now, ConflictPolicy.MERGE)
        project = Project(
            id=accept_client_id(client_id), workspace_id=workspace_id, key=check_key(key),
            name=check_name(name, "name"), description=check_text(description, "description"),
            created_at=was.created_at, updated_at=was.updated_at, version=was.version,
            conflict_policy=was.conflict_policy.value, visibility=visibility.value,
            workspace_role=check_workspace_role(workspace_role).value,
        )  # fmt: skip
        if await work.value(_KEY_IN_USE, workspace=workspace_id, key=project.key):
            raise ValidationFailed(f"There is a project {project.key} in this workspace.", path=("key",))
        if await ids_in_use(work, [project.id]):
            raise ValidationFailed("This id is taken.", path=("id",))
        await new_scopes(work, [(project.id, ScopeKind.PROJECT, workspace_id)])
        async with telling_access(work, workspace_id, projects=[project.id]):
            await insert_rows(work, Project, [project.model_dump()])
            await insert_rows(work, ProjectMember, [_first_member(project, work.viewer_id, now)])
        await insert_rows(work, TaskCounter, [{"project_id": project.id, "next_number": 1}])
        work.record(
            project.id,
            PROJECT_CREATED,
            project.id,
            {"state": project_state(project)},
            version=project.version,
            occurred_at=project.created_at,
        )
        if words:
            await _first_vocabulary(work, project.id, now, statuses)
        state = member_state(work.viewer_id, ProjectRole.ADMIN.value)
        work.record(project.id, PROJECT_MEMBER_ADDED, work.viewer_id, {"state": state})
        work.record(workspace_id, PROJECT_LISTED, project.id, {"state": {"project_id": str(project.id)}})
        return {"project_id": str(project.id)}

    return action


def _first_member(project: Project, user_id: UUID, now: datetime) -> dict[str, Any]:
    role = ProjectRole.ADMIN.value
    return {"project_id": project.id, "user_id": user_id, "role": role, "created_at": now}


def check_workspace_role(role: ProjectRole) -> ProjectRole:
    """What a project may give to a whole workspace: to read, or to work in it. More is given by name."""
    if role not in (ProjectRole.VIEWER, ProjectRole.MEMBER):
        raise ValidationFailed(
            "A project gives a whole workspace the role VIEWER or MEMBER.", path=("workspaceRole",)
        )
    return role


async def _first_vocabulary(
    work: Work, project_id: UUID, now: datetime, first: Sequence[tuple[str, StatusCategory, str]]
) -> None:
    ranks = rebalanced(len(first))
    statuses = [
        Status(project_id=project_id, id=new_id(), name=name, category=category.value, color=color, rank=rank)
        for (name, category, color), rank in zip(first, ranks, strict=True)
    ]
    types = [
        TaskType(project_id=project_id, id=new_id(), name=name, color=color) for name, color in FIRST_TYPES
    ]
    await insert_rows(work, Status, [status.model_dump() for status in statuses])
    await insert_rows(work, TaskType, [task_type.model_dump() for task_type in types])
    for status in statuses:
        work.record(
            project_id, STATUS_CREATED, status.id, {"state": status_state(status)}, version=1, occurred_at=now
        )
    for task_type in types:
        work.record(
            project_id,
            TASK_TYPE_CREATED,
            task_type.id,
            {"state": label_state(task_type)},
            version=1,
            occurred_at=now,
        )


def update_project(project_id: UUID, expected_version: int, changes: dict[str, Any]) -> Action:
    """Change name, texts, who sees it, or archive and restore. A new key would break links: not here."""
    changes_access = not changes.keys().isdisjoint(("visibility", "workspace_role"))

    async def action(work: Work) -> Result:
        project = await open_project(
            work, project_id, Permission.CHANGE_PROJECT, changes_access=changes_access
        )
        now = now_utc()
        values = _checked(changes, now, project)
        told = telling_access(work, project.workspace_id, projects=[project_id])
        async with told if changes_access else nullcontext():
            delta = await _write(work, project, expected_version, values, now)
        _record(work, project, delta, now)
        return {"project_id": str(project_id)}

    return action


def archive_imported(project_id: UUID, archived_at: datetime, updated_at: datetime) -> Action:
    """Archive a project that was archived where it comes from, once all of it is here; at the times of there."""

    async def action(work: Work) -> Result:
        project = await open_project(work, project_id, Permission.CHANGE_PROJECT)
        values = {"archived_at": archived_at}
        delta = await _write(work, project, project.version, values, updated_at)
        _record(work, project, delta, updated_at)
        return {"project_id": str(project_id)}

    return action


async def _write(
    work: Work, project: Project, expected: int, values: dict[str, Any], at: datetime
) -> dict[str, Any]:
    """Set values by the version that is expected; the delta."""
    old = project_state(project)
    new = {**old, **{name: plain(value) for name, value in values.items()}}
    delta = delta_between(old, new, PROJECT_SHAPE)
    row = {"id": project.id, "version": expected, "updated_at": at, **values}
    columns = set(values) | {"updated_at"}
    if project.version != expected or (
        delta and not await compare_and_set(work, Project, [row], columns, keys=("id",))
    ):
        raise VersionConflict("project", project.id, expected=expected, current=project.version, clashes=[])
    return delta


def _record(work: Work, project: Project, delta: dict[str, Any], at: datetime) -> None:
    if delta:
        told = {"delta": delta}
        work.record(
            project.id, PROJECT_UPDATED, project.id, told, version=project.version + 1, occurred_at=at
        )


_NEVER_NULL = {
    "conflict_policy": "conflictPolicy", "visibility": "visibility", "workspace_role": "workspaceRole",
    "archived": "archived",
}  # fmt: skip


def _checked(changes: dict[str, Any], now: datetime, project: Project) -> dict[str, Any]:
    values = dict(changes)
    for name, field in _NEVER_NULL.items():
        if name in values and values[name] is None:
            raise ValidationFailed("There is no project without it: leave it out to keep it.", path=(field,))
    if "name" in values:
        values["name"] = check_name(values["name"] or "", "name")
    if "description" in values:
        values["description"] = check_text(values["description"] or "", "description")
    if "conflict_policy" in values:
        values["conflict_policy"] = ConflictPolicy(values["conflict_policy"]).value
    if "visibility" in values:
        values["visibility"] = ProjectVisibility(values["visibility"]).value
    if "workspace_role" in values:
        values["workspace_role"] = check_workspace_role(ProjectRole(values["workspace_role"])).value
    if "archived" in values:
        values["archived_at"] = (project.archived_at or now) if values.pop("archived") else None
    if not values:
        raise ValidationFailed("Nothing to change was given.")
    return values


_KEY_IN_USE = sql("SELECT project_key_in_use($1, $2)", "workspace", "key")
