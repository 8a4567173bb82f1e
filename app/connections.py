"""Connections to PostgreSQL: how they are made, how long anything may take, and how they end."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
import orjson
import structlog

from app.config import Settings
from app.errors import Busy, Unavailable

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
    """The connections of a pool. A few are kept at hand: to lend one costs asyncpg as much as to look up a row."""

    def __init__(self, pool: asyncpg.Pool, patience: Patience, *, prepared_statements: bool = True) -> None:
        self._pool = pool
        self._patience = patience
        self._prepared_statements = prepared_statements
        self._waiting = 0
        self._at_hand: list[Any] = []
        self._prepared: dict[Any, dict[str, Any]] = {}
        self._closed = False

    async def take(self) -> Any:
        """One that nobody else has. Raises ``Unavailable`` if there is no database, or too many wait for it."""
        while self._at_hand:
            connection = self._at_hand.pop()
            if _usable(connection):
                return connection
            await self._release(connection)
        if self._waiting >= self._patience.waiters:
            raise Busy
        self._waiting += 1
        try:
            return await self._pool.acquire(timeout=self._patience.wait_seconds)
        except TimeoutError:
            raise Busy from None
        except LOST as lost:
            raise Unavailable() from lost
        finally:
            self._waiting -= 1

    async def give_back(self, connection: Any) -> None:
        """It is free again; whoever waits gets it from the pool."""
        if self._spare() and _usable(connection):
            self._at_hand.append(connection)
        else:
            await self._release(connection)

    async def glance(
        self, text: str, arguments: Sequence[Any], rows: type[asyncpg.Record]
    ) -> list[Any] | None:
        """The rows of one statement that only reads, without a transaction; None where none is at hand for it.

        It is prepared once on each connection, and nothing is looked at that such a statement cannot change: half of
        what it costs on the ordinary way. Raises what asyncpg does, upon which that way may be tried.
        """
        if not self._at_hand or not self._prepared_statements:
            return None
        connection = self._at_hand.pop()
        whole = False
        try:
            known = self._prepared.get(connection)
            if known is None:
                known = self._prepared[connection] = {}
            statement = known.get(text)
            if statement is None:
                statement = known[text] = await connection.prepare(text, record_class=rows)
            found: list[Any] = await statement.fetch(*arguments)
            whole = True
        finally:
            if whole and self._spare():
                self._at_hand.append(connection)
            else:
                await self._release(connection)
        return found

    def _spare(self) -> bool:
        return not self._waiting and not self._closed and len(self._at_hand) < AT_HAND

    async def _release(self, connection: Any) -> None:
        self._prepared.pop(connection, None)
        await self._pool.release(connection)

    async def close(self) -> None:
        """Give what is unused to the pool, and wait until that has closed all."""
        self._closed = True
        while self._at_hand:
            await self._release(self._at_hand.pop())
        await self._pool.close()


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
        init=_set_codecs,
        reset=_keep,
        statement_cache_size=1024 if prepared_statements else 0,
        max_cached_statement_lifetime=0,
        max_cacheable_statement_size=0,  # of any size: several that are sent together are long
        record_class=rows,
        command_timeout=60,
        timeout=CONNECT_SECONDS,
        server_settings=dict(told),
    )


async def _set_codecs(connection: Any) -> None:
    # In a transaction, so that PgBouncer in transaction mode keeps one server for the look-ups.
    async with connection.transaction():
        await connection.set_type_codec(
            "jsonb",
            schema="pg_catalog",
            encoder=lambda value: b"\x01" + orjson.dumps(value),
            decoder=lambda data: orjson.loads(memoryview(data)[1:]),
            format="binary",
        )


async def _keep(connection: Any) -> None:
    # Nothing of ours is session-scoped, so there is nothing to reset: asyncpg's default costs a round trip.
    if connection.is_in_transaction():
        await connection.execute("ROLLBACK")
