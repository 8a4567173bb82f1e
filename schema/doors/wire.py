"""A socket on the wire: uvicorn's WebSocket protocol, with neither a task nor a buffer while nothing happens.

Handshake, frames, pings and the closing handshake are those of the library `websockets` (its sans-I/O layer). Its
parser of frames is lent to a socket while one of the client's frames is on its way, and else is another's: so an idle
socket has none. Frames of text are written to the transport as they are, made once for many (`schema.doors.messages`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol, cast

from uvicorn.config import Config
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode
from websockets.protocol import Protocol as Parser
from websockets.protocol import State

from schema.doors.handshake import Handshake, KnownHandshake
from schema.doors.parsers import Parsers, whole_text

SMALL = 1024
"""Bytes. Who sends a message in smaller parts than these is charged for each."""

LINGER_SECONDS = 5.0
"""What a client has not read this long after its connection was closed is thrown away with the connection."""


class Handler(Protocol):
    """What is done with a socket that was accepted."""

    def received(self, text: str | None) -> None:
        """A message has come; None: one of bytes."""

    def worked(self) -> None:
        """A frame has come that is no message and costs as much as one: a ping, a small part of a message."""

    def filled(self) -> None:
        """There is no room for more, until the client has read some."""

    def stalled(self) -> None:
        """The client has read nothing for `stall_seconds`, and there is much that it should."""

    def left(self) -> None:
        """The socket is over. Called once, and nothing else after it."""


CONTROL = (Opcode.PING, Opcode.PONG)

_PARSERS: dict[int, Parsers] = {}


class SocketProtocol(asyncio.Protocol):
    """Give this to uvicorn as `ws`, and as `http` what hands requests for sockets over to it (`schema.doors.protocol`).
    The application finds it in the scope, and accepts or refuses the socket.

    `full`: more than `unsent_bytes` wait for the client. `heard_at`: when it last sent anything (the loop's clock).
    `tasks`: those that a stopping server waits for.
    """

    __slots__ = (
        "_handler", "_held", "_kind", "_open", "_parser", "_parsers", "_parts", "_server", "_stall", "_stall_seconds",
        "_starting", "_unsent", "_waiters", "full", "heard_at", "loop", "transport",
    )  # fmt: skip

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:  # fmt: skip
        self.loop = _loop or asyncio.get_event_loop()
        self.transport: asyncio.Transport
        self.full = False
        self.heard_at = 0.0
        self._server = server_state
        self._starting: Handshake | None = Handshake(config, app_state)
        self._parsers = _PARSERS.setdefault(config.ws_max_size, Parsers(config.ws_max_size))
        self._parser: Parser | None = None
        self._parts: list[bytes] | None = None
        self._kind = Opcode.TEXT
        self._handler: Handler | None = None
        self._open = False
        self._held = False
        self._stall: asyncio.TimerHandle | None = None
        self._stall_seconds = LINGER_SECONDS
        self._unsent = 0
        self._waiters: list[asyncio.Future[None]] | None = None

    @property
    def tasks(self) -> set[asyncio.Task[None]]:
        return self._server.tasks

    # What uvicorn and the loop call

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called when the connection has become a socket's."""
        self.transport = cast(asyncio.Transport, transport)
        self.heard_at = self.loop.time()
        self._server.connections.add(self)  # type: ignore[arg-type]

    def begin(
        self,
        method: str,
        version: str,
        url: bytes,
        headers: list[tuple[bytes, bytes]],
        place: dict[str, Any],
    ) -> dict[str, Any] | None:
        """Called with the request for a socket, as it was read; names of headers in small letters."""
        assert self._starting is not None
        return self._starting.begin(self, method, version, url, headers, place)

    def begin_known(self, known: KnownHandshake, key: bytes, place: dict[str, Any]) -> None:
        """The same for one that is known but for its key."""
        assert self._starting is not None
        self._starting.begin_known(self, known, key, place)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called when the connection is over."""
        self._server.connections.discard(self)
        self._over()
        self._parser = None

    def data_received(self, data: bytes) -> None:
        """Called with what has come."""
        self.heard_at = self.loop.time()
        if self._starting is None:
            self._read(data)

    def pause_writing(self) -> None:
        """Called when the client has not read more than `unsent_bytes`."""
        self.full = True
        if self._handler is not None:
            self._handler.filled()
        self._watch()

    def resume_writing(self) -> None:
        """Called when it has read most of it."""
        self.full = False
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        self._wake()
        self._resume()

    def shutdown(self) -> None:
        """Called when the server stops: clients reconnect upon 1012."""
        if self._open:
            self.close(1012, "")
        elif self._starting is not None:
            self.refuse(500)
        self._end()

    # What the application calls

    def accept(
        self, subprotocol: str | None, headers: Sequence[tuple[bytes, bytes]], handler: Handler, *,
        unsent_bytes: int, stall_seconds: float,
    ) -> None:  # fmt: skip
        """Opens the socket."""
        assert self._starting is not None
        answer = self._starting.acceptance(subprotocol, self._server.default_headers, headers)
        self._starting = None
        self._handler = handler
        if self.transport.is_closing():
            self._over()
            return
        self._open = True
        self._stall_seconds = stall_seconds
        self.transport.set_write_buffer_limits(high=unsent_bytes)
        self.transport.write(answer)
        self.transport.resume_reading()

    def refuse(self, status: int, headers: Sequence[tuple[str, str]] = (), body: str = "") -> None:
        """Answers the handshake like any other request that is not granted."""
        if self._starting is None or self.transport.is_closing():
            return
        self.answer(self._starting.refusal(status, headers, body))

    def answer(self, answer: bytes) -> None:
        """Ends the handshake, and the connection with it."""
        self._starting = None
        self.transport.write(answer)
        self._end()

    def write(self, frame: bytes) -> None:
        """Sends a frame, or several. Whoever has many looks at `full` before each."""
        if self._open:
            self.transport.write(frame)

    def close(self, code: int, reason: str) -> None:
        """Ends the socket: the client has some seconds to read what is unsent, and to say good-bye."""
        if not self._open:
            return
        parser = self._parser = self._parser or self._parsers.take()
        if parser.state is State.OPEN:
            parser.send_close(code, reason)
        self._flush(parser)
        self._over()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)
        self._resume()

    async def drained(self) -> None:
        """When there is room for more."""
        while self.full:
            waiter: asyncio.Future[None] = self.loop.create_future()
            if self._waiters is None:
                self._waiters = []
            self._waiters.append(waiter)
            await waiter

    def hold(self) -> None:
        """Reads no more of the client until it has read: its messages make others."""
        if self.full and not self._held:
            self._held = True
            self.transport.pause_reading()

    # Within

    def _read(self, data: bytes) -> None:
        if self._parser is None and (text := whole_text(data, self._parsers.max_size)) is not None:
            if self._open:
                self._kind = Opcode.TEXT
                self._message(text)
            return
        parser = self._parser or self._parsers.take()
        self._parser = parser
        parser.receive_data(data)
        for frame in parser.events_received():
            if self._open:
                self._take(cast(Frame, frame))
        self._flush(parser)
        if parser.parser_exc is not None or parser.close_rcvd is not None:
            # What was wrong was told, or good-bye was said by both.
            self._over()
            self._end()
        elif self._parsers.give_back(parser):
            self._parser = None

    def _take(self, frame: Frame) -> None:
        if frame.opcode in CONTROL or (not frame.fin and len(frame.data) < SMALL):
            assert self._handler is not None
            self._handler.worked()
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._kind = frame.opcode
            if frame.fin:
                self._message(frame.data)
            else:
                self._parts = [frame.data]  # type: ignore[list-item]
        elif frame.opcode is Opcode.CONT and self._parts is not None:
            self._parts.append(frame.data)  # type: ignore[arg-type]
            if frame.fin:
                whole, self._parts = b"".join(self._parts), None
                self._message(whole)

    def _message(self, data: Any) -> None:
        assert self._handler is not None
        if self._kind is not Opcode.TEXT:
            self._handler.received(None)
            return
        try:
            text = str(data, "utf-8")
        except UnicodeDecodeError:
            self.close(1007, "Text must be UTF-8.")  # RFC 6455, section 8.1
            return
        self._handler.received(text)

    def _flush(self, parser: Parser) -> None:
        if told := b"".join(parser.data_to_send()):
            self.transport.write(told)
            self.hold()

    def _over(self) -> None:
        self._open = False
        handler, self._handler = self._handler, None
        if self._stall is not None:
            self._stall.cancel()
            self._stall = None
        if handler is not None:
            handler.left()
        self.full = False
        self._wake()

    def _end(self) -> None:
        self.transport.close()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, None
        for waiter in waiters or ():
            if not waiter.done():
                waiter.set_result(None)

    def _resume(self) -> None:
        if self._held and not self.transport.is_closing():
            self._held = False
            self.transport.resume_reading()

    def _watch(self) -> None:
        self._unsent = self.transport.get_write_buffer_size()
        self._stall = self.loop.call_later(self._stall_seconds, self._look)

    def _look(self) -> None:
        """Whether the client has read anything since the last look."""
        self._stall = None
        if not self.full or self._handler is None:
            return
        if self.transport.get_write_buffer_size() >= self._unsent:
            self._handler.stalled()
        else:
            self._watch()
