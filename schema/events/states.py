"""Whole states of objects, as the events that put them there hold them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from schema.accounts.enums import UserKind
from schema.events.changes import present, presented_value, reference
from schema.events.enums import ScopeKind
from schema.ids import global_id
from schema.projects.enums import ConflictPolicy, ProjectRole, ProjectVisibility, StatusCategory
from schema.workspaces.enums import WorkspaceRole


def _moment(value: str | None) -> Any:
    return None if value is None else datetime.fromisoformat(value)


@strawberry.type(description="A named markdown text of a task.")
class TaskSection:
    name: str = strawberry.field(description="`description`, `acceptance_criteria`, `notes` …")
    text: str = strawberry.field(description="The markdown.")


@strawberry.type(description="What stands in a custom field of a task.")
class TaskFieldState:
    field_id: strawberry.ID = strawberry.field(description="Which field.")
    value: JSON = strawberry.field(
        description="One entry: `text`, `number`, `date`, `optionId`, `optionIds`, `userId` or `url`."
    )


@strawberry.type(description="A task with all its own fields, by ids.")
class TaskState:
    id: strawberry.ID = strawberry.field(description="The task.")
    number: int = strawberry.field(description="Its number in the project.")
    title: str = strawberry.field(description="Its title.")
    sections: list[TaskSection] = strawberry.field(description="Its texts by name.")
    status_id: strawberry.ID = strawberry.field(description="Its status.")
    type_id: strawberry.ID = strawberry.field(description="Its type.")
    priority: int = strawberry.field(description="0 (none) to 4.")
    parent_id: strawberry.ID | None = strawberry.field(description="The task it is part of.")
    creator_id: strawberry.ID | None = strawberry.field(description="Who made it.")
    assignee_ids: list[strawberry.ID] = strawberry.field(description="Who it is assigned to.")
    label_ids: list[strawberry.ID] = strawberry.field(description="Its labels.")
    sprint_id: strawberry.ID | None = strawberry.field(description="The sprint it is in.")
    milestone_id: strawberry.ID | None = strawberry.field(description="The milestone it is in.")
    estimate: float | None = strawberry.field(description="How much work it is.")
    due_date: date | None = strawberry.field(description="When it is due.")
    rank: str = strawberry.field(description="Its place: compare bytewise.")
    close_reason: str | None = strawberry.field(description="Why it was closed.")
    external_ref: str | None = strawberry.field(description="What it is called elsewhere.")
    config: JSON = strawberry.field(description="Free-form values by key.")
    fields: list[TaskFieldState] = strawberry.field(
        description="What stands in its custom fields, those that are deleted too."
    )
    version: int = strawberry.field(description="Its version.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last edited.")
    completed_at: datetime | None = strawberry.field(description="When it was closed.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> TaskState:
        plain = (
            "number",
            "title",
            "priority",
            "estimate",
            "rank",
            "close_reason",
            "external_ref",
            "config",
            "version",
        )
        references = (
            "status_id", "type_id", "parent_id", "creator_id", "assignee_ids", "label_ids", "sprint_id",
            "milestone_id",
        )  # fmt: skip
        moments = ("created_at", "updated_at", "completed_at", "deleted_at")
        return cls(
            id=reference("Task", state["id"], scope_id),
            sections=[TaskSection(name=name, text=text) for name, text in sorted(state["sections"].items())],
            fields=[
                TaskFieldState(
                    field_id=reference("CustomField", field_id, scope_id),
                    value=presented_value(value, scope_id),
                )
                for field_id, value in sorted(state["fields"].items())
            ],
            due_date=None if state["due_date"] is None else date.fromisoformat(state["due_date"]),
            **{name: state[name] for name in plain},
            **{name: present(name, state[name], scope_id) for name in references},
            **{name: _moment(state[name]) for name in moments},
        )


@strawberry.type(description="A comment with all its own fields, by ids.")
class CommentState:
    id: strawberry.ID = strawberry.field(description="The comment.")
    task_id: strawberry.ID = strawberry.field(description="The task it is on.")
    parent_id: strawberry.ID | None = strawberry.field(description="The comment it answers.")
    author_id: strawberry.ID | None = strawberry.field(description="Who wrote it.")
    body: str = strawberry.field(description="The markdown; empty once deleted.")
    version: int = strawberry.field(description="Its version.")
    created_at: datetime = strawberry.field(description="When it was written.")
    updated_at: datetime = strawberry.field(description="When it was last edited.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> CommentState:
        return cls(
            id=reference("Comment", state["id"], scope_id),
            task_id=reference("Task", state["task_id"], scope_id),
            parent_id=reference("Comment", state["parent_id"], scope_id) if state["parent_id"] else None,
            author_id=present("author_id", state["author_id"], scope_id),
            body=state["body"],
            version=state["version"],
            **{name: _moment(state[name]) for name in ("created_at", "updated_at", "deleted_at")},
        )


@strawberry.type(
    description="A link between tasks. An end in another project is null here: events name none."
)
class LinkState:
    id: strawberry.ID = strawberry.field(
        description="The link; `node(id:)` tells its far end, if you may see it."
    )
    kind: str = strawberry.field(description="`blocks`, `relates`, `duplicates` …: source <kind> target.")
    source_task_id: strawberry.ID | None = strawberry.field(
        description="The source, if it is in this project."
    )
    target_task_id: strawberry.ID | None = strawberry.field(
        description="The target, if it is in this project."
    )
    cyclic: bool = strawberry.field(
        description="An imported link that closes a cycle, which a new one may not."
    )
    creator_id: strawberry.ID | None = strawberry.field(description="Who made it.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> LinkState:
        ends = {
            name: reference("Task", state[name], scope_id) if state[name] else None
            for name in ("source_task_id", "target_task_id")
        }
        return cls(
            id=reference("Link", state["id"], scope_id), kind=state["kind"], cyclic=state["cyclic"],
            creator_id=present("creator_id", state["creator_id"], scope_id), created_at=_moment(state["created_at"]),
            **ends,
        )  # fmt: skip


@strawberry.type(description="A status with all its fields.")
class StatusState:
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

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> StatusState:
        names = ("name", "category", "color", "rank", "version")
        return cls(
            successor_id=present("successor_id", state["successor_id"], scope_id),
            id=reference("Status", state["id"], scope_id),
            deleted_at=_moment(state["deleted_at"]),
            **{name: state[name] for name in names},
        )


@strawberry.type(description="A label with all its fields.")
class LabelState:
    id: strawberry.ID = strawberry.field(description="The label.")
    name: str = strawberry.field(description="Its name.")
    color: str = strawberry.field(description="As #rrggbb.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> LabelState:
        return cls(
            id=reference("Label", state["id"], scope_id),
            deleted_at=_moment(state["deleted_at"]),
            **{name: state[name] for name in ("name", "color", "version")},
        )


@strawberry.type(description="A task type with all its fields.")
class TaskTypeState:
    id: strawberry.ID = strawberry.field(description="The task type.")
    name: str = strawberry.field(description="Its name.")
    color: str = strawberry.field(description="As #rrggbb.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> TaskTypeState:
        names = ("name", "color", "version")
        return cls(
            id=reference("TaskType", state["id"], scope_id),
            deleted_at=_moment(state["deleted_at"]),
            **{name: state[name] for name in names},
        )


@strawberry.type(description="A project with all its own fields.")
class ProjectState:
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

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> ProjectState:
        names = ("key", "name", "description", "conflict_policy", "visibility", "workspace_role", "version")
        return cls(
            id=reference("Project", state["id"], scope_id),
            **{name: state[name] for name in names},
            **{name: _moment(state[name]) for name in ("created_at", "updated_at", "archived_at")},
        )


@strawberry.type(description="Someone's membership in a project.")
class ProjectMemberState:
    user_id: strawberry.ID = strawberry.field(description="Who.")
    role: ProjectRole = strawberry.field(description="What they may do.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> ProjectMemberState:
        return cls(user_id=reference("User", state["user_id"], scope_id), role=state["role"])


@strawberry.type(description="The role that a team holds in a project.")
class ProjectTeamState:
    team_id: strawberry.ID = strawberry.field(description="Which team.")
    role: ProjectRole = strawberry.field(description="What its members may do, at least.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> ProjectTeamState:
        return cls(team_id=reference("Team", state["team_id"], scope_id), role=state["role"])


@strawberry.type(description="How a team is shown.")
class TeamState:
    id: strawberry.ID = strawberry.field(description="The team.")
    name: str = strawberry.field(description="Its name.")
    color: str = strawberry.field(description="As #rrggbb.")
    version: int = strawberry.field(description="Its version.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> TeamState:
        return cls(
            id=reference("Team", state["id"], scope_id),
            **{name: state[name] for name in ("name", "color", "version")},
            **{name: _moment(state[name]) for name in ("created_at", "updated_at")},
        )


@strawberry.type(description="Who is in a team.")
class TeamRosterState:
    team_id: strawberry.ID = strawberry.field(description="Which team.")
    member_ids: list[strawberry.ID] = strawberry.field(description="Its members.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> TeamRosterState:
        return cls(
            team_id=reference("Team", state["team_id"], scope_id),
            member_ids=present("member_ids", state["member_ids"], scope_id),
        )


@strawberry.type(description="A scope that you may read: follow it with `events(scope:)`.")
class ScopeState:
    id: strawberry.ID = strawberry.field(description="The scope.")
    kind: ScopeKind = strawberry.field(description="What it is the log of.")
    node_id: strawberry.ID = strawberry.field(
        description="What to load with `node(id:)` before following it: the project, or the workspace."
    )

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> ScopeState:
        project = state["kind"] == ScopeKind.PROJECT.value
        node = ("Project", state["id"]) if project else ("Workspace", state["workspace_id"])
        return cls(
            id=reference("Scope", state["id"], scope_id), kind=state["kind"],
            node_id=reference(*node, scope_id),
        )  # fmt: skip


@strawberry.type(description="Someone's membership in a workspace.")
class WorkspaceMemberState:
    user_id: strawberry.ID = strawberry.field(description="Who.")
    role: WorkspaceRole = strawberry.field(description="What they may do.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> WorkspaceMemberState:
        return cls(user_id=reference("User", state["user_id"], scope_id), role=state["role"])


@strawberry.type(description="A workspace with all its own fields.")
class WorkspaceState:
    id: strawberry.ID = strawberry.field(description="The workspace.")
    name: str = strawberry.field(description="Its name.")
    version: int = strawberry.field(description="Its version.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> WorkspaceState:
        return cls(
            id=reference("Workspace", state["id"], scope_id), name=state["name"], version=state["version"]
        )


@strawberry.type(
    description="A project, named by its id alone: whether you see it is for `node(id:)` to say."
)
class ListedProjectState:
    project_id: strawberry.ID = strawberry.field(description="The project.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> ListedProjectState:
        return cls(project_id=strawberry.ID(global_id("Project", UUID(state["project_id"]))))


@strawberry.type(description="An open invitation. The invited address is for admins, who ask `node(id:)`.")
class InvitationState:
    id: strawberry.ID = strawberry.field(description="The invitation.")
    role: WorkspaceRole = strawberry.field(description="What they will be in the workspace.")
    invited_by_id: strawberry.ID = strawberry.field(description="Who asked.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="Until when it can be accepted.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> InvitationState:
        return cls(
            id=reference("Invitation", state["id"], scope_id),
            role=state["role"],
            invited_by_id=reference("User", state["invited_by_id"], scope_id),
            created_at=_moment(state["created_at"]),
            expires_at=_moment(state["expires_at"]),
        )


@strawberry.type(description="A domain of addresses whose people join by signing in at a provider.")
class JoiningDomainState:
    id: strawberry.ID = strawberry.field(description="The joining domain.")
    domain: str = strawberry.field(description="The part behind the @.")
    role: WorkspaceRole = strawberry.field(description="As what people join.")
    created_at: datetime = strawberry.field(description="Since when.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> JoiningDomainState:
        return cls(
            id=reference("JoiningDomain", state["id"], scope_id),
            domain=state["domain"],
            role=state["role"],
            created_at=_moment(state["created_at"]),
        )


@strawberry.type(description="How a person is shown.")
class PersonState:
    id: strawberry.ID = strawberry.field(description="The person.")
    kind: UserKind = strawberry.field(description="Whether they have an account.")
    name: str = strawberry.field(description="Their name.")
    avatar_url: str | None = strawberry.field(description="Their picture.")
    version: int = strawberry.field(description="The version of their profile.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> PersonState:
        names = ("kind", "name", "avatar_url", "version")
        return cls(id=reference("User", state["id"], scope_id), **{name: state[name] for name in names})
