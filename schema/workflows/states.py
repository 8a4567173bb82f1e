"""Whole states of transitions, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from schema.events.changes import present, reference
from schema.workflows.forms import TransitionAction, TransitionCondition, actions_of, conditions_of


@strawberry.type(description="A transition of a workflow with all its fields.")
class TransitionState:
    id: strawberry.ID = strawberry.field(description="The transition.")
    name: str = strawberry.field(description="What the button says.")
    from_status_id: strawberry.ID | None = strawberry.field(description="Where it begins; null: anywhere.")
    to_status_id: strawberry.ID = strawberry.field(description="Where it leads.")
    type_id: strawberry.ID | None = strawberry.field(description="Which tasks it is for; null: any.")
    conditions: list[TransitionCondition] = strawberry.field(description="What must hold.")
    actions: list[TransitionAction] = strawberry.field(description="What it does besides.")
    rank: str = strawberry.field(description="Its place: compare bytewise.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def of(cls, state: dict[str, Any], scope_id: UUID) -> TransitionState:
        references = ("from_status_id", "to_status_id", "type_id")
        deleted_at = state["deleted_at"]
        return cls(
            id=reference("Transition", state["id"], scope_id),
            conditions=conditions_of(state["conditions"], scope_id), actions=actions_of(state["actions"], scope_id),
            deleted_at=None if deleted_at is None else datetime.fromisoformat(deleted_at),
            **{name: state[name] for name in ("name", "rank", "version")},
            **{name: present(name, state[name], scope_id) for name in references},
        )  # fmt: skip
