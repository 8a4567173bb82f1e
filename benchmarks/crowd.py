"""Many subscribers in one process that hardly costs anything: raw sockets, graphql-transport-ws, one epoll.

Each client is a socket with one subscription; what it is sent is not parsed, but searched for the marks of an event.
Local ports run out at 28,000, so the clients come from many loopback addresses.
"""

from __future__ import annotations

import base64
import json
import os
import re
import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

AT_ONCE = 500
"""Clients that may be on their way in at the same time."""

PATIENCE_SECONDS = 180.0
_RECORDED = re.compile(rb'"recordedAt":"([^"]+)"')
_BUFFER = 1 << 18


def masked(message: Any) -> bytes:
    """A client's frame of text (RFC 6455, section 5.2); with a mask of zeros it may be copied as it is."""
    payload = json.dumps(message, separators=(",", ":")).encode()
    size = len(payload)
    if size < 126:
        head = bytes((0x81, 0x80 | size))
    elif size < 65_536:
        head = bytes((0x81, 0xFE)) + size.to_bytes(2, "big")
    else:
        head = bytes((0x81, 0xFF)) + size.to_bytes(8, "big")
    return head + bytes(4) + payload


PONG = masked({"type": "pong"})


@dataclass(slots=True)
class Client:
    """One subscriber. ``events``: how many it was told of."""

    connection: socket.socket
    subscription: bytes
    step: int = 0
    events: int = 0


@dataclass
class Heard:
    """What came of a round. ``latencies``: for each client, or each delivery, seconds from the event's recording."""

    latencies: list[float] = field(default_factory=list)
    deliveries: int = 0
    messages: int = 0
    bytes: int = 0


class Crowd:
    """Subscribers of one server. ``event``: what stands once in a message for each event that it tells."""

    def __init__(self, port: int, path: str = "/graphql", *, event: bytes = b'"recordedAt":') -> None:
        self._port = port
        self._path = path
        self._event = event
        self._epoll = select.epoll()
        self._clients: dict[int, Client] = {}
        self._buffer = bytearray(_BUFFER)
        self._view = memoryview(self._buffer)
        self._times: dict[bytes, float] = {}

    def __len__(self) -> int:
        return len(self._clients)

    def join(self, count: int, init: Callable[[int], Any], payload: Callable[[int], Any]) -> float:
        """So many more, each signed in by ``init(n)`` and subscribed by ``payload(n)``; seconds until the last is.

        A client is subscribed when the first message of its subscription has come. (A server that sends none is told
        by ``await_ack``.)
        """
        began, joined, begun = time.perf_counter(), 0, 0
        while joined < count:
            while begun < count and begun - joined < AT_ONCE:
                number = len(self._clients)
                self._connect(number, masked({"type": "connection_init", "payload": init(number)}), masked(
                    {"id": "1", "type": "subscribe", "payload": payload(number)}
                ))  # fmt: skip
                begun += 1
            joined += self._welcome()
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise RuntimeError(f"{joined} of {count} clients were let in")
        return time.perf_counter() - began

    def _connect(self, number: int, init: bytes, subscription: bytes) -> None:
        connection = socket.socket()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        connection.bind((f"127.{1 + number // 16_000}.{number // 250 % 64}.{1 + number % 250}", 0))
        connection.connect(("127.0.0.1", self._port))
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(
            f"GET {self._path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n".encode()
        )
        connection.setblocking(False)
        self._clients[connection.fileno()] = Client(connection, init + subscription)
        self._epoll.register(connection.fileno(), select.EPOLLIN)

    def _welcome(self) -> int:
        """Goes on with those who were answered; how many are subscribed now."""
        joined = 0
        for number, _ in self._epoll.poll(1):
            client = self._clients[number]
            data = client.connection.recv(_BUFFER)
            if not data:
                raise RuntimeError(f"a client was sent away at step {client.step}")
            if client.step == 0:
                if not data.startswith(b"HTTP/1.1 101"):
                    raise RuntimeError(data[:300].decode(errors="replace"))
                init, client.step = client.subscription, 1
                # The subscription may only follow the acknowledgement.
                at = _frame_bytes(init)
                client.subscription = init[at:]
                client.connection.send(init[:at])
            elif client.step == 1 and b"connection_ack" in data:
                client.step = 2
                client.connection.send(client.subscription)
                client.subscription = b""
            elif client.step == 2 and b'"next"' in data:
                client.step = 3
                joined += 1
            elif client.step == 3 and b'"ping"' in data:
                client.connection.send(PONG)
            elif b'"error"' in data:
                raise RuntimeError(data[:500].decode(errors="replace"))
        return joined

    def hear(self, until: Callable[[Heard], bool], *, each: bool = False) -> Heard:
        """Reads until it is enough. Latencies are those of each delivery; without ``each``, none are kept."""
        heard = Heard()
        ends = time.perf_counter() + PATIENCE_SECONDS
        while not until(heard):
            if time.perf_counter() > ends:
                raise RuntimeError(f"only {heard.deliveries} deliveries came")
            for number, _ in self._epoll.poll(0.05):
                self._read(self._clients[number], heard, each)
        return heard

    def _read(self, client: Client, heard: Heard, each: bool) -> None:
        try:
            size = client.connection.recv_into(self._buffer)
        except BlockingIOError:
            return
        if not size:
            raise RuntimeError("a client was sent away")
        data = self._buffer[:size]
        told = data.count(self._event)
        client.events += told
        heard.deliveries += told
        heard.bytes += size
        heard.messages += data.count(b'"next"')
        if each and told:
            now = time.time()
            heard.latencies += [now - self._recorded(moment) for moment in _RECORDED.findall(data)]
        if b'"ping"' in data:
            client.connection.send(PONG)

    def _recorded(self, moment: bytes) -> float:
        found = self._times.get(moment)
        if found is None:
            found = self._times[moment] = datetime.fromisoformat(moment.decode()).timestamp()
        return found

    def leave(self) -> None:
        """Everybody hangs up."""
        for client in self._clients.values():
            client.connection.close()
        self._clients.clear()
        self._epoll.close()


def _frame_bytes(frames: bytes) -> int:
    size, head = frames[1] & 0x7F, 6
    if size == 126:
        size, head = int.from_bytes(frames[2:4], "big"), 8
    elif size == 127:
        size, head = int.from_bytes(frames[2:10], "big"), 14
    return head + size


def same(value: Any) -> Callable[[int], Any]:
    """The same for every client."""
    return lambda _number: value


def spread(values: Sequence[Any]) -> Callable[[int], Any]:
    """One after the other, and again."""
    return lambda number: values[number % len(values)]
