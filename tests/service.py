"""The application behind real doors: uvicorn on a free port, in the tests' own event loop.

A door outlasts its tests, because uvicorn takes 0.2 s to start and stop; the application behind it is each test's own.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import uvicorn
from asyncpg.prepared_stmt import PreparedStatement
from fastapi import FastAPI

from app.beginnings import ROLLBACK
from app.config import Settings
from app.main import create_app
from schema.context import Application
from schema.doors import server_options
from tests.client import Client

PATIENCE_SECONDS = 120

BOOKKEEPING = ("BEGIN", "COMMIT", "ROLLBACK")


class Door(uvicorn.Server):
    """A listening uvicorn that leaves the signals alone, and hands requests to whichever application is behind it."""

    def __init__(self) -> None:
        super().__init__(
            uvicorn.Config(
                self._hand_on, interface="asgi3", lifespan="off", log_config=None, **server_options()
            )
        )
        self.behind: FastAPI | None = None
        self.listening = asyncio.Event()
        self.address = ""

    async def _hand_on(self, scope: Any, receive: Any, send: Any) -> None:
        assert self.behind is not None, "a request without a test"
        await self.behind(scope, receive, send)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Door]:
        # asyncio switches Nagle's delays off only if told that it is TCP.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        door = cls()
        door.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        serving = asyncio.create_task(door.serve([listener]))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await door.listening.wait()
        try:
            yield door
        finally:
            door.should_exit = True
            await serving


class Doors:
    """The doors of a test run; one service takes one, and gives it back."""

    def __init__(self, stack: contextlib.AsyncExitStack) -> None:
        self._stack = stack
        self._free: list[Door] = []

    @asynccontextmanager
    async def take(self, app: FastAPI) -> AsyncIterator[Door]:
        door = self._free.pop() if self._free else await self._stack.enter_async_context(Door.open())
        door.behind = app
        try:
            yield door
        finally:
            door.behind = None
            self._free.append(door)


@dataclass
class Statements:
    """What was sent to PostgreSQL on the connections of requests, in order."""

    texts: list[str] = field(default_factory=list)
    queries: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    """The same with their arguments."""

    def __len__(self) -> int:
        return len(self.texts)

    def __str__(self) -> str:
        return "\n".join(
            f"{number}. {' '.join(text.split())[:160]}" for number, text in enumerate(self.texts, 1)
        )


def _hear_prepared() -> None:
    """asyncpg tells its loggers of every statement but of those that were prepared by hand: of these too."""
    plain = PreparedStatement.fetch

    async def fetch(self: Any, *args: Any, timeout: float | None = None) -> Any:  # noqa: ASYNC109 (asyncpg's)
        connection = self._connection
        if not connection._query_loggers:
            return await plain(self, *args, timeout=timeout)
        with connection._time_and_log(self._query, args, timeout):
            return await plain(self, *args, timeout=timeout)

    PreparedStatement.fetch = fetch


_hear_prepared()


class Service:
    """A running application: its address, its insides, and what it asked of PostgreSQL."""

    def __init__(self, settings: Settings, url: str, application: Application) -> None:
        self.settings = settings
        self.url = url
        self.application = application
        self._counted: list[Statements] = []
        self._clients: list[Client] = []
        self._listen(application.database.pool)

    def client(self, token: str | None = None) -> Client:
        """A client of this service, closed at its end."""
        client = Client(self.url, token)
        self._clients.append(client)
        return client

    @contextlib.contextmanager
    def statements(self) -> Iterator[Statements]:
        """Counts at the connections: every statement, `BEGIN` too.

        Not a `ROLLBACK`, which goes ahead of the next statement, or by itself some time later.
        """
        counted = Statements()
        self._counted.append(counted)
        try:
            yield counted
        finally:
            self._counted = [one for one in self._counted if one is not counted]

    async def close(self) -> None:
        for client in self._clients:
            await client.close()

    def _listen(self, pool: asyncpg.Pool) -> None:
        """Hears every statement of the pool's connections, those made later too."""
        prepare = pool._init

        async def connected(connection: Any) -> None:
            await prepare(connection)
            connection.add_query_logger(self._sent)

        pool._init = connected
        for holder in pool._holders:
            if holder._con is not None:
                holder._con.add_query_logger(self._sent)

    def _sent(self, record: asyncpg.connection.LoggedQuery) -> None:
        query = record.query.rstrip("; ")  # which a script has where its last statement is sent apart
        for counted in self._counted if query != ROLLBACK else ():
            counted.texts.append(query)
            counted.queries.append((query, tuple(record.args)))


@asynccontextmanager
async def serve(doors: Doors, settings: Settings) -> AsyncIterator[Service]:
    """Runs an application with these settings behind a door."""
    app = create_app(settings)
    async with doors.take(app) as door, app.router.lifespan_context(app):
        service = Service(settings, door.address, app.state.application)
        try:
            yield service
        finally:
            await service.close()
