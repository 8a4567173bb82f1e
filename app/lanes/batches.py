"""A batch of commands: guards, one read, decisions one after the other, one write, one commit."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app import metrics
from app.events.appending import Appending
from app.events.models import ActorKind, Event
from app.events.parts import Part
from app.gathering import Gathering, Select
from app.lanes.commands import Apart, Command, Room, Seen
from app.openings import Opening
from app.outcomes import Outcome, RequestKey, Result, outcome_of
from app.statements import Row
from app.work import Actor, Store, Work, audit, count_committed, transaction

TOGETHER_MS = 50
"""How long commands of several projects wait for a lock together; then each project's wait by themselves."""

_NOBODY = Actor(None, ActorKind.USER)

KEPT: Select[Any] = Select(
    {"viewer_id": "uuid", "key": "uuid"},
    ("m.viewer_id", "m.key", "m.request_hash", "m.outcome"),
    "FROM $asked JOIN mutation_outcomes m ON m.viewer_id = $first AND m.key = asked.key",
    model=Row,
)


@dataclass
class Item:
    """One command of a batch: whose, under which key; and what became of it."""

    actor: Actor
    command: Command
    key: RequestKey | None
    room: Room
    seen: Seen
    answer: asyncio.Future[Outcome]
    began: float = field(default_factory=time.monotonic)
    abandoned: bool = False
    apart: bool = False
    outcome: Outcome | None = None
    failure: Exception | None = None

    def tell(self) -> None:
        """Answer whoever waits, if anybody still does."""
        if self.answer.done() or self.abandoned:
            return
        if self.failure is not None:
            self.answer.set_exception(self.failure)
        elif self.outcome is not None:
            self.answer.set_result(self.outcome)

    @property
    def kept_as(self) -> tuple[UUID, UUID] | None:
        """What its outcome is kept under."""
        return None if self.key is None else (self.seen.viewer_id, self.key.key)


@dataclass
class _Done:
    """What an item that was decided did."""

    item: Item
    work: Work
    result: Result
    decision: Any
    part: Part = field(init=False)


async def commit_batch(
    store: Store, items: Sequence[Item], ending: Callable[[], None] | None = None
) -> list[Event]:
    """Carry out commands of some projects in one transaction, in their order; each gets its outcome or its failure.

    ``ending`` is called once all is decided, and on its way to be written and committed.

    If this raises, nothing was written of any, unless the code is ``OUTCOME_UNKNOWN``. A refusal may rest on what
    others of the batch did, so it stands once they are committed.
    """
    for item in items:
        item.outcome = item.failure = None
        item.apart = False
    done: list[_Done] = []
    async with transaction(store, _NOBODY, _begin(items), ending=ending) as unit:
        facts = await _facts(unit, items)
        for item in items:
            if item.outcome is None and item.failure is None:
                _decide(unit, item, facts, done)
        works = [one.work for one in done]
        await audit(unit, works)
        for room in dict.fromkeys(one.item.room for one in done):
            room.stage(unit.staged, [one.decision for one in done if one.item.room is room])
        for one in done:
            one.part = one.work.part(one.item.key, one.result)
        told = {event.scope_id for work in works for event in work.recorded}
        await unit.declare(sorted(told - {item.seen.project_id for item in items}))
        unit.last = await Appending.of(unit, [one.part for one in done], unit.staged)
        unit.nothing_done = not any(one.part.recorded or one.part.keeping for one in done)
    count_committed([one.part for one in done])
    metrics.BATCHES.observe(len(items))
    for one in done:
        one.item.outcome = Outcome(
            one.result, one.part.positions, events=one.part.events, mails=one.work.mails,
            left=one.item.room.left(one.decision),
        )  # fmt: skip
        store.postbox.post(one.work.mails)
    return [event for one in done for event in one.part.events]


def _begin(items: Sequence[Item]) -> Opening:
    """Begin, lock, and declare what this batch is of: its projects, and whose outcomes are kept."""
    guards = frozenset([guard for item in items for guard in item.room.guards(item.seen)])
    projects = dict.fromkeys(item.seen.project_id for item in items)
    workspaces = dict.fromkeys(item.seen.workspace_id for item in items)
    viewers = dict.fromkeys(item.seen.viewer_id for item in items if item.key is not None)
    # Whoever waits for somebody in one project must not make the others wait.
    patience = TOGETHER_MS if len(projects) > 1 else None
    return Opening(guards, (*projects, *viewers), tuple(workspaces), patience)


async def _facts(unit: Work, items: Sequence[Item]) -> dict[Room, dict[UUID, Any]]:
    rooms: dict[Room, list[Seen]] = {}
    for item in items:
        rooms.setdefault(item.room, []).append(item.seen)
    asked = Gathering()
    asked.ask(KEPT, [item.kept_as for item in items if item.kept_as is not None])
    for room, commands in rooms.items():
        room.ask(asked, commands)
    await asked.run(unit)
    for room, commands in rooms.items():
        room.ask_more(asked, commands)
    await asked.run(unit)
    kept = {(row.viewer_id, row.key): row for row in asked.found(KEPT)}
    for item in items:
        if item.key is not None and (found := kept.get((item.seen.viewer_id, item.key.key))):
            _replay(item, item.key, found)
    return {room: room.facts(asked, commands) for room, commands in rooms.items()}


def _replay(item: Item, key: RequestKey, kept: Any) -> None:
    try:
        item.outcome = outcome_of(kept, key)
        metrics.REPLAYED.inc()
    except Exception as failure:  # noqa: BLE001 (one item's, which its caller is told)
        item.failure = failure


def _decide(unit: Work, item: Item, facts: dict[Room, dict[UUID, Any]], done: list[_Done]) -> None:
    work = unit.beside(item.actor)
    try:
        decision = item.room.decide(item.command.asked, facts[item.room][item.seen.viewer_id])
        result = item.room.record(work, decision)
    except Apart:
        item.apart = True
        return
    except Exception as failure:  # noqa: BLE001 (one item's, which its caller is told)
        item.failure = failure
        return
    done.append(_Done(item, work, result, decision))
