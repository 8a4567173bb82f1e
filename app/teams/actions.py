"""Every write of teams and of who is in them. What a team may do in a project: ``app.projects.actions.teams``."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.errors import LimitReached, NotFound, ValidationFailed, VersionConflict
from app.events.deltas import delta_between
from app.guards import Guard
from app.ids import accept_client_id
from app.inbox.arrivals import Arrival, deliver
from app.inbox.models import InboxReason
from app.inbox.scopes import AccessChange, telling_access
from app.outcomes import Result
from app.permissions import Permission
from app.statements import Statement, sql
from app.teams.access import access_teams
from app.teams.events import (
    PROJECT_TEAM_REMOVED,
    TEAM_CREATED,
    TEAM_REMOVED,
    TEAM_ROSTER_CREATED,
    TEAM_ROSTER_REMOVED,
    TEAM_ROSTER_UPDATED,
    TEAM_SHAPE,
    TEAM_UPDATED,
    roster_delta,
    roster_state,
    team_state,
)
from app.teams.models import Team, TeamMember
from app.values import check_color, check_name, now_utc, plain
from app.work import Action, Work
from app.workspaces.access import access_guard, access_workspace, hold_workspace
from app.workspaces.models import Workspace
from app.writes import compare_and_set, ids_in_use, insert_rows

MOST_TEAMS = 500
NAME_LENGTH = 80


def create_team(workspace_id: UUID, name: str, color: str, *, client_id: UUID | None = None) -> Action:
    """Make a team without anybody in it. Names are unique in the workspace, letter case aside."""

    async def action(work: Work) -> Result:
        workspace, names = await _open(work, workspace_id)
        if len(names) >= MOST_TEAMS:
            raise LimitReached(f"A workspace has at most {MOST_TEAMS} teams.", limit=MOST_TEAMS)
        now = now_utc()
        team = Team(
            id=accept_client_id(client_id), workspace_id=workspace_id, directory_id=workspace.directory_id,
            name=_free_name(names, name, None), color=check_color(color, "color"), version=1, created_at=now,
            updated_at=now,
        )  # fmt: skip
        if client_id is not None and await ids_in_use(work, [team.id]):
            raise ValidationFailed("This id is taken.", path=("id",))
        await insert_rows(work, Team, [team.model_dump()])
        work.record(
            team.directory_id, TEAM_CREATED, team.id, {"state": team_state(team)}, version=1, occurred_at=now
        )
        work.record(workspace_id, TEAM_ROSTER_CREATED, team.id, {"state": roster_state(team.id)})
        return {"team_id": str(team.id)}

    return action


def update_team(team_id: UUID, expected_version: int, changes: dict[str, Any]) -> Action:
    """Rename or recolour a team."""

    async def action(work: Work) -> Result:
        found = await _find(work, team_id, "id")
        _, names = await _open(work, found.workspace_id)
        team = await _find(work, team_id, "id")
        work.reflect(team.directory_id)
        values: dict[str, Any] = {}
        if "name" in changes:
            values["name"] = _free_name(names, changes["name"] or "", team_id)
        if "color" in changes:
            values["color"] = check_color(changes["color"] or "", "color")
        if not values:
            raise ValidationFailed("Nothing to change was given.")
        _check_version(team, expected_version)
        now = now_utc()
        old = team_state(team)
        delta = delta_between(
            old, {**old, **{name: plain(value) for name, value in values.items()}}, TEAM_SHAPE
        )
        if delta:
            row = {"id": team_id, "version": expected_version, "updated_at": now, **values}
            if not await compare_and_set(work, Team, [row], set(values) | {"updated_at"}, keys=("id",)):
                raise _conflict(team, expected_version)
            work.record(
                team.directory_id, TEAM_UPDATED, team_id, {"delta": delta}, version=expected_version + 1,
                occurred_at=now,
            )  # fmt: skip
        return {"team_id": str(team_id)}

    return action


def delete_team(team_id: UUID, expected_version: int) -> Action:
    """Delete a team: its members lose what it gave them, in every project."""

    async def action(work: Work) -> Result:
        team = await _held(work, team_id, Permission.MANAGE_TEAMS, "id")
        _check_version(team, expected_version)
        people = [row.user_id for row in await work.rows(_MEMBERS, team=team_id)]
        async with telling_access(work, team.workspace_id, people=people) as change:
            for row in await work.rows(_TAKE_ROLES, team=team_id):
                work.record(row.project_id, PROJECT_TEAM_REMOVED, team_id, {})
            await work.run(_EMPTY, team=team_id)
            await work.run(_DELETE, team=team_id)
        work.record(team.workspace_id, TEAM_ROSTER_REMOVED, team_id, {})
        work.record(team.directory_id, TEAM_REMOVED, team_id, {}, version=expected_version)
        await tell_people(work, change)
        return {"workspace_id": str(team.workspace_id)}

    return action


def add_team_member(team_id: UUID, user_id: UUID) -> Action:
    """Put a member (or a guest) of the workspace into a team: they get its roles in its projects."""

    async def action(work: Work) -> Result:
        team = await _held(work, team_id, Permission.MANAGE_TEAMS, "teamId")
        if not await work.row(_COLLEAGUE, workspace=team.workspace_id, user=user_id):
            raise NotFound("A member of the workspace with this id", path=("userId",))
        if await work.row(_MEMBER, team=team_id, user=user_id):
            raise ValidationFailed("They are in this team already.", path=("userId",))
        row = {
            "team_id": team_id, "user_id": user_id, "workspace_id": team.workspace_id, "created_at": now_utc(),
        }  # fmt: skip
        async with telling_access(work, team.workspace_id, people=[user_id]) as change:
            await insert_rows(work, TeamMember, [row])
        work.record(team.workspace_id, TEAM_ROSTER_UPDATED, team_id, roster_delta(added=[user_id]))
        await tell_people(work, change)
        return {"team_id": str(team_id), "user_id": str(user_id)}

    return action


def remove_team_member(team_id: UUID, user_id: UUID) -> Action:
    """Take someone out of a team; anybody may leave."""

    async def action(work: Work) -> Result:
        leaving = user_id == work.viewer_id
        team = await _held(work, team_id, Permission.REMOVE_FROM_TEAM, "teamId", own=leaving)
        if not await work.row(_MEMBER, team=team_id, user=user_id):
            raise NotFound("Member", path=("userId",))
        async with telling_access(work, team.workspace_id, people=[user_id]) as change:
            await work.run(_REMOVE, team=team_id, user=user_id)
        # A guest who leaves does not read the workspace's log.
        work.record(
            team.workspace_id,
            TEAM_ROSTER_UPDATED,
            team_id,
            roster_delta(removed=[user_id]),
            reflect=not leaving,
        )
        await tell_people(work, change)
        return {"team_id": str(team_id), "user_id": str(user_id)}

    return action


async def leave_teams(work: Work, workspace_id: UUID, user_id: UUID) -> None:
    """Take someone out of all teams of a workspace that they leave; the caller tells the access lost."""
    for row in await work.rows(_LEAVE, workspace=workspace_id, user=user_id):
        payload = roster_delta(removed=[user_id])
        work.record(workspace_id, TEAM_ROSTER_UPDATED, row.team_id, payload, reflect=False)


async def tell_people(work: Work, change: AccessChange, project_id: UUID | None = None) -> None:
    """One item in the inbox of everybody for whom something was gained or lost."""
    arrivals = [
        Arrival(user_id, reason, project_id=project_id)
        for pairs, reason in (
            (change.gained, InboxReason.ACCESS_GAINED), (change.lost, InboxReason.ACCESS_LOST),
        )
        for user_id in sorted({user_id for user_id, _ in pairs})
    ]  # fmt: skip
    deliver(work, arrivals)


async def _open(work: Work, workspace_id: UUID) -> tuple[Workspace, dict[UUID, str]]:
    """The workspace, its teams' names held, if the viewer manages them; the names by id."""
    workspace = await hold_workspace(
        work, workspace_id, Permission.MANAGE_TEAMS, Guard.of("teams", workspace_id)
    )
    rows = await work.rows(_NAMES, workspace=workspace_id)
    work.reflect(workspace_id)
    return workspace, {row.id: row.name for row in rows}


