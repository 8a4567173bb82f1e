"""Accepting an invitation: whoever brings its token joins with the roles that it gives."""

from __future__ import annotations

from uuid import UUID

from app.accounts.actions import check_email, profile_guard
from app.accounts.models import Purpose
from app.accounts.reads import users_by_id
from app.accounts.rows import CONFIRM_ADDRESS, DROP_MAILED
from app.accounts.secrets import digest
from app.audit.actions import AuditAction
from app.errors import ValidationFailed
from app.inbox.scopes import telling_access
from app.invitations.access import still_given
from app.invitations.events import INVITATION_REMOVED
from app.invitations.models import Invitation
from app.outcomes import Result
from app.projects.events import PROJECT_MEMBER_ADDED
from app.projects.models import ProjectMember
from app.statements import Statement, sql
from app.values import now_utc
from app.work import Action, Work
from app.workspaces.access import access_guard
from app.workspaces.actions import add_to_workspace
from app.workspaces.events import member_state
from app.workspaces.models import Workspace, WorkspaceRole
from app.writes import insert_rows

_REFUSAL = "This invitation is not valid: it was used or revoked, has expired, or is for another address."


def accept_invitation(token: str, *, any_address: bool) -> Action:
    """Join as the signed-in person. ``any_address``: also with another address than the invited one."""

    async def action(work: Work) -> Result:
        return await join(work, work.viewer_id, token, any_address=any_address)

    return action


def sign_up_invited(signing_up: Action, email: str, token: str) -> Action:
    """Make an account with the invited address and join at once: no other mail is needed to confirm it."""
    address = check_email(email)

    async def action(work: Work) -> Result:
        # Before anything else: whether the address has an account is told to who reads its mail alone.
        place = await work.row(_OPEN, hash=digest(token))
        if place is None or place.email != address:
            raise ValidationFailed(_REFUSAL, path=("invitation",))
        result = await signing_up(work)
        work.mails.clear()
        await join(work, UUID(result["user_id"]), token, any_address=False)
        return result

    return action


async def join(work: Work, user_id: UUID, token: str, *, any_address: bool) -> Result:
    """Accept an invitation for someone whom the unit has declared. Refusals do not tell which of all it is."""
    hashed = digest(token)
    place = await work.row(_OPEN, hash=hashed)
    if place is None:
        raise ValidationFailed(_REFUSAL, path=("token",))
    await work.declare([place.workspace_id, place.directory_id], [place.workspace_id])
    await work.guard(access_guard(place.workspace_id, shared=False), profile_guard(user_id))
    # Only now, in a statement of its own: meanwhile it may have been accepted, revoked or sent anew.
    invitation = await work.row(_STILL_OPEN, id=place.id, hash=hashed)
    person = (await users_by_id(work, [user_id]))[user_id]
    if invitation is None or not (any_address or person.email == invitation.email):
        raise ValidationFailed(_REFUSAL, path=("token",))
    if not await still_given(work, invitation):
        raise ValidationFailed(_REFUSAL, path=("token",))
    workspace = await work.row(_WORKSPACE, id=place.workspace_id)
    assert workspace is not None
    if not await work.row(_MEMBER, workspace=workspace.id, user=user_id):
        await add_to_workspace(work, workspace, person, WorkspaceRole(invitation.role))
    await _join_projects(work, workspace.id, user_id, invitation)
    if person.email == invitation.email:
        # The token was in a mail to this address, and nowhere else.
        await work.run(CONFIRM_ADDRESS, user=user_id, email=invitation.email, now=now_utc())
        await work.run(DROP_MAILED, user=user_id, purpose=Purpose.EMAIL_CONFIRM.value)
    await work.run(_ACCEPT, id=invitation.id, user=user_id, now=now_utc())
    work.record(workspace.id, INVITATION_REMOVED, invitation.id, {}, reflect=False)
    work.audit(AuditAction.INVITATION_ACCEPTED, "invitation", invitation.id, scope=workspace.id, by=user_id)
    return {"workspace_id": str(workspace.id), "user_id": str(user_id)}


async def _join_projects(work: Work, workspace_id: UUID, user_id: UUID, invitation: Invitation) -> None:
    """Projects in which one has a role already, by whatever way, keep it."""
    asked = {UUID(one): role for one, role in invitation.projects.items()}
    if not asked:
        return
    await work.declare(list(asked))
    found = await work.rows(_PROJECTS, ids=list(asked), user=user_id, workspace=workspace_id)
    ids, now = [row.id for row in found], now_utc()
    async with telling_access(work, workspace_id, people=[user_id], projects=ids):
        rows = [{"project_id": one, "user_id": user_id, "role": asked[one], "created_at": now} for one in ids]
        await insert_rows(work, ProjectMember, rows)
    for one in ids:
        state = member_state(user_id, asked[one])
        work.record(one, PROJECT_MEMBER_ADDED, user_id, {"state": state})


_OPEN = sql("SELECT * FROM open_invitation($1)", "hash")
_STILL_OPEN: Statement[Invitation] = sql(
    """
    SELECT * FROM invitations WHERE id = $1 AND token_hash = $2 AND accepted_at IS NULL AND revoked_at IS NULL
    """,
    "id", "hash",
    model=Invitation,
)  # fmt: skip
_WORKSPACE: Statement[Workspace] = sql("SELECT * FROM workspaces WHERE id = $1", "id", model=Workspace)
_MEMBER = sql("SELECT 1 FROM workspace_members WHERE workspace_id = $1 AND user_id = $2", "workspace", "user")
_PROJECTS = sql(
    """
    SELECT p.id FROM projects p WHERE p.id = ANY($1::uuid[]) AND p.workspace_id = $3
      AND NOT EXISTS (SELECT FROM project_members m WHERE m.project_id = p.id AND m.user_id = $2)
    ORDER BY p.id
    """,
    "ids", "user", "workspace",
)  # fmt: skip
_ACCEPT = sql("UPDATE invitations SET accepted_at = $3, accepted_by = $2 WHERE id = $1", "id", "user", "now")
