"""A workspace's audit log as a file."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from app.access_tokens.models import AccessScope
from app.accounts.reads import users_by_id
from app.audit.actions import AuditAction
from app.audit.exports import entries_of, told_filter
from app.audit.filters import EntryFilter, entry_conditions
from app.db import Reader
from app.denials import run_telling
from app.errors import BadInput, NotFound
from app.outcomes import Result
from app.permissions import Permission
from app.work import Actor, Work
from app.workspaces.access import access_workspace
from schema.audit.types import AuditFilter, read_filter, target_id
from schema.context import Application, Session
from schema.exports.forms import csv_lines, json_line
from schema.ids import global_id, read_id
from schema.scalars import read_moment
from schema.token_scopes import require_scope

COLUMNS = (
    "at", "action", "actorKind", "actorId", "actorName", "targetType", "targetId", "scope", "address", "userAgent",
    "requestId", "data", "id",
)  # fmt: skip
MEDIA_TYPES = {"csv": "text/csv; charset=utf-8; header=present", "jsonl": "application/jsonl; charset=utf-8"}
_ASKED = ("action", "actor", "target", "since", "until")


async def open_audit_export(
    session: Session, path: Mapping[str, str], asked: Mapping[str, list[str]]
) -> tuple[str, str, AsyncIterator[bytes]]:
    """Who may, and which part; the entry that tells of it is written before the first row is read."""
    assert session.viewer is not None
    require_scope(session.viewer, AccessScope.ADMIN)
    viewer_id, form = session.viewer.user_id, path["form"]
    if form not in MEDIA_TYPES:
        raise NotFound("Export")
    workspace_id = read_id(path["workspace"], "Workspace")
    wanted = read_filter(_filter(asked))
    entry_conditions(wanted)  # what cannot be asked for is refused before anything is noted

    async def check(reader: Reader) -> None:
        await access_workspace(reader, viewer_id, workspace_id, Permission.READ_AUDIT_LOG)

    async def action(work: Work) -> Result:
        await check(work)
        work.audit(
            AuditAction.AUDIT_EXPORTED, "workspace", workspace_id, scope=workspace_id, form=form,
            filter=told_filter(wanted),
        )  # fmt: skip
        return {}

    application = session.application
    await run_telling(application.store, Actor(viewer_id, origin=session.origin), action, "auditExport")
    pages = _pages(application, viewer_id, workspace_id, wanted, check)
    content = _csv(pages) if form == "csv" else _jsonl(pages)
    return MEDIA_TYPES[form], f"audit-{workspace_id}.{form}", content


def _filter(asked: Mapping[str, list[str]]) -> AuditFilter:
    unknown = asked.keys() - set(_ASKED)
    if unknown:
        raise BadInput(f"An export knows the parameters {', '.join(_ASKED)}.", parameter=min(unknown)[:80])
    one = {name: values[-1] for name, values in asked.items()}
    moments: dict[str, datetime] = {
        name: read_moment(one[name]) for name in ("since", "until") if name in one
    }
    return AuditFilter(
        action=asked.get("action", strawberry.UNSET),
        actor=strawberry.ID(one["actor"]) if "actor" in one else strawberry.UNSET,
        target=strawberry.ID(one["target"]) if "target" in one else strawberry.UNSET,
        since=moments.get("since", strawberry.UNSET),
        until=moments.get("until", strawberry.UNSET),
    )


async def _pages(
    application: Application, viewer_id: UUID, workspace_id: UUID, wanted: EntryFilter, check: Any
) -> AsyncIterator[list[dict[str, Any]]]:
    async for rows in entries_of(application.database, viewer_id, workspace_id, wanted, check):
        async with application.database.snapshot(viewer_id) as reader:
            people = await users_by_id(reader, list({row.actor_id for row in rows if row.actor_id}))
        names = {user_id: user.name for user_id, user in people.items()}
        yield [_entry(row, names) for row in rows]


def _entry(row: Any, names: dict[UUID, str]) -> dict[str, Any]:
    target = None if row.target_id is None else target_id(row.target_type, row.target_id, row.scope_id)
    return {
        "at": row.at.isoformat(timespec="microseconds"),
        "action": row.action,
        "actorKind": row.actor_kind.upper(),
        "actorId": global_id("User", row.actor_id) if row.actor_id else None,
        "actorName": names.get(row.actor_id),
        "targetType": row.target_type,
        "targetId": target,
        "scope": global_id("Scope", row.scope_id) if row.scope_id else None,
        "address": row.address,
        "userAgent": row.user_agent,
        "requestId": row.request_id,
        "data": row.data,
        "id": global_id("AuditEntry", row.id),
    }


async def _csv(pages: AsyncIterator[list[dict[str, Any]]]) -> AsyncIterator[bytes]:
    yield csv_lines([COLUMNS])
    async for page in pages:
        yield csv_lines([[entry[name] for name in COLUMNS] for entry in page])


async def _jsonl(pages: AsyncIterator[list[dict[str, Any]]]) -> AsyncIterator[bytes]:
    async for page in pages:
        yield b"".join(map(json_line, page))
