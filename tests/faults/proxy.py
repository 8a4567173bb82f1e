"""A TCP proxy that behaves as a network does on its bad days: real servers stand behind it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

Look = Callable[[bytes], bool]


class Proxy:
    """Hands bytes on in both directions; `cut`, `freeze` and `mend` change that for all connections at once."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._refusing = False
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}
        self.port = 0
        self.before: Look | None = None
        self.after: Look | None = None

    @classmethod
    @asynccontextmanager
    async def open(cls, host: str, port: int) -> AsyncIterator[Proxy]:
        proxy = cls(host, port)
        server = await asyncio.start_server(proxy._serve, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        try:
            yield proxy
        finally:
            server.close()
            proxy.mend()
            await proxy.cut()

    def instead_of(self, url: str) -> str:
        """The URL by way of this proxy."""
        parts = urlsplit(url)
        account = parts.netloc.rpartition("@")[0]
        return parts._replace(netloc=f"{account}@127.0.0.1:{self.port}").geturl()

    async def cut(self) -> None:
        """Reset all connections, and refuse new ones until `mend`."""
        self._refusing = True
        tasks = list(self._connections)
        for task in tasks:
            for writer in self._connections[task]:
                writer.transport.abort()
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def freeze(self) -> None:
        """Hand on nothing, without a word, until `mend`."""
        self._flowing.clear()

    def mend(self) -> None:
        self._refusing = False
        self._flowing.set()

    def cut_once(self, words: bytes, *, arrived: bool) -> asyncio.Event:
        """Cut and refuse when a client next sends these words: before they arrive, or before their answer does."""
        happened = asyncio.Event()

        def look(data: bytes) -> bool:
            if words not in data or happened.is_set():
                return False
            happened.set()
            return True

        self.before, self.after = (None, look) if arrived else (look, None)
        return happened

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections[task] = [writer]
        try:
            await self._flowing.wait()
            if self._refusing:
                writer.transport.abort()
                return
            back, forth = await asyncio.open_connection(*self._target)
            self._connections[task].append(forth)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._to_server(reader, forth, back))
                    group.create_task(self._to_client(back, writer))
            finally:
                forth.transport.abort()
        except* (OSError, asyncio.CancelledError, _Cut):
            pass
        finally:
            writer.transport.abort()
            del self._connections[task]

    async def _to_server(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, back: asyncio.StreamReader
    ) -> None:
        while data := await reader.read(65536):
            await self._flowing.wait()
            if self.before is not None and self.before(data):
                self._refusing = True
                raise _Cut
            answer_is_due = self.after is not None and self.after(data)
            if answer_is_due:
                self._refusing = self.answers_lost = True
            writer.write(data)
            await writer.drain()
        raise _Cut

    answers_lost = False

    async def _to_client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            await self._flowing.wait()
            if self.answers_lost:
                raise _Cut  # the server has answered: what was asked has been done
            writer.write(data)
            with contextlib.suppress(OSError):
                await writer.drain()
        raise _Cut


class _Cut(Exception):
    """One side is gone, and so the other goes."""
