"""Events: one GraphQL type per kind, all with the same envelope."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.events.kinds import KINDS, Effect, current_payload
from schema.accounts.states import PersonState, ScopeState
from schema.accounts.types import User, user_edge
from schema.boards.states import BoardState
from schema.comments.states import CommentState
from schema.domains.states import JoiningDomainState
from schema.events.changes import FieldChange, changes_of
from schema.events.enums import ActorKind
from schema.fields.states import CustomFieldState
from schema.ids import global_id
from schema.inbox.states import InboxItemState
from schema.invitations.states import InvitationState
from schema.links.states import LinkState
from schema.milestones.states import MilestoneState
from schema.nodes import Node, node_edge
from schema.projects.states import (
    LabelState,
    ListedProjectState,
    ProjectMemberState,
    ProjectState,
    ProjectTeamState,
    StatusState,
    TaskTypeState,
)
from schema.sprints.states import SprintState
from schema.tasks.states import TaskState
from schema.teams.states import TeamRosterState, TeamState
from schema.views.states import ViewState
from schema.workflows.states import TransitionState
from schema.workspaces.states import WorkspaceMemberState, WorkspaceState

if TYPE_CHECKING:
    from schema.tasks.types import Task

_KINDS_OF_IDS = {
    "task": "Task", "comment": "Comment", "link": "Link", "project": "Project", "workspace": "Workspace",
    "status": "Status", "label": "Label", "task_type": "TaskType", "project_member": "User", "team": "Team",
    "team_roster": "Team", "project_team": "Team", "readable_scope": "Scope",
    "workspace_member": "User", "person": "User", "listed_project": "Project", "inbox_item": "InboxItem",
    "invitation": "Invitation", "joining_domain": "JoiningDomain",
    "sprint": "Sprint", "milestone": "Milestone", "transition": "Transition", "custom_field": "CustomField",
    "view": "View", "board": "Board",
}  # fmt: skip
_WITHIN_PROJECT = frozenset(
    {"status", "label", "task_type", "sprint", "milestone", "transition", "custom_field", "board"}
)


def _event_id(root: Any) -> strawberry.ID:
    return strawberry.ID(global_id("Event", root.id))


def _scope(root: Any) -> strawberry.ID:
    return strawberry.ID(global_id("Scope", root.scope_id))


def _object_id(root: Any) -> strawberry.ID:
    kind = _KINDS_OF_IDS[root.object_type]
    parts = (root.scope_id, root.object_id) if root.object_type in _WITHIN_PROJECT else (root.object_id,)
    return strawberry.ID(global_id(kind, *parts))


def _batch_id(root: Any) -> strawberry.ID | None:
    return None if root.batch_id is None else strawberry.ID(str(root.batch_id))


def _caused_by(root: Any) -> strawberry.ID | None:
    return None if root.caused_by is None else strawberry.ID(global_id("Event", root.caused_by))


def _client_mutation_id(root: Any) -> strawberry.ID | None:
    # Everybody may see it: a key is looked up under its sender's own name, so another's is of no use.
    return None if root.client_mutation_id is None else strawberry.ID(str(root.client_mutation_id))


def _changes(root: Any) -> list[Any]:
    payload = current_payload(root.kind, root.payload_version, root.payload)
    return changes_of(payload["delta"], root) if "delta" in payload else []


@strawberry.interface(
    description="One committed change. Events of a scope are numbered without gaps; applied in order to a copy of "
    "the scope they give what a fresh query gives."
)
class Event:
    id: strawberry.ID = strawberry.field(resolver=_event_id, description="The event's own id.")
    scope: strawberry.ID = strawberry.field(resolver=_scope, description="The scope it belongs to.")
    seq: int = strawberry.field(description="Its number in the scope: 1, 2, 3 …")
    kind: str = strawberry.field(description="The same as `__typename`.")
    object_id: strawberry.ID = strawberry.field(resolver=_object_id, description="What it happened to.")
    object_version: int | None = strawberry.field(
        description="The object's version after it, if it has versions."
    )
    actor_kind: ActorKind = strawberry.field(description="What kind of actor did it.")
    actor: User | None = user_edge("actor_id", "Who did it.")
    batch_id: strawberry.ID | None = strawberry.field(
        resolver=_batch_id, description="The same for all events of one bulk edit."
    )
    caused_by: strawberry.ID | None = strawberry.field(
        resolver=_caused_by, description="The event that brought this one about."
    )
    client_mutation_id: strawberry.ID | None = strawberry.field(
        resolver=_client_mutation_id,
        description="The `clientMutationId` of the mutation that did it: by it you know your own echo.",
    )
    occurred_at: datetime = strawberry.field(description="When it happened; for imports, originally.")
    recorded_at: datetime = strawberry.field(description="When it was recorded; never runs against `seq`.")
    changes: list[FieldChange] = strawberry.field(
        resolver=_changes,
        description="Field by field. An event that puts an object there or takes it away has none, nor has one after "
        "which only the version is another.",
    )

    @classmethod
    def resolve_type(cls, value: Any, info: Any, abstract_type: Any) -> str:
        name: str = value.kind
        return name


_NOW = (
    "As it is when this is read, which may be later than the event; null if it is not there for you any more."
)


@strawberry.interface(description="An event of a task.")
class TaskEvent(Event):
    task: Annotated[Task, strawberry.lazy("schema.tasks.types")] | None = node_edge("Task", "object_id", _NOW)


@strawberry.interface(description="An event of a comment.")
class CommentEvent(Event):
    comment: Node | None = node_edge("Comment", "object_id", _NOW)


_STATES: dict[str, Any] = {
    "task": TaskState, "comment": CommentState, "link": LinkState, "status": StatusState,
    "label": LabelState, "task_type": TaskTypeState, "project": ProjectState,
    "project_member": ProjectMemberState, "workspace": WorkspaceState,
    "workspace_member": WorkspaceMemberState, "listed_project": ListedProjectState, "person": PersonState,
    "invitation": InvitationState, "joining_domain": JoiningDomainState, "inbox_item": InboxItemState,
    "team": TeamState, "team_roster": TeamRosterState, "project_team": ProjectTeamState,
    "readable_scope": ScopeState, "sprint": SprintState, "milestone": MilestoneState,
    "transition": TransitionState, "view": ViewState, "custom_field": CustomFieldState, "board": BoardState,
}  # fmt: skip
_BASES: dict[str, type[Any]] = {"task": TaskEvent, "comment": CommentEvent}
_DESCRIPTIONS = {
    Effect.PUT: "is there now, in the state given",
    Effect.CHANGE: "changed as told in `changes`",
    Effect.REMOVE: "is not there any more",
}


_TOLD = {
    "RanksRebalanced": "a task got another `rank` and kept its place; no edit, and by nobody.",
    "ScopeAdded": "you may read a scope now: load what `nodeId` names, then follow it.",
    "ScopeRemoved": "you may not read a scope any more (its id is `objectId`): forget everything that you have of it.",
}


def _state_resolver(state_type: Any) -> Any:
    def state(root: Any) -> Any:
        payload = current_payload(root.kind, root.payload_version, root.payload)
        return state_type.of(payload["state"], root.scope_id)

    state.__annotations__["return"] = state_type
    return state


def _event_type(name: str) -> type[Any]:
    """The GraphQL type of a registered kind of event."""
    kind = KINDS[name]
    namespace: dict[str, Any] = {"__annotations__": {}, "__module__": __name__}
    if kind.effect is Effect.PUT:
        resolver = _state_resolver(_STATES[kind.object_type])
        namespace["state"] = strawberry.field(
            resolver=resolver, description="All its own fields, as of this event."
        )
    words = kind.object_type.replace("_", " ")
    namespace["is_type_of"] = staticmethod(lambda value, info: getattr(value, "kind", None) == name)
    made = type(name, (_BASES.get(kind.object_type, Event),), namespace)
    told = _TOLD.get(name, f"the {words} {_DESCRIPTIONS[kind.effect]}.")
    return strawberry.type(made, description=f"{name}: {told}")


def event_types() -> list[type[Any]]:
    """One type for every kind that is registered."""
    return [_event_type(name) for name in sorted(KINDS)]


__all__ = ["Event", "event_types"]
