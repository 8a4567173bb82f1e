"""What tasks are planned by: the sprints, milestones and custom fields of their projects. Facts, and pure checks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.errors import NotFound, ValidationFailed
from app.events.deltas import State
from app.fields.models import CustomField
from app.fields.rules import check_required, check_value
from app.gathering import Gathering, Select
from app.guards import Guard
from app.milestones.models import Milestone
from app.projects.actions.objects import living, planning_guard
from app.projects.gathered import of_project
from app.sprints.models import Sprint, SprintStage
from app.tasks.commands import REMOVE, TaskPatch

SPRINTS: Select[Sprint] = of_project(Sprint, "w.project_id, w.id")
MILESTONES: Select[Milestone] = of_project(Milestone, "w.project_id, w.id")
CUSTOM_FIELDS: Select[CustomField] = of_project(CustomField, "w.project_id, w.rank, w.id")


@dataclass
class Plans:
    """By project, deleted ones too; only what some patch of the batch asks for."""

    sprints: dict[UUID, list[Sprint]] = field(default_factory=dict)
    milestones: dict[UUID, list[Milestone]] = field(default_factory=dict)
    fields: dict[UUID, list[CustomField]] = field(default_factory=dict)
    readers: set[tuple[UUID, UUID]] = field(default_factory=set)
    """(project, person) pairs: who of the named people sees which project."""


def plan_guards(patches: Iterable[tuple[UUID, TaskPatch]]) -> list[Guard]:
    """The guards of (project, patch) pairs: of those alone that touch what is planned."""
    return [planning_guard(project_id) for project_id, patch in patches if _touches(patch)]


def _touches(patch: TaskPatch) -> bool:
    return bool(patch.fields) or not patch.values.keys().isdisjoint(
        ("sprint_id", "milestone_id", "deleted_at")
    )


def ask_for_plans(asked: Gathering, patch: TaskPatch, project: tuple[UUID]) -> None:
    """Ask for what decides about a patch in a project, of the kinds that it names."""
    if not patch.values.keys().isdisjoint(("sprint_id", "deleted_at")):
        asked.ask(SPRINTS, [project])
    if not patch.values.keys().isdisjoint(("milestone_id", "deleted_at")):
        asked.ask(MILESTONES, [project])
    if patch.fields:
        asked.ask(CUSTOM_FIELDS, [project])


def plans_from(asked: Gathering) -> Plans:
    """What was found."""
    plans = Plans()
    for sprint in asked.found(SPRINTS):
        plans.sprints.setdefault(sprint.project_id, []).append(sprint)
    for milestone in asked.found(MILESTONES):
        plans.milestones.setdefault(milestone.project_id, []).append(milestone)
    for one in asked.found(CUSTOM_FIELDS):
        plans.fields.setdefault(one.project_id, []).append(one)
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
    if current is None or new.get("fields") != current.get("fields"):
        _check_fields(project_id, {} if current is None else current["fields"], new, plans)


def check_cleared(project_id: UUID, patch: TaskPatch, plans: Plans) -> None:
    """What a patch clears must be a field of the project, whether or not something stands in it."""
    fields = plans.fields.get(project_id, ())
    for field_id, value in patch.fields.items():
        if value is REMOVE and living(fields, UUID(field_id)) is None:
            raise NotFound("Custom field", path=("fields",))


def _check_fields(project_id: UUID, before: dict[str, Any], new: State, plans: Plans) -> None:
    fields, values, type_id = plans.fields.get(project_id, []), new["fields"], new["type_id"]
    for field_id, value in values.items():
        if value != before.get(field_id):
            readers = {user_id for place, user_id in plans.readers if place == project_id}
            check_value(fields, field_id, value, type_id, readers)
    gone = before.keys() - values.keys()
    check_required([one for one in fields if str(one.id) in gone], type_id, values)


def check_new(project_id: UUID, new: State, plans: Plans) -> None:
    """What a new task needs: the required fields of its type."""
    check_required(plans.fields.get(project_id, ()), new["type_id"], new["fields"])


def mend_plans(project_id: UUID, new: State, plans: Plans, *, finished: bool) -> None:
    """A restored task is in no sprint or milestone that is gone, and an unfinished one in none that is over."""
    sprints, milestones = plans.sprints.get(project_id, ()), plans.milestones.get(project_id, ())
    if new["sprint_id"] is not None:
        sprint = living(sprints, UUID(new["sprint_id"]))
        if sprint is None or (sprint.stage == SprintStage.COMPLETED.value and not finished):
            new["sprint_id"] = None
    if new["milestone_id"] is not None and living(milestones, UUID(new["milestone_id"])) is None:
        new["milestone_id"] = None
