"""Erasing a person: what was theirs goes, what they did stays, done by "Deleted person"."""

from __future__ import annotations

from uuid import UUID

from app.accounts.actions import profile_guard
from app.accounts.events import PERSON_ERASED, person_state
from app.accounts.models import User, UserKind
from app.accounts.passwords import Passwords, password_of
from app.accounts.reads import users_by_id
from app.accounts.refusals import SignInFailed
from app.audit.actions import AuditAction
from app.db import Database
from app.errors import NotFound, ValidationFailed
from app.outcomes import Result
from app.projects.actions.members import take_out
from app.statements import sql
from app.work import Action, RaceLost, Work
from app.workspaces.access import access_guard, access_workspaces
from app.workspaces.models import WorkspaceRole

NAME = "Deleted person"
"""How somebody is shown whose account was erased."""


async def erase_account(
    database: Database, passwords: Passwords, user_id: UUID, password: str, confirmation: str
) -> Action:
    """The same by the person, who knows the password and has typed their address to confirm."""
    right, _ = await passwords.verify(password, await password_of(database, user_id))
    erase = erase_person(user_id)

    async def action(work: Work) -> Result:
        if not right:
            raise SignInFailed(
                "This is not your password. If you have none, or have forgotten it, ask for a new one by mail.",
                path=("password",),
            )
        user = (await users_by_id(work, [user_id])).get(user_id)
        if user is not None and confirmation.strip().lower() != user.email:
            raise ValidationFailed("Type your e-mail address here, to confirm.", path=("confirmation",))
        return await erase(work)

    return action


def erase_person(user_id: UUID) -> Action:
    """Erase an account. The unit acts as that person, who must appoint other owners first where others are left.

    Memberships end with their events; the directories' history forgets the name; what signs in is deleted; the inbox is
    emptied. What they wrote stays where they wrote it, until somebody redacts it.
    """

    async def action(work: Work) -> Result:
        workspaces = await access_workspaces(work, user_id)
        await work.guard(
            profile_guard(user_id, shared=False), *(access_guard(one, shared=False) for one in workspaces)
        )
        if workspaces.keys() != (await access_workspaces(work, user_id)).keys():
            raise RaceLost
        user = (await users_by_id(work, [user_id])).get(user_id)
        if user is None or user.kind != UserKind.PERSON.value:
            raise NotFound("Account")
        await _leave_no_workspace_alone(work, user_id)
        for workspace_id in workspaces:
            work.audit(AuditAction.ERASED, "user", user_id, scope=workspace_id)
        if not workspaces:
            work.audit(AuditAction.ERASED, "user", user_id, person=user_id)
        await _rename(work, user, [one.directory_id for one in workspaces.values()])
        for workspace in workspaces.values():
            await take_out(work, workspace, user_id)
        await work.run(_FORGET, user=user_id, address=user.email)
        return {"user_id": str(user_id)}

    return action


async def _rename(work: Work, user: User, directories: list[UUID]) -> None:
    """The row, and an event in each directory that says how they are shown now, but not how they were."""
    await work.run(_RENAME, user=user.id, name=NAME, kind=UserKind.ERASED.value)
    version = user.version + 1
    shown = {
        **person_state(user), "name": NAME, "avatar_url": None, "kind": UserKind.ERASED.value, "version": version,
    }  # fmt: skip
    for directory in directories:
        work.record(directory, PERSON_ERASED, user.id, {"state": shown}, version=version, reflect=False)


async def _leave_no_workspace_alone(work: Work, user_id: UUID) -> None:
    owned = await work.rows(_ORPHANED, user=user_id, owner=WorkspaceRole.OWNER.value)
    if owned:
        names = ", ".join(row.name for row in owned)
        raise ValidationFailed(
            f"You are the only owner of {names}. Appoint another owner there first, or take the others out.",
            path=("confirmation",),
        )


# A workspace in which nobody else is left may be left behind.
_ORPHANED = sql(
    """
    SELECT w.name FROM workspace_members mine JOIN workspaces w ON w.id = mine.workspace_id
    WHERE mine.user_id = $1 AND mine.role = $2
      AND EXISTS (SELECT FROM workspace_members o WHERE o.workspace_id = w.id AND o.user_id <> $1)
      AND NOT EXISTS (SELECT FROM workspace_members o
                      WHERE o.workspace_id = w.id AND o.user_id <> $1 AND o.role = $2)
    ORDER BY w.created_at, w.id
    """,
    "user",
    "owner",
)
_RENAME = sql(
    """
    UPDATE users SET name = $2, kind = $3, email = NULL, email_confirmed_at = NULL, avatar_url = NULL,
                     time_zone = 'UTC', version = version + 1
    WHERE id = $1
    """,
    "user",
    "name",
    "kind",
)
_FORGET = sql("SELECT forget_person($1, $2)", "user", "address")
