"""Pure checks of transitions: what may stand in one, which ones govern a task, and what speaks against a move."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.errors import TransitionReason, TransitionRefused, ValidationFailed
from app.fields.models import CustomField
from app.projects.models import Label, Status, StatusCategory
from app.sprints.models import Sprint
from app.workflows.conditions import OF_WORDS, reasons_against, tasks_counted
from app.workflows.models import (
    Transition,
    TransitionConditionKind,
    TransitionReasonKind,
)

State = dict[str, Any]
Terms = dict[str, Any]
"""Conditions or actions by kind: ``{"role": "manager", "wip_limit": 3}``; true for those that need no value."""

CLOSED = frozenset({StatusCategory.COMPLETED.value, StatusCategory.CANCELLED.value})
MOST_IN_STATUS = 10_000
MOST_NAMED = 50
"""Fields or labels that a condition names."""


def gathered(named: Iterable[tuple[str, Any]], path: str) -> Terms:
    """Conditions or actions by kind; raises ``ValidationFailed`` for a kind that stands there twice."""
    terms: Terms = {}
    for kind, value in named:
        if kind in terms:
            raise ValidationFailed("Each kind may stand here once.", path=(path,))
        terms[str(kind)] = value
    return terms


def check_conditions(conditions: Terms) -> Terms:
    """Each with what it needs; raises ``ValidationFailed``."""
    limit = conditions.get(TransitionConditionKind.WIP_LIMIT, 1)
    if not 1 <= limit <= MOST_IN_STATUS:
        raise ValidationFailed(f"A limit is a number from 1 to {MOST_IN_STATUS:,}.", path=("conditions",))
    for kind in (TransitionConditionKind.FIELDS, *OF_WORDS):
        named = conditions.get(kind, [""])
        if not named or len(named) > MOST_NAMED:
            raise ValidationFailed(f"Name 1 to {MOST_NAMED} of them.", path=("conditions",))
    return conditions


@dataclass(frozen=True)
class ColumnLimit:
    """A column of a board that refuses more tasks than its limit says."""

    name: str
    status_ids: frozenset[UUID]
    limit: int


@dataclass
class Surroundings:
    """What the moves of a batch depend on beside the moved tasks; decisions write what they decided back.

    ``transitions`` are by project, in their order, without deleted ones. ``blockers`` and ``children`` are tasks that
    the viewer sees and that are not deleted, ``closed`` says of each whether it is done. ``counts``: how many tasks are
    in a status, for the statuses that a limit is asked of. ``limits``: what boards of a project refuse.
    ``labels``, ``fields``, ``sprints``: of projects whose conditions ask for some, deleted ones too.
    ``places``: the projects of blockers and children.
    """

    transitions: dict[UUID, list[Transition]] = field(default_factory=dict)
    statuses: dict[UUID, list[Status]] = field(default_factory=dict)
    blockers: dict[UUID, list[UUID]] = field(default_factory=dict)
    children: dict[UUID, list[UUID]] = field(default_factory=dict)
    closed: dict[UUID, bool] = field(default_factory=dict)
    counts: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    limits: dict[UUID, list[ColumnLimit]] = field(default_factory=dict)
    labels: dict[UUID, list[Label]] = field(default_factory=dict)
    fields: dict[UUID, list[CustomField]] = field(default_factory=dict)
    sprints: dict[UUID, list[Sprint]] = field(default_factory=dict)
    places: set[UUID] = field(default_factory=set)

    def status(self, project_id: UUID, status_id: str) -> Status | None:
        """A status of a project, deleted or not."""
        return next((one for one in self.statuses.get(project_id, ()) if str(one.id) == status_id), None)

    def moved(self, project_id: UUID, old_status_id: str | None, new: State) -> None:
        """A task of the batch took another status, or came: what is decided after it goes by that."""
        for status_id, step in ((old_status_id, -1), (new["status_id"], 1)):
            key = None if status_id is None else (project_id, UUID(status_id))
            if key in self.counts:
                self.counts[key] += step
        self.closed[UUID(new["id"])] = self.is_done(project_id, new["status_id"])

    def is_done(self, project_id: UUID, status_id: str) -> bool:
        """Whether a task in this status is completed or cancelled."""
        status = self.status(project_id, status_id)
        return status is not None and status.category in CLOSED


@dataclass(frozen=True)
class Mover:
    """Who moves a task: their role in its project, and whether they say why in a comment."""

    role: str
    commented: bool = False


def governing(transitions: Iterable[Transition], type_id: str) -> list[Transition]:
    """The transitions that bind a task of a type: the type's own if it has any, else those of every type."""
    listed = list(transitions)
    own = [one for one in listed if one.type_id is not None and str(one.type_id) == type_id]
    return own or [one for one in listed if one.type_id is None]


def leads(transition: Transition, state: State) -> bool:
    """Whether a transition begins where a task stands, and ends elsewhere."""
    begins = transition.from_status_id is None or str(transition.from_status_id) == state["status_id"]
    ends: bool = str(transition.to_status_id) != state["status_id"]
    return begins and ends


def check_transition(
    around: Surroundings, project_id: UUID, old: State, new: State, mover: Mover
) -> Transition | None:
    """The transition that a change of status takes; None where no workflow governs. Raises ``TransitionRefused``.

    ``new`` is the task as it would be: fields that the same edit fills are there.
    """
    governed = governing(around.transitions.get(project_id, ()), new["type_id"])
    if not governed:
        return None
    ways = [one for one in governed if leads(one, old) and str(one.to_status_id) == new["status_id"]]
    if not ways:
        raise TransitionRefused([no_way(around, project_id, old, new)])
    against = []
    for way in ways:
        reasons = reasons_against(way, around, project_id, new, mover)
        if not reasons:
            return way
        against.append(reasons)
    raise TransitionRefused(against[0])


def check_limits(around: Surroundings, project_id: UUID, old_status_id: str | None, status_id: str) -> None:
    """What boards refuse, whatever brings a task into a status (None: it was in none). Raises ``TransitionRefused``."""
    if reasons := limits_against(around, project_id, old_status_id, status_id):
        raise TransitionRefused(reasons)


def limits_against(
    around: Surroundings, project_id: UUID, old_status_id: str | None, status_id: str
) -> list[TransitionReason]:
    """The boards' limits that are in the way of a task."""
    reasons = []
    for one in around.limits.get(project_id, ()):
        enters = UUID(status_id) in one.status_ids
        if not enters or (old_status_id is not None and UUID(old_status_id) in one.status_ids):
            continue
        count = sum(around.counts.get((project_id, status), 0) for status in one.status_ids)
        if count >= one.limit:
            told = f"“{one.name}” has {tasks_counted(count)}; {one.limit} is the limit."
            reasons.append(TransitionReason(TransitionReasonKind.WIP_LIMIT, told, limit=one.limit))
    return reasons


def no_way(around: Surroundings, project_id: UUID, old: State, new: State) -> TransitionReason:
    """There is no such transition."""
    names = [
        status.name if (status := around.status(project_id, state["status_id"])) else "?"
        for state in (old, new)
    ]
    told = f"The workflow has no transition from {names[0]} to {names[1]}."
    return TransitionReason(TransitionReasonKind.NO_TRANSITION, told)
