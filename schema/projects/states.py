"""Whole states of projects, their people and words, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.events.states import State
from schema.projects.enums import ConflictPolicy, ProjectRole, ProjectVisibility, StatusCategory


@strawberry.type(description="A project with all its own fields.")
class ProjectState(State, id="Project"):
    id: strawberry.ID = strawberry.field(description="The project.")
    key: str = strawberry.field(description="Its key.")
    name: str = strawberry.field(description="Its name.")
    description: str = strawberry.field(description="What it is about.")
    conflict_policy: ConflictPolicy = strawberry.field(description="The default of `onConflict`.")
    visibility: ProjectVisibility = strawberry.field(description="Who sees it.")
    workspace_role: ProjectRole = strawberry.field(
        description="What it gives to the whole workspace, if it does."
    )
    version: int = strawberry.field(description="Its version.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When its settings were last changed.")
    archived_at: datetime | None = strawberry.field(description="When it was archived.")


@strawberry.type(
    description="A project, named by its id alone: whether you see it is for `node(id:)` to say."
)
class ListedProjectState(State, project_id="Project"):
    project_id: strawberry.ID = strawberry.field(description="The project.")


@strawberry.type(description="Someone's membership in a project.")
class ProjectMemberState(State):
    user_id: strawberry.ID = strawberry.field(description="Who.")
    role: ProjectRole = strawberry.field(description="What they may do.")


@strawberry.type(description="The role that a team holds in a project.")
class ProjectTeamState(State):
    team_id: strawberry.ID = strawberry.field(description="Which team.")
    role: ProjectRole = strawberry.field(description="What its members may do, at least.")


@strawberry.type(description="A status with all its fields.")
class StatusState(State, id="Status"):
    id: strawberry.ID = strawberry.field(description="The status.")
    name: str = strawberry.field(description="Its name.")
    category: StatusCategory = strawberry.field(description="What it means.")
    color: str = strawberry.field(description="As #rrggbb.")
    rank: str = strawberry.field(description="Its place: compare bytewise.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")
    successor_id: strawberry.ID | None = strawberry.field(
        description="Where its tasks go while it is being removed."
    )


@strawberry.type(description="A label with all its fields.")
class LabelState(State, id="Label"):
    id: strawberry.ID = strawberry.field(description="The label.")
    name: str = strawberry.field(description="Its name.")
    color: str = strawberry.field(description="As #rrggbb.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")


@strawberry.type(description="A task type with all its fields.")
class TaskTypeState(State, id="TaskType"):
    id: strawberry.ID = strawberry.field(description="The task type.")
    name: str = strawberry.field(description="Its name.")
    color: str = strawberry.field(description="As #rrggbb.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")
