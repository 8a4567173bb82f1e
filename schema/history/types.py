"""Projects and tasks as of a moment: ids and values of then, people as the directory shows them now."""

from __future__ import annotations

from datetime import datetime
from operator import itemgetter
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from app.history.moments import Moment, links_then, load_words
from app.links.access import access_links
from schema.accounts.types import User, user_edge, users
from schema.boards.then import boards_then
from schema.comments.states import CommentState
from schema.context import Columns, Context
from schema.edges import edge
from schema.fields.states import CustomFieldState
from schema.history.tasks import (
    PastComment,
    PastStatus,
    PastTask,
    comments_then,
    tasks_then,
    tasks_then_by_status,
)
from schema.links.states import LinkState
from schema.milestones.states import MilestoneState
from schema.nodes import node_edge
from schema.paging import Connection
from schema.positions import Position
from schema.projects.states import (
    LabelState,
    ProjectMemberState,
    ProjectState,
    ProjectTeamState,
    StatusState,
    TaskTypeState,
)
from schema.sprints.states import SprintState
from schema.tasks.states import TaskState
from schema.views.states import ViewState
from schema.workflows.states import TransitionState

if TYPE_CHECKING:
    from schema.boards.as_of import BoardAsOf
    from schema.comments.types import Comment
    from schema.tasks.types import Task

_BY_RANK = itemgetter("rank", "id")
_BY_NAME = itemgetter("name", "id")


async def _words(context: Context, moments: list[Moment], name: str) -> list[list[dict[str, Any]]]:
    await load_words(await context.reader(), moments)
    return [(moment.words or {})[name] for moment in moments]


