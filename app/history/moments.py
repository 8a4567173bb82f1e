"""Moments of a project: where its log stood, and what its objects were then.

The last checkpoint before a moment, and over it what the events since then made: never the log from its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from app.db import Reader
from app.errors import BadInput, Unavailable
from app.events.cursors import Cursor
from app.events.log import Position, heads
from app.history.reads import (
    Place,
    events_at,
    events_between,
    last_checkpoints,
    links_at,
    seqs_at,
    states_at,
    states_of_types,
)
from app.history.states import Key, Overlay, State, fold_over, needed_keys

MOST_EVENTS = 20_000
"""With more events since the last checkpoint than this, the past waits until one is written."""

WORDS = (
    "project", "status", "label", "task_type", "project_member", "project_team", "board", "view", "sprint", "milestone",
    "custom_field", "transition",
)  # fmt: skip
"""Types of which a project has few: read together, and once."""


@dataclass(frozen=True)
class When:
    """One of: a cursor of the log, a number in it, a time."""

    cursor: Cursor | None = None
    seq: int | None = None
    time: datetime | None = None


@dataclass(eq=False)
class Moment:
    """A place in a scope's log. ``overlay`` is what objects became between the checkpoint ``base`` and it."""

    position: Position
    recorded_at: datetime
    base: int
    overlay: Overlay
    words: dict[str, list[State]] | None = field(default=None)

    @property
    def scope_id(self) -> UUID:
        return self.position.scope_id

    @property
    def seq(self) -> int:
        return self.position.seq

    @property
    def checkpoint(self) -> Place:
        return self.scope_id, self.base


async def moments_of(reader: Reader, scope_ids: Sequence[UUID], when: When) -> dict[UUID, Moment]:
    """That moment of each scope; none for a scope that had no events yet. Raises ``BadInput``."""
    places = [place for place in (await _places(reader, scope_ids, when)).items() if place[1] > 0]
    if not places:
        return {}
    last = await events_at(reader, places)
    if when.cursor is not None and Cursor.at(*places[0], last[places[0]].id).check != when.cursor.check:
        raise BadInput("This cursor is of another history of the log. Reload.")
    bases = await last_checkpoints(reader, places)
    if any(seq - bases[scope_id, seq] > MOST_EVENTS for scope_id, seq in places):
        raise Unavailable("The past of this project is being prepared. Try again in some seconds.")
    spans = [(scope_id, bases[scope_id, seq], seq) for scope_id, seq in places]
    events = await events_between(reader, spans)
    needed = [((scope_id, base), key) for scope_id, base, _ in spans for key in needed_keys(events[scope_id])]
    before: dict[UUID, dict[Key, State]] = {scope_id: {} for scope_id, _ in places}
    for ((scope_id, _), key), state in (await states_at(reader, needed)).items():
        before[scope_id][key] = state
    return {
        scope_id: Moment(
            Position(scope_id, seq, Cursor.at(scope_id, seq, last[scope_id, seq].id)),
            last[scope_id, seq].recorded_at, base, fold_over(before[scope_id], events[scope_id]),
        )
        for scope_id, base, seq in spans
    }  # fmt: skip


async def _places(reader: Reader, scope_ids: Sequence[UUID], when: When) -> dict[UUID, int]:
    """How far each log goes then."""
    scopes = list(dict.fromkeys(scope_ids))
    if when.time is not None:
        return await seqs_at(reader, scopes, when.time)
    seq = when.seq if when.cursor is None else when.cursor.seq
    assert seq is not None
    if when.cursor is not None and scopes != [when.cursor.scope_id]:
        raise BadInput("This cursor is of another scope.")
    found = await heads(reader, scopes)
    for head in found.values():
        if not 0 <= seq <= head.seq:
            raise BadInput(f"The log goes from 1 to {head.seq}; {seq} is not in it.")
    return dict.fromkeys(found, seq)


async def load_words(reader: Reader, moments: Sequence[Moment]) -> None:
    """Read what projects had few of, for those of the moments that do not know it yet."""
    lacking = [moment for moment in dict.fromkeys(moments) if moment.words is None]
    if not lacking:
        return
    kept = await states_of_types(reader, [moment.checkpoint for moment in lacking], WORDS)
    for moment in lacking:
        objects = {key: state for (place, key), state in kept.items() if place == moment.checkpoint}
        objects |= {key: state for key, state in moment.overlay.items() if key[0] in WORDS}  # type: ignore[misc]
        moment.words = {name: [] for name in WORDS}
        for (name, _), state in objects.items():
            if state is not None:
                moment.words[name].append(state)


async def states_then(reader: Reader, asked: Sequence[tuple[Moment, Key]]) -> list[State | None]:
    """The state of each object at its moment; None if it was not there."""
    kept = await states_at(
        reader, [(moment.checkpoint, key) for moment, key in asked if key not in moment.overlay]
    )
    return [
        moment.overlay[key] if key in moment.overlay else kept.get((moment.checkpoint, key))
        for moment, key in asked
    ]


async def links_then(reader: Reader, tasks: Sequence[tuple[Moment, UUID]]) -> list[list[State]]:
    """The links of each task at its moment, oldest first."""
    kept = await links_at(
        reader, [moment.checkpoint for moment, _ in tasks], {task_id for _, task_id in tasks}
    )
    found: dict[Moment, dict[Key, State | None]] = {}
    for moment, _ in tasks:
        if moment not in found:
            found[moment] = {key: state for (place, key), state in kept.items() if place == moment.checkpoint}
            found[moment] |= {key: state for key, state in moment.overlay.items() if key[0] == "link"}
    ends: dict[tuple[Moment, str], list[State]] = {}
    for moment, links in found.items():
        for state in links.values():
            for end in {state["source_task_id"], state["target_task_id"]} if state else ():
                ends.setdefault((moment, end), []).append(state)  # type: ignore[arg-type]
    return [
        sorted(ends.get((moment, str(task_id)), ()), key=lambda state: (state["created_at"], state["id"]))
        for moment, task_id in tasks
    ]
