"""An HTTP request as the door reads it, and what goes back: no more work than either needs.

Starlette's own look a header up by walking through all of them, and an answer of ours has a dozen.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

NOT_MODIFIED = 304


@lru_cache(maxsize=2048)
def _line(name: str, value: str) -> tuple[bytes, bytes]:
    return name.lower().encode("latin-1"), value.encode("latin-1")


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
        await send({"type": "http.response.start", "status": self._status, "headers": lines})
        await send({"type": "http.response.body", "body": self._body})
