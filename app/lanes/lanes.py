"""Lanes by project: an idle one runs a command at once; what comes meanwhile is taken together next, of all lanes."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog

from app import metrics
from app.errors import Busy, ClientError, NotFound, TimedOut, Unavailable
from app.lanes.batches import Item, commit_batch
from app.lanes.commands import Command, Seen
from app.lanes.lane import Batches, Lane
from app.lanes.places import Places
from app.work import GIVEN_UP, Actor, Store, ring, run_unit

if TYPE_CHECKING:
    from app.events.models import Event
    from app.outcomes import Outcome, RequestKey

log = structlog.get_logger(__name__)

MOST_AT_ONCE = 256
"""Commands in one transaction."""

LOOKED_FOR_SECONDS = 1
"""How often at most is looked for commands that have waited too long."""

CLOSE_SECONDS = 5
"""What is under way when the process stops has so long to end."""

TRAINS = 2
"""Transactions of several lanes at a time at most: whoever comes while one is written to the disk need not wait."""

FEW = 8
"""With so many commands under way the next transaction waits for the last one to be done: it will hold more, and each
of them costs less. While it does, there are answers to be sent and requests to be read.
"""

ENOUGH = 12
"""With so many lanes due it does not wait for the end of one that is only to be written and committed yet: while
PostgreSQL does that, the facts of the next can be read and decided on.
"""


@dataclass(eq=False)
class _Train:
    """A transaction of several lanes; ``ending``: all in it is decided, and on its way to be written and committed."""

    commands: int = 0
    ending: bool = False


class Lanes:
    """Runs commands in lanes. What waits in several lanes is committed together, in one of a few transactions.

    If they cannot be done together, or one lane's project is held by somebody for longer than a moment, each lane's
    are run by themselves, at most ``at_once`` at a time: nobody waits for another project's.
    """

    def __init__(self, store: Store, *, at_once: int, most: int = MOST_AT_ONCE) -> None:
        self._store = store
        self._most = most
        self._places = Places(store.database)
        self._lanes: dict[UUID, Lane] = {}
        self._due: dict[UUID, Lane] = {}
        self._trains: list[_Train] = []
        self._boarding = False
        self._turns = asyncio.Semaphore(at_once)
        self._tasks: set[asyncio.Task[None]] = set()
        self._watching: asyncio.TimerHandle | None = None
        self._closed = False

    async def close(self) -> None:
        """Take no more commands, and wait for those that are here: a commit may be under way."""
        self._closed = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                while self._tasks:  # one may begin another
                    await asyncio.wait(self._tasks)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._places.close()
        if self._watching is not None:
            self._watching.cancel()

    async def run(self, actor: Actor, command: Command, key: RequestKey | None = None) -> Outcome:
        """Carry out a command, with others if they are there; as ``run_unit`` does it alone.

        What was not begun after the store's ``unit_seconds`` is given up. A caller that goes away hurts nobody.
        """
        viewer_id, room = actor.user_id, command.room
        if self._closed:
            raise Unavailable()
        place = await self._places.find(viewer_id, command.task_id) if viewer_id and room else None
        if viewer_id is None or room is None or place is None:
            return await run_unit(self._store, actor, command, key=key)
        if self._closed:  # meanwhile
            raise Unavailable()
        item = Item(
            actor, command, key, room, Seen(viewer_id, place.project_id, place.workspace_id, command.asked),
            asyncio.get_running_loop().create_future(),
        )  # fmt: skip
        lane = self._lanes.get(place.project_id)
        if lane is None:
            lane = self._lanes[place.project_id] = Lane(place.project_id)
        lane.waiting.append(item)
        if not lane.under_way:
            self._due[place.project_id] = lane
            self._depart()
        self._watch()
        return await self._answer(item)

    async def _answer(self, item: Item) -> Outcome:
        try:
            return await item.answer
        except asyncio.CancelledError:
            item.abandoned = True
            raise

    def _watch(self) -> None:
        """Look now and then for what has waited too long: a timer for each would cost more than to look."""
        seconds = self._store.unit_seconds
        if self._watching is None and seconds is not None:
            pause = min(seconds / 4, LOOKED_FOR_SECONDS)
            self._watching = asyncio.get_running_loop().call_later(pause, self._give_up, seconds)

    def _give_up(self, seconds: float) -> None:
        self._watching = None
        since = time.monotonic() - seconds
        for lane in self._lanes.values():
            for item in lane.waiting:
                if item.began > since:
                    break
                if not item.abandoned:
                    item.failure = TimedOut(GIVEN_UP)
                    item.tell()
                    item.abandoned = True
        if any(lane.waiting for lane in self._lanes.values()):
            self._watch()

    def _depart(self) -> None:
        """Begin with what is due, if there is room. What comes in the same moment goes along."""
        if self._due and not self._boarding and self._has_room():
            self._boarding = True
            train = _Train()
            self._trains.append(train)
            self._spawn(self._ride(train))

    def _has_room(self) -> bool:
        trains = self._trains
        if not trains or len(trains) >= TRAINS:
            return not trains
        few = sum(train.commands for train in trains) < FEW
        return few or (len(self._due) >= ENOUGH and all(train.ending for train in trains))

    def _board(self) -> Batches:
        """What goes together next: of each lane that is due, in the order in which they became so."""
        batches: Batches = []
        keys: set[tuple[UUID, UUID]] = set()
        left = self._most
        for lane in list(self._due.values()):
            batch = lane.take(left, keys)
            if batch:
                lane.under_way = True
                batches.append((lane, batch))
                left -= len(batch)
            if batch or not lane.waiting:
                del self._due[lane.project_id]
                self._forget(lane)
            if not left:
                break
        return batches

    async def _ride(self, train: _Train) -> None:
        self._boarding = False
        batches, left = self._board(), Batches()
        train.commands = sum(len(batch) for _, batch in batches)
        self._depart()  # with what had no room, or must come after

        def ending() -> None:
            train.ending = True
            self._depart()

        try:
            left = await self._run(batches, ending)
        finally:
            self._trains.remove(train)
            staying = {lane for lane, _ in left}
            self._arrive([lane for lane, _ in batches if lane not in staying])
        for lane, batch in left:
            self._spawn(self._by_itself(lane, batch, tried=len(batches) == 1))

    async def _by_itself(self, lane: Lane, batch: list[Item], *, tried: bool) -> None:
        """One lane's. ``tried``: they could not be done at once either."""
        try:
            async with self._turns:
                await (self._in_parts if tried else self._whole)(lane, batch)
        finally:
            self._arrive([lane])

    async def _whole(self, lane: Lane, batch: list[Item]) -> None:
        for _, left in await self._run([(lane, batch)]):
            await self._in_parts(lane, left)

    async def _in_parts(self, lane: Lane, batch: list[Item]) -> None:
        """One that cannot be done must not take the others down: half of them, and half again; one alone in a unit."""
        if len(batch) == 1 or batch[0].apart:
            for item in batch:
                await self._alone(item)
            return
        half = len(batch) // 2
        await self._whole(lane, batch[:half])
        await self._whole(lane, batch[half:])

    def _arrive(self, lanes: Sequence[Lane]) -> None:
        """These lanes are free again: what came meanwhile is due."""
        for lane in lanes:
            lane.under_way = False
            if lane.waiting:
                self._due[lane.project_id] = lane
            self._forget(lane)
        self._depart()

    def _forget(self, lane: Lane) -> None:
        if not lane.waiting and not lane.under_way and lane.ringing is None:
            self._lanes.pop(lane.project_id, None)

    async def _run(self, batches: Batches, ending: Callable[[], None] | None = None) -> Batches:
        """Carry them out together; those that are left are to be carried out otherwise, before the next of their lanes.

        Raises nothing: everybody else is told.
        """
        whole = [item for _, batch in batches for item in batch]
        try:
            events = await commit_batch(self._store, whole, ending)
        except (Busy, Unavailable, TimedOut) as failure:
            return _fail(whole, failure)
        except ClientError as failure:
            # Nobody knows what became of a commit: it cannot be tried again.
            if failure.code == "OUTCOME_UNKNOWN":
                return _fail(whole, failure)
        except Exception as failure:  # noqa: BLE001 (a race lost, a constraint, a bug: it shows whose when they are apart)
            log.debug("batch_failed", commands=len(whole), error=type(failure).__name__)
        else:
            self._forget_places(item for item in whole if isinstance(item.failure, NotFound))
            lanes = [lane for lane, _ in batches]
            before = {lane.ringing for lane in lanes if lane.ringing is not None}
            ringing = self._spawn(self._tell(lanes, before, whole, events))
            for lane in lanes:
                lane.ringing = ringing
            left = [(lane, [item for item in batch if item.apart]) for lane, batch in batches]
            return [(lane, batch) for lane, batch in left if batch]
        metrics.UNIT_RERUNS.inc()
        self._forget_places(whole)  # a task may be in another project by now
        for item in whole:
            item.apart = False
        return batches

    def _forget_places(self, items: Iterable[Item]) -> None:
        for item in items:
            self._places.forget((item.seen.viewer_id, item.command.task_id))

    async def _alone(self, item: Item) -> None:
        try:
            item.outcome = await run_unit(self._store, item.actor, item.command, key=item.key)
        except Exception as failure:  # noqa: BLE001 (its caller is told)
            item.failure = failure
        item.tell()

    async def _tell(
        self, lanes: Sequence[Lane], before: set[asyncio.Task[None]], batch: Sequence[Item],
        events: Sequence[Event],
    ) -> None:  # fmt: skip
        """Ring, in the order of each lane's commits, and answer; the lanes go on meanwhile."""
        try:
            for one in before:
                await one
            await ring(self._store, events)
        finally:
            for item in batch:
                item.tell()
            for lane in lanes:
                if lane.ringing is asyncio.current_task():
                    lane.ringing = None
                self._forget(lane)

    def _spawn(self, doing: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(doing)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _fail(batch: Sequence[Item], failure: Exception) -> Batches:
    for item in batch:
        item.outcome, item.failure = None, failure
        item.tell()
    return []
