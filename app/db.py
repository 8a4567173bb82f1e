"""Postgres: asyncpg's own pool, and the reader that everything fetches through.

ORM sessions cost most of a request, and cannot put ``BEGIN`` and settings in one call.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast
from uuid import UUID

import asyncpg

from app.beginnings import ROLLBACK, Ahead, fetch
from app.collecting import Collector, Combinations, Wanted, numbered
from app.connections import LATE, LOST, ROLLBACK_SECONDS, Connections, Patience, connect, give_up
from app.declarations import declaring
from app.endings import Ending, Endings
from app.errors import BadInput, ClientError, TimedOut, Unavailable
from app.metrics import STATEMENTS
from app.openings import Opening, Openings
from app.statements import ModelT, Row, Statement

CLOSE_SECONDS = 5
_TOGETHER = Combinations()


class Reader:
    """Fetches on one connection, one statement at a time (loaders of one level queue here)."""

    def __init__(self, connection: Any, ahead: Ahead | None = None) -> None:
        """``ahead``: what goes ahead of the first statement, such as the beginning of its transaction."""
        self.connection = connection
        self._ahead = ahead
        self._turn = asyncio.Lock()
        self._over: ClientError | None = None
        self._declared: set[UUID] = set()
        self.collector: Collector | None = None
        """What collects the statements of its coroutine, if there is one."""

    async def declare(
        self, scopes: Iterable[UUID] = (), workspaces: Iterable[UUID] = (), *, viewer_id: UUID | None = None
    ) -> None:
        """Say that this transaction touches more than what it began with: new things, others' inboxes, an account."""
        new = [scope for scope in dict.fromkeys(scopes) if scope not in self._declared]
        if statement := declaring(viewer_id, scopes=new, workspaces=workspaces):
            await self.script(statement)
            self._declared.update(new)

    def rows(self, statement: Statement[ModelT], **parameters: Any) -> Awaitable[list[ModelT]]:
        """All rows of a statement."""
        text, arguments = statement.prepare(parameters)
        if self.collector is not None and self.collector.active:
            return Wanted(self, text, arguments, statement.record_class)
        return self._fetch(text, arguments, statement.record_class)

    async def _fetch(
        self, text: str, arguments: list[Any], record_class: type[Row], *, apart: bool = False
    ) -> list[Any]:
        """``apart``: values that cannot be sent are told by `asyncpg.DataError`; nothing is over by them."""
        async with self._turn:
            if self._over is not None:
                raise self._over
            STATEMENTS.inc()
            try:
                ahead, self._ahead = self._ahead, None
                rows = await fetch(self.connection, text, arguments, record_class, ahead)
            except asyncpg.DataError as unfit:
                if apart and getattr(unfit, "severity", None) is None:
                    raise  # asyncpg could not send it
                # Checks at the door say it better; this is for what they let through. The transaction is over by it.
                self._over = BadInput("A value beside this one cannot be looked up: ask again without it.")
                raise BadInput(
                    "A value is out of range, or has characters (NUL) that cannot be kept."
                ) from unfit
            except LATE as late:
                self._over = TimedOut()
                raise self._over from late
            except LOST as lost:
                raise Unavailable() from lost
        return cast(list[Any], rows)

    async def answer(self, want: Wanted) -> Any:
        """The rows of one statement that was collected, or what it failed with."""
        try:
            return await self._fetch(want.text, want.arguments, want.record_class)
        except Exception as error:  # noqa: BLE001 -- it is for whoever wanted them
            return error

    async def answers(self, wants: Sequence[Wanted]) -> list[Any]:
        """The same of several, in one round trip if they have met before."""
        arguments, numbers = numbered(wants)
        try:
            together = await _TOGETHER.find(wants, numbers, self._columns)
            if together is not None:
                (row,) = await self._fetch(together.text, arguments, Row, apart=True)
                return together.rows(row)
        except asyncpg.DataError:
            pass  # each tells for itself
        except Exception as error:  # noqa: BLE001 -- it is for all who wanted them
            return [error] * len(wants)
        return [await self.answer(want) for want in wants]

    async def _columns(self, text: str) -> tuple[str, ...]:
        await self.begin()
        try:
            statement = await self.connection.prepare(text)
        except LOST as lost:
            raise Unavailable() from lost
        return tuple(column.name for column in statement.get_attributes())

    async def row(self, statement: Statement[ModelT], **parameters: Any) -> ModelT | None:
        """The first row, or None."""
        rows = await self.rows(statement, **parameters)
        return rows[0] if rows else None

    async def value(self, statement: Statement[Any], **parameters: Any) -> Any:
        """The first column of the first row, or None."""
        row = await self.row(statement, **parameters)
        return None if row is None else row[0]

    async def run(self, statement: Statement[Any], **parameters: Any) -> None:
        """A statement whose rows nobody needs."""
        await self.rows(statement, **parameters)

    async def settle(self) -> None:
        """Let statements that nobody waits for any more come to their end."""

    async def begin(self) -> None:
        """Its transaction, if that has not begun yet."""
        if self._ahead is not None:
            await self.script("")

    @property
    def quiet(self) -> bool:
        """Whether nothing of it is under way on its connection."""
        itself = self.connection._con  # noqa: SLF001 -- None: it broke
        cancelling = itself is None or itself._protocol._is_cancelling()  # noqa: SLF001
        return not cancelling and not self._turn.locked()

    async def script(self, text: str) -> None:
        """Several statements without parameters in one round trip (simple protocol)."""
        async with self._turn:
            if self._ahead is not None:
                text, self._ahead = f"{self._ahead.script}; {text}", None
            STATEMENTS.inc()
            try:
                await self.connection.execute(text)
            except LATE as late:
                self._over = TimedOut()
                raise self._over from late
            except LOST as lost:
                raise Unavailable() from lost


