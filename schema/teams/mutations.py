"""Making teams, putting people into them, and giving them roles in projects."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.projects.actions import teams as roles
from app.projects.models import ProjectRole as Role
from app.teams import actions
from schema.accounts.types import User, user_edge
from schema.edges import Info
from schema.ids import read_id
from schema.inputs import VERSION, Versioned, given, key_field, optional, present
from schema.mutating import Payload, mutation, written
from schema.nodes import node_edge
from schema.projects.enums import ProjectRole
from schema.projects.types import Project
from schema.teams.types import Team
from schema.workspaces.types import Workspace


@strawberry.type(description="A team that was made or changed.")
class TeamPayload(Payload):
    team_id: strawberry.Private[UUID | None] = None
    team: Team | None = node_edge("Team", "team_id", "The team; null if nothing was done.")


@strawberry.type(description="A team that was deleted.")
class TeamDeletePayload(Payload):
    workspace_id: strawberry.Private[UUID | None] = None
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="The team's id.")
    workspace: Workspace | None = node_edge("Workspace", "workspace_id", "The workspace it was of.")


@strawberry.type(description="A team that somebody was put into or taken out of.")
class TeamMemberPayload(Payload):
    team_id: strawberry.Private[UUID | None] = None
    user_id: strawberry.Private[UUID | None] = None
    team: Team | None = node_edge("Team", "team_id", "The team; null if it is not there for you any more.")
    user: User | None = user_edge("user_id", "The person.")


@strawberry.type(description="A team's role in a project that was given, changed or taken.")
class ProjectTeamPayload(Payload):
    project_id: strawberry.Private[UUID | None] = None
    team_id: strawberry.Private[UUID | None] = None
    project: Project | None = node_edge("Project", "project_id", "The project; null if you see it no more.")
    team: Team | None = node_edge("Team", "team_id", "The team.")


@strawberry.input(description="A new team.")
class TeamCreateInput:
    workspace_id: strawberry.ID = strawberry.field(description="The workspace it belongs to.")
    name: str = strawberry.field(description="Its name, unique in the workspace.")
    color: str = strawberry.field(default="#6b7bd6", description="As #rrggbb.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Changes of a team. What is left out stays.")
class TeamUpdateInput:
    id: strawberry.ID = strawberry.field(description="The team.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Its name.")
    color: str | None = optional("As #rrggbb.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A team to be deleted.")
class TeamDeleteInput(Versioned):
    id: strawberry.ID = strawberry.field(description="The team.")


@strawberry.input(description="Somebody of the workspace, a guest too, to be put into a team.")
class TeamMemberAddInput:
    team_id: strawberry.ID = strawberry.field(description="The team.")
    user_id: strawberry.ID = strawberry.field(description="Who.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Somebody to be taken out of a team; yourself, to leave.")
class TeamMemberRemoveInput:
    team_id: strawberry.ID = strawberry.field(description="The team.")
    user_id: strawberry.ID = strawberry.field(description="Who.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A role for a team in a project.")
class ProjectTeamAddInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    team_id: strawberry.ID = strawberry.field(description="A team of its workspace.")
    role: ProjectRole = strawberry.field(default=Role.MEMBER, description="What its members may do.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Another role for a team in a project.")
class ProjectTeamUpdateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    team_id: strawberry.ID = strawberry.field(description="The team.")
    role: ProjectRole = strawberry.field(description="What its members may do from now on.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A team whose role in a project is to be taken.")
class ProjectTeamRemoveInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    team_id: strawberry.ID = strawberry.field(description="The team.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type
class TeamMutations:
    @mutation("Make a team.")
    async def team_create(self, info: Info, input: TeamCreateInput) -> TeamPayload:
        action = actions.create_team(
            read_id(input.workspace_id, "Workspace"), input.name, input.color, client_id=given(input.id)
        )
        return await written(info, input, action, TeamPayload)

    @mutation("Rename or recolour a team.")
    async def team_update(self, info: Info, input: TeamUpdateInput) -> TeamPayload:
        team_id = read_id(input.id, "Team")
        action = actions.update_team(team_id, input.expected_version, present(input, "name", "color"))
        return await written(info, input, action, TeamPayload)

    @mutation("Delete a team: its members lose what it gave them.")
    async def team_delete(self, info: Info, input: TeamDeleteInput) -> TeamDeletePayload:
        action = actions.delete_team(read_id(input.id, "Team"), input.expected_version)
        return await written(info, input, action, TeamDeletePayload, deleted_id=input.id)

    @mutation("Put somebody into a team: they get its roles in its projects.")
    async def team_member_add(self, info: Info, input: TeamMemberAddInput) -> TeamMemberPayload:
        action = actions.add_team_member(read_id(input.team_id, "Team"), read_id(input.user_id, "User"))
        return await written(info, input, action, TeamMemberPayload)

    @mutation("Take somebody out of a team, or leave it.")
    async def team_member_remove(self, info: Info, input: TeamMemberRemoveInput) -> TeamMemberPayload:
        action = actions.remove_team_member(read_id(input.team_id, "Team"), read_id(input.user_id, "User"))
        return await written(info, input, action, TeamMemberPayload)

    @mutation("Give a team a role in a project.")
    async def project_team_add(self, info: Info, input: ProjectTeamAddInput) -> ProjectTeamPayload:
        project_id, team_id = read_id(input.project_id, "Project"), read_id(input.team_id, "Team")
        action = roles.add_project_team(project_id, team_id, Role(input.role))
        return await written(info, input, action, ProjectTeamPayload)

    @mutation("Give a team another role in a project.")
    async def project_team_update(self, info: Info, input: ProjectTeamUpdateInput) -> ProjectTeamPayload:
        project_id, team_id = read_id(input.project_id, "Project"), read_id(input.team_id, "Team")
        action = roles.update_project_team(project_id, team_id, Role(input.role))
        return await written(info, input, action, ProjectTeamPayload)

    @mutation("Take a team's role in a project away.")
    async def project_team_remove(self, info: Info, input: ProjectTeamRemoveInput) -> ProjectTeamPayload:
        project_id, team_id = read_id(input.project_id, "Project"), read_id(input.team_id, "Team")
        action = roles.remove_project_team(project_id, team_id)
        return await written(info, input, action, ProjectTeamPayload)
