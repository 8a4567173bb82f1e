"""Making, changing and starting sprints. What also changes tasks (completing, deleting) is done by ``app.planning``."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.errors import ValidationFailed
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
from app.sprints.events import SPRINT_CREATED, SPRINT_SHAPE, SPRINT_STARTED, SPRINT_UPDATED, sprint_state
from app.sprints.models import Sprint, SprintStage
from app.sprints.reads import SPRINTS
from app.values import check_text, now_utc
from app.work import Action, Work

SPRINT = ObjectKind("Sprint", Sprint, SPRINTS, SPRINT_CREATED, sprint_state, SPRINT_SHAPE)


def create_sprint(project_id: UUID, values: dict[str, Any], *, client_id: UUID | None = None) -> Action:
    """Plan a sprint; it stands last unless ``before_id`` or ``after_id`` says where."""

    async def action(work: Work) -> Result:
        rows = await open_objects(work, SPRINT, project_id, Permission.PLAN)
        checked = _checked({"name": None, **values}, rows, None)
        rank = placed(SPRINT, rows, None, values.get("before_id"), values.get("after_id"))
        checked = {"goal": "", **checked, "rank": rank}
        sprint_id = await record_object(work, SPRINT, rows, project_id, checked, client_id)
        return {"project_id": str(project_id), "id": str(sprint_id)}

    return action


def update_sprint(project_id: UUID, sprint_id: UUID, expected_version: int, values: dict[str, Any]) -> Action:
    """Change what a sprint is called and plans, or its place among the others."""

    async def action(work: Work) -> Result:
        rows = await open_objects(work, SPRINT, project_id, Permission.PLAN)
        sprint = found(SPRINT, rows, sprint_id)
        checked = _checked(values, rows, sprint)
        if values.get("before_id") or values.get("after_id"):
            checked["rank"] = placed(SPRINT, rows, sprint_id, values.get("before_id"), values.get("after_id"))
        if not checked:
            raise ValidationFailed("Nothing to change was given.")
        await change_object(work, SPRINT, sprint, expected_version, checked, SPRINT_UPDATED)
        return {"project_id": str(project_id), "id": str(sprint_id)}

    return action


def start_sprint(project_id: UUID, sprint_id: UUID, expected_version: int, *, parallel: bool) -> Action:
    """Start a planned sprint. ``parallel``: also while another one of the project is active."""

    async def action(work: Work) -> Result:
        rows = await open_objects(work, SPRINT, project_id, Permission.PLAN)
        sprint = found(SPRINT, rows, sprint_id)
        if sprint.stage != SprintStage.PLANNED.value:
            raise ValidationFailed(f"This sprint is {sprint.stage}: only a planned one starts.", path=("id",))
        active = [
            row.name for row in rows if row.deleted_at is None and row.stage == SprintStage.ACTIVE.value
        ]
        if active and not parallel:
            raise ValidationFailed(
                f"{active[0]} is active. Complete it first, or start this one beside it with `parallel: true`.",
                path=("parallel",),
            )
        now = now_utc()
        values: dict[str, Any] = {"stage": SprintStage.ACTIVE.value, "started_at": now}
        if sprint.starts_on is None:
            values["starts_on"] = now.date()
            _check_days(now.date(), sprint.ends_on)
        await change_object(work, SPRINT, sprint, expected_version, values, SPRINT_STARTED, now)
        return {"project_id": str(project_id), "id": str(sprint_id)}

    return action


def _checked(values: dict[str, Any], rows: Sequence[Any], sprint: Any | None) -> dict[str, Any]:
    checked = {name: value for name, value in values.items() if name not in ("before_id", "after_id")}
    if "name" in checked:
        checked["name"] = check_free_name(SPRINT, rows, checked["name"], sprint and sprint.id)
    if "goal" in checked:
        checked["goal"] = check_text(checked["goal"] or "", "goal", length=10_000)
    check_capacity(checked.get("capacity"))
    _check_days(
        checked.get("starts_on", sprint and sprint.starts_on),
        checked.get("ends_on", sprint and sprint.ends_on),
    )
    return checked


def check_capacity(capacity: float | None) -> None:
    """Raise ``ValidationFailed`` for what is no capacity of a sprint."""
    if capacity is not None and not (math.isfinite(capacity) and 0 <= capacity <= 1_000_000):
        raise ValidationFailed("A capacity is a number from 0 to 1,000,000.", path=("capacity",))


def _check_days(starts_on: Any, ends_on: Any) -> None:
    if starts_on is not None and ends_on is not None and ends_on < starts_on:
        raise ValidationFailed("A sprint ends on the day it starts or later.", path=("endsOn",))
