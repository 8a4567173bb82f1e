"""Tasks."""

from __future__ import annotations

from datetime import date, datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import JSON

from app.comments import models as comment_models
from app.comments.reads import OPENING, ORDER, comment_counts
from app.cursors import Order
from app.events.models import EventRow
from app.keys import keys_of
from app.links.dependencies import DependencyDirection
from app.milestones.reads import MILESTONES_BY_KEY
from app.permissions import Permission
from app.projects.access import may
from app.projects.models import Label as LabelRow
from app.projects.models import Status as StatusRow
from app.projects.models import TaskType as TaskTypeRow
from app.projects.reads import STATUSES, TASK_TYPES, by_project
from app.sprints.reads import SPRINTS_BY_KEY
from app.statements import table
from app.tasks import models
from app.tasks.access import access_tasks
from app.tasks.edges import assignees_by_task, labels_by_task
from app.tasks.reads import tasks_by_key
from schema.accounts.types import User, user_edge
from schema.context import Columns, Context
from schema.dependence import BY_ROLE, BY_SCOPE
from schema.edges import column, derived, edge
from schema.events.types import Event
from schema.fields.types import TaskField, fields_of_tasks
from schema.history.tasks import tasks_as_of
from schema.links.dependencies import TaskDependencies, dependencies_of_tasks, next_to
from schema.links.types import TaskLink, links_of_tasks
from schema.nodes import FETCHERS, Node, is_row_of
from schema.paging import Connection, Paging, connections, paged
from schema.planning.progress import Progress, progress_of_tasks
from schema.projects.objects import referred
from schema.projects.types import Label, Project, Status, TaskType
from schema.references import find_people, find_words, known_words
from schema.tasks.connections import tasks_of_parents
from schema.tasks.states import TaskSection
from schema.workflows.types import AvailableTransition, available_of_tasks

if TYPE_CHECKING:
    from schema.comments.types import Comment
    from schema.history.types import TaskAsOf
    from schema.milestones.types import Milestone
    from schema.sprints.types import Sprint

COMMENTS = table(comment_models.Comment)
EVENTS = table(EventRow)
KEY = ("project_id", "id")

_key = itemgetter(*KEY)


