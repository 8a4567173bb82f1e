"""Projects, their members and their vocabularies."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.cursors import Order
from app.permissions import Permission
from app.projects import models
from app.projects.access import may
from app.projects.reads import LABELS, STATUSES, TASK_TYPES, by_project
from app.statements import table
from app.workspaces.access import access_workspaces
from schema.accounts.types import User, user_edge
from schema.boards.cards import backlog_of_projects
from schema.boards.lists import boards_of_projects
from schema.context import Columns, Context
from schema.dependence import BY_ROLE, BY_SCOPE
from schema.edges import column, edge
from schema.fields.types import fields_of_projects
from schema.history.moments import projects_as_of
from schema.ids import global_id
from schema.milestones.types import milestones_of_projects
from schema.nodes import FETCHERS, Node, is_row_of
from schema.paging import Connection, Paging, connections, paged
from schema.positions import Position
from schema.projects.enums import ConflictPolicy, ProjectRole, ProjectVisibility, StatusCategory
from schema.references import find_words, known_words
from schema.sprints.types import sprints_of_projects
from schema.tasks.connections import tasks_of_projects, tasks_of_statuses
from schema.teams.connections import teams_of_projects
from schema.views.lists import views_of_projects
from schema.workflows.lists import transitions_of_projects

if TYPE_CHECKING:
    from schema.boards.types import Board
    from schema.fields.types import CustomField
    from schema.history.types import ProjectAsOf
    from schema.milestones.types import Milestone
    from schema.sprints.types import Sprint
    from schema.tasks.types import Task
    from schema.teams.types import ProjectTeam
    from schema.views.types import View
    from schema.workflows.types import Transition
    from schema.workspaces.types import Workspace

MEMBERS = table(models.ProjectMember)


async def _words_permitted(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    found = await context.projects([parent.project_id for parent in parents])
    return [
        may(found[parent.project_id], Permission.MANAGE_WORDS) and parent.deleted_at is None
        for parent in parents
    ]


async def _successors(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    leaving = [parent for parent in parents if parent.successor_id is not None]
    if not leaving:
        return [None] * len(parents)
    rows = await by_project(await context.reader(), STATUSES, list({one.project_id for one in leaving}))
    words = {row.id: row for listed in rows.values() for row in listed}
    return [words.get(parent.successor_id) for parent in parents]


@strawberry.type(description="A status of a project: a column of its board.")
class Status(Node):
    name: str = column("Its name, unique in the project.")
    category: StatusCategory = column("What it means.")
    color: str = column("As #rrggbb.")
    rank: str = column("Statuses are ordered by this, bytewise.")
    version: int = column("For `statusUpdate(expectedVersion:)`.")
    deleted_at: datetime | None = column("When it was deleted; history and deleted tasks may still name it.")
    successor: Status | None = edge(
        _successors, "Where its tasks go while it is being removed: show them there, and let none enter."
    )
    viewer_can_update: bool = edge(_words_permitted, "Whether you may change and delete it.", **BY_ROLE)
    tasks: Connection[Annotated[Task, strawberry.lazy("schema.tasks.types")]] = edge(
        tasks_of_statuses, "The tasks in it, by rank unless another order is asked for.", **BY_SCOPE
    )

    is_type_of = is_row_of(models.Status, "Status", within_project=True)


@strawberry.type(description="A label of a project.")
class Label(Node):
    name: str = column("Its name, unique in the project.")
    color: str = column("As #rrggbb.")
    version: int = column("For `labelUpdate(expectedVersion:)`.")
    deleted_at: datetime | None = column("When it was deleted.")
    viewer_can_update: bool = edge(_words_permitted, "Whether you may change and delete it.", **BY_ROLE)

    is_type_of = is_row_of(models.Label, "Label", within_project=True)


@strawberry.type(description="A kind of task in a project: task, bug, epic …")
class TaskType(Node):
    name: str = column("Its name, unique in the project.")
    color: str = column("As #rrggbb.")
    version: int = column("For `taskTypeUpdate(expectedVersion:)`.")
    deleted_at: datetime | None = column("When it was deleted.")
    viewer_can_update: bool = edge(_words_permitted, "Whether you may change and delete it.", **BY_ROLE)

    is_type_of = is_row_of(models.TaskType, "TaskType", within_project=True)


@strawberry.type(description="Someone's membership in a project.")
class ProjectMember:
    role: ProjectRole = column("What they may do.")
    created_at: datetime = column("Since when.")
    user: User = user_edge("user_id", "Who.")

    is_type_of = is_row_of(models.ProjectMember, "ProjectMember")


def _words(model: type[Any], statement: Any) -> Any:
    async def of_projects(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
        known = await find_words(context, model, parents[0].id) if len(parents) == 1 else None
        if known is not None:
            return [_there(known.rows)]
        found = await by_project(await context.reader(), statement, list({parent.id for parent in parents}))
        return [_there(found[parent.id]) for parent in parents]

    def kept(context: Context, parents: list[Any]) -> list[Any] | None:
        known = known_words(context, model, parents[0].id) if len(parents) == 1 else None
        return None if known is None else [_there(known.rows)]

    of_projects.kept = kept  # type: ignore[attr-defined]
    return of_projects


def _there(words: Sequence[Any]) -> list[Any]:
    return [row for row in words if row.deleted_at is None]


@paged
async def _members(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    orders = [Order(MEMBERS.c.created_at, "created_at"), Order(MEMBERS.c.user_id, "user_id")]
    return await connections(
        context,
        MEMBERS,
        models.ProjectMember,
        ("project_id",),
        [(parent.id,) for parent in parents],
        orders,
        page,
    )


async def _workspaces(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    found = await access_workspaces(await context.reader(), context.viewer_id)
    return [found.get(parent.workspace_id) for parent in parents]


async def _positions(context: Context, parents: list[Any], columns: Columns) -> list[Position]:
    found = await context.positions([parent.id for parent in parents])
    return [Position.of(found[parent.id]) for parent in parents]


async def _scopes(context: Context, parents: list[Any], columns: Columns) -> list[str]:
    return [global_id("Scope", parent.id) for parent in parents]


def _permitted(permission: Permission) -> Any:
    async def of_projects(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
        roles = await context.projects([parent.id for parent in parents])
        return [may(roles[parent.id], permission) for parent in parents]

    return of_projects


async def _viewer_roles(context: Context, parents: list[Any], columns: Columns) -> list[str]:
    roles = await context.projects([parent.id for parent in parents])
    return [roles[parent.id].role for parent in parents]  # type: ignore[attr-defined]


@strawberry.type(description="A project: tasks, the words they are told with, and who works on them.")
class Project(Node):
    key: str = column("What task keys begin with, such as ENG. Unique in the workspace.")
    name: str = column("Its name.")
    description: str = column("What it is about, in markdown.")
    conflict_policy: ConflictPolicy = column("What `onConflict` is when an edit does not say.")
    visibility: ProjectVisibility = column("Who sees it without having been given it.")
    workspace_role: ProjectRole = column("What every member of the workspace may do, if all of them see it.")
    version: int = column("For `projectUpdate(expectedVersion:)`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When its settings were last changed.")
    archived_at: datetime | None = column("When it was archived: it can be read, and not changed.")
    workspace: Annotated[Workspace, strawberry.lazy("schema.workspaces.types")] = edge(
        _workspaces, "The workspace it belongs to.", **BY_ROLE
    )
    scope: strawberry.ID = edge(_scopes, "Its scope, for `events(scope:)`.", **BY_SCOPE)
    position: Position = edge(
        _positions, "Where its log stands in this answer: load, then follow from here.", **BY_SCOPE
    )
    statuses: list[Status] = edge(
        _words(models.Status, STATUSES), "Its statuses in order: the columns of its board.", **BY_SCOPE
    )
    labels: list[Label] = edge(_words(models.Label, LABELS), "Its labels by name.", **BY_SCOPE)
    task_types: list[TaskType] = edge(
        _words(models.TaskType, TASK_TYPES), "Its task types by name.", **BY_SCOPE
    )
    boards: list[Annotated[Board, strawberry.lazy("schema.boards.types")]] = edge(
        boards_of_projects, "Its boards, in order."
    )
    backlog: Connection[Annotated[Task, strawberry.lazy("schema.tasks.types")]] = edge(
        backlog_of_projects,
        "Its tasks in statuses of the category BACKLOG, by rank as on a board; with `inSprint`, those that "
        "are in a sprint (true) or in none (false).",
    )
    transitions: list[Annotated[Transition, strawberry.lazy("schema.workflows.types")]] = edge(
        transitions_of_projects, "The ways of its workflow, in order; none: every move is allowed."
    )
    members: Connection[ProjectMember] = edge(_members, "Who was added to it by name.", **BY_SCOPE)
    teams: Connection[Annotated[ProjectTeam, strawberry.lazy("schema.teams.types")]] = edge(
        teams_of_projects, "The teams that hold a role in it."
    )
    tasks: Connection[Annotated[Task, strawberry.lazy("schema.tasks.types")]] = edge(
        tasks_of_projects, "Its tasks, by rank unless another order is asked for.", **BY_SCOPE
    )
    sprints: Connection[Annotated[Sprint, strawberry.lazy("schema.sprints.types")]] = edge(
        sprints_of_projects, "Its sprints in order.", reads=("id",)
    )
    milestones: Connection[Annotated[Milestone, strawberry.lazy("schema.milestones.types")]] = edge(
        milestones_of_projects, "Its milestones and releases in order.", reads=("id",)
    )
    views: Connection[Annotated[View, strawberry.lazy("schema.views.types")]] = edge(
        views_of_projects, "Its shared views and your own of it, by name.", reads=("id",)
    )
    as_of: Annotated[ProjectAsOf, strawberry.lazy("schema.history.types")] | None = edge(
        projects_as_of, "It as it was; null before its first event. Access is of today.", reads=("id",)
    )
    custom_fields: list[Annotated[CustomField, strawberry.lazy("schema.fields.types")]] = edge(
        fields_of_projects, "What its tasks have beyond what every task has, in order.", reads=("id",)
    )
    viewer_role: ProjectRole = edge(
        _viewer_roles,
        "Your role: the strongest of what you, your teams and the whole workspace were given.",
        **BY_ROLE,
    )
    viewer_can_update: bool = edge(
        _permitted(Permission.EDIT_TASKS), "Whether you may make and edit tasks.", **BY_ROLE
    )
    viewer_can_manage: bool = edge(
        _permitted(Permission.MANAGE_WORDS),
        "Whether you may change its statuses, labels and task types.",
        **BY_ROLE,
    )
    viewer_can_manage_fields: bool = edge(
        _permitted(Permission.MANAGE_FIELDS), "Whether you may define its custom fields."
    )
    viewer_can_plan: bool = edge(
        _permitted(Permission.PLAN), "Whether you may change its sprints and milestones.", **BY_ROLE
    )
    viewer_can_manage_members: bool = edge(
        _permitted(Permission.MANAGE_MEMBERS),
        "Whether you may add people and teams, and take them out.",
        **BY_ROLE,
    )
    viewer_can_appoint_managers: bool = edge(
        _permitted(Permission.APPOINT_MANAGERS),
        "Whether you may make somebody its manager or admin.",
        **BY_ROLE,
    )
    viewer_can_comment: bool = edge(
        _permitted(Permission.COMMENT), "Whether you may comment on its tasks.", **BY_ROLE
    )
    viewer_can_administer: bool = edge(
        _permitted(Permission.CHANGE_PROJECT),
        "Whether you may change its settings and who sees it.",
        **BY_ROLE,
    )

    is_type_of = is_row_of(models.Project, "Project")


async def _fetch_projects(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await context.projects([one[0] for one in ids])
    return [found.get(one[0]) for one in ids]


def _fetch_words(statement: Any) -> Any:
    async def fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
        visible = await context.projects([one[0] for one in ids])
        rows = await by_project(await context.reader(), statement, list(visible))
        found = {(row.project_id, row.id): row for words in rows.values() for row in words}
        return [found.get(one) for one in ids]

    return fetch


FETCHERS["Project"] = _fetch_projects
FETCHERS["Status"] = _fetch_words(STATUSES)
FETCHERS["Label"] = _fetch_words(LABELS)
FETCHERS["TaskType"] = _fetch_words(TASK_TYPES)
