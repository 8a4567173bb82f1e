"""The WebSocket door: graphql-transport-ws to the letter (see `messages` for the source).

One task reads, one sends, one waits for the initialisation and then pings, and each operation has its own;
they live and die together in one group. `Close`, raised in any of them, ends the socket with its code; the
leaving of the client ends them all too. A mutation alone runs on to its end, as it would over HTTP: its
commit may already be under way.
"""

from __future__ import annotations

import asyncio
from contextlib import ExitStack, aclosing
from time import monotonic

import structlog
from graphql import OperationType
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket

from app.errors import ClientError, Unauthenticated
from schema.admission import Visit
from schema.answers import Answer, encode, failure
from schema.callers import caller_of
from schema.doors.batches import run_admitted
from schema.doors.closing import FULL, LEFT, close, first
from schema.doors.identity import init_token, request_id
from schema.doors.limits import DoorLimits
from schema.doors.messages import (
    ACK,
    PING,
    PROTOCOL,
    Close,
    Complete,
    Init,
    Ping,
    Subscribe,
    complete_frame,
    error_frame,
    next_frame,
    pong,
    read_message,
)
from schema.doors.origins import Origins
from schema.doors.outbox import Outbox, Source
from schema.doors.pace import Pace
from schema.doors.places import Places
from schema.execution import GraphQLService, Session
from schema.preparation import Prepared
from schema.requests import GraphQLRequest

log = structlog.get_logger(__name__)


class Gone(Exception):
    """The client closed the socket or vanished, or the server is stopping and has closed it."""


