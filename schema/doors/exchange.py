"""An HTTP request as the door reads it, and what goes back: no more work than either needs.

Starlette's own look a header up by walking through all of them, and an answer of ours has a dozen.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any, Final

from starlette.requests import Request
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from schema.callers import shown_agent
from schema.cookies import Jar
from schema.doors.identity import bearer_token
from schema.doors.wanted import Wanted, negotiate

NOT_MODIFIED: Final = 304

HEAD: Final = "lockstep.head"
"""The name under which the scope's `extensions` hold the `Head` of a request that was known by its bytes."""

_NO_NAME = re.compile(rb'[\x00-\x1f\x7f()<>@,;:\[\]={} \t\\"]')
_NO_VALUE = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")


class Head(dict[str, str]):
    """A request's headers by their names in lower case; of several of one name, the first. And what they mean, found
    out once: requests that begin with the same bytes have the same one.
    """

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        self._raw = raw
        super().__init__([(name.decode("latin-1"), value.decode("latin-1")) for name, value in reversed(raw)])

    def getlist(self, name: str) -> list[str]:
        """All of one name."""
        wanted = name.encode("latin-1")
        return [value.decode("latin-1") for found, value in self._raw if found == wanted]

    @cached_property
    def wanted(self) -> Wanted:
        """What the client takes. Raises a `ClientError` of code NOT_ACCEPTABLE."""
        return negotiate(self.get("accept") or "*/*")

    @cached_property
    def token(self) -> str | None:
        """The token that it came with. Raises `Unauthenticated` for what cannot be one."""
        return bearer_token(self.get("authorization"))

    @cached_property
    def agent(self) -> str | None:
        """What the client says it is."""
        return shown_agent(self.get("user-agent", ""))

    @cached_property
    def is_plain_json(self) -> bool:
        """Whether the body is JSON, called by its usual name and not compressed; else it is to be looked at."""
        return self.get("content-type") == "application/json" and "content-encoding" not in self


def head_of(scope: Scope) -> Head:
    """The head of a request or a socket, as it is known, or as it is read now."""
    known: Head | None = (scope.get("extensions") or {}).get(HEAD)
    return Head(scope["headers"]) if known is None else known


class Asked:
    """A request. ``jar``: the cookies of a page that may use them."""

    __slots__ = ("headers", "jar", "method", "receive", "scope")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope = scope
        self.receive = receive
        self.method: str = scope["method"]
        self.headers = head_of(scope)
        self.jar: Jar | None = None

    def starlette(self) -> Request:
        """The same as Starlette has it."""
        return Request(self.scope, self.receive)

    def body(self) -> bytes | None:
        """The body, if all of it has come, as far as the server tells (uvicorn does). It can be asked for once."""
        cycle = getattr(self.receive, "__self__", None)
        if not isinstance(cycle, RequestResponseCycle) or cycle.more_body or cycle.disconnected:
            return None
        body, cycle.body = bytes(cycle.body), bytearray()
        cycle.flow.resume_reading()
        cycle.message_event.clear()
        return body


class Lines:
    """Headers that many answers have, ready to be sent."""

    __slots__ = ("encoded", "headers", "pairs")

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = headers
        self.pairs = [_line(name, value) for name, value in headers.items()]
        self.encoded = _encoded(self.pairs)


class Told:
    """A whole answer. ``headers`` by name, besides those of ``usual``; ``cookies`` are `Set-Cookie` lines.
    ``request_id`` is a sane one (`schema.doors.identity`)."""

    __slots__ = ("_body", "_status", "_usual", "cookies", "headers", "request_id")

    def __init__(self, body: bytes, status: int, usual: Lines, headers: Mapping[str, str]) -> None:
        self._body = body
        self._status = status
        self._usual = usual
        self.headers: dict[str, str] = dict(headers)
        self.cookies: list[str] = []
        self.request_id = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends it."""
        usual, headers = self._usual, self.headers
        if headers and not usual.headers.keys().isdisjoint(headers):
            usual, headers = NONE, {**usual.headers, **headers}
        lines = [(b"x-request-id", self.request_id.encode())]
        if headers:
            lines += [_line(name, value) for name, value in headers.items()]
        if self.cookies:
            lines += [(b"set-cookie", cookie.encode("latin-1")) for cookie in self.cookies]
        if self._status != NOT_MODIFIED:
            lines.append((b"content-length", b"%d" % len(self._body)))
        cycle = getattr(send, "__self__", None)
        if isinstance(cycle, RequestResponseCycle) and _is_plain(cycle):
            _send_at_once(cycle, self._status, usual.encoded + _encoded(lines), self._body)
            return
        await send({"type": "http.response.start", "status": self._status, "headers": usual.pairs + lines})
        await send({"type": "http.response.body", "body": self._body})


@lru_cache(maxsize=256)
def _name(name: str) -> bytes:
    line = name.lower().encode("latin-1")
    if _NO_NAME.search(line):
        raise RuntimeError("this is no header")
    return line


def _line(name: str, value: str) -> tuple[bytes, bytes]:
    told = value.encode("latin-1")
    if _NO_VALUE.search(told):
        raise RuntimeError("this is no header")
    return _name(name), told


def _encoded(lines: Iterable[tuple[bytes, bytes]]) -> bytes:
    return b"".join([part for name, value in lines for part in (name, b": ", value, b"\r\n")])


NONE: Final = Lines({})


def _is_plain(cycle: RequestResponseCycle) -> bool:
    """Whether nothing stands in the way of an answer that is whole: nobody else has begun one, or has to wait."""
    return not (
        cycle.response_started or cycle.disconnected or cycle.flow.write_paused or cycle.access_log
        or not cycle.keep_alive or cycle.scope["method"] == "HEAD"
    )  # fmt: skip


class _Defaults:
    """What the server puts in front of every answer: the same list for a second."""

    lines: Any = None
    encoded = b""


def encoded_defaults(lines: list[tuple[bytes, bytes]]) -> bytes:
    """The headers that the server puts in front of every answer, as they are sent."""
    if lines is not _Defaults.lines:
        _Defaults.lines, _Defaults.encoded = lines, _encoded(lines)
    return _Defaults.encoded


def _send_at_once(cycle: RequestResponseCycle, status: int, lines: bytes, body: bytes) -> None:
    """What uvicorn's `send` does of a whole answer, in one write; it looks through every header each time."""
    cycle.response_started = True
    cycle.waiting_for_100_continue = False
    cycle.chunked_encoding = False
    cycle.expected_content_length = 0
    head = b"".join((STATUS_LINE[status], encoded_defaults(cycle.default_headers), lines, b"\r\n"))
    cycle.transport.writelines((head, body))
    cycle.response_complete = True
    cycle.message_event.set()
    cycle.on_response()
