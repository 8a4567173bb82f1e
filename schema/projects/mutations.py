"""Making projects, their settings and members."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.projects.actions import members, settings
from app.projects.models import ProjectRole as Role
from app.projects.models import ProjectVisibility as Visibility
from app.workflows import actions as workflows
from schema.accounts.types import User, user_edge
from schema.edges import Info
from schema.ids import read_id, read_optional_id
from schema.inputs import VERSION, given, key_field, optional, present
from schema.mutating import Payload, mutation, written
from schema.nodes import node_edge
from schema.projects.enums import ConflictPolicy, ProjectRole, ProjectVisibility
from schema.projects.types import Project
from schema.workflows.enums import WorkflowTemplate


@strawberry.type(description="A project that was made or changed.")
class ProjectPayload(Payload):
    project_id: strawberry.Private[UUID | None] = None
    project: Project | None = node_edge("Project", "project_id", "The project; null if nothing was done.")


@strawberry.type(description="A membership that was made, changed or ended.")
class ProjectMemberPayload(Payload):
    project_id: strawberry.Private[UUID | None] = None
    user_id: strawberry.Private[UUID | None] = None
    project: Project | None = node_edge("Project", "project_id", "The project; null if you left it.")
    user: User | None = user_edge("user_id", "The person.")


@strawberry.input(description="A new project; you will administer it.")
class ProjectCreateInput:
    workspace_id: strawberry.ID = strawberry.field(description="The workspace it belongs to.")
    key: str = strawberry.field(
        description="2 to 10 letters and digits, such as ENG; unique in the workspace."
    )
    name: str = strawberry.field(description="Its name.")
    description: str = strawberry.field(default="", description="What it is about, in markdown.")
    visibility: ProjectVisibility = strawberry.field(
        default=Visibility.PRIVATE, description="Who sees it without having been given it."
    )
    workspace_role: ProjectRole = strawberry.field(
        default=Role.VIEWER,
        description="With WORKSPACE: what every member of the workspace may do, VIEWER or MEMBER.",
    )
    template: WorkflowTemplate | None = optional(
        "The workflow to begin with: its statuses instead of the usual ones, and its transitions."
    )
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A project's settings. What is left out stays.")
class ProjectUpdateInput:
    id: strawberry.ID = strawberry.field(description="The project.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Its name.")
    description: str | None = optional("What it is about, in markdown.")
    conflict_policy: ConflictPolicy | None = optional("What `onConflict` is when an edit does not say.")
    visibility: ProjectVisibility | None = optional(
        "Who sees it without having been given it. Who does not see it then is told to forget it."
    )
    workspace_role: ProjectRole | None = optional(
        "With WORKSPACE: what every member of the workspace may do, VIEWER or MEMBER."
    )
    archived: bool | None = optional("Whether it is archived: it can be read then, and not changed.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A member of the workspace to be added, by id or address.")
class ProjectMemberAddInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    user_id: strawberry.ID | None = optional("Who, by id.")
    email: str | None = optional("Who, by address.")
    role: ProjectRole = strawberry.field(default=Role.MEMBER, description="What they may do.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A member's new role.")
class ProjectMemberUpdateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    user_id: strawberry.ID = strawberry.field(description="The member.")
    role: ProjectRole = strawberry.field(description="What they may do from now on.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A member to be taken out; yourself, to leave.")
class ProjectMemberRemoveInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    user_id: strawberry.ID = strawberry.field(description="The member.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type
class ProjectMutations:
    @mutation("Make a project, with first statuses and task types.")
    async def project_create(self, info: Info, input: ProjectCreateInput) -> ProjectPayload:
        action = workflows.create_project(
            read_id(input.workspace_id, "Workspace"), input.key, input.name, description=input.description,
            client_id=given(input.id), visibility=Visibility(input.visibility),
            workspace_role=Role(input.workspace_role), template=given(input.template) or None,
        )  # fmt: skip
        return await written(info, input, action, ProjectPayload)

    @mutation("Change a project's settings, archive it, or bring it back.")
    async def project_update(self, info: Info, input: ProjectUpdateInput) -> ProjectPayload:
        project_id = read_id(input.id, "Project")
        changes = present(
            input, "name", "description", "conflict_policy", "visibility", "workspace_role", "archived"
        )
        action = settings.update_project(project_id, input.expected_version, changes)
        return await written(info, input, action, ProjectPayload)

    @mutation("Add a member of the workspace to a project.")
    async def project_member_add(self, info: Info, input: ProjectMemberAddInput) -> ProjectMemberPayload:
        action = members.add_project_member(
            read_id(input.project_id, "Project"), Role(input.role),
            user_id=read_optional_id(given(input.user_id), "User"), email=given(input.email),
        )  # fmt: skip
        return await written(info, input, action, ProjectMemberPayload)

    @mutation("Give a member another role.")
    async def project_member_update(
        self, info: Info, input: ProjectMemberUpdateInput
    ) -> ProjectMemberPayload:
        project_id, user_id = read_id(input.project_id, "Project"), read_id(input.user_id, "User")
        action = members.update_project_member(project_id, user_id, Role(input.role))
        return await written(info, input, action, ProjectMemberPayload)

    @mutation("Take someone out of a project, or leave it.")
    async def project_member_remove(
        self, info: Info, input: ProjectMemberRemoveInput
    ) -> ProjectMemberPayload:
        project_id, user_id = read_id(input.project_id, "Project"), read_id(input.user_id, "User")
        action = members.remove_project_member(project_id, user_id)
        return await written(info, input, action, ProjectMemberPayload)
