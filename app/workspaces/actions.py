"""Making workspaces, and who belongs to them."""

from __future__ import annotations

from uuid import UUID

from app.accounts.actions import check_email, new_scopes, profile_guard
from app.accounts.events import PERSON_ADDED, PERSON_REMOVED, person_state
from app.accounts.models import User, UserKind
from app.accounts.reads import account_id, users_by_id
from app.errors import NotFound, PermissionDenied, ValidationFailed, VersionConflict
from app.events.deltas import delta_between
from app.events.models import ScopeKind
from app.ids import accept_client_id, new_id
from app.inbox.arrivals import access_changed
from app.inbox.models import InboxReason
from app.inbox.scopes import telling_access
from app.outcomes import Result
from app.permissions import Permission
from app.statements import Statement, sql
from app.values import check_name, now_utc
from app.work import Action, Work
from app.workspaces.access import access_workspace, hold_workspace, may
from app.workspaces.events import (
    WORKSPACE_CREATED,
    WORKSPACE_MEMBER_ADDED,
    WORKSPACE_MEMBER_REMOVED,
    WORKSPACE_MEMBER_UPDATED,
    WORKSPACE_SHAPE,
    WORKSPACE_UPDATED,
    member_state,
    role_delta,
    workspace_state,
)
from app.workspaces.models import Workspace, WorkspaceMember, WorkspaceRole
from app.writes import compare_and_set, ids_in_use, insert_rows

APPOINTED = (WorkspaceRole.OWNER, WorkspaceRole.ADMIN)
"""Roles that only an owner gives and takes."""


def create_workspace(name: str, *, client_id: UUID | None = None) -> Action:
    """Make a workspace; its maker is the owner."""

    async def action(work: Work) -> Result:
        owner = await _person(work, work.viewer_id)
        if owner.kind == UserKind.SERVICE.value:
            raise PermissionDenied("A service account belongs to one workspace, and cannot make others.")
        now = now_utc()
        workspace = Workspace(
            id=accept_client_id(client_id), directory_id=new_id(), name=check_name(name, "name"), version=1,
            created_at=now, updated_at=now,
        )  # fmt: skip
        if await ids_in_use(work, [workspace.id]):
            raise ValidationFailed("This id is taken.", path=("id",))
        await new_scopes(
            work,
            [
                (workspace.id, ScopeKind.WORKSPACE, workspace.id),
                (workspace.directory_id, ScopeKind.DIRECTORY, workspace.id),
            ],
        )
        await insert_rows(work, Workspace, [workspace.model_dump()])
        work.record(
            workspace.id, WORKSPACE_CREATED, workspace.id, {"state": workspace_state(workspace)}, version=1,
            occurred_at=now,
        )  # fmt: skip
        await add_to_workspace(work, workspace, owner, WorkspaceRole.OWNER)
        return {"workspace_id": str(workspace.id)}

    return action


def update_workspace(workspace_id: UUID, expected_version: int, name: str) -> Action:
    """Rename a workspace."""

    async def action(work: Work) -> Result:
        workspace = await hold_workspace(work, workspace_id, Permission.CHANGE_WORKSPACE)
        work.reflect(workspace_id)
        old = workspace_state(workspace)
        new = {**old, "name": check_name(name, "name")}
        delta = delta_between(old, new, WORKSPACE_SHAPE)
        now = now_utc()
        row = {"id": workspace_id, "version": expected_version, "name": new["name"], "updated_at": now}
        if workspace.version != expected_version or (
            delta and not await compare_and_set(work, Workspace, [row], {"name", "updated_at"}, keys=("id",))
        ):
            raise VersionConflict(
                "workspace", workspace_id, expected=expected_version, current=workspace.version, clashes=[]
            )
        if delta:
            work.record(
                workspace_id, WORKSPACE_UPDATED, workspace_id, {"delta": delta}, version=expected_version + 1,
                occurred_at=now,
            )  # fmt: skip
        return {"workspace_id": str(workspace_id)}

    return action


def add_workspace_member(
    workspace_id: UUID, email: str, role: WorkspaceRole, *, by_invitation: bool = False
) -> Action:
    """Add someone who has an account, by their address. ``by_invitation``: nobody is told who has one, so not so."""
    address = check_email(email)

    async def action(work: Work) -> Result:
        workspace = await _managed(work, workspace_id, role)
        if by_invitation:
            raise ValidationFailed("People are invited here: use invitationCreate.", path=("email",))
        person_id = await account_id(work, address)
        if person_id is None:
            raise NotFound("A person with this address", path=("email",))
        if await work.row(_MEMBER, workspace=workspace_id, user=person_id):
            raise ValidationFailed("They are a member already.", path=("email",))
        await work.declare([person_id])
        await add_to_workspace(work, workspace, await _person(work, person_id), role)
        await access_changed(work, person_id, InboxReason.ACCESS_GAINED)
        return {"workspace_id": str(workspace_id), "user_id": str(person_id)}

    return action


