"""The handshake of a socket: the request is judged by the library `websockets`, the application is asked, and what it
says is answered.

A request that differs in nothing but its key from one that was let in is read and judged as that was.
"""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from collections.abc import Coroutine, Sequence
from contextvars import copy_context
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from uvicorn.config import Config
from websockets.datastructures import Headers
from websockets.exceptions import InvalidHandshake
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.utils import accept_key

from schema.doors.exchange import HEAD, Head, encoded_defaults
from schema.doors.heads import LONGEST, MOST, Before

if TYPE_CHECKING:
    from schema.doors.wire import SocketProtocol

SOCKET: Final = "lockstep.socket"
"""The name under which the scope's `extensions` hold the `SocketProtocol`."""

log = logging.getLogger("uvicorn.error")


_JUDGE: Final = ServerProtocol(max_size=None, logger=log)
_JUDGED: Final = re.compile(rb"connection|upgrade|origin|sec-websocket-(?:key|version)")


_NAMED: Final = b"\r\nSec-WebSocket-Key: "
_KEY: Final = re.compile(rb"[A-Za-z0-9+/]{22}==")
"""Sixteen bytes in base64."""


_SWITCHING: Final = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
)


class KnownHandshake:
    """A request for a socket that was let in, but for its key. ``scope``: of it, what is the same for all."""

    __slots__ = ("head", "headers", "key_at", "scope")

    def __init__(self, scope: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> None:
        self.scope = scope
        self.headers = headers
        self.key_at = [name for name, _ in headers].index(b"sec-websocket-key")
        self.head = Head([line for line in headers if line[0] != b"sec-websocket-key"])


class Handshakes:
    """Those of a process; the oldest leave first."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, KnownHandshake] = OrderedDict()
        self._before = Before()

    def find(self, data: bytes) -> tuple[KnownHandshake, bytes] | None:
        """What is known of a request that came as a whole, and its key."""
        parted = _parted(data)
        known = None if parted is None else self._known.get(parted[0])
        return None if parted is None or known is None else (known, parted[1])

    def remember(self, data: bytes, scope: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> None:
        """Know this request again, which was judged, if all of it is ``data``."""
        parted = _parted(data)
        keys = [value for name, value in headers if name == b"sec-websocket-key"]
        if (
            parted is None
            or keys != [parted[1]]
            or not data.startswith(b"GET ")
            or not self._before.came(parted[0])
        ):
            return
        self._known[parted[0]] = KnownHandshake(scope, headers)
        if len(self._known) > MOST:
            self._known.popitem(last=False)


def _parted(data: bytes) -> tuple[bytes, bytes] | None:
    """A whole head without its key, and the key; None for what is not spelled as usual."""
    at = data.find(_NAMED) + len(_NAMED)
    key = data[at : at + 24]
    ends = data.find(b"\r\n\r\n", 0, LONGEST) + 4
    if at < len(_NAMED) or ends != len(data) or data[at + 24 : at + 26] != b"\r\n" or not _KEY.fullmatch(key):
        return None
    return data[:at] + data[at + 24 :], key


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
        place: dict[str, Any],
    ) -> dict[str, Any] | None:
        """Judges the request, and asks the application. ``headers`` have names in small letters; ``place``: where it
        came from and to, as the scope has it. What was asked, if the request is one."""
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
            scope = self._scope(url, offered)
        except InvalidHandshake:
            socket.answer(ServerProtocol(logger=log).accept(request).serialize())
            return None
        except UnicodeDecodeError:
            socket.refuse(400)
            return None
        of_this = {**place, "state": self._app_state.copy(), "extensions": {SOCKET: socket}}
        self._ask(socket, {**scope, "headers": headers, **of_this})
        return scope

    def begin_known(
        self, socket: SocketProtocol, known: KnownHandshake, key: bytes, place: dict[str, Any]
    ) -> None:
        """The same for a request that is known but for its key."""
        self._accept = accept_key(key.decode())
        headers = known.headers.copy()
        headers[known.key_at] = (b"sec-websocket-key", key)
        extensions = {SOCKET: socket, HEAD: known.head}
        of_this = {**place, "state": self._app_state.copy(), "extensions": extensions}
        self._ask(socket, {**known.scope, "headers": headers, **of_this})

    def acceptance(
        self,
        subprotocol: str | None,
        defaults: list[tuple[bytes, bytes]],
        headers: Sequence[tuple[bytes, bytes]],
    ) -> bytes:
        """The answer that opens the socket. Source: RFC 6455, section 4.2.2."""
        lines = [
            _SWITCHING, self._accept.encode(), b"\r\n", encoded_defaults(defaults),
            *[part for name, value in headers for part in (name, b": ", value, b"\r\n")],
        ]  # fmt: skip
        if subprotocol:
            lines += (b"Sec-WebSocket-Protocol: ", subprotocol.encode(), b"\r\n")
        return b"".join([*lines, b"\r\n"])

    def refusal(self, status: int, headers: Sequence[tuple[str, str]], body: str) -> bytes:
        """An answer that opens none."""
        response = _JUDGE.reject(status, body)
        response.headers.update(headers)
        return response.serialize()

    def _scope(self, url: bytes, offered: list[str]) -> dict[str, Any]:
        root = self._config.root_path
        path, _, query = url.partition(b"?")
        return {
            "type": "websocket",
            "asgi": {"version": self._config.asgi_version, "spec_version": "2.4"},
            "http_version": "1.1",
            "root_path": root,
            "path": root + unquote(path.decode("ascii")),
            "raw_path": root.encode("ascii") + path,
            "query_string": query,
            "subprotocols": [token.strip() for token in offered],
        }

    def _ask(self, socket: SocketProtocol, scope: dict[str, Any]) -> None:
        """Asks the application. What need not wait for anything takes no task."""
        asked = self._asked(socket, scope)
        try:
            # In a context of its own, as a task would have.
            waits_for = copy_context().run(asked.send, None)
        except StopIteration:
            return
        # What the client sends before it was accepted waits.
        socket.transport.pause_reading()
        task = socket.loop.create_task(_resumed(asked, waits_for))
        socket.tasks.add(task)
        task.add_done_callback(socket.tasks.discard)

    async def _asked(self, socket: SocketProtocol, scope: dict[str, Any]) -> None:
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


class _Begun:
    """What is left of a coroutine that was begun without a task, and what it waits for."""

    def __init__(self, rest: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._rest = rest
        self._waits_for = waits_for

    def __await__(self) -> Any:
        rest, waits_for = self._rest, self._waits_for
        while True:
            error: BaseException | None = None
            try:
                yield waits_for
            except BaseException as thrown:  # noqa: BLE001 -- it is the coroutine's
                error = thrown
            try:
                waits_for = rest.send(None) if error is None else rest.throw(error)
            except StopIteration:
                return


async def _resumed(rest: Coroutine[Any, Any, None], waits_for: Any) -> None:
    await _Begun(rest, waits_for)
