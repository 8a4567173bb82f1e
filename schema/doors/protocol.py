"""uvicorn's HTTP protocol, with what it leaves open closed. `server_options` gives it to it."""

from __future__ import annotations

import asyncio
import operator
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from schema.doors.early import FULL, LATE, TOO_LONG
from schema.doors.exchange import HEAD
from schema.doors.handshake import Handshakes
from schema.doors.heads import Heads, KnownHead
from schema.doors.limits import DoorLimits
from schema.doors.wire import LINGER_SECONDS, SocketProtocol

CONNECTION = "lockstep.connection"
"""The name under which the scope's `extensions` hold the `HTTPConnection`."""


@dataclass(eq=False, slots=True)
class HTTPConnection:
    """What a lasting answer must know of its connection: that the server stops; and how to cut it."""

    transport: asyncio.Transport
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def cut(self) -> None:
        """Ends the connection at once, whatever is still unsent."""
        self.transport.abort()


AROUND_CHUNKS = 9
"""Bytes that come for one of content where each is a chunk of its own are 6; nobody sends worse in earnest."""


_KNOWN: dict[tuple[str, str, int], tuple[Heads, Handshakes]] = {}
"""What is known of requests, by what that depends on besides their bytes."""


class _Alike:
    """What protocols of one server are made with, and what they begin with."""

    def __init__(self) -> None:
        self._made_of: tuple[Any, ...] = ()
        self._alike: dict[str, Any] = {}

    def of(self, made_of: tuple[Any, ...]) -> dict[str, Any] | None:
        """The same as the last one's, if it was made of the very same."""
        same = len(self._made_of) == len(made_of) and all(map(operator.is_, self._made_of, made_of))
        return self._alike if same else None

    def keep(self, made_of: tuple[Any, ...], alike: dict[str, Any]) -> None:
        """For the next ones."""
        self._made_of, self._alike = made_of, dict(alike)


_ALIKE = _Alike()