class Snapshot(Reader):
    """A reader that many fields share: one that is given up must not end the transaction for those beside it."""

    def __init__(self, connection: Any, ahead: Ahead | None = None) -> None:
        super().__init__(connection, ahead)
        self._left: set[asyncio.Task[Any]] = set()

    async def rows(self, statement: Statement[ModelT], **parameters: Any) -> list[ModelT]:
        text, arguments = statement.prepare(parameters)
        fetching = asyncio.create_task(self._fetch(text, arguments, statement.record_class))
        try:
            return await asyncio.shield(fetching)
        except asyncio.CancelledError:
            self._left.add(fetching)
            raise

    @property
    def quiet(self) -> bool:
        return not self._left and super().quiet

    async def settle(self) -> None:
        """Let statements that nobody waits for any more come to their end."""
        if self._left:
            await asyncio.wait(self._left)


class Database:
    """The pool, and the two kinds of transaction there are: a snapshot (here) and a unit (``app.work``)."""

    def __init__(
        self, pool: asyncpg.Pool, patience: Patience | None = None, *, prepared_statements: bool = True
    ) -> None:
        self.pool = pool
        self._connections = Connections(pool, patience or Patience(), prepared_statements=prepared_statements)
        self._openings = Openings(prepared_statements=prepared_statements)
        self._endings = Endings(prepared_statements=prepared_statements)

    @classmethod
    async def open(
        cls, url: str, *, size: int, prepared_statements: bool = True, patience: Patience | None = None
    ) -> Database:
        """Connect. ``prepared_statements=False`` is for a PgBouncer that does not track them."""
        patience = patience or Patience()
        pool = await connect(url, size, patience, prepared_statements=prepared_statements, rows=Row)
        return cls(pool, patience, prepared_statements=prepared_statements)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Any]:
        """A connection of the pool. Raises ``Unavailable`` if there is no database, or too many wait for it."""
        connection = await self._connections.take()
        try:
            yield connection
        finally:
            await self._connections.give_back(connection)

    async def opening(self, connection: Any, opening: Opening) -> Ahead:
        """What goes ahead of the first statement of a transaction there."""
        try:
            return await self._openings.on(connection, opening)
        except LOST as lost:
            raise Unavailable() from lost

    async def ending(self, connection: Any, text: str) -> Ending | None:
        """What ends the transaction there with this statement, if it can be done in one round trip."""
        try:
            return await self._endings.on(connection, text)
        except LOST as lost:
            raise Unavailable() from lost

    async def lend(self) -> Reader:
        """A reader without a transaction: each of its statements is of its own moment. `take_back` it."""
        connection, is_open = await self._connections.take_any()
        return Reader(connection, self._connections.beginnings.end(connection) if is_open else None)

    async def take_back(self, reader: Reader) -> None:
        """It has read."""
        await self._connections.leave(reader.connection)

    async def glance(self, statement: Statement[ModelT], **parameters: Any) -> list[ModelT]:
        """The rows of one statement that only reads and is of its own moment."""
        text, arguments = statement.prepare(parameters)
        try:
            rows = await self._connections.glance(text, arguments, statement.record_class)
        except LATE as late:
            raise TimedOut() from late
        except (*LOST, asyncpg.PostgresError):
            rows = None  # its connection was lost, or what was prepared there has passed
        if rows is not None:
            STATEMENTS.inc()
            return rows
        reader = await self.lend()
        try:
            return await reader.rows(statement, **parameters)
        finally:
            await self.take_back(reader)

    async def renew(self) -> None:
        """Replace every connection when it is next taken: what they know of types, functions and plans has passed."""
        await self._connections.renew()

    async def close(self) -> None:
        """Give back what is unused, wait a little for the rest, and give up what does not answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._connections.close()

    @asynccontextmanager
    async def snapshot(
        self,
        viewer_id: UUID | None = None,
        *,
        scopes: Iterable[UUID] = (),
        workspaces: Iterable[UUID] = (),
    ) -> AsyncIterator[Reader]:
        """One read-only REPEATABLE READ transaction: all that is read in it is of one moment.

        It sees what the viewer may see at that moment, and the scopes and workspaces named.
        Raises ``Unavailable`` if there is no database, or none any more.
        """
        reader = await self.begin(viewer_id, scopes=scopes, workspaces=workspaces)
        try:
            yield reader
        finally:
            await self.end(reader)

    async def begin(
        self,
        viewer_id: UUID | None = None,
        *,
        scopes: Iterable[UUID] = (),
        workspaces: Iterable[UUID] = (),
        shared: bool = True,
        at_once: bool = True,
    ) -> Reader:
        """The same for whoever ends it themselves. ``shared``: by fields that may be given up one by one; ``at_once``:
        not only with the first statement.
        """
        connection, is_open = await self._connections.take_any()
        try:
            ahead = await self._connections.beginnings.on(connection, viewer_id, still=is_open)
        except BaseException as error:
            give_up(connection)
            await self._connections.give_back(connection)
            if isinstance(error, LOST):
                raise Unavailable() from error
            raise
        reader = (Snapshot if shared else Reader)(connection, ahead)
        try:
            if declared := declaring(scopes=scopes, workspaces=workspaces):
                await reader.script(declared)
            elif at_once:
                await reader.begin()
        except BaseException:
            await self.end(reader)
            raise
        return reader

    async def end(self, reader: Reader) -> None:
        """Give the connection of a begun transaction back."""
        connection = reader.connection
        if reader.quiet:
            await self._connections.leave(connection)
            return
        try:
            async with asyncio.timeout(ROLLBACK_SECONDS):
                await reader.settle()
                await connection.execute(ROLLBACK)
        except LOST:
            give_up(connection)
        finally:
            await self._connections.give_back(connection)
