"""What the execution of operations needs to know of who asks, and what resolvers are given: see `schema.context`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

from schema.callers import Caller

Transport = Literal["http", "websocket"]


class Context(Protocol):
    """What resolvers see as `info.context`: made for one execution, closed before its answer is encoded."""

    async def extensions(self) -> dict[str, Any]:
        """What to tell beside the data, such as the positions that were read; may be empty."""


class Session(Protocol):
    """Who is at the other end of a request or socket; its id is in every log line and masked error."""

    @property
    def request_id(self) -> str: ...
    @property
    def transport(self) -> Transport: ...


class OpenSession(Protocol):
    """Makes the session of an HTTP request or of a whole socket; nobody signed in: token and viewer None."""

    def __call__(
        self,
        application: Any,
        /,
        *,
        request_id: str,
        transport: Transport,
        token: str | None,
        viewer: Any,
        expires_at: float | None,
        caller: Caller,
    ) -> Session: ...


OpenContext = Callable[[Any, Any], AbstractAsyncContextManager[Context]]
