"""One operation of a socket. It has a task while it runs; a subscription that listens with others has none."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import structlog
from graphql import OperationType

from app.events.frames import EventFrame, FrameKind
from app.events.listeners import Listener, Told
from app.events.log import Position
from app.events.pursuits import Pursuit
from app.limits.presence import Place
from schema.admission import Visit
from schema.answers import Answer, encode, failure
from schema.doors.batches import run_admitted
from schema.doors.messages import complete_frame, error_frame, next_frame
from schema.execution import GraphQLService, Session
from schema.preparation import Prepared
from schema.requests import GraphQLRequest
from schema.sharing import Shareable, is_shareable

if TYPE_CHECKING:
    from schema.doors.websocket import Connection

Running = Callable[[], Awaitable[Answer | bool | None]]
"""Runs to the end. Gives the answer that ended it early, if one did; or True: it listens from now on."""

LAST = (FrameKind.RESYNC, FrameKind.ENDED)

FRAMES_KEPT = 16
"""Identifiers, of those that many clients use, for which a shared frame is kept whole."""


class Shared:
    """One answer for many, whose identifiers differ. ``failed``: it is nothing but errors."""

    __slots__ = ("_frames", "_payload", "errors", "failed", "flawed", "last", "silent")

    def __init__(self, answer: Answer, request_id: str, *, last: bool = False, silent: bool = False) -> None:
        self.failed = not answer.executed
        self.last = last or self.failed
        self.silent = silent
        self.flawed = bool(answer.errors)
        self.errors = answer.errors
        self._payload = b"" if self.failed else encode(answer, request_id)
        self._frames: dict[str, bytes] = {}

    def hand(self, listeners: Sequence[Listener], before: Position, after: Position) -> list[Listener]:
        """Writes it to all who stand at `before`. The others come back."""
        if self.last:
            return list(listeners)
        others: list[Listener] = []
        identifier, frame, silent = None, b"", self.silent
        for one in cast("Sequence[Operation]", listeners):
            if one.position is not before:
                others.append(one)
                continue
            if one.identifier is not identifier:
                identifier = one.identifier
                frame = self.frame(identifier)
            one.position = after  # first: the writing may find that there is no room for more
            if not silent:
                one.transport.write(frame)
        return others

    def frame(self, identifier: str) -> bytes:
        """As the operation of this identifier is told it."""
        frame = self._frames.get(identifier)
        if frame is None:
            frame = (
                error_frame(identifier, self.errors) if self.failed else next_frame(identifier, self._payload)
            )
            if len(self._frames) < FRAMES_KEPT:
                self._frames[identifier] = frame
        return frame


SILENCE: Final = Shared(Answer(executed=True), "", silent=True)


class SharedTelling:
    """Makes the frames of a group of equal subscriptions, each in the name of one of them."""

    def __init__(
        self, service: GraphQLService, prepared: Prepared, group: Hashable,
        event: Callable[[EventFrame], Awaitable[Any]],
    ) -> None:  # fmt: skip
        self.group = group
        self._service = service
        self._prepared = prepared
        self._event = event
        self._heartbeat: tuple[Position | None, Shared] | None = None

    async def __call__(self, frame: EventFrame, listener: Listener) -> Shared:
        """The frame, executed and encoded."""
        assert isinstance(listener, Operation)
        # Whoever comes is told first where the log stands: all who come together are told the same.
        kept = self._heartbeat if frame.kind is FrameKind.HEARTBEAT else None
        if kept is not None and kept[0] == frame.position:
            return kept[1]
        session = listener.connection.session
        assert session is not None
        event = await self._event(frame)
        if event is None:
            return SILENCE
        answer = await self._service.tell(self._prepared, self.group, event, session)
        shared = Shared(answer, session.request_id, last=event.kind in LAST)
        if frame.kind is FrameKind.HEARTBEAT and not shared.flawed:
            self._heartbeat = (frame.position, shared)
        return shared


class Operation(Listener):
    """An operation of the socket, by its identifier. ``over``: nothing more is told of it."""

    __slots__ = ("_place", "_task", "connection", "identifier", "over", "transport")

    def __init__(self, connection: Connection, identifier: str) -> None:
        self.connection = connection
        self.identifier = sys.intern(identifier)  # those of equal subscriptions are mostly the same
        self.transport = connection.wire.transport
        self.audience = None
        self.over = False
        self._place: Place | None = None
        self._task: asyncio.Task[None] | None = None

    def begin(self, request: GraphQLRequest, session: Session) -> None:
        """Runs it."""
        self._run(partial(self._serve, request, session))

    def drop(self) -> None:
        """It is over, and nothing more is told: the client has heard enough, or is gone."""
        self.over = True
        if self._task is not None:
            self._task.cancel()
        if self.audience is not None:
            self.audience.remove(self)
        if self._place is not None:
            self.connection.door.places.give_back(self._place)
            self._place = None

    # As one of an audience

    def hear(self, told: Told) -> bool:
        """Writes a frame that is made for many."""
        assert isinstance(told, Shared)
        wire = self.connection.wire
        if wire.full:
            return False
        if not told.silent:
            wire.write(told.frame(self.identifier))
        return True

    def finish(self, told: Told) -> None:
        """Writes the last frame."""
        assert isinstance(told, Shared)
        if not self.over:
            frame = told.frame(self.identifier)
            self._end(frame if told.failed else frame + complete_frame(self.identifier))

    def go_alone(self, pursuit: Pursuit) -> None:
        """Has a task again, until the client has read."""
        self._run(partial(self._pursue, pursuit))

    # Within

    def _run(self, running: Running) -> None:
        self._task = self.connection.spawn(self._told(running))

    async def _told(self, running: Running) -> None:
        """Tells how it ended: well, or with a refusal; unless it listens now."""
        structlog.contextvars.bind_contextvars(request_id=self.connection.request_id)  # of this task alone
        try:
            refusal = await running()
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            refusal = failure(error, self.connection.request_id)
        self._task = None if refusal is True else self._task
        if refusal is True or self.over:
            return
        await self.connection.wire.drained()
        identifier = self.identifier
        assert not isinstance(refusal, bool)
        self._end(error_frame(identifier, refusal.errors) if refusal else complete_frame(identifier))

    def _end(self, frame: bytes) -> None:
        # The identifier is free again before the client can know it.
        self._task = None
        self.connection.forget(self)
        self.connection.wire.write(frame)

    async def _serve(self, request: GraphQLRequest, session: Session) -> Answer | bool | None:
        door, visit = self.connection.door, self.connection.visit.next()
        try:
            visit.check_blocked()
            known = door.begun.find(request)
            if known is not None:
                return await self._subscribe(request, known.prepared, session, visit, known.source)
            prepared = door.service.prepare(request)
            if prepared.kind is OperationType.SUBSCRIPTION:
                return await self._subscribe(request, prepared, session, visit)
            answer = await self._once(prepared, session, visit)
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            return failure(await visit.charged(error), self.connection.request_id)
        if not answer.executed:
            return answer
        await self._next(answer)
        return None

    async def _once(self, prepared: Prepared, session: Session, visit: Visit) -> Answer:
        door = self.connection.door
        execution = run_admitted(door.service, door.limits, prepared, session, visit)
        if prepared.kind is OperationType.QUERY:
            return await execution
        # It runs on to its end, as it would over HTTP: its commit may already be under way.
        return await asyncio.shield(self.connection.spawn_mutation(execution))

    async def _subscribe(
        self,
        request: GraphQLRequest,
        prepared: Prepared,
        session: Session,
        visit: Visit,
        equal: Shareable | None = None,
    ) -> Answer | bool | None:
        service = self.connection.door.service
        self._place = self.connection.door.places.subscription_of(visit)
        await visit.admit(prepared)
        source: Any
        if equal is None:
            source = await service.start(prepared, session)
        else:
            source = await service.start_again(equal, session)
        if isinstance(source, Answer):
            return source
        if is_shareable(source) and (group := service.group(prepared)) is not None:
            pursuit = await source.pursue()
            if source.repeats:
                self.connection.door.begun.keep(request, prepared, source)
            group = group, source.meant
            pursuit.expect(group, SharedTelling(service, prepared, group, source.event))
            return await self._pursue(pursuit)
        async with aclosing(service.answers(prepared, source, session)) as answers:
            async for answer in answers:
                if not answer.executed:
                    return answer
                await self._next(answer)
        return None

    async def _pursue(self, pursuit: Pursuit) -> Answer | bool | None:
        """Alone until it has caught up with the others who get the same."""
        wire = self.connection.wire
        try:
            while True:
                await wire.drained()
                frame = await pursuit.next(wait=False)
                if frame is not None:
                    told = await pursuit.telling(frame, self)
                    assert isinstance(told, Shared)
                    if told.failed:
                        return Answer(errors=told.errors)
                    await wire.drained()
                    if not told.silent:
                        wire.write(told.frame(self.identifier))
                    if told.last:
                        return None
                elif pursuit.over:
                    return None
                elif pursuit.join(self):
                    return True
        finally:
            pursuit.leave()

    async def _next(self, answer: Answer) -> None:
        connection = self.connection
        frame = next_frame(self.identifier, encode(answer, connection.request_id))
        await connection.wire.drained()
        if not self.over:
            connection.wire.write(frame)
