"""Connections to PostgreSQL: how they are made, how long anything may take, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson
import structlog

from app.beginnings import ROLLBACK, Beginnings, fetch
from app.config import Settings
from app.errors import Busy, Unavailable
from app.keys import packed

log = structlog.get_logger(__name__)

LOST = (
    OSError,
    asyncpg.InterfaceError,
    # What asyncpg says when the server ends a session in the middle of an exchange.
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
"""What a statement raises when the database is away, or goes away while it runs."""

LATE = (
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.TransactionTimeoutError,
)
"""What a statement raises when PostgreSQL gives it, or its transaction, up for taking too long."""

CONNECT_SECONDS = 10
AT_HAND: Final = 8
OPEN_SECONDS: Final = 0.05
"""How long a connection may stay in a snapshot that is over, until the next one ends it."""
ROLLBACK_SECONDS: Final = 2
"""A connection that cannot even roll back within this is given up."""
PLANNED_ONCE: Final = {"plan_cache_mode": "force_generic_plan"}
"""Statements are batches by key: PostgreSQL would plan those with arrays anew each time, which takes it as long as to
run them. Those that gain by their values (search) say so in their functions."""


@dataclass(frozen=True)
class Patience:
    """How long anything of the database may take; None is as long as the server allows.

    ``wait_seconds``: for a connection of the pool, and ``waiters`` at most wait; the other three PostgreSQL keeps.
    """

    wait_seconds: float = 10
    waiters: int = 10_000
    statement_seconds: float | None = None
    transaction_seconds: float | None = None
    idle_seconds: float | None = None

    @classmethod
    def of(cls, settings: Settings) -> Patience:
        """A service's."""
        return cls(
            settings.pool_wait_seconds, settings.pool_waiters, settings.statement_seconds,
            settings.transaction_seconds, settings.idle_transaction_seconds,
        )  # fmt: skip

    def told(self) -> list[dict[str, str]]:
        """What to tell PostgreSQL when connecting: all of it, or what it takes.

        Versions before 17 know no ``transaction_timeout``, and PgBouncer takes nothing unless it was configured to.
        """
        seconds = {
            "statement_timeout": self.statement_seconds,
            "idle_in_transaction_session_timeout": self.idle_seconds,
            "transaction_timeout": self.transaction_seconds,
        }
        every = {
            name: f"{max(round(value * 1000), 1)}ms" for name, value in seconds.items() if value is not None
        }
        older = {name: value for name, value in every.items() if name != "transaction_timeout"}
        return [every | PLANNED_ONCE, every, older | PLANNED_ONCE, older, {}]


class Connections:
    """The connections of a pool. A few are kept at hand: to lend one costs asyncpg as much as to look up a row.

    Some of those are still in a snapshot that nobody reads any more: who begins the next one there ends it by the way
    (``app.beginnings``), and nobody has to wait for a ROLLBACK. If none is begun soon, it is ended all the same.
    """

    def __init__(self, pool: asyncpg.Pool, patience: Patience, *, prepared_statements: bool = True) -> None:
        self._pool = pool
        self._patience = patience
        self._waiting = 0
        self.beginnings = Beginnings(prepared_statements=prepared_statements)
        self._at_hand: list[tuple[Any, float | None]] = []
        """Those last used come last, so that few are used, and know types and statements; with the moment since which
        they are in a snapshot that is over."""
        self._ending: dict[Any, asyncio.Task[None]] = {}
        self._round: asyncio.TimerHandle | None = None
        self._closed = False

    async def take(self) -> Any:
        """One that nobody else has. Raises ``Unavailable`` if there is no database, or too many wait for it."""
        while True:
            for index, (_, since) in enumerate(reversed(self._at_hand), 1):
                if since is None:
                    self._at_hand.append(self._at_hand.pop(-index))
                    break
            connection, is_open = await self.take_any()
            if not is_open:
                return connection
            await roll_back(connection)
            await self.give_back(connection)

    async def take_any(self) -> tuple[Any, bool]:
        """The same, and whether it is still in a snapshot."""
        while self._at_hand:
            connection, since = self._at_hand.pop()
            if (ending := self._ending.get(connection)) is not None:
                try:
                    await asyncio.wait([ending])
                except BaseException:
                    self._at_hand.append((connection, since))
                    raise
                since = None
            if _alive(connection) if since is not None else _usable(connection):
                return connection, since is not None
            await self._pool.release(connection)
        if self._waiting >= self._patience.waiters:
            raise Busy
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._patience.wait_seconds), False
        except TimeoutError:
            raise Busy from None
        except LOST as lost:
            raise Unavailable() from lost
        finally:
            self._waiting -= 1

    async def give_back(self, connection: Any) -> None:
        """It is free again; whoever waits gets it from the pool."""
        if self._spare(connection) and _usable(connection):
            self._at_hand.append((connection, None))
        else:
            await self._pool.release(connection)

    async def glance(self, text: str, arguments: list[Any], rows: type[asyncpg.Record]) -> list[Any] | None:
        """The rows of one statement that only reads, without a transaction; None where none is at hand for it.

        Nothing is looked at that such a statement cannot change. Raises what asyncpg does, upon which the ordinary way
        may be tried.
        """
        if not self._at_hand or self._at_hand[-1][0] in self._ending:
            return None
        connection, since = self._at_hand.pop()
        whole = False
        try:
            ahead = None if since is None else self.beginnings.end(connection)
            found: list[Any] = await fetch(connection, text, arguments, rows, ahead)
            whole = True
        finally:
            if whole and self._spare(connection):
                self._at_hand.append((connection, None))
            else:
                await self._pool.release(connection)
        return found

    async def leave(self, connection: Any) -> None:
        """The same of one that may be in a snapshot, which has been read."""
        if not (_alive(connection) and connection.is_in_transaction()):
            await self.give_back(connection)
        elif self._spare(connection):
            loop = asyncio.get_running_loop()
            self._at_hand.append((connection, loop.time()))
            if self._round is None:
                self._round = loop.call_later(OPEN_SECONDS, self._end_old)
        else:
            await self._end(connection)

    def _spare(self, connection: Any) -> bool:
        fresh = connection._holder._generation == self._pool._generation  # noqa: SLF001 -- else it is to be replaced
        return fresh and not self._waiting and not self._closed and len(self._at_hand) < AT_HAND

    def _end_old(self) -> None:
        """Ends the snapshots that nobody has followed by another for a while."""
        loop = asyncio.get_running_loop()
        self._round = None
        due = loop.time() - OPEN_SECONDS
        later = []
        for connection, since in self._at_hand:
            if since is not None and connection not in self._ending:
                if since <= due:
                    # It stays where it is: who takes it meanwhile waits, rather than use one that knows less.
                    self._ending[connection] = loop.create_task(self._end_there(connection))
                else:
                    later.append(since)
        if later:
            self._round = loop.call_at(min(later) + OPEN_SECONDS, self._end_old)

    async def _end_there(self, connection: Any) -> None:
        try:
            await roll_back(connection)
        finally:
            del self._ending[connection]
            self._at_hand = [(one, None if one is connection else since) for one, since in self._at_hand]

    async def _end(self, connection: Any) -> None:
        try:
            await roll_back(connection)
        finally:
            await self.give_back(connection)

    async def renew(self) -> None:
        """Replace all: those at hand go to the pool now, the others when they are given back, and it makes new ones."""
        await self._pool.expire_connections()
        await self._let_go()

    async def close(self) -> None:
        """Give what is unused to the pool, and wait until that has closed all."""
        self._closed = True
        if self._round is not None:
            self._round.cancel()
        await self._let_go()
        await self._pool.close()

    async def _let_go(self) -> None:
        if self._ending:
            await asyncio.wait(self._ending.values())
        while self._at_hand:
            connection, since = self._at_hand.pop()
            if since is not None:
                await roll_back(connection)
            await self._pool.release(connection)


