"""Who has which role in a project: the product's answer against an oracle, after any sequence of changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.config import Settings
from tests.client import JSON
from tests.conftest import Template
from tests.databases import Databases
from tests.folding import Scope
from tests.invariants import events_over_http, fold
from tests.service import Doors, serve
from tests.world import World

ROLES = ("VIEWER", "MEMBER", "MANAGER", "ADMIN")
PEOPLE = ("admin", "manager", "viewer", "guest", "colleague")
PROJECTS = ("eng", "ops", "secret")
TEAMS = ("first", "second")
OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(("member", "team", "staff", "visibility", "standing", "delete")),
        st.sampled_from(PEOPLE), st.sampled_from(PROJECTS), st.sampled_from(TEAMS), st.sampled_from((*ROLES, None)),
    ),
    min_size=8, max_size=20,
)  # fmt: skip


@dataclass
class Oracle:
    """What was given to whom, and the formula over it."""

    standing: dict[str, str | None]
    named: dict[tuple[str, str], str] = field(default_factory=dict)
    teams: dict[tuple[str, str], str] = field(default_factory=dict)
    staff: set[tuple[str, str]] = field(default_factory=set)
    visible: dict[str, str] = field(default_factory=dict)

    def role(self, person: str, project: str) -> str | None:
        standing = self.standing[person]
        if standing is None:
            return None
        given = [self.named.get((project, person))]
        given += [self.teams.get((project, team)) for team in TEAMS if (team, person) in self.staff]
        if standing != "GUEST":
            given.append(self.visible.get(project))
        if standing == "ADMIN":
            given.append("ADMIN")
        return max((one for one in given if one), key=ROLES.index, default=None)


class Place:
    """Does operations, and tells the oracle what was done."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.teams: dict[str, str] = {}
        self.oracle = Oracle(
            {
                "admin": "ADMIN",
                "manager": "MEMBER",
                "viewer": "MEMBER",
                "guest": "GUEST",
                "colleague": "MEMBER",
            },
            {("eng", "manager"): "MANAGER", ("eng", "viewer"): "VIEWER", ("eng", "guest"): "MEMBER"},
        )

    async def run(self, what: str, person: str, project: str, team: str, role: str | None) -> None:
        user = self.world.person(person).user_id
        await getattr(self, f"_{what}")(person, user, project, team, role)

    async def _do(self, mutation: str, **input: Any) -> None:
        await self.world.owner.do(mutation, "", **input)

    async def _member(self, person: str, user: str, project: str, team: str, role: str | None) -> None:
        named, place = self.oracle.named, {"projectId": getattr(self.world, project)["id"], "userId": user}
        if self.oracle.standing[person] is None:
            return
        if role is None and (project, person) in named:
            await self._do("projectMemberRemove", **place)
            del named[project, person]
        elif role is not None:
            mutation = "projectMemberUpdate" if (project, person) in named else "projectMemberAdd"
            await self._do(mutation, **place, role=role)
            named[project, person] = role

    async def _team(self, person: str, user: str, project: str, team: str, role: str | None) -> None:
        held, team_id = self.oracle.teams, await self._made(team)
        place = {"projectId": getattr(self.world, project)["id"], "teamId": team_id}
        if role is None and (project, team) in held:
            await self._do("projectTeamRemove", **place)
            del held[project, team]
        elif role is not None:
            await self._do(
                "projectTeamUpdate" if (project, team) in held else "projectTeamAdd", **place, role=role
            )
            held[project, team] = role

    async def _staff(self, person: str, user: str, project: str, team: str, role: str | None) -> None:
        staff, given = self.oracle.staff, {"teamId": await self._made(team), "userId": user}
        if (team, person) in staff:
            await self._do("teamMemberRemove", **given)
            staff.remove((team, person))
        elif self.oracle.standing[person] is not None:
            await self._do("teamMemberAdd", **given)
            staff.add((team, person))

    async def _visibility(self, person: str, user: str, project: str, team: str, role: str | None) -> None:
        place = getattr(self.world, project)["id"]
        document = "query($id: ID!) { node(id: $id) { ... on Project { version } } }"
        version = (await self.world.owner.query(document, id=place))["node"]["version"]
        given: JSON = {"id": place, "expectedVersion": version}
        if role in ("VIEWER", "MEMBER"):
            await self._do("projectUpdate", **given, visibility="WORKSPACE", workspaceRole=role)
            self.oracle.visible[project] = role
        else:
            await self._do("projectUpdate", **given, visibility="PRIVATE")
            self.oracle.visible.pop(project, None)

    async def _standing(self, person: str, user: str, project: str, team: str, role: str | None) -> None:
        place = {"workspaceId": self.world.workspace["id"]}
        new = {"VIEWER": "GUEST", "MANAGER": "MEMBER"}.get(role or "", role)
        standing = self.oracle.standing
        if standing[person] is None:
            new = new or "MEMBER"
            await self._do("workspaceMemberAdd", **place, email=self.world.person(person).email, role=new)
        elif new is None:
            await self._do("workspaceMemberRemove", **place, userId=user)
            for given in (self.oracle.named, self.oracle.staff):
                for key in [key for key in given if key[1] == person]:
                    given.discard(key) if isinstance(given, set) else given.pop(key)
        else:
            await self._do("workspaceMemberUpdate", **place, userId=user, role=new)
        standing[person] = new

    async def _delete(self, person: str, user: str, project: str, team: str, role: str | None) -> None:
        if team in self.teams:
            await self._do("teamDelete", id=self.teams.pop(team), expectedVersion=1)
            self.oracle.staff = {key for key in self.oracle.staff if key[0] != team}
            self.oracle.teams = {key: one for key, one in self.oracle.teams.items() if key[1] != team}

    async def _made(self, team: str) -> str:
        if team not in self.teams:
            self.teams[team] = (await self.world.team(name=team))["id"]
        return self.teams[team]

    async def roles(self, person: str) -> dict[str, str | None]:
        found = await self.world.person(person).query("{ projects { id viewerRole } }")
        by_id = {one["id"]: one["viewerRole"] for one in found["projects"]}
        return {project: by_id.get(getattr(self.world, project)["id"]) for project in PROJECTS}


