"""Inviting people, and sending, revoking and accepting invitations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.accounts.actions import check_email
from app.accounts.reads import users_by_id
from app.accounts.secrets import digest, new_secret
from app.audit.actions import AuditAction
from app.errors import LimitReached, NotFound, PermissionDenied, ValidationFailed
from app.guards import Guard
from app.ids import new_id
from app.invitations.access import managed_invitation, still_given
from app.invitations.events import (
    INVITATION_CREATED,
    INVITATION_REMOVED,
    INVITATION_RENEWED,
    invitation_state,
    renewed,
)
from app.invitations.letters import invitation_letter
from app.invitations.models import Invitation
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import access_projects
from app.projects.models import ProjectRole
from app.statements import sql
from app.values import now_utc
from app.work import Action, Work
from app.workspaces.access import access_workspace, hold_workspace, may
from app.workspaces.actions import APPOINTED
from app.workspaces.models import WorkspaceRole
from app.writes import insert_rows

LIFE_DAYS = 14
MOST_OPEN = 500
"""Open invitations of one workspace."""

MOST_MAILS = 5
"""How often one invitation is sent, and how many of one address a workspace makes in a day."""

MOST_PROJECTS = 50


@dataclass(frozen=True)
class Sending:
    """What the mails of invitations need of the settings."""

    web_url: str


def create_invitation(
    workspace_id: UUID,
    email: str,
    role: WorkspaceRole,
    projects: list[tuple[UUID, ProjectRole]],
    sending: Sending,
) -> Action:
    """Invite an address, with or without an account: the answer is the same, and so is the mail."""
    address = check_email(email)
    if len(projects) > MOST_PROJECTS:
        raise LimitReached(
            f"At most {MOST_PROJECTS} projects at once.", limit=MOST_PROJECTS, path=("projects",)
        )

    async def action(work: Work) -> Result:
        workspace = await hold_workspace(
            work, workspace_id, Permission.INVITE, Guard.of("invitations", workspace_id)
        )
        if role in APPOINTED and not may(workspace, Permission.APPOINT_ADMINS):
            raise PermissionDenied("Only an owner may appoint owners and admins.")
        await _check_projects(work, workspace_id, projects)
        now = now_utc()
        await _check_numbers(work, workspace_id, address, now)
        token = new_secret()
        row: dict[str, Any] = {
            "id": new_id(), "workspace_id": workspace_id, "email": address, "role": role.value,
            "projects": {str(one): of.value for one, of in projects},
            "token_hash": digest(token),
            "invited_by": work.viewer_id, "mails": 1, "created_at": now, "sent_at": now,
            "expires_at": now + timedelta(days=LIFE_DAYS),
        }  # fmt: skip
        await insert_rows(work, Invitation, [row])
        work.record(
            workspace_id, INVITATION_CREATED, row["id"], {"state": invitation_state(row)}, occurred_at=now
        )
        await _send(work, row["email"], workspace.name, row["expires_at"], token, sending)
        return {"invitation_id": str(row["id"])}

    return action


def resend_invitation(invitation_id: UUID, sending: Sending) -> Action:
    """Send it once more, with a new token and its full life: the one in the mail before stops working."""

    async def action(work: Work) -> Result:
        found = await managed_invitation(work, invitation_id)
        workspace = await access_workspace(work, work.viewer_id, found.workspace_id)
        if not await still_given(work, found):
            raise PermissionDenied(
                "Whoever invited may not give this role any more. Revoke it, and invite them yourself."
            )
        if found.mails >= MOST_MAILS:
            raise LimitReached(f"It was sent {MOST_MAILS} times already. Revoke it.", limit=MOST_MAILS)
        now = now_utc()
        expires_at = now + timedelta(days=LIFE_DAYS)
        token = new_secret()
        await work.run(_RENEW, id=invitation_id, hash=digest(token), now=now, expires=expires_at)
        work.record(
            found.workspace_id, INVITATION_RENEWED, invitation_id, renewed(found.expires_at, expires_at),
            occurred_at=now,
        )  # fmt: skip
        await _send(work, found.email, workspace.name, expires_at, token, sending)
        return {"invitation_id": str(invitation_id)}

    return action


def revoke_invitation(invitation_id: UUID) -> Action:
    """Take it back: its token stops working."""

    async def action(work: Work) -> Result:
        found = await managed_invitation(work, invitation_id)
        await work.run(_REVOKE, id=invitation_id, now=now_utc())
        work.record(found.workspace_id, INVITATION_REMOVED, invitation_id, {})
        work.audit(AuditAction.INVITATION_REVOKED, "invitation", invitation_id, scope=found.workspace_id)
        return {"invitation_id": str(invitation_id)}

    return action


async def _check_projects(work: Work, workspace_id: UUID, projects: list[tuple[UUID, ProjectRole]]) -> None:
    found = await access_projects(work, work.viewer_id, [one for one, _ in projects])
    for index, (project_id, _) in enumerate(projects):
        project = found.get(project_id)
        if project is None or project.workspace_id != workspace_id:
            raise NotFound("Project", path=("projects", str(index), "projectId"))
    if len(found) < len(projects):
        raise ValidationFailed("Name each project once.", path=("projects",))


async def _check_numbers(work: Work, workspace_id: UUID, address: str, now: datetime) -> None:
    counted = await work.row(_NUMBERS, workspace=workspace_id, email=address, since=now - timedelta(days=1))
    if counted is None or counted.pending:
        raise ValidationFailed(
            "There is an invitation for this address already. Send it again with invitationResend.",
            path=("email",),
        )
    if counted.lately >= MOST_MAILS:
        raise LimitReached(
            f"This address was invited {MOST_MAILS} times today.", limit=MOST_MAILS, path=("email",)
        )
    if counted.open >= MOST_OPEN:
        raise LimitReached(f"At most {MOST_OPEN} open invitations. Revoke some.", limit=MOST_OPEN)


async def _send(
    work: Work, to: str, workspace: str, expires_at: datetime, token: str, sending: Sending
) -> None:
    inviter = (await users_by_id(work, [work.viewer_id]))[work.viewer_id].name
    work.mail(
        invitation_letter(
            to,
            workspace=workspace,
            inviter=inviter,
            expires_at=expires_at,
            web_url=sending.web_url,
            token=token,
        )
    )


_NUMBERS = sql(
    """
    SELECT count(*) FILTER (WHERE accepted_at IS NULL AND revoked_at IS NULL) AS open,
           count(*) FILTER (WHERE accepted_at IS NULL AND revoked_at IS NULL AND email = $2) AS pending,
           count(*) FILTER (WHERE email = $2 AND created_at > $3) AS lately
    FROM invitations WHERE workspace_id = $1
    """,
    "workspace", "email", "since",
)  # fmt: skip
_RENEW = sql(
    "UPDATE invitations SET token_hash = $2, sent_at = $3, expires_at = $4, mails = mails + 1 WHERE id = $1",
    "id", "hash", "now", "expires",
)  # fmt: skip
_REVOKE = sql("UPDATE invitations SET revoked_at = $2 WHERE id = $1", "id", "now")
