"""The WebSocket door: graphql-transport-ws to the letter (see `messages` for the source).

One task reads, one sends, one waits for the initialisation and then pings, and each operation has its own;
they live and die together in one group. `Close`, raised in any of them, ends the socket with its code; the
leaving of the client ends them all too. A mutation alone runs on to its end, as it would over HTTP: its
commit may already be under way.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress

import structlog
from graphql import OperationType
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.errors import ClientError, Unauthenticated
from schema.answers import Answer, encode, failure
from schema.callers import caller_of
from schema.doors.identity import bearer_token, payload_token, request_id
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
from schema.execution import GraphQLService, Prepared, Session
from schema.requests import GraphQLRequest

log = structlog.get_logger(__name__)

# For the close frame to get past what a slow client has not read yet.
CLOSE_SECONDS = 5
# What sending to a client that has left raises.
LEFT = (OSError, WebSocketDisconnect)


class Gone(Exception):
    """The client closed the socket or vanished, or the server is stopping and has closed it."""


class WebSocketDoor:
    """The ASGI application of the GraphQL address for WebSocket connections."""

    def __init__(self, service: GraphQLService, limits: DoorLimits, origins: Origins | None = None) -> None:
        self._service = service
        self._limits = limits
        self._origins = origins or Origins()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one socket until it ends."""
        socket = WebSocket(scope, receive, send)
        name = request_id(socket.headers.get("x-request-id"))
        agreed = PROTOCOL in scope["subprotocols"]
        with structlog.contextvars.bound_contextvars(request_id=name):
            try:
                if not self._origins.admits(socket.headers.get("origin"), socket.headers.get("host")):
                    await socket.close()  # before it is accepted: the browser gets a 403
                    return
                await socket.accept(PROTOCOL if agreed else None, [(b"x-request-id", name.encode())])
                if agreed:
                    await Connection(self._service, self._limits, socket, name).serve()
                else:
                    await close(socket, Close(4406, "Subprotocol not acceptable"))
            except LEFT:
                return  # during the handshake


async def close(socket: WebSocket, why: Close) -> None:
    """Sends the close frame, if the client is still there to take it."""
    with suppress(*LEFT, RuntimeError, TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await socket.close(why.code, why.reason)


class Operation(Source):
    """An operation of the socket: its identifier, and the task that runs it."""

    __slots__ = ("identifier", "task")

    def __init__(self, identifier: str) -> None:
        super().__init__()
        self.identifier = identifier
        self.task: asyncio.Task[None] | None = None


class Connection:
    """One socket that agreed to the protocol."""

    def __init__(self, service: GraphQLService, limits: DoorLimits, socket: WebSocket, name: str) -> None:
        self._service = service
        self._limits = limits
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
            await close(self._socket, _first(closing))
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
            await self._outbox.put(PING)

    async def _initialise(self, message: Init) -> None:
        try:
            token = payload_token(message.payload)
            if token is None:
                # Clients outside browsers can say it in the handshake.
                token = bearer_token(self._socket.headers.get("authorization"))
            session = await self._service.sign_in(
                token, self._request_id, "websocket", caller_of(self._socket)
            )
        except ClientError as error:
            reason = "Forbidden" if isinstance(error, Unauthenticated) else error.message
            raise Close(4403, reason) from None
        except Exception as error:
            log.exception("sign-in failed", exc_info=error)
            raise Close(1013, "Internal server error; try again later.") from None
        self._session = session
        await self._outbox.put(ACK)

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
        try:
            refusal = await self._run(operation, self._service.prepare(request), session)
        except Exception as error:  # noqa: BLE001 -- masked and logged by `failure`
            refusal = failure(error, self._request_id)
        if operation.task is not None and operation.task.cancelling():
            return  # its end was wanted, and failed; the identifier may be another's by now
        # The identifier is free again before the client can know it.
        del self._operations[identifier]
        end = error_frame(identifier, refusal.errors) if refusal else complete_frame(identifier)
        await self._outbox.put(end, operation)

    async def _run(self, operation: Operation, prepared: Prepared, session: Session) -> Answer | None:
        """Tells an operation's results. Returns the answer that ended it early, if one did."""
        if prepared.kind is not OperationType.SUBSCRIPTION:
            answer = await self._once(prepared, session)
            if not answer.executed:
                return answer
            await self._next(operation, answer)
            return None
        async with aclosing(self._service.subscribe(prepared, session)) as answers:
            async for answer in answers:
                if not answer.executed:
                    return answer
                await self._next(operation, answer)
        return None

    async def _once(self, prepared: Prepared, session: Session) -> Answer:
        execution = self._service.execute(prepared, session)
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


def _first(group: BaseExceptionGroup[Close]) -> Close:
    why: BaseException = group
    while isinstance(why, BaseExceptionGroup):
        why = why.exceptions[0]
    assert isinstance(why, Close)
    return why
