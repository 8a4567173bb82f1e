"""Somebody's own last changes in a project: which there are, and which of them were taken back already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.db import Reader
from app.events.models import ActorKind, Event
from app.history.attached import ATTACHED
from app.history.objects import ROOMS
from app.history.standing import STANDING, goes_back
from app.statements import Statement, sql

UNDOABLE = frozenset({"task", *ROOMS, *ATTACHED})
"""Types of objects of which every change can be undone, if nothing stands against it."""

WINDOW = 5_000
"""Events of a project, back from its last one, among which changes can be undone."""

_MINE: Statement[Event] = sql(
    """
    SELECT e.* FROM scopes s JOIN events e ON e.scope_id = s.id AND e.seq > s.seq - $3
    WHERE s.id = $1 AND e.actor_id = $2 AND e.actor_kind = $4 ORDER BY e.seq
    """,
    "scope", "actor", "window", "kind",
    model=Event,
)  # fmt: skip


def can_undo(event: Event) -> bool:
    """Whether a change is of a kind that can be undone: who sees a project is none."""
    return event.object_type in UNDOABLE or (event.object_type in STANDING and goes_back(event))


@dataclass(frozen=True)
class Which:
    """One of: the mutation of a ``clientMutationId``, the bulk edit of a ``batchId``, the last one (neither).

    ``before_seq``: the last one before that event of the project.
    """

    client_mutation_id: UUID | None = None
    batch_id: UUID | None = None
    before_seq: int | None = None

    @property
    def last(self) -> bool:
        """Whether it is the last one that still stands, and none that was named."""
        return self.client_mutation_id is None and self.batch_id is None


async def own_events(reader: Reader, project_id: UUID, user_id: UUID) -> list[Event]:
    """A person's own events within the window, oldest first."""
    return await reader.rows(_MINE, scope=project_id, actor=user_id, window=WINDOW, kind=ActorKind.USER.value)


def events_to_undo(events: Sequence[Event], which: Which) -> list[Event]:
    """Those of a person's events that were asked for; of the last change those that still stand. Pure."""
    if which.client_mutation_id is not None:
        return [event for event in events if event.client_mutation_id == which.client_mutation_id]
    if which.batch_id is not None:
        return [event for event in events if event.batch_id == which.batch_id]
    undone, undoing = _taken_back(events)
    standing = [
        event
        for event in events
        if can_undo(event)
        and event.id not in undone
        and event.id not in undoing
        and (which.before_seq is None or event.seq < which.before_seq)
    ]
    if not standing:
        return []
    # The events of one unit in one scope were recorded in one moment.
    return [event for event in standing if event.recorded_at == standing[-1].recorded_at]


def _taken_back(events: Sequence[Event]) -> tuple[set[UUID], set[UUID]]:
    """The events that were taken back and still are; and those that took others back."""
    by_id = {event.id: event for event in events}
    undone: set[UUID] = set()
    undoing: set[UUID] = set()
    for event in events:
        cause = by_id.get(event.caused_by) if event.caused_by else None
        if cause is None or cause.object_id != event.object_id:
            continue
        undoing.add(event.id)
        back = True
        while cause is not None and cause.object_id == event.object_id:
            (undone.add if back else undone.discard)(cause.id)
            cause, back = (by_id.get(cause.caused_by) if cause.caused_by else None), not back
    return undone, undoing
