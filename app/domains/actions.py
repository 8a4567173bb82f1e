"""Listing domains, and joining by them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.accounts.actions import profile_guard
from app.accounts.reads import users_by_id
from app.domains.access import access_domains
from app.domains.events import JOINING_DOMAIN_ADDED, JOINING_DOMAIN_REMOVED, domain_state
from app.domains.models import JoiningDomain
from app.domains.rules import check_domain
from app.errors import LimitReached, NotFound, ValidationFailed
from app.ids import new_id
from app.outcomes import Result
from app.permissions import Permission
from app.statements import Statement, sql
from app.values import now_utc
from app.work import Action, Work
from app.workspaces.access import access_guard, access_workspace, hold_workspace
from app.workspaces.actions import add_to_workspace
from app.workspaces.models import Workspace, WorkspaceRole
from app.writes import insert_rows

MOST_DOMAINS = 50
"""Joining domains of one workspace."""


def add_domain(workspace_id: UUID, domain: str, role: WorkspaceRole) -> Action:
    """List a domain. Whoever does has shown that mail to an address there reaches them."""
    name = check_domain(domain)
    if role not in (WorkspaceRole.MEMBER, WorkspaceRole.GUEST):
        raise ValidationFailed("People join as MEMBER or GUEST.", path=("role",))

    async def action(work: Work) -> Result:
        await hold_workspace(work, workspace_id, Permission.LIST_DOMAINS, changes_access=True)
        viewer = (await users_by_id(work, [work.viewer_id]))[work.viewer_id]
        if viewer.email_confirmed_at is None or (viewer.email or "").partition("@")[2] != name:
            raise ValidationFailed(
                "Only an admin whose own confirmed address is of this domain can list it.", path=("domain",)
            )
        listed = await work.rows(_LISTED, workspace=workspace_id)
        if name in {row.domain for row in listed}:
            raise ValidationFailed("This domain is listed already.", path=("domain",))
        if len(listed) >= MOST_DOMAINS:
            raise LimitReached(f"At most {MOST_DOMAINS} domains.", limit=MOST_DOMAINS)
        row: dict[str, Any] = {
            "id": new_id(), "workspace_id": workspace_id, "domain": name, "role": role.value,
            "created_by": work.viewer_id, "created_at": now_utc(),
        }  # fmt: skip
        await insert_rows(work, JoiningDomain, [row])
        work.record(workspace_id, JOINING_DOMAIN_ADDED, row["id"], {"state": domain_state(row)})
        return {"domain_id": str(row["id"])}

    return action


def remove_domain(domain_id: UUID) -> Action:
    """Take a domain off the list. Who has joined by it stays."""

    async def action(work: Work) -> Result:
        found = (await access_domains(work, work.viewer_id, [domain_id])).get(domain_id)
        if found is None:
            raise NotFound("Joining domain", path=("id",))
        await work.guard(access_guard(found.workspace_id, shared=False))
        await access_workspace(work, work.viewer_id, found.workspace_id, Permission.LIST_DOMAINS)
        if not await work.rows(_REMOVE, id=domain_id):
            raise NotFound("Joining domain", path=("id",))
        work.record(found.workspace_id, JOINING_DOMAIN_REMOVED, domain_id, {})
        return {"workspace_id": str(found.workspace_id)}

    return action


async def join_by_domain(work: Work, user_id: UUID, address: str) -> None:
    """Put somebody whom the unit has declared into the workspaces that list their domain.

    Not where they ever were: whoever was taken out stays out. ``address`` is one that a provider vouches for.
    """
    domain = address.partition("@")[2]
    places = await work.rows(_OPEN, domain=domain, person=user_id)
    if not places:
        return
    ids = [row.workspace_id for row in places]
    await work.declare([*ids, *(row.directory_id for row in places)], ids)
    await work.guard(*(access_guard(one, shared=False) for one in ids), profile_guard(user_id))
    # Only now: meanwhile a domain may have been taken off, or they may have joined by another way.
    still = {row.workspace_id: row.role for row in await work.rows(_OPEN, domain=domain, person=user_id)}
    person = (await users_by_id(work, [user_id]))[user_id]
    for workspace in await work.rows(_WORKSPACES, ids=[one for one in ids if one in still]):
        await add_to_workspace(work, workspace, person, WorkspaceRole(still[workspace.id]))


_LISTED = sql("SELECT domain FROM joining_domains WHERE workspace_id = $1", "workspace")
_REMOVE = sql("DELETE FROM joining_domains WHERE id = $1 RETURNING id", "id")
_OPEN = sql("SELECT * FROM workspaces_open_to($1, $2)", "domain", "person")
_WORKSPACES: Statement[Workspace] = sql(
    "SELECT * FROM workspaces WHERE id = ANY($1::uuid[]) ORDER BY id", "ids", model=Workspace
)
