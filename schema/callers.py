"""Where a call comes from, as far as a server can know: for limits and the audit log."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from starlette.requests import HTTPConnection

from schema.cookies import Jar

LONGEST_USER_AGENT = 300


@dataclass(frozen=True, slots=True)
class Caller:
    """``address`` is an IP address as text, ``user_agent`` what the client says it is, shortened.

    ``jar`` holds a browser's cookies; None where the request is no page's that may use them.
    """

    address: str | None = None
    user_agent: str | None = None
    jar: Jar | None = field(default=None, compare=False)


def caller_of(connection: HTTPConnection) -> Caller:
    """Who is at the other end of a request or a socket."""
    peer = connection.scope.get("client")
    told = connection.headers.get("user-agent", "")
    return Caller(peer[0] if peer else None, shown_agent(told))


def shown_agent(told: str) -> str | None:
    """A client's name for itself as it may be shown; None if it has none."""
    return _shown(told[:LONGEST_USER_AGENT]) or None


@lru_cache(maxsize=1024)
def _shown(told: str) -> str:
    # It goes into logs and tables: a line of visible characters, whatever was sent.
    return "".join(letter if letter.isprintable() else " " for letter in told).strip()