@settings(
    max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True,
    phases=[Phase.explicit, Phase.generate],
)  # fmt: skip
@given(operations=OPERATIONS)
async def test_any_sequence_of_changes_gives_the_roles_of_the_formula(
    databases: Databases, template: Template, doors: Doors, make_settings: Callable[..., Settings], quiet: None,
    operations: list[Any],
) -> None:  # fmt: skip
    """The same roles, and inboxes, projects, workspace and directory whose events fold to what is fetched."""
    async with databases.copy_of(template.database) as name, serve(doors, make_settings(name)) as service:
        world = World(service, template.kept)
        place = Place(world)
        scopes = [(world.person(person), Scope("inbox")) for person in PEOPLE]
        scopes += [(world.owner, Scope("project", getattr(world, one)["id"])) for one in PROJECTS]
        scopes += [(world.owner, Scope(kind, world.workspace["id"])) for kind in ("workspace", "directory")]
        copies = [await scope.fetch(client) for client, scope in scopes]
        cursors = [copy.cursor for copy in copies]
        for operation in operations:
            await place.run(*operation)
        for person in PEOPLE:
            expected = {project: place.oracle.role(person, project) for project in PROJECTS}
            assert await place.roles(person) == expected, person
        for (client, scope), copy, cursor in zip(scopes, copies, cursors, strict=True):
            fresh = await scope.fetch(client)
            fold(copy, await events_over_http(client, fresh.scope, cursor, page=7), fresh)


async def test_the_same_question_has_the_same_answer_at_every_door(world: World) -> None:
    """A role by a team: in the list, by key, by id, on a task, and in what one may do."""
    await world.team("colleague", roles={"ops": "MANAGER"})
    task = await world.task(by="owner", projectId=world.ops["id"])
    found = await world.colleague.query(
        """query($id: ID!, $task: ID!) {
          projects { key viewerRole } project(key: "OPS") { viewerRole viewerCanManage viewerCanAdminister }
          node(id: $id) { ... on Project { viewerRole } } task: node(id: $task) { ... on Task { viewerCanUpdate } }
          tasks { totalCount } }""",
        id=world.ops["id"], task=task["id"],
    )  # fmt: skip
    assert found == {
        "projects": [{"key": "OPS", "viewerRole": "MANAGER"}],
        "project": {"viewerRole": "MANAGER", "viewerCanManage": True, "viewerCanAdminister": False},
        "node": {"viewerRole": "MANAGER"}, "task": {"viewerCanUpdate": True}, "tasks": {"totalCount": 1},
    }  # fmt: skip
    await world.colleague.do("statusCreate", projectId=world.ops["id"], name="Mine", category="STARTED")
    error = await world.colleague.refused("projectUpdate", id=world.ops["id"], expectedVersion=1, name="No")
    assert error["code"] == "PERMISSION_DENIED"
    # They can be assigned and mentioned there, as who is a member by name.
    patch = {"addAssigneeIds": [world.colleague.user_id]}
    await world.owner.do("taskUpdate", id=task["id"], expectedVersion=1, patch=patch)
