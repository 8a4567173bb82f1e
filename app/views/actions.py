"""Every write of saved views."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from app.errors import LimitReached, NotFound, ValidationFailed, VersionConflict
from app.events.deltas import State, delta_between
from app.guards import Guard
from app.ids import accept_client_id
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import visible_projects
from app.projects.actions.opening import open_project
from app.query_language.looking import understood
from app.query_language.printing import print_sort
from app.statements import sql
from app.tasks.kept_filters import filter_to_json
from app.values import check_name, now_utc, plain
from app.views.access import access_views, is_shared
from app.views.events import VIEW_CREATED, VIEW_REMOVED, VIEW_SHAPE, VIEW_UPDATED, view_state
from app.views.models import Grouping, SavedView
from app.work import Action, Work
from app.writes import compare_and_set, ids_in_use, insert_rows

MOST_VIEWS = 500
"""Shared ones of a project, and personal ones of a person."""

MOST_COLUMNS = 50
NAME_LENGTH = 120


def views_guard(scope_id: UUID) -> Guard:
    """Held by whoever makes, changes or deletes a view of a project or a person, and who puts a board over one."""
    return Guard.of("views", scope_id)


def create_view(
    project_id: UUID | None, values: dict[str, Any], *, shared: bool, client_id: UUID | None = None
) -> Action:
    """Save a view. ``values``: ``name``, ``query`` (a text) and, if they are given, ``group_by`` and ``columns``."""

    async def action(work: Work) -> Result:
        scope_id = await _open(work, project_id, shared=shared)
        if await work.value(_COUNT, scope=scope_id) >= MOST_VIEWS:
            raise LimitReached(f"There can be at most {MOST_VIEWS} views here.", limit=MOST_VIEWS)
        if client_id is not None and await ids_in_use(work, [client_id]):
            raise ValidationFailed("This id is taken.", path=("id",))
        now = now_utc()
        checked = await _checked(work, project_id, {"name": "", "query": "", **values})
        view = SavedView(
            **{"id": accept_client_id(client_id), "scope_id": scope_id, "project_id": project_id, "version": 1,
               "creator_id": work.viewer_id, "created_at": now, "updated_at": now, "group_by": None, "columns": "",
               **checked}
        )  # fmt: skip
        await insert_rows(work, SavedView, [view.model_dump()])
        work.record(scope_id, VIEW_CREATED, view.id, {"state": view_state(view)}, version=1, occurred_at=now)
        return {"view_id": str(view.id)}

    return action


def update_view(view_id: UUID, expected_version: int, values: dict[str, Any]) -> Action:
    """Change a view; ``values`` as ``create_view`` takes them, those that are to change."""

    async def action(work: Work) -> Result:
        view = await _held(work, view_id)
        checked = await _checked(work, view.project_id, values)
        if not checked:
            raise ValidationFailed("Nothing to change was given.")
        await _change(work, view, expected_version, checked)
        return {"view_id": str(view_id)}

    return action


async def _change(work: Work, view: SavedView, expected_version: int, checked: dict[str, Any]) -> None:
    if view.version != expected_version:
        raise _conflict(view, expected_version)
    delta = delta_between(view_state(view), view_state(view, **checked), VIEW_SHAPE)
    if not delta:
        return
    now = now_utc()
    row = {"id": view.id, "version": expected_version, "updated_at": now, **checked}
    if not await compare_and_set(work, SavedView, [row], set(checked) | {"updated_at"}, keys=("id",)):
        raise _conflict(view, expected_version)
    work.record(
        view.scope_id, VIEW_UPDATED, view.id, {"delta": delta}, version=expected_version + 1, occurred_at=now
    )


def put_back_view(
    project_id: UUID, state: State, version: int, *, current: SavedView | None = None
) -> Action:
    """Make a shared view what it was in a state; without ``current`` it is gone, and there again as this version."""

    async def action(work: Work) -> Result:
        view_id, creator_id = UUID(state["id"]), UUID(state["creator_id"])
        columns = {name: state[name] for name in ("name", "filter", "sort", "group_by")}
        columns["columns"] = "\n".join(state["columns"])
        if current is not None:
            await _change(work, await _held(work, view_id), version - 1, columns)
            return {"view_id": str(view_id)}
        guard, own = views_guard(project_id), creator_id == work.viewer_id
        await open_project(work, project_id, Permission.EDIT_VIEWS, guard, own=own)
        if await work.value(_COUNT, scope=project_id) >= MOST_VIEWS:
            raise LimitReached(f"There can be at most {MOST_VIEWS} views here.", limit=MOST_VIEWS)
        now = now_utc()
        view = SavedView(
            id=view_id, scope_id=project_id, project_id=project_id, creator_id=creator_id, version=version,
            created_at=datetime.fromisoformat(state["created_at"]), updated_at=now, **columns,
        )  # fmt: skip
        await insert_rows(work, SavedView, [view.model_dump()])
        told = {"state": view_state(view)}
        work.record(project_id, VIEW_CREATED, view_id, told, version=version, occurred_at=now)
        return {"view_id": str(view_id)}

    return action


def delete_view(view_id: UUID, expected_version: int) -> Action:
    """Delete a view for good."""

    async def action(work: Work) -> Result:
        view = await _held(work, view_id)
        if view.version != expected_version:
            raise _conflict(view, expected_version)
        await work.run(_DELETE, id=view_id)
        work.record(view.scope_id, VIEW_REMOVED, view_id, {}, version=expected_version)
        return {"view_id": str(view_id)}

    return action


async def _open(work: Work, project_id: UUID | None, *, shared: bool) -> UUID:
    """The scope of a new view, held, if the viewer may make one there."""
    if shared:
        if project_id is None:
            raise ValidationFailed("A shared view is of a project: say which.", path=("projectId",))
        await open_project(work, project_id, Permission.SHARE_VIEWS, views_guard(project_id))
        return project_id
    if project_id is not None:
        await open_project(work, project_id, Permission.SEE_PROJECT)
    await work.guard(views_guard(work.viewer_id))
    return work.viewer_id


async def _held(work: Work, view_id: UUID) -> SavedView:
    """A view, its scope held, if the viewer may change it."""
    view = await _find(work, view_id)
    if is_shared(view):
        assert view.project_id is not None
        own = view.creator_id == work.viewer_id
        await open_project(
            work, view.project_id, Permission.EDIT_VIEWS, views_guard(view.project_id), own=own
        )
    else:
        await work.guard(views_guard(view.scope_id))
    return await _find(work, view_id)


async def _find(work: Work, view_id: UUID) -> SavedView:
    view = (await access_views(work, work.viewer_id, [view_id])).get(view_id)
    if view is None:
        raise NotFound("View", path=("id",))
    return view


async def _checked(work: Work, project_id: UUID | None, values: dict[str, Any]) -> dict[str, Any]:
    """The columns of what was given."""
    checked: dict[str, Any] = {}
    if "name" in values:
        checked["name"] = check_name(values["name"] or "", "name", length=NAME_LENGTH)
    if "query" in values:
        checked |= await read_query(work, project_id, values["query"] or "")
    if "group_by" in values:
        checked["group_by"] = None if values["group_by"] is None else Grouping(values["group_by"]).value
    if "columns" in values:
        columns = [check_name(one, "columns", length=60) for one in values["columns"] or ()]
        if len(columns) > MOST_COLUMNS or len(set(columns)) < len(columns):
            raise ValidationFailed(
                f"A view has at most {MOST_COLUMNS} columns, each once.", path=("columns",)
            )
        checked["columns"] = "\n".join(columns)
    return checked


async def read_query(work: Work, project_id: UUID | None, text: str) -> dict[str, Any]:
    """What a query's text asks, as it is kept: ``filter`` and ``sort``. Raises ``ValidationFailed``."""
    projects = [project_id] if project_id else list(await visible_projects(work, work.viewer_id))
    meaning = await understood(work, work.viewer_id, projects, text)
    kept = filter_to_json(meaning.filter) | {"project": plain(project_id)}
    return {"filter": kept, "sort": print_sort(meaning.sort)}


def _conflict(view: SavedView, expected: int) -> VersionConflict:
    return VersionConflict("view", view.id, expected=expected, current=view.version, clashes=[])


_COUNT = sql("SELECT count(*) FROM saved_views WHERE scope_id = $1", "scope")
_DELETE = sql("DELETE FROM saved_views WHERE id = $1", "id")
