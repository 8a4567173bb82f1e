"""Postgres: compiled statements on asyncpg's own pool, and the reader that everything fetches through.

Statements are SQLAlchemy Core over the SQLModel tables, compiled once each. ORM sessions cost most of a
request, and cannot put ``BEGIN`` and settings in one call.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import itemgetter
from typing import Any, Generic, TypeVar, cast, overload
from uuid import UUID

import asyncpg
from sqlalchemy import ARRAY, Table, Uuid, bindparam, func
from sqlalchemy.dialects.postgresql import asyncpg as asyncpg_dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.sql.expression import TableValuedAlias
from sqlmodel import SQLModel

from app.beginnings import ROLLBACK, Ahead, fetch
from app.collecting import Collector, Combinations, Wanted, numbered
from app.connections import LATE, LOST, ROLLBACK_SECONDS, Connections, Patience, connect, give_up
from app.declarations import declaring
from app.errors import BadInput, ClientError, TimedOut, Unavailable
from app.keys import as_text
from app.metrics import STATEMENTS

_DIALECT = asyncpg_dialect.dialect()  # type: ignore[no-untyped-call]

ModelT = TypeVar("ModelT")

CLOSE_SECONDS = 5


class Row(asyncpg.Record):  # type: ignore[misc]
    """A fetched row; columns are attributes. Each table has its own subclass, so a row knows what it is."""

    model: type[SQLModel] | None = None

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


_ROW_CLASSES: dict[type, type[Row]] = {}


def row_class(model: type[ModelT]) -> type[Row]:
    """The ``Row`` subclass for a table (or any other record shape)."""
    if model not in _ROW_CLASSES:
        columns: Iterable[str] = getattr(model, "model_fields", ())
        # Found on the class, a column takes a third of the time that `__getattr__` takes.
        quick = {name: property(itemgetter(name)) for name in columns if not hasattr(Row, name)}
        _ROW_CLASSES[model] = type(f"{model.__name__}Row", (Row,), {**quick, "model": model})
    return _ROW_CLASSES[model]


class Statement(Generic[ModelT]):
    """One SQL statement with named parameters, compiled on first use.

    ``model`` types the rows for the reader of the code: at run time they are ``Row`` records with the
    same attributes.
    """

    def __init__(self, source: ClauseElement | str, model: type[ModelT], *names: str) -> None:
        self._source = source
        self.model = model
        self.record_class = row_class(model)
        self._names: Sequence[str] = names
        self._defaults: Mapping[str, Any] = {}
        self._sql = source if isinstance(source, str) else None
        self._prepared = False
        self._unnested: Sequence[int] = ()

    def prepare(self, parameters: Mapping[str, Any]) -> tuple[str, list[Any]]:
        """The SQL text and its arguments in order."""
        if self._sql is None:
            compiled = cast(ClauseElement, self._source).compile(dialect=_DIALECT)
            self._names = cast(Any, compiled).positiontup or ()
            self._defaults = compiled.params
            self._sql = str(compiled)
        if not self._prepared:
            self._sql, self._unnested = _as_texts(self._sql)
            self._prepared = True
        values = {**self._defaults, **parameters}
        arguments = [values[name] for name in self._names]
        for place in self._unnested:
            keys = arguments[place]
            if keys is not None and type(keys) is not str:
                arguments[place] = as_text(keys)
        return self._sql, arguments


_UNNEST = re.compile(r"unnest\((?:\$\d+::uuid\[\](?:, )?)+\)", re.IGNORECASE)
_ARRAY = re.compile(r"\$(\d+)(::uuid\[\])?", re.IGNORECASE)


def _as_texts(text: str) -> tuple[str, Sequence[int]]:
    """The statement with those arrays of keys as texts that are unnested and nothing else; their places.

    asyncpg looks at every element of an array for whether it is one itself: 500 keys took it longer than their rows.
    """
    inside = {number for found in _UNNEST.findall(text) for number, _ in _ARRAY.findall(found)}
    outside = {number for number, _ in _ARRAY.findall(_UNNEST.sub("", text))}
    texts = inside - outside
    if not texts:
        return text, ()
    written = _UNNEST.sub(
        lambda found: _ARRAY.sub(
            lambda one: f"${one[1]}::text::uuid[]" if one[1] in texts else one[0], found[0]
        ),
        text,
    )
    return written, sorted(int(number) - 1 for number in texts)


@overload
def sql(text: str, *names: str) -> Statement[Any]: ...
@overload
def sql(text: str, *names: str, model: type[ModelT]) -> Statement[ModelT]: ...
def sql(text: str, *names: str, model: type[Any] = Row) -> Statement[Any]:
    """SQL text where Core cannot say it; ``names`` are the parameters $1, $2 … in order."""
    return Statement(text, model, *names)


def table(model: type[SQLModel]) -> Table:
    """The Core table of a model."""
    return cast(Table, cast(Any, model).__table__)


def key_table(*columns: str) -> TableValuedAlias:
    """``unnest($keys_0, $keys_1 …)`` as a table of uuid keys: a batch of any size is one statement."""
    arrays = [bindparam(f"{column}s", type_=ARRAY(Uuid)) for column in columns]
    return func.unnest(*arrays).table_valued(*columns, with_ordinality="ordinal").render_derived(name="keys")


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
        except (OSError, asyncpg.InterfaceError, asyncpg.PostgresError):
            rows = None  # its connection was lost, or what was prepared there has passed
        if rows is not None:
            STATEMENTS.inc()
            return rows
        reader = await self.lend()
        try:
            return await reader.rows(statement, **parameters)
        finally:
            await self.take_back(reader)

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


def as_keys(pairs: Sequence[tuple[UUID, ...]]) -> list[list[UUID]]:
    """Columns of a batch of composite keys, as ``key_table`` takes them."""
    return [list(column) for column in zip(*pairs, strict=True)] if pairs else []