def _listed(name: str, state_type: Any, order: Any) -> Any:
    """An edge's batch: the words of a kind that were not deleted, in order."""

    async def of_moments(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
        found = await _words(context, parents, name)
        return [
            [
                state_type.of(state, moment.scope_id)
                for state in sorted(listed, key=order)
                if not state.get("deleted_at")
            ]
            for moment, listed in zip(parents, found, strict=True)
        ]

    return of_moments


async def _statuses(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    found = await _words(context, parents, "status")
    return [
        [PastStatus(moment, state) for state in sorted(listed, key=_BY_RANK) if not state["deleted_at"]]
        for moment, listed in zip(parents, found, strict=True)
    ]


async def _projects(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    found = await _words(context, parents, "project")
    return [
        ProjectState.of(listed[0], moment.scope_id) for moment, listed in zip(parents, found, strict=True)
    ]


async def _keys(context: Context, parents: list[Any], columns: Columns) -> list[str]:
    found = await _words(context, [parent.moment for parent in parents], "project")
    return [
        f"{listed[0]['key']}-{parent.past['number']}" for parent, listed in zip(parents, found, strict=True)
    ]


def _word_of_task(name: str, field: str, state_type: Any) -> Any:
    async def of_tasks(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
        found = await _words(context, [parent.moment for parent in parents], name)
        return [
            None
            if parent.past[field] is None
            else state_type.of(
                next(one for one in listed if one["id"] == parent.past[field]), parent.moment.scope_id
            )
            for parent, listed in zip(parents, found, strict=True)
        ]

    return of_tasks


async def _labels_of_tasks(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    found = await _words(context, [parent.moment for parent in parents], "label")
    return [
        [
            LabelState.of(one, parent.moment.scope_id)
            for one in sorted(listed, key=_BY_NAME)
            if one["id"] in parent.past["label_ids"] and not one["deleted_at"]
        ]
        for parent, listed in zip(parents, found, strict=True)
    ]


async def _assignees(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    ids = [[UUID(one) for one in parent.past["assignee_ids"]] for parent in parents]
    found = await users(context, [one for some in ids for one in some])
    people = {one.id: one for one in found if one is not None}
    return [
        sorted((people[one] for one in some if one in people), key=lambda user: (user.name, user.id))
        for some in ids
    ]


def _leaves(link: dict[str, Any]) -> bool:
    return link["source_task_id"] is None or link["target_task_id"] is None


async def _links(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    reader = await context.reader()
    found = await links_then(reader, [(parent.moment, parent.id) for parent in parents])
    # A link that leaves the project is there for whoever sees both its ends, as today.
    leaving = [UUID(state["id"]) for listed in found for state in listed if _leaves(state)]
    seen = await access_links(reader, context.viewer_id, leaving)
    return [
        [
            LinkState.of(state, parent.moment.scope_id)
            for state in listed
            if not _leaves(state) or UUID(state["id"]) in seen
        ]
        for parent, listed in zip(parents, found, strict=True)
    ]


def _task_state(root: Any) -> TaskState:
    return TaskState.of(root.past, root.moment.scope_id)


def _comment_state(root: Any) -> CommentState:
    return CommentState.of(root.past, root.moment.scope_id)


def _status_state(root: Any) -> StatusState:
    return StatusState.of(root.past, root.moment.scope_id)


def _position(root: Any) -> Position:
    return Position.of(root.position)


def is_past(kind: type[Any]) -> Any:
    """Tells values of a type of the past by their class."""

    def is_type_of(value: Any, info: Any) -> bool:
        return type(value) is kind

    is_type_of.by_class = True  # type: ignore[attr-defined]
    return is_type_of


_NOW = "It as it is now; null if it is not there for you any more."


@strawberry.type(description="A comment as it was.")
class CommentAsOf:
    state: CommentState = strawberry.field(
        resolver=_comment_state, description="All its own fields, as they were."
    )
    author: User | None = user_edge("author_id", "Who wrote it, as they are shown now.")
    comment: Annotated[Comment, strawberry.lazy("schema.comments.types")] | None = node_edge(
        "Comment", "id", _NOW
    )

    is_type_of = is_past(PastComment)


@strawberry.type(
    description="A task as it was. What it names has the words of then; people are shown as they are now."
)
class TaskAsOf:
    key: str = edge(_keys, "What people called it, such as ENG-12.")
    state: TaskState = strawberry.field(resolver=_task_state, description="All its own fields, as they were.")
    status: StatusState = edge(_word_of_task("status", "status_id", StatusState), "Where it stood.")
    type: TaskTypeState = edge(
        _word_of_task("task_type", "type_id", TaskTypeState), "What kind of task it was."
    )
    labels: list[LabelState] = edge(_labels_of_tasks, "Its labels, by name.")
    sprint: SprintState | None = edge(
        _word_of_task("sprint", "sprint_id", SprintState), "The sprint that it was in."
    )
    milestone: MilestoneState | None = edge(
        _word_of_task("milestone", "milestone_id", MilestoneState), "The milestone that it was in."
    )
    assignees: list[User] = edge(_assignees, "Who it was assigned to, as they are shown now.")
    creator: User | None = user_edge("creator_id", "Who made it, as they are shown now.")
    comments: Connection[CommentAsOf] = edge(comments_then, "Its comments of then, oldest first.")
    links: list[LinkState] = edge(
        _links,
        "Its links of then, oldest first. An end in another project is null; such a link is there if it still is, and "
        "you see both its ends.",
    )
    task: Annotated[Task, strawberry.lazy("schema.tasks.types")] | None = node_edge("Task", "id", _NOW)

    is_type_of = is_past(PastTask)


@strawberry.type(description="A status as it was: a column of the board of then.")
class StatusAsOf:
    state: StatusState = strawberry.field(resolver=_status_state, description="All its fields, as they were.")
    tasks: Connection[TaskAsOf] = edge(
        tasks_then_by_status, "The tasks that were in it, by rank unless another order is asked for."
    )

    is_type_of = is_past(PastStatus)


@strawberry.type(
    description="A project as it was: exactly what its log says up to a position. It never changes. Access is of "
    "today, and words that were redacted since are gone here too."
)
class ProjectAsOf:
    position: Position = strawberry.field(
        resolver=_position, description="Which moment: everything up to this is in it, and nothing after."
    )
    recorded_at: datetime = strawberry.field(description="When the last event in it was recorded.")
    state: ProjectState = edge(_projects, "Its own fields, as they were.")
    statuses: list[StatusAsOf] = edge(_statuses, "Its statuses in order: the board as it was.")
    boards: list[Annotated[BoardAsOf, strawberry.lazy("schema.boards.as_of")]] = edge(
        boards_then, "The boards that it had, in their order."
    )
    labels: list[LabelState] = edge(_listed("label", LabelState, _BY_NAME), "Its labels by name.")
    task_types: list[TaskTypeState] = edge(
        _listed("task_type", TaskTypeState, _BY_NAME), "Its task types by name."
    )
    sprints: list[SprintState] = edge(_listed("sprint", SprintState, _BY_RANK), "Its sprints in order.")
    milestones: list[MilestoneState] = edge(
        _listed("milestone", MilestoneState, _BY_RANK), "Its milestones in order."
    )
    custom_fields: list[CustomFieldState] = edge(
        _listed("custom_field", CustomFieldState, _BY_RANK), "Its custom fields in order."
    )
    transitions: list[TransitionState] = edge(
        _listed("transition", TransitionState, _BY_RANK), "The transitions of its workflow, in order."
    )
    views: list[ViewState] = edge(_listed("view", ViewState, _BY_NAME), "The views that it shared, by name.")
    members: list[ProjectMemberState] = edge(
        _listed("project_member", ProjectMemberState, itemgetter("user_id")),
        "Who had been added to it by name.",
    )
    teams: list[ProjectTeamState] = edge(
        _listed("project_team", ProjectTeamState, itemgetter("team_id")), "The teams that held a role."
    )
    tasks: Connection[TaskAsOf] = edge(
        tasks_then, "The tasks that it had, by rank unless another order is asked for."
    )

    is_type_of = is_past(Moment)
