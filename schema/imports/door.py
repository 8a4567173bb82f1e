"""The doors of imports: a file by POST, and for an answer what becomes of it, line by line, while it goes on.

A run ends when its client goes away: whole batches stay, and the same file sent again goes on from there.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import UUID

from starlette.requests import Request
from starlette.routing import BaseRoute, Route

from app.access_tokens.models import AccessScope
from app.errors import BadInput
from app.events.models import ActorKind
from app.exchange.restoring import Restoration, try_restoration
from app.imports.csv_tables import UnknownColumn, read_mapping
from app.imports.formats import open_source
from app.imports.reports import Report
from app.imports.run import import_file, try_file
from app.imports.targets import Target
from app.permissions import Permission
from app.projects.access import access_project
from app.work import Actor
from app.workspaces.access import access_workspace
from schema.context import Application, Session
from schema.doors.body import PayloadTooLarge, RequestTimeout
from schema.doors.limits import DoorLimits
from schema.doors.origins import Origins
from schema.doors.places import Places
from schema.exports.door import ExportDoor, Opened
from schema.ids import read_id
from schema.imports.running import Run, Telling
from schema.token_scopes import require_scope

MOST_BYTES = 64 << 20
UPLOAD_SECONDS = 300
REPORT = "application/jsonl; charset=utf-8"


class ImportDoor(ExportDoor):
    """One kind of import, by POST of a file."""

    method = "POST"

    async def _opened(self, session: Session, request: Request, asked: Mapping[str, list[str]]) -> Opened:
        """Who may is told before the file is read."""
        assert session.viewer is not None
        require_scope(session.viewer, AccessScope.ADMIN)
        dry_run, mapping = _asked(asked)
        run = await self._runs(session, request.path_params)
        is_table = mapping or request.headers.get("content-type", "").startswith("text/csv")
        path = await _received(request, ".csv" if is_table else ".upload")
        telling = Telling()
        lines = telling.lines(run(path, mapping, dry_run), path, session.request_id, dry_run=dry_run)
        return REPORT, "import.jsonl", lines

    async def _runs(self, session: Session, path: Mapping[str, str]) -> Callable[..., Run]:
        raise NotImplementedError


class ProjectImportDoor(ImportDoor):
    """A tracker's file, a GitHub archive or a table, into a project."""

    async def _runs(self, session: Session, path: Mapping[str, str]) -> Callable[..., Run]:
        project_id, application = read_id(path["project"], "Project"), session.application
        viewer_id = _viewer(session)
        async with application.database.snapshot(viewer_id) as reader:
            project = await access_project(reader, viewer_id, project_id, Permission.IMPORT)
        target = Target(project.key, project.workspace_id, viewer_id, project_id)

        def runs(file: Path, mapping: Mapping[str, str] | None, dry_run: bool) -> Run:
            async def run(report: Report, progress: Callable[[str, int], None]) -> None:
                source = await asyncio.to_thread(open_source, file, mapping)
                if dry_run:
                    await try_file(application.store, target, source, report, progress)
                else:
                    await import_file(application.store, target, project_id, source, report, progress)

            return run

        return runs


class WorkspaceImportDoor(ImportDoor):
    """An export, into a workspace."""

    async def _runs(self, session: Session, path: Mapping[str, str]) -> Callable[..., Run]:
        workspace_id, application = read_id(path["workspace"], "Workspace"), session.application
        viewer_id = _viewer(session)
        async with application.database.snapshot(viewer_id) as reader:
            await access_workspace(reader, viewer_id, workspace_id, Permission.MAKE_PROJECT)
        actor = Actor(viewer_id, ActorKind.IMPORT, session.origin)

        def runs(file: Path, mapping: Mapping[str, str] | None, dry_run: bool) -> Run:
            async def run(report: Report, progress: Callable[[str, int], None]) -> None:
                restoration = Restoration(
                    application.store, actor, workspace_id, file, report, progress=progress
                )
                if dry_run:
                    await restoration.check(await asyncio.to_thread(try_restoration, file, report))
                else:
                    await restoration.run()

            return run

        return runs


def _viewer(session: Session) -> UUID:
    assert session.viewer is not None
    return session.viewer.user_id


def _asked(asked: Mapping[str, list[str]]) -> tuple[bool, dict[str, str] | None]:
    if asked.keys() - {"dryRun", "map"} or asked.get("dryRun", ["false"])[-1] not in ("true", "false"):
        raise BadInput("An import knows the parameters dryRun=true and map=title=Summary.")
    try:
        mapping = read_mapping(asked["map"]) if "map" in asked else None
    except UnknownColumn as fault:
        raise BadInput(str(fault)) from None
    return asked.get("dryRun", ["false"])[-1] == "true", mapping


async def _received(request: Request, suffix: str) -> Path:
    """The body as a file, within its bounds; no more of it than a piece is in memory."""
    path = await asyncio.to_thread(_new_file, suffix)
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            await _write(request, path)
    except BaseException as fault:
        await asyncio.to_thread(path.unlink, missing_ok=True)
        if isinstance(fault, TimeoutError):
            raise RequestTimeout(UPLOAD_SECONDS) from None
        raise
    return path


def _new_file(suffix: str) -> Path:
    with tempfile.NamedTemporaryFile(suffix=suffix, delete=False) as made:
        return Path(made.name)


async def _write(request: Request, path: Path) -> None:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MOST_BYTES:
            raise PayloadTooLarge(MOST_BYTES)
        await asyncio.to_thread(_append, path, chunk)


def _append(path: Path, chunk: bytes) -> None:
    with path.open("ab") as file:
        file.write(chunk)


def import_routes(application: Application, origins: Origins) -> list[BaseRoute]:
    """The addresses of imports."""
    places = Places(DoorLimits.of(application.settings), application.limits)
    return [
        Route("/imports/projects/{project}", ProjectImportDoor(application, _none, origins, places)),
        Route("/imports/workspaces/{workspace}", WorkspaceImportDoor(application, _none, origins, places)),
    ]


async def _none(session: Session, path: Mapping[str, str], asked: Mapping[str, list[str]]) -> Opened:
    raise NotImplementedError
