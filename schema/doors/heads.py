"""Heads of requests that are known again by their bytes.

A client on a lasting connection sends the same head again and again. What the parser made of it the first time is what
it would make of the same bytes now, since nothing of the request before is left in it; so it need not be asked.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from schema.doors.exchange import Head

MOST: Final = 2000
LONGEST: Final = 2048
"""Heads that are known, and the most bytes of one."""

_END: Final = b"\r\n\r\n"
_METHODS: Final = ("GET", "POST")
_OF_A_CONNECTION: Final = ("server", "client", "scheme", "headers", "state", "extensions")


class Before:
    """What came before: what comes but once would only take another's place."""

    def __init__(self) -> None:
        self._marks: set[int] = set()

    def came(self, head: bytes) -> bool:
        """Whether it comes again."""
        mark = hash(head)
        if mark in self._marks:
            return True
        if len(self._marks) >= MOST:
            self._marks.clear()
        self._marks.add(mark)
        return False


class KnownHead:
    """What was read of one head. ``scope``: what of it is the same on every connection."""

    __slots__ = ("body_bytes", "head", "headers", "scope")

    def __init__(self, scope: dict[str, Any], body_bytes: int) -> None:
        self.scope = {name: told for name, told in scope.items() if name not in _OF_A_CONNECTION}
        self.headers: list[tuple[bytes, bytes]] = scope["headers"]
        self.head = Head(self.headers)
        self.body_bytes = body_bytes


class Heads:
    """Those of a process, the oldest leave first."""

    def __init__(self) -> None:
        self._known: OrderedDict[bytes, KnownHead] = OrderedDict()
        self._before = Before()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, data: bytes) -> tuple[KnownHead, bytes] | None:
        """The head and the body of a request that is there as a whole, and nothing after it; if the head is known."""
        at = data.find(_END, 0, LONGEST) + 4
        known = self._known.get(data[:at])
        if known is None or len(data) - at != known.body_bytes:
            return None
        return known, data[at:]

    def remember(self, data: bytes, cycle: RequestResponseCycle) -> None:
        """Know this head from now on, if ``data`` was one whole request after which the connection goes on.

        ``cycle``: what the server made of it, before anything was done with it.
        """
        scope: dict[str, Any] = cycle.scope  # type: ignore[assignment]
        at = data.find(_END, 0, LONGEST) + 4
        plain = (
            at > 4 and cycle.keep_alive and not cycle.waiting_for_100_continue
            and scope["http_version"] == "1.1" and scope["method"] in _METHODS
            and data.startswith(scope["method"].encode() + b" ") and cycle.body == data[at:]
        )  # fmt: skip
        if not plain:
            return
        named = [name for name, _ in scope["headers"]]
        lengths = [value for name, value in scope["headers"] if name == b"content-length"]
        if b"transfer-encoding" in named or b"upgrade" in named or len(lengths) > 1:
            return
        # Without a length there is no body, and what follows is the next request.
        if (int(lengths[0]) if lengths else 0) != len(data) - at or not self._before.came(data[:at]):
            return
        self._known[data[:at]] = KnownHead(scope, len(data) - at)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
