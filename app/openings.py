"""How the transaction of a lane begins: ahead of its first statement, in one round trip with it (ADR 34).

What must not change is locked first: the facts are read by a later statement of the same message, which sees what the
holders before committed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from app.beginnings import Ahead, behind, executed, prepared_on
from app.declarations import declaring_alone
from app.guards import Guard, locking, modes_of
from app.keys import as_text

_BEGIN = "BEGIN"
# These give no rows, and do it all the same.
_SET = """
    SELECT set_config('plan_cache_mode', 'force_generic_plan', true), set_config('lock_timeout', $1, true),
           set_config('lockstep.scopes', $2, true), set_config('lockstep.workspaces', $3, true) OFFSET 1
"""
_LOCK = """
    SELECT CASE WHEN shared THEN pg_advisory_xact_lock_shared(key)::text ELSE pg_advisory_xact_lock(key)::text END
    FROM unnest($1::bigint[], $2::boolean[]) AS guards(key, shared) OFFSET 1000000
"""
_MET_BEFORE = 1
"""A connection on which so many have begun gets statements prepared for them."""


@dataclass(frozen=True)
class Opening:
    """What a transaction locks, and all that it declares. ``patience_ms``: how long it waits for a lock, if there is a
    limit. A plan made for its keys alone would cost more than it saves, every time."""

    guards: frozenset[Guard]
    scopes: tuple[UUID, ...]
    workspaces: tuple[UUID, ...]
    patience_ms: int | None = None

    def script(self) -> str:
        """The same as SQL."""
        patience = "" if self.patience_ms is None else f"SET LOCAL lock_timeout = {self.patience_ms}; "
        declared = declaring_alone(self.scopes, self.workspaces)
        begin = f"BEGIN; SET LOCAL plan_cache_mode = force_generic_plan; {patience}"
        return f"{begin}{locking(self.guards)}; {declared}"


class _Prepared:
    """The statements' names on one connection."""

    def __init__(self, names: Iterable[str]) -> None:
        begin, self._set, self._lock = names
        self._begin = executed(begin)

    def message(self, opening: Opening) -> bytes:
        modes = modes_of(opening.guards)
        keys, shared = sorted(modes), ["t" if modes[key] else "f" for key in sorted(modes)]
        patience = None if opening.patience_ms is None else str(opening.patience_ms)
        # Without a limit of its own it has the session's.
        told = executed(self._set, patience, as_text(opening.scopes), as_text(opening.workspaces))
        locks = executed(self._lock, f"{{{','.join(map(str, keys))}}}", f"{{{','.join(shared)}}}")
        return self._begin + told + locks


class Openings:
    """Those of a pool's connections."""

    def __init__(self, *, prepared_statements: bool) -> None:
        self._prepares = prepared_statements
        self._known: WeakKeyDictionary[Any, _Prepared | int] = WeakKeyDictionary()

    async def on(self, connection: Any, opening: Opening) -> Ahead:
        """What goes ahead of the first statement there."""
        itself = behind(connection)
        known = self._known.get(itself, 0)
        if known == _MET_BEFORE and self._prepares:
            known = self._known[itself] = _Prepared(await prepared_on(connection, (_BEGIN, _SET, _LOCK)))
        if isinstance(known, _Prepared):
            return Ahead(opening.script, known.message(opening))
        self._known[itself] = known + 1
        return Ahead(opening.script)
