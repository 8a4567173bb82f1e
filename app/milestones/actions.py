"""Making, changing and releasing milestones. Deleting one also changes tasks, and is done by ``app.planning``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.errors import ValidationFailed
from app.milestones.events import (
    MILESTONE_CREATED,
    MILESTONE_RELEASED,
    MILESTONE_SHAPE,
    MILESTONE_UPDATED,
    milestone_state,
)
from app.milestones.models import Milestone
from app.milestones.reads import MILESTONES
from app.outcomes import Result
from app.permissions import Permission
from app.projects.actions.objects import (
    ObjectKind,
    change_object,
    check_free_name,
    found,
    open_objects,
    placed,
    record_object,
)
from app.values import check_text, now_utc
from app.work import Action, Work

MILESTONE = ObjectKind(
    "Milestone", Milestone, MILESTONES, MILESTONE_CREATED, milestone_state, MILESTONE_SHAPE
)


def create_milestone(project_id: UUID, values: dict[str, Any], *, client_id: UUID | None = None) -> Action:
    """Make a milestone; it stands last unless ``before_id`` or ``after_id`` says where."""

    async def action(work: Work) -> Result:
        rows = await open_objects(work, MILESTONE, project_id, Permission.PLAN)
        checked = _checked({"name": None, **values}, rows, None)
        rank = placed(MILESTONE, rows, None, values.get("before_id"), values.get("after_id"))
        checked = {"description": "", **checked, "rank": rank}
        milestone_id = await record_object(work, MILESTONE, rows, project_id, checked, client_id)
        return {"project_id": str(project_id), "id": str(milestone_id)}

    return action


def update_milestone(
    project_id: UUID, milestone_id: UUID, expected_version: int, values: dict[str, Any]
) -> Action:
    """Change what a milestone is called and when it is due, its place, or take its release back (``released``)."""

    async def action(work: Work) -> Result:
        rows = await open_objects(work, MILESTONE, project_id, Permission.PLAN)
        milestone = found(MILESTONE, rows, milestone_id)
        checked = _checked(values, rows, milestone)
        if values.get("before_id") or values.get("after_id"):
            checked["rank"] = placed(
                MILESTONE, rows, milestone_id, values.get("before_id"), values.get("after_id")
            )
        if not checked:
            raise ValidationFailed("Nothing to change was given.")
        await change_object(work, MILESTONE, milestone, expected_version, checked, MILESTONE_UPDATED)
        return {"project_id": str(project_id), "id": str(milestone_id)}

    return action


def release_milestone(
    project_id: UUID, milestone_id: UUID, expected_version: int, released_at: datetime | None
) -> Action:
    """Say that a milestone was reached: now, or when it says. Tasks that are not done stay in it."""

    async def action(work: Work) -> Result:
        rows = await open_objects(work, MILESTONE, project_id, Permission.PLAN)
        milestone = found(MILESTONE, rows, milestone_id)
        if milestone.released_at is not None:
            raise ValidationFailed("This milestone is released.", path=("id",))
        now = now_utc()
        values = {"released_at": released_at or now}
        await change_object(work, MILESTONE, milestone, expected_version, values, MILESTONE_RELEASED, now)
        return {"project_id": str(project_id), "id": str(milestone_id)}

    return action


def _checked(values: dict[str, Any], rows: Sequence[Any], milestone: Any | None) -> dict[str, Any]:
    checked = {
        name: value for name, value in values.items() if name not in ("before_id", "after_id", "released")
    }
    if values.get("released"):
        raise ValidationFailed("milestoneRelease releases it; here it can be taken back.", path=("released",))
    if "released" in values:
        checked["released_at"] = None
    if "name" in checked:
        checked["name"] = check_free_name(MILESTONE, rows, checked["name"], milestone and milestone.id)
    if "description" in checked:
        checked["description"] = check_text(checked["description"] or "", "description")
    starts_on = checked.get("starts_on", milestone and milestone.starts_on)
    due_on = checked.get("due_on", milestone and milestone.due_on)
    if starts_on is not None and due_on is not None and due_on < starts_on:
        raise ValidationFailed("A milestone is due on the day it starts or later.", path=("dueOn",))
    return checked
