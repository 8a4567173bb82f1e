"""Taking back changes of a project's shared views, and of its settings but for who sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.boards.actions import delete_view
from app.errors import ValidationFailed
from app.events.deltas import State, delta_between
from app.events.kinds import current_payload, fold
from app.events.log import history_since
from app.events.models import Event
from app.history.objects import conflict_over, state_before
from app.permissions import Permission
from app.projects.actions.opening import open_project
from app.projects.actions.settings import update_project
from app.projects.actions.vocabulary import vocabulary_guard
from app.projects.events import PROJECT_UPDATED, project_state
from app.views.access import access_views
from app.views.actions import put_back_view, views_guard
from app.views.events import VIEW_CREATED, VIEW_REMOVED, VIEW_SHAPE, VIEW_UPDATED, view_state
from app.work import Work

STANDING = frozenset({"view", "project"})
_ACCESS = frozenset({"visibility", "workspace_role"})


def goes_back(event: Event) -> bool:
    """Whether a change of a view or of settings has a way back: one of who sees the project has none."""
    if event.kind != PROJECT_UPDATED.name:
        return event.object_type == "view"
    return not any(_ACCESS & changes.keys() for changes in _delta(event).values())


async def take_back_settings(work: Work, project_id: UUID, event: Event) -> None:
    """What a change of settings set, and nobody has set since, is as it was."""
    project = await open_project(work, project_id, Permission.CHANGE_PROJECT)
    current = {**project_state(project), "deleted_at": None}
    delta = _delta(event)
    before = await state_before(work, project_id, event, current, delta)
    values: dict[str, Any] = {field: before[field] for changes in delta.values() for field in changes}
    if "archived_at" in values:
        values["archived"] = values.pop("archived_at") is not None
    await update_project(project_id, project.version, values)(work)


async def take_back_view(work: Work, project_id: UUID, event: Event) -> None:
    """A view that was made goes (boards keep its filter), one that was deleted is there again under its id."""
    guards = vocabulary_guard(project_id, shared=False), views_guard(project_id)
    await open_project(work, project_id, Permission.SEE_PROJECT, *guards)
    view = (await access_views(work, work.viewer_id, [event.object_id])).get(event.object_id)
    if event.kind == VIEW_REMOVED.name:
        if view is not None:
            raise ValidationFailed("The view is there.")
        history = (await history_since(work, project_id, {event.object_id: 0}))[event.object_id]
        await put_back_view(project_id, _before_removal(history, event), (event.object_version or 1) + 1)(
            work
        )
        return
    if view is None:
        raise ValidationFailed("The view is not there any more.")
    current = {**view_state(view), "deleted_at": None}
    if event.kind == VIEW_CREATED.name:
        made = current_payload(event.kind, event.payload_version, event.payload)["state"]
        built = delta_between({**made, "deleted_at": None}, current, VIEW_SHAPE)
        if built:
            raise await conflict_over(work, project_id, event, current, built)
        await delete_view(view.id, view.version)(work)
        return
    assert event.kind == VIEW_UPDATED.name
    before = await state_before(work, project_id, event, current, _delta(event))
    await put_back_view(project_id, before, view.version + 1, current=view)(work)


def _before_removal(history: Sequence[Event], event: Event) -> State:
    objects: dict[tuple[str, str], State] = {}
    for one in history:
        if one.seq < event.seq:
            fold(objects, one)
    return objects["view", str(event.object_id)]


def _delta(event: Event) -> dict[str, Any]:
    delta: dict[str, Any] = current_payload(event.kind, event.payload_version, event.payload).get("delta", {})
    return delta
