"""Where an import goes and as whom: the project with a key, or a new one in a workspace."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.accounts.actions import check_email
from app.accounts.reads import account_id
from app.db import Database, Reader
from app.permissions import Permission
from app.projects.access import access_project
from app.projects.actions.settings import check_key
from app.statements import Statement, sql
from app.workspaces.access import access_workspaces

# Who asks holds the database; without a name they act as the owner of the workspace.
_WORKSPACES: Statement[Any] = sql(
    """
    SELECT w.id, w.name, p.id AS project_id,
           (SELECT m.user_id FROM workspace_members m WHERE m.workspace_id = w.id AND m.role = 'owner'
            ORDER BY m.created_at, m.user_id LIMIT 1) AS owner_id
    FROM workspaces w LEFT JOIN projects p ON p.workspace_id = w.id AND p.key = $1
    ORDER BY w.created_at, w.id
    """,
    "key",
)


class TargetUnclear(Exception):
    """Nobody and nothing, or more than one, fits what was asked for."""


@dataclass(frozen=True)
class Target:
    """``project_id`` is None where the project is still to be made."""

    key: str
    workspace_id: UUID
    actor_id: UUID
    project_id: UUID | None


async def find_target(reader: Reader, key: str, *, workspace: str | None, email: str | None) -> Target:
    """The project to import into. ``workspace`` is a name or an id, ``email`` says who acts.

    Without ``email`` the reader is the database's owner, since nobody else sees all workspaces.
    Raises ``TargetUnclear``, or the refusal of someone who may not manage the project.
    """
    key = check_key(key)
    actor_id = None
    if email is not None:
        address = check_email(email)
        actor_id = await account_id(reader, address)
        if actor_id is None:
            raise TargetUnclear(f"nobody signs in with the address {email}")
        await reader.declare(viewer_id=actor_id)
    rows = await reader.rows(_WORKSPACES, key=key)
    if actor_id is not None:
        own = await access_workspaces(reader, actor_id)
        rows = [row for row in rows if row.id in own]
    found = _one(rows, key, workspace)
    acting = actor_id or found.owner_id
    if found.project_id is not None:
        await access_project(reader, acting, found.project_id, Permission.IMPORT)
    return Target(key, found.id, acting, found.project_id)


@asynccontextmanager
async def looking(database: Database, owner_url: str, email: str | None) -> AsyncIterator[Reader]:
    """What finds a target: whoever names nobody to act as is the operator, who has the owner's address."""
    if email is not None:
        async with database.snapshot() as reader:
            yield reader
        return
    if not owner_url:
        raise TargetUnclear("say who imports with --as, or set DATABASE_OWNER_URL")
    owner = await Database.open(owner_url, size=1)
    try:
        async with owner.snapshot() as reader:
            yield reader
    finally:
        await owner.close()


def _one(rows: Sequence[Any], key: str, workspace: str | None) -> Any:
    if workspace is not None:
        rows = [row for row in rows if workspace in (row.name, str(row.id))]
        if not rows:
            raise TargetUnclear(f"no workspace {workspace}")
    having = [row for row in rows if row.project_id is not None]
    fitting = having or rows
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise TargetUnclear(
            "no workspace to import into; make one first (`lockstep dev` makes a demo workspace)"
        )
    named = ", ".join(f"{row.name} ({row.id})" for row in fitting)
    what = (
        f"project {key} is in several workspaces" if having else f"no project {key}, and several workspaces"
    )
    raise TargetUnclear(f"{what}; say which with --workspace: {named}")
