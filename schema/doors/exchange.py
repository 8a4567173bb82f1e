"""An HTTP request as the door reads it, and what goes back: no more work than either needs.

Starlette's own look a header up by walking through all of them, and an answer of ours has a dozen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

NOT_MODIFIED = 304


@lru_cache(maxsize=2048)
def _line(name: str, value: str) -> tuple[bytes, bytes]:
    line = name.lower().encode("latin-1"), value.encode("latin-1")
    if _NO_NAME.search(line[0]) or _NO_VALUE.search(line[1]):
        raise RuntimeError("this is no header")
    return line


_NO_NAME = re.compile(rb'[\x00-\x1f\x7f()<>@,;:\[\]={} \t\\"]')
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Head(dict[str, str]):
    """A request's headers by their names in lower case; of several of one name, the first."""

    def __init__(self, scope: Scope) -> None:
        self._raw: list[tuple[bytes, bytes]] = scope["headers"]
        super().__init__(
            [(name.decode("latin-1"), value.decode("latin-1")) for name, value in reversed(self._raw)]
        )

    def getlist(self, name: str) -> list[str]:
        """All of one name."""
        wanted = name.encode("latin-1")
        return [value.decode("latin-1") for found, value in self._raw if found == wanted]


class Asked(Request[Any]):
    """A request whose headers are read once."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self._headers: Any = Head(scope)


class Told:
    """A whole answer. ``headers`` by name; ``cookies`` are `Set-Cookie` lines."""

    __slots__ = ("_body", "_status", "cookies", "headers")

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str]) -> None:
        self._body = body
        self._status = status
        self.headers: dict[str, str] = dict(headers)
        self.cookies: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        lines = [_line(name, value) for name, value in self.headers.items()]
        lines += [(b"set-cookie", cookie.encode("latin-1")) for cookie in self.cookies]
        if self._status != NOT_MODIFIED:
            lines.append((b"content-length", b"%d" % len(self._body)))
        cycle = getattr(send, "__self__", None)
        if type(cycle) is RequestResponseCycle and _is_plain(cycle):
            _send_at_once(cycle, self._status, lines, self._body)
            return
        await send({"type": "http.response.start", "status": self._status, "headers": lines})
        await send({"type": "http.response.body", "body": self._body})


def _is_plain(cycle: RequestResponseCycle) -> bool:
    """Whether nothing stands in the way of an answer that is whole: nobody else has begun one, or has to wait."""
    return not (
        cycle.response_started or cycle.disconnected or cycle.flow.write_paused or cycle.access_log
        or not cycle.keep_alive or cycle.scope["method"] == "HEAD"
    )  # fmt: skip


def _send_at_once(
    cycle: RequestResponseCycle, status: int, lines: list[tuple[bytes, bytes]], body: bytes
) -> None:
    """What uvicorn's `send` does of a whole answer, in one write; it looks through every header each time."""
    head = [STATUS_LINE[status]]
    for name, value in (*cycle.default_headers, *lines):
        head += (name, b": ", value, b"\r\n")
    head.append(b"\r\n")
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    cycle.chunked_encoding = False
    cycle.expected_content_length = 0
    cycle.transport.writelines([b"".join(head), body] if body else [b"".join(head)])
    cycle.response_complete = True
    cycle.message_event.set()
    cycle.on_response()
