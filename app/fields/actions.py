"""Defining custom fields. What stands in them is set with the tasks (``taskUpdate``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.errors import LimitReached, NotFound, ValidationFailed
from app.fields.events import (
    CUSTOM_FIELD_CREATED,
    CUSTOM_FIELD_DELETED,
    CUSTOM_FIELD_UPDATED,
    FIELD_SHAPE,
    field_state,
)
from app.fields.models import CustomField, FieldKind
from app.fields.reads import CUSTOM_FIELDS
from app.fields.rules import MOST_FIELDS, SELECTS, check_options
from app.outcomes import Result
from app.permissions import Permission
from app.projects.actions.objects import (
    ObjectKind,
    change_object,
    check_free_name,
    found,
    living,
    open_objects,
    placed,
    record_object,
)
from app.projects.actions.vocabulary import vocabulary_guard
from app.projects.reads import TASK_TYPES, by_project
from app.values import check_text, now_utc
from app.work import Action, Work

CUSTOM_FIELD = ObjectKind(
    "Custom field", CustomField, CUSTOM_FIELDS, CUSTOM_FIELD_CREATED, field_state, FIELD_SHAPE
)
_PLACES = ("before_id", "after_id")


def create_field(project_id: UUID, values: dict[str, Any], *, client_id: UUID | None = None) -> Action:
    """Define a field. Tasks that are there already have no value in it, though it be required."""

    async def action(work: Work) -> Result:
        rows = await _open(work, project_id)
        if sum(row.deleted_at is None for row in rows) >= MOST_FIELDS:
            raise LimitReached(f"A project has at most {MOST_FIELDS} custom fields.", limit=MOST_FIELDS)
        given = {"name": None, "description": "", "required": False, "type_ids": [], "options": [], **values}
        checked = await _checked(work, project_id, given, rows, None)
        rank = placed(CUSTOM_FIELD, rows, None, values.get("before_id"), values.get("after_id"))
        field_id = await record_object(
            work, CUSTOM_FIELD, rows, project_id, {**checked, "rank": rank}, client_id
        )
        return {"project_id": str(project_id), "id": str(field_id)}

    return action


def update_field(project_id: UUID, field_id: UUID, expected_version: int, values: dict[str, Any]) -> Action:
    """Change a field, but not its kind. ``options`` names all that it shall have, in order."""

    async def action(work: Work) -> Result:
        # Which option of a task is the first one is kept: nobody writes one while their order changes.
        rows = await _open(work, project_id, shared="options" not in values)
        field = found(CUSTOM_FIELD, rows, field_id)
        checked = await _checked(work, project_id, values, rows, field)
        if any(values.get(name) for name in _PLACES):
            checked["rank"] = placed(
                CUSTOM_FIELD, rows, field_id, values.get("before_id"), values.get("after_id")
            )
        if not checked:
            raise ValidationFailed("Nothing to change was given.")
        await change_object(work, CUSTOM_FIELD, field, expected_version, checked, CUSTOM_FIELD_UPDATED)
        return {"project_id": str(project_id), "id": str(field_id)}

    return action


def delete_field(project_id: UUID, field_id: UUID, expected_version: int) -> Action:
    """Delete a field: what stood in it stays in history, and is shown on no task."""

    async def action(work: Work) -> Result:
        rows = await _open(work, project_id)
        field = found(CUSTOM_FIELD, rows, field_id)
        values = {"deleted_at": now_utc()}
        await change_object(work, CUSTOM_FIELD, field, expected_version, values, CUSTOM_FIELD_DELETED)
        return {"project_id": str(project_id), "id": str(field_id)}

    return action


async def _open(work: Work, project_id: UUID, *, shared: bool = True) -> list[Any]:
    guard = vocabulary_guard(project_id, shared=shared)
    return await open_objects(work, CUSTOM_FIELD, project_id, Permission.MANAGE_FIELDS, guard)


async def _checked(
    work: Work, project_id: UUID, values: dict[str, Any], rows: Sequence[Any], field: Any | None
) -> dict[str, Any]:
    checked = {name: value for name, value in values.items() if name not in _PLACES}
    if "name" in checked:
        checked["name"] = check_free_name(CUSTOM_FIELD, rows, checked["name"], field and field.id)
    if "description" in checked:
        checked["description"] = check_text(checked["description"] or "", "description", length=10_000)
    if "required" in checked and checked["required"] is None:
        raise ValidationFailed("It is required or it is not: leave it out to keep it.", path=("required",))
    if "kind" in checked:
        checked["kind"] = FieldKind(checked["kind"]).value
    if "type_ids" in checked:
        checked["type_ids"] = await _types(work, project_id, checked["type_ids"] or ())
    if "options" in checked:
        kind, current = (field.kind, field.options) if field else (checked["kind"], {})
        checked["options"] = check_options(kind, checked["options"] or (), current)
    if field is None and checked["kind"] in SELECTS and not checked["options"]:
        raise ValidationFailed("Name at least one option to choose.", path=("options",))
    return checked


async def _types(work: Work, project_id: UUID, type_ids: Sequence[UUID]) -> dict[str, bool]:
    if not type_ids:
        return {}
    types = (await by_project(work, TASK_TYPES, [project_id]))[project_id]
    if any(living(types, type_id) is None for type_id in type_ids):
        raise NotFound("Task type", path=("typeIds",))
    return {str(type_id): True for type_id in type_ids}
