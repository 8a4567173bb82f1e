"""A GraphQL client as a front end would write one: real HTTP, real sockets, nothing of the server's code."""

from __future__ import annotations

import asyncio
import itertools
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests import selections

PATIENCE_SECONDS = 120
PASSWORD = "correct horse battery"

JSON = dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """An answer as it came."""

    status: int
    body: bytes
    headers: httpx.Headers

    @property
    def json(self) -> JSON:
        found: JSON = orjson.loads(self.body)
        return found

    @property
    def data(self) -> Any:
        assert not self.json.get("errors"), self.json["errors"]
        return self.json["data"]

    @property
    def codes(self) -> list[str]:
        """The codes of its top-level errors."""
        return [error["extensions"]["code"] for error in self.json.get("errors") or ()]

    @property
    def positions(self) -> dict[str, JSON]:
        """By scope, the positions that a query reflects."""
        told = (self.json.get("extensions") or {}).get("positions", [])
        return {position["scope"]: position for position in told}


class Client:
    """One person (or nobody, without a token) at one service."""

    def __init__(self, url: str, token: str | None = None, **about: Any) -> None:
        self.url = url
        self.token = token
        self.refresh_token: str | None = about.get("refresh_token")
        self.user_id: str = about.get("user_id", "")
        self.email: str = about.get("email", "")
        # Without `verify=False` each client would read the certificates of the machine, for 20 ms.
        # uvicorn closes a connection that was idle for 5 s: ours are given up before, or a request meets the close.
        limits = httpx.Limits(max_keepalive_connections=20, keepalive_expiry=1)
        self._http = httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS, limits=limits, verify=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def ask(self, document: str, variables: JSON | None = None) -> Answer:
        """Any operation; the answer as it came."""
        headers = {"Accept": "application/graphql-response+json"}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        body = {"query": document, "variables": variables or {}}
        response = await self._http.post("/graphql", json=body, headers=headers)
        return Answer(response.status_code, response.content, response.headers)

    async def query(self, document: str, **variables: Any) -> Any:
        """The data of an operation that must succeed."""
        return (await self.ask(document, variables)).data

    async def answer(self, mutation: str, selection: str | None = None, /, **input: Any) -> JSON:
        """A mutation's payload, refused or not."""
        document = mutation_document(mutation, selection)
        payload: JSON = (await self.query(document, input=input))[mutation]
        return payload

    async def do(self, mutation: str, selection: str | None = None, /, **input: Any) -> JSON:
        """The payload of a mutation that must be done."""
        payload = await self.answer(mutation, selection, **input)
        assert payload["errors"] == [], payload["errors"]
        return payload

    async def refused(self, mutation: str, /, **input: Any) -> JSON:
        """The first error of a mutation that must be refused."""
        payload = await self.answer(mutation, **input)
        assert payload["errors"], f"{mutation} was done: {payload}"
        error: JSON = payload["errors"][0]
        return error

    async def sign_up(self, email: str, name: str, **more: Any) -> Client:
        """Makes an account and goes on as its person."""
        return self._signed_in(
            email, await self.do("signUp", email=email, password=PASSWORD, name=name, **more)
        )

    async def sign_in(self, email: str, password: str = PASSWORD) -> Client:
        """Goes on as the person of an account."""
        return self._signed_in(email, await self.do("signIn", email=email, password=password))

    def _signed_in(self, email: str, payload: JSON) -> Client:
        self.email, self.user_id = email, payload["user"]["id"]
        self.token, self.refresh_token = payload["accessToken"], payload["refreshToken"]
        return self

    @asynccontextmanager
    async def socket(self, **init: Any) -> AsyncIterator[Socket]:
        """A socket of graphql-transport-ws, acknowledged."""
        if self.token is not None:
            init.setdefault("Authorization", f"Bearer {self.token}")
        url = f"ws{self.url.removeprefix('http')}/graphql"
        async with connect(
            url, subprotocols=[Subprotocol("graphql-transport-ws")], compression=None, max_size=None
        ) as connection:
            socket = Socket(connection)
            await socket.send(type="connection_init", payload=init)
            assert orjson.loads(await connection.recv())["type"] == "connection_ack"
            socket.read()
            try:
                yield socket
            finally:
                await socket.close()

    @asynccontextmanager
    async def follow(self, scope: str, after: str | None = None) -> AsyncIterator[Stream]:
        """The live stream of a scope on a socket of its own, begun: its first frame has come."""
        async with self.socket() as socket:
            yield await socket.follow(scope, after)


