"""The handshake of a socket: the request is judged by the library `websockets`, the application is asked, and what it
says is answered."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request
from websockets.server import ServerProtocol

if TYPE_CHECKING:
    from schema.doors.wire import SocketProtocol

SOCKET: Final = "lockstep.socket"
"""The name under which the scope's `extensions` hold the `SocketProtocol`."""

log = logging.getLogger("uvicorn.error")


_JUDGE: Final = ServerProtocol(max_size=None, logger=log)
_JUDGED: Final = re.compile(rb"connection|upgrade|origin|sec-websocket-(?:key|version)")


class Handshake:
    """A handshake: what a socket needs until it is accepted, and not afterwards."""

    def __init__(self, config: Config, app_state: dict[str, Any]) -> None:
        self._config = config
        self._app_state = app_state
        self._accept = ""

    def begin(
        self,
        socket: SocketProtocol,
        method: str,
        version: str,
        url: bytes,
        headers: list[tuple[bytes, bytes]],
    ) -> None:
        """Judges the request, and asks the application. ``headers`` have names in small letters."""
        judged, offered = Headers(), list[str]()
        for name, value in headers:
            if _JUDGED.fullmatch(name):
                judged[name.decode("ascii")] = value.decode("latin-1")
            elif name == b"sec-websocket-protocol":
                offered += value.decode("latin-1").split(",")
        # The path is no matter of the library's, nor are extensions, which there are none of, and subprotocols.
        request = Request("/", judged, method, f"HTTP/{version}")
        try:
            self._accept, _, _ = _JUDGE.process_request(request)
            scope = self._scope(socket, url, headers, offered)
        except InvalidHandshake:
            socket.answer(ServerProtocol(logger=log).accept(request).serialize())
            return
        except UnicodeDecodeError:
            socket.refuse(400)
            return
        # What the client sends before it was accepted waits.
        socket.transport.pause_reading()
        task = socket.loop.create_task(self._ask(socket, scope))
        socket.tasks.add(task)
        task.add_done_callback(socket.tasks.discard)

    def acceptance(self, subprotocol: str | None, headers: Sequence[tuple[bytes, bytes]]) -> bytes:
        """The answer that opens the socket. Source: RFC 6455, section 4.2.2."""
        lines = [
            b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade",
            b"Sec-WebSocket-Accept: " + self._accept.encode(),
            *(name + b": " + value for name, value in headers),
        ]  # fmt: skip
        if subprotocol:
            lines.append(b"Sec-WebSocket-Protocol: " + subprotocol.encode())
        return b"\r\n".join([*lines, b"", b""])

    def refusal(self, status: int, headers: Sequence[tuple[str, str]], body: str) -> bytes:
        """An answer that opens none."""
        response = _JUDGE.reject(status, body)
        response.headers.update(headers)
        return response.serialize()

    def _scope(
        self, socket: SocketProtocol, url: bytes, headers: list[tuple[bytes, bytes]], offered: list[str]
    ) -> dict[str, Any]:
        root = self._config.root_path
        path, _, query = url.partition(b"?")
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "scheme": "wss" if is_ssl(socket.transport) else "ws",
            "server": get_local_addr(socket.transport),
            "client": get_remote_addr(socket.transport),
            "root_path": root,
            "path": root + unquote(path.decode("ascii")),
            "raw_path": root.encode("ascii") + path,
            "query_string": query,
            "headers": headers,
            "subprotocols": [token.strip() for token in offered],
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
