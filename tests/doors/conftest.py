"""The sample schema behind real doors: uvicorn on a free port, in the tests' own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import httpx
import orjson
import pytest
import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, Response
from structlog.testing import LogCapture
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from schema.documents import DocumentLimits
from schema.doors import DoorLimits, Origins, graphql_routes, server_options
from schema.execution import GraphQLService
from tests.doors.application import Application
from tests.doors.sample import make_service

PATIENCE_SECONDS = 120


def listen() -> socket.socket:
    """A listening socket on a free port; asyncio switches Nagle's delays off only if told that it is TCP."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    return listener


class Server(uvicorn.Server):
    """uvicorn that leaves the signals alone and tells when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()
        self.stopping = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.stopping.set()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Served:
    """A running server and the application behind it."""

    application: Application
    service: GraphQLService
    address: str
    server: Server
    task: asyncio.Task[None]
    http: httpx.AsyncClient

    async def query(self, query: str, **members: Any) -> httpx.Response:
        """A request as a current client sends it."""
        return await self.http.post(
            "/graphql",
            json={"query": query, **members},
            headers={"Accept": "application/graphql-response+json"},
        )

    @contextlib.asynccontextmanager
    async def socket(
        self, *, init: Any = None, protocol: str = "graphql-transport-ws"
    ) -> AsyncIterator[Socket]:
        """A socket, initialised and acknowledged if `init`, the payload, is given."""
        url = f"ws{self.address.removeprefix('http')}/graphql"
        async with connect(url, subprotocols=[Subprotocol(protocol)], compression=None) as connection:
            client = Socket(connection)
            if init is not None:
                await client.send(type="connection_init", payload=init)
                assert await client.receive() == {"type": "connection_ack"}
            yield client

    async def stop(self) -> None:
        """Stops the server as a signal would, and waits for its end."""
        self.server.should_exit = True
        await self.task


class Socket:
    """A client of graphql-transport-ws that helps with nothing."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def send(self, **message: Any) -> None:
        """A message of these members."""
        await self.connection.send(orjson.dumps(message).decode())

    async def subscribe(self, identifier: str, query: str, **members: Any) -> None:
        """A `subscribe` message."""
        await self.send(id=identifier, type="subscribe", payload={"query": query, **members})

    async def receive(self) -> Any:
        """The next message."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return orjson.loads(await self.connection.recv())

    async def rest(self) -> AsyncIterator[Any]:
        """The messages until the socket is closed."""
        with contextlib.suppress(ConnectionClosed):
            while True:
                yield await self.receive()

    async def closed(self) -> tuple[int, str]:
        """Code and reason of the server's close frame, which must be what comes next."""
        with pytest.raises(ConnectionClosed) as closing:
            await self.receive()
        assert closing.value.rcvd is not None, "closed without a close frame (1006)"
        return closing.value.rcvd.code, closing.value.rcvd.reason


def page(_application: Any, _connection: HTTPConnection) -> Response:
    """Stands for GraphiQL."""
    return HTMLResponse("<title>GraphiQL</title>")


Serve = Callable[..., Awaitable[Served]]


@contextlib.asynccontextmanager
async def servers() -> AsyncIterator[Serve]:
    """Starts servers, each with its own application; they end together."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(
            limits: DoorLimits | None = None,
            *,
            graphiql: Any = page,
            origins: Origins | None = None,
            document_limits: DocumentLimits | None = None,
            **options: Any,
        ) -> Served:
            application = Application()
            service = make_service(application, limits=document_limits, **options)
            limits = limits or DoorLimits()
            app = Starlette(routes=graphql_routes(service, limits=limits, graphiql=graphiql, origins=origins))
            server = Server(
                uvicorn.Config(
                    app, lifespan="off", log_config=None, **server_options(limits, drain_seconds=5)
                )
            )
            listener = listen()
            address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            task = asyncio.create_task(server.serve([listener]))
            async with asyncio.timeout(PATIENCE_SECONDS):
                await server.listening.wait()
            http = await stack.enter_async_context(
                httpx.AsyncClient(base_url=address, timeout=PATIENCE_SECONDS)
            )
            served = Served(application, service, address, server, task, http)
            stack.push_async_callback(served.stop)
            return served

        yield start


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers with settings of the test's own, which end with it."""
    async with servers() as start:
        yield start


@pytest.fixture(scope="session")
async def lasting() -> AsyncIterator[Served]:
    """A server with the usual limits; its start and stop take a quarter of a second."""
    async with servers() as start:
        yield await start()


@pytest.fixture
def served(lasting: Served) -> Served:
    """The lasting server, with a new application behind it."""
    lasting.application = lasting.service.application = Application()
    return lasting


class _Capture(LogCapture):
    """Trouble in ``entries``, and what is only news in ``news``."""

    def __init__(self) -> None:
        super().__init__()
        self.news: list[Any] = []

    def __call__(self, logger: Any, method_name: str, event_dict: Any) -> NoReturn:
        if method_name == "info":
            self.news.append(event_dict)
            raise structlog.DropEvent
        super().__call__(logger, method_name, event_dict)


@pytest.fixture(autouse=True)
def captured() -> Iterator[_Capture]:
    """What structlog was told during the test."""
    capture = _Capture()
    before = structlog.get_config()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture])
    yield capture
    structlog.configure(**before)


@pytest.fixture
def logged(captured: _Capture) -> list[Any]:
    """What structlog was told of trouble during the test."""
    return captured.entries


@pytest.fixture
def told(captured: _Capture) -> list[Any]:
    """What structlog was told as news during the test."""
    return captured.news


@pytest.fixture(autouse=True)
def no_tracebacks(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Neither uvicorn nor asyncio may have anything to complain of, whatever a test sends."""
    yield
    complaints = [record for record in caplog.get_records("call") if record.levelno >= logging.ERROR]
    assert not complaints
