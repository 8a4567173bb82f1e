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
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from schema.answers import Answer, encode
from schema.doors.limits import DoorLimits
from schema.doors.negotiation import preferences, read_accept
from schema.doors.protocol import CONNECTION, HTTPConnection

EVENT_STREAM: Final = "text/event-stream"
MULTIPART: Final = "multipart/mixed"
SPECIFICATION: Final = ("1.0", "1")


class Answers(Protocol):
    """What a stream is made of; closed when the stream ends."""

    def __aiter__(self) -> AsyncIterator[Answer]: ...
    async def __anext__(self) -> Answer: ...
    async def aclose(self) -> None:
        """Ends their source."""


@dataclass(frozen=True, slots=True)
class Form:
    """How a stream is written. `frame` wraps one answer's JSON; `ending` says that there will be no more."""

    name: str
    content_type: str
    opening: bytes
    frame: Callable[[bytes], bytes]
    heartbeat: bytes
    ending: bytes


def _event(payload: bytes) -> bytes:
    # JSON as we write it has no line breaks, and needs none of the format's escapes.
    return b"event: next\ndata: " + payload + b"\n\n"


def _part(content: bytes) -> bytes:
    # The boundary follows at once: clients take a part as whole when they see the next one's beginning.
    return b"\r\nContent-Type: application/json\r\n\r\n" + content + b"\r\n--graphql"


def _payload_part(payload: bytes) -> bytes:
    return _part(b'{"payload":' + payload + b"}")


EVENTS = Form(
    EVENT_STREAM,
    f"{EVENT_STREAM}; charset=utf-8",
    opening=b":\n\n",
    frame=_event,
    heartbeat=b":\n\n",
    # Browsers pass over an event that has no data line.
    ending=b"event: complete\ndata: \n\n",
)
PARTS = Form(
    MULTIPART,
    f'{MULTIPART}; boundary="graphql"; subscriptionSpec=1.0',
    opening=b"\r\n--graphql",
    frame=_payload_part,
    heartbeat=_part(b"{}"),
    ending=b"--\r\n",
)


def wanted_form(accept: str | None) -> Form | None:
    """The form of stream that an `Accept` header calls by its name; the most wanted if it names both.

    Wildcards name neither: a client that does not know of streams would wait for their end.
    """
    if not accept:
        return None
    offered = (EVENT_STREAM, MULTIPART) if _knows_parts(accept) else (EVENT_STREAM,)
    named = [wanted for wanted in preferences(accept, offered) if wanted.named]
    if not named:
        return None
    return EVENTS if named[0].media_type == EVENT_STREAM else PARTS


def _knows_parts(accept: str) -> bool:
    # Without it, `multipart/mixed` means another protocol (incremental delivery, for @defer and @stream).
    return any(
        range_.name == MULTIPART and range_.parameters.get("subscriptionspec") in SPECIFICATION
        for range_ in read_accept(accept)
    )


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
