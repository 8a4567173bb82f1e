"""Locks on rules that read rows they do not write."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID


@dataclass(frozen=True, order=True)
class Guard:
    """A lock on a rule that reads rows it does not write.

    Guards are Postgres advisory locks of the transaction (ADR 3): unlike locks on rows they block no foreign
    key, can be shared without writing, and need no row. Take them before the read they protect: that read is a
    later statement and so sees what the holder before us committed.
    """

    key: int
    shared: bool = False

    @staticmethod
    def of(rule: str, object_id: UUID, *, shared: bool = False) -> Guard:
        return _guard(rule, object_id, shared)


@lru_cache(maxsize=10_000)
def _guard(rule: str, object_id: UUID, shared: bool) -> Guard:
    digest = hashlib.blake2b(rule.encode() + object_id.bytes, digest_size=8).digest()
    return Guard(int.from_bytes(digest, signed=True), shared)


def modes_of(guards: Iterable[Guard]) -> dict[int, bool]:
    """Whether each key is shared: exclusive wins where both are asked for."""
    modes: dict[int, bool] = {}
    for guard in guards:
        modes[guard.key] = modes.get(guard.key, True) and guard.shared
    return modes


def locking(guards: Iterable[Guard]) -> str:
    """The SQL statement that locks guards, in the order of keys."""
    modes = modes_of(guards)
    locks = [f"pg_advisory_xact_lock{'_shared' if modes[key] else ''}({key})" for key in sorted(modes)]
    return f"SELECT {', '.join(locks)}" if locks else ""
