"""How a snapshot begins: ahead of its first statement and in one round trip with it, as does the end of the one before.

asyncpg has one statement under way at a time. What is written to its transport in front of one and gives no rows is
answered in front of it, and passed over (`CoreProtocol._process__bind_execute`). So `ROLLBACK`, `BEGIN` and the
declaration, each bound and executed without a `Sync`, cost no more than their bytes.

Source: PostgreSQL's documentation, "Message Flow", "Pipelining".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from struct import pack
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

import asyncpg

from app.declarations import declaring

ROLLBACK = "ROLLBACK"
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_DECLARE = "SELECT declare_viewer($1::uuid) OFFSET 1"
"""Runs, and gives no row."""

_MET_BEFORE = 1
"""A connection on which so many snapshots have begun gets statements prepared for them."""


def _executed(name: str, argument: bytes | None = None) -> bytes:
    """`Bind` and `Execute` of a prepared statement, as PostgreSQL reads them, with one argument of 16 bytes or none."""
    given = pack("!hh", 0, 0) if argument is None else pack("!hhhi16s", 1, 1, 1, 16, argument)
    return _message(name, given)


def executed(name: str, *texts: str | None) -> bytes:
    """The same with arguments as texts, of any number."""
    given = pack("!hh", 0, len(texts))
    for text in texts:
        written = None if text is None else text.encode()
        given += pack("!i", -1) if written is None else pack("!i", len(written)) + written
    return _message(name, given)


def _message(name: str, given: bytes) -> bytes:
    bound = b"\0" + name.encode() + b"\0" + given + pack("!h", 0)
    return b"B" + pack("!i", len(bound) + 4) + bound + b"E" + pack("!i", 9) + b"\0" + pack("!i", 0)


async def prepared_on(connection: Any, texts: Iterable[str]) -> list[str]:
    """The names of these statements, prepared on a connection that is in no transaction."""
    names = [(await kept_on(connection, text)).name for text in texts]
    # To prepare begins a transaction, which ends with what is executed next.
    await connection._con._protocol.query("SELECT", None)  # noqa: SLF001
    return names


async def kept_on(connection: Any, text: str) -> Any:
    """A statement that is prepared on a connection, as asyncpg's protocol takes it, for as long as that lasts."""
    one = await connection.prepare(text)
    state = one._state  # noqa: SLF001
    state.attach()  # else asyncpg closes what nobody holds; to hold `one` holds the connection
    return state


def behind(connection: Any) -> Any:
    """The connection behind one of the pool's proxies, which come and go. Raises what asyncpg does if it was lost."""
    itself = connection._con  # noqa: SLF001
    if itself is None:
        raise asyncpg.InterfaceError("the connection was lost while nobody used it")
    return itself


class Prepared:
    """What goes ahead on one connection: statements that are prepared there."""

    def __init__(self, rollback: str, begin: str, declare: str) -> None:
        self._begin = _executed(begin)
        self.rollback = _executed(rollback)
        self._declare = declare

    @classmethod
    async def on(cls, connection: Any) -> Prepared:
        """Prepares them."""
        return cls(*await prepared_on(connection, (ROLLBACK, BEGIN, _DECLARE)))

    def message(self, viewer_id: UUID | None, *, still: bool) -> bytes:
        """What begins a snapshot; ``still``: where another one was left open."""
        begin = self.rollback + self._begin if still else self._begin
        return begin if viewer_id is None else begin + _executed(self._declare, viewer_id.bytes)


def _script(viewer_id: UUID | None, *, still: bool) -> str:
    ended = f"{ROLLBACK}; " if still else ""
    return f"{ended}{BEGIN}; {declaring(viewer_id)}"


class Ahead:
    """What goes ahead of a statement: as SQL, and as a message if it is prepared there."""

    __slots__ = ("_write", "message")

    def __init__(self, write: Callable[[], str], message: bytes | None = None) -> None:
        self._write = write
        self.message = message

    @property
    def script(self) -> str:
        """The SQL."""
        return self._write()


class Beginnings:
    """Those of a pool's connections."""

    def __init__(self, *, prepared_statements: bool) -> None:
        self._prepares = prepared_statements
        self._known: WeakKeyDictionary[Any, Prepared | int] = WeakKeyDictionary()

    async def on(self, connection: Any, viewer_id: UUID | None, *, still: bool) -> Ahead:
        """The beginning of a snapshot there; ``still``: it is in another one, which ends."""
        prepared = self._find(connection)
        if prepared == _MET_BEFORE and self._prepares:
            if still:
                await connection.execute(ROLLBACK)
                still = False
            prepared = self._known[behind(connection)] = await Prepared.on(connection)
        script = partial(_script, viewer_id, still=still)
        if isinstance(prepared, Prepared):
            return Ahead(script, prepared.message(viewer_id, still=still))
        self._known[behind(connection)] = prepared + 1
        return Ahead(script)

    def end(self, connection: Any) -> Ahead:
        """The end of the snapshot that it is in."""
        prepared = self._find(connection)
        return Ahead(lambda: ROLLBACK, prepared.rollback if isinstance(prepared, Prepared) else None)

    def _find(self, connection: Any) -> Prepared | int:
        """What is prepared there, or how many snapshots have begun."""
        return self._known.get(behind(connection), 0)


async def fetch(
    connection: Any, text: str, arguments: list[Any], record_class: type[Any], ahead: Ahead | None = None
) -> Any:
    """What `connection.fetch` gives, without the detours of one that somebody else might use meanwhile.

    asyncpg's pool, its guards and its timers take longer than to encode a statement and decode a row.
    """
    itself = connection._con  # noqa: SLF001
    known = None if itself is None else itself._stmt_cache.get((text, record_class, False))  # noqa: SLF001
    if ahead is not None:
        if known is None or ahead.message is None:
            await connection.execute(ahead.script)
        else:
            if itself._query_loggers:  # noqa: SLF001
                heard(itself, ahead.script)
            itself._transport.write(ahead.message)  # noqa: SLF001
    if known is None:
        return await connection.fetch(text, *arguments, record_class=record_class)
    if itself._query_loggers:  # noqa: SLF001
        heard(itself, text, arguments)
    try:
        return await itself._protocol.bind_execute(known, arguments, "", 0, False, None)  # noqa: SLF001
    except (asyncpg.DataError, asyncpg.InterfaceError):
        if ahead is not None and not itself.is_in_transaction():
            # Its values could not be sent: what went ahead has begun a transaction of which asyncpg has not heard.
            await connection.execute("SELECT")
        raise
    except (asyncpg.OutdatedSchemaCacheError, asyncpg.InvalidCachedStatementError) as outdated:
        # As asyncpg does it: what is of before a migration is forgotten, and asked again outside of a transaction.
        await itself.reload_schema_state()
        if type(outdated) is asyncpg.OutdatedSchemaCacheError or itself.is_in_transaction():
            raise
    return await connection.fetch(text, *arguments, record_class=record_class)


def heard(connection: Any, text: str, arguments: list[Any] | None = None) -> None:
    """Those who listen to what is asked of PostgreSQL hear of it before it is."""
    with connection._time_and_log(text, arguments or (), None):  # noqa: SLF001
        pass
