"""What is sent to Redis after commits: one command at a time on a connection of its own.

redis-py's client takes several times as long for a command as Redis does: a task to write it under a time limit, a
retry, measurements. Its connections alone, which know addresses, passwords and TLS, do without.
"""

from __future__ import annotations

import asyncio
from typing import Any

import redis.asyncio as redis_client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Broken


class Publisher:
    """Sends commands in the order of their coming; its connection is made when there is something to send."""

    def __init__(self, url: str, *, seconds: float) -> None:
        """``seconds``: within which a command is answered, or fails."""
        self._client = redis_client.from_url(
            url, socket_connect_timeout=seconds, socket_timeout=None, retry=Retry(NoBackoff(), 0)
        )
        self._seconds = seconds
        self._connection: Any = None
        self._turn = asyncio.Lock()

    async def send(self, *command: str | bytes | int) -> None:
        """Have a command done. Raises what redis-py does, and ``TimeoutError``."""
        async with asyncio.timeout(self._seconds), self._turn:
            fresh = self._connection is None
            try:
                await self._ask(command)
            except Broken:
                if fresh:
                    raise
                await self._ask(command)  # it was closed while nothing was sent

    async def _ask(self, command: tuple[str | bytes | int, ...]) -> None:
        if self._connection is None:
            self._connection = await self._client.connection_pool.get_connection()  # type: ignore[no-untyped-call]
        connection = self._connection
        try:
            await connection.send_packed_command(connection.pack_command(*command), check_health=False)
            await connection.read_response()
        except BaseException:
            # Its answer may still be on the way: nobody else must get that.
            self._connection = None
            await connection.disconnect(nowait=True)
            await self._client.connection_pool.release(connection)
            raise

    async def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            await self._client.connection_pool.release(self._connection)
            self._connection = None
        await self._client.aclose()
