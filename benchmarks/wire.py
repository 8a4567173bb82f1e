"""A load client so light that it hardly disturbs what it measures: raw sockets, HTTP/1.1, requests made once."""

from __future__ import annotations

import selectors
import socket
import sys
import time
from collections.abc import Callable
from typing import Any


def request(body: bytes, token: str = "", path: str = "/graphql") -> bytes:
    """A POST of JSON."""
    credentials = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Accept: application/json\r\n{credentials}Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


IDLE_SECONDS = 1.0
PATIENCE_SECONDS = 60.0


class Refused(Exception):
    """An answer that is not 200."""


class Answers:
    """Takes answers out of a stream of bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._whole = 0
        self._head = 0
        self._chunked = False

    def feed(self, data: bytes) -> bytes | None:
        """The body of the answer that ends with `data`, if one does; raises Refused for one that is not 200."""
        self._bytes += data
        if not self._head and not self._read_head():
            return None
        if self._chunked:
            if not self._bytes.endswith(b"0\r\n\r\n"):
                return None
            body = _joined(bytes(self._bytes[self._head :]))
        elif len(self._bytes) < self._whole:
            return None
        else:
            body = bytes(self._bytes[self._head : self._whole])
        refused = not self._bytes.startswith(b"HTTP/1.1 200")
        line = bytes(self._bytes[:40])
        self._bytes.clear()
        self._head = 0
        if refused:
            raise Refused(f"{line!r} {body[:500]!r}")
        return body

    def _read_head(self) -> bool:
        end = self._bytes.find(b"\r\n\r\n")
        if end < 0:
            return False
        head = bytes(self._bytes[:end]).lower()
        self._head = end + 4
        self._chunked = b"transfer-encoding: chunked" in head
        if not self._chunked:
            at = head.index(b"content-length:") + 15
            self._whole = self._head + int(head[at:].split(b"\r\n", 1)[0])
        return True


def _joined(chunks: bytes) -> bytes:
    body, at = b"", 0
    while True:
        end = chunks.index(b"\r\n", at)
        size = int(chunks[at:end], 16)
        if not size:
            return body
        body += chunks[end + 2 : end + 2 + size]
        at = end + 4 + size


def connect(port: int) -> socket.socket:
    """A connection that sends at once."""
    made = socket.create_connection(("127.0.0.1", port), timeout=60)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return made


class Caller:
    """One connection, one request at a time. Made anew when it was not used for a while: servers hang up."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._socket: socket.socket | None = None
        self._used = 0.0
        self._answers = Answers()

    def ask(self, sent: bytes) -> bytes:
        """Send a request made by `request`; its answer's body."""
        if self._socket is None or time.monotonic() - self._used > IDLE_SECONDS:
            self.close()
            self._socket = connect(self._port)
        self._socket.sendall(sent)
        while True:
            body = self._answers.feed(self._socket.recv(1 << 18) or _closed())
            if body is not None:
                self._used = time.monotonic()
                return body

    def close(self) -> None:
        """Hang up."""
        if self._socket:
            self._socket.close()
        self._socket = None


class _Line:
    """One of many connections."""

    def __init__(self, port: int) -> None:
        self.socket = connect(port)
        self.answers = Answers()
        self.sent_at = 0.0
        self.what: Any = None


class Load:
    """So many connections, each with one request under way, on one thread.

    `next_request` gives (what, bytes) for the next one to send, or None when there is none now; `answered(what, body)`
    is told of each answer and says whether it counts.
    """

    def __init__(
        self,
        port: int,
        connections: int,
        next_request: Callable[[], tuple[Any, bytes]],
        answered: Callable[[Any, bytes], bool],
    ) -> None:
        self._lines = [_Line(port) for _ in range(connections)]
        self._next = next_request
        self._answered = answered

    def run(
        self, seconds: float, rate: float | None = None, most: int = sys.maxsize
    ) -> tuple[list[tuple[Any, float]], float, int]:
        """For so long, as fast as it goes or at `rate` requests a second, and no more than `most` of them; with a rate
        and a `most`, all of them are sent, late or not.

        Of the answers (what, seconds it took, from when it was due), the seconds until the last one, and how many did
        not count.
        """
        took: list[tuple[Any, float]] = []
        failed = 0
        began = time.perf_counter()
        ends, due, heard = began + seconds, began, began
        with selectors.EpollSelector() as waiting:
            for line in self._lines:
                waiting.register(line.socket, selectors.EVENT_READ, line)
            idle = list(self._lines)  # taken in turn: one that rests for seconds is hung up on by the server
            while True:
                now = time.perf_counter()
                over = most <= 0 or (now >= ends and most == sys.maxsize) or (rate is None and now >= ends)
                if over and len(idle) == len(self._lines):
                    return took, max(now - began, 1e-9), failed
                while idle and not over and most > 0 and (rate is None or due <= now):
                    self._send(idle.pop(0), now if rate is None else due)
                    most -= most != sys.maxsize
                    due += 1 / rate if rate else 0
                pause = 0.5 if rate is None or not idle or over else max(due - now, 0)
                if now - heard > PATIENCE_SECONDS and len(idle) < len(self._lines):
                    raise Refused("no answer for a minute")
                for key, _ in waiting.select(pause):
                    heard = now
                    line = key.data
                    body = line.answers.feed(line.socket.recv(1 << 18) or _closed())
                    if body is None:
                        continue
                    idle.append(line)
                    if not self._answered(line.what, body):
                        failed += 1
                    else:
                        took.append((line.what, time.perf_counter() - line.sent_at))

    def _send(self, line: _Line, due: float) -> None:
        line.what, sent = self._next()
        line.sent_at = due
        line.socket.sendall(sent)

    def close(self) -> None:
        """Hang up."""
        for line in self._lines:
            line.socket.close()


def _closed() -> bytes:
    raise Refused("a connection was closed")
