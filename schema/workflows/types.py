"""Transitions, and which of them a task may take."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import strawberry

from app.errors import TransitionReason as Reason
from app.permissions import Permission
from app.projects.access import may
from app.projects.reads import STATUSES, TASK_TYPES, by_project
from app.tasks.events import task_state
from app.tasks.reads import tasks_by_key
from app.workflows.conditions import reasons_against
from app.workflows.facts import surroundings_at
from app.workflows.models import Transition as TransitionRow
from app.workflows.models import TransitionConditionKind, TransitionReasonKind
from app.workflows.reads import TRANSITIONS
from app.workflows.rules import Mover, Surroundings, governing, leads, limits_against
from schema.context import Columns, Context
from schema.edges import column, derived, edge
from schema.errors import TransitionReason, transition_reason
from schema.nodes import FETCHERS, Node, is_row_of
from schema.projects.types import Status, TaskType
from schema.workflows.forms import TransitionAction, TransitionCondition, actions_of, conditions_of


def _word(statement: Any, attribute: str) -> Any:
    async def of_transitions(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
        projects = list({parent.project_id for parent in parents})
        rows = await by_project(await context.reader(), statement, projects)
        words = {row.id: row for listed in rows.values() for row in listed}
        return [words.get(getattr(parent, attribute)) for parent in parents]

    return of_transitions


def _conditions(root: Any) -> list[TransitionCondition]:
    return conditions_of(root.conditions, root.project_id)


def _actions(root: Any) -> list[TransitionAction]:
    return actions_of(root.actions, root.project_id)


async def _permitted(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    found = await context.projects([parent.project_id for parent in parents])
    return [
        may(found[parent.project_id], Permission.MANAGE_WORKFLOW) and parent.deleted_at is None
        for parent in parents
    ]


@strawberry.type(description="A way of a project's workflow from one status to another.")
class Transition(Node):
    name: str = column("What the button says.")
    from_status: Status | None = edge(
        _word(STATUSES, "from_status_id"), "Where it begins; null: anywhere.",
        reads=("project_id", "from_status_id"),
    )  # fmt: skip
    to_status: Status = edge(
        _word(STATUSES, "to_status_id"), "Where it leads.", reads=("project_id", "to_status_id")
    )
    type: TaskType | None = edge(
        _word(TASK_TYPES, "type_id"), "Which tasks it is for; null: all whose type has none of its own.",
        reads=("project_id", "type_id"),
    )  # fmt: skip
    conditions: list[TransitionCondition] = derived(
        _conditions, "What must hold.", reads=("project_id", "conditions")
    )
    actions: list[TransitionAction] = derived(
        _actions, "What it does besides.", reads=("project_id", "actions")
    )
    rank: str = column("Of several that lead the same way the first by this whose conditions hold is taken.")
    version: int = column("For `transitionUpdate(expectedVersion:)`.")
    deleted_at: datetime | None = column("When it was deleted.")
    viewer_can_update: bool = edge(_permitted, "Whether you may change and delete it.")

    is_type_of = is_row_of(TransitionRow, "Transition", within_project=True)


@strawberry.type(description="A status that a task could take next, and whether you may give it that now.")
class AvailableTransition:
    transition: Transition | None = strawberry.field(
        description="The transition that leads there; null where the project has no workflow."
    )
    status: Status = strawberry.field(description="Where it leads.")
    allowed: bool = strawberry.field(description="Whether you may make it now.")
    comment_required: bool = strawberry.field(
        description="Send a `comment` with the move. That it is not there yet is no reason against it."
    )
    reasons: list[TransitionReason] = strawberry.field(description="Why not, where it is not allowed.")


async def available_of_tasks(
    context: Context, parents: list[Any], columns: Columns
) -> list[list[AvailableTransition]]:
    """What the viewer may do with each task, in a number of statements that the number of tasks does not change."""
    projects = await context.projects([parent.project_id for parent in parents])
    reader = await context.reader()
    rows = await tasks_by_key(reader, list({(parent.project_id, parent.id) for parent in parents}))
    statuses = await by_project(reader, STATUSES, list(projects))
    around = await surroundings_at(reader, list(rows.values()), statuses)
    await context.projects(list(around.places))  # what is shown goes by their logs too
    found = []
    for parent in parents:
        row, project = rows[parent.id], projects[parent.project_id]
        idle = row.deleted_at is not None or project.archived_at is not None
        role: str = project.role  # type: ignore[attr-defined]
        barred = [] if may(project, Permission.EDIT_TASKS) else [_NO_EDITOR]
        found.append([] if idle else _available(row, around, Mover(role), barred))
    return found


_EDITOR = Permission.EDIT_TASKS.rule.needs.value
_NO_EDITOR = Reason(TransitionReasonKind.ROLE, f"Moving tasks needs the role {_EDITOR}.", role=_EDITOR)


def _available(
    row: Any, around: Surroundings, mover: Mover, barred: list[Reason]
) -> list[AvailableTransition]:
    """``barred``: what speaks against every way, whatever the workflow says."""
    state = task_state(row)
    living = [
        one for one in around.statuses[row.project_id] if one.deleted_at is None and one.successor_id is None
    ]
    ways = governing(around.transitions.get(row.project_id, ()), state["type_id"])
    if not ways:
        return [
            _told(None, one, state, around, row.project_id, barred)
            for one in living
            if one.id != row.status_id
        ]
    there = {one.id: one for one in living}
    return [
        _judged(one, there[one.to_status_id], state, around, row.project_id, mover, barred)
        for one in ways
        if leads(one, state) and one.to_status_id in there
    ]


def _judged(
    way: Any, status: Any, state: dict[str, Any], around: Surroundings, project_id: Any, mover: Mover,
    barred: list[Reason],
) -> AvailableTransition:  # fmt: skip
    against = reasons_against(way, around, project_id, state, mover)
    against = [one for one in against if one.kind != TransitionReasonKind.COMMENT_REQUIRED]
    return _told(way, status, state, around, project_id, [*barred, *against])


def _told(
    way: Any, status: Any, state: dict[str, Any], around: Surroundings, project_id: Any, against: list[Any]
) -> AvailableTransition:
    """With what boards refuse beside what the way itself does; ``way``: None where no workflow governs."""
    limits = limits_against(around, project_id, state["status_id"], str(status.id))
    reasons = [*against, *limits]
    return AvailableTransition(
        transition=way, status=status, allowed=not reasons,
        comment_required=way is not None and TransitionConditionKind.COMMENT in way.conditions,
        reasons=[transition_reason(one) for one in reasons],
    )  # fmt: skip


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    visible = await context.projects([one[0] for one in ids])
    rows = await by_project(await context.reader(), TRANSITIONS, list(visible))
    found = {(row.project_id, row.id): row for listed in rows.values() for row in listed}
    return [found.get(one) for one in ids]


FETCHERS["Transition"] = _fetch
