"""Whole states of people, and of the scopes that they may read, as the events that put them there hold them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from schema.accounts.enums import UserKind
from schema.events.changes import reference
from schema.events.enums import ScopeKind
from schema.events.states import State


@strawberry.type(description="How a person is shown.")
class PersonState(State, id="User"):
    id: strawberry.ID = strawberry.field(description="The person.")
    kind: UserKind = strawberry.field(description="Whether they have an account.")
    name: str = strawberry.field(description="Their name.")
    avatar_url: str | None = strawberry.field(description="Their picture.")
    version: int = strawberry.field(description="The version of their profile.")


@strawberry.type(description="A scope that you may read: follow it with `events(scope:)`.")
class ScopeState(State, id="Scope"):
    id: strawberry.ID = strawberry.field(description="The scope.")
    kind: ScopeKind = strawberry.field(description="What it is the log of.")
    node_id: strawberry.ID = strawberry.field(
        description="What to load with `node(id:)` before following it: the project, or the workspace."
    )

    @classmethod
    def told(cls, state: dict[str, Any], scope_id: UUID | None) -> dict[str, Any]:
        project = state["kind"] == ScopeKind.PROJECT.value
        node = ("Project", state["id"]) if project else ("Workspace", state["workspace_id"])
        return {"node_id": reference(*node, scope_id)}
