"""People whom a file names: members whose address it is, or placeholders made for the name.

A placeholder cannot sign in. It is a guest of the workspace, the weakest there is, and a member of the project, so
that it can be an author and an assignee.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.accounts.actions import new_scopes
from app.accounts.events import PERSON_ADDED, person_state
from app.accounts.models import User, UserKind
from app.db import Reader
from app.events.models import ScopeKind
from app.ids import new_id
from app.imports.models import ImportPerson, ImportRef
from app.imports.reads import PEOPLE, PERSON, people_by_name, refs_by_key
from app.inbox.arrivals import access_changed
from app.inbox.models import InboxReason
from app.inbox.scopes import telling_access
from app.outcomes import Result
from app.permissions import Permission
from app.projects.actions.opening import open_project
from app.projects.events import PROJECT_MEMBER_ADDED
from app.projects.models import ProjectMember, ProjectRole
from app.projects.reads import readers_among
from app.values import now_utc
from app.work import Action, Work
from app.workspaces.access import access_workspace
from app.workspaces.events import WORKSPACE_MEMBER_ADDED, member_state
from app.workspaces.models import Workspace, WorkspaceMember, WorkspaceRole
from app.writes import insert_rows

NAMES_AT_ONCE = 500


@dataclass(frozen=True)
class People:
    """Whom names stand for. ``reading`` can see the project and be assigned; ``left`` were taken out of it since."""

    by_name: dict[str, UUID]
    reading: frozenset[UUID]
    left: frozenset[str]

    def lacking(self, names: Sequence[str]) -> list[str]:
        """Those of the names that are still to be made members. Who was one and is not is left alone."""
        return [
            name for name in names if name not in self.left and self.by_name.get(name) not in self.reading
        ]


async def read_people(reader: Reader, workspace_id: UUID, project_id: UUID, names: Sequence[str]) -> People:
    """What is known of these names."""
    by_name = await people_by_name(reader, workspace_id, names)
    reading = {
        user_id for _, user_id in await readers_among(reader, [project_id], list(set(by_name.values())))
    }
    joined = await refs_by_key(reader, project_id, PEOPLE, [(PERSON, name) for name in names])
    left = frozenset(name for _, name in joined if by_name.get(name) not in reading)
    return People(by_name, frozenset(reading), left)


async def check_people(reader: Reader, viewer_id: UUID, workspace_id: UUID, names: Sequence[str]) -> None:
    """Raise the refusal of making placeholders, if some of these names are of nobody there.

    Before anything is written: else an import would stop half way.
    """
    for start in range(0, len(names), NAMES_AT_ONCE):
        some = names[start : start + NAMES_AT_ONCE]
        if len(await people_by_name(reader, workspace_id, some)) < len(set(some)):
            await access_workspace(reader, viewer_id, workspace_id, Permission.ADD_PEOPLE)
            return


def bring_people(project_id: UUID, names: Sequence[str], joining: Collection[str] | None = None) -> Action:
    """Make placeholders for unknown names, and everybody a member of the project who never was.

    With ``joining`` only these become members.
    """

    async def action(work: Work) -> Result:
        project = await open_project(work, project_id, Permission.IMPORT, changes_access=True)
        known = await read_people(work, project.workspace_id, project_id, names)
        lacking = known.lacking(names)
        missing = [name for name in lacking if name not in known.by_name]
        work.batch_id = new_id()
        made: dict[str, UUID] = {}
        if missing:
            needed = Permission.ADD_PEOPLE
            workspace = await access_workspace(work, work.viewer_id, project.workspace_id, needed)
            made = await _make_placeholders(work, workspace, missing)
        join = [name for name in lacking if joining is None or name in joining]
        people = {name: (known.by_name | made)[name] for name in join}
        if people:
            told = list(people.values())
            async with telling_access(work, project.workspace_id, people=told, projects=[project_id]):
                await _join(work, project_id, people)
        for name in join:
            if name not in made:
                user_id = known.by_name[name]
                await access_changed(work, user_id, InboxReason.ACCESS_GAINED, project_id=project_id)
        return {"placeholders": len(missing), "joined": len(join)}

    return action


async def _make_placeholders(work: Work, workspace: Workspace, names: Sequence[str]) -> dict[str, UUID]:
    now = now_utc()
    people = [
        User(id=new_id(), kind=UserKind.PLACEHOLDER.value, name=name, version=1, created_at=now)
        for name in names
    ]
    role = WorkspaceRole.GUEST.value
    await new_scopes(work, [(person.id, ScopeKind.INBOX, None) for person in people])
    await insert_rows(work, User, [person.model_dump() for person in people])
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


async def _join(work: Work, project_id: UUID, people: dict[str, UUID]) -> None:
    """Make people members of the project: only they can be assigned its tasks."""
    role, now = ProjectRole.MEMBER.value, now_utc()
    joining = list(dict.fromkeys(people.values()))
    rows = [{"project_id": project_id, "user_id": one, "role": role, "created_at": now} for one in joining]
    await insert_rows(work, ProjectMember, rows)
    for user_id in joining:
        work.record(project_id, PROJECT_MEMBER_ADDED, user_id, {"state": member_state(user_id, role)})
    refs = [
        {
            "project_id": project_id, "source": PEOPLE, "object_type": PERSON, "external_id": name,
            "object_id": user_id, "object_version": 1, "fingerprint": {},
        }
        for name, user_id in people.items()
    ]  # fmt: skip
    await insert_rows(work, ImportRef, refs)