def update_workspace_member(workspace_id: UUID, user_id: UUID, role: WorkspaceRole) -> Action:
    """Give a member another role. The last owner stays one."""

    async def action(work: Work) -> Result:
        await _managed(work, workspace_id, role)
        member = await _member(work, workspace_id, user_id)
        if member.role != role.value:
            if role is WorkspaceRole.OWNER and (await _person(work, user_id)).kind == UserKind.SERVICE.value:
                raise ValidationFailed("A service account cannot own a workspace.", path=("role",))
            await _keep_an_owner(work, workspace_id, member)
            async with telling_access(work, workspace_id, people=[user_id]):
                await work.run(_SET_ROLE, workspace=workspace_id, user=user_id, role=role.value)
            work.record(workspace_id, WORKSPACE_MEMBER_UPDATED, user_id, role_delta(member.role, role.value))
        work.reflect(workspace_id)
        return {"workspace_id": str(workspace_id), "user_id": str(user_id)}

    return action


async def manage_member(work: Work, workspace_id: UUID, user_id: UUID) -> Workspace:
    """The workspace, its access held, if the viewer may take this member out of it (or is the one who leaves)."""
    if user_id == work.viewer_id:
        workspace = await hold_workspace(
            work, workspace_id, Permission.REMOVE_PEOPLE, changes_access=True, own=True
        )
    else:
        workspace = await _managed(work, workspace_id, None)
    await _keep_an_owner(work, workspace_id, await _member(work, workspace_id, user_id))
    return workspace


async def removed_from_workspace(work: Work, workspace: Workspace, user_id: UUID) -> None:
    """Delete a membership with its events; the caller took them out of teams and projects, and tells."""
    leaving = user_id == work.viewer_id
    await work.guard(profile_guard(user_id))
    await work.run(_REMOVE, workspace=workspace.id, user=user_id)
    work.record(workspace.id, WORKSPACE_MEMBER_REMOVED, user_id, {}, reflect=not leaving)
    work.record(workspace.directory_id, PERSON_REMOVED, user_id, {}, reflect=False)
    await access_changed(work, user_id, InboxReason.ACCESS_LOST)


async def add_to_workspace(work: Work, workspace: Workspace, person: User, role: WorkspaceRole) -> None:
    """Insert a membership with its events; the caller has checked access and holds the guard."""
    row = {"workspace_id": workspace.id, "user_id": person.id, "role": role.value, "created_at": now_utc()}
    async with telling_access(work, workspace.id, people=[person.id]):
        await insert_rows(work, WorkspaceMember, [row])
    work.record(
        workspace.id, WORKSPACE_MEMBER_ADDED, person.id, {"state": member_state(person.id, role.value)}
    )
    work.record(
        workspace.directory_id,
        PERSON_ADDED,
        person.id,
        {"state": person_state(person)},
        version=person.version,
    )


async def bump_access(work: Work, workspace_id: UUID) -> None:
    """Make every hub look again at who may follow the scopes of this workspace."""
    await work.run(_BUMP_ACCESS, workspace=workspace_id)


async def _managed(work: Work, workspace_id: UUID, role: WorkspaceRole | None) -> Workspace:
    """The workspace, its access held against all others, if the viewer may hand out ``role`` there (None: take one)."""
    needed = Permission.REMOVE_PEOPLE if role is None else Permission.ADD_PEOPLE
    workspace = await hold_workspace(work, workspace_id, needed, changes_access=True)
    if role in APPOINTED and not may(workspace, Permission.APPOINT_ADMINS):
        raise PermissionDenied("Only an owner may appoint owners and admins.", guarded=workspace_id)
    return workspace


async def _member(work: Work, workspace_id: UUID, user_id: UUID) -> WorkspaceMember:
    member = await work.row(_MEMBER, workspace=workspace_id, user=user_id)
    if member is None:
        raise NotFound("Member", path=("userId",))
    if user_id != work.actor.user_id and member.role in APPOINTED:
        await access_workspace(work, work.viewer_id, workspace_id, Permission.APPOINT_ADMINS)
    return member


async def _keep_an_owner(work: Work, workspace_id: UUID, member: WorkspaceMember) -> None:
    if member.role != WorkspaceRole.OWNER.value:
        return
    if await work.value(_OTHER_OWNERS, workspace=workspace_id, user=member.user_id) == 0:
        raise ValidationFailed(
            "A workspace keeps at least one owner. Appoint another one first.", path=("userId",)
        )


async def _person(work: Work, user_id: UUID) -> User:
    """Someone as they are shown from here to the commit."""
    await work.guard(profile_guard(user_id))
    found = (await users_by_id(work, [user_id])).get(user_id)
    if found is None:
        raise NotFound("User")
    return found


_BUMP_ACCESS = sql("SELECT bump_access($1)", "workspace")
_MEMBER: Statement[WorkspaceMember] = sql(
    "SELECT * FROM workspace_members WHERE workspace_id = $1 AND user_id = $2", "workspace", "user",
    model=WorkspaceMember,
)  # fmt: skip
_SET_ROLE = sql(
    "UPDATE workspace_members SET role = $3 WHERE workspace_id = $1 AND user_id = $2",
    "workspace",
    "user",
    "role",
)
_REMOVE = sql("DELETE FROM workspace_members WHERE workspace_id = $1 AND user_id = $2", "workspace", "user")
_OTHER_OWNERS = sql(
    "SELECT count(*) FROM workspace_members WHERE workspace_id = $1 AND user_id <> $2 AND role = 'owner'",
    "workspace",
    "user",
)
