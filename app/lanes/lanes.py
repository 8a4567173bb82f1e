"""Lanes by project: an idle one runs a command at once; what comes while it is at work is taken together next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from app import metrics
from app.errors import Busy, ClientError, TimedOut, Unavailable
from app.lanes.batches import Item, commit_batch
from app.lanes.commands import Command, Seen
from app.lanes.places import Places
from app.work import GIVEN_UP, Actor, Store, ring, run_unit

if TYPE_CHECKING:
    from app.events.models import Event
    from app.outcomes import Outcome, RequestKey

MOST_AT_ONCE = 256
"""Commands in one batch."""


class _Lane:
    """What waits for one project, and the messages of its last batch that are on their way."""

    def __init__(self) -> None:
        self.waiting: deque[Item] = deque()
        self.running: asyncio.Task[None] | None = None
        self.ringing: asyncio.Task[None] | None = None

    def take(self, most: int) -> list[Item]:
        """The next batch: in order, up to the first that must come after what is already in it."""
        batch: list[Item] = []
        keys: set[tuple[UUID, UUID]] = set()
        placed: set[UUID] = set()
        while self.waiting and len(batch) < most:
            item = self.waiting[0]
            if not item.abandoned:
                command, kept_as = item.command, item.kept_as
                if kept_as in keys or command.beside in placed:
                    break
                if kept_as is not None:
                    keys.add(kept_as)
                if command.placing is not None:
                    placed.add(command.placing)
                batch.append(item)
            self.waiting.popleft()
        return batch


class Lanes:
    """Runs commands in lanes, at most ``at_once`` batches at a time."""

    def __init__(self, store: Store, *, at_once: int, most: int = MOST_AT_ONCE) -> None:
        self._store = store
        self._most = most
        self._places = Places(store.database)
        self._lanes: dict[UUID, _Lane] = {}
        self._turns = asyncio.Semaphore(at_once)
        self._telling: set[asyncio.Task[None]] = set()

    async def run(self, actor: Actor, command: Command, key: RequestKey | None = None) -> Outcome:
        """Carry out a command, with others if they are there; as ``run_unit`` does it alone.

        What was not begun after the store's ``unit_seconds`` is given up. A caller that goes away hurts nobody.
        """
        viewer_id, room = actor.user_id, command.room
        place = await self._places.find(viewer_id, command.task_id) if viewer_id and room else None
        if viewer_id is None or room is None or place is None:
            return await run_unit(self._store, actor, command, key=key)
        item = Item(
            actor, command, key, room, Seen(viewer_id, place.project_id, place.workspace_id, command),
            asyncio.get_running_loop().create_future(),
        )  # fmt: skip
        lane = self._lanes.setdefault(place.project_id, _Lane())
        lane.waiting.append(item)
        if lane.running is None:
            lane.running = asyncio.create_task(self._drain(place.project_id, lane))
        return await self._answer(lane, item)

    async def _answer(self, lane: _Lane, item: Item) -> Outcome:
        limit = asyncio.timeout(self._store.unit_seconds)
        try:
            async with limit:
                return await asyncio.shield(item.answer)
        except TimeoutError:
            if not limit.expired():
                raise
            if item in lane.waiting:
                item.abandoned = True
                raise TimedOut(GIVEN_UP) from None
            return await asyncio.shield(item.answer)  # it is being committed, or given up with its batch
        except asyncio.CancelledError:
            item.abandoned = True
            raise

    async def _drain(self, project_id: UUID, lane: _Lane) -> None:
        try:
            while lane.waiting:
                async with self._turns:
                    if batch := lane.take(self._most):
                        await self._run(lane, batch)
        finally:
            lane.running = None
            if self._lanes.get(project_id) is lane:
                del self._lanes[project_id]

    async def _run(self, lane: _Lane, batch: list[Item]) -> None:
        try:
            events = await commit_batch(self._store, batch)
        except (Busy, Unavailable, TimedOut) as failure:
            _fail(batch, failure)
        except ClientError as failure:
            # Nobody knows what became of a commit: it cannot be tried again.
            if failure.code == "OUTCOME_UNKNOWN":
                _fail(batch, failure)
            else:
                await self._apart(lane, batch)
        except Exception:  # noqa: BLE001 (a race lost, a constraint, a bug: whose it is shows when they are apart)
            await self._apart(lane, batch)
        else:
            lane.ringing = asyncio.create_task(self._tell(lane.ringing, batch, events))
            self._telling.add(lane.ringing)
            lane.ringing.add_done_callback(self._telling.discard)
            for item in [one for one in batch if one.apart]:
                await self._alone(item)

    async def _apart(self, lane: _Lane, batch: Sequence[Item]) -> None:
        """One that cannot be done must not take the others down: half of them, and half again; one alone in a unit."""
        metrics.UNIT_RERUNS.inc()
        if len(batch) > 1:
            half = len(batch) // 2
            await self._run(lane, list(batch[:half]))
            await self._run(lane, list(batch[half:]))
            return
        await self._alone(batch[0])

    async def _alone(self, item: Item) -> None:
        try:
            item.outcome = await run_unit(self._store, item.actor, item.command, key=item.key)
        except Exception as failure:  # noqa: BLE001 (its caller is told)
            item.failure = failure
        item.tell()

    async def _tell(
        self, before: asyncio.Task[None] | None, batch: Sequence[Item], events: Sequence[Event]
    ) -> None:
        """Ring, in the order of commits, and answer; the lane goes on meanwhile."""
        try:
            if before is not None:
                await before
            await ring(self._store, events)
        finally:
            for item in batch:
                item.tell()


def _fail(batch: Sequence[Item], failure: Exception) -> None:
    for item in batch:
        item.outcome, item.failure = None, failure
        item.tell()
