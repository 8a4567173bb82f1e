"""The handshake of a socket: the request is read, the application is asked, and what it says is answered."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from websockets.http11 import Request, Response
from websockets.server import ServerProtocol

if TYPE_CHECKING:
    from schema.doors.wire import SocketProtocol

SOCKET: Final = "lockstep.socket"
"""The name under which the scope's `extensions` hold the `SocketProtocol`."""

log = logging.getLogger("uvicorn.error")


class Handshake:
    """A handshake: what a socket needs until it is accepted, and not afterwards."""

    def __init__(self, config: Config, app_state: dict[str, Any]) -> None:
        self._config = config
        self._app_state = app_state
        self._library = ServerProtocol(max_size=None, logger=log)
        self._response: Response

    def begin(self, socket: SocketProtocol, data: bytes) -> None:
        """Reads the request, which uvicorn hands over whole, and asks the application."""
        self._library.receive_data(data)
        requests = [event for event in self._library.events_received() if isinstance(event, Request)]
        if not requests:
            socket.refuse(400)
            return
        self._response = self._library.accept(requests[0])
        if self._response.status_code != 101:
            socket.answer(self._sent(self._response))
            return
        # What the client sends before it was accepted waits.
        socket.transport.pause_reading()
        task = socket.loop.create_task(self._ask(socket, self._scope(socket, requests[0])))
        socket.tasks.add(task)
        task.add_done_callback(socket.tasks.discard)

    def acceptance(self, subprotocol: str | None, headers: Sequence[tuple[str, str]]) -> bytes:
        """The answer that opens the socket."""
        del self._response.headers["Date"]
        self._response.headers.update(headers)
        if subprotocol:
            self._response.headers["Sec-WebSocket-Protocol"] = subprotocol
        return self._sent(self._response)

    def refusal(self, status: int, headers: Sequence[tuple[str, str]], body: str) -> bytes:
        """An answer that opens none."""
        response = self._library.reject(status, body)
        response.headers.update(headers)
        return self._sent(response)

    def _sent(self, response: Response) -> bytes:
        self._library.send_response(response)
        return b"".join(self._library.data_to_send())

    def _scope(self, socket: SocketProtocol, request: Request) -> dict[str, Any]:
        root = self._config.root_path
        path, _, query = request.path.partition("?")
        offered = request.headers.get_all("Sec-WebSocket-Protocol")
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(socket.transport) else "ws",
            "server": get_local_addr(socket.transport),
            "client": get_remote_addr(socket.transport),
            "root_path": root,
            "path": root + unquote(path),
            "raw_path": (root + path).encode("ascii"),
            "query_string": query.encode("ascii"),
            "headers": [
                (name.encode("ascii"), value.encode("latin-1")) for name, value in request.headers.raw_items()
            ],
            "subprotocols": [token.strip() for header in offered for token in header.split(",")],
            "state": self._app_state.copy(),
            "extensions": {SOCKET: socket},
        }

    async def _ask(self, socket: SocketProtocol, scope: dict[str, Any]) -> None:
        """The application as ASGI knows it: it accepts by the extension, and refuses by closing."""

        async def receive() -> Any:
            return {"type": "websocket.connect"}

        async def send(message: Any) -> None:
            if message["type"] != "websocket.close":
                raise RuntimeError("Sockets are accepted by the scope's extension `lockstep.socket`.")
            socket.refuse(403)

        try:
            await self._config.loaded_app(scope, receive, send)
        except Exception:
            log.exception("Exception in ASGI application\n")
        socket.refuse(500)  # if it has said nothing
