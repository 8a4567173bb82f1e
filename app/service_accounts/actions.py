"""Making, renaming and deleting service accounts, and their tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from app.access_tokens.actions import issue_token, revoke_tokens, written
from app.access_tokens.models import AccessScope
from app.accounts.actions import new_user, profile_guard
from app.accounts.events import PERSON_SHAPE, PERSON_UPDATED, person_state
from app.accounts.models import User, UserKind
from app.accounts.reads import users_by_id
from app.audit.actions import AuditAction
from app.errors import PermissionDenied, ValidationFailed, VersionConflict
from app.events.deltas import delta_between
from app.outcomes import Result
from app.permissions import Permission
from app.projects.actions.members import remove_workspace_member
from app.service_accounts.access import managed_service_account
from app.service_accounts.models import ServiceAccount
from app.statements import sql
from app.values import check_name, now_utc
from app.work import Action, Work
from app.workspaces.access import hold_workspace, may
from app.workspaces.actions import APPOINTED, add_to_workspace
from app.workspaces.models import WorkspaceRole
from app.writes import compare_and_set, insert_rows


def create_service_account(workspace_id: UUID, name: str, role: WorkspaceRole) -> Action:
    """Make a program's account in a workspace. It is a member like others, but for owners: those are people."""
    if role is WorkspaceRole.OWNER:
        raise ValidationFailed("A service account cannot own a workspace.", path=("role",))

    async def action(work: Work) -> Result:
        workspace = await hold_workspace(work, workspace_id, Permission.MANAGE_PROGRAMS, changes_access=True)
        if role in APPOINTED and not may(workspace, Permission.APPOINT_ADMINS):
            raise PermissionDenied("Only an owner may appoint admins.")
        now = now_utc()
        user_id = await new_user(work, name=check_name(name, "name"), now=now, kind=UserKind.SERVICE)
        row = {
            "user_id": user_id, "workspace_id": workspace_id, "created_by": work.viewer_id, "created_at": now,
        }  # fmt: skip
        await insert_rows(work, ServiceAccount, [row])
        await add_to_workspace(work, workspace, (await users_by_id(work, [user_id]))[user_id], role)
        work.audit(AuditAction.SERVICE_ACCOUNT_CREATED, "service_account", user_id, scope=workspace_id)
        return {"user_id": str(user_id)}

    return action


def update_service_account(user_id: UUID, expected_version: int, name: str) -> Action:
    """Rename a service account; the workspace's directory gets the event."""
    shown = check_name(name, "name")

    async def action(work: Work) -> Result:
        account = await managed_service_account(work, user_id)
        await work.guard(profile_guard(user_id, shared=False))
        user = (await users_by_id(work, [user_id]))[user_id]
        old = person_state(user)
        delta = delta_between(old, {**old, "name": shown}, PERSON_SHAPE)
        row = {"id": user_id, "version": expected_version, "name": shown}
        if user.version != expected_version or (
            delta and not await compare_and_set(work, User, [row], {"name"}, keys=("id",))
        ):
            raise VersionConflict(
                "user", user_id, expected=expected_version, current=user.version, clashes=[]
            )
        if delta:
            directory = await work.value(_DIRECTORY, workspace=account.workspace_id)
            work.record(directory, PERSON_UPDATED, user_id, {"delta": delta}, version=expected_version + 1)
            work.audit(
                AuditAction.SERVICE_ACCOUNT_UPDATED, "service_account", user_id, scope=account.workspace_id
            )
        return {"user_id": str(user_id)}

    return action


def delete_service_account(user_id: UUID) -> Action:
    """Take it out of the workspace and its projects and revoke its tokens. Its name stays in the history."""

    async def action(work: Work) -> Result:
        account = await managed_service_account(work, user_id)
        workspace_id, now = account.workspace_id, now_utc()
        if await work.row(_MEMBERSHIP, workspace=workspace_id, user=user_id):
            await remove_workspace_member(workspace_id, user_id)(work)
        revoked = await revoke_tokens(work, user_id, now)
        await work.run(_DELETE, user=user_id, now=now)
        work.audit(AuditAction.SERVICE_ACCOUNT_DELETED, "service_account", user_id, scope=workspace_id)
        return {"workspace_id": str(workspace_id), "revoked": [str(one) for one in revoked]}

    return action


def create_service_token(
    user_id: UUID, name: str, scopes: Iterable[AccessScope], expires_in_days: int
) -> tuple[Action, dict[str, Any]]:
    """Make a token for a service account. Returns the action and where it leaves the token."""
    secret: dict[str, Any] = {}

    async def action(work: Work) -> Result:
        account = await managed_service_account(work, user_id)
        token_id = await issue_token(
            work, user_id, name, scopes, expires_in_days, secret, workspace_id=account.workspace_id
        )
        work.audit(
            AuditAction.TOKEN_CREATED, "token", token_id, scope=account.workspace_id, user_id=str(user_id),
            scopes=written(scopes).split(),
        )  # fmt: skip
        return {"token_id": str(token_id)}

    return action, secret


_DIRECTORY = sql("SELECT directory_id FROM workspaces WHERE id = $1", "workspace")
_MEMBERSHIP = sql(
    "SELECT 1 FROM workspace_members WHERE workspace_id = $1 AND user_id = $2", "workspace", "user"
)
_DELETE = sql("UPDATE service_accounts SET deleted_at = $2 WHERE user_id = $1", "user", "now")
