"""What tasks are planned by: the sprints, milestones and custom fields of their projects. Facts, and pure checks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.errors import NotFound, ValidationFailed
from app.events.deltas import State
from app.gathering import Gathering, Select
from app.guards import Guard
from app.milestones.models import Milestone
from app.projects.actions.objects import living, planning_guard
from app.projects.gathered import of_project
from app.sprints.models import Sprint, SprintStage
from app.tasks.commands import TaskPatch

SPRINTS: Select[Sprint] = of_project(Sprint, "w.project_id, w.id")
MILESTONES: Select[Milestone] = of_project(Milestone, "w.project_id, w.id")


@dataclass
class Plans:
    """By project, deleted ones too; only what some patch of the batch asks for."""

    sprints: dict[UUID, list[Sprint]] = field(default_factory=dict)
    milestones: dict[UUID, list[Milestone]] = field(default_factory=dict)


def plan_guards(patches: Iterable[tuple[UUID, TaskPatch]]) -> list[Guard]:
    """The guards of (project, patch) pairs: of those alone that touch what is planned."""
    return [planning_guard(project_id) for project_id, patch in patches if _touches(patch)]


def _touches(patch: TaskPatch) -> bool:
    return not patch.values.keys().isdisjoint(("sprint_id", "milestone_id", "deleted_at"))


def ask_for_plans(asked: Gathering, patch: TaskPatch, project: tuple[UUID]) -> None:
    """Ask for what decides about a patch in a project, of the kinds that it names."""
    if not patch.values.keys().isdisjoint(("sprint_id", "deleted_at")):
        asked.ask(SPRINTS, [project])
    if not patch.values.keys().isdisjoint(("milestone_id", "deleted_at")):
        asked.ask(MILESTONES, [project])


def plans_from(asked: Gathering) -> Plans:
    """What was found."""
    plans = Plans()
    for sprint in asked.found(SPRINTS):
        plans.sprints.setdefault(sprint.project_id, []).append(sprint)
    for milestone in asked.found(MILESTONES):
        plans.milestones.setdefault(milestone.project_id, []).append(milestone)
    return plans


def check_plans(project_id: UUID, current: State | None, new: State, plans: Plans) -> None:
    """What a task newly points at must be there, and a sprint must not be over."""
    sprint_id, milestone_id = new["sprint_id"], new["milestone_id"]
    if sprint_id is not None and (current is None or sprint_id != current["sprint_id"]):
        sprint = living(plans.sprints.get(project_id, ()), UUID(sprint_id))
        if sprint is None:
            raise NotFound("Sprint", path=("sprintId",))
        if sprint.stage == SprintStage.COMPLETED.value:
            raise ValidationFailed(
                "This sprint is completed. Take one that is planned or active.", path=("sprintId",)
            )
    taken = milestone_id is not None and (current is None or milestone_id != current["milestone_id"])
    if taken and living(plans.milestones.get(project_id, ()), UUID(milestone_id)) is None:
        raise NotFound("Milestone", path=("milestoneId",))


def mend_plans(project_id: UUID, new: State, plans: Plans) -> None:
    """A restored task is in no sprint or milestone that is gone, and an unfinished one in none that is over."""
    for name, rows in (("sprint_id", plans.sprints), ("milestone_id", plans.milestones)):
        rows_here: list[Any] = list(rows.get(project_id, ()))
        if new[name] is not None and living(rows_here, UUID(new[name])) is None:
            new[name] = None