def mutation_document(mutation: str, selection: str | None = None) -> str:
    """A mutation with one variable `input`; without a selection, all of its payload."""
    assert selections.SCHEMA.mutation_type is not None
    argument = selections.SCHEMA.mutation_type.fields[mutation].args["input"]
    chosen = (
        selections.payload(mutation) if selection is None else f"errors {{ {selections.ERRORS} }} {selection}"
    )
    return f"mutation($input: {argument.type}) {{ {mutation}(input: $input) {{ {chosen} }} }}"


def new_key() -> str:
    """A `clientMutationId`."""
    return str(uuid.uuid4())


class Socket:
    """Many operations on one socket; each has a queue of what came for it."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.sizes: dict[str, list[int]] = {}
        self._numbers = itertools.count(1)
        self._queues: dict[str, asyncio.Queue[JSON | None]] = {}
        self._reader: asyncio.Task[None] | None = None

    async def send(self, **message: Any) -> None:
        await self.connection.send(orjson.dumps(message).decode())

    async def start(self, document: str, **variables: Any) -> str:
        """Begins an operation; its id."""
        identifier = str(next(self._numbers))
        self._queues[identifier] = asyncio.Queue()
        self.sizes[identifier] = []
        await self.send(id=identifier, type="subscribe", payload={"query": document, "variables": variables})
        return identifier

    async def message(self, identifier: str) -> JSON:
        """The next message of an operation: `next`, `error` or `complete`."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            message = await self._queues[identifier].get()
        assert message is not None, f"the socket was closed: {self.connection.close_code}"
        return message

    async def run(self, document: str, **variables: Any) -> JSON:
        """A query or mutation on the socket: its one answer."""
        identifier = await self.start(document, **variables)
        message = await self.message(identifier)
        assert message["type"] in ("next", "error"), message
        payload: JSON = message["payload"]
        return payload

    async def follow(self, scope: str, after: str | None = None, selection: str | None = None) -> Stream:
        """The live stream of a scope, begun: its first frame has come."""
        document = (
            "subscription($scope: ID!, $after: String) "
            f"{{ events(scope: $scope, after: $after) {{ {selection or selections.frames()} }} }}"
        )
        stream = Stream(self, await self.start(document, scope=scope, after=after))
        await stream.frame()
        return stream

    def read(self) -> None:
        """Begins to sort what comes by operation."""
        self._reader = asyncio.create_task(self._sort())

    async def _sort(self) -> None:
        try:
            async for text in self.connection:
                message = orjson.loads(text)
                if message["type"] == "ping":
                    await self.send(type="pong")
                elif message["type"] != "pong":
                    self.sizes[message["id"]].append(len(text))
                    self._queues[message["id"]].put_nowait(message)
        except ConnectionClosed:
            pass
        finally:
            for queue in self._queues.values():
                queue.put_nowait(None)

    async def close(self) -> None:
        await self.connection.close()
        if self._reader is not None:
            with suppress(asyncio.CancelledError):
                await self._reader


@dataclass
class Stream:
    """What a subscription to a scope's events has yielded so far."""

    socket: Socket
    identifier: str
    frames: list[JSON] = field(default_factory=list)
    events: list[JSON] = field(default_factory=list)

    @property
    def seq(self) -> int:
        """The last position that was told."""
        return next((frame["position"]["seq"] for frame in reversed(self.frames) if frame["position"]), -1)

    @property
    def cursor(self) -> str:
        """Where to go on from."""
        found: str = next(frame["position"]["cursor"] for frame in reversed(self.frames) if frame["position"])
        return found

    async def frame(self) -> JSON:
        """The next frame."""
        message = await self.socket.message(self.identifier)
        assert message["type"] == "next", message
        assert not message["payload"].get("errors"), message["payload"]
        frame: JSON = message["payload"]["data"]["events"]
        self.frames.append(frame)
        self.events.extend(frame["events"])
        return frame

    async def until(self, seq: int) -> list[JSON]:
        """All events so far, once the stream has reached `seq`."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.seq < seq:
                await self.frame()
        return self.events

    async def ended(self) -> JSON:
        """The frame that ends it; then `complete` must come."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while (await self.frame())["kind"] != "ENDED":
                pass
        assert (await self.socket.message(self.identifier))["type"] == "complete"
        return self.frames[-1]
