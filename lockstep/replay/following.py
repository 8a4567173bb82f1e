"""A client's live stream: `events` over graphql-transport-ws, folded into its copy, resumed when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.typing import Subprotocol

from lockstep.replay.copies import Copy
from lockstep.replay.documents import FOLLOW
from lockstep.replay.doors import Address

PATIENCE_SECONDS = 0.05
RESUMABLE = frozenset({"TOO_SLOW"})


class Stream:
    """Follows the project for one client until it is stopped. `resumed`: how often it began again."""

    def __init__(self, addresses: list[Address], home: int, token: str, scope: str, copy: Copy) -> None:
        self.copy = copy
        self.resumed = -1
        self.resyncs: list[str] = []
        self._addresses = addresses
        self._at = home
        self._token = token
        self._scope = scope
        self._socket: ClientConnection | None = None

    def abort(self) -> bool:
        """Cut the socket as a broken network does; whether there was one."""
        socket, self._socket = self._socket, None
        if socket is None:
            return False
        socket.transport.abort()
        return True

    async def follow(self) -> None:
        """Runs until it is cancelled."""
        while True:
            try:
                await self._follow_once()
            except (OSError, EOFError, TimeoutError, InvalidHandshake, WebSocketException):
                self._at += 1  # perhaps that server is gone: try the other one
            finally:
                self._socket = None
            await asyncio.sleep(PATIENCE_SECONDS)

    async def _follow_once(self) -> None:
        address = self._addresses[self._at % len(self._addresses)]
        async with connect(
            address.socket_url, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None,
            max_size=None, ping_interval=None, open_timeout=10, close_timeout=1, proxy=None,
        ) as socket:  # fmt: skip
            await _send(socket, {"type": "connection_init", "payload": {"token": self._token}})
            variables = {"scope": self._scope, "after": self.copy.cursor}
            payload = {"query": FOLLOW, "variables": variables}
            async with asyncio.timeout(10):
                acknowledged = orjson.loads(await socket.recv())
            if acknowledged["type"] != "connection_ack":
                return
            await _send(socket, {"type": "subscribe", "id": "1", "payload": payload})
            self._socket = socket
            self.resumed += 1
            async for text in socket:
                if not await self._message(socket, orjson.loads(text)):
                    return

    async def _message(self, socket: ClientConnection, message: dict[str, Any]) -> bool:
        """Take one message; False when the stream is over."""
        match message["type"]:
            case "next":
                return self._frame(message["payload"])
            case "ping":
                await _send(socket, {"type": "pong"})
            case "error":
                self.resyncs.append(f"error {message['payload']}")
                return False
            case "complete":
                return False
        return True

    def _frame(self, payload: dict[str, Any]) -> bool:
        if payload.get("errors") or not payload.get("data"):
            self.resyncs.append(f"error {payload.get('errors')}")
            return False
        frame = payload["data"]["events"]
        if frame["kind"] in {"EVENTS", "HEARTBEAT"}:
            self.copy.take(frame, time.time())
            return True
        self.resyncs.append(str(frame["reason"]))
        if frame["kind"] == "RESYNC" and frame["reason"] not in RESUMABLE:
            self.copy.faults.append(f"told to resync: {frame['reason']}")
        return False


async def _send(socket: ClientConnection, message: dict[str, Any]) -> None:
    await socket.send(orjson.dumps(message).decode())


async def until_cancelled(*tasks: asyncio.Task[None]) -> None:
    """Cancel tasks and wait for their end."""
    for task in tasks:
        task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
