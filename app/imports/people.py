"""People whom a file names: members whose address it is, or placeholders made for the name.

A placeholder cannot sign in. It is a guest of the workspace, the weakest there is, and a member of the project, so
that it can be an author and an assignee.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.accounts.actions import new_scopes
from app.accounts.events import PERSON_ADDED, person_state
from app.accounts.models import User, UserKind
from app.events.models import ScopeKind
from app.ids import new_id
from app.imports.models import ImportPerson
from app.imports.reads import people_by_name
from app.inbox.arrivals import access_changed
from app.inbox.models import InboxReason
from app.outcomes import Result
from app.projects.access import Permission
from app.projects.actions.opening import open_project
from app.projects.events import PROJECT_MEMBER_ADDED
from app.projects.models import ProjectMember, ProjectRole
from app.projects.reads import readers_among
from app.values import now_utc
from app.work import Action, Work
from app.workspaces.access import access_workspace
from app.workspaces.actions import bump_access
from app.workspaces.events import WORKSPACE_MEMBER_ADDED, member_state
from app.workspaces.models import Workspace, WorkspaceMember, WorkspaceRole
from app.writes import insert_rows


def bring_people(project_id: UUID, names: Sequence[str]) -> Action:
    """Make placeholders for unknown names, and everybody a member of the project."""

    async def action(work: Work) -> Result:
        project = await open_project(work, project_id, Permission.MANAGE, changes_access=True)
        known = await people_by_name(work, project.workspace_id, names)
        missing = [name for name in names if name not in known]
        work.batch_id = new_id()
        if missing:
            needed = WorkspaceRole.ADMIN
            workspace = await access_workspace(work, work.viewer_id, project.workspace_id, needed)
            known |= await _make_placeholders(work, workspace, missing)
        joined = await _join(work, project_id, list(dict.fromkeys(known.values())))
        if missing or joined:
            await bump_access(work, project.workspace_id)
        made = {known[name] for name in missing}
        for user_id in joined:
            if user_id not in made:
                await access_changed(work, user_id, InboxReason.ACCESS_GAINED, project_id=project_id)
        return {"placeholders": len(missing), "joined": len(joined)}

    return action


async def _make_placeholders(work: Work, workspace: Workspace, names: Sequence[str]) -> dict[str, UUID]:
    now = now_utc()
    people = [
        User(id=new_id(), kind=UserKind.PLACEHOLDER.value, name=name, version=1, created_at=now)
        for name in names
    ]
    role = WorkspaceRole.GUEST.value
    await insert_rows(work, User, [person.model_dump() for person in people])
    await new_scopes(work, [(person.id, ScopeKind.INBOX, None) for person in people])
    members = [
        {"workspace_id": workspace.id, "user_id": person.id, "role": role, "created_at": now}
        for person in people
    ]
    await insert_rows(work, WorkspaceMember, members)
    named = [{"workspace_id": workspace.id, "name": one.name, "user_id": one.id} for one in people]
    await insert_rows(work, ImportPerson, named)
    for person in people:
        work.record(workspace.id, WORKSPACE_MEMBER_ADDED, person.id, {"state": member_state(person.id, role)})
        state = person_state(person)
        work.record(workspace.directory_id, PERSON_ADDED, person.id, {"state": state}, version=person.version)
    return {person.name: person.id for person in people}


async def _join(work: Work, project_id: UUID, user_ids: list[UUID]) -> list[UUID]:
    """Make those members of the project who cannot read it yet: only they can be assigned its tasks."""
    reading = await readers_among(work, [project_id], user_ids)
    joining = [user_id for user_id in user_ids if (project_id, user_id) not in reading]
    role, now = ProjectRole.MEMBER.value, now_utc()
    rows = [{"project_id": project_id, "user_id": one, "role": role, "created_at": now} for one in joining]
    await insert_rows(work, ProjectMember, rows)
    for user_id in joining:
        work.record(project_id, PROJECT_MEMBER_ADDED, user_id, {"state": member_state(user_id, role)})
    return joining
