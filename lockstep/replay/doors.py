"""A client's two connections to the service: one for requests, and its address on either server.

Small on purpose, and on bare streams: a fault must be able to cut a connection between a request and its
answer, which an HTTP library would repair or hide.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import orjson

ANSWER_SECONDS = 60


@dataclass(frozen=True)
class Address:
    """Where a server process listens."""

    host: str
    port: int

    @property
    def socket_url(self) -> str:
        return f"ws://{self.host}:{self.port}/graphql"


class AnswerLost(Exception):
    """The connection ended before the answer came; the request may have been done or not."""


class Door:
    """One HTTP/1.1 connection, opened when needed; one request at a time."""

    def __init__(self, addresses: list[Address], home: int, token: str | None = None) -> None:
        self.addresses = addresses
        self.at = home
        self.token = token
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def address(self) -> Address:
        """The server this client talks to now."""
        return self.addresses[self.at % len(self.addresses)]

    def go_elsewhere(self) -> None:
        """Talk to the next server from now on."""
        self.at += 1

    async def ask(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """A GraphQL request's whole answer; raises AnswerLost."""
        body = orjson.dumps({"query": query, "variables": variables})
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return orjson.loads(await self._exchange(body))  # type: ignore[no-any-return]
        except (OSError, EOFError, TimeoutError, ValueError) as fault:
            self.abort()
            raise AnswerLost(repr(fault)) from fault

    async def data(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        """The answer's data; raises RuntimeError with the errors if there are any."""
        answer = await self.ask(query, variables)
        if answer.get("errors"):
            raise RuntimeError(f"the service answered {answer['errors'][:3]}")
        return answer["data"]  # type: ignore[no-any-return]

    def abort(self) -> bool:
        """Cut the connection as a broken network does; whether there was one."""
        streams, self._streams = self._streams, None
        if streams is None:
            return False
        streams[1].transport.abort()
        return True

    async def _exchange(self, body: bytes) -> bytes:
        if self._streams is not None and self._streams[0].at_eof():
            self.abort()  # the server ends connections on which nothing was asked for a while
        if self._streams is None:
            self._streams = await asyncio.open_connection(self.address.host, self.address.port, limit=1 << 24)
        reader, writer = self._streams
        token = f"Authorization: Bearer {self.token}\r\n" if self.token else ""
        head = (
            f"POST /graphql HTTP/1.1\r\nHost: {self.address.host}:{self.address.port}\r\n{token}"
            f"Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        return await _answer(reader)


async def _answer(reader: asyncio.StreamReader) -> bytes:
    """The body of one HTTP answer, told by length or in chunks (RFC 9112, sections 6 and 7)."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    fields = dict(line.split(":", 1) for line in head.split("\r\n")[1:] if ":" in line)
    if "content-length" in fields:
        return await reader.readexactly(int(fields["content-length"]))
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return body