async def _held(work: Work, team_id: UUID, permission: Permission, *path: str, own: bool = False) -> Team:
    """A team, its workspace's access held against all others, if the viewer may do this to it."""
    found = await _find(work, team_id, *path)
    await work.guard(access_guard(found.workspace_id, shared=False))
    team = await _find(work, team_id, *path)
    await access_workspace(work, work.viewer_id, team.workspace_id, permission, own=own)
    return team


async def _find(work: Work, team_id: UUID, *path: str) -> Team:
    team = (await access_teams(work, work.viewer_id, [team_id])).get(team_id)
    if team is None:
        raise NotFound("Team", path=path)
    return team


def _free_name(names: dict[UUID, str], name: str, team_id: UUID | None) -> str:
    checked = check_name(name, "name", length=NAME_LENGTH)
    folded = checked.casefold()
    if any(one.casefold() == folded for other, one in names.items() if other != team_id):
        raise ValidationFailed("There is a team of this name.", path=("name",))
    return checked


def _check_version(team: Team, expected: int) -> None:
    if team.version != expected:
        raise _conflict(team, expected)


def _conflict(team: Team, expected: int) -> VersionConflict:
    return VersionConflict("team", team.id, expected=expected, current=team.version, clashes=[])


_NAMES = sql("SELECT id, name FROM teams WHERE workspace_id = $1", "workspace")
_MEMBERS = sql("SELECT user_id FROM team_members WHERE team_id = $1 ORDER BY user_id", "team")
_MEMBER = sql("SELECT 1 FROM team_members WHERE team_id = $1 AND user_id = $2", "team", "user")
_COLLEAGUE = sql(
    "SELECT 1 FROM workspace_members WHERE workspace_id = $1 AND user_id = $2", "workspace", "user"
)
_REMOVE = sql("DELETE FROM team_members WHERE team_id = $1 AND user_id = $2", "team", "user")
_LEAVE: Statement[TeamMember] = sql(
    "DELETE FROM team_members WHERE workspace_id = $1 AND user_id = $2 RETURNING team_id", "workspace", "user",
    model=TeamMember,
)  # fmt: skip
_TAKE_ROLES = sql("DELETE FROM project_teams WHERE team_id = $1 RETURNING project_id", "team")
_EMPTY = sql("DELETE FROM team_members WHERE team_id = $1", "team")
_DELETE = sql("DELETE FROM teams WHERE id = $1", "team")