async def _projects(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    keys = keys_of(parents, "project_id")
    found = await context.projects(keys.distinct)
    return list(map(found.__getitem__, keys.columns[0]))


async def _keys(context: Context, parents: list[Any], columns: Columns) -> list[str]:
    keys = keys_of(parents, "project_id", "number")
    found = await context.projects(keys.distinct)
    if keys.one is not None:
        prefix = found[keys.one].key
        return [f"{prefix}-{number}" for number in keys.columns[1]]
    return [f"{found[project_id].key}-{number}" for project_id, number in zip(*keys.columns, strict=True)]


def _word(model: type[Any], statement: Any, column_name: str) -> Any:
    async def of_tasks(
        context: Context, parents: list[Any], columns: Columns
    ) -> list[StatusRow | TaskTypeRow]:
        keys = keys_of(parents, "project_id", column_name)
        known = await find_words(context, model, keys.one)
        if known is not None:
            return list(map(known.by_id.__getitem__, keys.columns[1]))
        found = await by_project(await context.reader(), statement, keys.distinct)
        words = {row.id: row for rows in found.values() for row in rows}
        return list(map(words.__getitem__, keys.columns[1]))

    def kept(context: Context, parents: list[Any]) -> list[Any] | None:
        keys = keys_of(parents, "project_id", column_name)
        known = known_words(context, model, keys.one)
        return None if known is None else list(map(known.by_id.__getitem__, keys.columns[1]))

    of_tasks.kept = kept  # type: ignore[attr-defined]
    return of_tasks


async def _assignees(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    keys = keys_of(parents, *KEY)
    known = await find_people(context)
    return await assignees_by_task(await context.reader(), keys, columns, known)


async def _labels(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    keys = keys_of(parents, *KEY)
    known = await find_words(context, LabelRow, keys.one)
    return await labels_by_task(await context.reader(), keys, columns, known)


async def _parents(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    keys = {(parent.project_id, parent.parent_id) for parent in parents if parent.parent_id}
    found = await tasks_by_key(await context.reader(), list(keys))
    return [found.get(parent.parent_id) for parent in parents]


async def _comment_counts(context: Context, parents: list[Any], columns: Columns) -> list[int]:
    return await comment_counts(await context.reader(), keys_of(parents, *KEY))


@paged
async def _comments(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    return await connections(
        context,
        COMMENTS,
        comment_models.Comment,
        ("project_id", "task_id"),
        [_key(parent) for parent in parents],
        ORDER,
        page,
        columns=columns,
    )


@paged
async def _threads(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    return await connections(
        context,
        COMMENTS,
        comment_models.Comment,
        ("project_id", "task_id"),
        [_key(parent) for parent in parents],
        ORDER,
        page,
        OPENING,
        columns,
    )


@paged
async def _history(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    orders = [Order(EVENTS.c.seq, "seq", descending=True)]
    keys = [(parent.project_id, parent.id) for parent in parents]
    return await connections(
        context, EVENTS, EventRow, ("scope_id", "object_id"), keys, orders, page, columns=columns
    )


async def _viewer_can_update(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    found = await context.projects([parent.project_id for parent in parents])
    return [may(found[parent.project_id], Permission.EDIT_TASKS) for parent in parents]


def _sections(root: Any) -> list[TaskSection]:
    return [TaskSection(name=name, text=text) for name, text in sorted(root.sections.items())]


def _section(root: Any, name: str) -> str | None:
    text: str | None = root.sections.get(name)
    return text


def _description(root: Any) -> str:
    text: str = root.sections.get("description", "")
    return text


@strawberry.type(description="A task.")
class Task(Node):
    key: str = edge(
        _keys,
        "What people call it, such as ENG-12. A transferred task gets a new one; the old redirects.",
        reads=("project_id", "number"),
        **BY_SCOPE,
    )
    number: int = column("Its number in the project.")
    title: str = column("One line.")
    description: str = derived(_description, "Its section `description`, or empty.", reads=("sections",))
    sections: list[TaskSection] = derived(_sections, "Its markdown texts by name.", reads=("sections",))
    section: str | None = derived(_section, "One of its texts, or null.", reads=("sections",))
    status: Status = edge(
        _word(StatusRow, STATUSES, "status_id"),
        "Where it stands.",
        reads=("project_id", "status_id"),
        **BY_SCOPE,
    )
    type: TaskType = edge(
        _word(TaskTypeRow, TASK_TYPES, "type_id"),
        "What kind of task it is.",
        reads=("project_id", "type_id"),
        **BY_SCOPE,
    )
    priority: int = column("0 (none), 1 (urgent) to 4 (low).")
    creator: User | None = user_edge("creator_id", "Who made it.")
    assignees: list[User] = edge(_assignees, "Who it is assigned to, by name.", reads=KEY, **BY_SCOPE)
    labels: list[Label] = edge(_labels, "Its labels, by name.", reads=KEY, **BY_SCOPE)
    parent: Task | None = edge(
        _parents, "The task it is part of.", reads=("project_id", "parent_id"), **BY_SCOPE
    )
    children: Connection[Task] = edge(tasks_of_parents, "Its sub-tasks.", reads=KEY, **BY_SCOPE)
    fields: list[TaskField] = edge(
        fields_of_tasks,
        "What stands in its custom fields, in their order; empty ones are left out.",
        reads=("project_id", "fields"),
    )
    progress: Progress = edge(
        progress_of_tasks,
        "How far all that is below it is, `depth` levels deep (1: its sub-tasks).",
        reads=KEY,
    )
    sprint: Annotated[Sprint, strawberry.lazy("schema.sprints.types")] | None = edge(
        referred(SPRINTS_BY_KEY, "sprint_id"),
        "The sprint it is in; null: the backlog.",
        reads=("project_id", "sprint_id"),
    )
    milestone: Annotated[Milestone, strawberry.lazy("schema.milestones.types")] | None = edge(
        referred(MILESTONES_BY_KEY, "milestone_id"),
        "The milestone it is in.",
        reads=("project_id", "milestone_id"),
    )
    estimate: float | None = column("How much work it is, in the team's own unit.")
    due_date: date | None = column("When it is due.")
    rank: str = column("Its place among the project's tasks: compare bytewise. Issued by the server.")
    close_reason: str | None = column("Why it was closed.")
    external_ref: str | None = column("What it is called elsewhere.")
    config: JSON = column("Free-form values by key, at most 16 KiB.")
    version: int = column("For `expectedVersion`: goes up with every edit of the task's own fields.")
    created_at: datetime = column("When it was made; for imports, originally.")
    updated_at: datetime = column("When it was last edited.")
    completed_at: datetime | None = column("When it reached a completed or cancelled status.")
    deleted_at: datetime | None = column("When it was deleted; `taskRestore` brings it back.")
    project: Project = edge(_projects, "Its project.", reads=("project_id",), **BY_SCOPE)
    comment_count: int = edge(
        _comment_counts, "How many comments it has, not counting deleted ones.", reads=KEY, **BY_SCOPE
    )
    comments: Connection[Annotated[Comment, strawberry.lazy("schema.comments.types")]] = edge(
        _comments, "All its comments, oldest first.", reads=KEY, **BY_SCOPE
    )
    threads: Connection[Annotated[Comment, strawberry.lazy("schema.comments.types")]] = edge(
        _threads,
        "The comments that open a thread, oldest first; each has its `replies`.",
        reads=KEY,
        **BY_SCOPE,
    )
    links: list[TaskLink] = edge(
        links_of_tasks, "Its links to tasks that you may see, oldest first.", reads=KEY
    )
    blocked_by: list[Task] = edge(
        next_to(DependencyDirection.BLOCKED_BY),
        "The tasks that block it, of those that you see, done or not.",
        reads=KEY,
    )
    blocking: list[Task] = edge(
        next_to(DependencyDirection.BLOCKING), "The tasks that it blocks, of those that you see.", reads=KEY
    )
    dependencies: TaskDependencies = edge(
        dependencies_of_tasks,
        "All that it waits for, or all that waits for it, `depth` links far.",
        reads=KEY,
    )
    history: Connection[Event] = edge(
        _history, "What happened to it in this project, newest first.", reads=KEY
    )
    as_of: Annotated[TaskAsOf, strawberry.lazy("schema.history.types")] | None = edge(
        tasks_as_of, "It as it was in this project; null when it was not in it.", reads=KEY
    )
    available_transitions: list[AvailableTransition] = edge(
        available_of_tasks,
        "What you could do with it next, and why not where you may not now.",
        reads=KEY,
    )
    viewer_can_update: bool = edge(
        _viewer_can_update, "Whether you may edit it.", reads=("project_id",), **BY_ROLE
    )

    is_type_of = is_row_of(models.Task, "Task")


async def tasks_for_viewer(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    """Tasks by id, None for what is not there for the viewer; their projects are remembered."""
    found = await access_tasks(await context.reader(), context.viewer_id, [one[0] for one in ids])
    await context.projects([row.project_id for row in found.values()])
    return [found.get(one[0]) for one in ids]


FETCHERS["Task"] = tasks_for_viewer
