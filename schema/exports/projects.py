"""A project or a workspace as a file: JSON Lines of all that is in it, or its tasks as CSV."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from app.accounts.reads import users_by_id
from app.audit.actions import AuditAction
from app.denials import run_telling
from app.errors import BadInput, NotFound
from app.exchange.exporting import export_lines, may_export, moments_now
from app.exchange.rows import Choice, columns_of, task_rows
from app.history.moments import Moment
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import visible_projects
from app.query_language.printing import read_sort
from app.tasks.grammar import FilterScope, TaskFilter, all_of, check_filter
from app.tasks.kept_filters import filter_from_json
from app.views.access import access_views
from app.work import Actor, Work
from app.workspaces.access import access_workspace
from schema.context import Session
from schema.exports.forms import csv_lines, json_line
from schema.ids import read_id
from schema.query_language.types import meaning_for

JSONL = "application/jsonl; charset=utf-8"
CSV = "text/csv; charset=utf-8; header=present"

Opened = tuple[str, str, AsyncIterator[bytes]]


async def open_project_export(
    session: Session, path: Mapping[str, str], asked: Mapping[str, list[str]]
) -> Opened:
    """One project; the audit log tells of it before the first line is read."""
    form, project_id = path["form"], read_id(path["project"], "Project")
    if form not in ("jsonl", "csv"):
        raise NotFound("Export")
    events = _events(asked, form)
    choice = await _choice(session, project_id, asked)
    moments = await _noted(session, [project_id], "project", project_id, form)
    async with session.application.database.snapshot(_viewer(session)) as reader:
        project = (await visible_projects(reader, _viewer(session)))[project_id]
    workspace = {"id": str(project.workspace_id)}
    if form == "csv":
        database = session.application.database
        columns = await columns_of(database, _viewer(session), moments[0])
        pages = task_rows(database, _viewer(session), moments[0], choice)
        return CSV, f"{project.key}.csv", _csv(columns, pages)
    return JSONL, f"{project.key}.jsonl", _jsonl(session, workspace, moments, events=events)


async def open_workspace_export(
    session: Session, path: Mapping[str, str], asked: Mapping[str, list[str]]
) -> Opened:
    """All projects of a workspace, by one of its admins."""
    workspace_id = read_id(path["workspace"], "Workspace")
    events = _events(asked, "jsonl")
    async with session.application.database.snapshot(_viewer(session)) as reader:
        workspace = await access_workspace(
            reader, _viewer(session), workspace_id, Permission.EXPORT_WORKSPACE
        )
        seen = await visible_projects(reader, _viewer(session))
    project_ids = [one.id for one in seen.values() if one.workspace_id == workspace_id]
    moments = await _noted(session, project_ids, "workspace", workspace_id, "jsonl")
    told = {"id": str(workspace_id), "name": workspace.name}
    return JSONL, f"{workspace_id}.jsonl", _jsonl(session, told, moments, events=events)


def _viewer(session: Session) -> UUID:
    assert session.viewer is not None
    return session.viewer.user_id


def _events(asked: Mapping[str, list[str]], form: str) -> bool:
    """Whether the log itself is wanted too; refuses what nobody knows."""
    known = {"events"} if form == "jsonl" else {"query", "view"}
    if asked.keys() - known or asked.get("events", ["false"])[-1] not in ("true", "false"):
        raise BadInput("An export as JSON Lines knows the parameter events=true; one as CSV, query and view.")
    return asked.get("events", ["false"])[-1] == "true"


async def _choice(session: Session, project_id: UUID, asked: Mapping[str, list[str]]) -> Choice | None:
    """What a view, a query's text or both choose; None: every task. Raises for what cannot be."""
    text, view_id = asked.get("query", [""])[-1], asked.get("view", [""])[-1]
    if not text and not view_id:
        return None
    viewer_id, parts, sort = _viewer(session), list[TaskFilter](), list[tuple[str, bool]]()
    async with session.application.database.snapshot(viewer_id) as reader:
        if project_id not in await visible_projects(reader, viewer_id):
            raise NotFound("Project")
        if view_id:
            identifier = read_id(view_id, "View")
            view = (await access_views(reader, viewer_id, [identifier])).get(identifier)
            if view is None or view.project_id not in (None, project_id):
                raise NotFound("View")
            parts.append(filter_from_json(view.filter))
            sort = read_sort(view.sort)
        if text:
            meaning = await meaning_for(reader, viewer_id, [project_id], text)
            parts.append(meaning.filter)
            sort = meaning.sort or sort
        viewer = (await users_by_id(reader, [viewer_id])).get(viewer_id)
    scope = FilterScope(viewer.time_zone if viewer else "UTC", viewer_id=viewer_id)
    whole = all_of(parts)
    check_filter(whole)
    return Choice(whole, sort, scope)


async def _noted(
    session: Session, project_ids: Sequence[UUID], target: str, target_id: UUID, form: str
) -> list[Moment]:
    viewer_id = _viewer(session)

    async def action(work: Work) -> Result:
        await may_export(viewer_id, project_ids)(work)
        work.audit(AuditAction.PROJECT_EXPORTED, target, target_id, scope=target_id, form=form)
        return {}

    application = session.application
    await run_telling(application.store, Actor(viewer_id, origin=session.origin), action, "export")
    return await moments_now(application.database, viewer_id, project_ids)


async def _jsonl(
    session: Session, workspace: dict[str, Any], moments: Sequence[Moment], *, events: bool
) -> AsyncIterator[bytes]:
    database = session.application.database
    async for page in export_lines(database, _viewer(session), workspace, moments, events=events):
        yield b"".join(map(json_line, page))


async def _csv(columns: list[str], pages: AsyncIterator[list[list[Any]]]) -> AsyncIterator[bytes]:
    yield csv_lines([columns])
    async for page in pages:
        yield csv_lines(page)
