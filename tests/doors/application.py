"""An application as the doors see it: it knows a token, has feeds to follow, and remembers what happened."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app.errors import Unauthenticated
from schema.callers import Caller
from schema.sessions import Transport


@dataclass
class Viewer:
    """The owner of a token."""

    name: str
    expires_at: float = 4_000_000_000.0


@dataclass
class Session:
    """What the doors make of a request or a socket."""

    application: Application
    request_id: str
    transport: Transport
    token: str | None
    viewer: Viewer | None
    expires_at: float | None
    caller: Caller = field(default_factory=Caller)


@dataclass
class Gate:
    """Something a resolver waits for, and the test can tell that it waits."""

    entered: asyncio.Event = field(default_factory=asyncio.Event)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        self.entered.set()
        await self.opened.wait()


@dataclass
class Application:
    """Tokens it knows, the feeds that subscriptions follow, and what happened."""

    tokens: dict[str, Viewer] = field(default_factory=lambda: {"good": Viewer("Demo Owner")})
    feeds: list[Feed] = field(default_factory=list)
    feed_opened: asyncio.Event = field(default_factory=asyncio.Event)
    contexts: list[Context] = field(default_factory=list)
    gate: Gate = field(default_factory=Gate)
    authentication: Gate | None = None
    written: list[str] = field(default_factory=list)
    database_down: bool = False

    async def authenticate(self, token: str) -> Viewer:
        """The token's owner; waits at the gate `authentication`, if there is one."""
        if self.authentication:
            await self.authentication.wait()
        if token == "crash":
            raise RuntimeError("secret: the key file is gone")
        try:
            return self.tokens[token]
        except KeyError:
            raise Unauthenticated("The access token is not valid.") from None

    def authenticate_now(self, token: str) -> Viewer | None:
        """The same at once; None if it waits, or is no owner's."""
        return None if self.authentication else self.tokens.get(token)

    async def feed(self) -> Feed:
        """The newest feed, once there is one."""
        await self.feed_opened.wait()
        self.feed_opened.clear()
        return self.feeds[-1]


class Feed:
    """The source of one subscription: what is put into the queue. `None` ends it, an exception is raised.

    No generator, which Python itself would close when it is cancelled or forgotten.
    """

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.closed = asyncio.Event()
        self.third = asyncio.Event()
        self.taken = 0

    def __aiter__(self) -> AsyncIterator[int]:
        return self

    async def __anext__(self) -> int:
        event = await self.queue.get()
        if event is None:
            raise StopAsyncIteration
        if isinstance(event, Exception):
            raise event
        self.taken += 1
        if self.taken == 3:
            self.third.set()
        return int(event)

    async def aclose(self) -> None:
        """Tells the test."""
        self.closed.set()


class Context:
    """One execution's context; using it after its end is an error."""

    def __init__(self, application: Application, session: Session) -> None:
        self._application = application
        self.session = session
        self.open = True

    @property
    def application(self) -> Application:
        assert self.open, "used after its execution"
        return self._application

    @property
    def viewer(self) -> Viewer:
        if self.session.viewer is None:
            raise Unauthenticated
        return self.session.viewer

    async def extensions(self) -> dict[str, Any]:
        assert self.open
        return {"context": self._application.contexts.index(self)}


@asynccontextmanager
async def open_context(application: Application, session: Session) -> AsyncIterator[Context]:
    """A context, kept in `application.contexts` in the order of opening."""
    if application.database_down:
        raise ConnectionRefusedError("secret: no database at 10.0.0.1")
    context = Context(application, session)
    application.contexts.append(context)
    try:
        yield context
    finally:
        context.open = False
