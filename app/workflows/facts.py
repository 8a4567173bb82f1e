"""What the moves of a batch depend on beside the moved tasks: held first, then read in later statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import Reader
from app.events.models import ActorKind
from app.guards import Guard
from app.projects.actions.objects import planning_guard
from app.projects.models import Status, StatusCategory
from app.work import Work
from app.workflows.conditions import OF_WORDS
from app.workflows.effects import closes_parent
from app.workflows.models import Transition, TransitionActionKind, TransitionConditionKind
from app.workflows.reads import (
    count_tasks_in,
    hold_relatives,
    limits_by_project,
    read_relatives,
    read_words,
    transitions_by_project,
)
from app.workflows.rules import Surroundings

Key = tuple[UUID, UUID]

_OF_RELATIVES = frozenset(
    {TransitionConditionKind.BLOCKERS_DONE.value, TransitionConditionKind.CHILDREN_DONE.value}
)
_OF_WORDS = frozenset(kind.value for kind in OF_WORDS) | {
    TransitionActionKind.SET_CUSTOM_FIELDS.value, TransitionActionKind.ADD_LABELS.value,
    TransitionActionKind.REMOVE_LABELS.value,
}  # fmt: skip


@dataclass(frozen=True)
class Move:
    """A task that is to take a status. ``parent_id``: the task it is part of."""

    project_id: UUID
    task_id: UUID
    status_id: UUID
    parent_id: UUID | None = None


def entering_guard(status_id: UUID) -> Guard:
    """Held by whoever brings a task into a status that has a limit: two would each find the last place free."""
    return Guard.of("entering", status_id)


def closing_guard(project_id: UUID) -> Guard:
    """Held by whoever may close parents: two that close the last sub-tasks of two would wait for one another above."""
    return Guard.of("closing", project_id)


async def surroundings_of_moves(
    work: Work, moves: Sequence[Move], statuses: dict[UUID, list[Status]]
) -> Surroundings:
    """What decides whether tasks may take other statuses, held until the unit ends.

    One statement where no workflow governs; otherwise as many as its conditions ask for, whatever the number of tasks.
    """
    around = Surroundings(statuses=statuses)
    # Imports and the service itself tell what happened, or was decided, elsewhere: no workflow binds them.
    if not moves or work.actor.kind is not ActorKind.USER:
        return around
    projects = list({move.project_id for move in moves})
    around.transitions = await transitions_by_project(work, projects)
    around.limits = await limits_by_project(work, projects)
    closing = _closing(moves, around.transitions)
    if closing:
        await work.guard(*(closing_guard(project_id) for project_id in closing))
    named = _naming(moves, around)
    if named:
        # The words' guard is held; what a field asks is not changed meanwhile either.
        await work.guard(*(planning_guard(project_id) for project_id in named))
        await read_words(work, named, around)
    keys = _related(moves, around.transitions)
    if keys:
        await hold_relatives(work, keys)
        await read_relatives(work, keys, around)
    entered = sorted(_entered(moves, around))
    if entered:
        await work.guard(*(entering_guard(status_id) for _, status_id in entered))
        around.counts = await count_tasks_in(work, entered)
    return around


def asks_more(moves: Sequence[Move], around: Surroundings) -> bool:
    """Whether more than the transitions themselves decides about moves: other tasks, a limit, words."""
    more = _related(moves, around.transitions) or _naming(moves, around)
    return bool(more or _closing(moves, around.transitions) or _entered(moves, around))


async def surroundings_at(
    reader: Reader, tasks: Sequence[Any], statuses: dict[UUID, list[Status]]
) -> Surroundings:
    """What decides about every move that these tasks (rows) could make, as it is now. Holds nothing."""
    around = Surroundings(statuses=statuses)
    projects = list({task.project_id for task in tasks})
    around.transitions = await transitions_by_project(reader, projects)
    around.limits = await limits_by_project(reader, projects)
    keys = [
        (task.project_id, task.id)
        for task in tasks
        if any(_asks(one, _OF_RELATIVES) for one in around.transitions.get(task.project_id, ()))
    ]
    if keys:
        await read_relatives(reader, keys, around)
    naming = [
        place for place in projects if any(_asks(one, _OF_WORDS) for one in around.transitions.get(place, ()))
    ]
    if naming:
        await read_words(reader, naming, around)
    limited = sorted(_limited(around))
    if limited:
        around.counts = await count_tasks_in(reader, limited)
    return around


def _naming(moves: Iterable[Move], around: Surroundings) -> list[UUID]:
    """The projects of moves that labels, custom fields or sprints decide about, or that set some."""
    asked = {
        (one.project_id, one.to_status_id)
        for listed in around.transitions.values()
        for one in listed
        if _asks(one, _OF_WORDS)
    }
    return sorted(
        {project_id for project_id, status_id in _taken(moves, around) if (project_id, status_id) in asked}
    )


def _taken(moves: Iterable[Move], around: Surroundings) -> set[Key]:
    """The statuses that tasks may take by this: the ones asked for, and those in which a parent is done."""
    moved = list(moves)
    done = {
        (project_id, one.id)
        for project_id in _closing(moved, around.transitions)
        for one in done_statuses(around, project_id)
    }
    return done | {(one.project_id, one.status_id) for one in moved}


def _closing(moves: Iterable[Move], transitions: dict[UUID, list[Transition]]) -> list[UUID]:
    """The projects in which moves may close parents."""
    return sorted(
        {
            move.project_id
            for move in moves
            for one in transitions.get(move.project_id, ())
            if one.to_status_id == move.status_id and closes_parent(one)
        }
    )


def _related(moves: Iterable[Move], transitions: dict[UUID, list[Transition]]) -> list[Key]:
    """The tasks whose blockers and sub-tasks count: those that move, and parents that may be closed by it."""
    found: dict[Key, None] = {}
    for move in moves:
        ways = [one for one in transitions.get(move.project_id, ()) if one.to_status_id == move.status_id]
        if any(_asks(one, _OF_RELATIVES) for one in ways):
            found[move.project_id, move.task_id] = None
        if move.parent_id is not None and any(map(closes_parent, ways)):
            found[move.project_id, move.parent_id] = None
    return list(found)


def _entered(moves: Iterable[Move], around: Surroundings) -> set[Key]:
    """Statuses with a limit that tasks may enter by this."""
    found = _taken(moves, around)
    # A column is counted as a whole: whoever enters another status of it takes a place too.
    beside = {
        (project_id, other)
        for project_id, status_id in found
        for one in around.limits.get(project_id, ())
        if status_id in one.status_ids
        for other in one.status_ids
    }
    return (found | beside) & _limited(around)


def done_statuses(around: Surroundings, project_id: UUID) -> list[Status]:
    """The statuses of a project in which a task is completed, in their order."""
    return [
        one
        for one in around.statuses.get(project_id, ())
        if one.category == StatusCategory.COMPLETED.value
        and one.deleted_at is None
        and one.successor_id is None
    ]


def _limited(around: Surroundings) -> set[Key]:
    """Statuses that a limit is asked of."""
    limit = frozenset({TransitionConditionKind.WIP_LIMIT.value})
    asked = {
        (one.project_id, one.to_status_id)
        for listed in around.transitions.values()
        for one in listed
        if _asks(one, limit)
    }
    boards = {
        (project_id, status_id)
        for project_id, listed in around.limits.items()
        for one in listed
        for status_id in one.status_ids
    }
    return asked | boards


def _asks(transition: Transition, kinds: frozenset[str]) -> bool:
    return not kinds.isdisjoint({*transition.conditions, *transition.actions})
