"""The WebSocket door: graphql-transport-ws to the letter (see `messages` for the source).

A socket is a state that messages and deadlines change; it has no task. Its operations have, while they run; together
they end with the socket. A mutation alone runs on to its end, as it would over HTTP: its commit may be under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

import structlog
from starlette.types import Receive, Scope, Send

from app.errors import ClientError, Unauthenticated
from app.limits.presence import Place
from schema.admission import Visit
from schema.answers import Answer, failure
from schema.callers import Caller
from schema.doors.begun import Begun, BegunLately
from schema.doors.deadlines import Deadlines
from schema.doors.exchange import head_of
from schema.doors.handshake import SOCKET
from schema.doors.identity import init_token, request_id
from schema.doors.limits import DoorLimits
from schema.doors.messages import (
    ACK,
    PING,
    PROTOCOL,
    Close,
    Complete,
    Init,
    Message,
    Ping,
    Subscribe,
    error_frame,
    pong,
    read_message,
)
from schema.doors.operations import Operation
from schema.doors.origins import Origins
from schema.doors.pace import FULL, Pace, State
from schema.doors.places import Places
from schema.doors.wire import SocketProtocol
from schema.execution import GraphQLService
from schema.sessions import Session

log = structlog.get_logger(__name__)

TOO_MANY: Final = (("Retry-After", "10"),)
"""To who has too many sockets already: before one more is accepted."""

SLOW_READER: Final = 1013  # "try again later": clients reconnect and resume

GRACE_SECONDS: Final = 20.0
"""A client that has sent nothing for so long after two pings is gone, whatever TCP thinks of it."""


class WebSocketDoor:
    """The ASGI application of the GraphQL address for WebSocket connections, of `SocketProtocol`s only."""

    def __init__(
        self,
        service: GraphQLService,
        limits: DoorLimits,
        origins: Origins | None = None,
        places: Places | None = None,
    ) -> None:
        self.service = service
        self.limits = limits
        self.places = places or Places(limits)
        self.begun = BegunLately()
        self.pace = Pace(limits.messages)
        self.deadlines = Deadlines(min(limits.init_seconds, limits.ping_seconds, 10) / 10)
        self._origins = origins or Origins()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Accepts or refuses one socket."""
        wire = scope.get("extensions", {}).get(SOCKET)
        if not isinstance(wire, SocketProtocol):
            raise RuntimeError("Sockets need uvicorn with the `server_options` of `schema.doors`.")  # noqa: TRY004
        asking = self.places.seen(scope)
        head, peer = head_of(asking), asking.get("client")
        if not self._origins.admits(head.get("origin"), head.get("host")):
            wire.refuse(403)
            return
        caller = Caller(peer[0] if peer else None, head.agent)
        visit = self.places.visit(caller)
        try:
            place = self.places.socket_from(visit)
        except ClientError as full:
            wire.refuse(429, TOO_MANY, full.message)
            return
        name = request_id(head.get("x-request-id"))
        connection = Connection(self, wire, visit, caller, head.get("authorization"), name, place)
        agreed = PROTOCOL in scope["subprotocols"]
        wire.accept(
            PROTOCOL if agreed else None, [(b"X-Request-ID", name.encode())], connection,
            unsent_bytes=self.limits.unsent_bytes, stall_seconds=self.limits.stall_seconds,
        )  # fmt: skip
        if not agreed:
            wire.close(4406, "Subprotocol not acceptable")


