"""Whole states of links, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.events.states import State


@strawberry.type(
    description="A link between tasks. An end in another project is null here: events name none."
)
class LinkState(State, id="Link", source_task_id="Task", target_task_id="Task"):
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
