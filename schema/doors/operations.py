"""One operation of a socket. It has a task while it runs; a subscription that listens with others has none."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Hashable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from graphql import OperationType

from app.errors import ClientError
from app.events.listeners import Listener, Told
from app.events.pursuits import Pursuit
from app.limits.presence import Place
from schema.admission import Visit
from schema.answers import Answer, encode, failure
from schema.doors.batches import run_admitted
from schema.doors.begun import Begun
from schema.doors.messages import complete_frame, error_frame, next_frame
from schema.doors.telling import Shared, SharedTelling
from schema.preparation import Prepared
from schema.requests import GraphQLRequest
from schema.sessions import Session
from schema.sharing import Shareable, is_shareable

if TYPE_CHECKING:
    from schema.doors.websocket import Connection

Running = Callable[[], Awaitable[Answer | bool | None]]
"""Runs to the end. Gives the answer that ended it early, if one did; or True: it listens from now on."""


async def _given(answer: Answer) -> Answer:
    return answer


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
        self._task: asyncio.Task[None] | Pursuit | None = None

    def begin(self, request: GraphQLRequest, session: Session, known: Begun | None) -> None:
        """Runs it. `known`: an equal subscription, which needs no task if nothing is in the way."""
        if known is None or not self._follow(known, session):
            self._run(partial(self._serve, request, session, known))

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

    def _follow(self, known: Begun, session: Session) -> bool:
        """Begins a subscription that is equal to another. False: nothing was done, it takes a task to be refused, or to
        ask Redis."""
        door, visit = self.connection.door, self.connection.visit.next()
        try:
            visit.check_blocked()
            place = door.places.subscription_of(visit)
        except ClientError:
            return False
        if visit.admit_now(known.prepared) is None:
            door.places.give_back(place)
            return False
        self._place = place
        source = door.service.start_again(known.source, session)
        if isinstance(source, Answer):
            self._run(partial(_given, source))
            return True
        self._task = source.pursue_now(partial(self._arrived, known))
        if self._task is None:
            self._run(partial(self._follow_with, source, known.prepared, known.group))
        return True

    def _arrived(self, known: Begun, fault: Exception | None) -> None:
        """It can be followed, or cannot."""
        pursuit, self._task = self._task, None
        assert isinstance(pursuit, Pursuit)
        if fault is not None:
            self._run(partial(_given, failure(fault, self.connection.request_id)))
            return
        service, source = self.connection.door.service, known.source
        pursuit.expect(
            known.group, partial(SharedTelling, service, known.prepared, known.group, source.event)
        )
        if not self._listens(pursuit):
            self._run(partial(self._pursue, pursuit))

    def _listens(self, pursuit: Pursuit) -> bool:
        """Whether it could be told at once where the head is, and is one of the audience now."""
        telling, wire = pursuit.telling, self.connection.wire
        frame = pursuit.beginning()
        if frame is None:
            return False
        told = telling.at_hand(frame) if isinstance(telling, SharedTelling) else None
        if told is None or wire.full:
            pursuit.wait_with(frame)
            return False
        wire.write(told.frame(self.identifier))
        return pursuit.has_caught_up and pursuit.join(self)

    async def _serve(
        self, request: GraphQLRequest, session: Session, known: Begun | None
    ) -> Answer | bool | None:
        door, visit = self.connection.door, self.connection.visit.next()
        try:
            visit.check_blocked()
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
            source = service.start_again(equal, session)
        if isinstance(source, Answer):
            return source
        if is_shareable(source) and (group := service.group(prepared)) is not None:
            return await self._follow_with(source, prepared, (group, source.meant), request)
        async with aclosing(service.answers(prepared, source, session)) as answers:
            async for answer in answers:
                if not answer.executed:
                    return answer
                await self._next(answer)
        return None

    async def _follow_with(
        self, source: Shareable, prepared: Prepared, group: Hashable, request: GraphQLRequest | None = None
    ) -> Answer | bool | None:
        """`request`: by which others may be known to ask for the same."""
        pursuit, door = await source.pursue(), self.connection.door
        if request is not None and source.repeats:
            door.begun.keep(request, prepared, source, group)
        pursuit.expect(group, partial(SharedTelling, door.service, prepared, group, source.event))
        return await self._pursue(pursuit)

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