class RequestProtocol(HttpToolsProtocol):
    """Give what `request_protocol` makes of this to uvicorn as `http`.

    Streams learn that the server stops, and a client that never reads cannot hold its connection. Nor can one that
    sends its request drop by drop ("slow loris"), or headers without end, before its content or after it; and there are
    no more than so many.
    """

    _connection: HTTPConnection | None = None
    _patience: asyncio.TimerHandle | None = None
    _upgraded = False
    _beside: int | None = 0
    """Bytes of a request that are none of its content (its head, what is around its chunks, and after them), less
    what is usual around small chunks; None: no request is on its way."""
    _headed = False
    _within = False
    """Whether a request has begun to come, and is not there yet."""
    _whole: bytes | None = None
    """What is being read, if a request can begin and end with it."""
    _idle_since: float | None = None
    """When the last answer was given (the loop's clock), if nothing has come since."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None, *, limits: DoorLimits | None = None,
    ) -> None:  # fmt: skip
        made_of = (config, server_state, app_state, _loop, limits)
        alike = _ALIKE.of(made_of)
        if alike is not None:
            # All but these two is the same for every connection of a server.
            self.__dict__.update(alike)
            self.parser, self.pipeline = self._new_parser(), deque()
            return
        super().__init__(config, server_state, app_state, _loop)
        self.limits = limits or DoorLimits()
        fixed = (self.root_path, self.asgi_version, self.limits.head_bytes)
        self._heads, self._handshakes = _KNOWN.get(fixed) or _KNOWN.setdefault(fixed, (Heads(), Handshakes()))

        _ALIKE.keep(made_of, self.__dict__)

    def _new_parser(self) -> httptools.HttpRequestParser:
        """As uvicorn makes it."""
        parser = httptools.HttpRequestParser(self)
        with suppress(AttributeError):
            parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return parser

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called when a client has connected."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self._end(FULL)
        else:
            self._wait(self.limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called when the connection is over."""
        self._wait(None)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Called with what has come."""
        cycle: Any = self.cycle
        if not self._within and (cycle is None or cycle.response_complete) and self.limit_concurrency is None:
            known = self._heads.find(data)
            if known is not None:
                self._begin(*known)
                return
            asking = self._handshakes.find(data)
            if asking is not None:
                self._upgrade().begin_known(*asking, self._place())
                return
            self._whole = data
        super().data_received(data)
        self._whole = None
        if self._upgraded:
            return
        if self._beside is not None:
            self._beside += len(data)
            if self._beside > self.limits.head_bytes:
                self._end(TOO_LONG)
        if self._patience is None and self._idle():
            # Empty lines between requests begin none, and have ended the wait for one.
            self._wait(self.limits.head_seconds)

    def on_message_begin(self) -> None:
        """Called when a request begins."""
        super().on_message_begin()
        extensions: dict[str, Any] = {CONNECTION: self._lasting()}
        self.scope["extensions"] = extensions
        self._within = True
        self._beside, self._headed = 0, False
        self._wait(self.limits.head_seconds)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Called with a header; also with one that comes after the content, which is none (RFC 9110, section 6.5.1):
        a proxy that sets headers has not seen it."""
        if not self._headed:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Called when a request's head is there."""
        self._headed = True
        # The door itself answers a late body; this is for one that nobody reads any more.
        self._wait(self.limits.body_seconds + LINGER_SECONDS)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Called with some of a request's content."""
        super().on_body(body)
        if self._beside is not None:
            self._beside -= AROUND_CHUNKS * len(body)

    def on_message_complete(self) -> None:
        """Called when a request is there."""
        self._beside = None
        self._wait(None)
        self._within = False
        super().on_message_complete()
        cycle: Any = self.cycle
        if self._whole is not None and cycle is not None and not self.parser.should_upgrade():
            self._heads.remember(self._whole, cycle)
            self._whole = None

    def _begin(self, known: KnownHead, body: bytes) -> None:
        """Has a request answered that is there as a whole, and whose head is known."""
        self._idle_since = self._beside = None
        if self._patience is not None:
            self._wait(None)
        scope: Any = known.scope.copy()
        scope["server"], scope["client"], scope["scheme"] = self.server, self.client, self.scheme
        scope["headers"], scope["state"] = known.headers.copy(), self.app_state.copy()
        scope["extensions"] = {CONNECTION: self._lasting(), HEAD: known.head}
        there = asyncio.Event()
        there.set()
        self.scope = scope
        cycle = self.cycle = RequestResponseCycle(
            scope, self.transport, self.flow, self.logger, self.access_logger, self.access_log,
            self.server_state.default_headers, there, False, True, self.on_response_complete,
        )  # fmt: skip
        cycle.body, cycle.more_body = body, False  # type: ignore[assignment]
        self._start_asgi_task(cycle, self.app)

    def on_response_complete(self) -> None:
        """Called when a request was answered. One timer counts how long a connection is idle, however often it is."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._count_idle(self.timeout_keep_alive)

    def _lasting(self) -> HTTPConnection:
        """What answers that last know of this connection: a socket needs none."""
        if self._connection is None:
            self._connection = HTTPConnection(self.transport)
        return self._connection

    def _count_idle(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def handle_websocket_upgrade(self) -> None:
        """Called when the connection becomes a socket."""
        method, version = self.scope["method"], self.parser.get_http_version()
        # As it was read, rather than written out to be read once more.
        asked = self._upgrade().begin(method, version, self.url, self.headers, self._place())
        if asked is not None and self._whole is not None:
            self._handshakes.remember(self._whole, asked, self.headers)

    def _upgrade(self) -> SocketProtocol:
        self._wait(None)
        self._upgraded = True
        self.connections.discard(self)
        socket = SocketProtocol(self.config, self.server_state, self.app_state)
        socket.connection_made(self.transport)
        self.transport.set_protocol(socket)
        return socket

    def _place(self) -> dict[str, Any]:
        scheme = "wss" if self.scheme == "https" else "ws"
        return {"scheme": scheme, "server": self.server, "client": self.client}

    def _idle(self) -> bool:
        """Whether nothing is being answered."""
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete

    def _wait(self, seconds: float | None) -> None:
        if self._patience is not None:
            self._patience.cancel()
        self._patience = None if seconds is None else self.loop.call_later(seconds, self._end, LATE)

    def _end(self, answer: bytes) -> None:
        """Closes a connection whose client is late or sends too much, if it can be with an answer."""
        if self.transport.is_closing():
            return
        if self._idle():
            self.transport.write(answer)
        self.transport.close()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)

    def shutdown(self) -> None:
        """Called when the server begins to stop."""
        if self._connection is not None:
            self._connection.stopping.set()
        super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Called when a connection may have been idle: if so it is closed, and its last answer may still be unread."""
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            return  # what is being answered begins to count anew
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._count_idle(left)
            return
        super().timeout_keep_alive_handler()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)


def request_protocol(limits: DoorLimits) -> Callable[..., RequestProtocol]:
    """uvicorn's `http` with these limits: it makes its protocols by itself, one for each connection.

    A partial, which several workers are handed in pickled form; a class made here could not be.
    """
    return partial(RequestProtocol, limits=limits)