class WebSocketDoor:
    """The ASGI application of the GraphQL address for WebSocket connections."""

    def __init__(
        self,
        service: GraphQLService,
        limits: DoorLimits,
        origins: Origins | None = None,
        places: Places | None = None,
    ) -> None:
        self._service = service
        self._limits = limits
        self._origins = origins or Origins()
        self._places = places or Places(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one socket until it ends."""
        socket = WebSocket(self._places.seen(scope), receive, send)
        name = request_id(socket.headers.get("x-request-id"))
        agreed = PROTOCOL in scope["subprotocols"]
        with structlog.contextvars.bound_contextvars(request_id=name):
            try:
                if not self._origins.admits(socket.headers.get("origin"), socket.headers.get("host")):
                    await socket.close()  # before it is accepted: the browser gets a 403
                    return
                visit = self._places.visit(caller_of(socket))
                with self._places.socket_from(visit):
                    await socket.accept(PROTOCOL if agreed else None, [(b"x-request-id", name.encode())])
                    if agreed:
                        await Connection(
                            self._service, self._limits, self._places, visit, socket, name
                        ).serve()
                    else:
                        await close(socket, Close(4406, "Subprotocol not acceptable"))
            except LEFT:
                return  # during the handshake
            except ClientError as full:
                await socket.send_denial_response(PlainTextResponse(full.message, 429, FULL))


class Operation(Source):
    """An operation of the socket: its identifier, and the task that runs it."""

    __slots__ = ("identifier", "task")

    def __init__(self, identifier: str) -> None:
        super().__init__()
        self.identifier = identifier
        self.task: asyncio.Task[None] | None = None


class Connection:
    """One socket that agreed to the protocol."""

    def __init__(
        self,
        service: GraphQLService,
        limits: DoorLimits,
        places: Places,
        visit: Visit,
        socket: WebSocket,
        name: str,
    ) -> None:
        self._service = service
        self._limits = limits
        self._places = places
        self._visit = visit
        self._pace = Pace(limits.messages)
        self._held = ExitStack()
        self._active_at = monotonic()
        self._socket = socket
        self._request_id = name
        self._outbox = Outbox(limits.unsent_bytes, limits.stall_seconds)
        self._group = asyncio.TaskGroup()
        self._init_received = asyncio.Event()
        self._session: Session | None = None
        self._operations: dict[str, Operation] = {}
        self._mutations: set[asyncio.Task[Answer]] = set()

    async def serve(self) -> None:
        """Runs until one side closes, then leaves nothing behind."""
        try:
            async with self._group as group:
                group.create_task(self._outbox.drain(self._socket.send_text))
                group.create_task(self._await_init())
                group.create_task(self._read())
        except* (Gone, *LEFT):
            pass
        except* Close as closing:
            await close(self._socket, first(closing))
        finally:
            self._held.close()
        # The server counts this task while it drains.
        if self._mutations:
            await asyncio.wait(self._mutations)

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                raise Gone
            text = message.get("text")
            if text is None:
                raise Close(4400, "Messages are text, not binary.")
            if len(text) > self._limits.body_bytes:
                raise Close(1009, f"A message may have at most {self._limits.body_bytes} bytes.")
            if not self._pace.keeps():
                raise Close(4429, f"Too many messages: {self._limits.messages} a second are taken.")
            await self._handle(text)

    async def _handle(self, text: str) -> None:
        message = read_message(text)
        if isinstance(message, Init):
            if self._init_received.is_set():
                raise Close(4429, "Too many initialisation requests")
            self._init_received.set()
            self._group.create_task(self._initialise(message))
        elif isinstance(message, Ping):
            await self._outbox.put(pong(message.payload))
        elif isinstance(message, Subscribe):
            await self._subscribe(message)
        elif isinstance(message, Complete):
            operation = self._operations.pop(message.identifier, None)
            # Unknown ones may have been completed by us a moment ago.
            if operation is not None and operation.task is not None:
                operation.silenced = True
                operation.task.cancel()

    async def _await_init(self) -> None:
        try:
            async with asyncio.timeout(self._limits.init_seconds):
                await self._init_received.wait()
        except TimeoutError:
            raise Close(4408, "Connection initialisation timeout") from None
        while True:
            await asyncio.sleep(self._limits.ping_seconds)
            if self._operations or self._mutations:
                self._active_at = monotonic()
            elif monotonic() - self._active_at > self._limits.idle_seconds:
                raise Close(1000, f"Idle: nothing ran for {self._limits.idle_seconds:g} seconds.")
            await self._outbox.put(PING)

    async def _initialise(self, message: Init) -> None:
        try:
            session = await self._sign_in(message)
            self._held.enter_context(self._places.socket_of(self._visit))
        except ClientError as error:
            raise await self._closing(error) from None
        except Exception as error:
            log.exception("sign-in failed", exc_info=error)
            raise Close(1013, "Internal server error; try again later.") from None
        self._session = session
        await self._outbox.put(ACK)

    async def _sign_in(self, message: Init) -> Session:
        token = init_token(message.payload, self._socket.headers)
        caller = caller_of(self._socket)
        session = await self._service.sign_in(token, self._request_id, "websocket", caller)
        self._visit.signed_in(session)
        await self._visit.charge_request()
        return session

    async def _closing(self, error: ClientError) -> Close:
        """How a socket ends that was not let in, which counts as a request too."""
        try:
            await self._visit.charge_request()
        except ClientError as limited:
            error = limited
        if error.code in ("RATE_LIMITED", "LIMIT_REACHED"):
            return Close(4429, error.message)
        return Close(4403, "Forbidden" if isinstance(error, Unauthenticated) else error.message)

    async def _subscribe(self, message: Subscribe) -> None:
        identifier = message.identifier
        if self._session is None:
            raise Close(4401, "Unauthorized")
        if identifier in self._operations:
            raise Close(4409, f"Subscriber for {identifier} already exists")
        if len(self._operations) + len(self._mutations) >= self._limits.operations:
            await self._outbox.put(
                error_frame(identifier, failure(self._too_many(), self._request_id).errors)
            )
            return
        operation = self._operations[identifier] = Operation(identifier)
        operation.task = self._group.create_task(self._operate(operation, message.request, self._session))

    async def _operate(self, operation: Operation, request: GraphQLRequest, session: Session) -> None:
        """Runs one operation and tells its results, then how it ended."""
        identifier = operation.identifier
        visit = self._visit.next()
        try:
            visit.check_blocked()
            refusal = await self._run(operation, self._service.prepare(request), session, visit)
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            refusal = failure(await visit.charged(error), self._request_id)
        if operation.task is not None and operation.task.cancelling():
            return  # its end was wanted, and failed; the identifier may be another's by now
        # The identifier is free again before the client can know it.
        del self._operations[identifier]
        end = error_frame(identifier, refusal.errors) if refusal else complete_frame(identifier)
        await self._outbox.put(end, operation)

    async def _run(
        self, operation: Operation, prepared: Prepared, session: Session, visit: Visit
    ) -> Answer | None:
        """Tells an operation's results. Returns the answer that ended it early, if one did."""
        if prepared.kind is not OperationType.SUBSCRIPTION:
            answer = await self._once(prepared, session, visit)
            if not answer.executed:
                return answer
            await self._next(operation, answer)
            return None
        with self._places.subscription_of(visit):
            await visit.admit(prepared)
            async with aclosing(self._service.subscribe(prepared, session)) as answers:
                async for answer in answers:
                    if not answer.executed:
                        return answer
                    await self._next(operation, answer)
        return None

    async def _once(self, prepared: Prepared, session: Session, visit: Visit) -> Answer:
        execution = run_admitted(self._service, self._limits, prepared, session, visit)
        if prepared.kind is OperationType.QUERY:
            return await execution
        mutation = asyncio.create_task(execution)
        self._mutations.add(mutation)
        mutation.add_done_callback(self._mutations.discard)
        return await asyncio.shield(mutation)

    async def _next(self, operation: Operation, answer: Answer) -> None:
        payload = encode(answer, self._request_id)
        await self._outbox.put(next_frame(operation.identifier, payload), operation)

    def _too_many(self) -> ClientError:
        return ClientError("LIMIT_REACHED", f"A socket runs {self._limits.operations} operations at most.")
