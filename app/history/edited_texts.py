"""The texts that events edited, as they stood before: for showing an edit among its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.db import Reader
from app.events.kinds import KINDS, Effect
from app.events.models import Event
from app.history.reads import last_checkpoints, states_at
from app.history.states import State, fold_over
from app.statements import Statement, sql

CONTEXT_LINES = 3


@dataclass(frozen=True)
class Edited:
    """A text that an event edited: ``field`` as deltas name it (``body``, ``sections.notes``)."""

    scope_id: UUID
    object_type: str
    object_id: UUID
    seq: int
    field: str

    @property
    def of(self) -> tuple[UUID, str, UUID]:
        return self.scope_id, self.object_type, self.object_id


_EVENTS: Statement[Event] = sql(
    """
    SELECT e.* FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[])
        AS asked(scope_id, object_id, after, upto)
    JOIN events e ON e.scope_id = asked.scope_id AND e.object_id = asked.object_id
        AND e.seq > asked.after AND e.seq < asked.upto
    ORDER BY e.seq
    """,
    "scopes", "ids", "afters", "uptos",
    model=Event,
)  # fmt: skip


async def texts_before(reader: Reader, asked: Sequence[Edited]) -> list[str]:
    """Each text as it stood before its event, in three statements."""
    spans: dict[tuple[UUID, str, UUID], tuple[int, int]] = {}
    for one in asked:
        low, high = spans.get(one.of, (one.seq, one.seq))
        spans[one.of] = min(low, one.seq), max(high, one.seq)
    objects = list(spans)
    places = [(scope_id, spans[scope_id, name, one][0] - 1) for scope_id, name, one in objects]
    bases = await last_checkpoints(reader, list(dict.fromkeys(places)))
    starts = {of: bases[place] for of, place in zip(objects, places, strict=True)}
    kept = await states_at(reader, [((of[0], starts[of]), of[1:]) for of in objects])
    states: dict[tuple[UUID, str, UUID], State | None] = {
        of: kept.get(((of[0], starts[of]), of[1:])) for of in objects
    }
    events = await reader.rows(
        _EVENTS, scopes=[of[0] for of in objects], ids=[of[2] for of in objects],
        afters=[starts[of] for of in objects], uptos=[spans[of][1] for of in objects],
    )  # fmt: skip
    wanted = sorted(range(len(asked)), key=lambda place: asked[place].seq)
    found = [""] * len(asked)
    for event in events:
        while wanted and asked[wanted[0]].seq <= event.seq:
            place = wanted.pop(0)
            found[place] = _text(states[asked[place].of], asked[place].field)
        _go_on(states, event)
    for place in wanted:
        found[place] = _text(states[asked[place].of], asked[place].field)
    return found


def _go_on(states: dict[tuple[UUID, str, UUID], State | None], event: Any) -> None:
    kind = KINDS[event.kind]
    of = (event.scope_id, kind.object_type, event.object_id)
    if of in states:
        state = states[of]
        before = {} if state is None or kind.effect is Effect.PUT else {of[1:]: state}
        states[of] = fold_over(before, [event])[of[1:]]


def _text(state: State | None, field: str) -> str:
    owner, _, name = field.partition(".")
    found = (state or {}).get(owner)
    return str((found or {}).get(name, "") if name else found or "")