async def roll_back(connection: Any) -> None:
    """There is nothing to lose: a connection that does not answer is given up rather than waited for."""
    try:
        async with asyncio.timeout(ROLLBACK_SECONDS):
            await connection.execute(ROLLBACK)
    except LOST:
        give_up(connection)


def give_up(connection: Any) -> None:
    """It is of no use any more."""
    with contextlib.suppress(asyncpg.InterfaceError):  # it may have broken, and left the pool by itself
        connection.terminate()


def _alive(connection: Any) -> bool:
    with contextlib.suppress(asyncpg.InterfaceError):  # it broke, and left the pool by itself
        return not connection.is_closed()
    return False


def _usable(connection: Any) -> bool:
    with contextlib.suppress(asyncpg.InterfaceError):  # it broke, and left the pool by itself
        return not connection.is_closed() and not connection.is_in_transaction()
    return False


async def connect(
    url: str, size: int, patience: Patience, *, prepared_statements: bool, rows: type[asyncpg.Record]
) -> asyncpg.Pool:
    """A pool; its connections tell PostgreSQL how long things may take, as far as it takes that."""
    *first, last = patience.told()
    for told in first:
        try:
            return await _pool(url, size, told, prepared_statements, rows)
        except (asyncpg.UndefinedObjectError, asyncpg.ProtocolViolationError) as unknown:
            log.warning("timeout_not_taken", error=str(unknown))
    return await _pool(url, size, last, prepared_statements, rows)


async def _pool(
    url: str, size: int, told: Mapping[str, str], prepared_statements: bool, rows: type[asyncpg.Record]
) -> asyncpg.Pool:
    return await asyncpg.create_pool(
        url,
        min_size=1,
        max_size=size,
        init=set_codecs,
        reset=_keep,
        statement_cache_size=1024 if prepared_statements else 0,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,  # of any size: several that are sent together are long
        record_class=rows,
        command_timeout=60,
        timeout=CONNECT_SECONDS,
        server_settings=dict(told),
    )


async def set_codecs(connection: Any) -> None:
    """How a connection writes and reads JSON, and takes ids that are packed."""
    # In a transaction, so that PgBouncer in transaction mode keeps one server for the look-ups.
    async with connection.transaction():
        await connection.set_type_codec(
            "jsonb",
            schema="pg_catalog",
            encoder=lambda value: b"\x01" + orjson.dumps(value),
            decoder=lambda data: orjson.loads(memoryview(data)[1:]),
            format="binary",
        )
        ids = await connection.fetchval("SELECT to_regtype('public.ids')::oid")
    if ids is not None:
        # `set_type_codec` takes none for domains, since what is read is of their base; this one is only written.
        connection._protocol.get_settings().add_python_codec(  # noqa: SLF001
            ids, "ids", "public", [], "scalar", _given_ids, bytes, "binary"
        )


def _given_ids(ids: Any) -> bytes:
    return ids if type(ids) is bytes else packed(ids)


async def _keep(connection: Any) -> None:
    # Nothing of ours is session-scoped, so there is nothing to reset: asyncpg's default costs a round trip.
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")