class Connection:
    """One socket. ``session``: once its initialisation was acknowledged."""

    __slots__ = (
        "_active_at", "_authorization", "_caller", "_initialising", "_mutations", "_operations", "_pace", "_places",
        "door", "due", "request_id", "session", "visit", "wire",
    )  # fmt: skip

    def __init__(
        self, door: WebSocketDoor, wire: SocketProtocol, visit: Visit, caller: Caller, authorization: str | None,
        name: str, place: Place,
    ) -> None:  # fmt: skip
        self.door = door
        self.wire = wire
        self.visit = visit
        self.request_id = name
        self.session: Session | None = None
        self.due = 0
        self._caller = caller
        self._authorization = authorization
        self._initialising: asyncio.Task[None] | bool = False
        self._pace: State = FULL
        self._active_at = wire.heard_at
        self._places: tuple[Place, ...] = (place,)
        self._operations: dict[str, Operation] = {}
        self._mutations = 0
        door.deadlines.set(self, door.limits.init_seconds)

    # What the wire tells

    def received(self, text: str | None) -> None:
        """A message has come."""
        try:
            self._count()
            known = self.door.begun.heard(text)
            if known is not None:
                self._subscribe(*known)
            else:
                self._handle(read_message(text), text)
        except Close as why:
            self._close(why)

    def worked(self) -> None:
        """A frame has come that counts as a message, and is none."""
        try:
            self._count()
        except Close as why:
            self._close(why)

    def filled(self) -> None:
        """Its subscriptions are looked at, before they are told more."""
        for operation in self._operations.values():
            operation.hesitate()

    def stalled(self) -> None:
        """The client does not read."""
        self._close(Close(SLOW_READER, "The client reads too slowly; reconnect and resume."))

    def left(self) -> None:
        """Leaves nothing behind."""
        self.door.deadlines.drop(self)
        if isinstance(self._initialising, asyncio.Task):
            self._initialising.cancel()
        operations, self._operations = self._operations, {}
        for operation in operations.values():
            operation.drop()
        places, self._places = self._places, ()
        for place in places:
            self.door.places.give_back(place)

    def deadline(self) -> None:
        """The initialisation is late, or a ping is due."""
        limits, now = self.door.limits, self.wire.loop.time()
        if not self._initialising:
            self._close(Close(4408, "Connection initialisation timeout"))
        elif now - self.wire.heard_at > 2 * limits.ping_seconds + GRACE_SECONDS:
            self._close(Close(1011, "Nothing was heard of you."))
        elif self._operations or self._mutations:
            self._active_at = now
            self._ping()
        elif now - self._active_at > limits.idle_seconds:
            self._close(Close(1000, f"Idle: nothing ran for {limits.idle_seconds:g} seconds."))
        else:
            self._ping()

    # What operations need

    def spawn(self, running: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that a stopping server waits for."""
        task = self.wire.loop.create_task(running)
        self.wire.tasks.add(task)
        task.add_done_callback(self.wire.tasks.discard)
        return task

    def spawn_mutation(self, running: Coroutine[Any, Any, Answer]) -> asyncio.Task[Answer]:
        """A task that counts as an operation, and is not ended with the socket."""
        task = self.wire.loop.create_task(running)
        self._mutations += 1
        self.wire.tasks.add(task)  # type: ignore[arg-type]
        task.add_done_callback(self._mutated)
        return task

    def forget(self, operation: Operation) -> None:
        """It is over; its identifier is free."""
        if self._operations.get(operation.identifier) is operation:
            del self._operations[operation.identifier]
        operation.drop()

    def _mutated(self, task: asyncio.Task[Answer]) -> None:
        self._mutations -= 1
        self.wire.tasks.discard(task)

    # Within

    def _close(self, why: Close) -> None:
        self.wire.close(why.code, why.reason)

    def _ping(self) -> None:
        if not self.wire.full:
            self.wire.write(PING)
        self.door.deadlines.set(self, self.door.limits.ping_seconds)

    def _count(self) -> None:
        pace = self.door.pace.step(self._pace)
        if pace is None:
            raise Close(4429, f"Too many messages: {self.door.limits.messages} a second are taken.")
        self._pace = pace

    def _handle(self, message: Message, text: str | None) -> None:
        if isinstance(message, Init):
            if self._initialising:
                raise Close(4429, "Too many initialisation requests")
            self._initialising = self._initialised(message) or self.spawn(self._initialise(message))
            self.door.deadlines.set(self, self.door.limits.ping_seconds)
        elif isinstance(message, Ping):
            self.wire.write(pong(message.payload))
            self.wire.hold()
        elif isinstance(message, Subscribe):
            self._subscribe(message, self.door.begun.hear(text, message))
        elif isinstance(message, Complete):
            operation = self._operations.pop(message.identifier, None)
            if operation is not None:  # else it may have been completed by us a moment ago
                operation.drop()

    def _subscribe(self, message: Subscribe, known: Begun | None) -> None:
        identifier = message.identifier
        if self.session is None:
            raise Close(4401, "Unauthorized")
        if identifier in self._operations:
            raise Close(4409, f"Subscriber for {identifier} already exists")
        most = self.door.limits.operations
        if len(self._operations) + self._mutations >= most:
            refusal = ClientError("LIMIT_REACHED", f"A socket runs {most} operations at most.")
            self.wire.write(error_frame(identifier, failure(refusal, self.request_id).errors))
            self.wire.hold()
            return
        operation = self._operations[identifier] = Operation(self, identifier)
        operation.begin(message.request, self.session, known)

    def _initialised(self, message: Init) -> bool:
        """Lets in whoever can be without asking anybody else. False: that takes a task, or is refused by one."""
        try:
            token = init_token(message.payload, self._authorization)
            session = self.door.service.sign_in_now(token, self.request_id, "websocket", self._caller)
            if session is None:
                return False
            self.visit.signed_in(session)
            if not self.visit.charge_request_now():
                return False
            self._let_in(session)
        except ClientError:
            return False
        return True

    def _let_in(self, session: Session) -> None:
        self._places = (*self._places, self.door.places.socket_of(self.visit))
        self._authorization = None
        self.session = session
        self.wire.write(ACK)

    async def _initialise(self, message: Init) -> None:
        structlog.contextvars.bind_contextvars(request_id=self.request_id)  # of this task alone
        try:
            self._let_in(await self._sign_in(message))
        except ClientError as error:
            self._close(await self._closing(error))
            return
        except Exception as error:
            log.exception("sign-in failed", exc_info=error)
            self._close(Close(1013, "Internal server error; try again later."))
            return
        self._initialising = True

    async def _sign_in(self, message: Init) -> Session:
        token = init_token(message.payload, self._authorization)
        session = await self.door.service.sign_in(token, self.request_id, "websocket", self._caller)
        self.visit.signed_in(session)
        await self.visit.charge_request()
        return session

    async def _closing(self, error: ClientError) -> Close:
        """How a socket ends that was not let in, which counts as a request too."""
        try:
            await self.visit.charge_request()
        except ClientError as limited:
            error = limited
        if error.code in ("RATE_LIMITED", "LIMIT_REACHED"):
            return Close(4429, error.message)
        return Close(4403, "Forbidden" if isinstance(error, Unauthenticated) else error.message)
