"""How the transaction of a lane ends: what it writes last and its COMMIT in one round trip (ADR 38).

What is written gives no rows, so that asyncpg passes over it (``app.beginnings``): what it has to tell it leaves in a
setting of the session, which is read behind the COMMIT. If it fails, PostgreSQL skips all that follows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

from app.beginnings import behind, executed, heard, kept_on
from app.metrics import STATEMENTS

COMMIT = "COMMIT"
TOLD = "lockstep.told"
_READ = f"SELECT current_setting('{TOLD}')"

MET_BEFORE = 1
"""What was written so many times on a connection is prepared for this there."""


class _Prepared:
    """What is prepared on one connection: what was written before, COMMIT, and what reads that which was told."""

    def __init__(self, commit: Any, read: Any) -> None:
        self.commit = executed(commit.name)
        self.read = read
        self.states: dict[str, Any] = {}


class Ending:
    """A statement that transactions end with on one connection."""

    def __init__(self, connection: Any, prepared: _Prepared, text: str) -> None:
        self._connection = connection
        self._prepared = prepared
        self._text = text

    async def send(self, arguments: Sequence[Any]) -> str:
        """Write and commit; what was told. What PostgreSQL raises says that nothing was committed."""
        itself, prepared = self._connection, self._prepared
        STATEMENTS.inc()
        if itself._query_loggers:  # noqa: SLF001
            heard(itself, self._text, list(arguments))
            heard(itself, COMMIT)
        texts = [None if one is None else str(one) for one in arguments]
        written = executed(prepared.states[self._text].name, *texts)
        itself._transport.write(written + prepared.commit)  # noqa: SLF001
        rows = await itself._protocol.bind_execute(prepared.read, [], "", 0, False, None)  # noqa: SLF001
        return str(rows[0][0])


class Endings:
    """Those of a pool's connections."""

    def __init__(self, *, prepared_statements: bool) -> None:
        self._prepares = prepared_statements
        self._met: WeakKeyDictionary[Any, dict[str, int]] = WeakKeyDictionary()
        self._prepared: WeakKeyDictionary[Any, _Prepared] = WeakKeyDictionary()

    async def on(self, connection: Any, text: str) -> Ending | None:
        """The end of the transaction that it is in; None: it is to be written by itself, and committed."""
        itself = behind(connection)
        prepared = self._prepared.get(itself)
        if prepared is None or text not in prepared.states:
            met = self._met.setdefault(itself, {})
            met[text] = met.get(text, 0) + 1
            if met[text] <= MET_BEFORE or not self._prepares:
                return None
            if prepared is None:
                prepared = _Prepared(await kept_on(connection, COMMIT), await kept_on(connection, _READ))
                self._prepared[itself] = prepared
            prepared.states[text] = await kept_on(connection, text)
        return Ending(itself, prepared, text)
