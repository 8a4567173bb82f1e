"""Subscriptions over plain HTTP: an answer that goes on.

Two forms, each by its own document. Server-sent events, distinct connections mode (PROTOCOL.md of the npm package
`graphql-sse`; https://html.spec.whatwg.org/multipage/server-sent-events.html), in which queries and mutations may be
run too; and Apollo's multipart subscriptions
(https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/multipart-protocol).

When the server stops, a stream ends without the mark of its end: to a client that is a lost connection, upon which
it connects again and goes on after its last cursor.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, suppress
from typing import Any, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from schema.answers import Answer, encode
from schema.doors.forms import Form
from schema.doors.limits import DoorLimits
from schema.doors.protocol import CONNECTION, HTTPConnection


class Answers(Protocol):
    """What a stream is made of; closed when the stream ends."""

    def __aiter__(self) -> AsyncIterator[Answer]: ...
    async def __anext__(self) -> Answer: ...
    async def aclose(self) -> None:
        """Ends their source."""


class Stream(Response):
    """The answers of one operation, as they come.

    A client that leaves closes their source; one that reads nothing for `stall_seconds` is cut off.
    """

    def __init__(self, form: Form, answers: Answers, request_id: str, limits: DoorLimits) -> None:
        super().__init__(status_code=200)
        # A stream has no length to tell.
        del self.headers["content-length"]
        self.headers["Content-Type"] = form.content_type
        self.headers["Cache-Control"] = "no-store, no-transform"
        # nginx would keep events back until a buffer is full.
        self.headers["X-Accel-Buffering"] = "no"
        self._form = form
        self._answers = answers
        self._request_id = request_id
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends until the operation ends, the client leaves, or the server stops."""
        connection: HTTPConnection | None = (scope.get("extensions") or {}).get(CONNECTION)
        left = asyncio.create_task(_leaving(receive))
        ends = {left}
        if connection is not None:
            ends.add(asyncio.create_task(_stopping(connection)))
        try:
            async with aclosing(self._answers):
                await self._send(send, {"status": 200, "headers": self.raw_headers}, kind="start")
                await self._body(send, self._form.opening)
                await self._pump(send, ends)
            await self._body(send, b"", more=False)
        except TimeoutError:
            if connection is not None:
                connection.cut()
                await left  # uvicorn misses the end of an answer otherwise
        finally:
            for task in ends:
                task.cancel()
            await asyncio.gather(*ends, return_exceptions=True)

    async def _pump(self, send: Send, ends: set[asyncio.Task[None]]) -> None:
        while True:
            coming = asyncio.ensure_future(anext(self._answers))
            try:
                while not coming.done():
                    seconds = self._limits.ping_seconds
                    await asyncio.wait({coming, *ends}, timeout=seconds, return_when="FIRST_COMPLETED")
                    if any(task.done() for task in ends):
                        return
                    if not coming.done():
                        await self._body(send, self._form.heartbeat)
                answer = coming.result()
            except StopAsyncIteration:
                await self._body(send, self._form.ending)
                return
            finally:
                coming.cancel()
                with suppress(asyncio.CancelledError, StopAsyncIteration):
                    await coming
            await self._body(send, self._form.frame(encode(answer, self._request_id)))

    async def _body(self, send: Send, body: bytes, *, more: bool = True) -> None:
        await self._send(send, {"body": body, "more_body": more}, kind="body")

    async def _send(self, send: Send, members: dict[str, Any], *, kind: str) -> None:
        async with asyncio.timeout(self._limits.stall_seconds):
            await send({"type": f"http.response.{kind}", **members})


async def one(answer: Answer) -> AsyncGenerator[Answer, None]:
    """A stream of a single answer."""
    yield answer


async def _leaving(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _stopping(connection: HTTPConnection) -> None:
    await connection.stopping.wait()
