"""uvicorn's protocols, with what they leave open closed. `server_options` gives them to it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

CONNECTION = "lockstep.connection"
"""The name under which the scope's `extensions` hold the `HTTPConnection`."""

LINGER_SECONDS = 5.0
"""What a client has not read this long after its connection was closed is thrown away with the connection."""


@dataclass(eq=False, slots=True)
class HTTPConnection:
    """What a lasting answer must know of its connection: that the server stops; and how to cut it."""

    transport: asyncio.Transport
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    def cut(self) -> None:
        """Ends the connection at once, whatever is still unsent."""
        self.transport.abort()


class RequestProtocol(HttpToolsProtocol):
    """Give this to uvicorn as `http`.

    Streams learn that the server stops, and a client that never reads cannot hold its connection.
    """

    _connection: HTTPConnection | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Called when a client has connected."""
        super().connection_made(transport)
        self._connection = HTTPConnection(transport)

    def on_message_begin(self) -> None:
        """Called when a request begins."""
        super().on_message_begin()
        extensions: dict[str, Any] = {CONNECTION: self._connection}
        self.scope["extensions"] = extensions

    def shutdown(self) -> None:
        """Called when the server begins to stop."""
        if self._connection is not None:
            self._connection.stopping.set()
        super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        """Called when a connection has been idle: its last answer may still be unread."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(LINGER_SECONDS, self.transport.abort)


class SocketProtocol(WebSocketsSansIOProtocol):
    """Give this to uvicorn as `ws`.

    Text that is not UTF-8 closes the socket with 1007 (RFC 6455, section 8.1) as in uvicorn, but that is the
    client's fault, and so no traceback in our log. A client that never reads cannot hold its connection once
    the application is done with it.
    """

    def send_receive_event_to_app(self) -> None:
        """Hands a whole message to the application."""
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.frames = []
                self.conn.send_close(1007, "Text must be UTF-8.")
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()

    async def run_asgi(self) -> None:
        """Runs the application on the socket."""
        try:
            await super().run_asgi()
        finally:
            self.loop.call_later(LINGER_SECONDS, self.transport.abort)
